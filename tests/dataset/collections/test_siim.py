"""The SIIM challenge: films graded by appearance, which is not disease."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from collection_factory import SIIM_COLUMNS, draw, make_siim, write_csv, write_siim
from covid_d.appearance import Appearance
from covid_d.dataset.build.licenses import terms_of
from covid_d.dataset.collections import FilmRow, Reason, open_collection
from covid_d.dataset.collections.siim import SiimCollection
from covid_d.errors import DatasetError


def rows_of(
    root: Path, studies: dict[str, str], images: list[tuple[str, str]], films: tuple[str, ...]
) -> list[FilmRow]:
    for seed, name in enumerate(films):
        draw(root / "train" / name, seed, size=64)
    return list(SiimCollection(write_siim(root, studies, images)).rows())


def told(row: FilmRow) -> tuple[str, str] | None:
    return (str(row.exclusion.reason), row.exclusion.detail) if row.exclusion else None


def test_a_row_is_read_whole(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, {"5776db": "0100"}, [("000a31", "5776db")], ("000a31.jpg",))
    assert row == FilmRow(
        source="siim",
        original="train/000a31.jpg",
        file=tmp_path / "train" / "000a31.jpg",
        label=None,
        appearance=Appearance.TYPICAL,
        finding="Typical Appearance",
        patient="siim:5776db",
        license=row.license,
        url="https://www.kaggle.com/c/siim-covid19-detection",
    )
    assert not terms_of(row.license).derivatives


@pytest.mark.parametrize(
    ("marks", "appearance"),
    [
        ("1000", Appearance.NEGATIVE),
        ("0100", Appearance.TYPICAL),
        ("0010", Appearance.INDETERMINATE),
        ("0001", Appearance.ATYPICAL),
    ],
)
def test_every_grade_is_read_and_none_is_a_label(
    tmp_path: Path, marks: str, appearance: Appearance
) -> None:
    (row,) = rows_of(tmp_path, {"s": marks}, [("a", "s")], ("a.jpg",))
    assert row.appearance is appearance
    assert row.label is None


def test_a_study_stands_for_the_patient(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path,
        {"s": "0100", "t": "1000"},
        [("a", "s"), ("b", "s"), ("c", "t")],
        ("a.jpg", "b.jpg", "c.jpg"),
    )
    assert [row.patient for row in rows] == ["siim:s", "siim:s", "siim:t"]


def test_films_are_found_as_jpeg_png_or_as_the_challenge_lays_them_out(tmp_path: Path) -> None:
    draw(tmp_path / "made.png", 1, size=64)
    place = tmp_path / "train" / "0a1b" / "77aa" / "c.dcm"
    place.parent.mkdir(parents=True)
    shutil.copy(tmp_path / "made.png", place)
    rows = rows_of(
        tmp_path,
        {"0a1b": "0100"},
        [("a", "0a1b"), ("b", "0a1b"), ("c", "0a1b")],
        ("a.jpg", "b.png"),
    )
    assert [row.original for row in rows] == [
        "train/a.jpg",
        "train/b.png",
        "train/0a1b/77aa/c.dcm",
    ]
    assert rows[2].file == place


def test_what_cannot_be_used_says_why(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path,
        {"none": "0000", "two": "1100", "odd": "0x00", "good": "1000", "filmless": "0100"},
        [
            ("a", "none"),
            ("b", "two"),
            ("c", "odd"),
            ("d", "unknown"),
            ("e", ""),
            ("gone", "good"),
            ("", "good"),
            ("../a", "good"),
            ("f", "../train"),
        ],
        ("a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "f/x.jpg"),
    )
    assert [told(row) for row in rows] == [
        ("unlabelled", "study none has no appearance"),
        ("contradictory", "study two: Negative for Pneumonia, Typical Appearance"),
        ("unlabelled", "study odd: Typical Appearance: x"),
        ("unlabelled", "train_study_level.csv has no study unknown"),
        ("unlabelled", "the row names no study"),
        ("missing_file", "gone"),
        ("missing_file", "the row names no film"),
        ("unsafe_path", "train/../a.jpg"),
        ("missing_file", "f"),
        ("missing_file", "no film of the study filmless"),
    ]
    assert rows[1].appearance is None


def test_a_study_listed_twice_with_two_grades_has_none(tmp_path: Path) -> None:
    write_siim(tmp_path, {}, [("a", "s")])
    draw(tmp_path / "train" / "a.jpg", 1, size=64)
    marks = [("s_study", *"1000"), ("s_study", *"0100")]
    rows = [dict(zip(SIIM_COLUMNS, row, strict=True)) for row in marks]
    write_csv(tmp_path / "train_study_level.csv", SIIM_COLUMNS, rows)
    (row,) = SiimCollection(tmp_path).rows()
    assert row.exclusion
    assert row.exclusion.reason is Reason.CONTRADICTORY


def test_a_film_listed_under_two_studies(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path,
        {"s": "1000", "t": "0100", "u": "1000"},
        [("a", "s"), ("a", "t"), ("b", "s"), ("b", "u")],
        ("a.jpg", "b.jpg"),
    )
    assert [row.exclusion.reason if row.exclusion else None for row in rows] == [
        Reason.CONTRADICTORY,
        Reason.CONTRADICTORY,
        None,
        Reason.LISTED_TWICE,
    ]


def test_ids_without_their_suffix_are_the_same(tmp_path: Path) -> None:
    draw(tmp_path / "train" / "a.jpg", 1, size=64)
    study = dict(zip(SIIM_COLUMNS, ("s", *"0010"), strict=True))
    write_csv(tmp_path / "train_study_level.csv", SIIM_COLUMNS, [study])
    image = {"id": "a", "StudyInstanceUID": "s_study"}
    write_csv(tmp_path / "train_image_level.csv", image, [image])
    (row,) = SiimCollection(tmp_path).rows()
    assert (row.appearance, row.patient) == (Appearance.INDETERMINATE, "siim:s")


@pytest.mark.parametrize("name", ["train_study_level.csv", "train_image_level.csv"])
def test_without_its_tables_it_is_no_such_collection(tmp_path: Path, name: str) -> None:
    make_siim(tmp_path, each=1)
    (tmp_path / name).unlink()
    with pytest.raises(DatasetError, match=name):
        list(SiimCollection(tmp_path).rows())


def test_it_is_installed(tmp_path: Path) -> None:
    make_siim(tmp_path, each=2)
    rows = list(open_collection("siim", tmp_path).rows())
    assert len(rows) == 12
    assert all(row.exclusion is None for row in rows)
