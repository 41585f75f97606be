"""The schema of ``bundle.json``: the edges of every number, and what parts must agree."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from bundle_factory import appearance_fields, gate_spec, spec_dict
from covid_d.detector.appearance import CATEGORIES
from covid_d.detector.bundle.spec import (
    FORMAT,
    READABLE,
    UNSIGNED,
    AppearanceCalibration,
    AppearanceConformal,
    BundleSpec,
    Calibration,
    Conformal,
    GateSpec,
    LeftOut,
    NetworkSpec,
    Verdict,
)
from lung_factory import lungs_spec

PARTS: dict[type[BaseModel], dict[str, Any]] = {
    Calibration: {"slope": 1.0, "intercept": 0.0, "prevalence": 0.5, "films": 1},
    Conformal: {
        "error_rate": 0.1,
        "positive_quantile": 0.5,
        "negative_quantile": 0.5,
        "positives": 1,
        "negatives": 1,
    },
    AppearanceCalibration: {
        "temperature": 1.0,
        "bias": (0.0, 0.0, 0.0, 0.0),
        "shares": (0.25, 0.25, 0.25, 0.25),
        "films": 1,
    },
    AppearanceConformal: {
        "error_rate": 0.1,
        "quantiles": (0.5, 0.5, 0.5, 1.0),
        "films": (1, 1, 1, 1),
        "studies": 1,
    },
    GateSpec: gate_spec(),
    LeftOut: {"films": 1, "refused": 0},
    NetworkSpec: {"file": "model.onnx", "backbone": "resnet34"},
}
# A part, a field, values just inside what it may be and values just outside.
EDGES: list[tuple[type[BaseModel], str, list[Any], list[Any]]] = [
    (Calibration, "slope", [1e-9, 50.0], [0.0, -1.0, float("inf")]),
    (Calibration, "intercept", [-30.0, 30.0], [float("nan"), float("-inf")]),
    (Calibration, "prevalence", [1e-6, 0.999], [0.0, 1.0, -0.1]),
    (Calibration, "films", [1, 10**6], [0, -1, 1.5]),
    (Conformal, "error_rate", [1e-6, 0.499], [0.0, 0.5, 0.9]),
    (Conformal, "positive_quantile", [0.0, 1.0], [-1e-9, 1.0001]),
    (Conformal, "negative_quantile", [0.0, 1.0], [-1e-9, 1.0001]),
    (Conformal, "positives", [1], [0]),
    (Conformal, "negatives", [1], [0]),
    (AppearanceCalibration, "temperature", [1e-9, 9.0], [0.0, -1.0]),
    (AppearanceCalibration, "bias", [(-9.0, 0.0, 0.0, 9.0)], [(0.0,) * 3, (0.0,) * 5]),
    (AppearanceConformal, "error_rate", [0.1], [0.0, 0.5]),
    (AppearanceConformal, "quantiles", [(1.0,) * 4], [(1.0,) * 3]),
    (AppearanceConformal, "studies", [1], [0]),
    (GateSpec, "kinds", [("frontal", "lateral")], [("frontal",), ()]),
    (GateSpec, "threshold", [0.01, 0.99], [0.0, 1.0]),
    (GateSpec, "marks", [None, 0.5], [0.0, 1.0]),
    (GateSpec, "distance", [0.1], [0.0, -1.0]),
    (GateSpec, "grid", [0, 64], [-1, 65]),
    (LeftOut, "films", [1], [0]),
    (LeftOut, "refused", [0, 5], [-1]),
]


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [(part, name, value) for part, name, inside, _ in EDGES for value in inside],
)
def test_the_edge_of_what_may_be_is_taken(part: type[BaseModel], name: str, value: Any) -> None:
    assert getattr(part(**(PARTS[part] | {name: value})), name) == value


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [(part, name, value) for part, name, _, outside in EDGES for value in outside],
)
def test_what_lies_beyond_it_is_refused_by_name(
    part: type[BaseModel], name: str, value: Any
) -> None:
    with pytest.raises(ValidationError) as caught:
        part(**(PARTS[part] | {name: value}))
    assert {error["loc"][0] for error in caught.value.errors()} == {name}


@pytest.mark.parametrize("part", PARTS)
def test_a_field_that_nobody_knows_is_refused_and_none_can_be_changed(
    part: type[BaseModel],
) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        part(**PARTS[part], surprise=1)
    made = part(**PARTS[part])
    with pytest.raises(ValidationError, match="frozen"):
        setattr(made, next(iter(PARTS[part])), 1)


@pytest.mark.parametrize(
    "name", ["../model.onnx", "a/b", "a\\b", "", ".hidden", "-rf", "mó.onnx", "a b", "x\n"]
)
def test_a_file_s_name_never_leads_out_of_the_bundle(name: str) -> None:
    with pytest.raises(ValidationError):
        NetworkSpec(file=name, backbone="x")
    for field in ("file", "reasons"):
        with pytest.raises(ValidationError):
            GateSpec(**gate_spec(**{field: name}))


@pytest.mark.parametrize("name", ["model.onnx", "M-1_2.onnx", "0"])
def test_plain_names_are_taken(name: str) -> None:
    assert NetworkSpec(file=name, backbone="x").file == name


@pytest.mark.parametrize(
    ("verdict", "unsigned"),
    [
        (Verdict(), False),
        (Verdict(reasons=UNSIGNED), True),
        (Verdict(reasons=(*UNSIGNED, "and more")), False),
        (Verdict(status="audit-passed", reasons=UNSIGNED), False),
        (Verdict(status="audit-passed", reasons=()), False),
    ],
)
def test_only_a_verdict_that_is_not_believed_is_unsigned(verdict: Verdict, unsigned: bool) -> None:
    assert verdict.is_unsigned is unsigned


def test_nothing_is_audited_unless_somebody_says_so() -> None:
    assert (Verdict().status, Verdict().audited) == ("demonstration", None)
    assert "validated" not in get_args(Verdict.model_fields["status"].annotation)


@pytest.mark.parametrize("version", READABLE)
def test_the_old_format_is_still_read(version: int) -> None:
    assert BundleSpec(**spec_dict(format=version)).format == version
    assert max(READABLE) == FORMAT


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": 1}, "appearance needs format 2"),
        ({"calibration": PARTS[Calibration]}, "another kind than the classes"),
        ({"conformal": PARTS[Conformal]}, "another kind than the classes"),
        ({"classes": [*CATEGORIES, "normal"]}, "negative, atypical, indeterminate, typical; or"),
        ({"classes": list(reversed(CATEGORIES))}, "must be negative"),
        ({"source_sha256": "A" * 64}, "source_sha256"),
        ({"source_sha256": "a" * 63}, "source_sha256"),
        ({"name": "Cxr"}, "name"),
    ],
)
def test_parts_that_do_not_agree_are_refused_with_the_reason(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        BundleSpec(**(spec_dict(**appearance_fields()) | changes))


def test_parts_of_appearance_do_not_fit_the_old_classes_either() -> None:
    for name in ("calibration", "conformal"):
        with pytest.raises(ValidationError, match="another kind"):
            BundleSpec(**spec_dict(**{name: appearance_fields()[name]}))


def test_a_bundle_needs_no_thresholds_lungs_gate_or_source() -> None:
    spec = BundleSpec(**spec_dict(conformal=None))
    assert (spec.conformal, spec.lungs, spec.gate, spec.source_sha256) == (None,) * 4
    assert not spec.has_appearance


@pytest.mark.parametrize("fields", [{}, appearance_fields()])
def test_json_and_back_is_the_same_bundle(fields: dict[str, Any]) -> None:
    spec = BundleSpec(
        **spec_dict(
            **fields,
            gate=gate_spec(marks=0.4, reasons="reasons.npz", grid=16),
            lungs=lungs_spec().model_dump(mode="json"),
            source_sha256="c" * 64,
            verdict={
                "status": "audit-passed",
                "reasons": ["a", "b"],
                "audited": "2026-01-02T03:04:05Z",
            },
        )
    )
    text = spec.model_dump_json()
    assert BundleSpec.model_validate_json(text) == spec
    assert BundleSpec(**json.loads(text)) == spec
    assert spec.verdict.audited == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@given(slope=st.floats(0.01, 100), intercept=st.floats(-50, 50), share=st.floats(0.001, 0.999))
def test_no_digit_of_a_calibration_is_lost_in_json(
    slope: float, intercept: float, share: float
) -> None:
    made = Calibration(slope=slope, intercept=intercept, prevalence=share, films=7)
    assert Calibration.model_validate_json(made.model_dump_json()) == made
