"""Draws the pictures of the page that shows what each appearance looks like. No patient is in them.

    python docs/phantoms.py [--out docs/assets]

Each picture is a drawn chest with opacities laid where the definition of its category puts them
(Litmanovich et al. 2020, J Thorac Imaging 35:354-360). The word PHANTOM stands in every one.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from covid_d.radiograph.phantom import Phantom, draw_phantom

SIDE = 320
SEED = 20
TISSUE = np.float32(0.66)  # grey of the drawn heart
STEP = 4  # between the greys of a picture: a drawing needs few, and the repository stays small

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Patch:
    """A hazy, rounded opacity.

    Parameters
    ----------
    side
        -1 for the lung on the left of the picture (the patient's right), 1 for the other.
    across, down
        Place in that lung, 0 to 1: from the midline outwards, from its top to its base.
    spread
        Standard deviation, share of the picture's side.
    depth
        How far the lung whitens at the middle: 0 not at all, 1 to soft tissue.
    """

    side: int
    across: float
    down: float
    spread: float
    depth: float


# Peripheral, on both sides, mostly low: typical. One side, central, upper: indeterminate. A lobe
# filled to its fissure and a level of fluid: atypical.
TYPICAL = (
    Patch(-1, 0.80, 0.52, 0.050, 0.75),
    Patch(-1, 0.70, 0.80, 0.060, 0.85),
    Patch(-1, 0.88, 0.28, 0.035, 0.55),
    Patch(1, 0.80, 0.55, 0.050, 0.75),
    Patch(1, 0.80, 0.80, 0.055, 0.80),
)
INDETERMINATE = (Patch(1, 0.30, 0.38, 0.060, 0.75), Patch(1, 0.45, 0.24, 0.040, 0.50))


def _drawn(patches: tuple[Patch, ...]) -> Phantom:
    phantom = draw_phantom(SEED, size=SIDE)
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    haze = np.zeros((SIDE, SIDE), np.float32)
    for patch in patches:
        lung = _lung(phantom, patch.side)
        top, bottom = np.flatnonzero(lung.any(axis=1))[[0, -1]]
        y = top + patch.down * (bottom - top)
        left, right = np.flatnonzero(lung[round(y)])[[0, -1]]
        near, far = (right, left) if patch.side < 0 else (left, right)
        x = near + patch.across * (far - near)
        distance = (rows - y) ** 2 + (columns - x) ** 2
        haze += patch.depth * np.exp(-distance / (2 * (patch.spread * SIDE) ** 2))
    return _whitened(phantom, haze)


def _whitened(phantom: Phantom, haze: Floats) -> Phantom:
    """Take the lungs towards soft tissue; their edge stays as soft as it was drawn."""
    lungs = _soft(phantom.lungs, SIDE / 90)
    share = np.clip(haze, 0, 1) * lungs
    pixels = phantom.pixels + share * np.maximum(TISSUE - phantom.pixels, 0)
    return Phantom(pixels.astype(np.float32), phantom.lungs)


def _soft(mask: npt.NDArray[np.bool_], radius: float) -> Floats:
    picture = Image.fromarray(mask.astype(np.uint8) * 255)
    blurred = picture.filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(blurred, np.float32) / np.float32(255)


def _lung(phantom: Phantom, side: int) -> npt.NDArray[np.bool_]:
    half = np.zeros((SIDE, SIDE), bool)
    half[:, : SIDE // 2] = side < 0
    half[:, SIDE // 2 :] = side > 0
    return phantom.lungs & half


def _atypical() -> Phantom:
    phantom = draw_phantom(SEED, size=SIDE)
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    upper, lower = _lung(phantom, -1), _lung(phantom, 1)
    top, bottom = np.flatnonzero(upper.any(axis=1))[[0, -1]]
    lobe = upper & (rows < top + 0.42 * (bottom - top))
    # An effusion's upper edge rises towards the chest wall.
    level = top + 0.78 * (bottom - top) - 0.12 * (bottom - top) * (columns / SIDE - 0.5) / 0.35
    fluid = lower & (rows > level)
    return _whitened(phantom, 0.8 * _soft(lobe, 2) + 0.98 * _soft(fluid, 2))


def pictures() -> dict[str, Image.Image]:
    """Return one 8-bit grey picture of ``SIDE`` pixels for each category, by its name."""
    drawn = {
        "negative": _drawn(()),
        "atypical": _atypical(),
        "indeterminate": _drawn(INDETERMINATE),
        "typical": _drawn(TYPICAL),
    }
    return {
        name: _marked(phantom.to_image()).point([grey // STEP * STEP for grey in range(256)])
        for name, phantom in drawn.items()
    }


def _marked(picture: Image.Image) -> Image.Image:
    pen = ImageDraw.Draw(picture)
    pen.text((SIDE / 2, SIDE - 4), "PHANTOM", 255, ImageFont.load_default(16), "mb")
    return picture


def main() -> None:
    """Write ``appearance-CATEGORY.png`` for each category."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "assets")
    out: Path = parser.parse_args().out
    for name, picture in pictures().items():
        picture.save(out / f"appearance-{name}.png", optimize=True)


if __name__ == "__main__":
    main()
