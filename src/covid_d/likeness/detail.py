"""What tells one chest from another: a film's fine detail, and how alike two of them are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.fft import irfft2, rfft2
from scipy.ndimage import gaussian_filter1d

from covid_d.radiograph.film import FloatImage

SIDE: Final = 64
WHOLE: Final = ((0, 1), (0, 1))
_MAX_SHIFT: Final = 8
_BLOCK: Final = 256

Spectra = npt.NDArray[np.complex64]


def cut(picture: Image.Image, view: tuple[Any, Any], x: float = 1.0, y: float = 1.0) -> FloatImage:
    """Return a view at 64 x 64, its sides scaled by ``x`` and ``y``; black beyond the film."""
    (left, right), (top, bottom) = view
    side = picture.width
    width, height = (right - left) * side * x, (bottom - top) * side * y
    centre = ((left + right) / 2 * side, (top + bottom) / 2 * side)
    matrix = (width / SIDE, 0, centre[0] - width / 2, 0, height / SIDE, centre[1] - height / 2)
    part = picture.transform(
        (SIDE, SIDE), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
    return np.asarray(part, dtype=np.float32)


def detail_of(films: FloatImage) -> FloatImage:
    """Return Nx64x64 films without their broad shades, evened out, edges faded, unit norm each."""
    detail = films - _blurred(films, _blur_matrix(3))
    energy = _blurred(detail * detail, _blur_matrix(6))
    detail /= np.sqrt(np.maximum(energy, 0.0)) + np.float32(2.0)
    fade = np.sqrt(np.hanning(SIDE + 2)[1:-1]).astype(np.float32)
    detail *= fade[:, None] * fade[None]
    detail = detail - detail.mean(axis=(1, 2), keepdims=True)
    norm = np.linalg.norm(detail, axis=(1, 2), keepdims=True)
    unit: FloatImage = (detail / (norm + 1e-6)).astype(np.float32)
    return unit


@cache
def _blur_matrix(sigma: float) -> FloatImage:
    # A Gaussian blur is linear in rows and in columns; as two matrix products it takes a fifth of
    # the time that filtering a stack does.
    matrix: FloatImage = gaussian_filter1d(np.eye(SIDE, dtype=np.float32), sigma, axis=0)
    return matrix


def _blurred(films: FloatImage, blur: FloatImage) -> FloatImage:
    return (blur @ films @ blur.T).astype(np.float32, copy=False)


def spectra_of(pictures: Sequence[Image.Image], threads: int) -> Spectra:
    """Return the Fourier transforms of the details of whole films, Nx64x33."""
    blocks = []
    for start in range(0, len(pictures), _BLOCK):
        films = [cut(picture, WHOLE) for picture in pictures[start : start + _BLOCK]]
        blocks.append(rfft2(detail_of(np.stack(films)), workers=threads).astype(np.complex64))
    return np.concatenate(blocks)


def likeness(
    detail: FloatImage, spectra: Spectra, threads: int, *, inverted: bool = False
) -> npt.NDArray[np.float32]:
    """Return the best correlation over all small shifts, film by film.

    With ``inverted``, films are alike too when one is the other's negative: that turns the sign of
    every detail and nothing else.
    """
    crossed = rfft2(detail, workers=threads) * np.conj(spectra)
    correlation = irfft2(crossed, s=(SIDE, SIDE), workers=threads)
    # Shifts wrap around: small negative ones are at the far end.
    near = np.r_[0 : _MAX_SHIFT + 1, SIDE - _MAX_SHIFT : SIDE]
    nearby = correlation[:, near][:, :, near]
    best: npt.NDArray[np.float32] = (abs(nearby) if inverted else nearby).max(axis=(1, 2))
    return best
