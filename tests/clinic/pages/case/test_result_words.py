"""The sentences of a result: honest at the ends, in both languages, each thing said once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clinic_clock import CLOCK
from covid_d.clinic.cases.result import VERDICTS, Result
from covid_d.clinic.clock import now
from covid_d.clinic.pages.case.result_words import base_of, words_of
from covid_d.clinic.texts import Text
from covid_d.detector import Outcome
from covid_d.language import Message

ANSWERED = Result(
    outcome=Outcome.NEGATIVE,
    probability=0.25,
    remaining=Text("left open"),
    refusal=None,
    contradictions=(),
    warnings=(Message("aviso", "warning"),),
    prevalence=0.05,
    post_test_probability=0.1,
    calibration_prevalence=0.3,
    has_activation=True,
    bundle_name="phantom",
    bundle_version="1.0",
    bundle_sha256="abcdef0123456789" * 4,
    verdict=VERDICTS["demonstration"],
    answered_at=now(),
)
REFUSED = replace(
    ANSWERED,
    outcome=Outcome.REFUSED,
    probability=None,
    remaining=None,
    refusal=Message("es lateral", "it is lateral"),
    post_test_probability=None,
)


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
def test_no_figure_promises_certainty(share: float, figure: str, about: str) -> None:
    words = words_of(replace(ANSWERED, probability=share), "en", CLOCK)
    assert words.figures[0] == ("Probability of COVID-19 by the model", figure)
    assert f"this number, {about} with COVID-19." in words.meaning[0]


def test_one_of_a_hundred_is_said_in_the_singular() -> None:
    rare = replace(ANSWERED, probability=0.01, post_test_probability=0.01)
    words = words_of(rare, "es", CLOCK)
    assert "cerca de 1 es de un paciente con COVID-19" in words.meaning[0]
    assert "cerca de 1 con COVID-19 y unas 99 sin ella" in words.meaning[1]


def test_the_two_predictive_values_are_each_others_rest() -> None:
    words = words_of(ANSWERED, "es", CLOCK)
    assert [value for _, value in words.figures] == ["25 %", "10 %", "90 %"]
    assert "(prevalencia 5 %)" in words.meaning[1]
    assert "unas 10 con COVID-19 y unas 90 sin ella" in words.meaning[1]


def test_a_prevalence_keeps_its_decimal_in_the_readers_way() -> None:
    fine = replace(ANSWERED, prevalence=0.025)
    assert "2,5 %" in words_of(fine, "es", CLOCK).meaning[1]
    assert "2.5 %" in words_of(fine, "en", CLOCK).meaning[1]


def test_what_is_not_known_is_not_said() -> None:
    bare = replace(ANSWERED, post_test_probability=None, calibration_prevalence=None)
    words = words_of(bare, "en", CLOCK)
    assert len(words.figures) == len(words.meaning) == 1
    assert "were.)" not in words.meaning[0]
    assert "no prevalence set" in words.caveat


def test_a_refusal_has_a_reason_and_no_figure() -> None:
    words = words_of(REFUSED, "es", CLOCK)
    assert (words.outcome, words.sign, words.why) == ("Imagen rechazada", "×", "es lateral")
    assert (words.figures, words.meaning, words.caveat) == ((), (), "")


def test_every_outcome_has_a_sign_of_its_own() -> None:
    signs = {
        words_of(replace(ANSWERED, outcome=outcome), "es", CLOCK).sign
        for outcome in list(Outcome)[:3]
    }
    assert len(signs | {words_of(REFUSED, "es", CLOCK).sign}) == 4


def test_a_report_says_common_things_once() -> None:
    several = [words_of(result, "es", CLOCK) for result in (ANSWERED, ANSWERED, REFUSED)]
    base = base_of(several, "es")
    assert base.warnings == ("aviso",)
    assert len(base.caveats) == len(base.models) == 1
    assert base.rule == several[0].rule
