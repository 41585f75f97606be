"""A lung model without torch: whatever the film, it calls one fixed box lung."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from covid_d.detector.bundle.spec import Lungs
from covid_d.radiograph import Preprocessing

SIZE = 64
# Nearly the whole film: covers the lungs of every phantom.
BOX = (slice(6, 58), slice(3, 61))
# Two lungs, whole and apart: the box around them is 8 to 56 down and 8 to 56 across.
TWO = ((slice(8, 56), slice(8, 28)), (slice(8, 56), slice(36, 56)))
Part = tuple[slice, slice]
PREPROCESSING = Preprocessing(size=SIZE, fit="squash", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def box_network(
    *,
    size: int = SIZE,
    input_name: str = "film",
    output_name: str = "lungs",
    lung: float = 0.9,
    parts: Sequence[Part] = (BOX,),
) -> bytes:
    """Return an ONNX network with the contract's input and output, which calls ``parts`` lung."""
    share = np.zeros((1, 1, size, size), dtype=np.float32)
    for part in parts:
        share[(0, 0, *part)] = lung
    nodes = [
        helper.make_node("Mul", [input_name, "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "share"], ["map"]),
        helper.make_node("Squeeze", ["map", "channel"], [output_name]),
    ]
    graph = helper.make_graph(
        nodes,
        "box",
        [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, ["n", 1, size, size])],
        [helper.make_tensor_value_info(output_name, TensorProto.FLOAT, ["n", size, size])],
        [
            numpy_helper.from_array(np.array(0.0, np.float32), "zero"),
            numpy_helper.from_array(share, "share"),
            numpy_helper.from_array(np.array([1], dtype=np.int64), "channel"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def lungs_spec(**overrides: Any) -> Lungs:
    """Return what such a model says of itself."""
    known: dict[str, Any] = {
        "preprocessing": PREPROCESSING,
        "threshold": 0.5,
        "dice": 0.95,
        "dice_interval": (0.94, 0.96),
        "films": 40,
        "patients": 30,
        "data_sha256": "2" * 64,
        "license": "CC0",
    }
    return Lungs(**(known | overrides))


def make_lungs(folder: Path, *, model: bytes | None = None, **overrides: Any) -> Path:
    """Write ``lungs.onnx`` and ``lungs.json`` and return ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lungs.onnx").write_bytes(box_network() if model is None else model)
    spec = lungs_spec(**overrides)
    (folder / "lungs.json").write_text(spec.model_dump_json(), encoding="utf-8")
    return folder
