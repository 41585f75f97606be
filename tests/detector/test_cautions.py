"""What is said where a film's file and its patient's record describe two people."""

from __future__ import annotations

import pytest

from covid_d.detector.cautions import (
    AGE_TOLERANCE,
    age_differs,
    cautions_of_unknown,
    contradictions,
    sex_differs,
)
from covid_d.detector.stated import Stated
from covid_d.radiograph import Facts, Projection, Sex


def _codes(age: float | None, sex: Sex | None, years: int | None, stated: Sex | None) -> list[str]:
    facts = Facts("DICOM", "0" * 64, 12, age_years=age, sex=sex)
    said = contradictions(facts, Stated(age_years=years, sex=stated))
    return [caution.code for caution in said]


@pytest.mark.parametrize("years", [61 - AGE_TOLERANCE, 61, 61 + AGE_TOLERANCE])
def test_an_age_may_be_rounded_or_of_last_year(years: int) -> None:
    assert _codes(61.0, None, years, None) == []
    assert _codes(61.9, None, years, None) == [], "whole years are compared, as a form shows them"


@pytest.mark.parametrize("years", [0, 60 - AGE_TOLERANCE, 62 + AGE_TOLERANCE, 120])
def test_another_age_is_said(years: int) -> None:
    assert _codes(61.0, None, years, None) == ["age_differs"]


@pytest.mark.parametrize(
    ("stated", "reckoned", "codes"),
    [
        (45.0, 47.0, []),
        (45.0, 48.0, ["ages_contradict"]),
        (45.0, None, []),
        (None, 48.0, []),
    ],
)
def test_an_age_that_contradicts_the_date_of_birth_is_said(
    stated: float | None, reckoned: float | None, codes: list[str]
) -> None:
    facts = Facts("DICOM", "0" * 64, 12, age_years=stated, age_by_dates=reckoned)
    found = {caution.code: caution.message for caution in contradictions(facts, Stated())}
    assert list(found) == codes
    if codes == ["ages_contradict"]:
        assert "45 años" in found["ages_contradict"].es
        assert "48 years" in found["ages_contradict"].en


def test_months_are_whole_years_of_none() -> None:
    assert _codes(0.5, None, AGE_TOLERANCE, None) == []
    assert _codes(0.5, None, AGE_TOLERANCE + 1, None) == ["age_differs"]


@pytest.mark.parametrize("film", [None, *Sex])
@pytest.mark.parametrize("stated", [None, *Sex])
def test_only_female_and_male_contradict_each_other(film: Sex | None, stated: Sex | None) -> None:
    expected = ["sex_differs"] if {film, stated} == {Sex.FEMALE, Sex.MALE} else []
    assert _codes(None, film, None, stated) == expected


def test_what_is_not_known_contradicts_nothing() -> None:
    assert _codes(None, None, 61, Sex.MALE) == []
    assert _codes(61.0, Sex.MALE, None, None) == []


def test_a_film_of_a_one_year_old_says_so() -> None:
    said = age_differs(1.9, 40).message
    assert said.es.startswith("La radiografía dice 1 año; la ficha dice 40:")
    assert said.en.startswith("The film says 1 year; the record says 40:")


def test_the_sentences_name_both() -> None:
    assert age_differs(61.0, 40).message.es.startswith(
        "La radiografía dice 61 años; la ficha dice 40: compruebe"
    )
    male, female = sex_differs(Sex.MALE), sex_differs(Sex.FEMALE)
    assert male is not None
    assert female is not None
    assert male.message.es.startswith("La radiografía dice sexo masculino; la ficha dice femenino:")
    assert female.message.en.startswith("The film says female; the record says male:")
    assert sex_differs(Sex.OTHER) is None


@pytest.mark.parametrize("film", [None, *Projection])
@pytest.mark.parametrize("stated", [None, *Projection])
def test_two_projections_contradict_each_other_but_not_a_posture(
    film: Projection | None, stated: Projection | None
) -> None:
    facts = Facts("DICOM", "0" * 64, 12, projection=film)
    codes = [caution.code for caution in contradictions(facts, Stated(projection=stated))]
    both_ap = {film, stated} <= {Projection.AP, Projection.AP_SUPINE}
    differ = None not in (film, stated) and film is not stated and not both_ap
    assert codes == (["projection_differs"] if differ else [])


def test_a_film_in_expiration_is_said_to_be_one() -> None:
    facts = Facts("DICOM", "0" * 64, 12, projection=Projection.PA, expiration=True)
    found = cautions_of_unknown(facts, Stated(adult=True))
    assert [caution.code for caution in found] == ["expiration"]
    assert "espiración" in found[0].message.es
    assert "expiration" in found[0].message.en


@pytest.mark.parametrize(
    ("turned", "code", "said"),
    [
        ("RF", "stated_mirrored", "en espejo (R\\F)"),
        ("LH", "stated_turned", "girada (L\\H)"),
        ("FL", "stated_turned", "girada (F\\L)"),
    ],
)
def test_a_film_that_its_file_calls_mirrored_or_turned(turned: str, code: str, said: str) -> None:
    found = contradictions(Facts("DICOM", "0" * 64, 12, turned=turned), Stated())
    assert [caution.code for caution in found] == [code]
    assert said in found[0].message.es
    assert said.rpartition("(")[2] in found[0].message.en
    assert contradictions(Facts("DICOM", "0" * 64, 12), Stated()) == ()


@pytest.mark.parametrize(
    ("film", "adult", "said"),
    [
        (9.0, True, "adulto"),
        (40.0, False, "menor de 18 años"),
        (40.0, True, None),
        (9.0, False, None),
    ],
)
def test_an_adult_who_is_a_child_on_the_film(film: float, adult: bool, said: str | None) -> None:
    found = contradictions(Facts("DICOM", "0" * 64, 12, age_years=film), Stated(adult=adult))
    assert [caution.code for caution in found] == ([] if said is None else ["age_differs"])
    assert all(f"la ficha dice {said}:" in caution.message.es for caution in found)


KNOWN = Facts("DICOM", "0" * 64, 12, projection=Projection.PA, age_years=61.0)
UNKNOWN = Facts("JPEG", "0" * 64, 8)


@pytest.mark.parametrize(
    ("facts", "stated", "codes"),
    [
        (UNKNOWN, Stated(), ["projection_unknown", "age_unknown"]),
        (KNOWN, Stated(), []),
        (UNKNOWN, Stated(projection=Projection.PA), ["age_unknown"]),
        (UNKNOWN, Stated(age_years=61), ["projection_unknown"]),
        (UNKNOWN, Stated(projection=Projection.AP, adult=True), []),
        (UNKNOWN, Stated(projection=Projection.AP_SUPINE, age_years=61), ["supine"]),
        (KNOWN, Stated(projection=Projection.AP_SUPINE), ["supine"]),
    ],
)
def test_only_what_nobody_stated_is_unknown(facts: Facts, stated: Stated, codes: list[str]) -> None:
    assert [caution.code for caution in cautions_of_unknown(facts, stated)] == codes


@pytest.mark.parametrize("age", [-1.0, float("nan"), float("inf")])
def test_an_impossible_age_cannot_be_stated(age: float) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Stated(age_years=age)
