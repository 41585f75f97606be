"""Facts of a DICOM film: what is stated, and nothing more."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset

import films
from covid_d.radiograph import Facts, Projection, Sex, read
from covid_d.radiograph.readers.dicom_facts import facts_of


def facts(**elements: Any) -> Facts:
    return facts_of(films.dataset(**elements), sha256="0", colour=False)


def test_a_film_that_says_nothing_has_no_facts() -> None:
    known = facts(Modality=None)
    assert known == Facts(format="DICOM", sha256="0", bits=12)


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


def test_orientation_can_only_say_lateral() -> None:
    assert facts(PatientOrientation=["A", "F"]).projection is Projection.LATERAL
    assert facts(PatientOrientation=["P", "F"]).projection is Projection.LATERAL
    assert facts(PatientOrientation=["L", "F"]).projection is None
    assert facts(PatientOrientation="").projection is None
    assert facts(PatientOrientation="A").projection is None


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
