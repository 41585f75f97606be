"""What the rows of a table state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from covid_d.clinic.imports.case_rows import CaseRows, Consent, cases_in, read_film_table
from covid_d.errors import DatasetError
from covid_d.radiograph import Projection


def _cases(
    rows: Sequence[Mapping[str, str]], consent: Consent = Consent.COLUMN, encoding: str = "cp1252"
) -> tuple[CaseRows, ...]:
    headings = list(dict.fromkeys(heading for row in rows for heading in row))
    lines = [headings, *([row.get(heading, "") for heading in headings] for row in rows)]
    data = "".join(";".join(line) + "\r\n" for line in lines).encode(encoding)
    table = read_film_table("t.csv", data)
    return cases_in(table, unit_id=7, province="Guayas", consent=consent)


def _one(**cells: str) -> CaseRows:
    row = {"Archivo": "a.png", "Historia clínica": "HC-1"} | {
        name.replace("_", " "): text for name, text in cells.items()
    }
    (found,) = _cases([row])
    return found


def _faults(found: CaseRows) -> list[tuple[int, str, str]]:
    return [(one.row, one.heading, one.text.in_language("en")) for one in found.faults]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8-sig", "utf-16"])
def test_a_table_of_a_spanish_excel(encoding: str) -> None:
    row = {
        "Archivo": "carpeta\\niño.dcm", "Historia clínica": "HC-77", "Cédula": "171003406-5",
        "Edad (años)": "45,0", "Sexo": "Femenino", "Provincia": "SANTO DOMINGO",
        "Fecha de inicio de síntomas": "05/11/2026", "Síntomas": "fiebre, tos y disnea",
        "Antecedentes": "HTA, diabetes", "Saturación": "93 %", "Oxígeno": "No",
        "Dosis de vacuna": "2",
        "Consentimiento": "Sí", "Observaciones": "llegó caminando", "Proyección": "PA",
        "Motivo": "copia del disco",
    }  # fmt: skip
    (found,) = _cases([row], encoding=encoding)
    assert found.faults == ()
    assert found.rows == (2,)
    assert found.patient == ("HC-77", "1710034065", "")
    assert found.reason == "copia del disco"
    (film,) = found.films
    assert (film.row, film.name, film.projection) == (2, "carpeta\\niño.dcm", Projection.PA)
    expected: dict[str, Any] = {
        "patient_code": "HC-77", "unit_id": 7, "province": "Santo Domingo de los Tsáchilas",
        "national_id": "171003406-5", "age_years": 45, "adult": None, "sex": "F",
        "symptom_onset": date(2026, 11, 5), "symptoms": ("fever", "cough", "dyspnoea"),
        "comorbidities": ("hypertension", "diabetes"), "spo2": 93, "on_oxygen": False,
        "vaccine_doses": 2,
        "research_consent": True, "notes": "llegó caminando", "sample": False,
    }  # fmt: skip
    assert {name: getattr(found.case, name) for name in expected} == expected


def test_what_is_not_stated_is_not_known() -> None:
    case = _one().case
    assert case.province == "Guayas"  # the unit's
    assert (case.age_years, case.adult, case.sex, case.symptom_onset, case.spo2) == (None,) * 5
    assert case.symptoms == ()
    assert case.research_consent is False


@pytest.mark.parametrize(
    ("text", "years", "adult"),
    [("45", 45, None), ("8 meses", 0, None), ("45a", 45, None), ("2,5", 2, None),
     ("adulto", None, True), ("niña", None, False), ("", None, None), ("S/D", None, None)],
)  # fmt: skip
def test_ages(text: str, years: int | None, adult: bool | None) -> None:
    case = _one(Edad=text).case
    assert (case.age_years, case.adult) == (years, adult)


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("Edad", "mucha", "This is no age that can be read."),
        ("Sexo", "xyz", "This is no sex that can be read."),
        ("Proyección", "de frente y de lado", "This is no projection known here."),
        ("Provincia", "Lima", "This is none of the values known here."),
        ("FIS", "2026", "Write the day as 31/01/2026 or 2026-01-31."),
        ("Síntomas", "hipo", "This is none of the values known here."),
        ("SpO2", "93,5", "Enter a whole number from 40 to 100."),
        ("Consentimiento", "quizás", "Answer with yes or no."),
    ],
)
def test_a_cell_that_cannot_be_read_is_said_with_row_and_heading(
    column: str, text: str, said: str
) -> None:
    assert _faults(_one(**{column: text})) == [(2, column, said)]


def test_rows_of_one_patient_and_one_word_are_one_case() -> None:
    rows = [
        {"film": "a.png", "patient": "P1", "case": "1", "age": "40", "view": "PA"},
        {"film": "x.png", "patient": "P2", "case": "1", "age": "50", "view": "AP"},
        {"film": "b.png", "patient": "P1", "case": "1", "age": "", "view": "lateral"},
        {"film": "c.png", "patient": "P1", "case": "2", "age": "41", "view": ""},
    ]
    found = _cases(rows)
    assert [one.rows for one in found] == [(2, 4), (3,), (5,)]
    assert [film.name for film in found[0].films] == ["a.png", "b.png"]
    assert [film.projection for film in found[0].films] == [Projection.PA, Projection.LATERAL]
    assert [one.case.age_years for one in found] == [40, 50, 41]
    assert len({one.patient for one in found}) == 3


def test_without_such_a_word_each_row_is_a_case() -> None:
    rows = [{"film": name, "patient": "P1"} for name in ("a.png", "b.png")]
    assert [one.rows for one in _cases(rows)] == [(2,), (3,)]


def test_rows_of_one_case_that_differ_are_said() -> None:
    rows = [
        {"film": "a.png", "patient": "P1", "case": "1", "age": "40"},
        {"film": "b.png", "patient": "P1", "case": "1", "age": "41"},
    ]
    (found,) = _cases(rows)
    assert _faults(found) == [(3, "age", "Row 2 states it otherwise.")]


def test_m_beside_h_is_a_woman() -> None:
    rows = [{"film": f"{sex}.png", "patient": sex, "sexo": sex} for sex in ("H", "M")]
    assert [one.case.sex for one in _cases(rows)] == ["M", "F"]
    rows = [{"film": f"{sex}.png", "patient": sex, "sexo": sex} for sex in ("F", "M")]
    assert [one.case.sex for one in _cases(rows)] == ["F", "M"]


def test_a_column_with_the_month_first_is_not_guessed() -> None:
    days = ("03/04/2026", "11/29/2026", "04/04/2026", "2026-04-03")
    rows = [{"film": f"{n}", "patient": f"P{n}", "FIS": day} for n, day in enumerate(days)]
    found = _cases(rows)
    assert "two days" in _faults(found[0])[0][2]
    assert "31/01/2026" in _faults(found[1])[0][2]
    assert found[2].faults == found[3].faults == ()


def test_how_consent_is_stated() -> None:
    rows = [{"film": "a", "patient": f"P{text}", "consent": text} for text in ("sí", "no", "")]
    assert [one.case.research_consent for one in _cases(rows)] == [True, False, False]
    none = _cases(rows, Consent.NOT_GIVEN)
    assert [one.case.research_consent for one in none] == [False] * 3
    every = _cases(rows, Consent.GIVEN)
    assert [one.case.research_consent for one in every] == [True] * 3
    assert _faults(every[1]) == [
        (3, "consent", "The table says no, and the import says that all consented.")
    ]
    assert every[0].faults == every[2].faults == ()


def test_a_row_without_a_film_is_said() -> None:
    (found,) = _cases([{"film": "", "patient": "P1"}])
    assert _faults(found) == [(2, "film", "The row names no film.")]


def test_a_table_needs_films_and_patients() -> None:
    with pytest.raises(DatasetError, match="lacks the columns film"):
        read_film_table("t.csv", b"paciente;edad\nP1;40\n")
    with pytest.raises(DatasetError, match="lacks the columns patient_code or national_id"):
        read_film_table("t.csv", b"archivo;edad\na.png;40\n")
