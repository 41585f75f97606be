"""One source of facts: what the page knows is what Python decides by, word for word."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bundle_factory import make_bundle
from covid_d.detector import cautions, lung_field, reasons
from covid_d.detector.appearance import CATEGORIES
from covid_d.detector.assessment import Caution, Outcome
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.bundle.spec import Verdict
from covid_d.detector.gate import PictureKind
from covid_d.detector.likelihood import PUBLISHED
from covid_d.errors import BundleError
from covid_d.language import years
from covid_d.offline.facts import constants, facts_json
from covid_d.offline.facts import facts as facts_of
from covid_d.radiograph.refusal import Refusal, RefusalCode
from on_node import Facts


def test_the_bundle_is_told_as_it_is_believed(facts: Facts, built_in: Bundle) -> None:
    told = facts["bundle"]
    assert told["id"] == built_in.id.to_dict()
    assert told["spec"] == built_in.spec.model_dump(mode="json")
    assert told["files"] == {name: len(held) for name, held in built_in.files.items()}


def test_every_refusal_is_there_with_its_field_unfilled(facts: Facts) -> None:
    for code in RefusalCode:
        told, filled = facts["refusals"][code.value], Refusal.of(code, "7").to_dict()
        for part in ("message", "next_step"):
            for language, sentence in told[part].items():
                assert sentence.replace("{detail}", "7") == filled[part][language]
    assert set(facts["refusals"]) == set(RefusalCode)
    assert "{detail}" in facts["refusals"]["not_read_here"]["message"]["es"]


def test_reasons_kinds_and_cautions_are_pythons(facts: Facts) -> None:
    assert facts["kinds"] == {kind.value: kind.code.value for kind in PictureKind}
    for vague, telling in reasons.BETTER.items():
        assert set(facts["better_reasons"][vague.value]) == telling
    assert len(facts["better_reasons"]) == len(reasons.BETTER)
    for caution in vars(cautions).values():
        if isinstance(caution, Caution):
            assert facts["cautions"][caution.code] == caution.message.to_dict()
    assert cautions.AGE_UNKNOWN.code == facts["age_unknown"] in facts["cautions"]


def test_headlines_are_those_of_the_outcomes(facts: Facts) -> None:
    for outcome in Outcome:
        for category in CATEGORIES:
            said = facts["outcomes"][outcome.value]["headline"][category.value]
            assert said == outcome.headline(category).to_dict()


def test_limits_are_the_modules_own_numbers() -> None:
    module = ModuleType("room")
    vars(module).update(
        _LEAST=0.25, DRAWS=4000, _PAIR=(0.5, 99.5), NAME="x", _lower=1, Kind=3, NONE=None, ON=True
    )
    assert constants(module) == {"LEAST": 0.25, "DRAWS": 4000, "PAIR": [0.5, 99.5], "ON": True}
    assert constants(lung_field)["SPECK"] == lung_field.SPECK


def test_the_table_of_likelihood_ratios_comes_whole(facts: Facts) -> None:
    told = facts["likelihood"]
    for side, draws in zip(("covid", "other"), PUBLISHED.draws, strict=True):
        numbers = np.frombuffer(base64.b64decode(told["draws"][side]), "<f8")
        assert np.array_equal(numbers.reshape(-1, len(CATEGORIES)), draws)
    assert (told["table"], told["published"]) == (PUBLISHED.name, True)
    assert [tuple(told["pooled"][side]) for side in ("covid", "other")] == list(PUBLISHED.pooled)


def test_what_is_counted_is_said_of_one_and_of_more(facts: Facts) -> None:
    assert facts["years"]["one"] == years(1).to_dict()
    assert facts["years"]["many"]["es"].replace("{n}", "40") == years(40).es
    assert facts["about"]["many"]["en"] == "about {n}"


def test_the_same_bundle_gives_the_same_bytes(built_in: Bundle) -> None:
    first = facts_json(built_in)
    assert first == facts_json(built_in)
    assert json.loads(first)["format"] == 1


def _changed(bundle: Bundle, **change: object) -> Bundle:
    spec = bundle.spec.model_copy(update=change)
    return Bundle(bundle.path, spec, bundle.id, bundle.files)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verdict": Verdict()}, "a demonstration"),
        ({"lungs": None}, "look for the lungs"),
        ({"gate": None}, "no input gate"),
        ({"conformal": None}, "no decision thresholds"),
    ],
)
def test_a_bundle_that_may_not_answer_alone_gives_no_facts(
    built_in: Bundle, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(BundleError, match=said) as caught:
        facts_of(_changed(built_in, **change))
    spanish = caught.value.in_language("es")
    assert "sin red" in spanish[0]
    assert spanish[1]


def test_neither_does_one_of_the_old_kind(tmp_path: Path) -> None:
    bundle = Bundle.load(make_bundle(tmp_path / "old"))
    passed = bundle.spec.model_copy(update={"verdict": Verdict(status="audit-passed", reasons=())})
    with pytest.raises(BundleError, match="appearance"):
        facts_of(Bundle(bundle.path, passed, bundle.id, bundle.files))
