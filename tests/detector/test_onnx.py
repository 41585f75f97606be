"""Opening ONNX networks: what cannot be loaded is one error, and answers do not hang on threads."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bundle_factory import BIAS, GAIN, SIZE, brightness_network
from covid_d.detector.onnx import OnnxError, open_session


def _film(brightness: float, n: int = 1) -> np.ndarray:
    return np.full((n, 3, SIZE, SIZE), brightness, dtype=np.float32)


@pytest.mark.parametrize(
    "content",
    [b"", b"not a network", brightness_network()[:200], b"\x00" * 64],
    ids=["empty", "text", "torn", "zeros"],
)
def test_what_is_no_network_is_one_error_with_the_runtime_s_reason(content: bytes) -> None:
    with pytest.raises(OnnxError) as caught:
        open_session(content)
    assert str(caught.value)
    assert caught.value.__cause__ is not None
    assert isinstance(caught.value, ValueError)


def test_a_network_of_a_later_format_is_an_error_too() -> None:
    import onnx

    model = onnx.load_from_string(brightness_network())
    model.ir_version = 99
    with pytest.raises(OnnxError):
        open_session(model.SerializeToString())


@pytest.mark.parametrize("brightness", [0.0, 0.25, 0.4, 1.0])
def test_it_computes_what_the_network_says(brightness: float) -> None:
    session = open_session(brightness_network())
    logit = session.run(["logit"], {"film": _film(brightness)})[0]
    assert float(np.ravel(logit)[0]) == pytest.approx(GAIN * brightness + BIAS, abs=1e-4)


def test_more_threads_give_the_same_answer() -> None:
    films = np.random.default_rng(1).random((4, 3, SIZE, SIZE), dtype=np.float32)
    one, two = (
        open_session(brightness_network(), threads=threads).run(None, {"film": films})
        for threads in (1, 2)
    )
    for first, second in zip(one, two, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-6)


def test_it_runs_on_the_cpu_alone() -> None:
    assert open_session(brightness_network()).get_providers() == ["CPUExecutionProvider"]


def test_the_module_loads_no_runtime_until_a_network_is_opened() -> None:
    said = subprocess.run(
        [sys.executable, "-c",
         "import sys, covid_d.detector.onnx; print('onnxruntime' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.strip() == "False"
