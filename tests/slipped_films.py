"""Films whose blocks go on at another level, as a damaged JPEG stream leaves them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image

import films

SIDE = 512
_KINDS: dict[str, dict[str, Any]] = {
    "grey": {"quality": 90},
    "progressive": {"quality": 90, "progressive": True},
    "colour": {"quality": 85, "subsampling": "4:2:0"},
    "colour 4:4:4": {"quality": 85, "subsampling": "4:4:4"},
}


def film(seed: int = 1) -> npt.NDArray[np.uint8]:
    """Return a film with the texture of one, between levels that it may be moved by."""
    lit = films.lit(SIDE, SIDE, seed=seed) * 150 + 50
    noise = np.random.default_rng(seed).normal(0, 0.7, lit.shape)
    return np.rint(lit + noise).astype(np.uint8)


def moved(
    samples: npt.NDArray[np.uint8], unit: tuple[int, int], row: int, column: int, levels: int
) -> npt.NDArray[np.uint8]:
    """Return samples of which all units from one on, in the order of a stream, are moved."""
    rows, columns = np.indices(samples.shape)
    order = rows // unit[0] * samples.shape[1] + columns // unit[1]
    behind = order >= row * samples.shape[1] + column
    changed: npt.NDArray[np.uint8] = np.clip(samples + levels * behind, 0, 255).astype(np.uint8)
    return changed


def coded(kind: str) -> bytes:
    """Return a sound JPEG of a kind."""
    picture = Image.fromarray(film())
    if kind.startswith("colour"):
        picture = picture.convert("RGB")
    return films.picture(picture, "JPEG", **_KINDS[kind])


def slipped(kind: str) -> bytes:
    """Return a JPEG of which one bit was turned near the upper edge: its level differs from there.

    What it decodes to is compared with the sound film; libjpeg-turbo warns of nothing.
    """
    sound = coded(kind)
    whole = _grey(sound)
    start = sound.find(b"\xff\xda") + 14
    # Of a progressive film the first scan, of means alone.
    stop = sound.find(b"\xff\xc4", start) if kind == "progressive" else len(sound)
    for at in range(start + (stop - start) // 15, stop):
        turned = bytearray(sound)
        turned[at] ^= 1 << at % 8
        try:
            simplejpeg.decode_jpeg(bytes(turned), "GRAY", strict=True)
        except ValueError:
            continue
        off = _grey(bytes(turned)).astype(int) - whole
        below = off[SIDE // 4 :]
        level = np.median(below)
        if 8 <= abs(level) <= 40 and (np.abs(below - level) <= 2).all():
            return bytes(turned)
    raise AssertionError(f"no bit of {kind} moves its level alone")


def _grey(data: bytes) -> npt.NDArray[np.uint8]:
    with Image.open(BytesIO(data)) as picture:
        grey: npt.NDArray[np.uint8] = np.asarray(picture.convert("L"))
        return grey
