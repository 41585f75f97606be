"""What a job's answers are, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from covid_d.screen.job import ScreenJob

_COLUMNS: Final = ("number", "outcome", "most_likely", "refusal.code", "seconds")


@dataclass(slots=True)
class ScreenCounts:
    """How many films were answered how.

    Parameters
    ----------
    films
        Rows.
    numbers
        Different films among them.
    outcomes, categories, refusals
        Films by outcome, by likeliest appearance of those answered, by reason of those refused.
    seconds
        Of the films' own work, all together.
    """

    films: int = 0
    numbers: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @classmethod
    def of(cls, job: ScreenJob) -> ScreenCounts:
        """Count what is written so far."""
        counts = cls()
        highest = -1
        for rows in job.rows(_COLUMNS):
            for row in rows:
                counts.add(row)
                # Parts come in order, so that a number that is not higher came before.
                counts.numbers += row["number"] > highest
                highest = max(highest, row["number"])
        return counts

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a row."""
        self.films += 1
        self.outcomes[row["outcome"]] += 1
        self.seconds += row["seconds"]
        if row["refusal"] is not None:
            self.refusals[row["refusal"]["code"]] += 1
        elif row["most_likely"] is not None:
            self.categories[row["most_likely"]] += 1

    def to_dict(self) -> dict[str, Any]:
        """Return it as ``job.json`` holds it."""
        return {
            "films": self.films,
            "outcomes": dict(sorted(self.outcomes.items())),
            "categories": dict(sorted(self.categories.items())),
            "refusals": dict(self.refusals.most_common()),
            "seconds": round(self.seconds, 3),
        }
