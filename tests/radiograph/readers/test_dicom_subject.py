"""What the file says is no patient's film is refused by name; what a patient may be called is not.

The words are those of quality-control programmes and of vendors' test procedures, in the languages
of stations; those that must pass are names, diagnoses and remarks of sound films.
"""

from __future__ import annotations

from typing import Any

import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence

import films
from covid_d.radiograph import Facts, RadiographError, RefusalCode, read
from covid_d.radiograph.readers.dicom_facts import facts_of
from covid_d.radiograph.readers.dicom_subject import require_patient

QC, ANIMAL = RefusalCode.QUALITY_CONTROL, RefusalCode.ANIMAL


def refusal_of(**elements: Any) -> RadiographError | None:
    """Return why a film that says so is refused, as it was written to a file and parsed."""
    try:
        read(films.dicom(**elements))
    except RadiographError as error:
        return error
    return None


def refused(**elements: Any) -> RefusalCode | None:
    error = refusal_of(**elements)
    return error.refusal.code if error else None


def code_of(value: str, meaning: str) -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return Sequence([item])


def test_a_film_that_says_nothing_is_a_patients() -> None:
    assert refused() is None
    assert isinstance(facts_of(films.dataset(), sha256="0", colour=False), Facts)


@pytest.mark.parametrize(
    ("elements", "named"),
    [
        ({"QualityControlImage": "YES"}, "YES, Quality Control Image (0028,0300)"),
        ({"ContentQualification": "SERVICE"}, "SERVICE, Content Qualification (0018,9004)"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "", "QC"]}, "QC, Image Type (0008,0008)"),
        ({"ImageType": ["DERIVED", "PRIMARY", "TEST PATTERN"]}, "TEST PATTERN, Image Type"),
        ({"BodyPartExamined": "PHANTOM"}, "PHANTOM, Body Part Examined (0018,0015)"),
        ({"BodyPartExamined": "CHEST PHANTOM"}, "PHANTOM, Body Part Examined"),
        ({"SeriesDescription": "QC-CHEST PHANTOM"}, "PHANTOM, Series Description (0008,103e)"),
        ({"SeriesDescription": "Daily QC"}, "QC, Series Description"),
        ({"StudyDescription": "Control de calidad mensual"}, "CONTROL DE CALIDAD, Study"),
        ({"StudyDescription": "quality assurance"}, "QUALITY ASSURANCE, Study Description"),
        ({"ProtocolName": "Detector Calibration"}, "CALIBRATION, Protocol Name (0018,1030)"),
        ({"AcquisitionProtocolName": "TG18-QC"}, "TG18, Acquisition Protocol Name"),
        ({"RequestedProcedureDescription": "Flat field"}, "FLAT FIELD, Requested Procedure"),
        ({"PerformedProcedureStepDescription": "QA_01"}, "QA, Performed Procedure Step"),
        ({"PatientName": "PHANTOM^CHEST"}, "PHANTOM, Patient's Name (0010,0010)"),
        ({"PatientName": "QC^TEST"}, "QC TEST, Patient's Name"),
        ({"PatientName": "Fantoma^Torax"}, "FANTOMA, Patient's Name"),
        ({"PatientID": "PHANTOM_017"}, "PHANTOM, Patient ID (0010,0020)"),
        ({"PatientID": "QC"}, "QC, Patient ID"),
        ({"PatientID": "test pattern"}, "TEST PATTERN, Patient ID"),
    ],
)
def test_what_the_file_calls_a_test_is_refused_by_the_word_that_says_so(
    elements: dict[str, Any], named: str
) -> None:
    error = refusal_of(**elements)
    assert error is not None
    assert error.refusal.code is QC
    assert f"({named}" in error.refusal.message.en
    assert f"({named}" in error.refusal.message.es


def _nested(sequence: str, **elements: Any) -> Sequence:
    """Return request attributes of which a sequence's item says so."""
    item, request = Dataset(), Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    setattr(request, sequence, Sequence([item]))
    return Sequence([request])


@pytest.mark.parametrize(
    ("elements", "named"),
    [
        ({"ImageComments": "chest phantom"}, "PHANTOM, Image Comments (0020,4000)"),
        ({"ImageComments": "Fantoma antropomórfico"}, "FANTOMA, Image Comments"),
        ({"ImageComments": "QC test, week 3"}, "QC TEST, Image Comments"),
        ({"PatientComments": "CONTROL DE CALIDAD"}, "CONTROL DE CALIDAD, Patient Comments"),
        ({"PatientComments": "Manikin of the school"}, "MANIKIN, Patient Comments (0010,4000)"),
        ({"AcquisitionDeviceProcessingDescription": "PHANTOM,QC"}, "PHANTOM, Acquisition Device"),
        ({"AcquisitionDeviceProcessingCode": "PHANTOM"}, "PHANTOM, Acquisition Device Processing"),
        ({"CommentsOnThePerformedProcedureStep": "test pattern"}, "TEST PATTERN, Comments on the"),
        (
            {"ProcedureCodeSequence": code_of("X1", "Chest phantom")},
            "PHANTOM, Procedure Code Sequence (0008,1032)",
        ),
        (
            {"PerformedProtocolCodeSequence": code_of("X1", "Daily QC")},
            "QC, Performed Protocol Code Sequence (0040,0260)",
        ),
        (
            {"RequestAttributesSequence": _nested("ProcedureCodeSequence", CodeMeaning="Fantoma")},
            "FANTOMA, Request Attributes Sequence (0040,0275)",
        ),
        (
            {
                "RequestAttributesSequence": _nested(
                    "RequestedProcedureCodeSequence", CodeMeaning="Detector calibration"
                )
            },
            "CALIBRATION, Request Attributes Sequence",
        ),
    ],
)
def test_what_comments_and_nested_sequences_call_a_test_is_refused(
    elements: dict[str, Any], named: str
) -> None:
    error = refusal_of(**elements)
    assert error is not None
    assert error.refusal.code is QC
    assert f"({named}" in error.refusal.message.en


@pytest.mark.parametrize(
    "words",
    [
        *("no phantom", "Not a phantom", "sin fantoma", "without phantom", "phantom: no"),
        *("phantom pain after amputation", "from Phantom Hospital", "Phantom Clinic, ward 3"),
        *("calibrated with phantom", "dosis medida con un fantoma", "phantom calibrated"),
        *("Quality control: OK", "control de calidad realizado", "QC", "QC passed", "QA by JM"),
        *("NOT TESTED OR APPROVED FOR CLINICAL APPLICATION", "image for test", "flat field corr."),
        *("test COVID positivo", "calibration marker", "no es un fantoma"),
    ],
)
def test_what_is_remarked_of_patients_films_is_not_refused(words: str) -> None:
    for keyword in ("ImageComments", "PatientComments", "AcquisitionDeviceProcessingDescription"):
        assert refused(**{keyword: words}) is None, keyword


@pytest.mark.parametrize(
    "elements",
    [
        {"InstitutionName": "Phantom Hospital"},
        {"StationName": "PHANTOM-1"},
        {"StudyDescription": "Chest, Phantom Hospital"},
        {"StudyDescription": "RX tórax (sin fantoma)"},
        {"SeriesDescription": "Flat field corrected"},
        {"ProcedureCodeSequence": code_of("36572-6", "Chest AP")},
        {"RequestAttributesSequence": Sequence([])},
    ],
)
def test_hospitals_and_stations_may_be_called_as_they_like(elements: dict[str, Any]) -> None:
    assert refused(**elements) is None


def test_sequences_in_sequences_end() -> None:
    """However deep somebody nests them."""
    item = Dataset()
    item.CodeMeaning = "PHANTOM"
    for _ in range(40):
        outer = Dataset()
        outer.RequestAttributesSequence = Sequence([item])
        item = outer
    assert refused(RequestAttributesSequence=Sequence([item])) is None


@pytest.mark.parametrize("characters", ["ISO_IR 100", "ISO_IR 192"])
@pytest.mark.parametrize("said", ["Calibración", "CALIBRACIÓN diaria", "Patrón de prueba"])
def test_accents_hide_nothing_whatever_the_character_set(characters: str, said: str) -> None:
    assert refused(SpecificCharacterSet=characters, SeriesDescription=said) is QC


@pytest.mark.parametrize(
    "elements",
    [
        {"QualityControlImage": "NO"},
        {"QualityControlImage": "BOTH"},  # a wedge beside a patient
        {"ContentQualification": "PRODUCT"},
        {"ImageType": ["ORIGINAL", "PRIMARY", "POST_PROCESSED", "QUALITY"]},
        {"SeriesDescription": "QCHEST PA"},
        {"SeriesDescription": "CHEST PA QC"},  # that somebody looked it over
        {"SeriesDescription": "QC passed"},
        {"StudyDescription": "QA'd"},
        {"StudyDescription": "RX TORAX AP, control"},
        {"StudyDescription": "Phantom limb pain"},
        {"StudyDescription": "phantom tumour?"},
        {"ProtocolName": "PA with calibration ball"},
        {"ProtocolName": "TEST"},
        {"BodyPartExamined": "CHEST"},
        {"PatientName": "QC"},  # initials
        {"PatientName": "Quispe^Carmen^QC"},
        {"PatientName": "Test^Patient"},  # real films are shown under such names
        {"PatientName": "Phantomas^Elena"},
        {"PatientName": "Calibre^Ana"},
        {"PatientID": "QC-0123"},  # a site's patients
        {"PatientID": "QC0123"},
        {"PatientID": "TG18001"},
        {"PatientName": "Íñigo^Ñusta", "SpecificCharacterSet": "ISO_IR 192"},
        {"PatientName": "Ναι^Θ", "SpecificCharacterSet": "ISO_IR 126"},
    ],
)
def test_what_a_patients_film_may_be_called_is_not_refused(elements: dict[str, Any]) -> None:
    assert refused(**elements) is None


@pytest.mark.parametrize(
    ("elements", "named"),
    [
        ({"PatientSpeciesDescription": "Canine"}, "CANINE, Patient Species Description"),
        ({"PatientSpeciesDescription": "DOG\\CANINE"}, "DOG CANINE, Patient Species"),
        ({"PatientSpeciesDescription": "gato"}, "GATO, Patient Species Description (0010,2201)"),
        (
            {"PatientSpeciesCodeSequence": code_of("448771007", "Canis lupus familiaris")},
            "CANIS LUPUS FAMILIARIS, Patient Species Code Sequence (0010,2202)",
        ),
        ({"PatientSpeciesCodeSequence": code_of("L-80A00", "")}, "L 80A00, Patient Species Code"),
        (
            {"AnatomicalOrientationType": "QUADRUPED"},
            "QUADRUPED, Anatomical Orientation Type (0010,2210)",
        ),
        ({"ResponsiblePersonRole": "OWNER"}, "OWNER, Responsible Person Role (0010,2298)"),
    ],
)
def test_an_animal_is_refused_by_its_name(elements: dict[str, Any], named: str) -> None:
    error = refusal_of(**elements)
    assert error is not None
    assert error.refusal.code is ANIMAL
    assert f"({named}" in error.refusal.message.en


@pytest.mark.parametrize(
    "elements",
    [
        {"PatientSpeciesDescription": ""},
        {"PatientSpeciesDescription": "Human"},
        {"PatientSpeciesDescription": "Humano"},
        {"PatientSpeciesDescription": "Homo sapiens"},
        {"PatientSpeciesDescription": "N/A"},
        {"PatientSpeciesDescription": "Unknown"},
        {"PatientSpeciesCodeSequence": code_of("337915000", "")},  # CID 7454, homo sapiens
        {"PatientSpeciesCodeSequence": code_of("L-85B00", "x")},
        {"PatientSpeciesCodeSequence": code_of("1", "homo sapiens")},
        {"PatientSpeciesCodeSequence": Sequence([Dataset()])},
        {"PatientSpeciesDescription": "Anonymized"},  # taken out with the rest
        {"PatientSpeciesDescription": "XXXX"},
        {"PatientSpeciesDescription": "adulto"},
        {"AnatomicalOrientationType": "BIPED"},
        {"ResponsiblePersonRole": "PARENT"},
        {"ResponsiblePersonRole": "SPOUSE"},
    ],
)
def test_a_person_is_no_animal(elements: dict[str, Any]) -> None:
    assert refused(**elements) is None


def test_people_have_their_code_in_the_standard() -> None:
    from pydicom.sr.codedict import codes

    assert codes.SCT.HomoSapiens.value == "337915000"


def test_no_name_is_quoted_but_the_word_that_tells() -> None:
    error = refusal_of(PatientName="Zambrano PHANTOM^Rosa", PatientID="0912345678")
    assert error is not None
    said = str(error) + error.refusal.text.es + error.refusal.text.en
    assert "PHANTOM" in said
    assert not any(secret in said.upper() for secret in ("ZAMBRANO", "ROSA", "0912345678"))


def test_elements_that_were_converted_before_say_the_same() -> None:
    """As they are in a data set that was made and not parsed."""
    for elements in ({"PatientName": "PHANTOM^A"}, {"ImageType": ["DERIVED", "QC"]}):
        with pytest.raises(RadiographError):
            require_patient(films.dataset(**elements))
    broken = films.dataset()
    broken.add_new("PatientSpeciesCodeSequence", "LO", "nonsense")
    require_patient(broken)
