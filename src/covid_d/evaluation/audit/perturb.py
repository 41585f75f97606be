"""Small changes that leave the lungs as they are, or lay a thing on them: answers should stay."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from covid_d.language import Message
from covid_d.radiograph.film import FloatImage, Radiograph
from covid_d.radiograph.read import without_margins


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
    around
        Whether it lays something around the film. What surrounds the film in a file is cut off
        where the file is read; so it is here, before a model sees the film.
    on_lungs
        Whether it lays something on the lungs.
    """

    name: str
    message: Message
    apply: Callable[[FloatImage], FloatImage]
    around: bool = False
    on_lungs: bool = False

    def __call__(self, radiograph: Radiograph) -> Radiograph:
        """Return the changed film.

        Raises
        ------
        RadiographError
            If it cannot be read any more.
        """
        pixels = np.clip(self.apply(radiograph.pixels), 0.0, 1.0)
        pixels = np.ascontiguousarray(pixels, dtype=np.float32)
        if self.around:
            return without_margins(pixels, radiograph.facts, radiograph.name)
        return replace(radiograph, pixels=pixels)


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


def _bordered(level: float, share: float = 0.05) -> Callable[[FloatImage], FloatImage]:
    def apply(pixels: FloatImage) -> FloatImage:
        width = max(1, round(share * max(pixels.shape)))
        return np.pad(pixels, width, constant_values=level)

    return apply


def _letterboxed(pixels: FloatImage) -> FloatImage:
    """Lay the film into the middle of a black 16:9 screen."""
    rows, columns = pixels.shape
    missing = max(0, round(rows * 16 / 9) - columns)
    return np.pad(pixels, [(0, 0), (missing // 2, missing - missing // 2)])


def _word_on_lung(pixels: FloatImage) -> FloatImage:
    picture, pen, side = _drawing(pixels)
    font = ImageFont.load_default(size=max(8, side // 14))
    pen.text(_at(picture, 0.17, 0.40), "COVID", fill=1.0, font=font)
    return np.asarray(picture, dtype=np.float32)


def _arrow_on_lung(pixels: FloatImage) -> FloatImage:
    picture, pen, side = _drawing(pixels)
    width = max(2, side // 80)
    tip, tail = _at(picture, 0.70, 0.55), _at(picture, 0.84, 0.40)
    pen.line((*tail, *tip), fill=1.0, width=width)
    reach = 5 * width
    pen.polygon([tip, (tip[0] + reach, tip[1]), (tip[0], tip[1] - reach)], fill=1.0)
    return np.asarray(picture, dtype=np.float32)


def _electrodes_on_lungs(pixels: FloatImage) -> FloatImage:
    picture, pen, side = _drawing(pixels)
    radius = max(2, side // 45)
    # No wire hangs as straight as a plumb line: that would be the edge of a damaged picture.
    for across, down, leads_to in ((0.26, 0.30, 0.34), (0.74, 0.30, 0.66), (0.28, 0.66, 0.32)):
        x, y = _at(picture, across, down)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0.95)
        end = _at(picture, leads_to, 1.0)
        pen.line((x, y, *end), fill=0.9, width=max(1, side // 200))
    return np.asarray(picture, dtype=np.float32)


def _tube_on_lung(pixels: FloatImage) -> FloatImage:
    picture, pen, side = _drawing(pixels)
    places = [(0.62, 0.0), (0.63, 0.20), (0.68, 0.42), (0.76, 0.60), (0.80, 0.72)]
    way = [_at(picture, across, down) for across, down in places]
    width = max(2, side // 55)
    pen.line(way, fill=0.85, width=width, joint="curve")
    pen.line(way, fill=0.45, width=max(1, width // 2), joint="curve")
    return np.asarray(picture, dtype=np.float32)


def _drawing(pixels: FloatImage) -> tuple[Image.Image, ImageDraw.ImageDraw, int]:
    picture = Image.fromarray(np.array(pixels))
    return picture, ImageDraw.Draw(picture), max(pixels.shape)


def _at(picture: Image.Image, across: float, down: float) -> tuple[float, float]:
    return across * picture.width, down * picture.height


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
        "black-border",
        Message("borde negro del 5 %", "black border, 5 %"),
        _bordered(0.0),
        around=True,
    ),
    Perturbation(
        "white-border",
        Message("borde blanco del 5 %", "white border, 5 %"),
        _bordered(1.0),
        around=True,
    ),
    Perturbation(
        "margin-25",
        Message("margen negro del 25 %", "black margin, 25 %"),
        _bordered(0.0, 0.25),
        around=True,
    ),
    Perturbation(
        "letterbox",
        Message("pantalla negra de 16:9", "black 16:9 screen"),
        _letterboxed,
        around=True,
    ),
    Perturbation(
        "lung-word",
        Message("palabra sobre el pulmón", "word on the lung"),
        _word_on_lung,
        on_lungs=True,
    ),
    Perturbation(
        "lung-arrow",
        Message("flecha sobre el pulmón", "arrow on the lung"),
        _arrow_on_lung,
        on_lungs=True,
    ),
    Perturbation(
        "lung-electrodes",
        Message("electrodos sobre los pulmones", "electrodes on the lungs"),
        _electrodes_on_lungs,
        on_lungs=True,
    ),
    Perturbation(
        "lung-tube",
        Message("tubo sobre el pulmón", "tube on the lung"),
        _tube_on_lung,
        on_lungs=True,
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
