"""Films covered in part, by discs, over the lungs or by half; and films that are mirrored."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from covid_d.radiograph.film import FloatImage

Mask = npt.NDArray[np.bool_]
Cover = Callable[[FloatImage, Mask, np.random.Generator], FloatImage]

# How far edges fade: standard deviation of a Gaussian. Of a disc in shares of its radius, else of
# the film's longer side.
_OF_DISC: Final = (0.05, 0.25)
_OF_LUNG: Final = (0.0, 0.02)
_OF_HALF: Final = (0.0, 0.03)
_DISC: Final = (0.25, 0.6)  # of the lung's area
_HALF: Final = (0.45, 0.55)  # of the film's side
_NEAR: Final = 0.4  # of the way from a lung's middle to any place in it lies a disc's middle


def disc(
    film: FloatImage, lungs: Mask, rng: np.random.Generator, grey: float | None = None
) -> FloatImage:
    """Return a film with a disc over one lung, a quarter of the lung's area or more.

    Parameters
    ----------
    film
        float32, HxW in [0, 1].
    lungs
        Where they are; HxW.
    rng
        Draws the lung, place, size, softness and what is not given.
    grey
        The disc's; any between 0.1 and 0.9 when left out.
    """
    lung = _one(lungs, rng)
    level = rng.uniform(0.1, 0.9) if grey is None else grey
    radius = float(np.sqrt(rng.uniform(*_DISC) * np.count_nonzero(lung) / np.pi))
    rows, columns = np.nonzero(lung)
    place = int(rng.integers(len(rows)))
    row, column = (np.median(at) + _NEAR * (at[place] - np.median(at)) for at in (rows, columns))
    down, across = np.indices(film.shape)
    shape = np.hypot(down - row, across - column) < radius
    return _under(film, shape, level, rng.uniform(*_OF_DISC) * radius)


def painted(
    film: FloatImage, lungs: Mask, rng: np.random.Generator, *, grey: float, both: bool
) -> FloatImage:
    """Return a film one of whose lungs is painted over, or both; parameters as of :func:`disc`."""
    shape = lungs if both else _one(lungs, rng)
    return _under(film, shape, grey, rng.uniform(*_OF_LUNG) * max(film.shape))


def half(film: FloatImage, lungs: Mask, rng: np.random.Generator, *, grey: float) -> FloatImage:
    """Return a film of which about half is covered: left, right, above or below."""
    shape = np.zeros(film.shape, dtype=bool)
    side, share = int(rng.integers(4)), rng.uniform(*_HALF)
    turned = np.rot90(shape, side)  # a view
    turned[: round(share * len(turned))] = True
    return _under(film, shape, grey, rng.uniform(*_OF_HALF) * max(film.shape))


def mirrored(film: FloatImage, lungs: Mask, rng: np.random.Generator) -> FloatImage:
    """Return a film about whose middle, or nearly so, one half was copied onto the other."""
    columns = film.shape[1]
    axis = round(rng.uniform(*_HALF) * columns)
    near = min(axis, columns - axis)
    twin, left, right = film.copy(), slice(axis - near, axis), slice(axis, axis + near)
    if rng.integers(2):
        twin[:, right] = film[:, left][:, ::-1]
    else:
        twin[:, left] = film[:, right][:, ::-1]
    return twin


COVERS: Final[dict[str, Cover]] = {
    "black disc over a lung, its edge fading": partial(disc, grey=0.0),
    "white disc over a lung, its edge fading": partial(disc, grey=1.0),
    "grey disc over a lung, its edge fading": disc,
    "one lung painted black": partial(painted, grey=0.0, both=False),
    "one lung painted white": partial(painted, grey=1.0, both=False),
    "both lungs painted black": partial(painted, grey=0.0, both=True),
    "both lungs painted white": partial(painted, grey=1.0, both=True),
    "half of the film black": partial(half, grey=0.0),
    "half of the film white": partial(half, grey=1.0),
    "one half copied mirrored onto the other": mirrored,
}


def _one(lungs: Mask, rng: np.random.Generator) -> Mask:
    """Return one lung: what lies on a side of the column with least lung in the middle."""
    columns = np.flatnonzero(lungs.any(axis=0))
    quarter = (columns[-1] - columns[0]) // 4
    middle = slice(columns[0] + quarter, columns[-1] - quarter)
    at = middle.start + int(lungs.sum(axis=0)[middle].argmin())
    lung = lungs.copy()
    if rng.integers(2):
        lung[:, :at] = False
    else:
        lung[:, at:] = False
    return lung


def _under(film: FloatImage, shape: Mask, grey: float, reach: float) -> FloatImage:
    drawn = Image.fromarray(shape.astype(np.uint8) * 255)
    faded = np.asarray(drawn.filter(ImageFilter.GaussianBlur(float(reach))), dtype=np.float32)
    weight = faded / np.float32(255)
    return np.asarray(film * (1 - weight) + np.float32(grey) * weight, dtype=np.float32)
