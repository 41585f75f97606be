"""From integer samples to grey in [0, 1], and whether a picture carries visible colour."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from covid_d.radiograph.film import FloatImage

# Colour is judged on means of 8x8 blocks: chroma noise of JPEG (coded in blocks of 8 or 16) and
# colour fringes of a pixel or two vanish there.
_BLOCK: Final = 8
# A block is coloured when its channels differ by more than this many of 255 levels: a slight tint
# of a scanner or screen stays below, a photograph or a false-colour map does not.
_CHROMA: Final = 20
# A picture is coloured when more than this share of its blocks are.
_SHARE: Final = 0.05
# Marks are sought on means of 4x4 pixels: thin lines still show there, chroma noise does not. A
# cell is marked when its colour is off the picture's own tint by more than this many of 255 levels,
# and two of its eight neighbours are marked too: marks are strokes or areas, noise is specks.
_CELL: Final = 4
_OFF_TINT: Final = 16
_BESIDE: Final = 2
_CELLS: Final = 4  # fewer marked cells are no mark
# A film with marks is still a film: more than this share of its cells has the film's own tint.
_PLAIN: Final = 6
_FILM: Final = 0.5
_FITTED: Final = 4096  # cells by which the tint of a light is found
_FITS: Final = 5


# Beside a step an average of the wavelets of Part 1 lies beyond it by an eighth of it at most,
# by a quarter in a corner.
_STEEP, _NEAR = 4, 2
_BYTE: Final = 255
_FEW: Final = 0.01  # share of samples that lie beside such steps


class Colours(NamedTuple):
    """What colour a picture carries; see :class:`~covid_d.radiograph.film.Facts`."""

    colour: bool = False
    marks: bool = False


NO_COLOURS: Final = Colours()


def top_of(highest: int) -> int:
    """Return the largest value of the bits that samples up to ``highest`` use, of 8 at least.

    Of 12 bits in 16, that is 4095: files state the depth of the container.
    """
    return (1 << max(8, int(highest).bit_length())) - 1


def without_ringing(
    averages: npt.NDArray[np.int32], lowest: int, highest: int
) -> npt.NDArray[np.int32] | None:
    """Return averages of samples, cut to what the samples' bits hold.

    Beside letters and edges the averages of a wavelet lie a little beyond the samples, which is
    cut. Overlays, and values too large for the bits, lie beyond them anywhere.

    Parameters
    ----------
    averages
        HxW, of a lower level of JPEG 2000.
    lowest, highest
        What the bits of a sample hold.

    Returns
    -------
    ``None`` where there is more in them.
    """
    beyond = np.maximum(averages - highest, lowest - averages)
    if beyond.max() <= 0:
        return averages
    rows, columns = np.nonzero(beyond > 0)
    if len(rows) > _FEW * averages.size:
        return None
    side = 2 * _NEAR + 1
    around = np.pad(averages, _NEAR, mode="edge")
    squares: npt.NDArray[Any] = np.lib.stride_tricks.sliding_window_view(around, (side, side))
    beside = squares[rows, columns].reshape(len(rows), -1)
    steps = beside.max(axis=1) - beside.min(axis=1)
    if (steps < _STEEP * beyond[rows, columns]).any():
        return None
    return np.clip(averages, lowest, highest)


def of_fewest_bits(averages: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return averages of samples that only by their largest tell how many bits are in use.

    Where all that needs the highest bit is beside a step, the samples use one bit less.
    """
    half = top_of(int(averages.max())) >> 1
    fewer = without_ringing(averages, 0, half) if half >= _BYTE else None
    return averages if fewer is None else fewer


def scale(samples: npt.NDArray[Any], top: int) -> FloatImage:
    """Return unsigned samples divided by ``top``, the largest value their depth can hold."""
    grey: FloatImage = samples.astype(np.float32)  # first: NumPy is slow to divide and convert
    grey /= np.float32(top)
    # Samples beyond the declared depth (unused high bits) would otherwise leave [0, 1].
    return np.minimum(grey, np.float32(1.0), out=grey)


def grey_of(picture: Image.Image) -> tuple[FloatImage, Colours]:
    """Return an RGB picture's luminance, and what colour it carries.

    Parameters
    ----------
    picture
        Mode ``RGB``.

    Returns
    -------
    grey
        float32, HxW, in [0, 1]: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).
    colours
        Colour: the channels of more than 5 % of the 8x8 blocks differ by more than 20 of 255
        levels. Marks: some 4x4 cells are off the tint that most of the picture has.
    """
    blocks = np.asarray(picture.reduce(_BLOCK), dtype=np.int16)
    chroma = blocks.max(axis=2) - blocks.min(axis=2)
    colour = bool((chroma > _CHROMA).mean() > _SHARE)
    return scale(np.asarray(picture.convert("L")), 255), Colours(colour, _has_marks(picture))


def _has_marks(picture: Image.Image) -> bool:
    cells = np.asarray(picture.reduce(_CELL), dtype=np.int16)
    # Red and blue against green: a grey film's are nought, a tinted one's much alike all over.
    tints = cells[..., ::2] - cells[..., 1:2]
    off = np.abs(tints - np.median(tints, axis=(0, 1))).max(axis=2)
    if (off > _OFF_TINT).sum() >= _CELLS:  # lamps and screens tint one side more than the other
        off = np.minimum(off, _off_light(tints, cells[..., 1]))
    marked = off > _OFF_TINT
    if marked.sum() < _CELLS or (off <= _PLAIN).mean() < _FILM:
        return False
    around = np.pad(marked.astype(np.int8), 1)
    rows, columns = marked.shape
    beside = sum(
        around[down : down + rows, across : across + columns]
        for down in range(3)
        for across in range(3)
        if (down, across) != (1, 1)
    )
    return bool((marked & (beside >= _BESIDE)).sum() >= _CELLS)


def _off_light(tints: npt.NDArray[np.int16], green: npt.NDArray[np.int16]) -> npt.NDArray[Any]:
    """Return how far cells are off the tint of a light that changes evenly across the picture.

    Parameters
    ----------
    tints
        HxWx2, red and blue against green.
    green
        HxW.

    Returns
    -------
    HxW, the larger of the two channels; levels of 255.
    """
    rows, columns = green.shape
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    light = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    # A light tints what is bright; a haze in front tints all alike.
    terms = np.concatenate([light * green[..., None] / 255.0, light[..., :3]], axis=-1)
    step = max(1, int(np.sqrt(rows * columns / _FITTED)))
    known, told = terms[::step, ::step].reshape(-1, 9), tints[::step, ::step].reshape(-1, 2)
    kept = np.ones(len(told), dtype=bool)
    weights = np.zeros((9, 2))
    for _ in range(_FITS):  # without what is off, which marks are
        weights = np.linalg.lstsq(known[kept], told[kept], rcond=None)[0]
        away = np.abs(told - known @ weights).max(axis=1)
        kept = away <= max(_PLAIN, float(np.median(away)))
    off: npt.NDArray[Any] = np.abs(tints - terms @ weights).max(axis=2)
    return off


def over_black(picture: Image.Image) -> Image.Image:
    """Return a picture without its alpha channel; transparent means no film there, so air (black).

    Parameters
    ----------
    picture
        Mode ``LA`` or ``RGBA``.
    """
    alpha = picture.getchannel("A")
    opaque = picture.convert("L" if picture.mode == "LA" else "RGB")
    if alpha.getextrema() == (255, 255):
        return opaque
    ground = Image.new(opaque.mode, opaque.size, 0)
    ground.paste(opaque, mask=alpha)
    return ground
