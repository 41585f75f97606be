"""Who the patients are, how they fared and how long results took; and the figures to see first."""

from __future__ import annotations

from typing import Final

import numpy as np

from covid_d.clinic.cases.value_sets import SEXES
from covid_d.clinic.follow_up.course import GRAVEST
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.statistics.counts import CountedGroup, notes, positivity_table, shown
from covid_d.clinic.statistics.episodes import Episodes
from covid_d.clinic.statistics.performance import Compared
from covid_d.clinic.statistics.scope import Scope
from covid_d.clinic.statistics.suppression import LEAST
from covid_d.clinic.statistics.table import HIDDEN, Cell, Column, FigureTable
from covid_d.language import N_, Text

_NOT_KNOWN: Final = N_("Not known")
_AGES: Final = (0, 18, 30, 45, 60, 75)
# Days from the case to its first result: up to and including.
_DELAYS: Final[tuple[tuple[float, Text], ...]] = (
    (1, N_("Within a day")),
    (2, N_("On the second day")),
    (3, N_("On the third day")),
    (7, N_("Within a week")),
    (np.inf, N_("Later")),
)


def by_age(cases: Episodes, scope: Scope) -> FigureTable:
    """Return cases and positivity by age."""
    groups = []
    for place, first in enumerate(_AGES):
        last = _AGES[place + 1] if place + 1 < len(_AGES) else np.inf
        label = f"{first}-{last - 1}" if last < np.inf else f"{first}+"  # a spreadsheet's own minus
        groups.append(CountedGroup(label, (cases.age >= first) & (cases.age < last)))
    groups.append(CountedGroup(_NOT_KNOWN, np.isnan(cases.age)))
    present = [group for group in groups if group.mask.any()]
    head = Column("age", N_("Age"))
    return positivity_table("ages", N_("Cases by age"), head, present, cases, scope)


def by_sex(cases: Episodes, scope: Scope) -> FigureTable:
    """Return cases and positivity by sex."""
    groups = [CountedGroup(text, cases.sex == sex) for sex, text in SEXES.items()]
    groups.append(CountedGroup(_NOT_KNOWN, cases.sex == ""))
    present = [group for group in groups if group.mask.any()]
    head = Column("sex", N_("Sex"))
    return positivity_table("sexes", N_("Cases by sex"), head, present, cases, scope)


def by_course(cases: Episodes, scope: Scope) -> FigureTable:
    """Return cases and positivity by the gravest outcome recorded."""
    names = EntryKind.OUTCOME.values
    groups = [CountedGroup(names[value], cases.course == value) for value in GRAVEST]
    groups.append(CountedGroup(N_("No outcome recorded"), cases.course == ""))
    head = Column("course", N_("Gravest outcome"))
    return positivity_table("course", N_("How patients fared"), head, groups, cases, scope)


def delay(cases: Episodes, scope: Scope) -> FigureTable:
    """Return how many results came how soon after the film."""
    waited = cases.waited
    labels: list[Text] = [text for _, text in _DELAYS]
    counts, before = [], -np.inf
    for most, _ in _DELAYS:
        counts.append(int(((waited > before) & (waited <= most)).sum()))
        before = most
    labels.append(N_("No result yet"))
    counts.append(int(np.isnan(waited).sum()))
    return FigureTable(
        "delay",
        N_("From film to laboratory result"),
        (Column("wait", N_("First result entered")), Column("cases", N_("Cases"), "count")),
        list(zip(labels, shown(counts, scope), strict=True)),
        notes(scope, N_("Counted from the entry of the case to that of its first result.")),
    )


def headline(
    cases: Episodes, judged: Compared, scope: Scope, tables: dict[str, FigureTable]
) -> FigureTable:
    """Return the figures to see first; what is hidden below is hidden here.

    Parameters
    ----------
    cases
        Of the period.
    judged
        Those that have an answer and a reference.
    scope
        Of the person.
    tables
        The tables below, of which some figures are taken.
    """
    everybody = [CountedGroup(N_("All"), np.ones(len(cases), dtype=np.bool_))]
    head = Column("all", N_("All"))
    ((_, size, tested, positive, rate),) = positivity_table(
        "all", N_("All"), head, everybody, cases, scope
    ).rows
    fared = {str(row[0]): row[1] for row in tables["course"].rows}
    names = EntryKind.OUTCOME.values
    pending = next((row[1] for row in reversed(tables["delay"].rows)), 0)
    rows: list[tuple[Cell, ...]] = [
        (N_("Cases"), size, None, None),
        (N_("With a laboratory result"), tested, None, None),
        (N_("Laboratory positive"), positive, rate, None),
        (N_("No result yet"), pending, None, None),
        (N_("Median wait for a result (days)"), None, None, _median_wait(cases, scope)),
        (
            N_("Sensitivity, conclusive answers"),
            None,
            judged.rate(positive=True, of_all=False),
            None,
        ),
        (
            N_("Specificity, conclusive answers"),
            None,
            judged.rate(positive=False, of_all=False),
            None,
        ),
        (names["icu"], fared[str(names["icu"])], None, None),
        (names["died"], fared[str(names["died"])], None, None),
    ]
    columns = (
        Column("figure", N_("Figure")),
        Column("count", N_("Cases"), "count"),
        Column("share", N_("Share (95 % interval)"), "share"),
        Column("days", N_("Days"), "score"),
    )
    return FigureTable("headline", N_("At a glance"), columns, rows, ())


def _median_wait(cases: Episodes, scope: Scope) -> Cell:
    known = cases.waited[~np.isnan(cases.waited)]
    if not len(known):
        return None
    if scope.protected and len(known) < LEAST:
        return HIDDEN
    return float(np.median(known))
