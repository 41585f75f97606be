"""Rows of a table of laboratory results: what each states, and what of it cannot be accepted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from pydantic import BaseModel

from covid_d.clinic import sentences
from covid_d.clinic.cases import national_id
from covid_d.clinic.fields import LARGEST, Line, Words, fill
from covid_d.clinic.follow_up.entry import LONGEST_NOTES
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.imports.case_rows import RowFault
from covid_d.clinic.imports.cells import (
    MONTH_FIRST,
    NamedValue,
    TableDay,
    TableWhole,
    is_month_first,
    is_two_days,
    known_words,
)
from covid_d.clinic.imports.columns import LABORATORY
from covid_d.language import N_
from covid_d.plain_words import is_unstated
from covid_d.tables import ReadTable, parse_table

MOST_ROWS: Final = 20_000
_REQUIRED: Final = ("result", "day")
_WHOSE: Final = ("case", "patient_code", "national_id")
_RESULTS: Final = known_words(
    EntryKind.RT_PCR.values,
    {
        "positive": "positivo, positiva, pos, detectado, detectable, detected, reactivo, p",
        "negative": "negativo, negativa, neg, no detectado, no detectable, not detected, "
        "no reactivo, n",
        "indeterminate": "indeterminado, indeterminada, inconcluso, no concluyente, dudoso, "
        "inconclusive, equivocal",
    },
)
_TESTS: Final = known_words(
    {kind.value: kind.text for kind in EntryKind if kind.is_test},
    {
        "rt_pcr": "pcr, rt pcr, rtpcr, pcr rt, qrt pcr, rt qpcr, pcr covid, pcr sars cov 2, "
        "rt pcr sars cov 2, pcr en tiempo real, rt pcr en tiempo real, biologia molecular",
        "antigen": "antigeno, antigen, ag, prueba de antigeno, antigeno rapido, "
        "prueba rapida de antigeno, prueba rapida antigeno, test de antigeno, ag sars cov 2",
    },
)


class _ResultCells(BaseModel):
    """What a table says of a result."""

    case: Annotated[int | None, TableWhole(1, LARGEST)] = None
    patient_code: Annotated[str, Line(40)] = ""
    national_id: Annotated[str, Line(40)] = ""
    test: Annotated[str | None, NamedValue(words=_TESTS)] = None
    result: Annotated[str | None, NamedValue(words=_RESULTS)] = None
    day: Annotated[date | None, TableDay()] = None
    notes: Annotated[str, Words(LONGEST_NOTES)] = ""


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A result as a row of a table states it.

    Parameters
    ----------
    row
        As a spreadsheet numbers it.
    case, patient_code, national_id
        Whose it is, as far as stated; of the cédula its digits.
    kind, value, day
        Of which test, what it says, and the day of the sample; ``None`` where it cannot be read.
    notes
        Words.
    faults
        What cannot be accepted.
    """

    row: int
    case: int | None
    patient_code: str
    national_id: str
    kind: EntryKind | None
    value: str | None
    day: date | None
    notes: str
    faults: tuple[RowFault, ...]


def read_laboratory_table(name: str, data: bytes) -> ReadTable:
    """Return the table of an import of laboratory results.

    Raises
    ------
    DatasetError
        If it is no table, or says not whose results, what they are or of which day.
    """
    return parse_table(name, data, _REQUIRED, any_of=_WHOSE, names=LABORATORY)


def results_in(table: ReadTable, *, test: EntryKind | None = None) -> tuple[ResultRow, ...]:
    """Return the results of a table, in its order; a row whose result is empty is none.

    Parameters
    ----------
    table
        As read.
    test
        What test a row is of that does not say so.
    """
    american = is_month_first(cells.get("day", "") for cells in table.rows)
    found = []
    for number, cells in zip(table.numbers, table.rows, strict=True):
        if is_unstated(cells.get("result", "")):
            continue  # not known yet: laboratories send the whole list again and again
        found.append(_result(table, number, cells, american, test))
    return tuple(found)


def _result(
    table: ReadTable, number: int, cells: dict[str, str], american: bool, test: EntryKind | None
) -> ResultRow:
    filled = fill(_ResultCells, cells)
    wrong = dict(filled.errors)
    readable = {name: text for name, text in cells.items() if name not in wrong}
    told = fill(_ResultCells, readable).sound()
    kind = EntryKind(told.test) if told.test else test
    digits = national_id.normalise(told.national_id)
    if american and is_two_days(cells.get("day", "")):
        wrong.setdefault("day", MONTH_FIRST)
    if told.day is None:
        wrong.setdefault("day", N_("State the day."))
    if kind is None:
        wrong.setdefault("test", N_("State the test: RT-PCR or antigen."))
    if told.case is None and not told.patient_code and not digits:
        wrong.setdefault("case", N_("State the case, or the patient's code or cédula."))
    if digits and not national_id.is_valid(digits):
        wrong.setdefault("national_id", sentences.UNREADABLE)
    return ResultRow(
        number,
        told.case,
        told.patient_code,
        digits,
        kind,
        told.result,
        told.day,
        told.notes,
        tuple(RowFault(number, table.columns.get(name, ""), text) for name, text in wrong.items()),
    )
