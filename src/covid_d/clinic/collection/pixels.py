"""A film's pixels without its file: read, masked, written anew as a plain PNG."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from covid_d.clinic.collection.burned_in import blacked_out, find_text, in_margin
from covid_d.radiograph import Radiograph, read
from covid_d.radiograph.film import Box

_FOUND, _SUSPECT = (255, 170, 0), (90, 200, 255)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A film with the text of its margins blacked out.

    Parameters
    ----------
    film
        As read; its pixels still show everything.
    margin
        Lines of text in the outer margin.
    inside
        Lines elsewhere: these need a person.
    """

    film: Radiograph
    margin: tuple[Box, ...]
    inside: tuple[Box, ...]

    @property
    def lines(self) -> tuple[Box, ...]:
        """Every line that was found."""
        return (*self.margin, *self.inside)

    def to_png(self, *, mask_inside: bool) -> bytes:
        """Return the picture as PNG: 8 bits, or 16 where the film has more; no metadata at all."""
        boxes = self.lines if mask_inside else self.margin
        pixels = blacked_out(self.film.pixels, boxes)
        deep = self.film.facts.bits > 8
        top, kind = (65535, np.uint16) if deep else (255, np.uint8)
        return _png(Image.fromarray(np.rint(pixels * top).astype(kind)))


def clean(content: bytes) -> Cleaned:
    """Read a film and find its burned-in text.

    Raises
    ------
    RadiographError
        If it cannot be read.
    """
    film = read(content, whole=True)
    boxes = find_text(film.pixels)
    margin = tuple(box for box in boxes if in_margin(box, film.height, film.width))
    return Cleaned(film, margin, tuple(box for box in boxes if box not in margin))


def preview(
    content: bytes, boxes: Iterable[Box], suspects: Iterable[Box] = (), *, side: int = 1400
) -> bytes:
    """Return a film with frames around boxes and thinner ones around suspects, for a person."""
    pixels = read(content, whole=True).pixels
    picture = Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).convert("RGB")
    width = max(2, max(picture.size) // 400)
    pen = ImageDraw.Draw(picture)
    for found, colour, line in ((boxes, _FOUND, width), (suspects, _SUSPECT, max(1, width // 2))):
        for box in found:
            frame = (
                box.left - 2 * width,
                box.top - 2 * width,
                box.right + width,
                box.bottom + width,
            )
            pen.rectangle(frame, outline=colour, width=line)
    picture.thumbnail((side, side))
    return _png(picture)


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()
