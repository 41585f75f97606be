"""Fixtures of the detector's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bundle_factory import make_bundle
from covid_d.detector import Detector
from covid_d.radiograph import Facts, Radiograph
from covid_d.settings import settings


@pytest.fixture(autouse=True)
def _plain_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting of the developer's own shell reaches a test."""
    for name in ("BUNDLE", "PUBLIC_KEY", "LANGUAGE", "THREADS"):
        monkeypatch.delenv(f"COVID_D_{name}", raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def bundle_folder(tmp_path: Path) -> Path:
    """A sealed bundle of this test alone."""
    return make_bundle(tmp_path / "bundle")


@pytest.fixture(scope="session")
def shared_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed bundle that no test changes."""
    return make_bundle(tmp_path_factory.mktemp("shared") / "bundle")


@pytest.fixture(scope="session")
def detector(shared_bundle: Path) -> Detector:
    return Detector.load(shared_bundle)


@pytest.fixture
def film_of() -> Callable[..., Radiograph]:
    """Make a radiograph of a given mean brightness that passes every check of content."""

    def make(
        brightness: float = 0.4, *, height: int = 256, width: int = 256, **facts: object
    ) -> Radiograph:
        ramp = np.linspace(-0.2, 0.2, width, dtype=np.float32)
        pixels = np.clip(np.tile(ramp, (height, 1)) + np.float32(brightness), 0, 1)
        known: dict[str, Any] = {"format": "PNG", "sha256": "0" * 64, "bits": 8} | facts
        return Radiograph(pixels.astype(np.float32), Facts(**known), name="drawn")

    return make


@pytest.fixture
def png_of(tmp_path: Path, film_of: Callable[..., Radiograph]) -> Callable[..., Path]:
    """Write such a radiograph as an 8-bit PNG."""

    def write(name: str, brightness: float = 0.4, **shape: int) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = film_of(brightness, **shape).pixels
        Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(path, "PNG")
        return path

    return write
