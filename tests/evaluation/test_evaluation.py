"""metrics.json: valid by its published schema, equal to the figures, honest about the pool."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest

from covid_d.detector.detector import Detector
from covid_d.evaluation.evaluation import Evaluation, evaluate
from covid_d.evaluation.report.output import to_json
from covid_d.evaluation.scores import Scores

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs/schema/metrics.schema.json").read_text(encoding="utf-8")
)


def _valid(evaluation: Evaluation) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(to_json(evaluation.to_dict()))
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    return found


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_metrics_json_is_valid_and_says_what_was_measured(phantom_evaluation: Evaluation) -> None:
    found = _valid(phantom_evaluation)
    assert found["films"] == {"scored": 64, "refused": 1, "refusals": {"blank": 1}}
    assert found["bundle"]["verdict"] == "demonstration"
    assert found["dataset"] == {"sha256": "a" * 64, "split": "test"}
    assert found["method"]["bootstrap"] == {"unit": "group", "resamples": 200, "seed": 7}
    assert found["pool"]["inflated_by_source"] is True
    assert found["pool"]["figures"]["auroc"]["n"] == 64


def test_the_headline_is_the_only_source_with_both_classes(
    phantom_evaluation: Evaluation,
) -> None:
    assert phantom_evaluation.headline is not None
    assert phantom_evaluation.headline.name == "north"
    found = _valid(phantom_evaluation)
    assert found["headline"]["figures"] == found["subgroups"]["source"]["north"]["figures"]


def test_no_headline_is_null(phantom_scores: Scores, phantom_detector: Detector) -> None:
    films = phantom_scores.films
    kept = films["source"].ne("north")
    scores = replace(
        phantom_scores,
        films=films[kept].reset_index(drop=True),
        features=phantom_scores.features[kept.to_numpy()],
    )
    evaluation = evaluate(scores, phantom_detector.bundle, resamples=100)
    assert evaluation.headline is None
    assert _valid(evaluation)["headline"] is None


def test_perfect_separation_gives_valid_json_with_nulls(
    phantom_scores: Scores, phantom_detector: Detector
) -> None:
    films = phantom_scores.films.copy()
    films["probability"] = np.where(films["label"].eq("covid"), 0.99, 0.01)
    evaluation = evaluate(
        replace(phantom_scores, films=films), phantom_detector.bundle, resamples=100
    )
    figures = _valid(evaluation)["pool"]["figures"]
    assert figures["likelihood_ratio_positive"]["value"] is None
    assert figures["calibration_slope"]["value"] is None
    assert figures["auroc"]["value"] == 1.0


def test_coverage_needs_conformal_thresholds(
    phantom_scores: Scores, phantom_detector: Detector
) -> None:
    bundle = phantom_detector.bundle
    without = replace(bundle, spec=bundle.spec.model_copy(update={"conformal": None}))
    assert evaluate(phantom_scores, without, resamples=100).coverage == ()
    evaluation = evaluate(phantom_scores, bundle, resamples=100)
    assert [item.label for item in evaluation.coverage] == ["covid", "nocovid"]
    assert evaluation.coverage[0].target == pytest.approx(0.9)


def test_the_schema_refuses_a_figure_of_too_few_films(phantom_evaluation: Evaluation) -> None:
    found = _valid(phantom_evaluation)
    found["pool"]["figures"]["auroc"]["n"] = 9
    with pytest.raises(jsonschema.ValidationError, match="9 is less than the minimum"):
        jsonschema.Draft202012Validator(SCHEMA).validate(found)


def test_conformal_promise_is_kept_on_drawn_patients(
    draw_scores: Callable[..., pd.DataFrame], phantom_scores: Scores, phantom_detector: Detector
) -> None:
    films = draw_scores(300, 300, seed=11).assign(seen=False, sha256="")
    scores = replace(phantom_scores, films=films)
    for item in evaluate(scores, phantom_detector.bundle, resamples=100).coverage:
        assert item.observed.low <= 0.9 <= item.observed.high
        assert item.holds


def test_coverage_is_told_apart_for_publishers_held_out(
    draw_scores: Callable[..., pd.DataFrame], phantom_scores: Scores, phantom_detector: Detector
) -> None:
    known = draw_scores(200, 200, source="clinic", seed=11)
    new = draw_scores(30, 30, source="clinic", subsource="far.org", seed=12)
    new["conformal_set"] = "covid"  # elsewhere the model always says COVID-19
    films = pd.concat([known, new], ignore_index=True).assign(seen=False, sha256="")
    scores = replace(phantom_scores, films=films, held_out=("far.org",))

    evaluation = evaluate(scores, phantom_detector.bundle, resamples=100)

    apart = evaluation.coverage_apart
    assert [(item.observed.n, item.holds) for item in apart["trained_on"]] == [(200, True)] * 2
    assert [item.observed.value for item in apart["held_out"]] == [1.0, 0.0]
    assert [item.holds for item in apart["held_out"]] == [True, False]
    found = _valid(evaluation)
    assert found["coverage_apart"]["held_out"]["nocovid"]["observed"]["n"] == 30


def test_nothing_is_told_apart_when_nothing_was_held_out(phantom_evaluation: Evaluation) -> None:
    assert phantom_evaluation.coverage_apart == {}
