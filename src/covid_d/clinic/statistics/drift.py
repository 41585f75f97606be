"""Whether the model's scores, or its refusals, are no longer what they were at first.

The reference is a bundle's first ``REFERENCE`` cases; every later ``WINDOW`` cases are compared
with it once, one case a patient: their scores by the two-sample Kolmogorov-Smirnov test,
their refusals by Fisher's exact test, each at half of ``FALSE_ALARM`` (Bonferroni). Without any
change at most one window in a hundred alarms; a test holds this by simulation. Laboratory results
are not needed, so a changed machine or projection shows before they are in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from covid_d.clinic.statistics.episodes import NO_FILM, Episodes
from covid_d.clinic.statistics.table import Cell, Column, FigureTable
from covid_d.language import N_

REFERENCE: Final = 200
WINDOW: Final = 100
FALSE_ALARM: Final = 0.01
LEAST_SCORES: Final = 20
SHOWN: Final = 12

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DriftWindow:
    """Consecutive cases of one bundle.

    Parameters
    ----------
    first, last
        Days of entry.
    scores
        Of the answered cases: probability of COVID-19, or how typical the film looks.
    refused
        How many had every film refused.
    distance, p_scores
        Of the Kolmogorov-Smirnov test; NaN in the reference, or with too few answers.
    p_refused
        Of Fisher's exact test; NaN in the reference.
    """

    first: date
    last: date
    scores: Floats
    refused: int
    distance: float = np.nan
    p_scores: float = np.nan
    p_refused: float = np.nan

    @property
    def cases(self) -> int:
        """How many cases."""
        return len(self.scores) + self.refused

    @property
    def scores_alarm(self) -> bool:
        """Whether the scores differ from the reference."""
        return self.p_scores < FALSE_ALARM / 2  # false for NaN

    @property
    def refusals_alarm(self) -> bool:
        """Whether more or fewer cases are refused than in the reference."""
        return self.p_refused < FALSE_ALARM / 2


@dataclass(frozen=True, slots=True)
class Drift:
    """What was compared.

    Parameters
    ----------
    available
        Cases that count: one a patient.
    reference
        ``None`` until there are enough.
    windows
        Full windows after it, oldest first, the latest ``SHOWN``.
    """

    available: int
    reference: DriftWindow | None
    windows: tuple[DriftWindow, ...]

    @property
    def alarms(self) -> tuple[str, ...]:
        """What the latest window alarms for: ``scores``, ``refusals``."""
        if not self.windows:
            return ()
        last = self.windows[-1]
        given = {"scores": last.scores_alarm, "refusals": last.refusals_alarm}
        return tuple(name for name, alarm in given.items() if alarm)


def drift(cases: Episodes) -> Drift:
    """Compare the latest cases of one bundle with its first.

    Parameters
    ----------
    cases
        Of one bundle, oldest first.
    """
    assessed = cases.where(cases.outcome != NO_FILM)
    # A patient seen twice would count twice as evidence of the same.
    _, once = np.unique(assessed.patient, return_index=True)
    own = assessed.where(np.isin(np.arange(len(assessed)), once))
    if len(own) < REFERENCE:
        return Drift(len(own), None, ())
    reference = _window(own, 0, REFERENCE)
    count = (len(own) - REFERENCE) // WINDOW
    starts = [REFERENCE + WINDOW * number for number in range(max(0, count - SHOWN), count)]
    windows = (_compared(reference, _window(own, start, WINDOW)) for start in starts)
    return Drift(len(own), reference, tuple(windows))


def table(found: Drift) -> FigureTable:
    """Return the reference and the windows, one row each."""
    rows: list[tuple[Cell, ...]] = []
    if found.reference is not None:
        rows.append((N_("Reference"), *_row(found.reference), None, None, None, ""))
        for window in found.windows:
            tests = (window.distance, window.p_scores, window.p_refused)
            rows.append((N_("Window"), *_row(window), *map(_defined, tests), _verdict(window)))
    columns = (
        Column("what", N_("Cases of")),
        Column("first", N_("First day"), "day"),
        Column("last", N_("Last day"), "day"),
        Column("cases", N_("Cases"), "count"),
        Column("q1", N_("First quartile"), "share"),
        Column("median", N_("Median score"), "share"),
        Column("q3", N_("Third quartile"), "share"),
        Column("refused", N_("Not analysed"), "share"),
        Column("distance", N_("Largest difference (KS)"), "score"),
        Column("p_scores", N_("p, scores"), "score"),
        Column("p_refused", N_("p, not analysed"), "score"),
        Column("alarm", N_("Alarm")),
    )
    return FigureTable(
        "drift",
        N_("Drift of the scores"),
        columns,
        rows,
        (
            N_(
                "Reference: the bundle's first %(reference)d cases; each later %(window)d are "
                "compared with it once, one case a patient.",
                reference=REFERENCE,
                window=WINDOW,
            ),
            N_(
                "Kolmogorov-Smirnov test of the scores, Fisher's exact test of the "
                "films not analysed; without any change at most 1 window in 100 alarms."
            ),
        ),
    )


def _window(cases: Episodes, start: int, size: int) -> DriftWindow:
    part = cases.where((np.arange(len(cases)) >= start) & (np.arange(len(cases)) < start + size))
    answered = part.answered
    return DriftWindow(
        date.fromordinal(int(part.day[0])),
        date.fromordinal(int(part.day[-1])),
        part.score[answered],
        int((~answered).sum()),
    )


def _compared(reference: DriftWindow, window: DriftWindow) -> DriftWindow:
    from scipy.stats import fisher_exact, ks_2samp

    distance = p_scores = np.nan
    if min(len(reference.scores), len(window.scores)) >= LEAST_SCORES:
        test = ks_2samp(reference.scores, window.scores, method="asymp")
        distance, p_scores = float(test.statistic), float(test.pvalue)
    parts = [[part.refused, len(part.scores)] for part in (reference, window)]
    p_refused = float(fisher_exact(parts).pvalue)
    return DriftWindow(
        window.first, window.last, window.scores, window.refused, distance, p_scores, p_refused
    )


def _row(window: DriftWindow) -> tuple[Cell, ...]:
    quartiles: list[Cell] = [None, None, None]
    if len(window.scores) >= LEAST_SCORES:
        quartiles = [float(q) for q in np.quantile(window.scores, [0.25, 0.5, 0.75])]
    share = window.refused / window.cases
    return window.first, window.last, window.cases, *quartiles, share


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else value


def _verdict(window: DriftWindow) -> Cell:
    if window.scores_alarm and window.refusals_alarm:
        return N_("scores and films not analysed")
    if window.scores_alarm:
        return N_("scores")
    return N_("films not analysed") if window.refusals_alarm else ""
