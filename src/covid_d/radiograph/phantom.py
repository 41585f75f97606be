"""Drawn chest-like phantoms, for tests and rehearsals. They are no patients and teach no medicine.

Every phantom is a function of its seed, so that tests are repeatable without any real film.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from covid_d.radiograph.film import FloatImage

# Target box (left, top, right, bottom) and the corners it is taken from, as Pillow wants them.
_Mesh = list[tuple[tuple[int, int, int, int], tuple[float, ...]]]


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """A drawn chest.

    Parameters
    ----------
    pixels
        float32, HxW in [0, 1]; air dark, bone bright.
    lungs
        bool, HxW; where the drawn lungs are.
    """

    pixels: FloatImage
    lungs: npt.NDArray[np.bool_]

    def to_image(self) -> Image.Image:
        """Return the phantom as an 8-bit grey picture."""
        return Image.fromarray(np.rint(self.pixels * 255.0).astype(np.uint8))


def draw_phantom(
    seed: int, *, opacities: bool = False, size: int = 256, marker: bool = False
) -> Phantom:
    """Draw one phantom.

    Parameters
    ----------
    seed
        Fixes anatomy and noise.
    opacities
        Whether hazy patches are drawn at the edges of both lungs.
    size
        Side in pixels.
    marker
        Whether a bright square is burned into the upper left corner: a planted shortcut.
    """
    rng = np.random.default_rng(seed)
    lungs = Image.new("L", (size, size), 0)
    pen = ImageDraw.Draw(lungs)
    centre = size * (0.5 + rng.uniform(-0.02, 0.02))
    top, bottom = size * rng.uniform(0.14, 0.2), size * rng.uniform(0.76, 0.84)
    inner, outer = size * rng.uniform(0.05, 0.08), size * rng.uniform(0.34, 0.39)
    for side in (-1, 1):
        near, far = centre + side * inner, centre + side * outer
        pen.ellipse((min(near, far), top, max(near, far), bottom), fill=255)

    film = Image.new("F", (size, size), 0.04)
    pen = ImageDraw.Draw(film)
    pen.rounded_rectangle((size * 0.06, size * 0.04, size * 0.94, size), size * 0.2, fill=0.62)
    film.paste(0.2, (0, 0), lungs)
    pen.ellipse((centre - size * 0.1, size * 0.45, centre + size * 0.2, size * 0.82), fill=0.68)
    pen.rectangle((centre - size * 0.035, 0, centre + size * 0.035, size), fill=0.78)
    for rib in np.linspace(top, bottom, 8):
        box = (centre - outer * 1.1, rib, centre + outer * 1.1, rib + size * 0.16)
        pen.arc(box, 180, 360, fill=0.5, width=max(1, size // 90))
    # Pillow blurs 8-bit pictures only.
    grey = Image.fromarray(np.rint(np.asarray(film) * 255.0).astype(np.uint8))
    build = _individual_build(seed, size)
    soft = _warped(grey, build).filter(ImageFilter.BoxBlur(size / 90))
    mask = np.asarray(_warped(lungs, build)) > 127
    pixels = np.asarray(soft, dtype=np.float32) / np.float32(255.0)

    if opacities:
        pixels += _patches(rng, mask, size)
    pixels += rng.normal(0.0, 0.02, pixels.shape).astype(np.float32)
    pixels *= np.float32(rng.uniform(0.85, 1.1))
    if marker:
        edge = max(4, size // 12)
        pixels[4 : 4 + edge, 4 : 4 + edge] = 1.0
    return Phantom(np.clip(pixels, 0.0, 1.0), mask)


def _individual_build(seed: int, size: int, cells: int = 3) -> _Mesh:
    """Return a distortion of its own for each seed.

    Without it two phantoms are alike up to shift and scale, as no two people are, and a search for
    near-duplicates rightly takes them for one.
    """
    rng = np.random.default_rng([seed, 1])
    edges = np.rint(np.linspace(0, size, cells + 1)).astype(int)
    y, x = np.meshgrid(edges, edges, indexing="ij")
    reach = 0.25 * size / cells
    moved = np.stack([x, y], axis=-1) + rng.uniform(-reach, reach, (cells + 1, cells + 1, 2))
    mesh: _Mesh = []
    for row, column in np.ndindex(cells, cells):
        box = (edges[column], edges[row], edges[column + 1], edges[row + 1])
        around = ((row, column), (row + 1, column), (row + 1, column + 1), (row, column + 1))
        corners = tuple(float(value) for at in around for value in moved[at])
        mesh.append(((int(box[0]), int(box[1]), int(box[2]), int(box[3])), corners))
    return mesh


def _warped(picture: Image.Image, mesh: _Mesh) -> Image.Image:
    return picture.transform(picture.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def _patches(rng: np.random.Generator, lungs: npt.NDArray[np.bool_], size: int) -> FloatImage:
    rows, columns = np.nonzero(lungs)
    yy, xx = np.mgrid[0:size, 0:size].astype(np.float32)
    haze = np.zeros((size, size), dtype=np.float32)
    for at in rng.integers(0, len(rows), size=8):
        spread = np.float32(size * rng.uniform(0.05, 0.09))
        distance = (yy - rows[at]) ** 2 + (xx - columns[at]) ** 2
        haze += np.float32(rng.uniform(0.15, 0.3)) * np.exp(-distance / (2 * spread**2))
    result: FloatImage = np.where(lungs, np.minimum(haze, 0.4), 0.0).astype(np.float32)
    return result
