"""Erasing: what must go is gone, what must stay is untouched, the fill is smooth."""

from __future__ import annotations

import numpy as np
import pytest

from covid_d.evaluation.audit.erase import lungs_found, only_lungs, without_lungs
from covid_d.radiograph import Facts, Radiograph
from covid_d.radiograph.phantom import Phantom, draw_phantom

FACTS = Facts(format="PNG", sha256="0" * 64, bits=8)


def film(pixels: np.ndarray) -> Radiograph:
    return Radiograph(np.array(pixels, dtype=np.float32), FACTS, name="drawn")


def box(shape: tuple[int, int], rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros(shape, dtype=np.bool_)
    mask[rows, columns] = True
    return mask


@pytest.fixture
def phantom() -> Phantom:
    return draw_phantom(5, opacities=True, size=256)


def test_without_lungs_depends_on_nothing_inside(phantom: Phantom) -> None:
    # The strongest statement: whatever the lungs hold, the erased film is the same.
    other = np.where(phantom.lungs, np.random.default_rng(0).uniform(size=(256, 256)), 0.0)
    other = np.where(phantom.lungs, other, phantom.pixels)
    one = without_lungs(film(phantom.pixels), phantom.lungs)
    two = without_lungs(film(other), phantom.lungs)
    assert np.array_equal(one.pixels, two.pixels)
    assert not np.array_equal(phantom.pixels, one.pixels)


def test_only_lungs_depends_on_nothing_outside(phantom: Phantom) -> None:
    other = np.where(phantom.lungs, phantom.pixels, 1.0 - phantom.pixels)
    one = only_lungs(film(phantom.pixels), phantom.lungs)
    two = only_lungs(film(other), phantom.lungs)
    assert np.array_equal(one.pixels, two.pixels)


def test_only_lungs_keeps_the_lungs(phantom: Phantom) -> None:
    kept = only_lungs(film(phantom.pixels), phantom.lungs).pixels
    assert np.array_equal(kept[phantom.lungs], phantom.pixels[phantom.lungs])


def test_without_lungs_keeps_what_is_far_from_them(phantom: Phantom) -> None:
    kept = without_lungs(film(phantom.pixels), phantom.lungs).pixels
    changed = kept != phantom.pixels
    assert changed[phantom.lungs].mean() > 0.99
    # 3 % of 256 pixels: nothing further than eight pixels from a lung changes.
    reach = np.zeros_like(phantom.lungs)
    for row, column in np.argwhere(phantom.lungs)[::7]:
        reach[max(0, row - 12) : row + 13, max(0, column - 12) : column + 13] = True
    assert not changed[~reach].any()


def test_fill_of_a_plane_is_the_plane() -> None:
    # A linear ramp is harmonic, so the fill must give it back.
    rows, columns = np.mgrid[0:128, 0:128] / 127
    plane = 0.2 + 0.3 * rows + 0.2 * columns
    filled = without_lungs(film(plane), box((128, 128), slice(40, 90), slice(30, 100))).pixels
    assert np.abs(filled - plane).max() < 0.02


def test_fill_obeys_the_maximum_principle(phantom: Phantom) -> None:
    # A harmonic surface has no peak of its own: it stays within its surroundings' range.
    filled = without_lungs(film(phantom.pixels), phantom.lungs).pixels
    inside, outside = filled[phantom.lungs], phantom.pixels[~phantom.lungs]
    assert inside.min() >= outside.min() - 1e-5
    assert inside.max() <= outside.max() + 1e-5


def test_fill_has_no_texture(phantom: Phantom) -> None:
    filled = without_lungs(film(phantom.pixels), phantom.lungs).pixels

    def roughness(pixels: np.ndarray) -> float:
        bends = np.abs(np.diff(pixels, 2, axis=1))[:, 1:-1]
        return float(np.median(bends[phantom.lungs[:, 2:-2]]))

    assert roughness(filled) < 0.05 * roughness(phantom.pixels)


@pytest.mark.parametrize("shape", [(40, 60), (64, 64), (300, 200), (513, 511)])
def test_any_film_shape(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).uniform(size=shape).astype(np.float32)
    mask = box(shape, slice(shape[0] // 4, shape[0] // 2), slice(shape[1] // 4, shape[1] // 2))
    for result in (without_lungs(film(pixels), mask), only_lungs(film(pixels), mask)):
        assert result.pixels.shape == shape
        assert result.pixels.dtype == np.float32
        assert np.isfinite(result.pixels).all()


@pytest.mark.parametrize(
    "mask",
    [
        np.zeros((64, 64), dtype=np.bool_),
        np.ones((64, 64), dtype=np.bool_),
        box((64, 64), slice(0, 64), slice(0, 63)),
        box((64, 64), slice(31, 32), slice(31, 32)),
        box((64, 64), slice(0, 1), slice(0, 64)),
    ],
    ids=["none", "all", "almost all", "one pixel", "one row"],
)
def test_extreme_masks(mask: np.ndarray) -> None:
    pixels = np.random.default_rng(1).uniform(size=(64, 64)).astype(np.float32)
    for result in (without_lungs(film(pixels), mask), only_lungs(film(pixels), mask)):
        assert np.isfinite(result.pixels).all()
        assert 0.0 <= result.pixels.min() <= result.pixels.max() <= 1.0


def test_holes_in_the_mask_are_erased_too(phantom: Phantom) -> None:
    rows, columns = np.nonzero(phantom.lungs[:, :128])
    row, column = int(rows.mean()), int(columns.mean())
    torn = phantom.lungs.copy()
    torn[row - 14 : row + 14, column - 14 : column + 14] = False
    whole = without_lungs(film(phantom.pixels), phantom.lungs).pixels
    assert np.array_equal(without_lungs(film(phantom.pixels), torn).pixels, whole)


def test_empty_mask_erases_nothing() -> None:
    pixels = draw_phantom(1, size=64).pixels
    kept = without_lungs(film(pixels), np.zeros((64, 64), dtype=np.bool_))
    assert np.array_equal(kept.pixels, pixels)


def test_facts_and_name_stay(phantom: Phantom) -> None:
    result = without_lungs(film(phantom.pixels), phantom.lungs)
    assert result.facts == FACTS
    assert result.name == "drawn"


@pytest.mark.parametrize("change", [without_lungs, only_lungs])
def test_mask_of_another_shape(change: object) -> None:
    with pytest.raises(ValueError, match=r"mask is \(32, 32\), film is \(64, 64\)"):
        change(film(np.zeros((64, 64))), np.ones((32, 32), dtype=np.bool_))  # type: ignore[operator]


@pytest.mark.parametrize(("share", "found"), [(0.0, False), (0.04, False), (0.06, True)])
def test_lungs_found(share: float, found: bool) -> None:
    mask = np.zeros((100, 100), dtype=np.bool_)
    mask.ravel()[: round(share * 10_000)] = True
    assert lungs_found(mask) is found
