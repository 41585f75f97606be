"""The national report: tables and forest plots of what many clinics sent."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from covid_d.clinic.federation.blocks import BINS
from covid_d.clinic.federation.forest import ForestRow, forest
from covid_d.clinic.federation.merge import Merged, Sums
from covid_d.clinic.statistics.table import Cell, Column, FigureTable, to_json
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.evaluation.figures.intervals import wilson
from covid_d.evaluation.figures.meta import RandomEffects, pooled_share
from covid_d.language import N_, Language, Text

LEAST: Final = 10
"""Cases that a share rests on, at least."""
RightOf = Callable[[Sums], tuple[int, int]]


def _of_all(place: int, reference: str) -> RightOf:
    def counts(sums: Sums) -> tuple[int, int]:
        row = sums.answers[reference]
        return row[place], sum(row)

    return counts


RATES: Final[tuple[tuple[str, Text, RightOf], ...]] = (
    ("sensitivity", N_("Sensitivity, conclusive answers"), lambda sums: sums.sensitivity),
    ("specificity", N_("Specificity, conclusive answers"), lambda sums: sums.specificity),
    (
        "sensitivity_of_all",
        N_("Sensitivity, inconclusive counted as missed"),
        _of_all(0, "positive"),
    ),
    (
        "specificity_of_all",
        N_("Specificity, inconclusive counted as wrong"),
        _of_all(1, "negative"),
    ),
)
_HIDDEN: Final = N_(
    "A class of a month whose answers a clinic hides, because one of them is below five, is left "
    "out whole."
)
_POOLED: Final = N_(
    "Random effects on the logit scale: variance between clinics by restricted maximum likelihood, "
    "interval of Hartung and Knapp. A clinic counts with at least %(n)d such cases. The prediction "
    "interval is that of another clinic of this kind.",
    n=LEAST,
)


@dataclass(frozen=True, slots=True)
class NationalReport:
    """What is shown.

    Parameters
    ----------
    merged
        What it rests on.
    bundle
        SHA-256 of the model whose answers are judged.
    tables
        By name, in the order of the page.
    pooled
        By name of a rate: the middle, what was found, and each clinic's figure.
    """

    merged: Merged
    bundle: str
    tables: dict[str, FigureTable]
    pooled: dict[str, tuple[Estimate, RandomEffects, tuple[ForestRow, ...]]]

    def plots(self, language: Language) -> dict[str, str]:
        """Return the forest plots by name of their rate, SVG."""
        label = N_("All clinics, random effects").in_language(language)
        names = {name: text.in_language(language) for name, text, _ in RATES}
        return {
            name: forest(names[name], rows, middle, label, language)
            for name, (middle, _, rows) in self.pooled.items()
            if name in ("sensitivity", "specificity")
        }

    def to_dict(self, language: Language) -> dict[str, Any]:
        """Return a JSON object: who sent, and every table."""
        merged = self.merged
        return {
            "clinics": [
                {
                    "clinic": merged.labels[one.key],
                    "key": one.key,
                    "made": one.made,
                    "first": one.first,
                    "last": one.last,
                }
                for one in merged.sent
            ],
            "bundle": self.bundle,
            "replaced_blocks": merged.replaced,
            "unknown_keys": list(merged.unknown),
            "tables": {name: to_json(table, language) for name, table in self.tables.items()},
        }


def make(merged: Merged, bundle: str = "") -> NationalReport:
    """Return the report.

    Parameters
    ----------
    merged
        What clinics sent.
    bundle
        SHA-256 of the model to judge; by default, or if none is called so, the most used.
    """
    names = merged.bundles
    chosen = bundle if bundle in names else next(iter(names), "")
    clinics = merged.by_clinic(chosen)
    pooled = {name: found for name, _, counts in RATES if (found := _pooled(clinics, counts))}
    whole = merged.sums(chosen)
    tables = (
        _sums_table(
            "clinics", N_("By clinic"), Column("clinic", N_("Clinic")), clinics.items(), (_HIDDEN,)
        ),
        _pooled_table(whole, pooled),
        _sums_table(
            "months",
            N_("By month"),
            Column("month", N_("Month")),
            merged.by_month(chosen).items(),
            (_HIDDEN,),
        ),
        _sums_table(
            "models",
            N_("By model"),
            Column("model", N_("Model")),
            ((label, merged.sums(sha256)) for sha256, label in names.items()),
        ),
        _scores(whole),
        _calibration(whole),
        _drift(merged),
    )
    return NationalReport(merged, chosen, {table.name: table for table in tables}, pooled)


def share(hits: int, total: int) -> Estimate | None:
    """Return a share with Wilson's interval; nothing from fewer than ``LEAST`` cases."""
    return Estimate(hits / total, *wilson(hits, total), total, "wilson") if total >= LEAST else None


def _pooled(
    clinics: dict[str, Sums], counts: RightOf
) -> tuple[Estimate, RandomEffects, tuple[ForestRow, ...]] | None:
    rows = [
        (label, *counts(sums))
        for label, sums in sorted(clinics.items())
        if counts(sums)[1] >= LEAST
    ]
    if not rows:
        return None
    middle, found = pooled_share([hits for _, hits, _ in rows], [n for _, _, n in rows])
    own = (ForestRow(label, Estimate(k / n, *wilson(k, n), n, "wilson")) for label, k, n in rows)
    return middle, found, tuple(own)


def _sums_table(
    name: str,
    title: Text,
    head: Column,
    entries: Iterable[tuple[str, Sums]],
    notes: tuple[Text, ...] = (),
) -> FigureTable:
    rows: list[tuple[Cell, ...]] = []
    for label, sums in entries:
        positive, negative, unknown = (sum(row) for row in sums.answers.values())
        rates = [share(*counts(sums)) for _, _, counts in RATES[:2]]
        undecided = sums.answers["positive"][2] + sums.answers["negative"][2]
        left_out = max(sums.hidden.values())
        rows.append((label, positive, negative, unknown, undecided, *rates, left_out))
    columns = (
        head,
        Column("with_covid", N_("With COVID-19"), "count"),
        Column("without_covid", N_("Without"), "count"),
        Column("unknown", N_("Without a conclusive result"), "count"),
        Column("inconclusive", N_("Inconclusive answers"), "count"),
        *(Column(rate, text, "share") for rate, text, _ in RATES[:2]),
        Column("hidden", N_("Months with something hidden"), "count"),
    )
    return FigureTable(name, title, columns, rows, notes)


def _pooled_table(
    whole: Sums, pooled: dict[str, tuple[Estimate, RandomEffects, tuple[ForestRow, ...]]]
) -> FigureTable:
    rows: list[tuple[Cell, ...]] = []
    for name, text, counts in RATES:
        if name not in pooled:
            continue
        middle, found, _ = pooled[name]
        reach = [_share_of_logit(x) for x in (found.predict_low, found.predict_high)]
        rows.append(
            (
                text,
                share(*counts(whole)),
                middle if math.isfinite(middle.low) else None,
                *reach,
                found.tau2,
                found.i2,
                None if math.isnan(found.p) else found.p,
                found.places,
            )
        )
    columns = (
        Column("figure", N_("Figure")),
        Column("summed", N_("All cases added up"), "share"),
        Column("pooled", N_("Middle of the clinics (95 % interval)"), "share"),
        Column("predict_low", N_("Another clinic, from"), "share"),
        Column("predict_high", N_("to"), "share"),
        Column("tau2", N_("Variance between clinics (logit)"), "score"),
        Column("i2", N_("I²"), "share"),
        Column("p", N_("p of heterogeneity"), "score"),
        Column("clinics", N_("Clinics"), "count"),
    )
    return FigureTable("pooled", N_("All clinics together"), columns, rows, (_POOLED,))


def _scores(whole: Sums) -> FigureTable:
    rows: list[tuple[Cell, ...]] = [
        (k / BINS, (k + 1) / BINS, *(whole.scores[name][k] for name in whole.scores))
        for k in range(BINS)
    ]
    columns = (
        *_TENTH,
        Column("with_covid", N_("With COVID-19"), "count"),
        Column("without_covid", N_("Without"), "count"),
        Column("unknown", N_("Without a conclusive result"), "count"),
    )
    note = N_("The score is how typical the film looks. Hidden counts are not added.")
    return FigureTable("scores", N_("Scores"), columns, rows, (note,))


def _calibration(whole: Sums) -> FigureTable:
    rows: list[tuple[Cell, ...]] = []
    for k in range(BINS):
        n = whole.stated["positive"][k] + whole.stated["negative"][k]
        mean = whole.stated_sum[k] / whole.stated_known[k] if whole.stated_known[k] else None
        rows.append((k / BINS, (k + 1) / BINS, n, mean, share(whole.stated["positive"][k], n)))
    columns = (
        *_TENTH,
        Column("cases", N_("Cases"), "count"),
        Column("mean_probability", N_("Mean probability given"), "share"),
        Column("observed", N_("With COVID-19 (95 % interval)"), "share"),
    )
    note = N_(
        "The probability of COVID-19 as each clinic's answers stated it, at the prevalence of its "
        "unit; cases without a conclusive result are not among them."
    )
    return FigureTable("calibration", N_("Do the probabilities come true?"), columns, rows, (note,))


def _drift(merged: Merged) -> FigureTable:
    rows: list[tuple[Cell, ...]] = []
    names = merged.bundles
    for one in merged.sent:
        for found in one.drift:
            said = " + ".join(found.alarms)
            rows.append(
                (
                    merged.labels[one.key],
                    found.unit,
                    names.get(found.bundle, found.bundle[:12]),
                    found.month,
                    {"scores": N_("scores"), "refusals": N_("films not analysed")}.get(
                        said, N_("scores and films not analysed") if said else ""
                    ),
                    found.distance,
                    found.p_scores,
                    found.p_refused,
                )
            )
    rows.sort(key=lambda row: (not row[4], row[0], row[1]))
    columns = (
        Column("clinic", N_("Clinic")),
        Column("unit", N_("Health unit")),
        Column("model", N_("Model")),
        Column("month", N_("Month")),
        Column("alarm", N_("Alarm")),
        Column("distance", N_("Largest difference (KS)"), "score"),
        Column("p_scores", N_("p, scores"), "score"),
        Column("p_refused", N_("p, not analysed"), "score"),
    )
    note = N_(
        "The latest hundred cases of each unit against its first two hundred, as tested there."
    )
    return FigureTable("drift", N_("Who drifts"), columns, rows, (note,))


def _share_of_logit(logit: float) -> float | None:
    return None if math.isnan(logit) else 1.0 / (1.0 + math.exp(-logit))


_TENTH: Final = (
    Column("from", N_("From"), "share"),
    Column("to", N_("to"), "share"),
)
