"""Numbers in words, and answers' headlines: as Python says them."""

from __future__ import annotations

import itertools

from covid_d.detector.appearance import CATEGORIES
from covid_d.detector.assessment import Assessment, BundleId, CovidRange, Outcome
from covid_d.detector.cautions import AGE_UNKNOWN
from covid_d.detector.words import numbers, percent
from on_node import Ask, Facts

_WORDS = """
import { general, numbers, percent } from "@web/detector/words.mjs";
import { headline } from "@web/detector/assessment.mjs";
export default ({ facts, answers, shares, plain }) => ({
  percents: shares.map(percent),
  generals: plain.map(general),
  numbers: answers.map((answer) => numbers(answer, facts)),
  headlines: answers.map((answer) => headline(answer, facts)),
});
"""
_ID = BundleId("cxr-appearance", "1.1.0", "0" * 64)


def _answers() -> list[Assessment]:
    found = []
    mixes = [(0.7, 0.1, 0.1, 0.1), (0.1, 0.6, 0.2, 0.1), (0.003, 0.001, 0.001, 0.995)]
    outcomes = [Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.INCONCLUSIVE]
    for mix, outcome, unknown in itertools.product(mixes, outcomes, (False, True)):
        found.append(
            Assessment(
                path="film.dcm",
                outcome=outcome,
                bundle=_ID,
                verdict="audit-passed",
                appearance=dict(zip(CATEGORIES, mix, strict=True)),
                covid=CovidRange(0.004, 0.125, 0.4, 0.055) if unknown else None,
                warnings=(AGE_UNKNOWN,) if unknown else (),
            )
        )
    return found


def test_percentages_and_prevalences_are_written_as_python_writes_them(
    ask: Ask, facts: Facts
) -> None:
    shares = [0.0, 0.009999, 0.01, 0.125, 0.135, 0.145, 0.314, 0.985, 0.99, 0.9901, 1.0]
    plain = [0.01, 0.05, 5.0, 5.5, 12.34, 99.94, 0.000123, 0.0000123, 50.0, 2.675, 100.0]
    found = ask(_WORDS, {"facts": facts, "answers": [], "shares": shares, "plain": plain})
    assert found["percents"] == [percent(share) for share in shares]
    assert found["generals"] == [f"{number:.3g}" for number in plain]


def test_an_answer_is_said_in_the_same_words(ask: Ask, facts: Facts) -> None:
    answers = _answers()
    given = [answer.to_dict() for answer in answers]
    found = ask(_WORDS, {"facts": facts, "answers": given, "shares": [], "plain": []})
    assert found["numbers"] == [[said.to_dict() for said in numbers(a)] for a in answers]
    assert found["headlines"] == [answer.headline.to_dict() for answer in answers]
    assert any("si es adulto" in said["es"] for said in found["headlines"])
    assert any("5,5 %" in line["es"] for lines in found["numbers"] for line in lines)
