"""What leaves the clinic: labelled films without identity, and nothing without consent."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import timedelta
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from sqlalchemy import select

from clinic_clock import today
from clinic_factory import phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.collection.documents import ExportTerms, License
from covid_d.clinic.collection.export import COLUMNS, SUMS, Export, exporter
from covid_d.clinic.collection.selection import NotExported
from covid_d.clinic.database.cases import Case, Film, FollowUp
from covid_d.clinic.database.operations import AuditEntry, CollectionExport
from covid_d.clinic.errors import ClinicError, ForbiddenError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import CovidDError
from covid_d.radiograph import read
from episode_factory import add, follow_up

from .conftest import Enter, Exported

POSITIVE, NEGATIVE = {"rt_pcr": "positive"}, {"rt_pcr": "negative"}


def _metadata(files: dict[str, bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files["metadata.csv"].decode())))


def test_the_rows_say_what_the_laboratory_said(enter: Enter, exported: Exported) -> None:
    enter(1, POSITIVE, age_years=95, sex="M", symptom_onset=today() - timedelta(days=5))
    enter(2, NEGATIVE, age_years=18, symptom_onset=None)
    enter(3, {"rt_pcr": "indeterminate", "antigen": "positive"})
    files, made = exported()
    rows = _metadata(files)
    assert [row["finding"] for row in rows] == ["COVID-19", "Laboratory negative", "COVID-19"]
    assert [row["RT_PCR_positive"] for row in rows] == ["Y", "N", ""]
    assert [row["antigen_positive"] for row in rows] == ["", "", "Y"]
    assert [row["age"] for row in rows] == ["89", "18", "54"]
    assert [row["offset"] for row in rows] == ["5", "", "5"]
    assert {row["view"] for row in rows} == {"PA"}
    assert {row["license"] for row in rows} == {"CC BY-NC-SA 4.0"}
    assert tuple(rows[0]) == COLUMNS
    assert {f"images/{row['filename']}" for row in rows} <= set(files)
    assert made.result is not None
    assert (made.result.films, made.result.cases, made.result.patients) == (3, 3, 3)


@pytest.mark.postgres
def test_days_of_illness_are_those_of_the_film_where_its_day_is_known(
    installation: Installation, enter: Enter, exported: Exported
) -> None:
    onset = today() - timedelta(days=9)
    taken = [onset + timedelta(days=2), None, today() + timedelta(days=30)]
    for seed, day in enumerate(taken, start=1):
        enter(seed, POSITIVE, symptom_onset=onset)
        with installation.writing() as session:
            film = session.scalars(select(Film).order_by(Film.id.desc())).first()
            assert film is not None
            film.taken_on = day
    files, _ = exported()
    # Of a day that cannot be, that of the entry is taken.
    assert [row["offset"] for row in _metadata(files)] == ["2", "9", "9"]
    assert not any(onset.isoformat().encode() in content for content in files.values())


@pytest.mark.parametrize(
    ("follow_ups", "case", "reason"),
    [
        (POSITIVE, {"research_consent": False}, NotExported.CONSENT),
        (POSITIVE | {"consent": "withdrawn"}, {}, NotExported.CONSENT),
        ({}, {}, NotExported.RESULT),
        ({"rt_pcr": "indeterminate"}, {}, NotExported.RESULT),
        ({"antigen": "negative"}, {}, NotExported.RESULT),
    ],
)
def test_who_is_left_out(
    enter: Enter,
    exported: Exported,
    follow_ups: dict[str, str],
    case: dict[str, Any],
    reason: NotExported,
) -> None:
    enter(1, POSITIVE)
    enter(2, follow_ups, **case)
    files, made = exported()
    assert len(_metadata(files)) == 1
    assert made.result is not None
    assert made.result.left_out == {reason: 1}
    assert json.loads(files["data_card.json"])["left_out"] == {reason.value: 1}


def test_consent_given_later_counts_and_withdrawing_it_removes_the_case(
    enter: Enter, exported: Exported, installation: Installation, doctor: Person
) -> None:
    enter(1, POSITIVE)
    case = enter(2, NEGATIVE | {"consent": "given"}, research_consent=False)
    assert len(_metadata(exported()[0])) == 2
    add(installation, FollowUp, follow_up(case, "consent", "withdrawn", doctor.id))
    files, _ = exported()
    assert [row["finding"] for row in _metadata(files)] == ["COVID-19"]
    assert sum(name.startswith("images/") for name in files) == 1


def test_a_patient_keeps_their_pseudonym(enter: Enter, exported: Exported) -> None:
    enter(1, POSITIVE, patient_code="HC-77")
    enter(2, NEGATIVE, patient_code="HC-77")
    enter(3, NEGATIVE)
    first = [row["patientid"] for row in _metadata(exported()[0])]
    assert first[0] == first[1] != first[2]
    enter(4, POSITIVE)
    assert [row["patientid"] for row in _metadata(exported()[0])][:3] == first


def test_nothing_identifies_the_patient(
    enter: Enter, exported: Exported, installation: Installation
) -> None:
    case_id = enter(1, POSITIVE, patient_code="HC-SECRETA", national_id="1710034065")
    with installation.reading() as session:
        case = session.get_one(Case, case_id)
    files, _ = exported()
    whole = b"\n".join(files.values())
    months = [str(today().year) + "-" + format(today().month, "02") + "-"]
    secrets = ["HC-SECRETA", "1710034065", case.national_id_hash or "?", *months]
    for secret in secrets:
        assert secret.encode() not in whole, secret
        assert not any(secret in name for name in files)


def test_a_dicom_header_stays_behind(enter: Enter, exported: Exported) -> None:
    content = _dicom()
    enter(1, POSITIVE, films=[content])
    files, made = exported()
    if made.result is None or not made.result.films:
        pytest.fail("the DICOM film was left out")
    (name,) = [name for name in files if name.startswith("images/")]
    with Image.open(io.BytesIO(files[name])) as picture:
        assert picture.mode == "I;16"
        assert not picture.info
        assert not picture.getexif()
    assert b"APELLIDO" in content
    assert b"APELLIDO" not in files[name]
    again = read(files[name])
    assert np.abs(again.pixels[64:192, 64:192] - read(content).pixels[64:192, 64:192]).max() < 1e-3


def _dicom() -> bytes:
    with Image.open(io.BytesIO(phantom_png(2))) as picture:
        pixels = (np.asarray(picture, dtype=np.uint16) * 16).astype(np.uint16)
    film = pydicom.Dataset()
    film.file_meta = pydicom.dataset.FileMetaDataset()
    film.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    film.SOPClassUID = film.file_meta.MediaStorageSOPClassUID = (
        pydicom.uid.DigitalXRayImageStorageForPresentation
    )
    film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    film.Modality, film.BodyPartExamined, film.ViewPosition = "DX", "CHEST", "PA"
    film.PatientName, film.PatientID = "APELLIDO^NOMBRE", "1710034065"
    film.Rows, film.Columns = pixels.shape
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME2"
    film.BitsAllocated, film.BitsStored, film.HighBit = 16, 12, 11
    film.PixelRepresentation = 0
    film.PixelData = pixels.tobytes()
    buffer = io.BytesIO()
    film.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def test_checksums_cover_everything(enter: Enter, exported: Exported) -> None:
    enter(1, POSITIVE)
    files, made = exported()
    lines = [line.split("  ") for line in files[SUMS].decode().splitlines()]
    told = {name: digest for digest, name in lines}
    assert set(told) == set(files) - {SUMS}
    for name, digest in told.items():
        assert hashlib.sha256(files[name]).hexdigest() == digest
    assert made.result is not None
    assert made.result.sha256 == hashlib.sha256(files[SUMS]).hexdigest()


def test_the_export_is_recorded_when_it_is_whole(
    enter: Enter, exported: Exported, installation: Installation, people: dict[Role, Person]
) -> None:
    enter(1, POSITIVE)
    person = people[Role.RESEARCHER]
    broken = Export(installation, person, Actor(person.id), ExportTerms(License.AGREEMENT, "X"))
    next(broken.files())
    assert _records(installation) == ([], 0)
    _, made = exported()
    assert made.result is not None
    assert _records(installation) == ([(1, 1, made.result.sha256)], 1)


def _records(installation: Installation) -> tuple[list[tuple[int, int, str]], int]:
    with installation.reading() as session:
        rows = session.scalars(select(CollectionExport)).all()
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "export.download")
        ).all()
    return [(row.cases, row.films, row.sha256) for row in rows], len(entries)


def test_a_missing_film_is_counted_not_fatal(
    enter: Enter, exported: Exported, installation: Installation
) -> None:
    enter(1, POSITIVE)
    enter(2, NEGATIVE)
    with installation.reading() as session:
        sha256 = session.scalars(select(Film.sha256).order_by(Film.id)).first()
    installation.films.remove(str(sha256))
    files, made = exported()
    assert len(_metadata(files)) == 1
    assert made.result is not None
    assert made.result.left_out == {NotExported.UNREADABLE: 1}


def test_the_papers_name_licence_and_institution(enter: Enter, exported: Exported) -> None:
    enter(1, POSITIVE)
    files, _ = exported()
    assert "by-nc-sa/4.0" in files["LICENSE.txt"].decode()
    assert "Hospital Uno, Guayaquil" in files["ATTRIBUTION.md"].decode()
    assert "antígeno" in files["README.md"].decode()


def test_nothing_to_export(enter: Enter, exported: Exported) -> None:
    enter(1)
    with pytest.raises(ClinicError, match="No film may be exported"):
        exported()


@pytest.mark.parametrize("role", [Role.DOCTOR, Role.RADIOLOGIST, Role.ADMINISTRATOR])
def test_only_who_may_export(
    role: Role, enter: Enter, installation: Installation, people: dict[Role, Person]
) -> None:
    enter(1, POSITIVE)
    with pytest.raises(ForbiddenError):
        Export(installation, people[role], Actor(1), ExportTerms(License.AGREEMENT, "X"))


def test_the_command_line_names_a_person(
    installation: Installation, people: dict[Role, Person]
) -> None:
    assert exporter(installation, " Researcher ") == people[Role.RESEARCHER]
    with pytest.raises(CovidDError, match="'nobody'"):
        exporter(installation, "nobody")


def test_a_sample_never_leaves_whatever_is_said_of_it_later(
    enter: Enter, exported: Exported
) -> None:
    enter(1, {"rt_pcr": "positive", "consent": "given"}, sample=True)
    with pytest.raises(ClinicError) as caught:
        exported()
    assert caught.value.code == "nothing_to_export"
