"""What a check of a dataset can find, and the report of all of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# The article splits at random by image: its leaks are part of what it shows.
LEAKY_PROTOCOLS = frozenset({"article"})


class DefectKind(StrEnum):
    """What can be wrong with a dataset."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    ALTERED = "altered"
    UNLISTED = "unlisted"
    LABEL = "label"
    COUNTS = "counts"
    HASH = "hash"
    PATIENT = "patient_straddles"
    GROUP = "group_straddles"
    NEAR_DUPLICATE = "near_duplicate_straddles"

    @property
    def is_leak(self) -> bool:
        """Whether it lets a model be tested on what it learned from."""
        return self in {DefectKind.PATIENT, DefectKind.GROUP, DefectKind.NEAR_DUPLICATE}


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong.

    Parameters
    ----------
    kind
        What kind.
    message
        A sentence that quotes the offending value.
    files
        The films concerned, relative to the dataset's folder.
    """

    kind: DefectKind
    message: str
    files: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"problem", "message", "files"}``."""
        return {
            "problem": self.kind.value,
            "message": self.message,
            "files": list(self.files),
        }


@dataclass(frozen=True, slots=True)
class Leaks:
    """How much of a dataset straddles splits.

    Parameters
    ----------
    patients, groups, near_duplicates
        Patients, groups and pairs of near-duplicates found in more than one split.
    covid_test_films
        COVID-19 films of the test split.
    covid_test_films_seen
        Those whose patient or group also has a film in the training split.
    """

    patients: int
    groups: int
    near_duplicates: int
    covid_test_films: int
    covid_test_films_seen: int

    def __bool__(self) -> bool:
        return bool(self.patients or self.groups or self.near_duplicates)

    def __str__(self) -> str:
        straddling = (
            f"{self.patients} patients, {self.groups} groups and {self.near_duplicates} pairs of "
            "near-duplicates straddle splits"
        )
        if not self.covid_test_films:
            return f"{straddling}."
        share = 100 * self.covid_test_films_seen / self.covid_test_films
        return (
            f"{straddling}; {share:.0f} % of COVID-19 test films ({self.covid_test_films_seen} of "
            f"{self.covid_test_films}) have their patient or a near-duplicate in training."
        )

    def to_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return {name: int(getattr(self, name)) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found.

    Parameters
    ----------
    films
        Films checked.
    protocol
        Of the dataset.
    defects
        Everything that is wrong, leaks included.
    notes
        What is worth knowing but not wrong.
    leaks
        The leaks among the defects, as numbers.
    """

    films: int
    protocol: str
    defects: tuple[Defect, ...]
    notes: tuple[str, ...]
    leaks: Leaks

    @property
    def leaks_expected(self) -> bool:
        """Whether the dataset's protocol declares that it splits by image."""
        return self.protocol in LEAKY_PROTOCOLS

    def passed(self, *, allow_leaks: bool = False) -> bool:
        """Return whether nothing is wrong, or only leaks are and these are allowed."""
        return all(allow_leaks and defect.kind.is_leak for defect in self.defects)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object documented for ``covid-d dataset check --json``."""
        return {
            "films": self.films,
            "protocol": self.protocol,
            "findings": [defect.to_dict() for defect in self.defects],
            "notes": list(self.notes),
            "leaks": self.leaks.to_dict(),
            "leaks_expected": self.leaks_expected,
        }
