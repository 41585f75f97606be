"""Covered lungs and mirrored films: the page says of each film what Python says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from covid_d.radiograph.fades import faded
from covid_d.radiograph.patches import hull, patched
from covid_d.radiograph.symmetry import mirrored
from lungs_drawn import COLUMNS, LUNGS, ROWS, Mask, chest, ellipse, under, whole_film
from offline_films import facts
from on_node import Ask, typed

pytestmark = pytest.mark.slow  # wants Node

_PATCHES = """
import { faded } from "@web/radiograph/fades.mjs";
import { hull, patched } from "@web/radiograph/patches.mjs";
import { mirrored } from "@web/radiograph/symmetry.mjs";
export default ({ films, masks, facts }) => ({
  told: films.map(({ levels, lungs }) => patched(levels, lungs, facts)),
  fading: films.map(({ levels, lungs }) => faded(levels, lungs, facts)),
  twins: films.map(({ levels }) => mirrored(levels, facts)),
  shapes: masks.map(({ pixels, width, height }) => hull(pixels, width, height)),
});
"""


def _picture(pixels: Any) -> dict[str, Any]:
    return {
        "pixels": typed(pixels.astype(np.uint8), "Uint8Array"),
        "height": pixels.shape[0],
        "width": pixels.shape[1],
    }


def test_the_page_finds_the_same_patches(ask: Ask) -> None:
    cases = [(chest(seed), LUNGS) for seed in range(3)]
    cases += [(chest(4, window=window), LUNGS) for window in [(80, 255), (0, 190), (60, 180)]]
    for number, grey in enumerate([0, 7, 9, 60, 150, 243, 247, 251, 255]):
        chance = np.random.default_rng(number)
        for _ in range(4):
            row, column, half = (
                chance.integers(40, 150),
                chance.integers(20, 70),
                chance.integers(8, 40),
            )
            disc = ellipse(float(row), float(column), float(half), float(half))
            film = under(chest(number), disc, grey, float(chance.uniform(1, half / 3)))
            cases += [(film, LUNGS), (film, LUNGS & ~disc)]
    cases.append((chest(), ellipse(100, 42, 10, 10)))
    told = [patched(film, lungs) for film, lungs in cases]
    films = [{"levels": _picture(film), "lungs": _picture(lungs)} for film, lungs in cases]
    assert ask(_PATCHES, {"films": films, "masks": [], "facts": facts()})["told"] == told
    assert 20 < sum(told) < len(told) - 12


def test_the_page_draws_the_same_convex_shapes(ask: Ask) -> None:
    masks: list[Mask] = [LUNGS, ellipse(20, 170, 30, 30), LUNGS[:, ::-1][::3]]
    for seed in range(12):
        chance = np.random.default_rng(seed)
        masks.append(chance.random((ROWS // 3, COLUMNS // 5)) < 0.003 * (seed + 1))
        masks[-1][chance.integers(60), chance.integers(30)] = True
    found = ask(_PATCHES, {"films": [], "masks": [_picture(m) for m in masks], "facts": facts()})
    for shape, mask in zip(found["shapes"], masks, strict=True):
        assert np.array_equal(np.array(shape, dtype=bool), hull(mask).ravel())


def test_the_page_sees_the_same_films_fade(ask: Ask) -> None:
    cases = []
    for number in range(90):
        chance = np.random.default_rng(number)
        film = chest(number)[:150] if number % 2 else chest(number)
        reach, width = int(chance.integers(1, 25)), float(chance.uniform(0, 1))
        weight = np.clip((np.arange(len(film)) - (len(film) - 1 - reach)) / reach, 0, 1)[:, None]
        below = film * (1 - weight) + chance.integers(0, 256) * weight
        cut = below[: len(film) - int(chance.integers(0, 4))].astype(np.uint8)
        lungs = np.zeros_like(cut, dtype=bool)
        lungs[20 : len(cut) - int(30 * width), 30:150] = True
        cases += [(cut, lungs), (cut[::-1].copy(), lungs[::-1].copy())]
    told = [faded(film, lungs) for film, lungs in cases]
    films = [{"levels": _picture(film), "lungs": _picture(lungs)} for film, lungs in cases]
    assert ask(_PATCHES, {"films": films, "masks": [], "facts": facts()})["fading"] == told
    assert 8 < sum(told) < len(told) - 90


def test_the_page_sees_the_same_films_mirrored(ask: Ask) -> None:
    films = []
    for number in range(24):
        chance = np.random.default_rng(number)
        film = whole_film(number)[0].astype(np.float64)
        twin, axis = film.copy(), int(chance.integers(100, 156))
        near = min(axis, film.shape[1] - axis)
        twin[:, axis : axis + near] = film[:, axis - near : axis][:, ::-1]
        share = number / 23
        films.append((film * (1 - share) + twin * share).astype(np.uint8)[: 130 + 5 * number])
    told = [mirrored(film) for film in films]
    given = [{"levels": _picture(film), "lungs": _picture(film)} for film in films]
    assert ask(_PATCHES, {"films": given, "masks": [], "facts": facts()})["twins"] == told
    assert 4 < sum(told) < len(told) - 4
