"""Ink over the lungs is found, bright or dark, kept or compressed; anatomy and markers are none."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.strokes import drawn_over, ink

_SIDE = 480
# Two lungs: columns 60 to 200 and 280 to 420 of rows 80 to 380.
_LUNGS = np.zeros((_SIDE, _SIDE), dtype=bool)
_LUNGS[80:380, 60:200] = True
_LUNGS[80:380, 280:420] = True

Draw = Callable[[ImageDraw.ImageDraw, int], None]


def _film(seed: int = 4) -> Image.Image:
    grey = np.rint(draw_phantom(seed).pixels * 255.0).astype(np.uint8)
    film = np.asarray(Image.fromarray(grey).resize((_SIDE, _SIDE)), dtype=np.float64)
    film = film * 0.8 + 20.0 + np.random.default_rng(seed).normal(0.0, 3.0, film.shape)
    return Image.fromarray(np.clip(np.rint(film), 0, 255).astype(np.uint8))


def _pixels(film: Image.Image, quality: int | None = None) -> FloatImage:
    if quality is not None:
        stream = io.BytesIO()
        film.save(stream, "JPEG", quality=quality)
        film = Image.open(stream)
    pixels: FloatImage = np.asarray(film, dtype=np.float32) / np.float32(255.0)
    return pixels


def _arrow(pen: ImageDraw.ImageDraw, ink: int) -> None:
    pen.line([(90, 150), (150, 210)], fill=ink, width=5)
    pen.polygon([(150, 210), (146, 190), (130, 206)], fill=ink)


def _ring(pen: ImageDraw.ImageDraw, ink: int) -> None:
    pen.ellipse([300, 200, 380, 280], outline=ink, width=4)


def _box(pen: ImageDraw.ImageDraw, ink: int) -> None:
    pen.rectangle([90, 200, 170, 260], outline=ink, width=3)


def _word(pen: ImageDraw.ImageDraw, ink: int) -> None:
    pen.text((290, 150), "RML", fill=ink, font=ImageFont.load_default(40))


def _ruler(pen: ImageDraw.ImageDraw, ink: int) -> None:
    pen.line([(240, 100), (240, 340)], fill=ink, width=2)
    for row in range(100, 341, 24):
        pen.line([(240, row), (252, row)], fill=ink, width=2)


def _marked(draw: Draw, ink: int) -> Image.Image:
    film = _film()
    draw(ImageDraw.Draw(film), ink)
    return film


@pytest.mark.parametrize("quality", [None, 95, 75])
@pytest.mark.parametrize("ink", [255, 0])
@pytest.mark.parametrize("draw", [_arrow, _ring, _box, _word, _ruler])
def test_marks_over_the_lungs_are_found(draw: Draw, ink: int, quality: int | None) -> None:
    assert drawn_over(_pixels(_marked(draw, ink), quality), _LUNGS)


@pytest.mark.parametrize("quality", [None, 90, 75])
def test_thick_letters_are_found_though_most_of_their_ink_is_flat(quality: int | None) -> None:
    film = _film()
    font = ImageFont.load_default(80)
    ImageDraw.Draw(film).text((80, 150), "GGO", fill=200, font=font, stroke_width=6)
    assert drawn_over(_pixels(film, quality), _LUNGS)


@pytest.mark.parametrize("quality", [None, 85])
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_faint_ink_is_found(seed: int, quality: int | None) -> None:
    """A ring and a box 45 levels brighter than the brightest of the film around."""
    film = _film(seed)
    around = int(np.asarray(film)[190:290, 290:390].max())
    pen = ImageDraw.Draw(film)
    pen.ellipse([300, 200, 380, 280], outline=min(255, around + 45), width=4)
    pen.rectangle([310, 150, 390, 190], outline=min(255, around + 45), width=3)
    assert drawn_over(_pixels(film, quality), _LUNGS)


def test_the_lungs_may_be_known_more_coarsely() -> None:
    assert drawn_over(_pixels(_marked(_arrow, 255)), _LUNGS[::4, ::4])


@pytest.mark.parametrize("times", [2, 5])
def test_large_films_are_looked_at_too(times: int) -> None:
    large = _marked(_ring, 255).resize((times * _SIDE, times * _SIDE), Image.Resampling.NEAREST)
    assert drawn_over(_pixels(large), _LUNGS)


@pytest.mark.parametrize("quality", [None, 95, 75, 60])
@pytest.mark.parametrize("seed", range(4))
def test_films_without_marks_carry_none(seed: int, quality: int | None) -> None:
    assert not drawn_over(_pixels(_film(seed), quality), _LUNGS)


def test_markers_and_names_beside_the_lungs_are_no_marks() -> None:
    film = _film()
    pen = ImageDraw.Draw(film)
    font = ImageFont.load_default(36)
    pen.text((10, 10), "R", fill=255, font=font)
    pen.text((430, 300), "L", fill=255, font=font)
    pen.text((120, 420), "12-03-2020 8:15", fill=255, font=font)
    assert not drawn_over(_pixels(film), _LUNGS)


def _wired() -> npt.NDArray[np.uint8]:
    """A film with a wire and a clip: what lies behind shows through, and their edges are soft."""
    layer = Image.new("L", (_SIDE, _SIDE), 0)
    pen = ImageDraw.Draw(layer)
    pen.line([(70, 90), (180, 200), (300, 220), (410, 350)], fill=70, width=4)
    pen.rectangle([120, 250, 128, 262], fill=90)
    added = np.asarray(layer.filter(ImageFilter.GaussianBlur(1.0)), dtype=np.int16)
    film: npt.NDArray[np.uint8] = np.clip(np.asarray(_film(), np.int16) + added, 0, 255).astype(
        "u1"
    )
    return film


@pytest.mark.parametrize("quality", [None, 75])
def test_wires_and_clips_are_no_marks(quality: int | None) -> None:
    assert not drawn_over(_pixels(Image.fromarray(_wired()), quality), _LUNGS)


def test_an_overexposed_film_is_not_marked() -> None:
    """Ribs and heart burnt out to one white: wide, and no sharper than a film shows them."""
    brighter = Image.new("L", (_SIDE, _SIDE), 0)
    pen = ImageDraw.Draw(brighter)
    pen.rectangle([190, 80, 300, 380], fill=250)
    for row in range(100, 370, 60):
        pen.rectangle([60, row, 420, row + 24], fill=150)
    added = np.asarray(brighter.filter(ImageFilter.GaussianBlur(2.0)), dtype=np.int16)
    film = np.clip(np.asarray(_film(), dtype=np.int16) + added, 0, 255).astype(np.uint8)
    for quality in (None, 75):
        assert not drawn_over(_pixels(Image.fromarray(film), quality), _LUNGS)


@pytest.mark.parametrize("blur", [2.0, 3.0])
@pytest.mark.parametrize("draw", [_arrow, _ring, _box, _ruler])
def test_strokes_that_end_softly_are_anatomy_or_devices(draw: Draw, blur: float) -> None:
    """Of one value all along, and brighter than both sides; but the edge takes many pixels."""
    layer = Image.new("L", (_SIDE, _SIDE), 0)
    draw(ImageDraw.Draw(layer), 255)
    soft = np.asarray(layer.filter(ImageFilter.GaussianBlur(blur)), dtype=np.float64)
    film = np.asarray(_film(), dtype=np.float64)
    mixed = np.rint(film + (200.0 - film) * soft / max(1.0, soft.max())).astype(np.uint8)
    assert not drawn_over(_pixels(Image.fromarray(mixed)), _LUNGS)


@pytest.mark.parametrize("quality", [40, 55])
@pytest.mark.parametrize("ink", [255, 0])
@pytest.mark.parametrize("draw", [_arrow, _ring, _box, _word])
def test_marks_that_were_compressed_hard_are_found(draw: Draw, ink: int, quality: int) -> None:
    assert drawn_over(_pixels(_marked(draw, ink), quality), _LUNGS)


@pytest.mark.parametrize("how", [Image.Resampling.BICUBIC, Image.Resampling.LANCZOS])
@pytest.mark.parametrize("times", [0.7, 1.3])
@pytest.mark.parametrize("ink", [255, 0])
@pytest.mark.parametrize("draw", [_arrow, _ring, _box, _word])
def test_marks_that_were_resized_are_found(
    draw: Draw, ink: int, times: float, how: Image.Resampling
) -> None:
    side = round(times * _SIDE)
    assert drawn_over(_pixels(_marked(draw, ink).resize((side, side), how), 85), _LUNGS)


def test_grey_ink_on_a_film_with_much_of_that_grey_is_found() -> None:
    film = np.asarray(_film(), dtype=np.uint8).copy()
    film[300:380, 210:270] = 200  # far more pixels of that grey than the mark has
    picture = Image.fromarray(film)
    _arrow(ImageDraw.Draw(picture), 200)
    assert drawn_over(_pixels(picture, 90), _LUNGS)


def _clipped(seed: int) -> Image.Image:
    """A film with vessels in its lungs, saved with so narrow a window that much of it is black."""
    film = np.asarray(_film(seed), dtype=np.float64)
    chance = np.random.default_rng(seed)
    vessels = Image.new("L", (_SIDE, _SIDE), 0)
    pen = ImageDraw.Draw(vessels)
    for left, right in ((60, 200), (280, 420)):
        for _ in range(30):
            x, y = chance.uniform(left, right), chance.uniform(80, 380)
            down, across = chance.uniform(-50, 50, 2)
            pen.line([(x, y), (x + across, y + down)], fill=30, width=int(chance.integers(3, 7)))
    film += np.asarray(vessels.filter(ImageFilter.GaussianBlur(1.5)), dtype=np.float64)
    low = np.percentile(film[_LUNGS], 40)
    return Image.fromarray(np.clip((film - low) * 1.7, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("quality", [None, 90, 75])
@pytest.mark.parametrize("seed", range(3))
def test_gaps_between_vessels_of_a_clipped_film_are_no_ink(seed: int, quality: int | None) -> None:
    film = _clipped(seed)
    assert (np.asarray(film)[_LUNGS] == 0).mean() > 0.2
    assert not drawn_over(_pixels(film, quality), _LUNGS)


@pytest.mark.parametrize("quality", [None, 85])
@pytest.mark.parametrize("draw", [_arrow, _ring, _box, _word])
def test_white_marks_on_a_clipped_film_are_found(draw: Draw, quality: int | None) -> None:
    film = _clipped(1)
    draw(ImageDraw.Draw(film), 255)
    assert drawn_over(_pixels(film, quality), _LUNGS)


@pytest.mark.parametrize("quality", [None, 85])
def test_a_short_thin_white_line_is_found(quality: int | None) -> None:
    """White so sharp is hardly anything but ink: a 20th of the film's side is enough."""
    film = _film()
    ImageDraw.Draw(film).line([(100, 150), (100, 174)], fill=255, width=2)
    assert drawn_over(_pixels(film, quality), _LUNGS)


def test_without_lungs_nothing_lies_over_them() -> None:
    nowhere = np.zeros((16, 16), dtype=bool)
    assert not drawn_over(_pixels(_marked(_arrow, 255)), nowhere)


def _slowly(film: npt.NDArray[np.uint8], alike: int, jump: int) -> npt.NDArray[np.bool_]:
    """Where strokes of ink lie, pixel by pixel and word for word: what is told of them above."""
    height, width = film.shape
    levels = film.astype(int).tolist()

    def at(row: int, column: int) -> int:
        return int(levels[min(max(row, 0), height - 1)][min(max(column, 0), width - 1)])

    senses = np.zeros((2, height, width), dtype=bool)
    for row in range(height):
        for column in range(width):
            here = at(row, column)
            for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
                ends = [at(row + way * 2 * down, column + way * 2 * across) for way in (1, -1)]
                if max(*ends, here) - min(*ends, here) > alike:
                    continue
                for far in (2, 4, 8, 12):
                    steps = max(1, round(0.71 * far)) if down and across else far
                    sides = [
                        at(row - way * across * steps, column + way * down * steps)
                        for way in (1, -1)
                    ]
                    senses[0, row, column] |= here - max(sides) > jump
                    senses[1, row, column] |= min(sides) - here > jump
    mostly = np.zeros((height, width), dtype=bool)
    for sense in senses:
        for value in np.unique(film[sense]):
            near = np.abs(film.astype(int) - int(value)) <= alike
            inked = np.count_nonzero(near & sense)
            if inked >= 16 and inked >= 0.2 * np.count_nonzero(near):
                mostly |= sense & (film == value)
    return mostly


@pytest.mark.parametrize("seed", range(3))
def test_ink_is_what_the_words_above_say(seed: int) -> None:
    small = np.asarray(_film(seed).resize((110, 90)), dtype=np.uint8)
    film = Image.fromarray(small)
    pen = ImageDraw.Draw(film)
    pen.line([(20, 12), (48, 40)], fill=250, width=3)
    pen.rectangle([60, 20, 90, 50], outline=3, width=2)
    pen.line([(0, 85), (109, 85)], fill=255)  # along the edge, whose pixels go on beyond it
    drawn = np.asarray(film)
    found, thin = ink(_pixels(film))
    wanted = _slowly(drawn, 0, 18) | _slowly(drawn, 1, 40)
    assert thin == 1
    assert wanted[85].sum() > 50
    assert wanted[20:50, 60:90].any()
    assert np.array_equal(found, wanted)


def test_only_what_lies_between_the_lungs_counts() -> None:
    """The same arrow over a lung, between the lungs, and beside them."""

    def at(column: int) -> bool:
        film = _film()
        pen = ImageDraw.Draw(film)
        pen.line([(column, 150), (column, 230)], fill=255, width=5)
        return drawn_over(_pixels(film), _LUNGS)

    assert at(130)
    assert at(240)
    assert not at(30)
    assert not at(450)


@pytest.mark.parametrize("cells", [(48, 48), (37, 91), (240, 15)])
def test_a_row_counts_from_its_first_cell_of_lung_to_its_last(cells: tuple[int, int]) -> None:
    """One row of cells, at any resolution: ink in it is seen, above and below it is not."""
    lungs = np.zeros(cells, dtype=bool)
    row = cells[0] // 2
    lungs[row, cells[1] // 4] = lungs[row, 3 * cells[1] // 4] = True
    middle = int((row + 0.5) * _SIDE / cells[0])
    for where, seen in ((middle, True), (middle - _SIDE // 4, False), (middle + 150, False)):
        film = _film()
        pen = ImageDraw.Draw(film)
        pen.line([(150, where), (330, where)], fill=255, width=1)
        assert drawn_over(_pixels(film), lungs) is seen
