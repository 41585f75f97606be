"""Where the evidence lies: the class activation, back on the film's own pixels, as a picture.

Source of the method: Zhou et al. (2016), *Learning deep features for discriminative localization*.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from math import ceil
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from covid_d.detector.assessment import Assessment
from covid_d.detector.cautions import OUTSIDE_LUNGS
from covid_d.language import Language, Message
from covid_d.radiograph.film import FloatImage, Radiograph
from covid_d.radiograph.prepare import Preprocessing, Window

# Nine equidistant steps of "inferno" (N. Smith, S. van der Walt; CC0): perceptually uniform, and
# rising in lightness, so that it also reads in grey and by the colour-blind.
INFERNO: Final = np.array(
    [
        (0, 0, 4),
        (33, 12, 74),
        (87, 16, 110),
        (138, 34, 106),
        (188, 55, 84),
        (228, 90, 49),
        (249, 142, 9),
        (249, 203, 53),
        (252, 255, 164),
    ],
    dtype=np.float32,
)
_STRONGEST_COVER = 0.7  # the film shows through even the strongest evidence
WEAKEST_COLOUR = 0.25  # not black: weak evidence must not look like a shadow of the film
_LARGEST_PANEL = 900  # pixels
_MARGIN = 12

# Without accents: Pillow's own font, the only one always there, has none.
_LEGEND = Message("peso en la respuesta:  nulo", "weight in the answer:  none")
_STRONG = Message("alto", "strong")
_NOTICE = Message(
    "Mapa aproximado de lo que mira el modelo; no delimita lesiones.",
    "Rough map of what the model looks at; it does not outline lesions.",
)


def to_film_coordinates(
    activation: FloatImage,
    shape: tuple[int, int],
    preprocessing: Preprocessing,
    box: Window | None = None,
) -> FloatImage:
    """Return an activation on the film's own pixels: the way back through ``prepare``.

    Parameters
    ----------
    activation
        float32, hxw over the network's square input.
    shape
        (rows, columns) of the film.
    preprocessing
        How the film became the input.
    box
        The part of the film that became the input; ``None`` for the whole film.

    Returns
    -------
    float32, rows x columns; 0 where the network did not see the film.
    """
    rows, columns = shape
    upper, leftmost, lower, rightmost = (
        (0, 0, rows, columns) if box is None else _pixels(box, shape)
    )
    rows, columns = lower - upper, rightmost - leftmost
    top, left = (round(side * preprocessing.crop_border) for side in (rows, columns))
    height, width = rows - 2 * top, columns - 2 * left
    grid = Image.fromarray(np.ascontiguousarray(activation, dtype=np.float32))
    part = (0.0, 0.0, float(grid.width), float(grid.height))
    if preprocessing.fit == "crop":
        side = min(height, width)
        top, left = top + (height - side) // 2, left + (width - side) // 2
        height = width = side
    elif preprocessing.fit == "pad":
        part = _inside_bars(grid, height, width, preprocessing.size)
    seen = grid.resize((width, height), Image.Resampling.BILINEAR, box=part)
    top, left = upper + top, leftmost + left
    film = np.zeros(shape, dtype=np.float32)
    film[top : top + height, left : left + width] = np.asarray(seen)
    return film


def overlay(
    radiograph: Radiograph,
    assessment: Assessment,
    preprocessing: Preprocessing,
    *,
    language: Language = "es",
) -> Image.Image:
    """Draw the film beside itself under its class activation, with a legend.

    Parameters
    ----------
    radiograph
        The film that was assessed.
    assessment
        Its assessment, with activation.
    preprocessing
        The bundle's.
    language
        Of the legend.

    Raises
    ------
    ValueError
        If the assessment carries no activation; a refused film never does.
    """
    if assessment.activation is None:
        raise ValueError(f"the assessment of {assessment.path!r} carries no activation")
    grey = _panel(radiograph.pixels)
    # As large as it is shown and no larger; in whole steps of a picture, each by one look-up.
    rows, columns = grey.shape
    evidence = to_film_coordinates(
        assessment.activation, (rows, columns), preprocessing, assessment.box
    )
    page, at = _page_with_legend((2 * columns, rows), assessment, language)
    _draw_pair(page, at, _in_steps(grey), _in_steps(evidence))
    return page


def colours(values: npt.NDArray[np.floating]) -> FloatImage:
    """Return perceptually uniform colours for values in [0, 1].

    Returns
    -------
    float32, the values' shape with a last axis of 3; in [0, 255].
    """
    steps = np.linspace(0.0, 1.0, len(INFERNO))
    channels = [np.interp(values, steps, INFERNO[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)


def evidence_layer(strength: FloatImage) -> npt.NDArray[np.uint8]:
    """Return evidence as a layer to lay over a film: colour, and opacity that grows with it.

    Parameters
    ----------
    strength
        float32, rows x columns in [0, 1], from :func:`to_film_coordinates`.

    Returns
    -------
    uint8, rows x columns x 4: red, green, blue and opacity; 255 where the evidence is strongest.
    """
    shown = np.clip(strength, 0.0, 1.0)[..., None]
    mixed = np.concatenate([_colour_of(shown[..., 0]), shown * np.float32(255.0)], axis=-1)
    layer: npt.NDArray[np.uint8] = np.rint(mixed).astype(np.uint8)
    return layer


def _pixels(box: Window, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    rows, columns = shape
    top, left = int(box.top * rows), int(box.left * columns)
    # At least one pixel, however thin the box.
    return (
        top,
        left,
        max(top + 1, min(rows, round(box.bottom * rows))),
        max(left + 1, min(columns, round(box.right * columns))),
    )


def _inside_bars(
    grid: Image.Image, height: int, width: int, size: int
) -> tuple[float, float, float, float]:
    """Return the part of the grid that lies over the film, not over the bars beside it."""
    scale = size / max(height, width)
    high, wide = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (size - high) // 2, (size - wide) // 2
    across, down = grid.width / size, grid.height / size
    return (left * across, top * down, (left + wide) * across, (top + high) * down)


def _in_steps(values: FloatImage) -> Image.Image:
    """Return values in [0, 1] as a grey picture of 8 bits."""
    steps = np.clip(values, 0.0, 1.0)
    steps *= np.float32(255.0)
    return Image.fromarray(np.rint(steps, out=steps).astype(np.uint8))


def _draw_pair(page: Image.Image, at: int, film: Image.Image, strength: Image.Image) -> None:
    """Draw a film, and beside it itself under colour, which thickens with the evidence.

    Straight on the page, at a column: each picture between would cost what the drawing does.
    """
    shown = film.convert("RGB")
    coloured = strength.copy()
    coloured.putpalette(_palette())
    page.paste(shown, (at, 0))
    page.paste(shown, (at + film.width, 0))
    page.paste(coloured.convert("RGB"), (at + film.width, 0), strength.point(_cover()))


@cache
def _cover() -> list[int]:
    return [round(_STRONGEST_COVER * step) for step in range(256)]


@cache
def _palette() -> bytes:
    steps = np.linspace(0.0, 1.0, 256, dtype=np.float32)
    return np.rint(_colour_of(steps)).astype(np.uint8).tobytes()


def _panel(pixels: FloatImage) -> FloatImage:
    if max(pixels.shape) <= _LARGEST_PANEL:
        return pixels
    picture = Image.fromarray(pixels)
    # By whole pixels first: a film of the hospital's is four times as many as are shown.
    side = (_LARGEST_PANEL, _LARGEST_PANEL)
    picture.thumbnail(side, Image.Resampling.BILINEAR, reducing_gap=1.0)
    return np.asarray(picture)


def _page_with_legend(
    size: tuple[int, int], assessment: Assessment, language: Language
) -> tuple[Image.Image, int]:
    """Return a page with a legend under room for a pair of pictures, and the column of that."""
    pair_width, pair_height = size
    letters = max(15, pair_width // 80)
    line = round(1.6 * letters)
    bundle = assessment.bundle
    headline = without_accents(assessment.headline.in_language(language))
    answer = f"{headline} - {bundle.name} {bundle.version}"
    least = _LEGEND.in_language(language)
    most = _STRONG.in_language(language)
    notices = [_NOTICE.in_language(language), *_of_places(assessment, language)]
    bar = 8 * letters
    legend_width = width_of(least, letters) + bar + width_of(most, letters) + 4 * _MARGIN
    widest = max(width_of(text, letters) for text in (answer, *notices)) + 2 * _MARGIN
    width = max(pair_width, legend_width, widest)
    lines = 2 + len(notices)
    page = Image.new("RGB", (width, pair_height + lines * line + _MARGIN), (0, 0, 0))
    white, y = (235, 235, 235), pair_height + _MARGIN // 2
    write(page, (_MARGIN, y), answer, letters, white)
    write(page, (_MARGIN, y + line), least, letters, white)
    x = _MARGIN + width_of(least, letters) + _MARGIN
    page.paste(_bar(bar, letters), (x, y + line + letters // 5))
    write(page, (x + bar + _MARGIN, y + line), most, letters, white)
    for number, notice in enumerate(notices, start=2):
        write(page, (_MARGIN, y + number * line), notice, letters, white)
    return page, (width - pair_width) // 2


def _of_places(assessment: Assessment, language: Language) -> list[str]:
    """Return what a picture must say of evidence that it does not show: it may travel alone."""
    told = (caution for caution in assessment.warnings if caution.code == OUTSIDE_LUNGS.code)
    return [without_accents(caution.message.in_language(language)) for caution in told]


def write(
    page: Image.Image, at: tuple[int, int], text: str, letters: int, colour: tuple[int, int, int]
) -> None:
    """Write a line on a picture.

    Parameters
    ----------
    page
        RGB.
    at
        Column and row of the line's upper left corner.
    text
        Without accents (:func:`without_accents`).
    letters
        Their height in pixels.
    colour
        Of the letters.
    """
    page.paste(colour, at, _written(text, letters))


@lru_cache(maxsize=64)
def _written(text: str, letters: int) -> Image.Image:
    """Return a line as a mask; the same few lines stand on every picture."""
    font = _font(letters)
    right, bottom = font.getbbox(text)[2:]
    mask = Image.new("L", (max(1, ceil(right)), max(1, ceil(bottom))))
    ImageDraw.Draw(mask).text((0, 0), text, fill=255, font=font)
    return mask


def width_of(text: str, letters: int) -> int:
    """Return the width of a line in pixels."""
    return _written(text, letters).width


@lru_cache(maxsize=16)
def _font(letters: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(letters)


def without_accents(text: str) -> str:
    """Return a text that Pillow's own font can write."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@lru_cache(maxsize=16)
def _bar(width: int, height: int) -> Image.Image:
    """Return the colours as they appear over a mid-grey film."""
    steps = np.tile(np.linspace(0.0, 1.0, width, dtype=np.float32), (height, 1))
    pair = Image.new("RGB", (2 * width, height))
    _draw_pair(pair, 0, Image.new("L", (width, height), 127), _in_steps(steps))
    return pair.crop((width, 0, 2 * width, height))


def _colour_of(strength: FloatImage) -> FloatImage:
    return colours(WEAKEST_COLOUR + (1.0 - WEAKEST_COLOUR) * strength)
