"""What leaves a clinic: counts of one bundle, month and unit, no small one, no patient.

Three breakdowns of the same cases by what the laboratory says: what the model answered, how typical
it found the film (tenths), and how probable it said COVID-19 to be (tenths). A count of 1 to 4 is
hidden, and with it so many others that no sum gives it away; a hidden count is ``null``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from covid_d.clinic.follow_up.laboratory import Standard
from covid_d.clinic.statistics.episodes import Episodes
from covid_d.clinic.statistics.suppression import hidden_parts
from covid_d.detector import Outcome

BINS: Final = 10
CLASSES: Final = ("positive", "negative", "unknown")
"""By the reference standard; unknown without a conclusive one."""
ANSWERS: Final = (Outcome.POSITIVE.value, Outcome.NEGATIVE.value, Outcome.INCONCLUSIVE.value)

Shown = int | None
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Block:
    """Counts of one bundle, month and unit; ``None`` where hidden.

    Parameters
    ----------
    cases
        Answered cases by class.
    unanswered
        Cases of which no film was answered.
    answers
        Class to counts, in the order of ``ANSWERS``.
    scores
        Class to counts by tenth of the score.
    stated
        Class to counts by tenth of the probability of COVID-19 that was stated.
    stated_mean
        Mean of that probability by tenth, where every count of the tenth is shown.
    """

    cases: dict[str, Shown]
    unanswered: Shown
    answers: dict[str, list[Shown]]
    scores: dict[str, list[Shown]]
    stated: dict[str, list[Shown]]
    stated_mean: list[float | None]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "cases": self.cases,
            "unanswered": self.unanswered,
            "answers": self.answers,
            "scores": self.scores,
            "stated": self.stated,
            "stated_mean": self.stated_mean,
        }


def block(cases: Episodes) -> Block:
    """Return the counts of cases of one bundle, month and unit."""
    answered = cases.answered
    masks = {name: answered & mask for name, mask in _classes(cases.reference).items()}
    totals = protected([*(int(mask.sum()) for mask in masks.values()), int((~answered).sum())])
    shown = dict(zip(CLASSES, totals, strict=False))

    def by(parts: Sequence[Mask]) -> dict[str, list[Shown]]:
        """Return each class's counts by parts; none where the class itself is hidden."""
        return {
            name: protected([int((mask & part).sum()) for part in parts])
            if shown[name] is not None
            else [None] * len(parts)
            for name, mask in masks.items()
        }

    tenths = _tenths(cases.stated)
    stated = by(tenths)
    return Block(
        shown,
        totals[-1],
        by([cases.outcome == answer for answer in ANSWERS]),
        by(_tenths(cases.score)),
        stated,
        [
            round(float(cases.stated[answered & part].mean()), 4)
            if (answered & part).any() and all(stated[name][k] is not None for name in CLASSES)
            else None
            for k, part in enumerate(tenths)
        ],
    )


def protected(parts: Sequence[int]) -> list[Shown]:
    """Return parts of one total, with the small ones and those that would tell them hidden."""
    hidden = hidden_parts(parts)
    return [None if place in hidden else count for place, count in enumerate(parts)]


def _classes(reference: npt.NDArray[np.str_]) -> dict[str, Mask]:
    positive, negative = reference == Standard.POSITIVE, reference == Standard.NEGATIVE
    masks = (positive, negative, ~positive & ~negative)
    return dict(zip(CLASSES, masks, strict=True))


def _tenths(values: npt.NDArray[np.float64]) -> list[Mask]:
    """Return who lies in each tenth of [0, 1]; NaN lies in none."""
    known = ~np.isnan(values)
    place = np.minimum((np.where(known, values, 0.0) * BINS).astype(np.int64), BINS - 1)
    return [known & (place == k) for k in range(BINS)]
