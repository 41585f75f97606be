"""A tiny, valid bundle, made without torch: its network answers by the film's mean brightness."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from covid_d.detector.bundle.contents import seal
from covid_d.detector.gate import Heads
from signing import sign_as_tests

SIZE = 32
GRID = 4

# logit = GAIN * mean brightness + BIAS: 0 for a film of brightness 0.4.
GAIN = 20.0
BIAS = -8.0


def brightness_network(
    *,
    gain: float = GAIN,
    bias: float = BIAS,
    size: int = SIZE,
    outputs: tuple[str, ...] = ("logit", "features", "activation"),
    input_name: str = "film",
) -> bytes:
    """Return an ONNX network with the contract's input and outputs.

    ``logit`` is ``gain * mean + bias``; the activation is its part without the bias, so that it
    sums to ``logit - bias``; the features are the three channels' means. Film pixels reach it
    unchanged when the bundle's mean is 0 and its standard deviation 1.
    """
    cell = size // GRID
    nodes = [
        helper.make_node(
            "AveragePool", [input_name], ["pooled"], kernel_shape=[cell, cell], strides=[cell, cell]
        ),
        helper.make_node("ReduceMean", ["pooled"], ["grid"], axes=[1], keepdims=0),
        helper.make_node("Mul", ["grid", "gain"], ["activation"]),
        helper.make_node("ReduceSum", ["activation", "space"], ["evidence"], keepdims=0),
        helper.make_node("Add", ["evidence", "bias"], ["logit"]),
        helper.make_node("ReduceMean", [input_name], ["features"], axes=[2, 3], keepdims=0),
    ]
    shapes: dict[str, list[Any]] = {
        "logit": ["n"],
        "features": ["n", 3],
        "activation": ["n", GRID, GRID],
    }
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, ["n", 3, size, size])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in outputs],
        [
            numpy_helper.from_array(np.array(gain / GRID**2, np.float32), "gain"),
            numpy_helper.from_array(np.array(bias, np.float32), "bias"),
            numpy_helper.from_array(np.array([1, 2], dtype=np.int64), "space"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


# A film of brightness m is likest to the category whose brightness is nearest: the logits are
# those of equal normal distributions around these, negative to typical.
BRIGHTNESS = (0.2, 0.35, 0.45, 0.6)
STEEP = 300.0
APPEARANCE_GAINS = tuple(STEEP * mu for mu in BRIGHTNESS)
APPEARANCE_BIASES = tuple(-STEEP * mu**2 / 2 for mu in BRIGHTNESS)
CATEGORIES = ("negative", "atypical", "indeterminate", "typical")


def appearance_network(
    *,
    gains: Sequence[float] = APPEARANCE_GAINS,
    biases: Sequence[float] = APPEARANCE_BIASES,
    size: int = SIZE,
    outputs: tuple[str, ...] = ("logits", "features", "activation"),
) -> bytes:
    """Return an ONNX network of appearance, which answers by the film's mean brightness.

    ``logits[c]`` is ``gains[c] * mean + biases[c]``; the activation's spatial mean is its part
    without the bias; the features are the three channels' means.
    """
    cell = size // GRID
    nodes = [
        helper.make_node(
            "AveragePool", ["film"], ["pooled"], kernel_shape=[cell, cell], strides=[cell, cell]
        ),
        helper.make_node("ReduceMean", ["pooled"], ["grid"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["grid", "gains"], ["activation"]),
        helper.make_node("ReduceMean", ["activation"], ["evidence"], axes=[2, 3], keepdims=0),
        helper.make_node("Add", ["evidence", "biases"], ["logits"]),
        helper.make_node("ReduceMean", ["film"], ["features"], axes=[2, 3], keepdims=0),
    ]
    count = len(gains)
    shapes: dict[str, list[Any]] = {
        "logits": ["n", count],
        "features": ["n", 3],
        "activation": ["n", count, GRID, GRID],
    }
    graph = helper.make_graph(
        nodes,
        "appearance",
        [helper.make_tensor_value_info("film", TensorProto.FLOAT, ["n", 3, size, size])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in outputs],
        [
            numpy_helper.from_array(np.array(gains, np.float32).reshape(1, -1, 1, 1), "gains"),
            numpy_helper.from_array(np.array(biases, np.float32), "biases"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def appearance_fields(**overrides: Any) -> dict[str, Any]:
    """Return the fields of ``bundle.json`` in which a bundle of appearance differs."""
    fields = {
        "format": 2,
        "classes": list(CATEGORIES),
        "calibration": {
            "temperature": 1.0,
            "bias": [0.0, 0.0, 0.0, 0.0],
            "shares": [0.25, 0.25, 0.25, 0.25],
            "films": 80,
        },
        "conformal": {
            "error_rate": 0.1,
            "quantiles": [0.6, 0.6, 0.6, 0.6],
            "films": [20, 20, 20, 20],
            "studies": 80,
        },
    }
    return fields | overrides


AUDITED = {"status": "audit-passed", "reasons": []}


def make_appearance_bundle(folder: Path, *, model: bytes | None = None, **overrides: Any) -> Path:
    """Write a sealed bundle of appearance; see :func:`make_bundle`."""
    network = appearance_network() if model is None else model
    return make_bundle(folder, model=network, **appearance_fields(**overrides))


def spec_dict(**overrides: Any) -> dict[str, Any]:
    """Return ``bundle.json`` as a dictionary; each override replaces a top-level field."""
    spec = {
        "format": 1,
        "name": "phantom",
        "version": "1.0",
        "created": "2026-01-02T03:04:05Z",
        "covid_d": "0.1.0",
        "classes": ["covid", "nocovid"],
        "preprocessing": {
            "size": SIZE,
            "fit": "pad",
            "intensity": "full",
            "crop_border": 0.0,
            "mean": [0.0, 0.0, 0.0],
            "std": [1.0, 1.0, 1.0],
        },
        "network": {"file": "model.onnx", "backbone": "brightness"},
        "calibration": {"slope": 1.0, "intercept": 0.0, "prevalence": 0.5, "films": 40},
        "conformal": {
            "error_rate": 0.1,
            "positive_quantile": 0.6,
            "negative_quantile": 0.6,
            "positives": 20,
            "negatives": 20,
        },
        "verdict": {"status": "demonstration", "reasons": ["a phantom"], "audited": None},
        "training": {
            "recipe": "phantom",
            "dataset_sha256": "0" * 64,
            "seed": 7,
            "films": {"train": 2},
            "sources": {"phantom": 2},
        },
    }
    return spec | overrides


def gate_files() -> dict[str, bytes]:
    """Return a gate for :func:`brightness_network` that takes films over 0.5 for lateral."""
    heads = Heads(
        weights=np.array([[-10.0, -10.0, -10.0], [10.0, 10.0, 10.0]]),
        bias=np.array([15.0, -15.0]),
        centre=np.full(3, 0.4),
        scale=np.full(3, 0.2),
        components=np.full((1, 3), 1.0 / np.sqrt(3.0)),
    )
    return {"gate.npz": heads.to_bytes()}


def gate_spec(**overrides: Any) -> dict[str, Any]:
    """Return what ``bundle.json`` says of that gate."""
    spec = {
        "file": "gate.npz",
        "kinds": ["frontal", "lateral"],
        "threshold": 0.5,
        "distance": 5.0,
        "films": {"frontal": 20, "lateral": 20},
        "left_out": {"phantom": {"films": 20, "refused": 0}},
    }
    return spec | overrides


def make_bundle(
    folder: Path,
    *,
    model: bytes | None = None,
    more: Mapping[str, bytes] | None = None,
    **overrides: Any,
) -> Path:
    """Write a sealed bundle; one that passed its audit is signed by the key that tests trust.

    Parameters
    ----------
    folder
        Made when missing.
    model
        The ONNX network; by default :func:`brightness_network`.
    more
        Further files: name to content.
    overrides
        Top-level fields of ``bundle.json``.

    Returns
    -------
    ``folder``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(brightness_network() if model is None else model)
    (folder / "bundle.json").write_text(json.dumps(spec_dict(**overrides)), encoding="utf-8")
    (folder / "MODEL_CARD.md").write_text("# Phantom\n\nAnswers by brightness.\n", encoding="utf-8")
    (folder / "training_films.csv").write_text(
        "sha256,split,source\n" + "1" * 64 + ",train,phantom\n", encoding="utf-8"
    )
    for name, content in (more or {}).items():
        (folder / name).write_bytes(content)
    seal(folder)
    if overrides.get("verdict") == AUDITED:
        sign_as_tests(folder)  # unsigned, it would count as a demonstration
    return folder
