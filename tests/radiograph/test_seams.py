"""Straight edges: seen where a stream lost its place or films were set together, not in films."""

from __future__ import annotations

import numpy as np
import pytest

from covid_d.radiograph import Facts, Radiograph, RefusalCode, check
from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.seams import SHARE, contrast, sampled, seam

FILMS = [draw_phantom(seed, size=256).pixels for seed in range(12)]


def broken(kind: str, film: FloatImage) -> FloatImage:
    half = film.copy()
    if kind == "brighter from a row on":
        half[128:] = np.clip(half[128:] + 0.2, 0, 1)
    elif kind == "moved aside from a row on":
        half[128:] = np.roll(half[128:], 90, axis=1)
    elif kind == "one grey from a row on":
        half[128:] = 0.5
    elif kind == "two films side by side":
        half = np.concatenate([film, FILMS[1][:, 20:] * 0.8 + 0.2], axis=1)
    return half


@pytest.mark.parametrize("film", FILMS)
def test_a_film_has_no_seam(film: FloatImage) -> None:
    assert seam(film) < SHARE / 2


@pytest.mark.parametrize(
    "kind",
    [
        "brighter from a row on",
        "moved aside from a row on",
        "one grey from a row on",
        "two films side by side",
    ],
)
def test_a_straight_edge_is_refused(kind: str) -> None:
    found = broken(kind, FILMS[0])
    assert seam(found) > SHARE
    assert seam(np.ascontiguousarray(found.T)) == pytest.approx(seam(found), abs=0.02)
    refusal = check(Radiograph(found, Facts("PNG", "0" * 64, 8)))
    assert refusal is not None
    assert refusal.code is RefusalCode.SEAM


def test_an_edge_is_judged_on_the_films_own_scale() -> None:
    dim = broken("brighter from a row on", FILMS[0]) / np.float32(16)
    assert seam(dim) > SHARE


def test_a_collimators_edge_near_the_rim_is_none() -> None:
    film = FILMS[0].copy()
    film[:8] = 0.0
    film[:8, ::2] = 0.1
    assert seam(film) < SHARE


def test_the_contrast_may_be_told_beforehand() -> None:
    found = broken("moved aside from a row on", FILMS[2])
    reach = contrast(sampled(found))
    assert seam(found, reach) == seam(found)
    assert seam(found, 100 * reach) == 0.0  # no step is as large


def test_the_contrast_leaves_out_a_hundredth_at_each_end() -> None:
    ramp = np.linspace(0, 1, 101, dtype=np.float32)[None]
    assert contrast(ramp) == pytest.approx(0.98)
    assert contrast(np.full((9, 9), 0.4, dtype=np.float32)) == 0.0


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((300, 511), (300, 511)), ((512, 700), (256, 350)), ((3000, 100), (273, 100))],
)
def test_a_large_film_is_thinned_to_256_lines_or_more(
    shape: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert sampled(np.zeros(shape, dtype=np.float32)).shape == expected


def test_an_edge_is_the_share_of_pixels_that_jump_there_more_than_at_the_lines_around() -> None:
    # Reckoned by hand: no jump but at row 100, where 192 of 256 pixels rise by 0.5.
    plain = np.zeros((256, 256), dtype=np.float32)
    plain[100:, :192] = 0.5
    assert seam(plain[:, :192]) == 1.0
    assert seam(plain) == 0.75
