"""What a job's rows add up to for its report: one pass, a bounded amount of memory."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from covid_d.detector import CATEGORIES
from covid_d.places import is_address
from covid_d.radiograph import RefusalCode
from covid_d.screen.counts import ScreenCounts
from covid_d.screen.job import ScreenJob
from covid_d.screen.listing import is_list

COLUMNS: Final = (
    *("number", "path", "path_bytes", "outcome", "appearance", "most_likely", "refusal.code"),
    *("unit", "month", "seconds", "format", "patient", "study"),
)
GROUPS: Final = 2_000
"""Folders, units or months told apart; films of any more are counted together."""
WORST: Final = 20
FAULTS: Final = frozenset(
    {
        *(RefusalCode.INTERNAL.value, RefusalCode.NO_NUMBER.value, RefusalCode.TRUNCATED.value),
        *(RefusalCode.UNREADABLE.value, RefusalCode.NOT_FOUND.value, RefusalCode.EMPTY.value),
        *(RefusalCode.NOT_A_FILE.value, RefusalCode.UNSUPPORTED.value, RefusalCode.MISSING.value),
    }
)
"""Refusals in which something is wrong with the file, or with us, rather than with the picture."""
_STEPS: Final = 40  # of seconds, a decade: quantiles are right to 6 %
_LEAST: Final = 1e-4  # shares below are taken for it, so that a logarithm is finite


@dataclass(slots=True)
class ScreenGroup:
    """Films that share a folder, a unit or a month.

    Parameters
    ----------
    films, refused
        How many.
    sums
        Of each category's probability, over the answered films.
    answered
        Films that these sums are of.
    likeliest
        Answered films by their likeliest category.
    """

    films: int = 0
    refused: int = 0
    answered: int = 0
    sums: list[float] = field(default_factory=lambda: [0.0] * len(CATEGORIES))
    likeliest: Counter[str] = field(default_factory=Counter)

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a row."""
        self.films += 1
        self.refused += row["refusal"] is not None
        appearance = row["appearance"]
        if appearance is not None:
            self.answered += 1
            self.likeliest[row["most_likely"]] += 1
            for place, category in enumerate(CATEGORIES):
                self.sums[place] += appearance[category.value]

    def take(self, other: ScreenGroup) -> None:
        """Count another group's films too."""
        self.films += other.films
        self.refused += other.refused
        self.answered += other.answered
        self.likeliest += other.likeliest
        self.sums = [ours + theirs for ours, theirs in zip(self.sums, other.sums, strict=True)]

    @property
    def shares(self) -> tuple[float, ...] | None:
        """Mean probability of each category; ``None`` without an answer."""
        if not self.answered:
            return None
        return tuple(total / self.answered for total in self.sums)


def stability(shares: Sequence[float], reference: Sequence[float]) -> float:
    """Return the population stability index of two mixes: 0 where they are the same.

    ``sum((p - q) * ln(p / q))``; by custom 0.1 asks for a look and 0.25 for a reason (Siddiqi,
    *Credit Risk Scorecards*, 2006).

    Parameters
    ----------
    shares, reference
        Of the same categories, each summing to 1.
    """
    pairs = [(max(p, _LEAST), max(q, _LEAST)) for p, q in zip(shares, reference, strict=True)]
    return math.fsum((p - q) * math.log(p / q) for p, q in pairs)


@dataclass(slots=True)
class FolderGroups:
    """Films by the first folder in which they differ.

    Of an archive that is a folder it is the first one below it. A table names films anywhere: then
    it is the first one below the folder that all of them share, which only the last film decides;
    until then groups melt into one whenever that folder turns out to lie higher.

    Parameters
    ----------
    shared
        The folder that all share, in parts; ``None`` while it is to be found out.
    """

    shared: list[str] | None = None
    _fixed: bool = field(init=False)
    groups: dict[str, ScreenGroup] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._fixed = self.shared is not None

    def add(self, row: Mapping[str, Any], path: str) -> None:
        """Count a row of the film at a path; with a fixed folder, below it."""
        *folders, _ = path.replace("\\", "/").split("/")
        if self.shared is None:
            self.shared = folders
        elif not self._fixed:
            self._share(folders)
        below = folders if self._fixed else folders[len(self.shared) :]
        group = _group_in(self.groups, below[0] if below else "")
        group.add(row)

    def _share(self, folders: Sequence[str]) -> None:
        shared = self.shared or []
        same = next(
            (at for at, (a, b) in enumerate(zip(shared, folders, strict=False)) if a != b),
            min(len(shared), len(folders)),
        )
        if same < len(shared):
            melted = ScreenGroup()
            for group in self.groups.values():
                melted.take(group)
            self.groups = {shared[same]: melted}
            self.shared = shared[:same]


def _group_in(groups: dict[str, ScreenGroup], name: str) -> ScreenGroup:
    """Return a group, made where there is none; of too many, the one of all the rest."""
    kept = name if name in groups or len(groups) < GROUPS else "…"
    return groups.setdefault(kept, ScreenGroup())


@dataclass(slots=True)
class ScreenFigures:
    """Everything that a report shows of a job's films.

    Parameters
    ----------
    counts
        Answers and refusals.
    whole
        All films as one group.
    of_folders
        Groups by folder.
    units, months
        Groups by name; the empty name is that of films which do not say.
    formats
        Films by format.
    faults
        Refused films with something wrong, the first of the list: number, path and reason.
    slowest
        Seconds, number and path, the slowest first.
    pace
        Films by the logarithm of their seconds.
    """

    counts: ScreenCounts = field(default_factory=ScreenCounts)
    whole: ScreenGroup = field(default_factory=ScreenGroup)
    of_folders: FolderGroups = field(default_factory=lambda: FolderGroups([]))
    units: dict[str, ScreenGroup] = field(default_factory=dict)
    months: dict[str, ScreenGroup] = field(default_factory=dict)
    formats: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    slowest: list[tuple[float, int, str]] = field(default_factory=list)
    pace: Counter[int] = field(default_factory=Counter)

    @property
    def folders(self) -> dict[str, ScreenGroup]:
        """Groups by folder; the empty name is that of films in none."""
        return self.of_folders.groups

    @classmethod
    def of(cls, job: ScreenJob) -> ScreenFigures:
        """Read what is written so far."""
        root = job.options.archive
        figures = cls() if not is_list(root) else cls(of_folders=FolderGroups())
        for rows in job.rows(COLUMNS):
            for row in rows:
                figures.add(row, below(row["path"], root))
        figures.slowest.sort(reverse=True)
        return figures

    def add(self, row: Mapping[str, Any], path: str) -> None:
        """Count a row.

        Parameters
        ----------
        row
            Its columns as named above.
        path
            The film's, below the archive.
        """
        self.counts.add(row)
        self.whole.add(row)
        self.of_folders.add(row, path)
        _group_in(self.units, row["unit"] or "").add(row)
        _group_in(self.months, row["month"] or "").add(row)
        self.formats[row["format"] or ""] += 1
        refusal = row["refusal"]
        if refusal is not None and refusal["code"] in FAULTS and len(self.faults) < WORST:
            self.faults.append((row["number"], path, refusal["code"]))
        seconds = row["seconds"]
        slow = (seconds, row["number"], path)
        if len(self.slowest) < WORST:
            heapq.heappush(self.slowest, slow)
        else:
            heapq.heappushpop(self.slowest, slow)
        if seconds > 0:
            self.pace[round(_STEPS * math.log10(seconds))] += 1

    def seconds(self, share: float) -> float | None:
        """Return the seconds that a share of the films did not exceed; ``None`` of no films.

        Parameters
        ----------
        share
            In (0, 1]: 0.5 for the median.
        """
        left = share * self.pace.total()
        for step, films in sorted(self.pace.items()):
            left -= films
            if left <= 0:
                return float(10.0 ** (step / _STEPS))
        return None


def below(path: str, root: str) -> str:
    """Return a film's path below its archive; the whole of it where it lies elsewhere."""
    separator = "/" if is_address(root) else _separator(root)
    start = root.rstrip(separator) + separator
    return path[len(start) :].replace("\\", "/") if path.startswith(start) else path


def _separator(root: str) -> str:
    return "\\" if "\\" in root and "/" not in root else "/"
