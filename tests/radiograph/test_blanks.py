"""A part of the chest painted over with one grey is found; grain, slopes and clipping are not."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from covid_d.radiograph.blanks import covered
from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.strokes import drawn_over

_SIDE = 480
# The lungs and what lies between them.
_CHEST = np.zeros((_SIDE, _SIDE), dtype=bool)
_CHEST[80:380, 60:420] = True
_ROWS, _COLUMNS = np.indices(_CHEST.shape)

_Levels = npt.NDArray[np.uint8]


def _film(seed: int = 4, grain: float = 3.0) -> _Levels:
    drawn = Image.fromarray(draw_phantom(seed).pixels).resize((_SIDE, _SIDE))
    grey = np.asarray(drawn, dtype=np.float64) * 200.0 + 20.0
    grey += np.random.default_rng(seed).normal(0.0, grain, grey.shape)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def _disc(row: int, column: int, radius: int) -> npt.NDArray[np.bool_]:
    disc: npt.NDArray[np.bool_] = (_ROWS - row) ** 2 + (_COLUMNS - column) ** 2 < radius**2
    return disc


def _painted(grey: int, radius: int = 60, *, column: int = 160) -> _Levels:
    film = _film()
    film[_disc(220, column, radius)] = grey
    return film


def _compressed(film: _Levels, quality: int) -> _Levels:
    stream = io.BytesIO()
    Image.fromarray(film).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


@pytest.mark.parametrize("grey", [70, 100, 128])
@pytest.mark.parametrize("quality", [None, 90, 75])
def test_a_painted_disc_is_found(grey: int, quality: int | None) -> None:
    film = _painted(grey, 80)
    assert covered(film if quality is None else _compressed(film, quality), _CHEST)


def test_a_disc_whose_edge_fades_is_found() -> None:
    """No stroke ends so softly: nothing else would see it."""
    weight = np.clip((90 - np.hypot(_ROWS - 220, _COLUMNS - 160)) / 15, 0, 1)
    film = np.rint(_film() * (1 - weight) + 90 * weight).astype(np.uint8)
    assert covered(film, _CHEST)
    assert drawn_over(film.astype(np.float32) / np.float32(255), _CHEST)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("quality", [None, 85])
def test_a_film_with_grain_is_covered_nowhere(seed: int, quality: int | None) -> None:
    film = _film(seed)
    assert not covered(film if quality is None else _compressed(film, quality), _CHEST)


def test_a_small_patch_and_one_beside_the_chest_are_none() -> None:
    assert not covered(_painted(128, 20), _CHEST)
    beside = _film()
    beside[390:] = 128
    assert not covered(beside, _CHEST)


@pytest.mark.parametrize("bright", [True, False])
def test_what_is_clipped_is_a_films_exposure(bright: bool) -> None:
    disc = _disc(220, 160, 80)
    clipped = np.where(disc, 255 if bright else 0, np.clip(_film(), 30, 225)).astype(np.uint8)
    assert not covered(clipped, _CHEST)
    assert covered(np.where(disc, 100, clipped).astype(np.uint8), _CHEST)


def test_a_dull_film_is_not_called_covered() -> None:
    dull = (70 + _film() / 255 * 20).astype(np.uint8)
    assert not covered(dull, _CHEST)
    smooth = np.rint(100 + 20 * np.sin(_COLUMNS / 80)).astype(np.uint8)
    assert not covered(smooth, _CHEST)


def test_slopes_without_grain_are_not_one_grey() -> None:
    """Flat cells of many greys, as of a film that was smoothed."""
    slope = np.rint(np.linspace(20, 230, _SIDE)).astype(np.uint8)
    assert not covered(np.broadcast_to(slope, _CHEST.shape).copy(), _CHEST)


def test_of_a_few_cells_nothing_is_told() -> None:
    few = np.zeros_like(_CHEST)
    few[100:200, 100:200] = True  # of 15 pixels a cell, 36 at most
    assert not covered(_painted(128, 120), few)
    assert not covered(np.zeros((8, 8), dtype=np.uint8), np.ones((8, 8), dtype=bool))


def test_shares_are_those_of_the_chests_cells() -> None:
    """Cell by cell, reckoned by hand: 32 cells across a film of 192 pixels, six pixels each."""
    film = (np.indices((192, 192)).sum(axis=0) % 200 + 20).astype(np.uint8)
    everywhere = np.ones((192, 192), dtype=bool)  # 32 x 32 cells; a share of 2.5 % is 25.6 of them
    for flat, found in ((25, False), (26, True)):
        painted = film.copy()
        for cell in range(flat):
            row, column = 6 * (cell // 16 * 2), 6 * (cell % 16 * 2)
            painted[row : row + 6, column : column + 6] = 120 + cell % 2
        assert covered(painted, everywhere) is found
