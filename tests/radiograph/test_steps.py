"""Steps of the grey between two rows: of a decoder that went on at another level, not of films."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from covid_d.radiograph import Facts, Radiograph, RefusalCode, check
from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.steps import LIMIT, step


def noisy(seed: int, size: int = 384) -> FloatImage:
    film = draw_phantom(seed, size=size).pixels * np.float32(0.8) + np.float32(0.1)
    rng = np.random.default_rng(seed)
    return np.clip(film + rng.normal(0, 0.006, film.shape), 0, 1).astype(np.float32)


FILMS = [noisy(seed) for seed in range(8)]


def slipped(film: FloatImage, levels: int, *, block: int, column: int, side: int = 8) -> FloatImage:
    """Return the film as JPEG would show it where all blocks from one on are so much brighter."""
    moved = film.copy()
    top = block * side
    moved[top : top + side, column:] += np.float32(levels / 255)
    moved[top + side :] += np.float32(levels / 255)
    return np.clip(moved, 0, 1)


@pytest.mark.parametrize("film", FILMS)
def test_a_film_has_no_step(film: FloatImage) -> None:
    assert step(film) < LIMIT


@pytest.mark.parametrize("column", [0, 96, 256])
@pytest.mark.parametrize("levels", [-20, 15, 30])
def test_a_slip_of_a_few_levels_is_a_step(levels: int, column: int) -> None:
    for film in FILMS[:4]:
        damaged = slipped(film, levels, block=20, column=column)
        assert step(damaged) > LIMIT
        assert step(damaged[:, ::-1].copy()) == pytest.approx(step(damaged), rel=0.2)


def test_it_is_refused_with_a_reason_that_helps() -> None:
    film = slipped(FILMS[0], 20, block=20, column=0)
    refusal = check(Radiograph(film, Facts("JPEG", "0" * 64, 8)))
    assert refusal is not None
    assert refusal.code is RefusalCode.SEAM
    assert check(Radiograph(FILMS[0], Facts("JPEG", "0" * 64, 8))) is None


def test_its_value_is_how_much_farther_the_rows_lie_apart() -> None:
    """Rows that differ by one level each, and two that differ by ten: over a floor of 0.25."""
    levels = np.cumsum(np.where(np.arange(240) == 120, 10.0, np.arange(240) % 2 * 2.0 - 1.0))
    film = np.repeat((levels[:, None] + 100) / 255, 64, axis=1).astype(np.float32)
    # Around their median of about nought the rows beside differ by one level, those two by ten.
    assert step(film) == pytest.approx(10 / 1.25, rel=0.15)


def test_words_and_a_marker_are_no_step() -> None:
    picture = Image.fromarray(np.rint(FILMS[1] * 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((40, 150, 140, 190), fill=255)
    pen.text((200, 200), "PORTABLE AP", fill=255)
    assert step(np.asarray(picture, dtype=np.float32) / np.float32(255)) < LIMIT


def test_an_edge_over_several_rows_is_no_step() -> None:
    film = FILMS[2].copy()
    film[150:162] += np.linspace(0, 0.2, 12, dtype=np.float32)[:, None]
    film[162:] += np.float32(0.2)
    assert step(np.clip(film, 0, 1)) < LIMIT


def test_a_collimators_edge_near_the_rim_is_none() -> None:
    film = FILMS[3].copy()
    film[:20] *= np.float32(0.3)
    film[-20:] *= np.float32(0.3)
    assert step(film) < LIMIT


@pytest.mark.parametrize("quality", [60, 75, 90])
def test_blocks_of_jpeg_are_no_steps(quality: int) -> None:
    from io import BytesIO

    for film in FILMS[:4]:
        stream = BytesIO()
        Image.fromarray(np.rint(film * 255).astype(np.uint8)).save(stream, "JPEG", quality=quality)
        with Image.open(stream) as again:
            assert step(np.asarray(again, dtype=np.float32) / np.float32(255)) < LIMIT


@pytest.mark.parametrize("shape", [(30, 400), (400, 5), (96, 96)])
def test_a_film_too_small_to_tell(shape: tuple[int, int]) -> None:
    assert step(np.random.default_rng(1).random(shape, dtype=np.float32)) < LIMIT
