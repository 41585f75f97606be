"""Find text burned into a film: names and dates written into the pixels.

The method is simple, so that its limits can be known. Letters are small, as bright or as dark as
the film gets, sharp, and stand in rows. Morphological top-hats keep thin strokes that differ from
their surroundings, connected components of letter size are kept, and three or more of like height
side by side make a line. A line in the outer margin is blacked out; one further in may lie on the
lung, so a person decides.

Limits: handwriting, vertical or slanted text, single letters, pale text within the film and logos
are not found, nor letters lower than 4 pixels (6 within the film) once the film is reduced to 1280,
or higher than a sixteenth of it. Wires, ribs and scales may be taken for text: at the margin they
are blacked out too, elsewhere the film waits for a person, which is the safe side.
``benchmarks/burned_in_text.py`` measures how much is found.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from covid_d.radiograph.film import Box, FloatImage

MARGIN: Final = 0.12
"""Share of the height or width, from each edge, that counts as the outer margin."""
_TALLEST: Final = 0.06
_LEAST_LETTERS: Final = 3
_LARGEST: Final = 1280  # pixels of the longer side; larger films are looked at reduced
_LEAST_FILL: Final = 0.2
_MOST_FILL: Final = 0.8
_LONGEST: Final = 8  # of touching letters, in heights
_GAP: Final = 1.2  # between letters, in heights
_PAD: Final = 0.6  # around a line, in its heights: for a thin letter at its end


@dataclass(frozen=True, slots=True)
class _Sense:
    """How keenly to look: ``contrast`` to the surroundings, distance to the film's own white."""

    contrast: float
    nearly: float
    smallest: int


# Blacking out a piece of margin costs little and a name missed costs much: look keenly there.
_ANYWHERE: Final = _Sense(contrast=0.12, nearly=0.15, smallest=6)
_AT_MARGIN: Final = _Sense(contrast=0.08, nearly=0.6, smallest=4)
# Shown to a person and nothing else, so paler than what is blacked out; but not any rib's edge.
_PALE: Final = _Sense(contrast=0.15, nearly=0.3, smallest=10)


def in_margin(box: Box, height: int, width: int) -> bool:
    """Return whether a box lies wholly in the outer margin of a film of this size."""
    across, down = MARGIN * width, MARGIN * height
    return (
        box.bottom <= down
        or box.top >= height - down
        or box.right <= across
        or box.left >= width - across
    )


def find_text(pixels: FloatImage) -> list[Box]:
    """Return the lines of burned-in text of a film, in reading order.

    Parameters
    ----------
    pixels
        float32 HxW in [0, 1].
    """
    scale = max(1, math.ceil(max(pixels.shape) / _LARGEST))
    small = _reduced(pixels, scale)
    height, width = small.shape
    found: set[Box] = set()
    for film in (small, 1.0 - small):  # white letters, then black ones
        found.update(_lines(_letters(film, _ANYWHERE)))
        keen = _lines(_letters(film, _AT_MARGIN))
        found.update(box for box in keen if in_margin(box, height, width))
    return sorted(
        Box(*(edge * scale for edge in (box.top, box.left, box.bottom, box.right))) for box in found
    )


def find_pale_text(pixels: FloatImage) -> list[Box]:
    """Return what may be lines of text anywhere, paler ones too: for a person's eyes alone.

    Parameters
    ----------
    pixels
        float32 HxW in [0, 1].
    """
    scale = max(1, math.ceil(max(pixels.shape) / _LARGEST))
    small = _reduced(pixels, scale)
    found = {box for film in (small, 1.0 - small) for box in _lines(_letters(film, _PALE))}
    return sorted(
        Box(*(edge * scale for edge in (box.top, box.left, box.bottom, box.right))) for box in found
    )


def blacked_out(pixels: FloatImage, boxes: Iterable[Box]) -> FloatImage:
    """Return the film with boxes, a little enlarged, set to black."""
    masked = pixels.copy()
    for box in boxes:
        pad = math.ceil(_PAD * box.height)
        rows = slice(max(0, box.top - pad), box.bottom + pad)
        masked[rows, max(0, box.left - pad) : box.right + pad] = 0.0
    return masked


def _reduced(pixels: FloatImage, scale: int) -> FloatImage:
    """Return the film smaller by a whole number; text that people read stays large enough."""
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).reduce(scale), dtype=np.float32)


def _letters(pixels: npt.NDArray[np.float32], sense: _Sense) -> list[Box]:
    """Return connected bright strokes that have the size and the shape of letters."""
    from scipy import ndimage

    tallest = max(18, round(_TALLEST * min(pixels.shape)))
    # Strokes are a fifth of a letter's height at most; this opening removes them all.
    stroke = max(3, tallest // 3) | 1
    top_hat = pixels - ndimage.grey_opening(pixels, size=(stroke, stroke))
    # As bright as the film gets: a rib's edge is thin too, but not that bright.
    bright = pixels > np.quantile(pixels, 0.998) - sense.nearly
    labels, _ = ndimage.label((top_hat > sense.contrast) & bright, structure=np.ones((3, 3)))
    areas = np.bincount(labels.ravel())
    boxes = []
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        box = Box(place[0].start, place[1].start, place[0].stop, place[1].stop)
        fill = areas[number] / (box.height * box.width)
        if (
            sense.smallest <= box.height <= tallest
            and box.width <= _LONGEST * box.height
            and (_LEAST_FILL <= fill <= _MOST_FILL or box.width < box.height / 2)
        ):
            boxes.append(box)
    return boxes


def _lines(letters: list[Box]) -> list[Box]:
    """Return boxes around three or more letters of like height that stand side by side."""
    from scipy.sparse.csgraph import connected_components

    if not letters:
        return []
    top, left, bottom, right = np.array([box.to_list() for box in letters]).T
    tall = bottom - top
    tallest, shortest = np.maximum.outer(tall, tall), np.minimum.outer(tall, tall)
    overlap = np.minimum.outer(bottom, bottom) - np.maximum.outer(top, top)
    gap = np.maximum.outer(left, left) - np.minimum.outer(right, right)
    beside = (shortest >= 0.6 * tallest) & (overlap >= 0.5 * shortest) & (gap <= _GAP * tallest)
    member = connected_components(beside, directed=False)[1]
    lines = []
    for number in range(member.max() + 1):
        line = [letters[place] for place in np.flatnonzero(member == number)]
        # Letters that touch make one component: its width tells how many there are.
        count = sum(max(1, round(box.width / (0.75 * box.height))) for box in line)
        around = _around(line)
        if count >= _LEAST_LETTERS and around.width >= 1.5 * around.height:
            lines.append(around)
    return lines


def _around(boxes: list[Box]) -> Box:
    return Box(
        min(box.top for box in boxes),
        min(box.left for box in boxes),
        max(box.bottom for box in boxes),
        max(box.right for box in boxes),
    )
