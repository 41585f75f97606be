"""Which objects of a forwarded study are films for us."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from covid_d.pacs.triage import Triage, triage
from pacs_factory import hospital_film

CR = "1.2.840.10008.5.1.4.1.1.1"
DX = "1.2.840.10008.5.1.4.1.1.1.1"
DX_RAW = "1.2.840.10008.5.1.4.1.1.1.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
SC = "1.2.840.10008.5.1.4.1.1.7"
SR = "1.2.840.10008.5.1.4.1.1.88.34"
MAMMOGRAM = "1.2.840.10008.5.1.4.1.1.1.2"
PDF = "1.2.840.10008.5.1.4.1.1.104.1"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, Triage.FILM),
        ({"SOPClassUID": DX, "Modality": "DX"}, Triage.FILM),
        ({"SOPClassUID": SC, "Modality": "CR"}, Triage.FILM),
        ({"SOPClassUID": SC, "Modality": "DX"}, Triage.FILM),
        ({"BodyPartExamined": ""}, Triage.FILM),
        ({"BodyPartExamined": "TÓRAX"}, Triage.FILM),
        ({"ViewPosition": "LL"}, Triage.FILM),  # answered with why it has no number
        ({"Modality": "cr "}, Triage.FILM),
        ({"SOPClassUID": SC, "Modality": "OT"}, Triage.OTHER_MODALITY),
        ({"SOPClassUID": SC, "Modality": "SC"}, Triage.OTHER_MODALITY),
        ({"Modality": "MG"}, Triage.OTHER_MODALITY),
        ({"SOPClassUID": CT, "Modality": "CT"}, Triage.OTHER_CLASS),
        ({"SOPClassUID": SR, "Modality": "SR"}, Triage.OTHER_CLASS),
        ({"SOPClassUID": PDF, "Modality": "DOC"}, Triage.OTHER_CLASS),
        ({"SOPClassUID": MAMMOGRAM, "Modality": "MG"}, Triage.OTHER_CLASS),
        ({"SOPClassUID": DX_RAW, "Modality": "DX"}, Triage.OTHER_CLASS),
        ({"SOPClassUID": "1.2.3.4.5", "Modality": "CR"}, Triage.OTHER_CLASS),
        ({"PresentationIntentType": "FOR PROCESSING"}, Triage.FOR_PROCESSING),
        ({"PresentationIntentType": "FOR PRESENTATION"}, Triage.FILM),
        ({"BodyPartExamined": "KNEE"}, Triage.OTHER_BODY_PART),
        ({"BodyPartExamined": "TORAX OSEO"}, Triage.OTHER_BODY_PART),
        ({"Manufacturer": "COVID-D"}, Triage.OURS),
        ({"Manufacturer": "COVID-D", "SOPClassUID": CT}, Triage.OURS),
    ],
)
def test_what_is_done_with_it(changed: dict[str, str], expected: Triage) -> None:
    assert triage(hospital_film(**changed)) is expected


def test_an_empty_object_is_no_film() -> None:
    assert triage(Dataset()) is Triage.OTHER_CLASS


def test_a_body_part_that_cannot_be_decoded_is_not_held_against_the_film() -> None:
    film = hospital_film()
    del film.BodyPartExamined
    film.add_new(0x00180015, "CS", ["CHEST", "LUNG"])
    assert triage(film) is Triage.FILM
