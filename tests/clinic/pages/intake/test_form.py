"""The form as typed, and the case that it means."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from starlette.datastructures import FormData, UploadFile

from covid_d.clinic.pages.intake.form import Entered
from covid_d.detector import BundleId, Examination
from covid_d.radiograph import Facts, Projection, Refusal, RefusalCode, Sex


def _entered(*pairs: tuple[str, str | UploadFile]) -> Entered:
    return Entered.of(FormData(list(pairs)))


def _film(**facts: object) -> Examination:
    known = Facts(format="DICOM", sha256="a" * 64, bits=12, **facts)  # type: ignore[arg-type]
    return Examination("film", BundleId("phantom", "1", "a" * 64), known, 100, 100, logits=(1.0,))


def test_everything_typed_becomes_the_case() -> None:
    case, wrong = _entered(
        ("patient_code", "HC-1"),
        ("age_years", " 054 "),
        ("sex", "F"),
        ("province", "Loja"),
        ("symptom_onset", "2026-03-01"),
        ("symptoms", "cough"),
        ("symptoms", "fever"),
        ("spo2", "93"),
        ("on_oxygen", "no"),
        ("vaccine_doses", "0"),
        ("research_consent", "yes"),
        ("notes", "línea 1\r\nlínea 2"),
    ).to_case(7)
    assert wrong == {}
    assert (case.patient_code, case.unit_id, case.age_years) == ("HC-1", 7, 54)
    assert case.symptom_onset == date(2026, 3, 1)
    assert case.symptoms == ("cough", "fever")
    assert (case.spo2, case.on_oxygen, case.vaccine_doses) == (93, False, 0)
    assert case.research_consent is True


def test_what_is_left_empty_is_not_known() -> None:
    case, wrong = Entered.blank().to_case(7)
    assert wrong == {}
    unknown = (case.national_id, case.age_years, case.sex, case.symptom_onset)
    assert unknown == (None, None, None, None)
    assert (case.symptoms, case.research_consent) == ((), False)


@pytest.mark.parametrize("text", ["-1", "1.5", "1,5", "1e3", "٥٤", "NaN", "99999", "54 años"])
def test_a_number_is_never_guessed(text: str) -> None:
    case, wrong = Entered.blank(age_years=text).to_case(7)
    assert case.age_years is None
    assert set(wrong) == {"age_years"}


@pytest.mark.parametrize("text", ["01/02/2026", "2026-02-30", "ayer", "2026-2-1"])
def test_a_day_is_never_guessed(text: str) -> None:
    assert set(Entered.blank(symptom_onset=text).to_case(7)[1]) == {"symptom_onset"}


def test_consent_is_one_word_and_nothing_else() -> None:
    assert not _entered(("research_consent", "on")).consent
    both = _entered(("research_consent", "yes"), ("sample", "yes"))
    assert not both.to_case(7)[0].research_consent, "a sample is nobody's film"


def test_an_empty_file_field_is_no_upload_and_an_empty_file_is_one() -> None:
    left_empty = UploadFile(BytesIO(), size=0, filename="")
    empty_file = UploadFile(BytesIO(), size=0, filename="film.png")
    assert _entered(("films", left_empty), ("films", empty_file)).uploads == (empty_file,)


def test_a_text_where_a_file_belongs_and_the_reverse_are_left_out() -> None:
    upload = UploadFile(BytesIO(b"x"), size=1, filename="a.png")
    odd = _entered(("films", "text"), ("patient_code", upload), ("symptoms", upload))
    assert (odd.uploads, odd.typed["patient_code"], odd.symptoms) == ((), "", ())


def test_a_films_facts_fill_only_what_was_left_empty() -> None:
    film = _film(age_years=61.9, sex=Sex.MALE, projection=Projection.PA)
    filled = Entered.blank().with_film("t", film)
    assert (filled.typed["age_years"], filled.typed["sex"], filled.staged) == ("61", "M", ("t",))
    kept = Entered.blank(age_years="40", sex="F").with_film("t", film)
    assert (kept.typed["age_years"], kept.typed["sex"]) == ("40", "F")
    unreadable = Examination(
        "film", BundleId("phantom", "1", "a" * 64), refusal=Refusal.of(RefusalCode.EMPTY)
    )
    assert Entered.blank().with_film("t", unreadable).typed["age_years"] == ""


def test_films_are_named_once_and_may_be_taken_off() -> None:
    entered = _entered(("staged", "a"), ("staged", "b"), ("staged", "a"))
    assert entered.staged == ("a", "b")
    assert entered.without("a").staged == ("b",)
    assert entered.without("never").staged == ("a", "b")


def test_a_projection_is_one_of_ours_or_unknown() -> None:
    entered = _entered(("projection-a", "AP Supine"), ("projection-b", "up"), ("projection-c", ""))
    assert entered.projection("a") is Projection.AP_SUPINE
    assert [entered.projection(name) for name in ("b", "c", "never")] == [None, None, None]


@pytest.mark.parametrize(
    ("typed", "adult"), [("yes", True), ("no", False), ("", None), ("x", None)]
)
def test_an_adult_without_an_age(typed: str, adult: bool | None) -> None:
    case, wrong = Entered.blank(adult=typed).to_case(7)
    assert (case.adult, wrong) == (adult, {})
