"""Kermany's children, in Kaggle's layout."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from collection_factory import make_kermany
from covid_d.dataset.collections.kermany import KermanyCollection, patient_of
from covid_d.dataset.manifest import Label
from covid_d.errors import DatasetError


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("person123_bacteria_456.jpeg", "person123"),
        ("person1_virus_6.jpeg", "person1"),
        ("IM-0115-0001.jpeg", "IM-0115"),
        ("IM-0543-0001-0002.jpeg", "IM-0543"),
        ("NORMAL2-IM-1406-0001.jpeg", "NORMAL2-IM-1406"),
        ("NORMAL2-IM-0840-0001-0002.jpeg", "NORMAL2-IM-0840"),
        ("scan.jpeg", ""),
        ("person_bacteria.jpeg", ""),
    ],
)
def test_patient_of(name: str, patient: str) -> None:
    assert patient_of(name) == patient


def test_rows_of_every_folder(tmp_path: Path) -> None:
    rows = list(KermanyCollection(make_kermany(tmp_path, each=6)).rows())
    assert len(rows) == 12
    assert {row.label for row in rows} == {Label.NOCOVID}
    assert all(row.child and row.age is None and row.exclusion is None for row in rows)
    assert {row.license for row in rows} == {"CC BY 4.0"}
    assert {row.subsource for row in rows} == {"data.mendeley.com"}
    assert [row.original for row in rows] == sorted(
        (row.original or "" for row in rows),
        key=lambda path: (["train", "val", "test"].index(path.split("/")[0]), path),
    )


def test_findings_follow_the_names(tmp_path: Path) -> None:
    root = make_kermany(tmp_path, each=1)
    ill = root / "train" / "PNEUMONIA"
    shutil.copy(ill / "person0_bacteria_7.jpeg", ill / "person3_virus_15.jpeg")
    shutil.copy(ill / "person0_bacteria_7.jpeg", ill / "unnamed.jpeg")
    found = {row.file.name: row.finding for row in KermanyCollection(root).rows() if row.file}
    assert found == {
        "IM-0000-0001.jpeg": "Normal",
        "person0_bacteria_7.jpeg": "Bacterial pneumonia",
        "person3_virus_15.jpeg": "Viral pneumonia",
        "unnamed.jpeg": "Pneumonia",
    }


def test_one_number_is_one_patient_whatever_the_folder(tmp_path: Path) -> None:
    root = make_kermany(tmp_path, each=1)
    other = root / "test" / "PNEUMONIA"
    other.mkdir(parents=True)
    shutil.copy(
        root / "train" / "PNEUMONIA" / "person0_bacteria_7.jpeg", other / "person0_virus_1.jpeg"
    )
    patients = [row.patient for row in KermanyCollection(root).rows() if "person" in row.patient]
    assert patients == ["kermany:person0"] * 2


def test_hidden_files_are_no_films(tmp_path: Path) -> None:
    root = make_kermany(tmp_path, each=1)
    (root / "train" / "NORMAL" / ".DS_Store").write_bytes(b"x")
    assert len(list(KermanyCollection(root).rows())) == 2


def test_the_unpacked_parent_folder_will_do(tmp_path: Path) -> None:
    make_kermany(tmp_path / "chest_xray", each=2)
    rows = list(KermanyCollection(tmp_path).rows())
    assert len(rows) == 4
    assert rows[0].original == "train/NORMAL/IM-0000-0001.jpeg"


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="not the chest X-ray pneumonia set") as error:
        list(KermanyCollection(tmp_path).rows())
    assert "NORMAL and PNEUMONIA" in error.value.next_step
