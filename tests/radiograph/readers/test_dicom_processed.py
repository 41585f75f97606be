"""Pictures made from films, or before them, are refused by the word that tells; films are not."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence

import films
from covid_d.radiograph import RadiographError, RefusalCode, read

PROCESSED = RefusalCode.PROCESSED


def refusal_of(**elements: Any) -> RadiographError | None:
    try:
        read(films.dicom(**elements))
    except RadiographError as error:
        return error
    return None


def coded(meaning: str) -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "X", "99X", meaning
    return Sequence([item])


@pytest.mark.parametrize(
    ("elements", "named"),
    [
        ({"ImageType": ["DERIVED", "PRIMARY", "", "BONE"]}, "BONE, Image Type (0008,0008)"),
        ({"ImageType": ["DERIVED", "PRIMARY", "SOFT_TISSUE"]}, "SOFT TISSUE, Image Type"),
        ({"ImageType": ["DERIVED", "SECONDARY", "", "BONE_SUPPRESSED"]}, "BONE, Image Type"),
        ({"ImageType": ["DERIVED", "PRIMARY", "TOMOSYNTHESIS"]}, "TOMOSYNTHESIS, Image Type"),
        ({"SeriesDescription": "Bone suppressed PA"}, "BONE SUPPRESSED, Series Description"),
        ({"SeriesDescription": "PA_BoneSuppression"}, "BONESUPPRESSION, Series Description"),
        ({"SeriesDescription": "Supresión ósea"}, "SUPRESI?N ?SEA, Series Description"),
        ({"SeriesDescription": "ClearRead CXR"}, "CLEARREAD, Series Description"),
        ({"SeriesDescription": "Dual Energy PA Soft"}, "DUAL ENERGY PA SOFT, Series"),
        ({"SeriesDescription": "DUAL ENERGY - BONE"}, "DUAL ENERGY BONE, Series Description"),
        ({"SeriesDescription": "VolumeRAD"}, "VOLUMERAD, Series Description"),
        ({"SeriesDescription": "AI heat map"}, "HEAT MAP, Series Description"),
        ({"SeriesDescription": "Tube & Line Visualization"}, "TUBE LINE VISUALIZATION, Series"),
        ({"DerivationDescription": "rib suppression"}, "RIB SUPPRESSION, Derivation Description"),
        ({"ImageComments": "Temporal subtraction"}, "TEMPORAL SUBTRACTION, Image Comments"),
        (
            {"DerivationCodeSequence": coded("Bone subtraction")},
            "BONE SUBTRACTION, Derivation Code Sequence (0008,9215)",
        ),
    ],
)
def test_a_picture_made_from_films_is_refused(elements: dict[str, Any], named: str) -> None:
    error = refusal_of(SpecificCharacterSet="ISO_IR 100", **elements)
    assert error is not None
    assert error.refusal.code is PROCESSED
    assert f"({named}" in error.refusal.message.en
    assert f"({named}" in error.refusal.message.es


@pytest.mark.parametrize(
    "elements",
    [
        {"ImageType": ["ORIGINAL", "PRIMARY", "", "RAW"]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "UNPROCESSED"]},
    ],
)
def test_raw_data_is_for_processing(elements: dict[str, Any]) -> None:
    error = refusal_of(**elements)
    assert error is not None
    assert error.refusal.code is RefusalCode.FOR_PROCESSING


@pytest.mark.parametrize(
    ("elements", "named"),
    [
        ({"TomoType": "LINEAR"}, "LINEAR, Tomo Type (0018,1490)"),
        ({"TomoClass": "TOMOSYNTHESIS"}, "TOMOSYNTHESIS, Tomo Class (0018,1491)"),
    ],
)
def test_layers_are_no_films(elements: dict[str, Any], named: str) -> None:
    error = refusal_of(**elements)
    assert error is not None
    assert error.refusal.code is RefusalCode.NOT_RADIOGRAPHY
    assert f"({named})" in error.refusal.message.en


@pytest.mark.parametrize(
    "elements",
    [
        {"ImageType": ["ORIGINAL", "PRIMARY"]},
        {"ImageType": ["DERIVED", "PRIMARY", "POST_PROCESSED", "", "", "STANDARD"]},
        {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]},  # the gate's to judge
        {"ImageType": ["ORIGINAL", "PRIMARY", "CSA MPR", "BONES"]},
        {"StudyDescription": "Chest dual energy bone"},  # whose standard film is one
        {"ProtocolName": "Chest tomosynthesis"},
        {"SeriesDescription": "Dual Energy Chest PA"},
        {"SeriesDescription": "Tomosynthesis scout"},
        {"SeriesDescription": "PA, no bone suppression"},
        {"SeriesDescription": "Tórax sin supresión ósea", "SpecificCharacterSet": "ISO_IR 192"},
        {"SeriesDescription": "Chest PA, line and tube placement"},
        {"SeriesDescription": "Drawn PA"},
        {"DerivationDescription": "JPEG lossy"},
        {"TomoType": "", "TomoClass": "NONE"},
        {"ImageComments": "bone lesion, soft tissue swelling"},
    ],
)
def test_films_are_not_refused(elements: dict[str, Any]) -> None:
    assert refusal_of(**elements) is None
