"""What every report of ours states of its film, its moment and its maker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydicom import Dataset
from pydicom.uid import JPEGBaseline8Bit, SecondaryCaptureImageStorage

from covid_d.pacs.results.document import (
    new_object,
    report_shell,
    state_equipment,
    state_moment,
    state_owner,
)
from covid_d.pacs.results.header import deidentified, header_of
from pacs_factory import MOMENT, PATIENT, hospital_film


def shell(header: Dataset | None = None) -> Dataset:
    return report_shell(
        header_of(hospital_film()) if header is None else header,
        uid="2.25.1",
        series="2.25.2",
        number=9901,
        description="Informe",
        moment=MOMENT,
    )


def test_a_report_lies_in_the_study_of_its_film_under_its_own_names() -> None:
    made = shell()
    film = hospital_film()
    assert made.StudyInstanceUID == film.StudyInstanceUID
    assert (made.SOPInstanceUID, made.SeriesInstanceUID) == ("2.25.1", "2.25.2")
    assert made.file_meta.MediaStorageSOPInstanceUID == made.SOPInstanceUID
    assert made.file_meta.MediaStorageSOPClassUID == made.SOPClassUID
    assert (made.Modality, made.SeriesNumber, made.InstanceNumber) == ("SR", 9901, 1)


def test_a_new_object_says_of_itself_what_its_file_says() -> None:
    made = new_object(SecondaryCaptureImageStorage, "2.25.7", JPEGBaseline8Bit)
    assert (made.SOPClassUID, made.SOPInstanceUID) == (SecondaryCaptureImageStorage, "2.25.7")
    assert made.file_meta.MediaStorageSOPClassUID == made.SOPClassUID
    assert made.file_meta.MediaStorageSOPInstanceUID == made.SOPInstanceUID
    assert made.file_meta.TransferSyntaxUID == JPEGBaseline8Bit
    assert len(made) == 2


def test_it_names_the_film_that_it_rests_on() -> None:
    made, film = shell(), hospital_film()
    (study,) = made.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    (image,) = series.ReferencedSOPSequence
    assert study.StudyInstanceUID == film.StudyInstanceUID
    assert series.SeriesInstanceUID == film.SeriesInstanceUID
    assert image.ReferencedSOPClassUID == film.SOPClassUID
    assert image.ReferencedSOPInstanceUID == film.SOPInstanceUID


def test_whose_it_is_is_said_as_the_film_says_it() -> None:
    made = Dataset()
    state_owner(made, header_of(hospital_film()))
    stated = {keyword: str(made[keyword].value) for keyword in PATIENT}
    assert stated == PATIENT
    assert "Rows" not in made, "the film's pixels are no business of a report"


def test_outside_the_hospital_it_says_that_somebody_was_taken_out() -> None:
    made = shell(deidentified(header_of(hospital_film()), bytes(32)))
    assert made.PatientIdentityRemoved == "YES"
    assert made.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
    assert made.PatientName != PATIENT["PatientName"]
    assert not made.PatientBirthDate


@pytest.mark.parametrize(
    ("moment", "stated"),
    [
        (datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), ("20260304", "050607", "+0000")),
        (
            datetime(2026, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-5))),
            ("20261231", "235959", "-0500"),
        ),
    ],
)
def test_the_one_moment_is_said_with_its_zone(
    moment: datetime, stated: tuple[str, str, str]
) -> None:
    made = Dataset()
    state_moment(made, moment)
    assert (made.ContentDate, made.ContentTime, made.TimezoneOffsetFromUTC) == stated
    assert (made.InstanceCreationDate, made.InstanceCreationTime) == stated[:2]


def test_the_maker_is_said_by_keyword() -> None:
    made = Dataset()
    state_equipment(made, {"Manufacturer": "COVID-D", "DeviceSerialNumber": "7"})
    assert (made.Manufacturer, made.DeviceSerialNumber) == ("COVID-D", "7")


def test_our_own_codes_are_said_to_be_ours() -> None:
    (scheme,) = shell().CodingSchemeIdentificationSequence
    assert scheme.CodingSchemeDesignator == "99COVIDD"
    assert scheme.CodingSchemeResponsibleOrganization == "COVID-D"
