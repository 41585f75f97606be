"""The result's sentences: the clinic's, but for whose prevalence it is."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest

from clinic_clock import CLOCK
from covid_d.clinic.cases.result import Result
from covid_d.clinic.clock import now
from covid_d.clinic.pages.case.result_words import words_of
from covid_d.detector.appearance import CATEGORIES
from covid_d.detector.assessment import Assessment, CovidRange, Outcome
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.cautions import (
    AGE_UNKNOWN,
    OUTSIDE_LUNGS,
    PROJECTION_UNKNOWN,
    SUPINE,
    age_differs,
)
from covid_d.radiograph.refusal import Refusal, RefusalCode
from on_node import Ask, Facts

_WORDS = """
import { wordsOf } from "@web/page/result_words.mjs";
import { firstLanguage, Speech } from "@web/page/say.mjs";
export default ({ facts, asked, preferred }) => ({
  words: asked.map(({ answers, language }) => wordsOf(answers, new Speech(facts, language))),
  languages: preferred.map(([search, browser]) => firstLanguage(search, browser)),
});
"""
LANGUAGES: tuple[Literal["es", "en"], ...] = ("es", "en")


@pytest.fixture
def answers(built_in: Bundle) -> list[Assessment]:
    """Answers of every kind that a page may show."""
    known: dict[str, Any] = {"path": "x", "bundle": built_in.id, "verdict": "audit-passed"}
    mixes = [(0.05, 0.1, 0.15, 0.7), (0.9, 0.05, 0.04, 0.01), (0.004, 0.6, 0.2, 0.196)]
    ranges = [CovidRange(0.1, 0.27, 0.96, 0.05), None, CovidRange(0.003, 0.05, 0.06, 0.055)]
    sets = [("typical",), (), ("atypical", "indeterminate")]
    outcomes = [Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.INCONCLUSIVE]
    warnings = [
        (PROJECTION_UNKNOWN, AGE_UNKNOWN),
        (SUPINE, OUTSIDE_LUNGS),
        (age_differs(40.0, 70), PROJECTION_UNKNOWN),
    ]
    answered = [
        Assessment(
            outcome=outcome,
            appearance=dict(zip(CATEGORIES, mix, strict=True)),
            conformal_set=remaining,
            covid=covid,
            warnings=said,
            **known,
        )
        for outcome, mix, remaining, covid, said in zip(
            outcomes, mixes, sets, ranges, warnings, strict=True
        )
    ]
    refused = [
        Assessment(outcome=Outcome.REFUSED, refusal=Refusal.of(code, "x"), warnings=said, **known)
        for code, said in itertools.product(
            (RefusalCode.NO_LUNGS, RefusalCode.NOT_READ_HERE), ((), (age_differs(40.0, 70),))
        )
    ]
    certain = replace(answered[0], covid=CovidRange(0.001, 0.5, 0.9999, 0.5))
    return [*answered, certain, *refused]


def _held_against(found: dict[str, Any], told: Any, language: str) -> None:
    whose = {"es": "prevalencia que indicó", "en": "prevalence that you set"}
    meaning = re.sub(r"\(preval\w+ .*\)", f"({whose[language]})", told.meaning)
    if "(preval" in told.meaning or not told.figures:  # the reason of no answer, or of a void one
        assert found["meaning"] == meaning
    assert found["leaning"] == told.leaning
    assert (found["kind"], found["sign"], found["headline"]) == (told.kind, told.sign, told.outcome)
    assert found["tone"] == told.tone
    assert found["deciding"] == list(told.deciding)
    assert found["action"] == told.action
    assert found["warnings"] == list(told.warnings)
    assert found["left"] == told.why
    figures = [value for _, value in told.figures]
    assert [value for _, value in found["figures"]] == figures
    names = [name for name, _ in told.figures if "prevalen" not in name]
    assert [name for name, _ in found["figures"] if "prevalen" not in name] == names
    assert found["notes"] == list(told.notes)
    # The clinic says when, this page elsewhere; a verdict, in their own words, where both do.
    named, verdict, _ = found["model"].partition(": ")
    clinics = told.model.rpartition(" · ")[0].partition(": ")
    assert (named, verdict) == clinics[:2]


def test_a_result_is_said_as_in_the_clinic(
    ask: Ask, facts: Facts, built_in: Bundle, answers: list[Assessment]
) -> None:
    pairs = list(itertools.product(answers, LANGUAGES))
    asked = [{"answers": [answer.to_dict()], "language": lang} for answer, lang in pairs]
    found = ask(_WORDS, {"facts": facts, "asked": asked, "preferred": []})["words"]
    for (answer, language), words in zip(pairs, found, strict=True):
        result = Result(answer, built_in.spec, 0.05, now())
        _held_against(words, words_of(result, language, CLOCK, unit="Hospital Uno"), language)


def test_an_answer_to_be_disregarded_shows_no_percentage_and_no_verdict(
    ask: Ask, facts: Facts, answers: list[Assessment]
) -> None:
    void = replace(answers[0], warnings=(OUTSIDE_LUNGS,)).to_dict()
    asked = [{"answers": [void], "language": language} for language in LANGUAGES]
    for words in ask(_WORDS, {"facts": facts, "asked": asked, "preferred": []})["words"]:
        assert words["tone"] == "void"
        assert not re.search(r"\d+ ?%|of 100|de cada 100", str(list(words.values())))
        assert words["figures"] == []
        assert "passed the audit" not in words["model"]
        assert "superó" not in words["model"]
        assert words["sign"] == "×"
        assert words["headline"] in (
            "Respuesta descartada",
            "Answer discarded",
        )
        assert words["deciding"] == words["warnings"] == [], "each thing is said once"


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_no_map_of_an_answer_to_be_disregarded(
    ask: Ask, facts: Facts, built_in: Bundle, answers: list[Assessment], language: Any
) -> None:
    """The legend names what every other answer's map is of, in the clinic's words."""
    given = [*answers, replace(answers[0], warnings=(OUTSIDE_LUNGS,))]
    asked = [{"answers": [answer.to_dict()], "language": language} for answer in given]
    found = ask(_WORDS, {"facts": facts, "asked": asked, "preferred": []})["words"]
    layer = np.ones((2, 2), dtype=np.float32)
    for answer, words in zip(given, found, strict=True):
        if answer.refusal is not None:
            assert words["weighed"] == ""
            continue
        result = Result(replace(answer, activation=layer), built_in.spec, 0.05, now())
        assert result.offers_map is not answer.is_void
        weighed = result.evidence_for
        assert words["weighed"] == (weighed.in_language(language) if weighed else "")
    assert found[-1]["weighed"] == ""
    assert found[0]["weighed"] != ""


@pytest.mark.parametrize(
    ("outcome", "highest", "told"),
    [
        (Outcome.POSITIVE, 0.43, True),
        (Outcome.POSITIVE, 0.5, False),
        (Outcome.INCONCLUSIVE, 0.43, True),
        (Outcome.NEGATIVE, 0.43, False),
    ],
)
def test_a_headline_is_not_to_be_taken_for_the_odds(
    ask: Ask,
    facts: Facts,
    answers: list[Assessment],
    outcome: Outcome,
    highest: float,
    told: bool,
) -> None:
    """Of two prevalences the higher one counts."""
    low = replace(answers[0], outcome=outcome, covid=CovidRange(0.02, 0.05, 0.1, 0.01))
    high = replace(low, covid=CovidRange(0.1, 0.2, highest, 0.05))
    both = [low.to_dict(), high.to_dict()]
    asked = [{"answers": both, "language": language} for language in LANGUAGES]
    spanish, english = ask(_WORDS, {"facts": facts, "asked": asked, "preferred": []})["words"]
    assert spanish["meaning"].endswith(" Aun así, otra causa es más probable.") is told
    assert english["meaning"].endswith(" Even so, another cause is more likely.") is told


def test_a_prevalence_between_two_gives_what_both_allow(
    ask: Ask, facts: Facts, answers: list[Assessment]
) -> None:
    low = replace(answers[0], covid=CovidRange(0.02, 0.08, 0.2, 0.01)).to_dict()
    high = replace(answers[0], covid=CovidRange(0.3, 0.5, 0.8, 0.25)).to_dict()
    asked = [{"answers": [low, high], "language": language} for language in LANGUAGES]
    spanish, english = ask(_WORDS, {"facts": facts, "asked": asked, "preferred": []})["words"]
    assert "between about 2 and about 80 of 100" in english["meaning"]
    assert "before the film, 1 to 25 of 100" in english["meaning"]
    assert "1 a 25 de cada 100" in spanish["meaning"]
    assert english["figures"][-1] == ["COVID-19, at the prevalence that you set", "2 % – 80 %"]


def test_without_a_prevalence_nothing_is_said_of_covid(
    ask: Ask, facts: Facts, answers: list[Assessment]
) -> None:
    sound = replace(answers[1], warnings=())
    asked = [{"answers": [sound.to_dict()], "language": "en"}]
    (words,) = ask(_WORDS, {"facts": facts, "asked": asked, "preferred": []})["words"]
    assert words["meaning"].startswith("No prevalence was set")
    assert len(words["figures"]) == 5
    assert words["notes"] == []


def test_the_page_begins_in_spanish_unless_english_is_asked_for(ask: Ask, facts: Facts) -> None:
    preferred = [("", "es-EC"), ("", "en-GB"), ("", "fr"), ("?lang=en", "es"), ("?lang=xx", "en")]
    found = ask(_WORDS, {"facts": facts, "asked": [], "preferred": preferred})["languages"]
    assert found == ["es", "en", "es", "en", "en"]
