"""What a reader makes of a file."""

from __future__ import annotations

from typing import NamedTuple

from covid_d.radiograph.film import Facts, FloatImage


class Decoded(NamedTuple):
    """A picture as its reader decodes it, with its margins.

    Parameters
    ----------
    pixels
        float32, HxW, in [0, 1]; air dark, upright, square.
    facts
        What the file says of the film.
    halvings
        How often H and W were halved, rounded up: of a large film not all pixels are decoded. Each
        lies on the first of those that it stands for, and is an average of what lies around.
    size
        Width and height before; ``None`` where nothing was halved.
    """

    pixels: FloatImage
    facts: Facts
    halvings: int = 0
    size: tuple[int, int] | None = None
