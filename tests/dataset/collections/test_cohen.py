"""Cohen's collection: dirty metadata, flat and hierarchical findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from collection_factory import cohen_row, draw, write_cohen
from covid_d.dataset.collections import FilmRow, Modality, Reason
from covid_d.dataset.collections.cohen import CohenCollection
from covid_d.dataset.collections.vocabulary import label_of
from covid_d.dataset.manifest import Label
from covid_d.errors import DatasetError
from covid_d.radiograph import Projection, Sex


def rows_of(
    root: Path, *rows: dict[str, str], films: tuple[str, ...] = ("a.png",)
) -> list[FilmRow]:
    for seed, name in enumerate(films):
        draw(root / "images" / name, seed, size=64)
    return list(CohenCollection(write_cohen(root, rows)).rows())


def reason_of(row: FilmRow) -> str | None:
    return row.exclusion.reason if row.exclusion else None


@pytest.mark.parametrize(
    ("finding", "label"),
    [
        ("COVID-19", Label.COVID),
        ("COVID-19, ARDS", Label.COVID),
        ("Pneumonia/Viral/COVID-19", Label.COVID),
        ("Pneumonia/Viral/SARS", Label.NOCOVID),
        ("Pneumonia/Bacterial/Streptococcus", Label.NOCOVID),
        ("Pneumonia", Label.NOCOVID),
        ("SARS", Label.NOCOVID),
        ("ARDS", Label.NOCOVID),
        ("Tuberculosis", Label.NOCOVID),
        ("No Finding", Label.NOCOVID),
        ("todo", None),
        ("Unknown", None),
        ("", None),
        ("todo, Unknown", None),
    ],
)
def test_label_of(finding: str, label: Label | None) -> None:
    assert label_of(finding) is label


def test_a_row_is_read_whole(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, cohen_row("a.png", view="AP Supine", patientid="313b", age="61"))
    assert row == FilmRow(
        source="cohen",
        original="images/a.png",
        file=tmp_path / "images" / "a.png",
        label=Label.COVID,
        finding="COVID-19",
        patient="cohen:313b",
        projection=Projection.AP_SUPINE,
        projection_text="AP Supine",
        age=61.0,
        sex=Sex.MALE,
        license="CC BY-NC-SA",
        url="https://radiopaedia.org/articles/1",
    )
    assert row.subsource == "radiopaedia.org"
    assert not row.child


@pytest.mark.parametrize("view", ["PA", "AP", "AP Supine", "L", "?", ""])
def test_every_projection_is_yielded(tmp_path: Path, view: str) -> None:
    (row,) = rows_of(tmp_path, cohen_row("a.png", view=view))
    assert row.exclusion is None
    assert row.projection_text == view
    assert (row.projection is None) == (view in {"?", ""})


@pytest.mark.parametrize(
    ("modality", "view"), [("CT", "Axial"), ("CT", ""), ("", "Coronal"), ("X-ray", "Axial")]
)
def test_slices_are_computed_tomography(tmp_path: Path, modality: str, view: str) -> None:
    (row,) = rows_of(tmp_path, cohen_row("a.png", modality=modality, view=view, finding="todo"))
    assert row.modality is Modality.CT
    assert row.exclusion is None


@pytest.mark.parametrize(
    ("folder", "filename"), [("volumes", "x.nii.gz"), ("images", "X.NII.GZ"), ("volumes", "a.png")]
)
def test_volumes_are_left_out(tmp_path: Path, folder: str, filename: str) -> None:
    (row,) = rows_of(tmp_path, cohen_row(filename, folder=folder, modality="CT"))
    assert reason_of(row) == Reason.VOLUME


def test_what_cannot_be_used_says_why(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path,
        cohen_row("gone.png"),
        cohen_row("a.png", finding="todo"),
        cohen_row("a.png", finding="Unknown"),
        cohen_row(""),
        cohen_row("../../secret.png"),
        cohen_row("a.png", modality="MRI"),
    )
    assert [reason_of(row) for row in rows] == [
        Reason.MISSING,
        Reason.UNLABELLED,
        Reason.UNLABELLED,
        Reason.MISSING,
        Reason.UNSAFE,
        Reason.MODALITY,
    ]
    assert rows[3].original is None
    assert all(row.exclusion and row.exclusion.detail for row in rows)


def test_the_second_listing_of_a_file_is_left_out(tmp_path: Path) -> None:
    first, second = rows_of(
        tmp_path, cohen_row("a.png", patientid="285"), cohen_row("a.png", patientid="339")
    )
    assert first.exclusion is None
    assert reason_of(second) == Reason.LISTED_TWICE
    assert second.patient == "cohen:339"


def test_capitals_in_a_name_do_not_matter(tmp_path: Path) -> None:
    upper, exact = rows_of(
        tmp_path,
        cohen_row("mild.jpg"),
        cohen_row("a.png"),
        films=("mild.JPG", "a.png"),
    )
    assert upper.file == tmp_path / "images" / "mild.JPG"
    assert upper.original == "images/mild.jpg"
    assert exact.exclusion is None


def test_children_are_known_by_age(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path,
        *(cohen_row(f"a{age}.png", age=age) for age in ("17", "18", "")),
        films=("a17.png", "a18.png", "a.png"),
    )
    assert [row.child for row in rows] == [True, False, False]


def test_a_laboratory_result_is_read(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path,
        cohen_row("a.png", finding="COVID-19", RT_PCR_positive="N"),
        cohen_row("b.png", finding="todo", RT_PCR_positive="Y"),
        cohen_row("c.png", finding="Pneumonia", RT_PCR_positive="N"),
        cohen_row("d.png", finding="No Finding", RT_PCR_positive="Y"),
        cohen_row("e.png", finding="todo", RT_PCR_positive="N"),
        cohen_row("f.png", finding="COVID-19?", RT_PCR_positive="Unclear"),
        films=tuple(f"{name}.png" for name in "abcdef"),
    )
    assert [row.label for row in rows] == [None, Label.COVID, Label.NOCOVID, None, None, None]
    told = [row.exclusion.detail if row.exclusion else "" for row in rows]
    assert told == [
        "COVID-19, but RT-PCR negative", "", "", "No Finding, but RT-PCR positive", "todo",
        "COVID-19?",
    ]  # fmt: skip
    assert reason_of(rows[0]) == reason_of(rows[3]) == Reason.CONTRADICTORY


def test_what_is_not_understood_is_told(tmp_path: Path) -> None:
    (row,) = rows_of(
        tmp_path, cohen_row("a.png", finding="Hantavirus", view="AP foo", age="x", sex="?")
    )
    assert row.not_understood == (("label", "Hantavirus"), ("view", "AP foo"), ("age", "x"))
    assert row.unread_age == "x"
    assert row.label is None


def test_a_film_listed_with_two_findings_is_left_out_by_both_rows(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, cohen_row("a.png"), cohen_row("a.png", finding="SARS"))
    assert [reason_of(row) for row in rows] == [Reason.CONTRADICTORY] * 2
    told = [row.exclusion.detail for row in rows if row.exclusion]
    assert told[0] == "images/a.png: row 1 says COVID-19, but row 2 says SARS"


def test_empty_cells_are_unknown(tmp_path: Path) -> None:
    (row,) = rows_of(
        tmp_path, cohen_row("a.png", patientid="", sex="", age="", license="", url="", folder="")
    )
    assert (row.patient, row.sex, row.age, row.license, row.subsource) == ("", None, None, "", "")
    assert row.file == tmp_path / "images" / "a.png"


def test_without_metadata_it_is_no_such_collection(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"metadata\.csv"):
        list(CohenCollection(tmp_path).rows())


def test_wrong_columns_are_named(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("filename,finding\na,b\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="patientid, view, modality, folder"):
        list(CohenCollection(tmp_path).rows())
