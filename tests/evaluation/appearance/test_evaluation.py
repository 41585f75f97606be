"""metrics.json of appearance: valid by its schema, equal to the figures, complete."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from appearance_factory import graded_table, outside_table, scores_of
from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.evaluation.appearance.evaluation import AppearanceEvaluation, evaluate_appearance
from covid_d.evaluation.report.output import to_json

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs/schema/appearance.schema.json").read_text(encoding="utf-8")
)


def _valid(evaluation: AppearanceEvaluation) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(to_json(evaluation.to_dict()))
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    return found


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_metrics_json_is_valid_and_counts_films_and_patients(
    drawn_appearance: AppearanceEvaluation,
) -> None:
    found = _valid(drawn_appearance)
    assert found["films"]["scored"] == {"films": 424, "patients": 345}
    assert found["films"]["refused"] == {"films": 1, "patients": 1}
    assert found["films"]["refusals"] == {"blank": 1}
    assert found["looks_before"] == 2
    assert found["made_from"]["rsna"]["outside"] is True
    assert found["made_from"]["siim"]["chosen"] == {"films": 100, "patients": 95}
    assert found["bundle"]["verdict"] == "demonstration"
    assert set(found["coverage"]) == {*(category.value for category in CATEGORIES), "all"}
    assert set(found["outside"]) == {"rsna", "nih", "cohen"}


def test_the_headline_is_the_worst_hospital(drawn_appearance: AppearanceEvaluation) -> None:
    found = _valid(drawn_appearance)
    assert found["headline"]["name"] == "second"
    by_source = found["subgroups"]["source"]
    assert (
        by_source["second"]["figures"]["auroc_typical"]["value"]
        < by_source["siim"]["figures"]["auroc_typical"]["value"]
    )
    assert set(found["subgroups"]["projection"]) == {"AP", "PA"}


def test_calibration_curves_hold_every_graded_film(drawn_appearance: AppearanceEvaluation) -> None:
    found = _valid(drawn_appearance)
    for name, bins in found["calibration"].items():
        assert sum(item["films"] for item in bins) == 279, name
    stated = drawn_appearance.curves[Appearance.TYPICAL]
    assert all(item.low <= item.mean_probability <= item.high for item in stated)


def test_outside_films_alone() -> None:
    scores = scores_of(outside_table("rsna", "Normal", 0, 31))
    evaluation = evaluate_appearance(scores, error_rate=0.1, resamples=100)
    found = _valid(evaluation)
    assert found["pool"] is None
    assert found["headline"] is None
    assert found["coverage"] == {}
    assert found["looks_before"] is None
    assert found["outside"]["rsna"]["findings"]["normal"]["films"] == 30


def test_a_model_without_thresholds_promises_nothing() -> None:
    films = graded_table(20).assign(outcome=None, conformal_set=None)
    evaluation = evaluate_appearance(scores_of(films), error_rate=None, resamples=100)
    found = _valid(evaluation)
    assert found["coverage"] == {}
    assert found["method"]["error_rate"] is None
    assert "positive_all" not in found["pool"]["figures"]
    assert "kappa" in found["pool"]["figures"]


def test_a_model_that_only_ranks_has_no_calibration() -> None:
    films = graded_table(20).assign(outcome=None, conformal_set=None)
    films[["negative", "atypical", "indeterminate", "typical"]] = np.nan
    found = _valid(evaluate_appearance(scores_of(films), error_rate=None, resamples=100))
    assert found["calibration"] == {}
    assert set(found["pool"]["figures"]) == {"auroc_opacity"}
    assert found["headline"] is None


def test_the_schema_refuses_a_figure_of_too_few_films(
    drawn_appearance: AppearanceEvaluation,
) -> None:
    found = _valid(drawn_appearance)
    found["pool"]["figures"]["kappa"]["n"] = 9
    with pytest.raises(jsonschema.ValidationError, match="not valid under any"):
        jsonschema.Draft202012Validator(SCHEMA).validate(found)
    unknown = _valid(replace(drawn_appearance, verdict="demonstration"))
    unknown["validated"] = True
    with pytest.raises(jsonschema.ValidationError, match="validated"):
        jsonschema.Draft202012Validator(SCHEMA).validate(unknown)
