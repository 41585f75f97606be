"""What the audit measured: which probe counts, and what its JSON says where nothing is known."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_factory import (
    AUDITED,
    difference,
    estimate,
    evidence,
    probe_results,
    result,
    source,
    too_small,
)
from covid_d.dataset.looks import Look
from covid_d.evaluation.audit.evidence import (
    Check,
    LungEvidence,
    ProbeResult,
    Sensitivity,
    SourceEvidence,
)
from covid_d.evaluation.audit.probes import Probe
from covid_d.evaluation.audit.thresholds import THRESHOLDS, Thresholds
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.language import Message
from lung_factory import lungs_spec

NAN = float("nan")


def _with(**probes: ProbeResult) -> SourceEvidence:
    named = {Probe(name.replace("_", "-")): found for name, found in probes.items()}
    return replace(source(), probes=named)


def _probe(auroc: float, above: Estimate | None) -> ProbeResult:
    return ProbeResult(estimate(auroc), "random forest", "north", auroc, above)


def _probe_of(found: tuple[Probe, ProbeResult] | None) -> Probe | None:
    return None if found is None else found[0]


def test_the_closest_probe_is_that_of_the_lowest_bound_not_of_the_highest_auroc() -> None:
    # The border is the better probe, but the thumbnail's few films leave its distance unsure.
    found = _with(
        thumbnail=_probe(0.60, difference(0.25, half=0.30)),
        border=_probe(0.70, difference(0.15, half=0.05)),
    )
    assert _probe_of(found.closest_probe) is Probe.THUMBNAIL
    assert _probe_of(found.best_probe) is Probe.BORDER


@pytest.mark.parametrize(
    "unknown", [None, Estimate(NAN, NAN, NAN, 60, "paired-bootstrap")], ids=["none", "nan"]
)
def test_a_probe_whose_difference_is_unknown_is_the_closest(unknown: Estimate | None) -> None:
    found = _with(
        thumbnail=_probe(0.84, difference(0.01)),
        border=_probe(0.50, unknown),
        metadata=_probe(0.80, difference(-0.40)),
    )
    assert _probe_of(found.closest_probe) is Probe.BORDER


def test_a_probe_whose_auroc_is_no_number_is_the_best() -> None:
    broken = ProbeResult(Estimate(NAN, NAN, NAN, 60, "delong"), "random forest", "all", 0.5)
    found = _with(thumbnail=_probe(0.99, difference(0.0)), border=broken)
    assert _probe_of(found.best_probe) is Probe.BORDER


def test_a_source_without_probes_has_neither() -> None:
    assert too_small().closest_probe is None
    assert too_small().best_probe is None


@given(
    st.lists(
        st.tuples(st.floats(0.3, 1.0), st.floats(-0.5, 0.5)),
        min_size=len(Probe),
        max_size=len(Probe),
    )
)
def test_no_probe_is_better_than_the_best_or_closer_than_the_closest(
    figures: list[tuple[float, float]],
) -> None:
    probes = {
        probe: _probe(auroc, difference(above))
        for probe, (auroc, above) in zip(Probe, figures, strict=True)
    }
    found = replace(source(), probes=probes)
    assert found.best_probe is not None
    assert found.best_probe[1].auroc.value == max(auroc for auroc, _ in figures)
    assert found.closest_probe is not None
    closest = found.closest_probe[1].difference
    assert closest is not None
    assert closest.low == pytest.approx(min(above for _, above in figures) - 0.05)


@pytest.mark.parametrize(
    ("question", "scope"),
    [("covid", "north"), ("typical", "north:typical"), ("opacity", "north:opacity")],
)
def test_the_scope_names_the_question_where_there_are_several(question: str, scope: str) -> None:
    assert source(question=question).scope == scope


def test_a_source_with_too_few_films_says_nothing_rather_than_zero() -> None:
    said = too_small("tiny", positives=9, negatives=40).to_dict()
    assert {name: said.pop(name) for name in ("name", "films", "positives", "negatives")} == {
        "name": "tiny",
        "films": 49,
        "positives": 9,
        "negatives": 40,
    }
    assert said.pop("probes") == {}
    assert said.pop("marked") == {"positives": 0, "negatives": 0}
    assert (said.pop("question"), said.pop("patients")) == ("covid", 40)
    assert set(said) == {
        "model",
        "lungs_erased",
        "only_lungs",
        "above_lungs_erased",
        "marks_erased",
        "above_marks_erased",
        "calibration_error",
    }
    assert set(said.values()) == {None}


def test_a_calibration_error_that_is_no_number_is_null() -> None:
    assert source(calibration_error=NAN).to_dict()["calibration_error"] is None
    assert source(calibration_error=0.0).to_dict()["calibration_error"] == 0.0


def test_a_probes_result_keeps_what_it_was_trained_on() -> None:
    found = ProbeResult(estimate(0.7), "logistic regression", "north", 0.66, difference(0.1))
    assert found.to_dict() == {
        "auroc": {"value": 0.7, "low": 0.62, "high": pytest.approx(0.78), "n": 60,
                  "method": "delong"},
        "classifier": "logistic regression",
        "trained_on": "north",
        "inner_auroc": 0.66,
        "difference": {"value": 0.1, "low": 0.05, "high": pytest.approx(0.15), "n": 60,
                       "method": "paired-bootstrap"},
    }  # fmt: skip
    assert replace(found, difference=None).to_dict()["difference"] is None


def test_probes_are_named_by_their_codes() -> None:
    said = replace(source(), probes=probe_results(0.8, *([0.6] * len(Probe)))).to_dict()["probes"]
    assert list(said) == [probe.value for probe in Probe]
    assert [found["difference"]["value"] for found in said.values()] == [
        pytest.approx(0.2) for _ in Probe
    ]


def test_a_perturbation_that_leaves_no_answer_has_no_change_of_score() -> None:
    message = Message("invertida", "inverted")
    said = Sensitivity("inversion", message, 50, 50, NAN, 1.0).to_dict()
    assert said["score_change"] is None
    assert (said["films"], said["refused"], said["flips"]) == (50, 50, 1.0)
    assert (said["opposite"], said["on_lungs"]) == (0.0, False)
    assert said["message"] == {"es": "invertida", "en": "inverted"}


@pytest.mark.parametrize("spec", [None, lungs_spec(dice=0.91)])
def test_lungs_tell_their_model_where_there_is_one(spec: Any) -> None:
    said = LungEvidence("given" if spec is None else "bundle", spec, 0.98).to_dict()
    assert said["found"] == 0.98
    if spec is None:
        assert (said["origin"], said["model"]) == ("given", None)
    else:
        assert (said["origin"], said["model"]["dice"]) == ("bundle", 0.91)


def test_a_check_that_could_not_be_measured_says_null_and_fails() -> None:
    check = Check("above-probe", "north", None, 0.05, False, Message("falta", "missing"))
    assert check.to_dict() == {
        "code": "above-probe",
        "scope": "north",
        "value": None,
        "threshold": 0.05,
        "passed": False,
        "message": {"es": "falta", "en": "missing"},
    }


def test_evidence_without_lungs_or_calibration_says_null() -> None:
    said = evidence(lungs=None, calibration_error=None, predictability=(), sensitivities=())
    told = said.to_dict()
    assert told["lungs"] is told["calibration_error"] is None
    assert told["source_predictability"] == told["perturbations"] == []
    assert told["films"] == {"train": 400, "test": 120}
    assert told["left_out"] == {"colour_picture": 2}
    assert [found["name"] for found in told["sources"]] == ["north", "south", "tiny"]


def test_the_whole_audit_is_strict_json() -> None:
    # RFC 8259 knows no NaN: the factory's refused perturbation has one.
    looks = (Look("2026-01-01T00:00:00Z", "audit", "1" * 64, "older", "4" * 64, "demonstration"),)
    said = replace(result(), attempts=looks).to_dict()
    read = json.loads(json.dumps(said, allow_nan=False))
    assert read["format"] == 2
    assert read["created"] == "2026-01-02T03:04:05+00:00"
    assert read["bundle"] == {"name": "phantom", "version": "1.0", "sha256": "3" * 64}
    assert read["attempts_before"] == [
        {
            "when": "2026-01-01T00:00:00Z",
            "what": "audit",
            "model": "1" * 64,
            "name": "older",
            "dataset": "4" * 64,
            "outcome": "demonstration",
        }
    ]
    assert (read["seed"], read["shared_groups"]) == (7, 0)


def test_the_verdict_decides_whether_it_passed() -> None:
    passed, failed = result(), result(evidence(lungs=None))
    assert passed.passed
    assert not failed.passed
    assert passed.to_dict()["verdict"]["status"] == "audit-passed"
    assert failed.to_dict()["verdict"]["status"] == "demonstration"
    assert failed.verdict.audited == AUDITED


def test_every_threshold_is_told_by_its_name() -> None:
    stricter = Thresholds(films_per_class=20, lung_dice=0.9)
    told = stricter.to_dict()
    assert told == THRESHOLDS.to_dict() | {"films_per_class": 20, "lung_dice": 0.9}
    assert result(thresholds=stricter).to_dict()["thresholds"] == told
    assert all(math.isfinite(value) for value in told.values())
