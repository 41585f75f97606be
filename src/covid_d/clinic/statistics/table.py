"""One shape for every block of the dashboard: a table, from which page, chart and CSV are made."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, Final

from covid_d.evaluation.figures.estimate import Estimate
from covid_d.language import Language, Message, Text


class Hidden(Enum):
    """A count that is not shown because it is small, or would give a small one away."""

    SMALL = "*"


HIDDEN: Final = Hidden.SMALL
Cell = str | int | float | date | Text | Message | Estimate | Hidden | None
# A spreadsheet would take a text that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Parameters
    ----------
    name
        In the CSV file and in JSON.
    text
        What people read above it.
    kind
        ``text``, ``day``, ``count``, ``share`` (shown as per cent) or ``score`` (three decimals).
    """

    name: str
    text: Text
    kind: str = "text"

    @property
    def is_number(self) -> bool:
        """Whether it is set to the right."""
        return self.kind not in {"text", "day"}


@dataclass(frozen=True, slots=True)
class FigureTable:
    """One block.

    Parameters
    ----------
    name
        In addresses: ``days``.
    title
        What it shows.
    columns
        Their names are unique.
    rows
        As many cells as columns; ``None`` where there is nothing to say.
    notes
        Rules and limits that belong to it.
    left_out
        What is said of cases that it does not count for this person yet, if any.
    """

    name: str
    title: Text
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[Text] = ()
    left_out: Text | None = None


def to_csv(table: FigureTable, language: Language) -> str:
    """Return a table as CSV (RFC 4180); an estimate takes four columns: value, bounds, number.

    Every row is one of the table. That cases are left out is said by the name of the file
    (:func:`file_name`), so that figures that travel on their own do not pass for all of them.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    figures = [
        any(isinstance(row[place], Estimate) for row in table.rows)
        for place in range(len(table.columns))
    ]
    header: list[str] = []
    for column, figure in zip(table.columns, figures, strict=True):
        header.append(column.name)
        header += [f"{column.name}_{part}" for part in ("low", "high", "n")] if figure else []
    writer.writerow(header)
    for row in table.rows:
        written: list[str] = []
        for cell, figure in zip(row, figures, strict=True):
            written += _written(cell, language) if figure else _written(cell, language)[:1]
        writer.writerow(written)
    return buffer.getvalue()


def file_name(table: FigureTable, ending: str) -> str:
    """Return what a downloaded table is called; ``incomplete`` where it leaves cases out."""
    part = "" if table.left_out is None else "-incomplete"
    return f"covid-d-{table.name}{part}.{ending}"


def to_json(table: FigureTable, language: Language) -> dict[str, Any]:
    """Return a table for programs and charts; hidden cells are ``null``.

    ``left_out`` says which cases it does not count for this person, or is ``null``.
    """
    return {
        "title": table.title.in_language(language),
        "headers": {column.name: column.text.in_language(language) for column in table.columns},
        "rows": [
            {
                column.name: _plain(cell, language)
                for column, cell in zip(table.columns, row, strict=True)
            }
            for row in table.rows
        ],
        "left_out": table.left_out and table.left_out.in_language(language),
    }


def _written(cell: Cell, language: Language) -> list[str]:
    if isinstance(cell, Estimate):
        return [f"{x:.4f}" for x in (cell.value, cell.low, cell.high)] + [str(cell.n)]
    if isinstance(cell, Hidden):
        return [cell.value, "", "", ""]
    plain = _plain(cell, language)
    text = "" if plain is None else f"{plain:.4f}" if isinstance(plain, float) else str(plain)
    if isinstance(plain, str) and text.startswith(_FORMULA):
        text = "'" + text
    return [text, "", "", ""]


def _plain(cell: Cell, language: Language) -> Any:
    if isinstance(cell, Hidden):
        return None
    if isinstance(cell, Estimate):
        return cell.to_dict()
    if isinstance(cell, date):
        return cell.isoformat()
    return cell.in_language(language) if isinstance(cell, (Text, Message)) else cell
