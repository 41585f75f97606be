"""Small changes that leave the lungs as they are; the answer should stay."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from covid_d.language import Message
from covid_d.radiograph.film import FloatImage, Radiograph


@dataclass(frozen=True, slots=True)
class Perturbation:
    """One change of a film.

    Parameters
    ----------
    name
        Machine-readable.
    message
        What is changed, for reports.
    apply
        Takes pixels, float32 HxW in [0, 1], and returns such.
    """

    name: str
    message: Message
    apply: Callable[[FloatImage], FloatImage]

    def __call__(self, radiograph: Radiograph) -> Radiograph:
        """Return the changed film."""
        pixels = np.clip(self.apply(radiograph.pixels), 0.0, 1.0)
        return replace(radiograph, pixels=np.ascontiguousarray(pixels, dtype=np.float32))


def _corner_mark(pixels: FloatImage) -> FloatImage:
    marked = pixels.copy()
    side = max(4, max(pixels.shape) // 12)
    gap = max(2, side // 4)
    marked[gap : gap + side, gap : gap + side] = 1.0
    return marked


def _text(pixels: FloatImage) -> FloatImage:
    picture = Image.fromarray(np.asarray(pixels))
    size = max(10, max(pixels.shape) // 18)
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=size)
    pen.text((size, size), "R", fill=1.0, font=font)
    pen.text((pixels.shape[1] - size, size), "PORTABLE AP", fill=1.0, font=font, anchor="ra")
    return np.asarray(picture, dtype=np.float32)


def _bordered(level: float) -> Callable[[FloatImage], FloatImage]:
    def apply(pixels: FloatImage) -> FloatImage:
        width = max(1, round(0.05 * max(pixels.shape)))
        return np.pad(pixels, width, constant_values=level)

    return apply


def _jpeg(quality: int) -> Callable[[FloatImage], FloatImage]:
    def apply(pixels: FloatImage) -> FloatImage:
        buffer = io.BytesIO()
        _grey(pixels).save(buffer, "JPEG", quality=quality)
        return np.asarray(Image.open(buffer), dtype=np.float32) / np.float32(255.0)

    return apply


def _inverted(pixels: FloatImage) -> FloatImage:
    return np.float32(1.0) - pixels


def _halved(pixels: FloatImage) -> FloatImage:
    picture = Image.fromarray(np.asarray(pixels))
    half = (max(1, picture.width // 2), max(1, picture.height // 2))
    small = picture.resize(half, Image.Resampling.BILINEAR)
    return np.asarray(small.resize(picture.size, Image.Resampling.BILINEAR), dtype=np.float32)


def _rotated(degrees: float) -> Callable[[FloatImage], FloatImage]:
    def apply(pixels: FloatImage) -> FloatImage:
        picture = Image.fromarray(np.asarray(pixels))
        return np.asarray(picture.rotate(degrees, Image.Resampling.BILINEAR), dtype=np.float32)

    return apply


def _grey(pixels: FloatImage) -> Image.Image:
    return Image.fromarray(np.rint(pixels * np.float32(255.0)).astype(np.uint8))


PERTURBATIONS: tuple[Perturbation, ...] = (
    Perturbation(
        "corner-mark", Message("marca brillante en una esquina", "bright corner mark"), _corner_mark
    ),
    Perturbation("text", Message("texto en los bordes", "text at the edges"), _text),
    Perturbation(
        "black-border", Message("borde negro del 5 %", "black border, 5 %"), _bordered(0.0)
    ),
    Perturbation(
        "white-border", Message("borde blanco del 5 %", "white border, 5 %"), _bordered(1.0)
    ),
    Perturbation("jpeg-70", Message("JPEG de calidad 70", "JPEG quality 70"), _jpeg(70)),
    Perturbation("jpeg-30", Message("JPEG de calidad 30", "JPEG quality 30"), _jpeg(30)),
    Perturbation("inversion", Message("escala de grises invertida", "inverted grey"), _inverted),
    Perturbation(
        "resize-half",
        Message("reducida a la mitad y ampliada", "reduced to half size and back"),
        _halved,
    ),
    Perturbation(
        "rotate-left-5", Message("girada 5° a la izquierda", "turned 5° left"), _rotated(5)
    ),
    Perturbation(
        "rotate-right-5", Message("girada 5° a la derecha", "turned 5° right"), _rotated(-5)
    ),
)
