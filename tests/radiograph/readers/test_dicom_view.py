"""From which side a film was taken, by all that a file can say of it, written as stations do."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes

import films
from covid_d.radiograph import Projection, read
from covid_d.radiograph.check import check_facts

PA, AP, SUPINE = Projection.PA, Projection.AP, Projection.AP_SUPINE
LATERAL, OTHER = Projection.LATERAL, Projection.OTHER


def code(value: str, meaning: str = "", **elements: Any) -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    for keyword, held in elements.items():
        setattr(item, keyword, held)
    return Sequence([item])


def projection(**elements: Any) -> Projection | None:
    """Return what a film that says so is, as it was written to a file and parsed."""
    return read(films.dicom(**elements)).facts.projection


MODIFIERS = [
    (codes.CID4011.Cephalad.value, "", OTHER),  # an apical film
    (codes.CID4011.Caudad.value, "", OTHER),
    (codes.CID4011.Transthoracic.value, "", OTHER),
    (codes.CID4011.Crosstable.value, "", LATERAL),
    (codes.CID20.Lordotic.value, "", OTHER),
    ("R-40799", "", OTHER),
    ("99X", "Lordotic", OTHER),
    ("99X", "proyección axial", OTHER),
    ("99X", "Perfil", LATERAL),
    ("99X", "cefálico", OTHER),
    ("99X", "Left lateral decubitus", OTHER),
    ("99X", "inspiration", PA),
    ("99X", "", PA),
]


@pytest.mark.parametrize(("value", "meaning", "expected"), MODIFIERS)
def test_what_modifies_a_view_makes_another_of_it(
    value: str, meaning: str, expected: Projection
) -> None:
    modifier = code(value, meaning)
    frontal = codes.CID4010.PosteroAnterior.value
    held = code(frontal, "postero-anterior", ViewModifierCodeSequence=modifier)
    assert projection(ViewPosition="PA", ViewCodeSequence=held) is expected
    beside: dict[str, Any] = {"ViewModifierCodeSequence": modifier}
    assert projection(ViewPosition="PA", **beside) is expected
    film = read(films.dicom(ViewPosition="PA", **beside))
    assert (check_facts(film.facts) is None) == expected.is_frontal


@pytest.mark.parametrize(
    ("lying", "modifier", "expected"),
    [
        ("Recumbent", "LeftLateralDecubitus", OTHER),
        ("Recumbent", "RightLateralDecubitus", OTHER),
        ("Recumbent", "LateralDecubitus", OTHER),
        ("Recumbent", "Supine", SUPINE),
        ("Recumbent", "Prone", AP),
        ("Recumbent", None, AP),
        ("Erect", "Standing", AP),
        ("SemiErect", "Sitting", AP),
        ("Erect", "Lordotic", OTHER),
    ],
)
def test_how_the_patient_lay_counts(lying: str, modifier: str | None, expected: Projection) -> None:
    held = code(getattr(codes.CID19, lying).value, lying)
    more = code(getattr(codes.CID20, modifier).value) if modifier else None
    if more is not None:
        held[0].PatientOrientationModifierCodeSequence = more
    assert projection(ViewPosition="AP", PatientOrientationCodeSequence=held) is expected
    if more is not None:
        beside: dict[str, Any] = {"PatientOrientationModifierCodeSequence": more}
        assert projection(ViewPosition="AP", **beside) is expected


@pytest.mark.parametrize("position", ["HFDL", "HFDR", "FFDL", "FFDR", "hfdr"])
def test_who_lies_on_a_side_has_no_frontal_film(position: str) -> None:
    for view in ("AP", "PA", ""):
        assert projection(ViewPosition=view, PatientPosition=position) is OTHER


def test_supine_alone_is_no_view() -> None:
    lying = code(codes.CID20.Supine.value)
    assert projection(PatientOrientationModifierCodeSequence=lying) is None
    assert projection(ViewPosition="PA", PatientOrientationModifierCodeSequence=lying) is PA
    assert projection(ViewCodeSequence=code("1", "AP supine")) is SUPINE


def test_every_item_counts() -> None:
    views = code("272479007")
    views.append(code("399067008")[0])
    assert projection(ViewCodeSequence=views) is LATERAL
    regions = code("51185008", "Chest")
    regions.append(code("72696002", "Knee")[0])
    assert read(films.dicom(AnatomicRegionSequence=regions)).facts.body_part == "KNEE"


def test_each_of_several_values_is_stated() -> None:
    """A backslash parts them, also where the standard knows one alone."""

    def refused(**elements: Any) -> str | None:
        refusal = check_facts(read(films.dicom(**elements)).facts)
        return refusal.code.value if refusal else None

    assert refused(Modality="CT\\CR") == "not_radiography"
    assert refused(Modality="CR\\DX") is None
    assert refused(BodyPartExamined="KNEE\\LEG") == "not_chest"
    assert refused(BodyPartExamined="CHEST\\ABDOMEN") is None  # as written in one value
    assert refused(PatientAge="004Y\\004Y") == "age_unread"
    assert read(films.dicom(PatientSex="M\\F")).facts.sex is None


@pytest.mark.parametrize("keyword", ["ViewModifierCodeSequence", "PatientOrientationCodeSequence"])
def test_what_is_no_sequence_says_nothing(keyword: str) -> None:
    film = films.dataset(ViewPosition="PA")
    film.add_new(keyword, "LO", "LATERAL")
    assert read(films.part10(film)).facts.projection is PA
    assert projection(ViewPosition="PA", **{keyword: Sequence([])}) is PA
    assert projection(ViewPosition="PA", **{keyword: Sequence([Dataset()])}) is PA


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"ViewModifierCodeSequence": code("X", "Expiration")}, True),
        ({"ViewCodeSequence": code("272479007", "PA, expiration")}, True),
        ({"ViewPosition": "PA EXPIRATION"}, True),
        ({"SeriesDescription": "Tórax en espiración", "SpecificCharacterSet": "ISO_IR 192"}, True),
        ({"SeriesDescription": "TORAX PA ESPIRADA"}, True),
        ({"ProtocolName": "CHEST_EXPIRATION"}, True),
        ({"SeriesDescription": "Chest inspiration / expiration"}, False),  # whose films are both
        ({"SeriesDescription": "Respiratory ward"}, False),
        ({"SeriesDescription": "sufre de respiración difícil"}, False),
        ({"SeriesDescription": "PA inspiración"}, False),
        ({"StudyDescription": "Chest, expired date"}, False),
        ({}, False),
    ],
)
def test_breathing_out_is_told(elements: dict[str, Any], expected: bool) -> None:
    known = read(films.dicom(**elements)).facts
    assert known.expiration is expected
    assert check_facts(known) is None  # it is a frontal film


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Chest lateral", LATERAL),
        ("W034 CHEST_LAT", LATERAL),
        ("TORAX PERFIL IZQ", LATERAL),
        ("Tórax lateral", LATERAL),
        ("CHEST DECUBITUS LEFT", OTHER),
        ("AP left lateral decubitus", OTHER),
        ("Decúbito lateral derecho", OTHER),
        ("AP LORDOTIC", OTHER),
        ("Apico-lordótica", OTHER),
        ("PA OBLIQUE", OTHER),
        # of both films, or of none
        ("CHEST PA AND LATERAL", None),
        ("CHEST PA/LAT", None),
        ("PA, LAT, OBLIQUE", None),
        ("TORAX AP Y LATERAL", None),
        ("CHEST 2 VIEWS LAT", None),
        ("Chest frontal", None),
        ("TORAX PORTATIL DECUBITO", None),
        ("Bilateral infiltrates", None),
        ("Colateral", None),
        ("view: PA", None),
        ("latex allergy", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("keyword", ["SeriesDescription", "ProtocolName"])
def test_a_series_names_its_view_where_nothing_else_does(
    keyword: str, words: str, expected: Projection | None
) -> None:
    said: dict[str, Any] = {keyword: words, "SpecificCharacterSet": "ISO_IR 192"}
    assert projection(**said) is expected
    assert projection(ViewPosition="PA", **said) is PA, "a series is named by its first film"
    assert projection(PatientOrientation=["L", "F"], **said) is expected
