"""The collection protocol, its registry, and what all collections parse alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from covid_d.appearance import Appearance
from covid_d.dataset.collections import (
    Collection,
    Exclusion,
    FilmRow,
    Modality,
    Reason,
    available_collections,
    open_collection,
)
from covid_d.dataset.collections.base import (
    host_of,
    locate,
    parse_age,
    parse_projection,
    parse_sex,
    read_table,
)
from covid_d.dataset.manifest import Label
from covid_d.errors import DatasetError
from covid_d.radiograph import Projection, Sex


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://radiopaedia.org/cases/covid-19?lang=us", "radiopaedia.org"),
        ("https://www.SIRM.org/2020/03/08/covid-19-caso-13/", "sirm.org"),
        ("http://user@example.org:8080/x", "example.org"),
        ("", ""),
        ("10.1056/nejmc2001272", ""),
        ("http://[broken", ""),
    ],
)
def test_host_of(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("65", 65.0),
        ("0.5", 0.5),
        # In the public collections 0 is an infant's age, not a missing one.
        ("0", 0.0),
        ("120", 120.0),
        ("", None),
        ("414", None),
        ("-3", None),
        ("nan", None),
        ("30-40", None),
    ],
)
def test_parse_age(text: str, age: float | None) -> None:
    assert parse_age(text) == age


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("M", Sex.MALE),
        ("female", Sex.FEMALE),
        (" Male ", Sex.MALE),
        ("f", Sex.FEMALE),
        ("other", Sex.OTHER),
        ("", None),
        ("?", None),
        ("mem", None),
    ],
)
def test_parse_sex(text: str, sex: Sex | None) -> None:
    assert parse_sex(text) is sex


@pytest.mark.parametrize(
    ("text", "projection"),
    [
        ("PA", Projection.PA),
        ("AP", Projection.AP),
        ("AP Supine", Projection.AP_SUPINE),
        ("ap_erect", Projection.AP),
        ("L", Projection.LATERAL),
        ("Lateral", Projection.LATERAL),
        ("?", None),
        ("", None),
        ("Axial", None),
    ],
)
def test_parse_projection(text: str, projection: Projection | None) -> None:
    assert parse_projection(text) is projection


def test_locate_finds_a_film(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "film.png").write_bytes(b"x")
    assert locate(tmp_path, "a/film.png") == (tmp_path / "a" / "film.png", None)
    assert locate(tmp_path, "a\\film.png")[0] == tmp_path / "a" / "film.png"


@pytest.mark.parametrize("path", ["../secret.png", "/etc/passwd", "a/../../b", "C:/x.png", "C:\\x"])
def test_locate_never_leaves_the_collection(tmp_path: Path, path: str) -> None:
    (tmp_path.parent / "secret.png").write_bytes(b"x")
    file, exclusion = locate(tmp_path, path)
    assert file is None
    assert exclusion == Exclusion(Reason.UNSAFE, path)


@pytest.mark.parametrize("path", ["", "gone.png", "x" * 400, "nul\0.png"])
def test_locate_names_what_is_missing(tmp_path: Path, path: str) -> None:
    file, exclusion = locate(tmp_path, path)
    assert file is None
    assert exclusion is not None
    assert exclusion.reason is Reason.MISSING


def test_a_folder_is_no_film(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert locate(tmp_path, "a")[0] is None


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
    with pytest.raises(DatasetError, match="not a CSV file in UTF-8"):
        list(read_table(table, ("path",)))


def test_read_table_of_no_file(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"Cannot read .*none\.csv"):
        list(read_table(tmp_path / "none.csv", ("path",)))


def test_the_collections_are_installed() -> None:
    assert {"cohen", "kermany", "manifest", "siim"} <= set(available_collections())


@pytest.mark.parametrize("kind", ["cohen", "kermany", "manifest", "siim"])
def test_every_plug_in_keeps_the_protocol(kind: str, tmp_path: Path) -> None:
    collection = open_collection(kind, tmp_path)
    assert isinstance(collection, Collection)
    assert collection.name
    assert collection.citation


def test_an_unknown_kind_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="Unknown collection kind 'padchest'") as error:
        open_collection("padchest", tmp_path)
    assert "cohen, kermany, manifest" in error.value.next_step


def test_a_row_has_a_file_or_a_reason(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="either a file or a reason"):
        FilmRow(source="x", original="a.png")
    with pytest.raises(ValueError, match="either a file or a reason"):
        FilmRow(source="x", original="a.png", file=tmp_path, exclusion=Exclusion(Reason.MISSING))


def test_a_radiograph_needs_a_label_or_an_appearance_and_ct_does_not(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs a label"):
        FilmRow(source="x", original="a.png", file=tmp_path)
    row = FilmRow(source="x", original="a.png", file=tmp_path, appearance=Appearance.TYPICAL)
    assert row.has_class
    row = FilmRow(source="x", original="a.png", file=tmp_path, modality=Modality.CT)
    assert row.label is None
    assert FilmRow(source="x", original="a", file=tmp_path, label=Label.COVID).subsource == ""
