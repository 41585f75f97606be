"""What the reader states, read whole; what cannot be read is said at its field."""

from __future__ import annotations

from typing import Any

import pytest

from on_node import Ask, Facts

_READ = """
import { readForm } from "@web/page/form.mjs";
export default ({ limits, entered }) => entered.map((each) => readForm(each, limits));
"""
EMPTY = {"age": "", "adult": "", "sex": "", "projection": "", "low": "", "high": "", "file": {}}


def _read(ask: Ask, facts: Facts, *changes: dict[str, Any]) -> list[dict[str, Any]]:
    entered = [{**EMPTY, **change} for change in changes]
    found: list[dict[str, Any]] = ask(
        _READ, {"limits": facts["limits"]["ages"], "entered": entered}
    )
    return found


def test_what_is_left_empty_is_not_stated(ask: Ask, facts: Facts) -> None:
    assert _read(ask, facts, {}) == [{"wrong": {}, "stated": {}, "prevalence": None}]


def test_everything_that_is_stated_comes_with_its_kind(ask: Ask, facts: Facts) -> None:
    said = {"age": " 64 ", "adult": "true", "sex": "F", "projection": "AP Supine"}
    first, second = _read(ask, facts, {**said, "low": "5", "high": "20"}, {"adult": "false"})
    assert first["wrong"] == {}
    assert first["stated"] == {
        "age_years": 64,
        "adult": True,
        "sex": "F",
        "projection": "AP Supine",
    }
    assert first["prevalence"] == pytest.approx([0.05, 0.2])
    assert second["stated"] == {"adult": False}


def test_one_prevalence_is_both_ends_and_a_comma_is_a_point(ask: Ask, facts: Facts) -> None:
    found = _read(ask, facts, {"low": "2,5"}, {"high": "10"}, {"low": "0.1", "high": "99"})
    ends = [each["prevalence"] for each in found]
    assert ends == [
        pytest.approx([0.025] * 2),
        pytest.approx([0.1] * 2),
        pytest.approx([0.001, 0.99]),
    ]
    assert all(each["wrong"] == {} for each in found)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"file": None}, {"film": "wrong_film"}),
        ({"age": "-1"}, {"age": "wrong_age"}),
        ({"age": "121"}, {"age": "wrong_age"}),
        ({"age": "4.5"}, {"age": "wrong_age"}),
        ({"age": "64 años"}, {"age": "wrong_age"}),
        ({"low": "0", "high": "10"}, {"prevalence": "wrong_prevalence"}),
        ({"low": "20", "high": "10"}, {"prevalence": "wrong_prevalence"}),
        ({"low": "5", "high": "100"}, {"prevalence": "wrong_prevalence"}),
        ({"low": "much"}, {"prevalence": "wrong_prevalence"}),
        ({"age": "x", "low": "-1", "file": None},
         {"film": "wrong_film", "age": "wrong_age", "prevalence": "wrong_prevalence"}),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_at_its_field(
    ask: Ask, facts: Facts, change: dict[str, Any], wrong: dict[str, str]
) -> None:
    (found,) = _read(ask, facts, change)
    assert found["wrong"] == wrong
    assert set(wrong.values()) <= set(facts["page"])
