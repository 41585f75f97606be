"""Which cases a local table may be fitted on, and which it may be tried on: never the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from covid_d.clinic.follow_up.laboratory import Standard
from covid_d.clinic.statistics.episodes import Episodes

NEEDED: Final = 100
"""Cases of either class before anything is fitted."""
LATER: Final = 30
"""Cases of either class that a table is tried on, at least."""
_EARLIER: Final = 2 / 3

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class LaboratoryCases:
    """Cases of one bundle with an appearance and a reference standard, one a patient, oldest first.

    Parameters
    ----------
    appearance
        N x 4, in the order of ``CATEGORIES``.
    positive
        N: what the reference standard says.
    day
        N: ordinal of the day of entry.
    """

    appearance: Floats
    positive: Mask
    day: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.day)

    @property
    def counts(self) -> tuple[int, int]:
        """Positive and negative cases."""
        return int(self.positive.sum()), int((~self.positive).sum())

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day."""
        return date.fromordinal(int(self.day[0])), date.fromordinal(int(self.day[-1]))

    @property
    def share(self) -> float:
        """Share of positive cases, kept within (0, 1)."""
        positive, negative = self.counts
        return (positive + 0.5) / (positive + negative + 1)

    def part(self, mask: Mask) -> LaboratoryCases:
        """Return the cases of a mask."""
        return LaboratoryCases(self.appearance[mask], self.positive[mask], self.day[mask])

    def after(self, day: date) -> LaboratoryCases:
        """Return the cases entered after a day."""
        return self.part(self.day > day.toordinal())

    def split(self) -> tuple[LaboratoryCases, LaboratoryCases]:
        """Return the cases until the day by which two thirds were entered, and all later ones."""
        last = self.day[max(0, int(np.ceil(_EARLIER * len(self))) - 1)] if len(self) else 0
        return self.part(self.day <= last), self.part(self.day > last)


def of_episodes(cases: Episodes) -> LaboratoryCases:
    """Return the cases that have both an appearance and a reference, one a patient."""
    sure = (cases.reference == Standard.POSITIVE) | (cases.reference == Standard.NEGATIVE)
    own = cases.where(sure & cases.answered & ~np.isnan(cases.appearance[:, 0]))
    _, first = np.unique(own.patient, return_index=True)
    once = own.where(np.isin(np.arange(len(own)), first))
    return LaboratoryCases(once.appearance, once.reference == Standard.POSITIVE, once.day)
