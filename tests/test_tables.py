"""Tables as people save them, from any program."""

from __future__ import annotations

from pathlib import Path

import pytest

from covid_d.errors import DatasetError
from covid_d.tables import as_excel, no_formula, open_table, parse_table, read_table

NAMES = {
    "path": ("path", "ruta"),
    "label": ("label", "etiqueta"),
    "age": ("age", "edad", "edad anos"),
}
CELLS = [
    {"path": "a.png", "label": "neumonía", "age": "12,5"},
    {"path": "b.png", "label": "sano", "age": "40"},
]


def test_read_table_strips_and_fills(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("\ufeffa,b,\n 1 ,,x\n2\n", encoding="utf-8")
    assert list(read_table(table, ("a",))) == [{"a": "1", "b": ""}, {"a": "2", "b": ""}]


def test_read_table_names_the_columns(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("file,class\nx,y\n", encoding="utf-8")
    with pytest.raises(
        DatasetError, match=r"lacks the columns path, label; it has file, class"
    ) as e:
        list(read_table(table, ("path", "label")))
    assert e.value.next_step == "Expected at least: path, label."


def test_read_table_asks_for_one_of_several_columns(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("path,appearance\nx,y\n", encoding="utf-8")
    told = list(read_table(table, ("path",), any_of=("label", "appearance")))
    assert told == [{"path": "x", "appearance": "y"}]
    with pytest.raises(DatasetError, match="lacks the columns label or grade"):
        list(read_table(table, ("path",), any_of=("label", "grade")))


def test_read_table_of_an_empty_file(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_bytes(b"")
    with pytest.raises(DatasetError, match="it has none"):
        list(read_table(table, ("path",)))


def test_read_table_refuses_what_is_no_text(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_bytes(b"path,label\n\xff\xfe\x00,covid\n")
    with pytest.raises(DatasetError, match="not a CSV file in UTF-8, UTF-16 or Windows-1252"):
        list(read_table(table, ("path",)))


def test_read_table_of_no_file(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"Cannot read .*none\.csv"):
        list(read_table(tmp_path / "none.csv", ("path",)))


SPANISH = "ruta;Etiqueta;Edad (años);notas\r\na.png;neumonía;12,5;x\r\n\r\nb.png;sano;40;\r\n"


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("cp1252", "Windows-1252"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
    ],
)
@pytest.mark.parametrize("announced", ["", "sep=;\r\n", '"sep=;"\r\n'])
def test_what_a_spanish_excel_writes(
    tmp_path: Path, encoding: str, shown: str, announced: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes((announced + SPANISH).encode(encoding))
    table = open_table(path, ("path",), any_of=("label",), names=NAMES)
    assert list(table.rows) == CELLS
    assert table.ignored == ("notas",)
    assert table.understood == (
        f"t.csv: {shown}, semicolons; columns ruta = path, Etiqueta = label, "
        "Edad (años) = age; ignored notas"
    )


@pytest.mark.parametrize("mark", [",", "\t", "|"])
def test_other_marks_between_cells(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "t.csv"
    lines = [["path", "label", "age"], ["a.png", "neumonía", '"12,5"'], ["b.png", "sano", "40"]]
    path.write_text("\n".join(mark.join(line) for line in lines), encoding="utf-8")
    assert list(open_table(path, ("path",), names=NAMES).rows) == CELLS


def test_tabs_announced_by_excel(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("sep=\t\npath\tlabel\na,b.png\tx\n", encoding="utf-8")
    assert list(read_table(path, ("path", "label"))) == [{"path": "a,b.png", "label": "x"}]


def test_our_own_name_goes_before_another_that_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("ruta,path,etiqueta,label\n1,2,3,4\n", encoding="utf-8")
    table = open_table(path, ("path",), names=NAMES)
    assert table.rows == ({"path": "2", "label": "4"},)
    assert table.ignored == ("ruta", "etiqueta")


def test_a_value_cut_in_two_is_never_read_on(tmp_path: Path) -> None:
    """``12,5`` without quotes moves every cell behind it into a wrong column."""
    path = tmp_path / "t.csv"
    path.write_text("path,age,sex\na.png,40,F\nb.png,12,5,M\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"row 2: 4 cells under 3 headings") as error:
        open_table(path, ("path",))
    assert "12,5" in error.value.next_step


def test_commas_that_end_a_line_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("path,age\na.png,40,,,\n,,,\n", encoding="utf-8")
    assert list(read_table(path, ("path",))) == [{"path": "a.png", "age": "40"}]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("path,age\na.png,1\nb.png,2\n", (2, 3)),
        ("sep=,\npath,age\na.png,1\n", (2,)),  # Excel hides the line that tells the mark
        ("path,age\n\na.png,1\n,\nb.png,2\n", (3, 5)),
        ('path,age\n"a\n.png",1\nb.png,2\n', (2, 3)),  # a cell of two lines is one row
        ("path,age\n", ()),
    ],
)
def test_rows_bear_the_numbers_that_a_spreadsheet_shows(
    text: str, numbers: tuple[int, ...]
) -> None:
    table = parse_table("t.csv", text.encode(), ("path",))
    assert table.numbers == numbers
    assert len(table.rows) == len(numbers)


def test_a_file_that_was_sent_reads_as_one_on_the_disk(tmp_path: Path) -> None:
    data = "ruta;edad\nniño.png;12,5\n".encode("cp1252")
    (tmp_path / "t.csv").write_bytes(data)
    assert parse_table("t.csv", data, ("path",), names=NAMES) == open_table(
        tmp_path / "t.csv", ("path",), names=NAMES
    )
    with pytest.raises(DatasetError, match=r"sent\.csv lacks the columns path"):
        parse_table("sent.csv", b"a;b\n1;2\n", ("path",), names=NAMES)


def test_a_table_for_excel_reads_back_and_holds_no_formula() -> None:
    rows = [["a;b", "ñ"], ["=1+1", "línea\nnueva"], ["-5", ""]]
    text = as_excel([["uno", "dos"], *rows])
    assert text.splitlines()[0] == "uno;dos"
    assert "\r\n" in text
    found = parse_table("t.csv", text.encode("utf-8-sig"), ("uno",)).rows
    assert [row["uno"] for row in found] == ["a;b", "'=1+1", "'-5"]
    assert found[1]["dos"] == "línea\nnueva"


@pytest.mark.parametrize(("text", "safe"), [("=x", "'=x"), ("@x", "'@x"), ("x=", "x="), ("", "")])
def test_what_begins_like_a_formula_is_text(text: str, safe: str) -> None:
    assert no_formula(text) == safe
