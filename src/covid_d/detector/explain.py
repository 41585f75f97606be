"""Where the evidence lies: the class activation, back on the film's own pixels, as a picture.

Source of the method: Zhou et al. (2016), *Learning deep features for discriminative localization*.
"""

from __future__ import annotations

import unicodedata
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from covid_d.detector.assessment import Assessment
from covid_d.language import Language, Message
from covid_d.radiograph.film import FloatImage, Radiograph
from covid_d.radiograph.prepare import Preprocessing, Window

# Nine equidistant steps of "inferno" (N. Smith, S. van der Walt; CC0): perceptually uniform, and
# rising in lightness, so that it also reads in grey and by the colour-blind.
_INFERNO: Final = np.array(
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
_WEAKEST_COLOUR = 0.25  # not black: weak evidence must not look like a shadow of the film
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
    if box is not None:
        top, left, bottom, right = _pixels(box, shape)
        film = np.zeros(shape, dtype=np.float32)
        film[top:bottom, left:right] = to_film_coordinates(
            activation, (bottom - top, right - left), preprocessing
        )
        return film
    rows, columns = shape
    top, left = (round(side * preprocessing.crop_border) for side in shape)
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
    whole = np.zeros(shape, dtype=np.float32)
    whole[top : top + height, left : left + width] = np.asarray(seen)
    return whole


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
    shape = (radiograph.height, radiograph.width)
    evidence = to_film_coordinates(assessment.activation, shape, preprocessing, assessment.box)
    film = _panel(radiograph.pixels)
    grey = np.repeat(np.asarray(film, dtype=np.float32)[..., None] * 255.0, 3, axis=2)
    strength = np.clip(np.asarray(_panel(evidence)), 0.0, 1.0)
    covered = _cover(grey, strength)
    pair = Image.fromarray(np.rint(np.concatenate([grey, covered], axis=1)).astype(np.uint8))
    return _with_legend(pair, assessment, language)


def colours(values: npt.NDArray[np.floating]) -> FloatImage:
    """Return perceptually uniform colours for values in [0, 1].

    Returns
    -------
    float32, the values' shape with a last axis of 3; in [0, 255].
    """
    steps = np.linspace(0.0, 1.0, len(_INFERNO))
    channels = [np.interp(values, steps, _INFERNO[:, channel]) for channel in range(3)]
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


def _panel(pixels: FloatImage) -> Image.Image:
    picture = Image.fromarray(pixels)
    picture.thumbnail((_LARGEST_PANEL, _LARGEST_PANEL), Image.Resampling.BILINEAR)
    return picture


def _with_legend(pair: Image.Image, assessment: Assessment, language: Language) -> Image.Image:
    letters = max(15, pair.width // 80)
    font = ImageFont.load_default(letters)
    line = round(1.6 * letters)
    bundle = assessment.bundle
    headline = _without_accents(assessment.headline.in_language(language))
    answer = f"{headline} - {bundle.name} {bundle.version}"
    least = _LEGEND.in_language(language)
    most = _STRONG.in_language(language)
    notice = _NOTICE.in_language(language)
    bar = 8 * letters
    legend_width = round(font.getlength(least) + bar + font.getlength(most)) + 4 * _MARGIN
    width = max(
        pair.width, legend_width, round(max(map(font.getlength, (answer, notice)))) + 2 * _MARGIN
    )
    page = Image.new("RGB", (width, pair.height + 3 * line + _MARGIN), (0, 0, 0))
    page.paste(pair, ((width - pair.width) // 2, 0))
    pen = ImageDraw.Draw(page)
    white, y = (235, 235, 235), pair.height + _MARGIN // 2
    pen.text((_MARGIN, y), answer, fill=white, font=font)
    pen.text((_MARGIN, y + line), least, fill=white, font=font)
    x = _MARGIN + round(font.getlength(least)) + _MARGIN
    page.paste(_bar(bar, letters), (x, y + line + letters // 5))
    pen.text((x + bar + _MARGIN, y + line), most, fill=white, font=font)
    pen.text((_MARGIN, y + 2 * line), notice, fill=white, font=font)
    return page


def _without_accents(text: str) -> str:
    """Return a text that Pillow's own font can write."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _bar(width: int, height: int) -> Image.Image:
    """Return the colours as they appear over a mid-grey film."""
    strength = np.tile(np.linspace(0.0, 1.0, width, dtype=np.float32), (height, 1))
    grey = np.full((height, width, 3), 127.0, dtype=np.float32)
    return Image.fromarray(np.rint(_cover(grey, strength)).astype(np.uint8))


def _cover(grey: FloatImage, strength: FloatImage) -> FloatImage:
    """Return grey pixels under colour, which thickens with the evidence."""
    cover = np.float32(_STRONGEST_COVER) * strength[..., None]
    return grey * (np.float32(1.0) - cover) + _colour_of(strength) * cover


def _colour_of(strength: FloatImage) -> FloatImage:
    return colours(_WEAKEST_COLOUR + (1.0 - _WEAKEST_COLOUR) * strength)
