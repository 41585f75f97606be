"""Drawn lungs around which a film may be covered, as the lung model sees them; no patient's."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

ROWS: Final = 190
COLUMNS: Final = 180
SIDE: Final = 256
"""Of a whole film."""
_Y, _X = np.indices((ROWS, COLUMNS))

Levels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


def ellipse(row: float, column: float, high: float, wide: float) -> Mask:
    """Return where an ellipse lies, by its middle and the halves of its sides."""
    within: Mask = ((_Y - row) / high) ** 2 + ((_X - column) / wide) ** 2 < 1
    return within


LUNGS: Final = ellipse(95, 42, 92, 40) | ellipse(95, 138, 92, 40)


def chest(seed: int = 1, *, window: tuple[float, float] = (0.0, 255.0)) -> Levels:
    """Return dark lungs with ribs, vessels and grain beside a bright heart.

    Parameters
    ----------
    seed
        Of vessels and grain.
    window
        Levels that are shown as black and as white: narrow ones clip the film.
    """
    chance = np.random.default_rng(seed)
    coarse = Image.fromarray(chance.integers(0, 256, (ROWS, COLUMNS), dtype=np.uint8))
    vessels = np.asarray(coarse.filter(ImageFilter.BoxBlur(2)), dtype=np.float64) - 127.5
    ribs = 22 * np.sin(_Y / 6.5 + np.abs(_X - 90) / 25)
    air = softened(LUNGS, 4)
    grey = 205 - 115 * air + (ribs + vessels) * (0.25 + air) + chance.normal(0, 3, air.shape)
    black, white = window
    return np.clip(np.rint((grey - black) / (white - black) * 255), 0, 255).astype(np.uint8)


def softened(shape: Mask, reach: float) -> npt.NDArray[np.float64]:
    """Return a shape whose edge fades, in [0, 1]."""
    drawn = Image.fromarray(shape.astype(np.uint8) * 255)
    return np.asarray(drawn.filter(ImageFilter.GaussianBlur(reach)), dtype=np.float64) / 255


def under(film: Levels, shape: Mask, grey: int, reach: float) -> Levels:
    """Return a film under a patch of one grey whose edge fades."""
    weight = softened(shape, reach)
    return np.rint(film * (1 - weight) + grey * weight).astype(np.uint8)


def whole_film(seed: int = 1, *, head: int = 30, foot: int = 36) -> tuple[Levels, Mask]:
    """Return a film of 256 pixels a side and its lungs, with so many lines above them and below."""
    films = []
    for drawn in (chest(seed), LUNGS.astype(np.uint8) * 255):
        middle = np.asarray(Image.fromarray(drawn).resize((220, SIDE - head - foot)))
        grey = int(np.median(drawn[0]))
        films.append(np.pad(middle, [(head, foot), (18, 18)], constant_values=grey))
    chance = np.random.default_rng(seed)
    film = films[0] + 40 * np.sin(np.arange(SIDE) / 30)[None] + chance.normal(0, 4, (SIDE, SIDE))
    return np.clip(np.rint(film), 0, 255).astype(np.uint8), films[1] > 127


def fading(film: Levels, grey: int, reach: int) -> Levels:
    """Return a film whose last lines fade into a grey."""
    weight = np.clip((np.arange(len(film)) - (len(film) - 1 - reach)) / reach, 0, 1)[:, None]
    return np.rint(film * (1 - weight) + grey * weight).astype(np.uint8)
