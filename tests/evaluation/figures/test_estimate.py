"""Estimates serialise what is not finite without inventing a number."""

from __future__ import annotations

import json
import math

from covid_d.evaluation.figures.estimate import Estimate


def test_a_finite_estimate_keeps_its_numbers() -> None:
    estimate = Estimate(0.5, 0.4, 0.6, 100, "wilson")
    assert estimate.to_dict() == {
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
        "n": 100,
        "method": "wilson",
    }


def test_infinity_and_nan_become_null_because_json_has_neither() -> None:
    shown = Estimate(math.inf, 2.0, math.nan, 20, "log").to_dict()
    assert shown["value"] is None
    assert shown["high"] is None
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown
