"""Probabilities, sets, outcomes and the range at a prevalence: Python's, to the last digits."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from covid_d.detector.appearance import CATEGORIES
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.bundle.spec import AppearanceCalibration, AppearanceConformal
from covid_d.detector.calibrate import (
    appearance_probabilities,
    appearance_set,
    outcome_of_appearance,
)
from covid_d.detector.likelihood import PUBLISHED, LikelihoodTable
from covid_d.detector.local_ratios import LocalRatios
from covid_d.offline import facts as offline_facts
from on_node import Ask, Facts

_CALIBRATE = """
import * as calibrate from "@web/detector/calibrate.mjs";
export default ({ spec, logits }) => logits.map((each) => {
  const found = calibrate.appearanceProbabilities(each, spec.calibration, spec.classes);
  const remaining = calibrate.appearanceSet(found, spec.conformal, spec.classes);
  return { found, remaining, outcome: calibrate.outcomeOfAppearance(remaining) };
});
"""
_BAD = """
import * as calibrate from "@web/detector/calibrate.mjs";
export default ({ spec, prevalences }) => {
  const fails = (work) => { try { work(); return false; } catch { return true; } };
  const answer = (logits) =>
    fails(() => calibrate.appearanceProbabilities(logits, spec.calibration, spec.classes));
  return {
    logits: [answer([1, NaN, 0, 0]), answer([1, Infinity, 0, 0]), answer([1, 2, 3])],
    prevalences: prevalences.map((each) => fails(() => calibrate.checkPrevalence(each))),
  };
};
"""
_RANGE = """
import { LikelihoodTable } from "@web/detector/likelihood.mjs";
export default ({ facts, asked }) => {
  const table = new LikelihoodTable(facts);
  return asked.map(({ appearance, shares, prevalence }) =>
    table.covid(appearance, shares, prevalence));
};
"""


def _logits() -> list[list[float]]:
    drawn = np.random.default_rng(1).normal(scale=3.0, size=(200, 4)).tolist()
    return [*drawn, [800.0, -800.0, 0.0, 1.0], [0.0] * 4]


def test_logits_become_the_same_answer(ask: Ask, built_in: Bundle, facts: Facts) -> None:
    spec, logits = built_in.spec, _logits()
    assert isinstance(spec.calibration, AppearanceCalibration)
    assert isinstance(spec.conformal, AppearanceConformal)
    found = ask(_CALIBRATE, {"spec": facts["bundle"]["spec"], "logits": logits})
    outcomes = set()
    for numbers, answer in zip(logits, found, strict=True):
        told = appearance_probabilities(numbers, spec.calibration)
        assert answer["found"] == pytest.approx({c.value: p for c, p in told.items()}, rel=1e-12)
        remaining = appearance_set(told, spec.conformal)
        assert answer["remaining"] == [category.value for category in remaining]
        assert answer["outcome"] == outcome_of_appearance(remaining).value
        outcomes.add(answer["outcome"])
    assert outcomes == {"positive", "negative", "inconclusive"}


def test_what_is_no_number_or_no_prevalence_throws(ask: Ask, facts: Facts) -> None:
    prevalences = [0, 1, -0.1, 1.5, None, "0.1", 0.5]
    given = {"spec": facts["bundle"]["spec"], "prevalences": prevalences}
    found = ask(_BAD, given)
    assert found["logits"] == [True] * 3
    assert found["prevalences"] == [True] * 6 + [False]


def _asked(shares: tuple[float, ...]) -> list[dict[str, Any]]:
    chance = np.random.default_rng(2)
    mixes = [*chance.dirichlet([0.5] * 4, size=12), np.array([0.0, 0.0, 0.0, 1.0])]
    return [
        {
            "appearance": dict(zip((c.value for c in CATEGORIES), mix.tolist(), strict=True)),
            "shares": shares,
            "prevalence": prevalence,
        }
        for mix, prevalence in itertools.product(mixes, (0.01, 0.2, 0.9))
    ]


@pytest.mark.parametrize(
    "table",
    [PUBLISHED, LocalRatios("Quito 2026", (40.5, 10.5, 20.5, 80.5), (90.5, 30.5, 20.5, 10.5))],
    ids=["published", "of a clinic"],
)
def test_the_range_at_a_prevalence_is_the_same(
    ask: Ask, built_in: Bundle, table: LikelihoodTable
) -> None:
    told = offline_facts.facts(built_in, table)
    assert isinstance(built_in.spec.calibration, AppearanceCalibration)
    asked = _asked(built_in.spec.calibration.shares)
    found = ask(_RANGE, {"facts": told, "asked": asked})
    for question, answer in zip(asked, found, strict=True):
        appearance = {c: question["appearance"][c.value] for c in CATEGORIES}
        expected = table.covid(appearance, question["shares"], question["prevalence"]).to_dict()
        assert answer.pop("table") == expected.pop("table") == table.name
        assert answer == pytest.approx(expected, rel=1e-12)


def test_a_table_that_is_not_whole_answers_nothing(ask: Ask, facts: Facts) -> None:
    draws = {**facts["likelihood"]["draws"], "other": ""}
    broken = {**facts, "likelihood": {**facts["likelihood"], "draws": draws}}
    with pytest.raises(AssertionError, match="not whole"):
        ask(_RANGE, {"facts": broken, "asked": []})
