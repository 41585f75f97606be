"""The national report as files: one page that needs no other, a CSV a table, and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from covid_d import __version__
from covid_d.clinic.federation.report import NationalReport
from covid_d.clinic.statistics.table import Cell, Column, Hidden, to_csv
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.language import INTENDED_USE, N_, Language, Message, Text, localised

TITLE = N_("COVID-D in the country: figures of the clinics")
WARNING = N_(
    "Figures of the model in everyday use, on patients whom doctors chose to examine and to test. "
    "They are not a clinical study."
)


def files(report: NationalReport, language: Language) -> Iterator[tuple[str, str]]:
    """Yield the report's files: name and text."""
    yield "report.html", html(report, language)
    yield "report.json", json.dumps(report.to_dict(language), ensure_ascii=False, indent=1) + "\n"
    for name, table in report.tables.items():
        yield f"{name}.csv", to_csv(table, language)


def html(report: NationalReport, language: Language) -> str:
    """Return the report as one page with everything in it."""
    environment = Environment(
        loader=PackageLoader("covid_d.clinic", "federation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    tables = [
        {
            "title": table.title.in_language(language),
            "columns": [
                {"text": column.text.in_language(language), "number": column.is_number}
                for column in table.columns
            ],
            "rows": [
                [
                    _cell(cell, column, language)
                    for cell, column in zip(row, table.columns, strict=True)
                ]
                for row in table.rows
            ],
            "notes": [note.in_language(language) for note in table.notes],
        }
        for table in report.tables.values()
    ]
    return environment.get_template("report.html").render(
        language=language,
        title=TITLE.in_language(language),
        words=_words(report, language),
        plots=list(report.plots(language).values()),
        tables=tables,
    )


def unknown_keys(report: NationalReport) -> Text | None:
    """Return what is said of clinics whose keys nobody vouched for; nothing where all are known."""
    if not report.merged.unknown:
        return None
    return N_(
        "Nobody vouched for the keys of: %(clinics)s. Ask each clinic for its key by another way, "
        "and name those you know.",
        clinics=", ".join(report.merged.unknown),
    )


def _words(report: NationalReport, language: Language) -> dict[str, Any]:
    merged, unknown = report.merged, unknown_keys(report)
    made = N_("COVID-D %(version)s, %(n)d clinics.", version=__version__, n=len(merged.sent))
    model = N_("Model judged: %(model)s", model=merged.bundles.get(report.bundle, "—"))
    nothing = N_("Nothing to show yet.")
    return {
        "made": made.in_language(language),
        "warning": WARNING.in_language(language),
        "unknown": unknown.in_language(language) if unknown else "",
        "model": model.in_language(language),
        "nothing": nothing.in_language(language),
        "use": INTENDED_USE.in_language(language),
        "clinics": [
            f"{merged.labels[one.key]}: {one.first} – {one.last} · {one.key[:16]}"
            for one in merged.sent
        ],
    }


def _cell(cell: Cell, column: Column, language: Language) -> dict[str, str]:
    def number(value: float) -> str:
        said = f"{100 * value:.1f} %" if column.kind == "share" else f"{value:.3f}"
        return localised(said, language)

    if isinstance(cell, Estimate):
        interval = f"{number(cell.low)} – {number(cell.high)}, n = {cell.n}"
        return {"said": number(cell.value), "interval": interval}
    if isinstance(cell, Text | Message):
        return {"said": cell.in_language(language), "interval": ""}
    if isinstance(cell, float):
        return {"said": number(cell), "interval": ""}
    if isinstance(cell, date):
        return {"said": cell.isoformat(), "interval": ""}
    if isinstance(cell, Hidden):
        return {"said": cell.value, "interval": ""}
    return {"said": "—" if cell is None else str(cell), "interval": ""}
