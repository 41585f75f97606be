"""A user's own table of counts: read as spreadsheets write it, refused with its line."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from covid_d.detector import CATEGORIES, Appearance
from covid_d.detector.assessment import PUBLISHED_TABLE
from covid_d.detector.likelihood import Counts
from covid_d.detector.own_counts import LEAST, read_counts
from covid_d.detector.words import covid_in_words
from covid_d.errors import CovidDError

ENGLISH = """study,group,negative,atypical,indeterminate,typical
Our hospital,covid,30,12,18,40
Our hospital,other,90,30,24,6
"""
SPANISH = """\ufeffEstudio;Grupo;Típico;Indeterminado;Atípico;Sin neumonía\r
Our hospital;COVID-19;40;18;12;30\r
Our hospital;Otros;6;24;30;90\r
;;;;;\r
"""
EVEN = (0.25, 0.25, 0.25, 0.25)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ours.csv"
    path.write_text(ENGLISH, encoding="utf-8")
    return path


def of_text(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "counts.csv"
    path.write_bytes(text.encode())
    return path


def said_of(tmp_path: Path, text: str) -> str:
    with pytest.raises(CovidDError) as caught:
        read_counts(of_text(tmp_path, text))
    return str(caught.value)


def test_the_counts_are_those_of_the_file(file: Path) -> None:
    (study,) = read_counts(file).studies
    assert study.name == "Our hospital"
    assert study.covid == Counts(typical=40, rest=(30, 12, 18))
    assert study.other == Counts(typical=6, rest=(90, 30, 24))


def test_what_a_spanish_spreadsheet_writes_is_the_same(tmp_path: Path, file: Path) -> None:
    spanish = read_counts(of_text(tmp_path, SPANISH))
    english = read_counts(file)
    assert spanish.studies[0].covid == english.studies[0].covid
    assert spanish.studies[0].other == english.studies[0].other
    assert spanish.pooled == english.pooled


def test_a_sure_film_is_worth_its_share_with_covid_over_that_without(file: Path) -> None:
    """Reckoned apart: a film added to each count of the splits typical or not, and the rest."""
    typical = {category: float(category is Appearance.TYPICAL) for category in CATEGORIES}
    ratio = ((40 + 1) / (100 + 2)) / ((6 + 1) / (150 + 2))
    odds = 0.1 / 0.9 * ratio
    found = read_counts(file).covid(typical, EVEN, 0.1)
    assert found.value == pytest.approx(odds / (1 + odds))
    assert found.low < found.value < found.high


def test_answers_name_the_study_and_the_very_file(file: Path) -> None:
    digest = hashlib.sha256(ENGLISH.encode()).hexdigest()
    table = read_counts(file)
    assert table.name == f"Our hospital ({digest[:8]})"
    covid = table.covid(dict.fromkeys(CATEGORIES, 0.25), EVEN, 0.1)
    assert covid.table == table.name
    assert not covid.is_published
    assert f'by the table "{table.name}"' in covid_in_words(covid).en
    assert f"según la tabla «{table.name}»" in covid_in_words(covid).es


def test_one_count_changed_is_another_table(tmp_path: Path, file: Path) -> None:
    changed = of_text(tmp_path, ENGLISH.replace("40", "41"))
    assert read_counts(changed).name != read_counts(file).name


def test_nobody_can_give_his_table_the_published_ones_name(tmp_path: Path) -> None:
    named = of_text(tmp_path, ENGLISH.replace("Our hospital", PUBLISHED_TABLE))
    assert read_counts(named).name != PUBLISHED_TABLE


def test_several_studies_are_added_up(tmp_path: Path) -> None:
    second = "Theirs,other,10,10,10,10\nTheirs,covid,5,5,5,25\n"
    table = read_counts(of_text(tmp_path, ENGLISH + second))
    assert [study.name for study in table.studies] == ["Our hospital", "Theirs"]
    assert table.name.startswith("Our hospital + Theirs (")
    covid, other = table.pooled
    assert covid[3] == pytest.approx((40 + 25 + 1) / (100 + 40 + 2))
    assert other[3] == pytest.approx((6 + 10 + 1) / (150 + 40 + 2))


@pytest.mark.parametrize(
    ("changed", "by", "said"),
    [
        ("typical\n", "classic\n", "each of these columns once: typical"),
        ("study,", "typical,", "each of these columns once: study, typical"),
        (",40\n", ",forty\n", "line 2: 'forty' is no count of films"),
        (",40\n", ",-4\n", "line 2: '-4' is no count"),
        (",40\n", ",4.0\n", "line 2: '4.0' is no count"),
        (",40\n", ",4_0\n", "line 2: '4_0' is no count"),
        (",40\n", ",٤٠\n", "is no count"),
        (",40\n", ",\n", "line 2: '' is no count"),
        (",40\n", ",99999999999\n", "is no count"),
        (",40\n", ",40,1\n", "line 2 has another number of cells"),
        ("other", "ill", "line 3: the group 'ill' is neither covid nor other"),
        ("other", "covid", "line 3 gives a group a second time"),
        ("Our hospital,other,90,30,24,6\n", "", "the study 'Our hospital' lacks one of its two"),
        ("Our hospital,other", "Another,other", "lacks one of its two groups"),
        ("Our hospital,covid", ",covid", "a study needs a name"),
        ("Our hospital,covid", "O" * 81 + ",covid", "a study needs a name"),
        ("Our hospital,covid", "a\tb,covid", "a study needs a name"),
        ("30,12,18,40", "1,2,3,3", "line 2 counts 9 films; 10 are needed"),
        ("Our hospital,other", '"Our "hospital,other', "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, changed: str, by: str, said: str
) -> None:
    assert changed in ENGLISH
    found = said_of(tmp_path, ENGLISH.replace(changed, by, 1))
    assert said in found
    assert "counts.csv" in found
    assert "Columns: study, group, negative" in found


def test_ten_films_are_enough(tmp_path: Path) -> None:
    least = ENGLISH.replace("30,12,18,40", f"{LEAST},0,0,0")
    assert read_counts(of_text(tmp_path, least)).studies[0].covid.parts == (LEAST, 0, 0)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    assert "holds no row" in said_of(tmp_path, ENGLISH.partition("\n")[0])
    assert "each of these columns once" in said_of(tmp_path, "")
    assert "too large" in said_of(tmp_path, ENGLISH + "\n" * 1024**2)
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (binary, tmp_path / "none.csv", tmp_path):
        with pytest.raises(CovidDError, match="cannot be read"):
            read_counts(path)


def test_the_error_is_said_in_spanish_too(tmp_path: Path) -> None:
    with pytest.raises(CovidDError) as caught:
        read_counts(of_text(tmp_path, ENGLISH.replace(",40\n", ",x\n")))
    message, next_step = caught.value.in_language("es")
    assert "línea 2: «x»" in message or "línea 2: 'x'" in message
    assert next_step.startswith("Columnas:")
