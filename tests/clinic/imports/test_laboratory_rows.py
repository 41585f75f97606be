"""What a row of a laboratory's table states, and in what words it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.imports.laboratory_rows import ResultRow, read_laboratory_table, results_in
from covid_d.errors import DatasetError
from covid_d.language import LANGUAGES

CEDULA = "1710034065"
SOUND = {"caso": "12", "prueba": "PCR", "resultado": "positivo", "fecha de toma": "05/11/2026"}


def _rows(rows: Sequence[dict[str, str]], test: EntryKind | None = None) -> tuple[ResultRow, ...]:
    headings = list(dict.fromkeys(heading for row in rows for heading in row))
    lines = [headings, *([row.get(heading, "") for heading in headings] for row in rows)]
    data = "".join(";".join(line) + "\r\n" for line in lines).encode()
    return results_in(read_laboratory_table("lab.csv", data), test=test)


def _one(test: EntryKind | None = None, **changed: str) -> ResultRow:
    (found,) = _rows(
        [SOUND | {name.replace("_", " "): text for name, text in changed.items()}], test
    )
    return found


def _said(row: ResultRow, language: str = "en") -> dict[str, str]:
    return {fault.heading: fault.text.in_language(language) for fault in row.faults}  # type: ignore[arg-type]


def test_a_sound_row_is_all_that_it_states() -> None:
    row = _one(cedula="171003406-5", historia_clinica="HC-7", observaciones="CT 24")
    assert row == ResultRow(
        2, 12, "HC-7", CEDULA, EntryKind.RT_PCR, "positive", date(2026, 11, 5), "CT 24", ()
    )


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("POSITIVA", "positive"), ("Detectable", "positive"), ("reactivo", "positive"),
        ("P", "positive"), ("NO DETECTADO", "negative"), ("No reactivo", "negative"),
        ("neg.", "negative"), ("n", "negative"), ("Inconcluso", "indeterminate"),
        ("no concluyente", "indeterminate"), ("dudoso", "indeterminate"),
        ("equivocal", "indeterminate"),
    ],
)  # fmt: skip
def test_results_as_laboratories_write_them(word: str, value: str) -> None:
    row = _one(resultado=word)
    assert (row.value, row.faults) == (value, ())


def test_every_result_is_known_by_its_own_names_in_both_languages() -> None:
    for code, name in EntryKind.RT_PCR.values.items():
        for language in LANGUAGES:
            assert _one(resultado=name.in_language(language)).value == code


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("RT-qPCR", EntryKind.RT_PCR), ("PCR SARS-CoV-2", EntryKind.RT_PCR),
        ("Biología molecular", EntryKind.RT_PCR), ("rt_pcr", EntryKind.RT_PCR),
        ("Antígeno", EntryKind.ANTIGEN), ("AG SARS-CoV-2", EntryKind.ANTIGEN),
        ("Prueba rápida de antígeno", EntryKind.ANTIGEN),
    ],
)  # fmt: skip
def test_tests_as_laboratories_write_them(word: str, kind: EntryKind) -> None:
    assert _one(prueba=word).kind is kind


def test_an_antibody_test_is_neither() -> None:
    row = _one(prueba="IgG / IgM")
    assert row.kind is None
    assert _said(row) == {"prueba": "This is none of the values known here."}


def test_an_antibody_test_does_not_become_the_test_chosen_for_the_table_in_silence() -> None:
    row = _one(EntryKind.RT_PCR, prueba="serología")
    assert _said(row)["prueba"] == "This is none of the values known here."


def test_the_table_s_own_test_is_that_of_rows_that_do_not_say_it() -> None:
    silent, own = _rows([SOUND | {"prueba": ""}, SOUND], EntryKind.ANTIGEN)
    assert (silent.kind, own.kind) == (EntryKind.ANTIGEN, EntryKind.RT_PCR)
    assert silent.faults == own.faults == ()
    assert _said(_one(prueba="")) == {"prueba": "State the test: RT-PCR or antigen."}


@pytest.mark.parametrize("nothing", ["", "?", "S/D", "no consta", "No realizada", "TBD"])
def test_a_result_that_is_not_in_yet_is_no_row(nothing: str) -> None:
    found = _rows([SOUND | {"resultado": nothing, "fecha de toma": "never"}, SOUND])
    assert [row.row for row in found] == [3], "and nothing else of that row is looked at"


def test_what_no_row_may_leave_out() -> None:
    row = _one(caso="", prueba="", fecha_de_toma="")
    assert _said(row) == {
        "fecha de toma": "State the day.",
        "prueba": "State the test: RT-PCR or antigen.",
        "caso": "State the case, or the patient's code or cédula.",
    }
    assert _said(row, "es") == {
        "fecha de toma": "Indique la fecha.",
        "prueba": "Indique la prueba: RT-PCR o antígeno.",
        "caso": "Indique el caso, o el código o la cédula del paciente.",
    }
    assert (row.case, row.kind, row.day) == (None, None, None)
    assert row.value == "positive", "what can be read is kept"


@pytest.mark.parametrize("whose", [{"historia_clinica": "HC-1"}, {"cedula": CEDULA}])
def test_a_patient_is_enough(whose: dict[str, str]) -> None:
    assert _one(None, caso="", **whose).faults == ()


@pytest.mark.parametrize("wrong", ["1710034066", "171003406", "17100340655"])
def test_a_cedula_with_a_wrong_digit_is_said(wrong: str) -> None:
    row = _one(caso="", cedula=wrong)
    assert list(_said(row)) == ["cedula"], "and it is not called missing"
    assert _said(_one(cedula=wrong)) == _said(row), "the case's number does not excuse it"


@pytest.mark.parametrize(
    ("number", "case"), [("1", 1), ("12,0", 12), ("12.00", 12), ("2147483647", 2_147_483_647)]
)
def test_numbers_of_cases(number: str, case: int) -> None:
    assert _one(caso=number).case == case


@pytest.mark.parametrize("wrong", ["0", "-3", "2147483648", "12b", "1,5", "1e3"])
def test_what_is_no_number_of_a_case(wrong: str) -> None:
    row = _one(caso=wrong)
    assert row.case is None
    assert list(_said(row)) == ["caso"]


def test_one_american_day_makes_every_double_one_doubtful() -> None:
    days = ("03/04/2026", "11/29/2026", "04/04/2026", "2026-04-03")
    found = _rows([SOUND | {"fecha de toma": day} for day in days])
    said = [_said(row).get("fecha de toma", "") for row in found]
    assert "two days" in said[0]
    assert "31/01/2026" in said[1]
    assert said[2:] == ["", ""]
    assert [row.day for row in found[2:]] == [date(2026, 4, 4), date(2026, 4, 3)]
    (alone,) = _rows([SOUND | {"fecha de toma": days[0]}])
    assert alone.day == date(2026, 4, 3), "without it the day stands first"


def test_a_fault_names_the_row_as_the_spreadsheet_does() -> None:
    rows = [SOUND, SOUND | {"resultado": ""}, SOUND | {"resultado": "quizás"}]
    *_, last = _rows(rows)
    (fault,) = last.faults
    assert (fault.row, fault.heading) == (4, "resultado")


def test_a_column_that_is_missing_has_no_heading_to_name() -> None:
    data = b"caso;resultado;fecha\n5;positivo;05/11/2026\n"
    (row,) = results_in(read_laboratory_table("lab.csv", data))
    assert _said(row) == {"": "State the test: RT-PCR or antigen."}
    assert results_in(read_laboratory_table("lab.csv", data), test=EntryKind.RT_PCR)[0].faults == ()


@pytest.mark.parametrize(
    ("table", "lacks"),
    [
        (b"caso;fecha\n1;05/11/2026\n", "result"),
        (b"caso;resultado\n1;positivo\n", "day"),
        (b"resultado;fecha\npositivo;05/11/2026\n", "case or patient_code or national_id"),
    ],
)
def test_a_table_that_lacks_a_column_is_none(table: bytes, lacks: str) -> None:
    with pytest.raises(DatasetError, match=f"lacks the columns {lacks}"):
        read_laboratory_table("lab.csv", table)


cells = st.text(st.characters(codec="utf-8", exclude_characters=';"\r\n\x00'), max_size=12)


@given(case=cells, test=cells, result=cells, day=cells, cedula=cells)
@settings(max_examples=60, deadline=None)
def test_whatever_the_cells_hold_a_row_is_sound_or_says_why(
    case: str, test: str, result: str, day: str, cedula: str
) -> None:
    row = {"caso": case, "prueba": test, "resultado": result, "fecha de toma": day}
    for found in _rows([row | {"cedula": cedula}, SOUND]):
        whose = found.case or found.patient_code or found.national_id
        whole = bool(found.kind and found.value and found.day and whose)
        assert whole or found.faults
        assert all(fault.text.in_language("es") for fault in found.faults)
