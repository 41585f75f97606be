"""Burned-in text is found where people write it, and blacked out; a plain phantom has little."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from covid_d.clinic.collection.burned_in import MARGIN, blacked_out, find_text, in_margin
from covid_d.radiograph.film import Box, FloatImage
from covid_d.radiograph.phantom import draw_phantom

SIDE = 800
WORDS = ("PEREZ LOPEZ MARIA", "1712345678", "HOSP. GUAYAQUIL", "12/03/2021 10:32")


@cache
def _film(seed: int) -> FloatImage:
    picture = draw_phantom(seed, size=256).to_image().resize((SIDE, SIDE))
    return np.asarray(picture, dtype=np.float32) / np.float32(255)


def _written(
    seed: int, words: str, at: tuple[int, int], *, height: int = 18, white: bool = True
) -> tuple[FloatImage, Box]:
    picture = Image.fromarray(np.rint(_film(seed) * 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(height)
    left, top, right, bottom = pen.textbbox(at, words, font=font)
    if not white:
        pen.rectangle((left - 6, top - 6, right + 6, bottom + 6), fill=235)
    pen.text(at, words, fill=255 if white else 0, font=font)
    box = Box(int(top), int(left), int(bottom), int(right))
    return np.asarray(picture, dtype=np.float32) / np.float32(255), box


def _share_hidden(film: FloatImage, box: Box) -> float:
    bright = np.maximum(film, np.float32(0.5))  # so that black means masked
    hidden = blacked_out(bright, find_text(film)) == 0
    return float(hidden[box.top : box.bottom, box.left : box.right].mean())


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("at", [(10, 8), (10, 770), (500, 8)])
@pytest.mark.parametrize("height", [14, 18, 30])
def test_text_in_a_margin_is_blacked_out(words: str, at: tuple[int, int], height: int) -> None:
    if at[1] > 700:
        at = (at[0], SIDE - height - 8)
    film, box = _written(3, words, at, height=height)
    assert _share_hidden(film, box) > 0.85


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("white", [True, False])
def test_text_within_the_film_is_found(words: str, white: bool) -> None:
    film, box = _written(4, words, (240, 330), height=24, white=white)
    inside = [found for found in find_text(film) if not in_margin(found, SIDE, SIDE)]
    assert any(
        found.top < box.bottom
        and found.bottom > box.top
        and found.left < box.right
        and found.right > box.left
        for found in inside
    )


def test_a_large_film_is_looked_at_whole() -> None:
    film, box = _written(3, WORDS[0], (10, 8), height=20)
    large = np.asarray(Image.fromarray(film).resize((3 * SIDE, 3 * SIDE)), dtype=np.float32).clip(
        0, 1
    )
    assert _share_hidden(large, Box(*(3 * edge for edge in box.to_list()))) > 0.85


def test_plain_phantoms_seldom_wait_for_a_person() -> None:
    waiting = [
        seed
        for seed in range(20)
        if any(not in_margin(box, 256, 256) for box in find_text(_phantom(seed)))
    ]
    assert len(waiting) <= 1


def _phantom(seed: int) -> FloatImage:
    return draw_phantom(seed, opacities=bool(seed % 2)).pixels


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (64, 64)])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_blank_films_have_none(shape: tuple[int, int], value: float) -> None:
    assert find_text(np.full(shape, value, dtype=np.float32)) == []


def test_margins() -> None:
    edge = int(MARGIN * 100)
    assert in_margin(Box(0, 40, edge, 60), 100, 100)
    assert not in_margin(Box(0, 40, edge + 1, 60), 100, 100)
    assert in_margin(Box(40, 100 - edge, 60, 100), 100, 100)


def test_blacking_out_leaves_the_film_itself_alone() -> None:
    film = np.full((50, 50), 0.5, dtype=np.float32)
    masked = blacked_out(film, [Box(0, 0, 10, 10)])
    assert film.min() == 0.5
    assert masked[5, 5] == 0.0
    assert masked[40, 40] == 0.5
