"""A bundle through the door of models: every face's answers; films changed before framing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bundle_factory import (
    SIZE,
    appearance_fields,
    appearance_network,
    gate_files,
    gate_spec,
    make_appearance_bundle,
    make_bundle,
)
from covid_d.detector import Bundle, Detector
from covid_d.evaluation.scorer import BundleScorer, Scorer, scored
from covid_d.radiograph import Facts, Radiograph
from covid_d.radiograph.phantom import draw_phantom
from lung_factory import TWO, Part, box_network, lungs_spec


def film(seed: int, level: float = 1.0) -> Radiograph:
    pixels = np.clip(draw_phantom(seed, size=128).pixels * level, 0, 1).astype(np.float32)
    return Radiograph(pixels, Facts("PNG", "0" * 64, 8), name=f"{seed}.png")


@pytest.fixture(params=["appearance", "covid"])
def detector(request: pytest.FixtureRequest, tmp_path: Path) -> Detector:
    make = make_appearance_bundle if request.param == "appearance" else make_bundle
    return Detector(Bundle.load(make(tmp_path / "bundle")), threads=1)


@pytest.mark.parametrize("features", [False, True])
def test_answers_are_those_of_every_face(detector: Detector, features: bool) -> None:
    scorer: Scorer = BundleScorer(detector, features=features)
    assert scorer.id == detector.bundle.id
    assert scorer.classes == detector.bundle.spec.classes
    for seed in range(6):
        picture = film(seed, 0.6 + 0.1 * seed)
        found, direct = scorer.score(picture), scored(detector.assess(picture))
        assert found.values == pytest.approx(direct.values)
        assert sum(found.values) == pytest.approx(1.0)
        assert found.outcome is direct.outcome
        assert found.conformal_set == direct.conformal_set
        assert (found.features is not None) == features


def test_features_are_the_networks(detector: Detector) -> None:
    found = BundleScorer(detector, features=True).score(film(1))
    prepared = detector.frame.of(film(1)).prepared
    assert found.features == pytest.approx(prepared.mean(axis=(1, 2)), abs=1e-5)


def test_refusals_are_those_of_every_face(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "bundle", more=gate_files(), gate=gate_spec())
    detector = Detector(Bundle.load(folder), threads=1)
    bright = film(2, 2.5)  # over 0.5: the gate takes it for lateral
    for features in (False, True):
        found = BundleScorer(detector, features=features).score(bright)
        assert found.values == ()
        assert found.refusal is not None
        direct = detector.assess(bright).refusal
        assert direct is not None
        assert found.refusal.code is direct.code


def test_a_changed_film_is_given_a_number_and_no_refusal(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "bundle", more=gate_files(), gate=gate_spec())
    scorer = BundleScorer(Detector(Bundle.load(folder), threads=1), features=True)
    plain = film(2)
    blank = replace(plain, pixels=np.full_like(plain.pixels, 0.9))
    assert scorer.score(blank).refusal is not None
    changed = scorer.score(blank, changed_from=plain)
    assert changed.refusal is None
    assert len(changed.values) == 2


FRAME = {
    "size": SIZE, "fit": "squash", "intensity": "full", "frame": "lungs", "surround": 0.0,
    "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0],
}  # fmt: skip


def in_lungs(folder: Path, parts: Sequence[Part] = TWO) -> BundleScorer:
    """Return a bundle that cuts films to the lungs, from 1/8 to 7/8 of each side."""
    bundle = make_bundle(
        folder,
        model=appearance_network(),
        more={"lungs.onnx": box_network(parts=parts)},
        lungs=lungs_spec().model_dump(mode="json"),
        **appearance_fields(preprocessing=FRAME),
    )
    return BundleScorer(Detector(Bundle.load(bundle), threads=1), features=True)


def test_a_film_is_changed_before_it_is_framed(tmp_path: Path) -> None:
    scorer = in_lungs(tmp_path / "bundle")
    plain, changed = film(5), film(5, 0.6)
    for found, shown in (
        (scorer.score(plain), plain),
        (scorer.score(changed, changed_from=plain), changed),
    ):
        assert found.features is not None
        # The mean of what the network was shown: the lungs' box of the very film asked about.
        level = shown.pixels[16:112, 16:112].mean()
        assert found.features == pytest.approx(np.full(3, level), abs=0.01)


def test_a_film_without_two_lungs_is_refused_changed_or_not(tmp_path: Path) -> None:
    scorer = in_lungs(tmp_path / "bundle", parts=TWO[:1])
    plain = film(5)
    for found in (scorer.score(plain), scorer.score(film(5, 0.6), changed_from=plain)):
        assert found.refusal is not None
        assert found.values == ()
