"""Headings that tables of the country have: each means one column, whatever its spelling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import pytest

from covid_d.clinic.imports.case_rows import read_film_table
from covid_d.clinic.imports.columns import FILMS, LABORATORY
from covid_d.clinic.imports.laboratory_rows import read_laboratory_table
from covid_d.plain_words import words_of

TABLES = {"films": FILMS, "laboratory": LABORATORY}


@pytest.mark.parametrize("name", TABLES)
def test_no_heading_means_two_columns(name: str) -> None:
    for (one, own), (other, theirs) in combinations(TABLES[name].items(), 2):
        assert not set(own) & set(theirs), f"{one} and {other}"


@pytest.mark.parametrize("name", TABLES)
def test_headings_are_written_as_they_are_compared(name: str) -> None:
    for headings in TABLES[name].values():
        assert [words_of(heading) for heading in headings] == list(headings)
        assert len(set(headings)) == len(headings)


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_known_by_our_own_name(name: str) -> None:
    for column, headings in TABLES[name].items():
        assert words_of(column) in headings


def _head(columns: Mapping[str, Sequence[str]], place: int) -> dict[str, str]:
    return {name: headings[place % len(headings)] for name, headings in columns.items()}


@pytest.mark.parametrize("place", range(20))
def test_every_spelling_finds_its_column(place: int) -> None:
    for columns, read in ((FILMS, read_film_table), (LABORATORY, read_laboratory_table)):
        head = _head(columns, place)
        cells = [f"<{name}>" for name in head]
        for spelt in (list(head.values()), [heading.upper() for heading in head.values()]):
            table = read("t.csv", (";".join(spelt) + "\n" + ";".join(cells) + "\n").encode())
            assert table.rows == ({name: f"<{name}>" for name in head},)
            assert table.columns == dict(zip(head, spelt, strict=True))
            assert table.ignored == ()


@pytest.mark.parametrize(
    ("spelt", "column"),
    [
        ("N.º de historia clínica", "patient_code"), ("Nº de historia clínica", "patient_code"),
        ("N° historia clínica", "patient_code"), ("No. Historia Clínica", "patient_code"),
        ("Nº de caso", "case"), ("Número de caso", "case"), ("C.I.", "national_id"),
        ("Cédula de ciudadanía", "national_id"), ("Nº de cédula", "national_id"),
        ("Fecha de toma", "day"), ("Fecha de toma (muestra)", "day"),
        ("RESULTADO DE LA PRUEBA", "result"),
    ],
)  # fmt: skip
def test_headings_as_a_laboratory_prints_them(spelt: str, column: str) -> None:
    head = {"case": "id caso", "result": "valor", "day": "date"} | {column: spelt}
    cells = [f"<{name}>" for name in head]
    data = ";".join(head.values()) + "\n" + ";".join(cells) + "\n"
    table = read_laboratory_table("t.csv", data.encode())
    assert table.columns.get(column) == spelt
    assert table.rows[0][column] == f"<{column}>"


def test_a_date_of_birth_is_never_taken_for_the_sample_s_day() -> None:
    head = b"caso;resultado;fecha de nacimiento;fecha de toma\n1;positivo;01/02/1950;05/11/2026\n"
    table = read_laboratory_table("t.csv", head)
    assert table.columns["day"] == "fecha de toma"
    assert table.ignored == ("fecha de nacimiento",)


def test_the_most_telling_of_two_headings_is_taken() -> None:
    head = b"archivo;radiografia;paciente;historia clinica\nx.csv;a.png;Ana;HC-1\n"
    table = read_film_table("t.csv", head)
    assert table.rows[0]["film"] == "a.png"
    assert table.rows[0]["patient_code"] == "HC-1"
    assert table.ignored == ("archivo", "paciente")
