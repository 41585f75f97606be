"""Two probes without lung: how a film was made, and of whom."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from covid_d.evaluation.audit.traces import metadata_features, quality_features
from covid_d.radiograph.phantom import draw_phantom


def pixels(seed: int = 1) -> np.ndarray:
    return draw_phantom(seed, size=192).pixels


def jpeg(film: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(np.rint(film * 255).astype(np.uint8)).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer), dtype=np.float32) / np.float32(255)


def test_blur_takes_detail_away() -> None:
    sharp = quality_features(pixels())
    soft = quality_features(gaussian_filter(pixels(), 1.0).astype(np.float32))
    assert sharp.shape == (12,)
    assert sharp.dtype == np.float32
    assert soft[0] < sharp[0] - 0.5  # finest detail, logarithm
    assert soft[3] < sharp[3] - 0.3  # and against the next scale


def test_compression_leaves_blocks() -> None:
    high, low = quality_features(jpeg(pixels(), 95)), quality_features(jpeg(pixels(), 20))
    assert (low[9:11] > high[9:11] + 0.3).all()


def test_lungs_take_no_part() -> None:
    # What changes in the middle of the lungs alone changes no detail outside.
    plain = pixels()
    changed = plain.copy()
    changed[80:112, 50:70] = np.random.default_rng(0).random((32, 20))
    before, after = quality_features(plain), quality_features(changed)
    assert after[:8] == pytest.approx(before[:8], abs=1e-4)


def test_metadata() -> None:
    row = SimpleNamespace(age=70.0, sex="F", projection="AP Supine")
    assert metadata_features(row).tolist() == [70, 1, 0, 1, 0, 0, 0, 1]
    row = SimpleNamespace(age=9.0, sex="M", projection="PA")
    assert metadata_features(row).tolist() == [9, 1, 1, 0, 1, 1, 0, 0]
    row = SimpleNamespace(age=float("nan"), sex="", projection="")
    assert metadata_features(row).tolist() == [50, 0, 0, 0, 0, 0, 0, 0]
