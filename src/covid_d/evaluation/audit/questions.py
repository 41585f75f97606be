"""What a model is asked in an audit: one comparison of two kinds of films of the same source.

A bundle of the old kind is asked whether films with COVID-19 score above the others. A bundle of
appearance is asked twice, on films that radiologists graded: typical against negative ones, and
any opacity against negative ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from covid_d.dataset.manifest import Label
from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.evaluation.figures.estimate import BoolArray
from covid_d.evaluation.scorer import APPEARANCE_CLASSES, COVID_CLASSES
from covid_d.language import Message


@dataclass(frozen=True, slots=True)
class Question:
    """One comparison.

    Parameters
    ----------
    name
        ``covid``, ``typical`` or ``opacity``.
    message
        In words.
    column
        Of the manifest: which column says what a film is.
    positive, negative
        Its values of either side; other films take no part.
    """

    name: str
    message: Message
    column: str
    positive: tuple[str, ...]
    negative: tuple[str, ...]

    def asked(self, films: pd.DataFrame) -> BoolArray:
        """Return for each film whether it takes part."""
        taking_part: BoolArray = (
            films[self.column].isin((*self.positive, *self.negative)).to_numpy(dtype=bool)
        )
        return taking_part

    def truth(self, films: pd.DataFrame) -> BoolArray:
        """Return for each film whether it is positive."""
        positive: BoolArray = films[self.column].isin(self.positive).to_numpy(dtype=bool)
        return positive

    def score(self, classes: Sequence[str], values: Sequence[float]) -> float:
        """Return the model's number for this question; NaN when it gives none.

        Parameters
        ----------
        classes, values
            Of a :class:`covid_d.evaluation.scorer.Scorer`, and what it made of a film.
        """
        told = dict(zip(classes, values, strict=True)) if values else {}
        negative = told.get(Appearance.NEGATIVE.value, math.nan)
        if self.name == "opacity":
            return told.get("opacity", 1.0 - negative)
        if self.name == "typical":
            typical = told.get(Appearance.TYPICAL.value, math.nan)
            if math.isnan(negative):
                return typical
            return typical / (typical + negative) if typical + negative > 0 else 0.5
        return told.get(Label.COVID.value, math.nan)


COVID: Final = Question(
    "covid",
    Message("COVID-19 frente a sin COVID-19", "COVID-19 v no COVID-19"),
    "label",
    (Label.COVID.value,),
    (Label.NOCOVID.value,),
)
TYPICAL: Final = Question(
    "typical",
    Message("típico frente a negativo", "typical v negative"),
    "appearance",
    (Appearance.TYPICAL.value,),
    (Appearance.NEGATIVE.value,),
)
OPACITY: Final = Question(
    "opacity",
    Message("opacidad frente a negativo", "any opacity v negative"),
    "appearance",
    tuple(category.value for category in CATEGORIES if category is not Appearance.NEGATIVE),
    (Appearance.NEGATIVE.value,),
)
QUESTIONS: Final = {question.name: question for question in (COVID, TYPICAL, OPACITY)}


def questions_of(classes: Sequence[str]) -> tuple[Question, ...]:
    """Return what a model with these classes can be asked.

    Raises
    ------
    ValueError
        If it can be asked nothing.
    """
    if tuple(classes) == COVID_CLASSES:
        return (COVID,)
    asked = []
    if "typical" in classes:
        asked.append(TYPICAL)
    if "opacity" in classes or tuple(classes) == APPEARANCE_CLASSES:
        asked.append(OPACITY)
    if not asked:
        raise ValueError(f"a model with the classes {tuple(classes)} cannot be audited")
    return tuple(asked)
