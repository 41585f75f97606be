"""Whose film it is: what is copied, what is left empty, and what leaves the hospital."""

from __future__ import annotations

from io import BytesIO

import pytest
from pydicom import dcmread

from covid_d.errors import CovidDError
from covid_d.pacs.results.header import REFERENCE, deidentified, header_of
from covid_d.pacs.results.make import make
from pacs_factory import PATIENT, answered, hospital_film

# Of PS3.15 table E.1-1 (basic profile), what a chest film's header holds of these, and what the
# profile does: X removed, Z empty, U another UID. Written from the standard, not from the code.
PROFILE = {
    "PatientName": "Z",
    "PatientID": "Z",
    "PatientBirthDate": "Z",
    "PatientSex": "Z",
    "PatientAge": "X",
    "PatientAddress": "X",
    "PatientTelephoneNumbers": "X",
    "OtherPatientIDs": "X",
    "IssuerOfPatientID": "X",
    "EthnicGroup": "X",
    "Occupation": "X",
    "PatientComments": "X",
    "AdditionalPatientHistory": "X",
    "StudyDate": "Z",
    "StudyTime": "Z",
    "StudyID": "Z",
    "StudyDescription": "X",
    "SeriesDescription": "X",
    "AccessionNumber": "Z",
    "ReferringPhysicianName": "Z",
    "PerformingPhysicianName": "X",
    "OperatorsName": "X",
    "InstitutionName": "X",
    "InstitutionAddress": "X",
    "StationName": "X",
    "DeviceSerialNumber": "X",
    "StudyInstanceUID": "U",
    "SeriesInstanceUID": "U",
    "SOPInstanceUID": "U",
}


class TestAFilmsHeader:
    def test_patient_and_study_are_copied(self) -> None:
        header = header_of(hospital_film())
        for keyword, value in PATIENT.items():
            assert str(header[keyword].value) == value

    @pytest.mark.parametrize("keyword", REFERENCE)
    def test_a_film_that_cannot_be_referred_to_is_an_error(self, keyword: str) -> None:
        film = hospital_film()
        delattr(film, keyword)
        with pytest.raises(CovidDError, match=keyword) as raised:
            header_of(film)
        assert raised.value.next_step
        assert "estación" in raised.value.in_language("es")[1]

    @pytest.mark.parametrize(
        ("keyword", "wrong"),
        [
            ("PatientSex", "X"),
            ("PatientAge", "62"),
            ("PatientBirthDate", "1961-02-03"),
            ("StudyDate", "2026.03.01"),
            ("StudyTime", "10:11"),
            ("AccessionNumber", "A" * 17),
            ("PatientID", "9" * 65),
        ],
    )
    def test_what_the_standard_does_not_allow_is_left_empty(self, keyword: str, wrong: str) -> None:
        header = header_of(hospital_film(**{keyword: wrong}))
        assert str(header.get(keyword, "")) == ""

    @pytest.mark.parametrize("keyword", ["PatientName", "StudyDate", "AccessionNumber", "StudyID"])
    def test_what_is_missing_is_empty_where_it_must_be_there(self, keyword: str) -> None:
        film = hospital_film()
        delattr(film, keyword)
        assert keyword in header_of(film)
        assert str(header_of(film)[keyword].value) == ""

    def test_private_and_other_elements_stay_behind(self) -> None:
        film = hospital_film(PatientAddress="Av. Amazonas 1", InstitutionName="Hospital X")
        film.add_new(0x00091001, "LO", "privado")
        header = header_of(film)
        assert "PatientAddress" not in header
        assert "InstitutionName" not in header
        assert 0x00091001 not in header

    def test_no_pixels_are_carried_along(self) -> None:
        assert "PixelData" not in header_of(hospital_film())


class TestOutsideTheHospital:
    @pytest.fixture
    def told(self) -> dict[str, str]:
        """A value for every element of the profile that is found nowhere else."""
        film = hospital_film()
        values = {}
        for number, keyword in enumerate(PROFILE):
            if keyword.endswith("UID"):
                values[keyword] = str(film[keyword].value)
            elif "Date" in keyword:
                values[keyword] = f"1931070{number % 9 + 1}"
            elif "Time" in keyword:
                values[keyword] = "031759.771"
            elif keyword == "PatientAge":
                values[keyword] = "097Y"
            elif keyword != "PatientSex":
                values[keyword] = f"ZQ{number:02d}XW"
        return values

    def test_nothing_of_the_basic_profile_is_in_any_object(self, told: dict[str, str]) -> None:
        from dataclasses import replace

        header = header_of(hospital_film(**told))
        shown = answered()
        inside = replace(shown, header=header)
        outside = inside.with_header(deidentified(header, b"secret"))
        assert any(told["PatientID"].encode() in made.content for made in make(inside))
        for made in make(outside):
            for keyword, value in told.items():
                assert value.encode() not in made.content, (made.name, keyword)

    @pytest.mark.parametrize("keyword", [k for k, what in PROFILE.items() if what == "Z"])
    def test_what_must_be_there_is_empty_or_a_code(self, keyword: str) -> None:
        hidden = deidentified(header_of(hospital_film()), b"secret")
        assert keyword in hidden
        value = str(hidden[keyword].value)
        assert value == "" or (keyword in {"PatientName", "PatientID"} and len(value) == 32)

    def test_it_says_that_it_names_nobody_and_by_which_profile(self) -> None:
        hidden = deidentified(header_of(hospital_film()), b"secret")
        assert hidden.PatientIdentityRemoved == "YES"
        (code,) = hidden.DeidentificationMethodCodeSequence
        assert (code.CodingSchemeDesignator, code.CodeValue) == ("DCM", "113100")
        shown = answered()
        for made in make(shown.with_header(deidentified(shown.header, b"s"))):
            assert dcmread(BytesIO(made.content)).PatientIdentityRemoved == "YES"

    def test_a_patient_keeps_one_code_here_and_has_another_elsewhere(self) -> None:
        first, again = header_of(hospital_film(1)), header_of(hospital_film(2))
        assert deidentified(first, b"here").PatientID == deidentified(again, b"here").PatientID
        assert deidentified(first, b"here").PatientID != deidentified(first, b"there").PatientID
        other = header_of(hospital_film(1, PatientID="HCAM-779"))
        assert deidentified(first, b"here").PatientID != deidentified(other, b"here").PatientID

    def test_films_of_a_study_stay_together(self) -> None:
        first = header_of(hospital_film(1))
        second = header_of(hospital_film(1, SOPInstanceUID="1.2.3.4"))
        hidden = [deidentified(each, b"here") for each in (first, second)]
        assert hidden[0].StudyInstanceUID == hidden[1].StudyInstanceUID
        assert hidden[0].SOPInstanceUID != hidden[1].SOPInstanceUID
