"""Where a person must look before a film leaves: all that may be text, found keenly.

These places black nothing out by themselves and keep nothing back: they are shown to whoever
reviews, and films that have some are shown first. So they are looked for more keenly than lines
that are blacked out (:mod:`covid_d.clinic.collection.burned_in`): pale lines within the film, lines
that run upwards, and ink of one value wherever it lies (:mod:`covid_d.radiograph.strokes`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from covid_d.clinic.collection.burned_in import find_pale_text
from covid_d.radiograph.film import Box, FloatImage
from covid_d.radiograph.strokes import ink

MOST: Final = 24
"""Places shown on one film; a film with more is all suspect."""
_NEAR: Final = 0.012
"""Share of the longer side within which strokes belong together."""
_LEAST_INK: Final = 30  # pixels: three letters have more
_LEAST_SHAPE: Final = 1.6  # a word is so much longer than high; a marker of the side is not


def find_suspects(pixels: FloatImage, known: Iterable[Box] = ()) -> list[Box]:
    """Return the places of a film that may be text, in reading order.

    Parameters
    ----------
    pixels
        float32 HxW in [0, 1].
    known
        Lines that are framed or blacked out already: not said again.
    """
    height = pixels.shape[0]
    level = find_pale_text(pixels)
    # Turned a quarter, what ran upwards runs to the right.
    upright = [
        Box(height - box.right, box.top, height - box.left, box.bottom)
        for box in find_pale_text(np.ascontiguousarray(np.rot90(pixels, -1)))
    ]
    found = [*level, *upright, *_ink_lines(pixels)]
    told = list(known)
    kept: list[Box] = []
    for box in sorted(found, key=lambda box: -(box.height * box.width)):
        if not any(_overlap(box, other) for other in (*told, *kept)):
            kept.append(box)
    return sorted(kept)[:MOST]


def _ink_lines(pixels: FloatImage) -> list[Box]:
    """Return where strokes of ink lie side by side: letters, not the one of a side's marker."""
    from scipy import ndimage

    mask, thin = ink(pixels)
    near = max(3, round(_NEAR * max(mask.shape)))
    joined = ndimage.binary_dilation(mask, np.ones((near, near), dtype=bool))
    labels, _ = ndimage.label(joined)
    inked = np.bincount(labels[mask], minlength=int(labels.max()) + 1)
    found = []
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        box = Box(place[0].start, place[1].start, place[0].stop, place[1].stop)
        long, short = max(box.height, box.width), min(box.height, box.width)
        if inked[number] >= _LEAST_INK and long >= _LEAST_SHAPE * short:
            found.append(Box(*(edge * thin for edge in box.to_list())))
    return found


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.top < other.bottom
        and other.top < one.bottom
        and one.left < other.right
        and other.left < one.right
    )
