"""The manifest of a folder: what folders' names and headers say, and nobody's name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

from collection_factory import draw
from covid_d.dataset.collections.folder import write_manifest
from covid_d.dataset.collections.manifest import ManifestCollection
from covid_d.errors import DatasetError
from covid_d.radiograph import Projection, Sex


def dicom(path: Path, patient: str, **tags: str) -> Path:
    """Write a chest film in DICOM, with a header as hospitals write it."""
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    film.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.SOPClassUID = ComputedRadiographyImageStorage
    film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID
    film.StudyInstanceUID = tags.pop("study", generate_uid())
    film.PatientID, film.PatientName, film.Modality = patient, "QUISPE^ANA", "CR"
    film.Rows = film.Columns = 256
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME2"
    film.BitsAllocated, film.BitsStored, film.HighBit, film.PixelRepresentation = 16, 12, 11, 0
    for keyword, value in tags.items():
        setattr(film, keyword, value)
    rng = np.random.default_rng(abs(hash(path.name)) % 1000)
    film.PixelData = rng.integers(0, 4096, (256, 256)).astype("<u2").tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    film.save_as(path, enforce_file_format=True)
    return path


def test_folders_named_by_class(tmp_path: Path) -> None:
    for number, name in enumerate(
        ["COVID-19/a.png", "sano/b.png", "Neumonía/x/c.png", "otros/d.png"]
    ):
        draw(tmp_path / name, number, size=128)
    written = write_manifest(tmp_path)
    rows = {row.original: row for row in ManifestCollection(written.path).rows()}
    assert {name: str(row.label) for name, row in rows.items()} == {
        "COVID-19/a.png": "covid",
        "sano/b.png": "nocovid",
        "Neumonía/x/c.png": "nocovid",
        "otros/d.png": "nocovid",
    }
    assert all(row.file for row in rows.values())
    assert written.classes == {"covid": 1, "nocovid": 3}


def test_a_folder_that_names_no_class_gives_none(tmp_path: Path) -> None:
    draw(tmp_path / "sospecha de COVID" / "a.png", 1, size=128)
    draw(tmp_path / "2020-03" / "b.png", 2, size=128)
    draw(tmp_path / "positivo" / "2020-03" / "c.png", 3, size=128)
    written = write_manifest(tmp_path)
    assert written.folders == {"2020-03": 1, "sospecha de COVID": 1}
    assert written.classes == {"covid": 1}
    assert written.films == 3


def test_folders_of_appearances(tmp_path: Path) -> None:
    for number, name in enumerate(["negative", "typical", "atípico"]):
        draw(tmp_path / "train" / name / f"{number}.png", number, size=128)
    written = write_manifest(tmp_path)
    assert written.classes == {"negative": 1, "typical": 1, "atypical": 1}
    looks = [str(row.appearance) for row in ManifestCollection(written.path).rows()]
    assert sorted(looks) == ["atypical", "negative", "typical"]


def test_negative_beside_positive_is_a_label(tmp_path: Path) -> None:
    draw(tmp_path / "negative" / "a.png", 1, size=128)
    draw(tmp_path / "positive" / "b.png", 2, size=128)
    assert write_manifest(tmp_path).classes == {"nocovid": 1, "covid": 1}


def test_headers_tell_the_patient_but_not_who(tmp_path: Path) -> None:
    dicom(
        tmp_path / "1" / "IM0001",
        "1712345678",
        PatientSex="F",
        PatientAge="045Y",
        ViewPosition="PA",
    )
    dicom(tmp_path / "1" / "IM0002.dcm", "1712345678", ViewPosition="AP")
    dicom(tmp_path / "2" / "IM0001", "1798765432", PatientAge="007Y")
    dicom(tmp_path / "3" / "IM0001", "", study="1.2.3")
    dicom(tmp_path / "3" / "IM0002", "", study="1.2.3")
    written = write_manifest(tmp_path)
    text = written.path.read_text(encoding="utf-8-sig")
    for secret in ("1712345678", "1798765432", "QUISPE", "1.2.3"):
        assert secret not in text
    rows = {row.original: row for row in ManifestCollection(written.path).rows()}
    source = ManifestCollection(written.path).name
    assert [row.patient.removeprefix(f"{source}:") for row in rows.values()] == [
        "p0001", "p0001", "p0002", "p0003", "p0003",
    ]  # fmt: skip
    first = rows["1/IM0001"]
    assert (first.age, first.sex, first.projection) == (45.0, Sex.FEMALE, Projection.PA)
    assert rows["2/IM0001"].child


def test_an_age_that_is_no_number_is_handed_on_in_its_own_words(tmp_path: Path) -> None:
    dicom(tmp_path / "a.dcm", "1", PatientAge="XXXY")
    dicom(tmp_path / "b.dcm", "2", PatientBirthDate="20150301", StudyDate="20200401")
    dicom(
        tmp_path / "c.dcm",
        "3",
        PatientAge="045Y",
        PatientBirthDate="20150301",
        StudyDate="20200401",
    )
    rows = {row.original: row for row in ManifestCollection(write_manifest(tmp_path).path).rows()}
    assert rows["a.dcm"].unread_age == "XXXY"
    assert (rows["b.dcm"].age, rows["b.dcm"].child) == (5.0, True)
    assert rows["c.dcm"].child


def test_what_cannot_be_read_is_told_and_not_listed(tmp_path: Path) -> None:
    draw(tmp_path / "sano" / "a.png", 1, size=128)
    (tmp_path / "sano" / "b.png").write_bytes(b"no film")
    (tmp_path / "sano" / "notes.txt").write_text("x", encoding="utf-8")
    (tmp_path / ".hidden").write_bytes(b"x")
    written = write_manifest(tmp_path)
    assert [name for name, _ in written.unread] == ["sano/b.png"]
    assert written.films == 1


def test_a_manifest_may_lie_above_and_never_beside(tmp_path: Path) -> None:
    draw(tmp_path / "films" / "sano" / "a.png", 1, size=128)
    written = write_manifest(tmp_path / "films", tmp_path / "list.csv")
    (row,) = ManifestCollection(written.path).rows()
    assert row.original == "films/sano/a.png"
    with pytest.raises(DatasetError, match="no path leads down"):
        write_manifest(tmp_path / "films", tmp_path / "other" / "list.csv")


def test_what_was_completed_by_hand_is_not_lost(tmp_path: Path) -> None:
    draw(tmp_path / "sano" / "a.png", 1, size=128)
    written = write_manifest(tmp_path)
    written.path.write_text("mine", encoding="utf-8")
    with pytest.raises(DatasetError, match="already exists"):
        write_manifest(tmp_path)
    assert written.path.read_text(encoding="utf-8") == "mine"
    write_manifest(tmp_path, overwrite=True)
    assert written.path.read_text(encoding="utf-8-sig").startswith("path,label")


def test_a_folder_without_films_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no film"):
        write_manifest(tmp_path)
