"""Objects in a folder, without a network."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread

from covid_d.detector import Detector
from covid_d.pacs.write import AnswerFiles
from covid_d.radiograph import read
from films import grey8, part10, picture
from pacs_factory import hospital_film


@pytest.fixture
def writer(tmp_path: Path, detector: Detector) -> AnswerFiles:
    return AnswerFiles(tmp_path / "out", detector.bundle.spec.preprocessing, "es")


def write(writer: AnswerFiles, detector: Detector, path: Path) -> list[Path]:
    film = read(path)
    writer(path, film, detector.assess(film, activation=True))
    folder = path.parent / "out"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_a_dicom_film_gets_its_objects(
    writer: AnswerFiles, detector: Detector, tmp_path: Path
) -> None:
    film = tmp_path / "film.dcm"
    film.write_bytes(part10(hospital_film()))
    picture_file, report_file = write(writer, detector, film)
    assert picture_file.name.startswith("picture-2.25.")
    assert report_file.name.startswith("report-2.25.")
    report = dcmread(BytesIO(report_file.read_bytes()))
    assert report.StudyInstanceUID == hospital_film().StudyInstanceUID


def test_written_again_they_are_the_same(
    writer: AnswerFiles, detector: Detector, tmp_path: Path
) -> None:
    film = tmp_path / "film.dcm"
    film.write_bytes(part10(hospital_film()))
    first = [path.read_bytes() for path in write(writer, detector, film)]
    assert [path.read_bytes() for path in write(writer, detector, film)] == first


@pytest.mark.parametrize("beside", [True, False])
def test_a_dicom_film_gets_its_fhir_transaction(
    detector: Detector, tmp_path: Path, beside: bool
) -> None:
    film = tmp_path / "film.dcm"
    film.write_bytes(part10(hospital_film()))
    writer = AnswerFiles(
        tmp_path / "out" if beside else None,
        detector.bundle.spec.preprocessing,
        "es",
        fhir=tmp_path / "fhir",
    )
    objects = write(writer, detector, film)
    assert len(objects) == (2 if beside else 0)
    (file,) = (tmp_path / "fhir").iterdir()
    said = json.loads(file.read_text(encoding="utf-8"))
    assert (said["resourceType"], said["type"]) == ("Bundle", "transaction")
    kinds = [entry["resource"]["resourceType"] for entry in said["entry"]]
    assert {"DiagnosticReport", "Observation", "ImagingStudy", "Device"} <= set(kinds)
    if beside:
        assert file.stem == objects[1].stem, "named as the report that says the same"


def test_a_picture_has_no_study_and_gets_none(
    writer: AnswerFiles, detector: Detector, tmp_path: Path
) -> None:
    film = tmp_path / "film.png"
    film.write_bytes(picture(grey8(1)))
    assert write(writer, detector, film) == []


def test_a_file_that_is_gone_stops_nothing(
    writer: AnswerFiles, detector: Detector, tmp_path: Path
) -> None:
    assessment = detector.assess(tmp_path / "absent.dcm")
    writer(tmp_path / "absent.dcm", None, assessment)
    assert not (tmp_path / "out").exists()
