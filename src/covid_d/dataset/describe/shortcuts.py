"""How well the class of a film can be told without looking at it: from its source, or the age."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from covid_d.appearance import Appearance
from covid_d.dataset.manifest import Label

LOUD_AUROC: Final = 0.70
_FOLDS: Final = 5
_UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class ShortcutQuestion:
    """What is asked of a film, and which of its classes means no.

    Parameters
    ----------
    name
        What the answer yes says, within a sentence.
    negative
        The class that means no; every other means yes.
    """

    name: str
    negative: str


COVID: Final = ShortcutQuestion("COVID-19", Label.NOCOVID.value)
OPACITY: Final = ShortcutQuestion("a lung opacity", Appearance.NEGATIVE.value)


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """What is known of a film without looking at it.

    Parameters
    ----------
    label
        Its class: ``covid`` or ``nocovid``, or one of the appearances.
    group
        Films that must stay together.
    source, projection
        As in the manifest; an empty projection is unknown.
    age
        Years; ``None`` when unknown.
    child
        Whether the patient is known to be a child, of whatever age.
    """

    label: str
    group: int
    source: str
    projection: str
    age: float | None
    child: bool

    @property
    def age_band(self) -> str:
        """Decade of life, ``child`` under 18, or ``unknown``."""
        if self.child:
            return "child"
        return _UNKNOWN if self.age is None else f"{int(self.age) // 10}0s"


@dataclass(frozen=True, slots=True)
class Shortcut:
    """How well one fact tells the class of the films where it is known.

    Parameters
    ----------
    name
        ``source``, ``projection`` or ``age``.
    auroc
        Of a logistic regression on the fact alone, cross-validated by group; ``None`` when a class
        has too few films.
    films
        Films where the fact is known.
    """

    name: str
    auroc: float | None
    films: int

    @property
    def loud(self) -> bool:
        """Whether the fact predicts the class so well that a model may live on it."""
        return self.auroc is not None and self.auroc >= LOUD_AUROC


@dataclass(frozen=True, slots=True)
class ShortcutReport:
    """What tells the class of a film besides its lungs.

    Parameters
    ----------
    shortcuts
        One a fact.
    films
        All films.
    single_class_sources
        Source -> films, for sources whose films are all of one class.
    question
        What is told.
    """

    shortcuts: tuple[Shortcut, ...]
    films: int
    single_class_sources: dict[str, int]
    question: ShortcutQuestion = COVID

    @property
    def single_class_share(self) -> float:
        """Share of films from sources with one class."""
        return sum(self.single_class_sources.values()) / self.films if self.films else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the object ``shortcuts`` of ``dataset.json``."""
        return {
            "auroc": {
                shortcut.name: {"auroc": shortcut.auroc, "films": shortcut.films}
                for shortcut in self.shortcuts
            },
            "single_class_sources": self.single_class_sources,
            "single_class_share": round(self.single_class_share, 4),
        }

    def warnings(self) -> list[str]:
        """Return one sentence for each thing that tells the class."""
        found = [
            f"The {shortcut.name} of a film alone predicts {self.question.name} with AUROC "
            f"{shortcut.auroc:.2f} ({shortcut.films} films, cross-validated by group; 0.50 would "
            "be chance): a model can be right without looking at lungs."
            for shortcut in self.shortcuts
            if shortcut.loud
        ]
        if self.single_class_sources:
            names = ", ".join(f"{name} ({n})" for name, n in self.single_class_sources.items())
            found.append(
                f"{self.single_class_share:.0%} of the films come from sources with a single "
                f"class: {names}. Pooled figures are inflated by source; judge within a source."
            )
        return found


def find_shortcuts(
    films: Sequence[FilmFacts], question: ShortcutQuestion = COVID
) -> ShortcutReport:
    """Measure what tells the class of a film besides its lungs."""
    facts: tuple[tuple[str, Callable[[FilmFacts], str]], ...] = (
        ("source", lambda film: film.source),
        ("age", lambda film: film.age_band),
        ("projection", lambda film: film.projection or _UNKNOWN),
    )
    classes: dict[str, Counter[str]] = {}
    for film in films:
        classes.setdefault(film.source, Counter())[film.label] += 1
    return ShortcutReport(
        shortcuts=tuple(_measure(name, fact, films, question) for name, fact in facts),
        films=len(films),
        single_class_sources={
            source: sum(count.values())
            for source, count in sorted(classes.items())
            if len(count) == 1
        },
        question=question,
    )


def _measure(
    name: str,
    fact: Callable[[FilmFacts], str],
    films: Sequence[FilmFacts],
    question: ShortcutQuestion,
) -> Shortcut:
    known = [film for film in films if fact(film) != _UNKNOWN]
    answers = [film.label != question.negative for film in known]
    groups = [
        {film.group for film, answer in zip(known, answers, strict=True) if answer is wanted}
        for wanted in (True, False)
    ]
    if min(len(names) for names in groups) < _FOLDS:
        return Shortcut(name, None, len(known))
    values = np.array([[fact(film)] for film in known])
    truth = np.array(answers, dtype=int)
    model = make_pipeline(
        OneHotEncoder(handle_unknown="ignore"), LogisticRegression(class_weight="balanced")
    )
    probability = cross_val_predict(
        model,
        values,
        truth,
        groups=[film.group for film in known],
        cv=StratifiedGroupKFold(_FOLDS),
        method="predict_proba",
    )[:, 1]
    return Shortcut(name, round(float(roc_auc_score(truth, probability)), 4), len(known))
