"""The sentences of a result: honest at the ends, in both languages, each thing said once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bundle_factory import appearance_fields, spec_dict
from clinic_clock import CLOCK
from covid_d.clinic.cases.result import Result
from covid_d.clinic.clock import now
from covid_d.clinic.pages.case.result_words import base_of, words_of
from covid_d.detector import (
    CATEGORIES,
    Appearance,
    Assessment,
    BundleId,
    BundleSpec,
    CovidRange,
    Outcome,
)
from covid_d.detector.assessment import Caution
from covid_d.detector.cautions import AGE_UNKNOWN, DEMONSTRATION, OUTSIDE_LUNGS, sex_differs
from covid_d.language import Message
from covid_d.radiograph import Refusal, RefusalCode, Sex

BUNDLE = BundleId("phantom", "1.0", "abcdef0123456789" * 4)
NOTE = Caution("supine", Message("aviso", "warning"))
OLD_SPEC = BundleSpec.model_validate(spec_dict())
SPEC = BundleSpec.model_validate(spec_dict(**appearance_fields()))
OLD = Assessment(
    path="",
    outcome=Outcome.NEGATIVE,
    bundle=BUNDLE,
    verdict="audit-passed",
    probability=0.25,
    conformal_set=("nocovid",),
    warnings=(NOTE,),
)
SEEN = Assessment(
    path="",
    outcome=Outcome.POSITIVE,
    bundle=BUNDLE,
    verdict="audit-passed",
    appearance=dict(zip(CATEGORIES, (0.05, 0.1, 0.15, 0.7), strict=True)),
    conformal_set=("typical",),
    covid=CovidRange(0.1, 0.27, 0.96, 0.05),
    warnings=(NOTE,),
)
REFUSED = Assessment(
    path="",
    outcome=Outcome.REFUSED,
    bundle=BUNDLE,
    refusal=Refusal.of(RefusalCode.NOT_FRONTAL, "L"),
    warnings=(NOTE,),
)


def _result(
    assessment: Assessment, spec: BundleSpec | None = OLD_SPEC, prevalence: float | None = 0.05
) -> Result:
    return Result(assessment, spec, prevalence, now())


class TestAppearance:
    def test_headline_categories_and_the_range(self) -> None:
        words = words_of(_result(SEEN, SPEC), "es", CLOCK)
        assert (words.outcome, words.kind, words.sign) == (
            "Aspecto típico de COVID-19",
            "positive",
            "+",
        )
        assert [value for _, value in words.figures] == [
            "70 %",
            "15 %",
            "10 %",
            "5 %",
            "95 %",
            "10 % – 96 %",
        ]
        assert words.figures[0][0] == "Aspecto típico de COVID-19"
        assert words.figures[-1][0] == "COVID-19, a la prevalencia de su unidad"
        assert "(prevalencia 5 %)" in words.meaning
        assert "entre cerca de 10" not in words.meaning
        assert "entre unas 10 y unas 96 con COVID-19" in words.meaning
        assert "estudios publicados" in words.notes[0]
        assert "deja como posible: aspecto típico de COVID-19." in words.why
        assert "10 % por categoría" in words.why

    def test_a_prevalence_keeps_its_decimal_in_the_readers_way(self) -> None:
        fine = replace(SEEN, covid=CovidRange(0.1, 0.2, 0.3, 0.025))
        assert "2,5 %" in words_of(_result(fine, SPEC), "es", CLOCK).meaning
        assert "2.5 %" in words_of(_result(fine, SPEC), "en", CLOCK).meaning

    @pytest.mark.parametrize("category", list(Appearance))
    def test_nothing_ever_rules_covid_out(self, category: Appearance) -> None:
        appearance = {c: 0.97 if c is category else 0.01 for c in CATEGORIES}
        outcome = Outcome.NEGATIVE if category is Appearance.NEGATIVE else Outcome.INCONCLUSIVE
        answer = replace(SEEN, appearance=appearance, outcome=outcome)
        words = words_of(_result(answer, SPEC), "es", CLOCK)
        assert "compatible" not in words.outcome.lower()
        assert words.action == "No descarta COVID-19; confirme con RT-PCR o antígeno."

    def test_a_demonstration_shows_no_predictive_value(self) -> None:
        shown = replace(SEEN, verdict="demonstration", covid=None)
        words = words_of(_result(shown, SPEC), "es", CLOCK)
        assert len(words.figures) == 5
        assert "no tiene valor predictivo" in words.meaning
        assert "%" not in words.meaning
        assert words.notes == ()

    def test_without_a_prevalence_there_is_none_either(self) -> None:
        words = words_of(_result(replace(SEEN, covid=None), SPEC, None), "en", CLOCK)
        assert "no prevalence set" in words.meaning
        assert words.notes == ()

    def test_like_none_of_them(self) -> None:
        lost = replace(SEEN, outcome=Outcome.INCONCLUSIVE, conformal_set=())
        assert "like none of the appearances" in words_of(_result(lost, SPEC), "en", CLOCK).why

    def test_the_error_of_a_bundle_that_is_not_here_is_not_made_up(self) -> None:
        assert "10 %" not in words_of(_result(SEEN, None), "en", CLOCK).why


class TestOldKind:
    @pytest.mark.parametrize(
        ("share", "figure", "about"),
        [
            (0.0, "< 1 %", "fewer than 1 is of a patient"),
            (0.0099, "< 1 %", "fewer than 1 is of a patient"),
            (0.01, "1 %", "about 1 is of a patient"),
            (0.02, "2 %", "about 2 are of patients"),
            (0.5, "50 %", "about 50 are of patients"),
            (0.99, "99 %", "about 99 are of patients"),
            (0.9901, "> 99 %", "more than 99 are of patients"),
            (1.0, "> 99 %", "more than 99 are of patients"),
        ],
    )
    def test_no_figure_promises_certainty(self, share: float, figure: str, about: str) -> None:
        words = words_of(_result(replace(OLD, probability=share)), "en", CLOCK)
        assert words.figures == (("Probability of COVID-19 by the model", figure),)
        assert f"this number, {about} with COVID-19." in words.notes[0]

    def test_one_of_a_hundred_is_said_in_the_singular(self) -> None:
        words = words_of(_result(replace(OLD, probability=0.01)), "es", CLOCK)
        assert "cerca de 1 es de un paciente con COVID-19" in words.notes[0]

    def test_a_demonstrations_number_is_no_probability(self) -> None:
        words = words_of(
            _result(replace(OLD, verdict="demonstration", probability=0.625)), "es", CLOCK
        )
        ((name, value),) = words.figures
        assert "no es una probabilidad de enfermedad" in name
        assert value in ("0,62", "0,63")
        assert words.notes == ()
        assert "%" not in value + words.meaning

    def test_there_is_no_predictive_value(self) -> None:
        words = words_of(_result(OLD), "es", CLOCK)
        assert "no hay valor predictivo" in words.meaning
        assert len(words.figures) == len(words.notes) == 1

    def test_what_is_not_known_is_not_said(self) -> None:
        words = words_of(_result(OLD, None), "en", CLOCK)
        assert len(words.figures) == len(words.notes) == 1
        assert "were.)" not in words.notes[0]

    @pytest.mark.parametrize(
        ("remaining", "said"),
        [
            (("covid",), "unlike those without COVID-19"),
            (("nocovid",), "the patient may have it all the same"),
            (("covid", "nocovid"), "neither COVID-19 nor its absence"),
            ((), "like neither of the two classes"),
        ],
    )
    def test_the_conformal_set_is_said_with_its_error(
        self, remaining: tuple[str, ...], said: str
    ) -> None:
        answer = replace(OLD, conformal_set=remaining)
        why = words_of(_result(answer), "en", CLOCK).why
        assert said in why
        assert "(10 % a class)" in why
        assert "10 %" not in words_of(_result(answer, None), "en", CLOCK).why

    def test_a_bundle_without_thresholds_says_so(self) -> None:
        spec = BundleSpec.model_validate(spec_dict(conformal=None))
        answer = replace(OLD, conformal_set=("covid", "nocovid"))
        assert "no decision thresholds" in words_of(_result(answer, spec), "en", CLOCK).why


def test_that_a_film_may_be_anothers_is_told_apart() -> None:
    other = sex_differs(Sex.MALE)
    assert other is not None
    words = words_of(_result(replace(SEEN, warnings=(other, NOTE)), SPEC), "en", CLOCK)
    assert words.deciding == (other.message.en,)
    assert words.warnings == ("warning",)


def test_a_refusal_has_a_reason_and_no_figure() -> None:
    words = words_of(_result(REFUSED), "es", CLOCK)
    assert (words.outcome, words.sign) == ("Imagen rechazada", "×")
    assert "Use la proyección PA o AP." in words.action
    assert words.meaning
    assert (words.figures, words.notes, words.why, words.deciding) == ((), (), "", ())


def test_every_outcome_has_a_sign_of_its_own() -> None:
    signs = {
        words_of(_result(replace(OLD, outcome=outcome)), "es", CLOCK).sign
        for outcome in list(Outcome)[:3]
    }
    assert len(signs | {words_of(_result(REFUSED), "es", CLOCK).sign}) == 4


def test_a_report_says_common_things_once() -> None:
    several = [words_of(_result(answer), "es", CLOCK) for answer in (OLD, OLD, REFUSED)]
    base = base_of(several)
    assert base.warnings == ("aviso",)
    assert len(base.meanings) == 1
    assert base.actions == ("No descarta COVID-19; confirme con RT-PCR o antígeno.",)


class TestDeciding:
    """What an answer stands or falls by is in the block that is read first, and only there."""

    def test_a_demonstration_looks_like_no_finding(self) -> None:
        shown = replace(SEEN, verdict="demonstration", covid=None, warnings=(DEMONSTRATION, NOTE))
        words = words_of(_result(shown, SPEC), "es", CLOCK)
        assert (words.kind, words.tone) == ("positive", "demonstration")
        assert words.deciding == (DEMONSTRATION.message.es,)
        assert words.warnings == ("aviso",)

    def test_without_an_age_the_headline_is_a_condition(self) -> None:
        words = words_of(_result(replace(SEEN, warnings=(AGE_UNKNOWN,)), SPEC), "es", CLOCK)
        assert words.outcome == "Si es adulto: aspecto típico de COVID-19"
        assert words.deciding == (AGE_UNKNOWN.message.es,)
        known = words_of(_result(SEEN, SPEC), "en", CLOCK)
        assert known.outcome == "Typical appearance of COVID-19"

    def test_anothers_film_is_said_before_all_else(self) -> None:
        other = sex_differs(Sex.MALE)
        assert other is not None
        answer = replace(SEEN, warnings=(AGE_UNKNOWN, OUTSIDE_LUNGS, other))
        words = words_of(_result(answer, SPEC), "en", CLOCK)
        assert words.deciding[0] == other.message.en
        assert set(words.deciding[1:]) == {AGE_UNKNOWN.message.en, OUTSIDE_LUNGS.message.en}

    def test_a_film_unlike_all_that_was_learnt(self) -> None:
        lost = replace(SEEN, outcome=Outcome.INCONCLUSIVE, conformal_set=())
        (said,) = words_of(_result(lost, SPEC), "en", CLOCK).deciding
        assert "unlike those that the model learnt from" in said

    def test_the_alarm_for_drift(self) -> None:
        assert words_of(_result(SEEN, SPEC), "es", CLOCK).deciding == ()
        (said,) = words_of(_result(SEEN, SPEC), "es", CLOCK, drifting=True).deciding
        assert said.startswith("Alarma de deriva")

    def test_a_refused_film_has_no_answer_to_doubt(self) -> None:
        refused = replace(REFUSED, warnings=(AGE_UNKNOWN, DEMONSTRATION))
        words = words_of(_result(refused), "es", CLOCK, drifting=True)
        assert (words.deciding, words.tone) == ((), "refused")
        assert words.outcome == "Imagen rechazada"
