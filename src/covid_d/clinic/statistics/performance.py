"""The model's answers against laboratory results: figures with intervals, or none.

The unit of analysis is the case; intervals are clustered by patient. A figure needs at least
``LEAST`` cases of the class it speaks of. An inconclusive answer is no answer: sensitivity and
specificity are given among the conclusive, and again with the inconclusive counted as wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from covid_d.clinic.follow_up.laboratory import WINDOW_DAYS, Standard
from covid_d.clinic.statistics.counts import shown, unit_groups
from covid_d.clinic.statistics.episodes import NO_FILM, BundleName, Episodes
from covid_d.clinic.statistics.scope import Scope
from covid_d.clinic.statistics.suppression import LEAST as SMALL
from covid_d.clinic.statistics.table import HIDDEN, Cell, Column, FigureTable
from covid_d.detector import Outcome
from covid_d.evaluation.figures.calibration import reliability
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.evaluation.figures.intervals import auroc, proportion
from covid_d.language import N_, Text

LEAST: Final = 10
Mask = npt.NDArray[np.bool_]
Strings = npt.NDArray[np.str_]

_RULES: Final = (
    N_(
        "Index test: the case's first answer at intake (films sent with it, in their order; the "
        "first that was analysed). Later films and assessments do not replace it."
    ),
    N_(
        "Reference: the current results of one test (corrected ones do not count) from samples "
        "within %(n)d days of the case; one positive makes the case positive.",
        n=WINDOW_DAYS,
    ),
    N_(
        "95 %% intervals, cases of one patient kept together: Wilson for shares, DeLong for "
        "AUROC. No figure for a class with fewer than %(n)d cases.",
        n=LEAST,
    ),
    N_(
        "AUROC ranks answers of appearance by how typical the film looks, others by their "
        "probability of COVID-19; where both are counted together there is none."
    ),
)
_FIGURES: Final = (
    Column("cases", N_("Cases counted"), "count"),
    Column("with_covid", N_("With COVID-19"), "count"),
    Column("without_covid", N_("Without"), "count"),
    Column("inconclusive", N_("Inconclusive answers"), "count"),
    Column("sensitivity", N_("Sensitivity, conclusive answers"), "share"),
    Column("specificity", N_("Specificity, conclusive answers"), "share"),
    Column("sensitivity_of_all", N_("Sensitivity, inconclusive counted as missed"), "share"),
    Column("specificity_of_all", N_("Specificity, inconclusive counted as wrong"), "share"),
    Column("auroc", N_("AUROC"), "score"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Cases with a reference result and a test's answer.

    Parameters
    ----------
    answers
        N: ``positive``, ``negative`` or anything else (no conclusion).
    truth
        N; whether the reference is positive.
    patients
        N; cases of one patient depend on each other.
    scores
        N; the test's score where it has one.
    stated
        N; which scores are probabilities of COVID-19; the others say how typical the film looks.
    """

    answers: Strings
    truth: Mask
    patients: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64] | None = None
    stated: Mask | None = None

    def where(self, mask: Mask) -> Compared:
        """Return the cases of a mask."""
        scores = None if self.scores is None else self.scores[mask]
        stated = None if self.stated is None else self.stated[mask]
        return Compared(self.answers[mask], self.truth[mask], self.patients[mask], scores, stated)

    @property
    def decided(self) -> Mask:
        """Which answers are conclusive."""
        return _conclusive(self.answers)

    def rate(self, *, positive: bool, of_all: bool) -> Estimate | None:
        """Return the sensitivity (``positive``) or specificity, among the conclusive or of all."""
        own = self.truth == positive
        if not of_all:
            own &= self.decided
        if own.sum() < LEAST:
            return None
        right = self.answers == (Outcome.POSITIVE if positive else Outcome.NEGATIVE)
        return proportion(right[own], self.patients[own])

    def area(self) -> Estimate | None:
        """Return the AUROC of the scores; none where they are on two scales."""
        if self.stated is not None and self.stated.any() and not self.stated.all():
            return None
        if self.scores is None or min(self.truth.sum(), (~self.truth).sum()) < LEAST:
            return None
        return auroc(self.scores, self.truth, self.patients)

    def row(self) -> tuple[Cell, ...]:
        """Return the cells of ``_FIGURES``."""
        sick = int(self.truth.sum())
        rates = [
            self.rate(positive=positive, of_all=of_all)
            for of_all in (False, True)
            for positive in (True, False)
        ]
        undecided = int((~self.decided).sum())
        return len(self.truth), sick, len(self.truth) - sick, undecided, *rates, self.area()


def compared(cases: Episodes, reference: Strings) -> Compared:
    """Return the cases that have both an index test and a conclusive reference."""
    return _answers(cases, reference, counted(cases, reference))


def _answers(cases: Episodes, reference: Strings, mask: Mask) -> Compared:
    return Compared(
        cases.outcome[mask],
        (reference == Standard.POSITIVE)[mask],
        cases.patient[mask],
        cases.score[mask],
        ~np.isnan(cases.probability[mask]),
    )


def counted(cases: Episodes, reference: Strings) -> Mask:
    """Return which cases are counted."""
    return cases.answered & _conclusive(reference)


def flow(cases: Episodes, reference: Strings, scope: Scope, *, without: Text) -> FigureTable:
    """Return who is counted and why the others are not, as STARD 2015 asks (item 19).

    The parts of each step add up to the step.

    Parameters
    ----------
    cases, reference, scope
        Which cases, what each is judged by, and how finely they are counted.
    without
        What is said of cases that lack the test of ``reference``; they may have the other one.
    """
    answered = cases.answered
    sure, outside = counted(cases, reference), reference == Standard.OUTSIDE
    rows: list[tuple[Cell, Cell, Cell]] = [(0, N_("Cases entered"), len(cases))]
    rows += _step(
        1,
        [
            (N_("Left out: no film assessed at intake"), cases.outcome == NO_FILM),
            (N_("Left out: no film could be analysed"), cases.outcome == Outcome.REFUSED),
            (N_("With an answer"), answered),
        ],
        scope,
    )
    rows += _step(
        2,
        [
            (without, answered & (reference == Standard.NONE)),
            (N_("Left out: indeterminate"), answered & (reference == Standard.INDETERMINATE)),
            (N_("Left out: sample too far from the case"), answered & outside),
            (N_("Counted"), sure),
        ],
        scope,
    )
    classes = (
        (N_("Reference positive"), sure & (reference == Standard.POSITIVE)),
        (N_("Reference negative"), sure & (reference == Standard.NEGATIVE)),
    )
    sizes = _step(3, list(classes), scope)
    for size, (_, own) in zip(sizes, classes, strict=True):
        parts = [
            (outcome.message, own & (cases.outcome == outcome))
            for outcome in (Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.INCONCLUSIVE)
        ]
        rows += [size, *_step(4, parts, scope)]
    columns = (
        Column("level", N_("Level"), "count"),
        Column("step", N_("Step")),
        Column("cases", N_("Cases"), "count"),
    )
    return FigureTable("flow", N_("Who is counted"), columns, rows, _RULES[:2])


def accuracy(
    cases: Episodes,
    reference: Strings,
    scope: Scope,
    *,
    units: dict[int, str],
    bundles: list[BundleName],
) -> FigureTable:
    """Return the figures of all cases, by bundle and by unit."""
    mask = counted(cases, reference)
    both, members = compared(cases, reference), cases.where(mask)
    rows: list[tuple[Cell, ...]] = [(N_("All"), *both.row())]
    strata: list[tuple[Cell, Mask, bool]] = [
        (bundle.label, members.bundle == place, False) for place, bundle in enumerate(bundles)
    ]
    strata += unit_groups(members, scope, units)
    for label, own, exempt in strata:
        if not own.any():
            continue
        row = both.where(own).row()
        # Counts of a unit are hidden as elsewhere; figures then say too much as well.
        small = any(isinstance(n, int) and 0 < n < SMALL for n in row[1:3])
        hide = scope.protected and small and not exempt
        rows.append((label, *([HIDDEN] * 4 + [None] * 5 if hide else row)))
    return FigureTable(
        "accuracy",
        N_("Performance against laboratory results"),
        (Column("stratum", N_("Cases of")), *_FIGURES),
        rows,
        _RULES,
    )


def comparators(cases: Episodes) -> FigureTable:
    """Return other readers and tests beside the model, each pair on the very same cases.

    The reference is RT-PCR throughout, since the antigen test is itself compared.
    """
    rows: list[tuple[Cell, ...]] = []
    for label, answers in (
        (N_("Doctors before they saw the answer"), cases.blind_reading),
        (N_("Antigen test"), np.where(_conclusive(cases.antigen), cases.antigen, "")),
    ):
        mask = counted(cases, cases.rt_pcr) & (answers != "")
        if not mask.any():
            continue
        truth, patients = (cases.rt_pcr == Standard.POSITIVE)[mask], cases.patient[mask]
        model = _answers(cases, cases.rt_pcr, mask)
        rows.append((label, *Compared(answers[mask], truth, patients).row()))
        rows.append((N_("The model on the same cases"), *model.row()))
    return FigureTable(
        "comparators",
        N_("Beside the model: blind readings and antigen"),
        (Column("test", N_("Test")), *_FIGURES),
        rows,
        (N_("Reference: RT-PCR. Each pair of rows counts the very same cases."), *_RULES[2:]),
    )


def calibration(cases: Episodes, reference: Strings, scope: Scope) -> FigureTable:
    """Return the share with COVID-19 by bin of probability, inconclusive answers included.

    Answers of appearance state no probability of COVID-19 and are left out.
    """
    stated = ~np.isnan(cases.probability)
    both = compared(cases.where(stated), reference[stated])
    rows: list[tuple[Cell, ...]] = []
    if both.scores is not None and len(both.truth):
        for part in reliability(both.scores, both.truth):
            last = part.high >= 1
            own = (both.scores >= part.low) & ((both.scores < part.high) | last)
            rows.append(_bin(part.low, part.high, both.where(own), part.mean_probability, scope))
    columns = (
        Column("from", N_("Probability from"), "share"),
        Column("to", N_("to"), "share"),
        Column("cases", N_("Cases"), "count"),
        Column("mean_probability", N_("Mean probability given"), "share"),
        Column("observed", N_("With COVID-19 (95 % interval)"), "share"),
    )
    return FigureTable(
        "calibration",
        N_("Do the probabilities come true?"),
        columns,
        rows,
        (
            N_(
                "A probability is stated for as much COVID-19 as among the bundle's calibration "
                "films; where it is rarer, fewer have it than the probability says."
            ),
            N_("Shares are given from %(n)d cases on.", n=LEAST),
            N_("Answers of appearance state no probability of COVID-19 and are left out."),
        ),
    )


def _bin(low: float, high: float, own: Compared, mean: float, scope: Scope) -> tuple[Cell, ...]:
    n, sick = len(own.truth), int(own.truth.sum())
    observed = proportion(own.truth, own.patients) if n >= LEAST else None
    if scope.protected and (n < SMALL or 0 < sick < SMALL or 0 < n - sick < SMALL):
        observed = None
    size: Cell = HIDDEN if scope.protected and n < SMALL else n
    return low, high, size, mean, observed


def _step(
    level: int, parts: Sequence[tuple[Cell, Mask]], scope: Scope
) -> list[tuple[Cell, Cell, Cell]]:
    counts = shown([int(mask.sum()) for _, mask in parts], scope)
    return [(level, label, count) for (label, _), count in zip(parts, counts, strict=True)]


def _conclusive(results: Strings) -> Mask:
    found: Mask = (results == Standard.POSITIVE) | (results == Standard.NEGATIVE)
    return found
