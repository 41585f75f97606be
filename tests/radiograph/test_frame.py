"""Margins, letterboxes and shutters are cut off; a film's own dark edges are not."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import films
from covid_d.radiograph import RadiographError, RefusalCode, check, read
from covid_d.radiograph.film import Box
from covid_d.radiograph.frame import film_box
from covid_d.radiograph.phantom import draw_phantom

FILM = films.grey8(3, size=256)


def grey(samples: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    return samples.astype(np.float32) / np.float32(255)


def within(
    level: int, *, top: int = 0, bottom: int = 0, left: int = 0, right: int = 0
) -> Image.Image:
    """Return the film pasted into a larger picture of one grey."""
    height, width = FILM.shape
    canvas = Image.new("L", (left + width + right, top + height + bottom), level)
    canvas.paste(Image.fromarray(FILM), (left, top))
    return canvas


@pytest.mark.parametrize("level", [0, 30, 128, 255])
@pytest.mark.parametrize(
    "margins",
    [
        {"top": 5, "bottom": 5, "left": 5, "right": 5},
        {"top": 64, "bottom": 64, "left": 64, "right": 64},
        {"left": 21},
        {"bottom": 40},
        {"left": 100, "right": 99},  # 16:9
    ],
)
def test_a_margin_is_cut_to_the_pixel(level: int, margins: dict[str, int]) -> None:
    film = read(films.picture(within(level, **margins)))
    top, left = margins.get("top", 0), margins.get("left", 0)
    assert film.box == Box(top, left, top + 256, left + 256)
    assert np.array_equal(film.pixels, grey(FILM))
    whole = (256 + margins.get("left", 0) + margins.get("right", 0), 256 + margins.get("top", 0))
    assert film.picture_size is not None
    assert film.picture_size == (whole[0], whole[1] + margins.get("bottom", 0))


@pytest.mark.parametrize("wide", [1, 7, 8, 9, 23, 24, 25, 55, 56, 57, 300])
def test_a_margin_of_any_width_is_cut_to_the_pixel(wide: int) -> None:
    box = film_box(grey(np.asarray(within(90, top=wide, right=wide))))
    assert box == Box(wide, 0, wide + 256, 256)


@pytest.mark.parametrize("quality", [95, 85, 75])
@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("wide", [10, 20, 64])
def test_the_noise_of_jpeg_beside_the_film_is_cut_with_the_margin(
    quality: int, level: int, wide: int
) -> None:
    drawn = draw_phantom(7, size=256).to_image()
    assert film_box(grey(np.asarray(drawn))) == Box(0, 0, 256, 256)
    side = 256 + 2 * wide
    canvas = Image.new("L", (side, side), level)
    canvas.paste(drawn, (wide, wide))
    box = film_box(read_whole(films.picture(canvas, "JPEG", quality=quality)))
    inside = np.array([box.left, box.top, side - box.left - box.width, side - box.top - box.height])
    # Hardly a line of the margin stays; of the phantom's air, its noise smoothed away by JPEG, a
    # block at most is taken for margin.
    assert (inside >= wide - 2).all()
    assert (inside <= wide + 8).all()


def read_whole(data: bytes) -> npt.NDArray[np.float32]:
    with Image.open(BytesIO(data)) as opened:
        return grey(np.asarray(opened))


def test_margins_of_several_greys_are_cut_in_turn() -> None:
    canvas = Image.new("L", (400, 400), 0)  # a screen
    canvas.paste(255, (60, 60, 340, 340))  # a window's frame
    canvas.paste(Image.fromarray(FILM), (72, 72))
    assert film_box(grey(np.asarray(canvas))) == Box(72, 72, 72 + 256, 72 + 256)


def test_a_film_with_black_corners_stays_whole() -> None:
    rows, columns = np.ogrid[:256, :256]
    collimated = FILM.copy()
    collimated[(rows - 128) ** 2 + (columns - 128) ** 2 > 135**2] = 0  # a round collimator
    assert (collimated[:20, :20] == 0).all()
    assert film_box(grey(collimated)) == Box(0, 0, 256, 256)


def test_dark_air_beside_the_chest_is_film() -> None:
    # Air differs by a few levels along a line: scatter, the body's edge.
    slope = np.linspace(0, 0.08, 256, dtype=np.float32)
    pixels = grey(FILM).copy()
    pixels[:, :20] = slope[:, None]
    assert film_box(pixels) == Box(0, 0, 256, 256)


def test_a_film_of_low_contrast_keeps_its_edges() -> None:
    # 12 of 16 bits, one sixteenth of the scale: what is uniform is judged on the film's own scale.
    assert film_box(grey(FILM) / np.float32(16)) == Box(0, 0, 256, 256)
    dim = grey(np.asarray(within(0, left=32))) / np.float32(16)
    assert film_box(dim) == Box(0, 32, 256, 32 + 256)


def test_an_empty_picture_stays_whole_and_is_refused_as_blank() -> None:
    blank = np.full((128, 128), 90, dtype=np.uint8)
    film = read(films.picture(blank))
    assert film.box == Box(0, 0, 128, 128)
    refusal = check(film)
    assert refusal is not None
    assert refusal.code is RefusalCode.BLANK


@pytest.mark.parametrize(("side", "code"), [(10, RefusalCode.BLANK), (80, RefusalCode.TOO_SMALL)])
def test_what_is_too_small_without_its_margin_is_refused(side: int, code: RefusalCode) -> None:
    canvas = Image.new("L", (300, 300), 0)
    canvas.paste(Image.fromarray(FILM).resize((side, side)), (110, 110))
    with pytest.raises(RadiographError) as caught:
        read(films.picture(canvas))
    assert caught.value.refusal.code is code


def test_a_cut_film_keeps_no_memory_of_its_margin() -> None:
    film = read(films.picture(within(0, left=512, right=512)))
    assert film.pixels.base is None
    assert film.pixels.flags.c_contiguous
