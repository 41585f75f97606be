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


def scale(samples: npt.NDArray[Any], top: int) -> FloatImage:
    """Return unsigned samples divided by ``top``, the largest value their depth can hold."""
    grey: FloatImage = np.divide(samples, np.float32(top), dtype=np.float32)
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
    usual = np.median(tints, axis=(0, 1))
    off = np.abs(tints - usual).max(axis=2)
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
