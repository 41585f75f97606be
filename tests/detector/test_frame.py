"""Films cut to the lungs: the lungs are found first, and the answer lies over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundle_factory import AUDITED, SIZE, appearance_fields, appearance_network, make_bundle
from covid_d.detector import Assessment, Detector
from covid_d.detector.explain import to_film_coordinates
from covid_d.detector.frame import Framed
from covid_d.errors import BundleError
from covid_d.radiograph import Facts, Radiograph, RefusalCode
from covid_d.radiograph.prepare import Window
from lung_factory import PREPROCESSING, TWO, Part, box_network, lungs_spec
from lungs_drawn import Levels, Mask, fading, under, whole_film

FRAME = {
    "size": SIZE,
    "fit": "squash",
    "intensity": "full",
    "frame": "lungs",
    "surround": 0.0,
    "mean": [0.0, 0.0, 0.0],
    "std": [1.0, 1.0, 1.0],
}


def _detector(folder: Path, parts: Sequence[Part] = TWO, **frame: Any) -> Detector:
    bundle = make_bundle(
        folder,
        model=appearance_network(),
        more={"lungs.onnx": box_network(parts=parts)},
        lungs=lungs_spec().model_dump(mode="json"),
        **appearance_fields(preprocessing=FRAME | frame, verdict=AUDITED),
    )
    return Detector.load(bundle)


def _film(inside: float, outside: float, *, side: int = 256) -> Radiograph:
    """A film of one grey inside the lungs' box (1/8 to 7/8 each way), fading to another outside.

    It has grain: what has none is covered.
    """
    away = np.clip(np.abs(np.arange(side) - (side - 1) / 2) - 3 * side / 8, 0, None)
    within = np.clip(1 - away / (side / 10), 0, 1)
    share = np.outer(within, within)
    ramp = np.linspace(-0.05, 0.05, side)[None]
    grain = np.where(np.indices(share.shape).sum(axis=0) % 32 < 16, 0.02, -0.02)
    pixels = np.clip(outside + (inside - outside) * share + ramp + grain, 0, 1)
    return Radiograph(pixels.astype(np.float32), Facts("PNG", "0" * 64, 8))


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    return _detector(tmp_path_factory.mktemp("lungs") / "bundle")


def _seen(answer: Assessment) -> dict[str, float]:
    assert answer.appearance is not None, answer.refusal
    return {category.value: share for category, share in answer.appearance.items()}


@pytest.mark.parametrize("outside", [0.0, 0.3, 1.0])
def test_what_lies_around_the_lungs_says_nothing(detector: Detector, outside: float) -> None:
    expected = _seen(detector.assess(_film(0.45, 0.5)))
    # Resampling blends a pixel at the box's edge; the network is steep. The whole film's mean would
    # move by up to a fifth, from one category to the next but one.
    assert _seen(detector.assess(_film(0.45, outside))) == pytest.approx(expected, abs=0.06)
    assert max(expected, key=expected.__getitem__) == "indeterminate"


def test_the_map_lies_over_the_lungs_alone(detector: Detector) -> None:
    film = _film(0.6, 0.0)
    answer = detector.assess(film, activation=True)
    assert answer.box == pytest.approx((1 / 8, 1 / 8, 7 / 8, 7 / 8))
    assert answer.activation is not None
    shown = to_film_coordinates(
        answer.activation, (256, 256), detector.bundle.spec.preprocessing, answer.box
    )
    assert (shown[:31] == 0).all()
    assert (shown[:, :31] == 0).all()
    assert (shown[225:] == 0).all()
    assert shown[32:224, 32:224].max() > 0.3
    # The lungs are columns 32 to 112 and 144 to 224; a cell of the map is 6 pixels.
    assert (shown[:, 116:140] == 0).all()
    assert (shown[36:220, 36:108] > 0).all()
    assert (shown[36:220, 148:220] > 0).all()


def test_evidence_between_and_around_the_lungs_is_told(tmp_path: Path) -> None:
    """Slivers of lung at the sides: nearly all that the network sees is something else."""
    slivers = ((slice(8, 56), slice(8, 12)), (slice(8, 56), slice(52, 56)))
    found = _detector(tmp_path / "b", slivers).examine(_film(0.6, 0.0))
    assert found.refusal is None
    assert found.inside is not None
    assert found.inside[3] < 0.5, "of typical, which is what this bright film is"
    answer = _detector(tmp_path / "c", slivers).assess(_film(0.6, 0.0))
    assert "evidence_outside_lungs" in [warning.code for warning in answer.warnings]


def test_asking_for_the_map_changes_no_answer(detector: Detector) -> None:
    film = _film(0.5, 0.2)
    plain = detector.assess(film)
    assert detector.assess(film, activation=True).to_dict() == plain.to_dict()
    assert plain.activation is None


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ((), RefusalCode.NO_LUNGS),
        (TWO[:1], RefusalCode.NO_LUNGS),
        (((slice(0, 64), slice(0, 24)), (slice(0, 64), slice(40, 64))), RefusalCode.PART_OF_CHEST),
    ],
)
def test_a_film_without_two_whole_lungs_is_refused(
    tmp_path: Path, parts: Sequence[Part], code: RefusalCode
) -> None:
    answer = _detector(tmp_path / "b", parts).assess(_film(0.5, 0.2), prevalence=0.1)
    assert answer.refusal is not None
    assert answer.refusal.code is code
    assert (answer.appearance, answer.covid, answer.activation) == (None, None, None)


@pytest.mark.parametrize(
    ("rows", "columns", "code"),
    [
        (slice(100, 104), slice(70, 90), RefusalCode.ANNOTATED),  # on the right lung
        (slice(100, 104), slice(118, 138), RefusalCode.ANNOTATED),  # between both
        (slice(8, 12), slice(70, 90), None),  # above
        (slice(100, 104), slice(4, 24), None),  # beside
    ],
)
def test_ink_over_the_lungs_is_refused(
    detector: Detector, rows: slice, columns: slice, code: RefusalCode | None
) -> None:
    film = _film(0.45, 0.5)
    pixels = film.pixels.copy()
    pixels[rows, columns] = 1.0
    answer = detector.assess(Radiograph(pixels, film.facts))
    assert (answer.refusal and answer.refusal.code) == code
    assert (answer.appearance is None) == (code is not None)


def _framed(levels: Levels, mask: Mask) -> tuple[Framed, Radiograph]:
    rows, columns = np.nonzero(mask)
    top, left, bottom, right = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
    box = Window(*(float(side) / 256 for side in (top, left, bottom, right)))
    small = levels.astype(np.float32) / np.float32(255)
    lungs = mask[top:bottom, left:right]
    framed = Framed(np.zeros((3, 8, 8), dtype=np.float32), box, lungs, small, box, mask)
    return framed, Radiograph(small, Facts("PNG", "0" * 64, 8))


def test_a_film_whose_lungs_are_covered_in_part_is_told() -> None:
    levels, lungs = whole_film(foot=4)
    framed, film = _framed(levels, lungs)
    assert not framed.has_marks(film)
    patch = ((np.indices(levels.shape) - [[[130]], [[70]]]) ** 2).sum(axis=0) < 30**2
    for covered in (fading(levels, 0, 14), under(levels, patch, 0, 5.0)):
        # By the film as the lung model saw it: over the film itself no ink is drawn.
        seen, _ = _framed(covered, lungs)
        assert seen.has_marks(film)
        assert not replace(seen, mask=None).has_marks(film)
        assert not replace(seen, lungs=None).has_marks(film)


def test_a_patch_over_a_lung_is_refused(detector: Detector) -> None:
    film = _film(0.45, 0.5)
    away = np.hypot(*(np.indices(film.pixels.shape) - [[[128]], [[70]]]))
    seen = np.clip((away - 22) / 16, 0, 1).astype(np.float32)
    answer = detector.assess(Radiograph(film.pixels * seen, film.facts))
    assert answer.refusal is not None
    assert answer.refusal.code is RefusalCode.ANNOTATED


def test_a_mirrored_film_is_refused_for_what_it_is(tmp_path: Path) -> None:
    parts = ((slice(32, 224), slice(32, 112)), (slice(32, 224), slice(144, 224)))
    lungs = lungs_spec(preprocessing=PREPROCESSING.model_copy(update={"size": 256}))
    bundle = make_bundle(
        tmp_path / "b",
        model=appearance_network(),
        more={"lungs.onnx": box_network(size=256, parts=parts)},
        lungs=lungs.model_dump(mode="json"),
        **appearance_fields(preprocessing=FRAME, verdict=AUDITED),
    )
    levels, mask = whole_film()
    twin = np.concatenate([levels[:, :128], levels[:, 127::-1]], axis=1)
    codes = []
    for each in (levels, twin):
        framed, film = _framed(each, mask)
        refusal = Detector.load(bundle).assess(film).refusal
        codes.append((framed.is_mirrored(), refusal and refusal.code))
        assert not replace(framed, small=None).is_mirrored()
    assert codes == [(False, None), (True, RefusalCode.UNLIKE_CHEST)]


def test_a_bundle_that_cuts_to_the_lungs_needs_a_lung_model(
    tmp_path: Path, film_of: Callable[..., Radiograph]
) -> None:
    folder = make_bundle(
        tmp_path / "b", model=appearance_network(), **appearance_fields(preprocessing=FRAME)
    )
    with pytest.raises(BundleError, match="lung model"):
        Detector.load(folder)
