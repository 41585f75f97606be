"""Facts of a DICOM film: what is stated, and nothing more."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.uid import CTImageStorage

import films
from covid_d.radiograph import Facts, Projection, RefusalCode, Sex, read
from covid_d.radiograph.check import check_facts
from covid_d.radiograph.readers.dicom_facts import facts_of


def facts(**elements: Any) -> Facts:
    return facts_of(films.dataset(**elements), sha256="0", colour=False)


def test_a_film_that_says_nothing_has_no_facts() -> None:
    known = facts(Modality=None)
    assert known == Facts(format="DICOM", sha256="0", bits=12)


@pytest.mark.parametrize(
    ("sop_class", "modality"),
    [  # PS3.4 B.5 and the modality that PS3.3 lets their images have
        ("1.2.840.10008.5.1.4.1.1.2", "CT"),
        ("1.2.840.10008.5.1.4.1.1.4", "MR"),
        ("1.2.840.10008.5.1.4.1.1.1.2", "MG"),
        ("1.2.840.10008.5.1.4.1.1.6.1", "US"),
        ("1.2.840.10008.5.1.4.1.1.20", "NM"),
        ("1.2.840.10008.5.1.4.1.1.12.1", "XA"),
        ("1.2.840.10008.5.1.4.1.1.1.3", "IO"),
        ("1.2.840.10008.5.1.4.1.1.2.1", "CT"),  # enhanced
        ("1.2.840.10008.5.1.4.1.1.2.2", "CT"),  # converted
        ("1.2.840.10008.5.1.4.1.1.12.2", "RF"),
        ("1.2.840.10008.5.1.4.1.1.12.2.1", "RF"),
        ("1.2.840.10008.5.1.4.1.1.13.1.3", "MG"),
        ("1.2.840.10008.5.1.4.1.1.128", "PT"),
        ("1.2.840.10008.5.1.4.1.1.481.1", "RTIMAGE"),
        ("1.2.840.10008.5.1.4.1.1.77.1.4", "XC"),
        ("1.2.840.10008.5.1.4.1.1.6", "US"),  # retired
        ("1.2.840.10008.5.1.4.1.1.501.2.1", "DICOS"),  # of luggage
        ("1.2.840.10008.5.1.4.1.1.1", None),  # computed radiography
        ("1.2.840.10008.5.1.4.1.1.1.1", None),  # digital radiography
        ("1.2.840.10008.5.1.4.1.1.7", None),  # secondary capture: of anything
        ("1.2.840.10008.5.1.4.1.1.7.2", None),
        ("1.2.826.0.1.3680043.9.1.1", None),  # a private class
    ],
)
def test_a_class_that_is_no_radiography_decides_whatever_modality_is_stated(
    sop_class: str, modality: str | None
) -> None:
    assert facts(Modality=None, SOPClassUID=sop_class).modality == modality
    assert facts(Modality="", SOPClassUID=sop_class).modality == modality
    for stated in ("CR", "DX"):
        known = facts(Modality=stated, SOPClassUID=sop_class)
        assert known.modality == modality or (modality is None and known.modality == stated)
        refusal = check_facts(known)
        assert (refusal.code if refusal else None) == (
            None if modality is None else RefusalCode.NOT_RADIOGRAPHY
        )


def test_the_class_before_the_data_set_counts_too() -> None:
    film = films.dataset(Modality="CR")
    film.file_meta.MediaStorageSOPClassUID = CTImageStorage
    assert facts_of(film, sha256="0", colour=False).modality == "CT"
    film.SOPClassUID = ""
    assert facts_of(film, sha256="0", colour=False).modality == "CT"


@pytest.mark.parametrize("modality", ["CT", "MG", "US", "MR", "NM", "RF"])
def test_a_film_of_the_radiographic_class_that_states_another_modality_is_none(
    modality: str,
) -> None:
    refusal = check_facts(facts(Modality=modality))
    assert refusal is not None
    assert refusal.code is RefusalCode.NOT_RADIOGRAPHY


def test_everything_stated_arrives() -> None:
    film = read(
        films.dicom(
            Modality="DX",
            ViewPosition="PA",
            ImageLaterality="U",
            BodyPartExamined="chest",
            PatientAge="045Y",
            PatientSex="F",
            ImagerPixelSpacing=[0.143, 0.143],
        )
    )
    known = film.facts
    assert (known.format, known.bits, known.modality) == ("DICOM", 12, "DX")
    assert known.projection is Projection.PA
    assert (known.laterality, known.body_part) == ("U", "CHEST")
    assert (known.age_years, known.sex) == (45.0, Sex.FEMALE)
    assert known.spacing_mm == (0.143, 0.143)
    assert len(known.sha256) == 64


@pytest.mark.parametrize(
    ("view", "projection"),
    [
        ("PA", Projection.PA),
        ("ap", Projection.AP),
        ("LL", Projection.LATERAL),
        ("RL", Projection.LATERAL),
        ("LATERAL", Projection.LATERAL),
        ("RLD", Projection.OTHER),
        ("LAO", Projection.OTHER),
        ("LORDOTIC", Projection.OTHER),
        ("", None),
        ("XYZ", None),
    ],
)
def test_view_position(view: str, projection: Projection | None) -> None:
    assert facts(ViewPosition=view).projection is projection


def _code(value: str) -> list[Dataset]:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = value, "SCT"
    return [item]


@pytest.mark.parametrize(
    ("code", "projection"),
    [
        ("272479007", Projection.PA),
        ("399348003", Projection.AP),
        ("399173006", Projection.LATERAL),
        ("399135007", Projection.OTHER),
        ("399033003", None),  # "frontal" does not say which
    ],
)
def test_view_code(code: str, projection: Projection | None) -> None:
    assert facts(ViewCodeSequence=_code(code)).projection is projection


def test_a_lateral_among_several_views_is_a_lateral() -> None:
    assert facts(ViewPosition=["PA", "LL"]).projection is Projection.LATERAL
    assert facts(ViewPosition="PERFIL").projection is Projection.LATERAL
    assert facts(ViewCodeSequence=_code("R-10236")).projection is Projection.LATERAL


@pytest.mark.parametrize(
    ("part", "region", "stated"),
    [
        (None, "51185008", "CHEST"),
        (None, "T-D3000", "CHEST"),
        (None, "72696002", "KNEE"),  # by its meaning
        ("CHEST", "72696002", "KNEE"),
        ("KNEE", "51185008", "KNEE"),
        ("TORAX", None, "TORAX"),
        (None, None, None),
    ],
)
def test_the_part_that_is_not_the_chest_counts(
    part: str | None, region: str | None, stated: str | None
) -> None:
    elements: dict[str, Any] = {} if part is None else {"BodyPartExamined": part}
    if region is not None:
        elements["AnatomicRegionSequence"] = _code(region)
        elements["AnatomicRegionSequence"][0].CodeMeaning = "Knee" if region[0] == "7" else "X"
    assert facts(**elements).body_part == stated


def test_view_codes_are_those_of_the_standard() -> None:
    from pydicom.sr.codedict import codes

    assert codes.CID4010.PosteroAnterior.value == "272479007"
    assert codes.CID4010.AnteroPosterior.value == "399348003"
    assert codes.CID4010.LateralProjection.value == "399067008"
    assert codes.CID4010.LeftLateral.value == "399173006"
    assert codes.CID4010.RightLateral.value == "399198007"


@pytest.mark.parametrize(
    ("position", "projection"),
    [("HFS", Projection.AP_SUPINE), ("FFS", Projection.AP_SUPINE), ("HFP", Projection.AP)],
)
def test_supine(position: str, projection: Projection) -> None:
    assert facts(ViewPosition="AP", PatientPosition=position).projection is projection
    assert facts(ViewPosition="PA", PatientPosition=position).projection is Projection.PA
    assert facts(PatientPosition=position).projection is None


@pytest.mark.parametrize(
    ("rows", "columns", "projection", "turned"),
    [  # PS3.3 C.7.6.1.1.1: where rows, then columns, run to; a standing frontal film is L, F
        ("L", "F", None, None),
        ("R", "F", None, "RF"),
        ("L", "H", None, "LH"),
        ("R", "H", None, "RH"),
        ("F", "L", None, "FL"),
        ("F", "R", None, "FR"),
        ("H", "L", None, "HL"),
        ("LP", "FA", None, None),  # a little oblique, as stations write it
        (" r", "f ", None, "RF"),
        ("A", "F", Projection.LATERAL, None),
        ("P", "F", Projection.LATERAL, None),
        ("P", "H", Projection.LATERAL, None),
        ("F", "A", Projection.LATERAL, None),
        ("H", "P", Projection.LATERAL, None),
        ("L", "P", Projection.OTHER, None),  # as CT slices lie
        ("A", "R", Projection.OTHER, None),
        ("L", "R", None, None),  # no directions of a picture
        ("L", "L", None, None),
        ("A", "P", None, None),
        ("X", "F", None, None),
        ("", "F", None, None),
    ],
)
def test_orientation(rows: str, columns: str, projection: Projection | None, turned: str) -> None:
    known = facts(PatientOrientation=[rows, columns])
    assert (known.projection, known.turned) == (projection, turned)
    refusal = check_facts(known)
    assert (refusal is not None) == (projection is not None)


@pytest.mark.parametrize("stated", ["", "A", "L", ["L"], ["L", "F", "F"]])
def test_an_orientation_that_is_not_whole_says_nothing(stated: Any) -> None:
    known = facts(PatientOrientation=stated)
    assert (known.projection, known.turned) == (None, None)


def test_a_lateral_stated_anywhere_wins_and_other_contradictions_are_unknown() -> None:
    lateral = facts(ViewPosition="PA", PatientOrientation=["A", "F"])
    assert lateral.projection is Projection.LATERAL
    assert facts(ViewPosition="PA", ViewCodeSequence=_code("399348003")).projection is None
    assert not Projection.OTHER.is_frontal
    assert not Projection.LATERAL.is_frontal
    assert Projection.AP_SUPINE.is_frontal


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("045Y", 45.0),
        ("018M", 1.5),
        ("052W", 52 * 7 / 365.2425),
        ("010D", 10 / 365.2425),
        ("62", 62.0),
        ("000Y", 0.0),
        ("121Y", None),
        ("999Y", None),
        ("-05Y", None),
        ("Y", None),
        ("abcY", None),
        ("", None),
        ("٤٥Y", None),
    ],
)
def test_age_strings(text: str, years: float | None) -> None:
    film = films.dataset()
    film.add_new("PatientAge", "LO", text)  # LO bears values that AS would not
    age = facts_of(film, sha256="0", colour=False).age_years
    assert age == (None if years is None else pytest.approx(years))


@pytest.mark.parametrize(
    ("born", "taken", "years"),
    [
        ("19800615", "20200614", 39.0),
        ("19800615", "20200615", 40.0),
        ("20020229", "20200228", None),  # no such day
        ("20040229", "20220228", 17.0),
        ("20040229", "20220301", 18.0),
        ("20210101", "20200101", None),
        ("18000101", "20200101", None),
        ("", "20200101", None),
        ("1980", "20200101", 39.0),  # by the end of that year at the latest
        ("1980.06.15", "2020.06.15", 40.0),  # ACR-NEMA 2.0
        ("2010-05-05", "20200101", 9.0),
    ],
)
def test_age_from_dates(born: str, taken: str, years: float | None) -> None:
    assert facts(PatientBirthDate=born, StudyDate=taken).age_years == years


@pytest.mark.parametrize(
    ("elements", "taken"),
    [
        ({}, None),
        ({"StudyDate": "20210203"}, date(2021, 2, 3)),
        ({"StudyDate": "20210203", "AcquisitionDate": "20210201"}, date(2021, 2, 1)),
        ({"StudyDate": "20210203", "ContentDate": "20210202"}, date(2021, 2, 2)),
        ({"AcquisitionDateTime": "20210204101500.00"}, date(2021, 2, 4)),
        ({"AcquisitionDate": "2021.02.05"}, date(2021, 2, 5)),
        ({"AcquisitionDate": "20210230", "StudyDate": "20210203"}, date(2021, 2, 3)),
        ({"StudyDate": "202102"}, None),
        ({"StudyDate": "03/02/2021"}, None),
        ({"InstanceCreationDate": "20240101"}, None),
        ({"StudyDate": "20300101"}, date(2030, 1, 1)),
    ],
)
def test_the_day_of_the_film(elements: dict[str, str], taken: date | None) -> None:
    assert facts(**elements).taken_on == taken


@pytest.mark.parametrize(
    ("moved", "taken"),
    [
        ("MODIFIED", None),
        ("removed", None),
        ("UNMODIFIED", date(2021, 2, 3)),
        ("", date(2021, 2, 3)),
    ],
)
def test_a_day_that_was_moved_is_none(moved: str, taken: date | None) -> None:
    said = facts(StudyDate="20210203", LongitudinalTemporalInformationModified=moved)
    assert said.taken_on == taken


def test_the_age_string_counts_before_the_dates() -> None:
    known = facts(PatientAge="050Y", PatientBirthDate="20100101", StudyDate="20200101")
    assert (known.age_years, known.age_by_dates, known.child) == (50.0, 10.0, True)


@pytest.mark.parametrize(
    ("text", "years", "child"),
    [("5A", 5.0, True), ("5 AÑOS", 5.0, True), ("niño", None, True), ("ADULTO", None, False)],
)
def test_ages_as_people_write_them(text: str, years: float | None, child: bool) -> None:
    film = films.dataset()
    film.add_new("PatientAge", "LO", text)
    known = facts_of(film, sha256="0", colour=False)
    assert (known.age_years, known.child, known.age_unread) == (years, child, None)


def test_bytes_of_another_character_set_state_the_age_too() -> None:
    film = films.dataset()
    film.add_new("PatientAge", "AS", "5 AÑOS".encode().decode("latin-1"))  # as pydicom reads it
    assert facts_of(film, sha256="0", colour=False).age_years == 5.0


@pytest.mark.parametrize(
    ("elements", "unread"),
    [
        ({"PatientAge": "XX"}, "XX"),
        ({"PatientAge": "999Y"}, "999Y"),
        ({"PatientBirthDate": "20020229", "StudyDate": "20200228"}, "20020229"),
        ({"PatientBirthDate": "20210101", "StudyDate": "20200101"}, "20210101"),
        ({"PatientAge": "XX", "PatientBirthDate": "19800101", "StudyDate": "20200101"}, None),
        ({"PatientAge": "045Y", "PatientBirthDate": "19800199", "StudyDate": "20200101"}, None),
        ({"PatientAge": "", "PatientBirthDate": "19000101", "StudyDate": "20200101"}, None),
    ],
)
def test_an_age_that_is_not_understood_is_kept_in_its_words(
    elements: dict[str, str], unread: str | None
) -> None:
    assert facts(**elements).age_unread == unread


def test_who_is_a_child_today_was_one_on_a_film_without_a_date() -> None:
    born = f"{date.today().year - 10}0101"
    assert facts(PatientBirthDate=born).child
    assert not facts(PatientBirthDate="19500101").child


@pytest.mark.parametrize(("text", "sex"), [("M", Sex.MALE), ("O", Sex.OTHER), ("W", None)])
def test_sex(text: str, sex: Sex | None) -> None:
    assert facts(PatientSex=text).sex is sex


def test_spacing_is_that_of_the_detector_if_both_are_given() -> None:
    assert facts(PixelSpacing=[0.2, 0.3]).spacing_mm == (0.2, 0.3)
    both = facts(PixelSpacing=[0.2, 0.3], ImagerPixelSpacing=[0.1, 0.1])
    assert both.spacing_mm == (0.1, 0.1)
    assert facts(PixelSpacing=[0, 0.3]).spacing_mm is None
    assert facts(PixelSpacing="0.2").spacing_mm is None


@pytest.mark.filterwarnings("ignore:The value length:UserWarning")
def test_quoted_words_are_short_and_printable() -> None:
    film = films.dataset()
    film.add_new("BodyPartExamined", "LO", "\x1b[31mCHEST\x00\r\n" + "x" * 500)
    part = facts_of(film, sha256="0", colour=False).body_part
    assert part is not None
    assert len(part) <= 32
    assert part.isprintable()


@given(
    st.sampled_from(
        ["PatientAge", "ViewPosition", "BodyPartExamined", "PatientSex", "Modality", "Laterality"]
    ),
    st.text(max_size=40),
)
@settings(max_examples=100, deadline=None)
def test_no_text_in_any_element_breaks_the_facts(keyword: str, text: str) -> None:
    film = films.dataset()
    film.add_new(keyword, "LO", text)
    known = facts_of(film, sha256="0", colour=False)
    assert known.age_years is None or 0 <= known.age_years <= 120


def test_malformed_numbers_are_unknown() -> None:
    film = films.dataset()
    film.add_new("PixelSpacing", "LO", ["a", "b"])
    film.add_new("ViewCodeSequence", "LO", "nonsense")
    known = facts_of(film, sha256="0", colour=False)
    assert known.spacing_mm is None
    assert known.projection is None
