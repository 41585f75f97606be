"""Where a person must look: pale names, names that run upwards, ink; and not everywhere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFont

from covid_d.clinic.collection.burned_in import find_text
from covid_d.clinic.collection.suspects import MOST, find_suspects
from covid_d.radiograph.film import Box
from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.strokes import ink

SIDE = 800
Film = npt.NDArray[np.float32]


def _film(seed: int = 3) -> Image.Image:
    return draw_phantom(seed, opacities=True).to_image().resize((SIDE, SIDE))


def _pixels(picture: Image.Image) -> Film:
    return np.asarray(picture.convert("L"), dtype=np.float32) / np.float32(255)


def _written(fill: int, size: int = 28, turn: bool = False) -> tuple[Film, Box]:
    picture = _film()
    label = Image.new("L", (300, size + 12), 0)
    ImageDraw.Draw(label).text(
        (4, 2), "PEREZ LOPEZ 1712", fill=255, font=ImageFont.load_default(size)
    )
    label = label.crop(label.getbbox())
    if turn:
        label = label.transpose(Image.Transpose.ROTATE_90)
    at = (260, 300)
    picture.paste(fill, at, label)
    return _pixels(picture), Box(at[1], at[0], at[1] + label.height, at[0] + label.width)


def _covers(found: list[Box], wanted: Box) -> float:
    hit = np.zeros((SIDE, SIDE), dtype=bool)
    for box in found:
        hit[box.top : box.bottom, box.left : box.right] = True
    return float(hit[wanted.top : wanted.bottom, wanted.left : wanted.right].mean())


@pytest.mark.parametrize("fill", [255, 225, 0])
def test_a_name_within_the_film(fill: int) -> None:
    pixels, box = _written(fill)
    assert _covers(find_suspects(pixels), box) > 0.5


@pytest.mark.parametrize("fill", [255, 0])
def test_a_name_that_runs_upwards(fill: int) -> None:
    pixels, box = _written(fill, turn=True)
    assert _covers(find_text(pixels), box) < 0.5  # the search that blacks out does not see it
    assert _covers(find_suspects(pixels), box) > 0.5


def test_what_is_framed_already_is_not_said_again() -> None:
    pixels, box = _written(255)
    lines = find_text(pixels)
    assert _covers(lines, box) > 0.5
    assert all(
        min(one.bottom, box.bottom) <= max(one.top, box.top)
        or min(one.right, box.right) <= max(one.left, box.left)
        for one in find_suspects(pixels, lines)
    )


def test_a_film_without_marks_has_few_places() -> None:
    counts = [len(find_suspects(_pixels(_film(seed)))) for seed in range(6)]
    assert max(counts) <= 2


def test_never_more_than_can_be_looked_at() -> None:
    picture = _film()
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(16)
    for row in range(30):
        pen.text((40 + 300 * (row % 2), 20 + 25 * row), "PEREZ LOPEZ", fill=255, font=font)
    assert len(find_suspects(_pixels(picture))) == MOST


def test_boxes_lie_on_the_film_at_its_own_size() -> None:
    large = _written(255)[0]
    large = np.asarray(Image.fromarray(large).resize((2000, 1600)), dtype=np.float32)
    for box in find_suspects(np.clip(large, 0, 1)):
        assert 0 <= box.top < box.bottom <= 1600
        assert 0 <= box.left < box.right <= 2000


def test_ink_is_what_has_one_value_along_and_jumps_across() -> None:
    blank = np.full((200, 200), 0.4, dtype=np.float32)
    assert not ink(blank)[0].any()
    drawn = blank.copy()
    drawn[100:102, 40:160] = 0.9
    mask, thin = ink(drawn)
    assert thin == 1
    assert mask[100:102, 50:150].mean() > 0.9
    assert mask.sum() < 300
    noisy = drawn + np.random.default_rng(1).normal(0, 0.1, drawn.shape).astype(np.float32)
    assert ink(np.clip(noisy, 0, 1))[0].sum() < 50
