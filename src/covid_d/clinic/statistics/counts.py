"""How many cases, where and when; laboratory positivity; answers given; films refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from covid_d.clinic.follow_up.laboratory import WINDOW_DAYS, ResultToDate, Standard, Why
from covid_d.clinic.statistics.episodes import NO_FILM, Episodes
from covid_d.clinic.statistics.scope import Period, Scope
from covid_d.clinic.statistics.suppression import hidden_parts
from covid_d.clinic.statistics.table import HIDDEN, Cell, Column, FigureTable
from covid_d.detector import Outcome
from covid_d.evaluation.figures.intervals import proportion
from covid_d.language import N_, Text
from covid_d.radiograph import Refusal, RefusalCode

LEAST_RESULTS: Final = 10
_MAX_DAYS: Final = 120  # longer periods are counted by week

_COUNTS: Final = (
    Column("cases", N_("Cases"), "count"),
    Column("tested", N_("With a laboratory result"), "count"),
    Column("positive", N_("Positive"), "count"),
    Column("positivity", N_("Positivity (95 % interval)"), "share"),
)
_LABORATORY: Final = N_(
    "Laboratory result: the reference standard, which is the RT-PCR where it is conclusive, else "
    "the antigen test, from samples within %(days)d days of the case. Positivity is shown from "
    "%(n)d results on.",
    days=WINDOW_DAYS,
    n=LEAST_RESULTS,
)
_TWO_NAMES: Final = N_(
    "The list of cases shows the result to date: one positive counts, whatever its day. These "
    "figures count the reference standard: samples within %(n)d days of the case, the RT-PCR "
    "before the antigen test.",
    n=WINDOW_DAYS,
)
_SMALL: Final = N_(
    "*: not shown to you: a count below five, or one that would give such a count away."
)


@dataclass(frozen=True, slots=True)
class CountedGroup:
    """Cases that a row counts: its label, which they are, and whether they are the person's own."""

    label: Cell
    mask: npt.NDArray[np.bool_]
    exempt: bool = False  # the person's own unit


def by_day(cases: Episodes, period: Period, scope: Scope) -> FigureTable:
    """Return cases and positivity by day of entry, by week in long periods."""
    step = 1 if period.days <= _MAX_DAYS else 7
    first = period.first.toordinal()
    place = (cases.day - first) // step
    groups = [
        CountedGroup(period.first + timedelta(days=step * number), place == number)
        for number in range(-(-period.days // step))
    ]
    head = Column("day", N_("Day") if step == 1 else N_("Week from"), "day")
    title = N_("Cases by day") if step == 1 else N_("Cases by week")
    return positivity_table("days", title, head, groups, cases, scope)


def by_province(cases: Episodes, scope: Scope) -> FigureTable:
    """Return cases and positivity by province, most cases first."""
    names = Counter(cases.province.tolist())
    groups = [CountedGroup(name, cases.province == name) for name, _ in names.most_common()]
    head = Column("province", N_("Province"))
    return positivity_table("provinces", N_("Cases by province"), head, groups, cases, scope)


def by_unit(cases: Episodes, scope: Scope, names: dict[int, str]) -> FigureTable:
    """Return cases and positivity by unit."""
    groups = [CountedGroup(*group) for group in unit_groups(cases, scope, names)]
    head = Column("unit", N_("Health unit"))
    return positivity_table("units", N_("Cases by health unit"), head, groups, cases, scope)


def unit_groups(
    cases: Episodes, scope: Scope, names: dict[int, str]
) -> list[tuple[Cell, npt.NDArray[np.bool_], bool]]:
    """Return name, cases and whether it is the person's own, for every unit they may tell apart.

    Doctors see their own unit and all others as one; who sees no case sees every unit, with
    small counts hidden.
    """
    if scope.clinical:
        own = cases.unit == (-1 if scope.own_unit_id is None else scope.own_unit_id)
        rows: list[tuple[Cell, npt.NDArray[np.bool_], bool]] = []
        if scope.own_unit_id is not None:
            rows.append((names[scope.own_unit_id], own, True))
        return [*rows, (N_("All other units"), ~own, False)] if (~own).any() else rows
    present = Counter(cases.unit.tolist())
    return [(names[unit], cases.unit == unit, False) for unit, _ in present.most_common()]


def answers(cases: Episodes, scope: Scope) -> FigureTable:
    """Return how many cases got each answer."""
    labels: dict[str, Cell] = {outcome.value: outcome.message for outcome in Outcome}
    labels[NO_FILM] = N_("No film assessed at intake")
    counts = Counter(cases.outcome.tolist())
    rows = shown([counts[key] for key in labels], scope)
    return FigureTable(
        "outcomes",
        N_("Answers given"),
        (Column("outcome", N_("Answer")), Column("cases", N_("Cases"), "count")),
        list(zip(labels.values(), rows, strict=True)),
        notes(scope, N_("Counted is each case's index test: its first answer at intake.")),
    )


def refusals(codes: Iterable[str], scope: Scope) -> FigureTable:
    """Return the refused films by reason, most frequent first."""
    counts = Counter(codes)
    found = counts.most_common()
    rows = shown([count for _, count in found], scope)
    return FigureTable(
        "refusals",
        N_("Films not analysed"),
        (Column("reason", N_("Reason")), Column("films", N_("Films"), "count")),
        [(_reason(code), count) for (code, _), count in zip(found, rows, strict=True)],
        notes(scope, N_("Counted is the first assessment of each film.")),
    )


def shown(parts: Sequence[int], scope: Scope) -> list[Cell]:
    """Return counts that are parts of one total, the small ones hidden where they must be."""
    hidden = hidden_parts(parts) if scope.protected else set()
    return [HIDDEN if place in hidden else count for place, count in enumerate(parts)]


def laboratory(cases: Episodes, scope: Scope) -> FigureTable:
    """Return how many cases have each result to date, what of it counts, and why where not.

    The other tables count the reference standard; the worklist shows the result to date.
    """
    pairs = list(
        zip(cases.to_date.tolist(), cases.reference.tolist(), cases.why.tolist(), strict=True)
    )
    found = Counter(pairs).most_common()
    numbers = shown([count for _, count in found], scope)
    rows: list[tuple[Cell, ...]] = [
        (
            ResultToDate(to_date).text,
            Standard(reference).text,
            Why(why).text if why else None,
            number,
        )
        for ((to_date, reference, why), _), number in zip(found, numbers, strict=True)
    ]
    columns = (
        Column("to_date", N_("Result to date")),
        Column("reference", N_("Reference standard")),
        Column("why", N_("Why they differ")),
        Column("cases", N_("Cases"), "count"),
    )
    return FigureTable(
        "laboratory",
        N_("Result to date and reference standard"),
        columns,
        rows,
        notes(scope, _TWO_NAMES),
    )


def positivity_table(
    name: str,
    title: Text,
    head: Column,
    groups: Sequence[CountedGroup],
    cases: Episodes,
    scope: Scope,
) -> FigureTable:
    """Return a table of cases, tests and positivity, small counts hidden where they must be.

    Parameters
    ----------
    name, title
        Of the table.
    head
        Its first column.
    groups
        A row each.
    cases, scope
        What is counted, and for whom.
    """
    positive = cases.reference == Standard.POSITIVE
    negative = cases.reference == Standard.NEGATIVE
    sizes = [int(group.mask.sum()) for group in groups]
    found = [int((group.mask & positive).sum()) for group in groups]
    # Both columns add up to totals that are shown elsewhere.
    small = _small(sizes, groups, scope), _small(found, groups, scope)
    rows: list[tuple[Cell, ...]] = []
    for place, group in enumerate(groups):
        counts = sizes[place], found[place], int((group.mask & negative).sum())
        rate = _positivity(group.mask & (positive | negative), positive, cases)
        rows.append(
            (
                group.label,
                *_row(
                    counts,
                    rate,
                    protected=scope.protected and not group.exempt,
                    hide_all=place in small[0],
                    hide_positive=place in small[1],
                ),
            )
        )
    return FigureTable(name, title, (head, *_COUNTS), rows, notes(scope, _LABORATORY))


def _small(parts: list[int], groups: Sequence[CountedGroup], scope: Scope) -> set[int]:
    if not scope.protected:
        return set()
    places = [place for place, group in enumerate(groups) if not group.exempt]
    return {places[k] for k in hidden_parts([parts[place] for place in places])}


def _row(
    counts: tuple[int, int, int],
    rate: Cell,
    *,
    protected: bool,
    hide_all: bool,
    hide_positive: bool,
) -> tuple[Cell, Cell, Cell, Cell]:
    size, positive, negative = counts
    if not protected:
        return size, positive + negative, positive, rate
    if hide_all:
        return HIDDEN, HIDDEN, HIDDEN, None
    untested = size - positive - negative
    parts = hidden_parts([untested, positive, negative])
    # The number tested gives the untested away; the positive share, positives and negatives.
    tested: Cell = HIDDEN if 0 in parts else positive + negative
    if hide_positive or 1 in parts or (2 in parts and tested is not HIDDEN):
        return size, tested, HIDDEN, None
    return size, tested, positive, None if tested is HIDDEN else rate


def _positivity(
    tested: npt.NDArray[np.bool_], positive: npt.NDArray[np.bool_], cases: Episodes
) -> Cell:
    if tested.sum() < LEAST_RESULTS:
        return None
    return proportion(positive[tested], cases.patient[tested])


def notes(scope: Scope, *said: Text) -> tuple[Text, ...]:
    """Return notes of a table, with what the asterisk means where there may be one."""
    return (*said, _SMALL) if scope.protected else said


def _reason(code: str) -> Cell:
    # A bundle of another version may have refused for a reason that this one does not know.
    known = code in RefusalCode.__members__.values()
    return Refusal.of(RefusalCode(code), "…").message if known else code
