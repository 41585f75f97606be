"""The one judge: from what was examined and what is stated to the answer that Python gives."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.examine import Examination
from covid_d.detector.judge import facts_with, judge
from covid_d.detector.stated import Stated
from covid_d.radiograph import Facts, Projection, Refusal, RefusalCode, Sex
from on_node import Ask

_JUDGE = """
import { factsWith, judge } from "@web/detector/judge.mjs";
import { LikelihoodTable } from "@web/detector/likelihood.mjs";
export default ({ facts, asked }) => {
  const ratios = new LikelihoodTable(facts);
  return asked.map(({ examination, stated, prevalence }) => ({
    answer: judge(examination, stated, prevalence, ratios, facts),
    known: factsWith(examination.facts, stated),
  }));
};
"""
_BAD = """
import { assessment } from "@web/detector/assessment.mjs";
export default ({ facts, parts }) => parts.map((each) => {
  try {
    return assessment({ path: "", warnings: [], ...each }, facts);
  } catch (error) {
    return error.message;
  }
});
"""


def _examinations(bundle: Bundle) -> list[Examination]:
    chance = np.random.default_rng(8)
    known: list[dict[str, Any]] = [
        {},
        {"projection": Projection.AP_SUPINE, "age_years": 44.0, "sex": Sex.FEMALE},
        {"age_years": 12.5},
        {"projection": Projection.LATERAL},
        {"age_by_dates": 16.0, "age_years": 50.0},
        {"child": True},
        {"age_unread": "cuarenta y pico"},
        {"modality": "CT"},
        {"body_part": "KNEE"},
    ]
    found = [
        Examination(
            name=f"{number}.dcm",
            bundle=bundle.id,
            facts=Facts("DICOM", "0" * 64, 12, **each),
            logits=tuple(chance.normal(scale=3.0, size=4).tolist()),
            inside=tuple(chance.random(4).tolist()) if number % 2 else None,
        )
        for number, each in enumerate(known)
    ]
    unread = Examination("x", bundle.id, refusal=Refusal.of(RefusalCode.TRUNCATED))
    seen = Facts("DICOM", "0" * 64, 12, age_years=30.0)
    refused = Examination("y", bundle.id, seen, 9, 9, refusal=Refusal.of(RefusalCode.NO_LUNGS))
    internal = Examination("z", bundle.id, refusal=Refusal.of(RefusalCode.INTERNAL, "KeyError"))
    return [*found, unread, refused, internal]


def _sent(examination: Examination, stated: Stated, prevalence: float | None) -> dict[str, Any]:
    refusal = examination.refusal
    code = refusal and refusal.code
    detail = {"detail": "KeyError"} if code is RefusalCode.INTERNAL else {}
    return {
        "examination": {
            **examination.to_dict(),
            "facts": examination.facts and asdict(examination.facts),
            "refused": code and {"code": code.value, "values": detail},
        },
        "stated": asdict(stated),
        "prevalence": prevalence,
    }


def test_every_examination_is_judged_as_python_judges_it(
    ask: Ask, facts: dict[str, Any], built_in: Bundle
) -> None:
    said = [
        (Stated(), None),
        (Stated(age_years=61.0, projection=Projection.PA, sex=Sex.MALE), 0.03),
        (Stated(adult=False), 0.2),
        (Stated(adult=True), None),
        (Stated(projection=Projection.OTHER), 0.5),
        (Stated(age_years=9.0), 0.1),
    ]
    pairs = list(itertools.product(_examinations(built_in), said))
    readable = [pair for pair in pairs if pair[0].facts is not None]
    unread = [pair for pair in pairs if pair[0].facts is None]
    found = _ask_all(ask, facts, readable)
    codes = set()
    for (examination, (stated, prevalence)), answer in zip(readable, found, strict=True):
        told = judge(examination, built_in.spec, stated, prevalence).to_dict()
        _alike(answer["answer"], told)
        known = asdict(facts_with(examination.facts, stated))
        assert {name: answer["known"][name] for name in known} == known
        codes.add((told["refusal"] or {}).get("code"))
    assert codes >= {None, "child", "not_frontal", "not_chest", "not_radiography", "no_lungs"}
    assert "age_unread" in codes
    script = _JUDGE.replace("known: factsWith(examination.facts, stated),", "")
    asked = [_sent(examination, *each) for examination, each in unread]
    for (examination, (stated, prevalence)), answer in zip(
        unread, ask(script, {"facts": facts, "asked": asked}), strict=True
    ):
        told = judge(examination, built_in.spec, stated, prevalence).to_dict()
        _alike(answer["answer"], told)


def _ask_all(ask: Ask, facts: dict[str, Any], pairs: list[Any]) -> list[dict[str, Any]]:
    asked = [_sent(examination, *said) for examination, said in pairs]
    found: list[dict[str, Any]] = ask(_JUDGE, {"facts": facts, "asked": asked})
    return found


def _alike(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    for name in ("appearance", "covid"):
        told, expected = mine.pop(name), theirs.pop(name)
        assert (told is None) == (expected is None)
        if told is not None:
            assert told.pop("table", "") == expected.pop("table", "")
            assert told == pytest.approx(expected, rel=1e-12)
    opacity = theirs.pop("opacity")
    assert mine.pop("opacity") == (opacity and pytest.approx(opacity, rel=1e-12))
    assert mine == theirs


def test_an_answer_that_contradicts_itself_cannot_be_made(ask: Ask, facts: dict[str, Any]) -> None:
    mix = {"negative": 0.1, "atypical": 0.2, "indeterminate": 0.3, "typical": 0.4}
    refusal = {"code": "blank", "message": {}, "next_step": {}}
    covid = {"low": 0.1, "value": 0.2, "high": 0.3, "prevalence": 0.1, "table": "x"}
    parts = [
        {"outcome": "refused"},
        {"outcome": "refused", "refusal": refusal, "appearance": mix},
        {"outcome": "positive", "refusal": refusal},
        {"outcome": "positive"},
        {"outcome": "refused", "refusal": refusal, "covid": covid},
        {"outcome": "refused", "refusal": refusal, "conformal_set": ["typical"]},
        {"outcome": "positive", "appearance": {**mix, "typical": 0.5}},
        {"outcome": "positive", "appearance": {**mix, "typical": None}},
    ]
    found = ask(_BAD, {"facts": facts, "parts": parts})
    assert all(isinstance(each, str) for each in found), found
    whole = ask(_BAD, {"facts": facts, "parts": [{"outcome": "inconclusive", "appearance": mix}]})
    assert whole[0]["opacity"] == pytest.approx(0.9)


def test_a_demonstration_never_says_how_probable_covid_is(ask: Ask, facts: dict[str, Any]) -> None:
    spec = {**facts["bundle"]["spec"], "verdict": {"status": "demonstration"}}
    demonstration = {**facts, "bundle": {**facts["bundle"], "spec": spec}}
    mix = {"negative": 0.1, "atypical": 0.2, "indeterminate": 0.3, "typical": 0.4}
    covid = {"low": 0.1, "value": 0.2, "high": 0.3, "prevalence": 0.1, "table": "x"}
    parts = [{"outcome": "positive", "appearance": mix, "covid": covid}]
    (said,) = ask(_BAD, {"facts": demonstration, "parts": parts})
    assert "audited" in said
