"""A film's fine detail: what it keeps, what it forgets, and how alike two of them are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from covid_d.likeness.detail import SIDE, WHOLE, cut, detail_of, likeness, spectra_of
from covid_d.radiograph.phantom import draw_phantom


def _phantom(seed: int) -> Image.Image:
    return draw_phantom(seed, opacities=False, size=128).to_image()


def _details(*seeds: int) -> np.ndarray:
    return detail_of(np.stack([cut(_phantom(seed), WHOLE) for seed in seeds]))


def _noise(seed: int, count: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 30, (count, SIDE, SIDE)).astype(np.float32) + 120


def _spectra(details: np.ndarray) -> np.ndarray:
    return np.fft.rfft2(details).astype(np.complex64)


class TestCut:
    def test_a_quarter_is_that_quarter(self) -> None:
        pixels = np.zeros((128, 128), np.uint8)
        pixels[64:, :64] = 200  # lower left
        picture = Image.fromarray(pixels)
        assert np.all(cut(picture, ((0, 0.5), (0.5, 1))) == 200)
        assert np.all(cut(picture, ((0.5, 1), (0, 0.5))) == 0)
        assert np.all(cut(picture, ((0.5, 1), (0.5, 1))) == 0)

    def test_beyond_the_film_it_is_black(self) -> None:
        white = Image.fromarray(np.full((128, 128), 255, np.uint8))
        found = cut(white, WHOLE, 2, 2)
        # The film takes the middle half of either side.
        assert np.all(found[17:47, 17:47] == 255)
        assert np.all(found[:15] == 0)
        assert np.all(found[:, 49:] == 0)

    def test_sides_are_scaled_each_on_its_own(self) -> None:
        white = Image.fromarray(np.full((128, 128), 255, np.uint8))
        wide = cut(white, WHOLE, x=2, y=1)
        assert np.all(wide[:, 17:47] == 255)
        assert np.all(wide[:, :15] == 0)
        assert np.array_equal(cut(white, WHOLE, x=1, y=2), wide.T)

    def test_it_is_64_pixels_whatever_it_was(self) -> None:
        for side in (32, 64, 200):
            found = cut(Image.fromarray(np.full((side, side), 7, np.uint8)), WHOLE)
            assert found.shape == (SIDE, SIDE)
            assert found.dtype == np.float32


class TestDetail:
    def test_each_film_is_of_unit_norm_and_of_no_mean(self) -> None:
        found = _details(1, 2, 3)
        assert np.linalg.norm(found, axis=(1, 2)) == pytest.approx([1.0] * 3, abs=1e-4)
        assert found.mean(axis=(1, 2)) == pytest.approx([0.0] * 3, abs=1e-6)

    def test_a_flat_film_has_none(self) -> None:
        assert np.abs(detail_of(np.full((2, SIDE, SIDE), 130, np.float32))).max() < 0.1

    def test_a_film_alone_is_as_among_others(self) -> None:
        np.testing.assert_allclose(_details(1, 2, 3)[1], _details(2)[0], atol=1e-6)

    def test_how_bright_a_film_is_does_not_count(self) -> None:
        films = _noise(4)
        np.testing.assert_allclose(detail_of(films + 40), detail_of(films), atol=1e-5)

    def test_broad_shades_hardly_count(self) -> None:
        films = _noise(5)
        ramp = np.linspace(0, 60, SIDE, dtype=np.float32)
        changed = detail_of(films + ramp[None, :, None] + ramp[None, None])
        assert float((changed * detail_of(films)).sum()) > 0.97

    def test_contrast_hardly_counts(self) -> None:
        films = _noise(6)
        assert float((detail_of(films * 2) * detail_of(films)).sum()) > 0.99

    def test_a_negative_turns_every_sign_and_nothing_else(self) -> None:
        films = _noise(7)
        np.testing.assert_allclose(detail_of(255 - films), -detail_of(films), atol=1e-5)

    def test_edges_fade(self) -> None:
        found = np.abs(detail_of(_noise(8, 20))).mean(axis=0)
        assert found[0].mean() < found[32].mean() / 3
        assert found[:, -1].mean() < found[:, 32].mean() / 3

    @pytest.mark.parametrize("way", [np.fliplr, np.flipud, np.transpose])
    def test_no_direction_is_preferred(self, way: object) -> None:
        (film,) = _noise(9)
        turned = np.ascontiguousarray(way(film))  # type: ignore[operator]
        np.testing.assert_allclose(
            detail_of(turned[None])[0],
            way(detail_of(film[None])[0]),  # type: ignore[operator]
            atol=1e-5,
        )


class TestLikeness:
    def test_a_film_is_wholly_like_itself(self) -> None:
        found = _details(1, 2, 3)
        assert likeness(found, _spectra(found), 1) == pytest.approx([1.0] * 3, abs=1e-3)

    def test_two_people_are_not(self) -> None:
        assert likeness(_details(1, 3), _spectra(_details(2, 4)), 1).max() < 0.8

    def test_it_is_the_same_from_either_side(self) -> None:
        one, other = _details(1, 2), _details(3, 4)
        np.testing.assert_allclose(
            likeness(one, _spectra(other), 1), likeness(other, _spectra(one), 1), atol=1e-4
        )

    @pytest.mark.parametrize("shift", [(0, 0), (8, 0), (0, -8), (-8, 8), (5, -3)])
    def test_a_shift_of_up_to_eight_pixels_is_made_good(self, shift: tuple[int, int]) -> None:
        found = detail_of(_noise(1))
        moved = np.roll(found, shift, axis=(1, 2))
        assert likeness(moved, _spectra(found), 1)[0] == pytest.approx(1.0, abs=1e-3)

    @pytest.mark.parametrize("shift", [(9, 0), (0, -9), (32, 32), (-12, 4)])
    def test_a_larger_one_is_not(self, shift: tuple[int, int]) -> None:
        found = detail_of(_noise(1))
        moved = np.roll(found, shift, axis=(1, 2))
        assert likeness(moved, _spectra(found), 1)[0] < 0.3

    def test_a_negative_is_alike_only_where_that_is_asked(self) -> None:
        found = detail_of(_noise(2))
        assert likeness(-found, _spectra(found), 1)[0] < 0.3
        assert likeness(-found, _spectra(found), 1, inverted=True)[0] == pytest.approx(1, abs=1e-3)
        assert likeness(found, _spectra(found), 1, inverted=True)[0] == pytest.approx(1, abs=1e-3)

    @given(seed=st.integers(0, 999), inverted=st.booleans())
    @settings(max_examples=8, deadline=None)
    def test_it_is_the_best_of_all_289_shifts(self, seed: int, inverted: bool) -> None:
        one, other = detail_of(_noise(seed))[0], detail_of(_noise(seed + 1000))[0]
        each = [
            float((one * np.roll(other, (down, right), axis=(0, 1))).sum())
            for down in range(-8, 9)
            for right in range(-8, 9)
        ]
        best = max(map(abs, each)) if inverted else max(each)
        found = likeness(one[None], _spectra(other[None]), 1, inverted=inverted)
        assert float(found[0]) == pytest.approx(best, abs=1e-4)


def test_spectra_are_those_of_the_films_whole() -> None:
    pictures = [_phantom(seed) for seed in (1, 2)]
    found = spectra_of(pictures, 1)
    assert found.shape == (2, SIDE, SIDE // 2 + 1)
    assert found.dtype == np.complex64
    np.testing.assert_allclose(found, _spectra(_details(1, 2)), atol=1e-4)


def test_neither_blocks_nor_threads_change_spectra() -> None:
    few = [_phantom(seed) for seed in range(3)]
    many = few * 86  # 258: more than one block
    found = spectra_of(many, 1)
    np.testing.assert_allclose(found[255:258], spectra_of(few, 1), atol=1e-5)
    assert np.array_equal(spectra_of(few, 2), spectra_of(few, 1))
