"""The table that every figure of appearance is read from: one row a film.

Columns: what the manifest says (``FACTS``), whether the bundle was made from the film (``seen``),
the four probabilities under the categories' names, ``opacity``, ``outcome`` and ``conformal_set``
(categories joined by ``|``). A model of another kind may lack some: the column is then empty.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd

from covid_d.dataset.manifest import Label
from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.evaluation.figures.estimate import BoolArray, FloatArray
from covid_d.language import Message

PROBABILITIES: Final = tuple(category.value for category in CATEGORIES)
OPACITY: Final = "opacity"
NUMBERS: Final = (*PROBABILITIES, OPACITY)
APPEARANCE: Final = "appearance"

# As collections word a film on which nothing was found; RSNA's rows add the text label after ";".
_NORMAL: Final = frozenset({"normal", "no finding", "healthy", "rsna normal"})


class Finding(StrEnum):
    """What is known of a film that no radiologist graded by appearance."""

    COVID = "covid"
    OTHER = "other"
    NORMAL = "normal"

    @property
    def message(self) -> Message:
        """The finding in a doctor's words."""
        return _MESSAGES[self]


_MESSAGES = {
    Finding.COVID: Message("COVID-19", "COVID-19"),
    Finding.OTHER: Message("neumonía u otro hallazgo", "pneumonia or another finding"),
    Finding.NORMAL: Message("normal", "normal"),
}


def finding_of(label: str, finding: str) -> Finding | None:
    """Return what a row of the manifest says of a film; ``None`` when it says nothing.

    Parameters
    ----------
    label, finding
        As in the manifest.
    """
    if label == Label.COVID.value:
        return Finding.COVID
    head = finding.partition(";")[0].strip().lower()
    if label != Label.NOCOVID.value or not head:
        return None
    return Finding.NORMAL if head in _NORMAL else Finding.OTHER


def graded(films: pd.DataFrame) -> pd.DataFrame:
    """Return the films whose appearance radiologists graded."""
    return films[films[APPEARANCE].isin(PROBABILITIES)]


def ungraded(films: pd.DataFrame) -> pd.DataFrame:
    """Return the other films of which something is known, with a column ``kind``."""
    rest = films[~films[APPEARANCE].isin(PROBABILITIES)]
    kinds = [finding_of(*pair) for pair in zip(rest["label"], rest["finding"], strict=True)]
    told = rest.assign(kind=[kind.value if kind else "" for kind in kinds])
    return told[told["kind"].ne("")]


def truth(films: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the index in ``CATEGORIES`` of each graded film."""
    return films[APPEARANCE].map(PROBABILITIES.index).to_numpy(dtype=np.int64)


def numbers(films: pd.DataFrame, name: str) -> FloatArray | None:
    """Return a column of numbers; ``None`` when any film lacks one."""
    values: FloatArray = films[name].to_numpy(dtype=np.float64)
    return None if np.isnan(values).any() else values


def probabilities(films: pd.DataFrame) -> FloatArray | None:
    """Return the four probabilities, Nx4; ``None`` when any is missing."""
    values: FloatArray = films[list(PROBABILITIES)].to_numpy(dtype=np.float64)
    return None if np.isnan(values).any() else values


def typical_score(films: pd.DataFrame) -> FloatArray | None:
    """Return how much a film looks typical rather than negative: ``p_t / (p_t + p_n)``.

    The categories between the two take no part, as in the pairs of Hand and Till (2001, *Machine
    Learning* 45:171). A model that gives no probability of ``negative`` is ranked by ``typical``.
    """
    typical = numbers(films, Appearance.TYPICAL.value)
    negative = numbers(films, Appearance.NEGATIVE.value)
    if typical is None or negative is None:
        return typical
    both = typical + negative
    score: FloatArray = np.divide(typical, both, out=np.full(len(both), 0.5), where=both > 0)
    return score


def is_category(films: pd.DataFrame, category: Appearance) -> BoolArray:
    """Return for each film whether radiologists graded it so."""
    found: BoolArray = films[APPEARANCE].eq(category.value).to_numpy(dtype=bool)
    return found


def known(films: pd.DataFrame, column: str) -> bool:
    """Return whether every film has text in a column (``outcome``, ``conformal_set``)."""
    return bool(films[column].notna().all())
