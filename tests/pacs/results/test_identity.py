"""Names of films and objects: stable where they must be, different where they must be."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covid_d.pacs.results.identity import fingerprint, uid
from pacs_factory import hospital_film


def test_the_same_film_is_the_same_whatever_a_pacs_adds() -> None:
    plain = fingerprint(hospital_film())
    assert fingerprint(hospital_film(InstanceCreationTime="101010")) == plain
    noted = hospital_film(RetrieveAETitle="PACS", StationName="RX1")
    noted.add_new(0x00091001, "LO", "private")
    assert fingerprint(noted) == plain


@pytest.mark.parametrize(
    "changed",
    [
        {"PatientID": "HCAM-779"},
        {"PatientName": "Otra^Persona"},
        {"PatientBirthDate": "19620203"},
        {"StudyInstanceUID": "1.2.3"},
        {"SOPInstanceUID": "1.2.3.4"},
    ],
)
def test_a_film_filed_under_somebody_else_is_another(changed: dict[str, str]) -> None:
    assert fingerprint(hospital_film(**changed)) != fingerprint(hospital_film())


def test_other_pixels_are_another_film() -> None:
    film = hospital_film()
    film.PixelData = bytes(2) + film.PixelData[2:]
    assert fingerprint(film) != fingerprint(hospital_film())


def test_a_film_without_pixels_or_patient_has_one_too() -> None:
    bare = hospital_film()
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PixelData"):
        delattr(bare, keyword)
    assert len(fingerprint(bare)) == 64


@given(st.lists(st.text(max_size=8), min_size=1, max_size=3))
def test_a_uid_is_a_uuid_as_a_number(parts: list[str]) -> None:
    made = uid("report", *parts)
    assert made.is_valid
    number = UUID(int=int(made.removeprefix("2.25.")))
    assert number.version == 5
    assert made == uid("report", *parts)
    assert made != uid("picture", *parts)
