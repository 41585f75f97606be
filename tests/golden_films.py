"""Films for the page and for Python alike: one real one, what can be made of it, and no films."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter
from pydicom import dcmread

from covid_d.radiograph import read
from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.sample import sample_film

Grey = npt.NDArray[np.float32]


def dicom() -> bytes:
    """A real chest film that an installed package carries."""
    return sample_film().read_bytes()


def small_dicom() -> bytes:
    """The same film at a ninth of its pixels, for tests that ask about it often."""
    film = dcmread(sample_film())
    pixels = film.pixel_array[::3, ::3]
    film.Rows, film.Columns = pixels.shape
    film.PixelData = pixels.tobytes()
    stream = io.BytesIO()
    film.save_as(stream)
    return stream.getvalue()


def grey() -> Grey:
    """Its pixels as they are read, at a third of their number, in [0, 1]."""
    return read(dicom()).pixels[::3, ::3]


def png(pixels: Grey, bits: int = 8) -> bytes:
    """Return a picture of grey pixels."""
    levels = np.rint(pixels * (2**bits - 1)).astype(np.uint16 if bits == 16 else np.uint8)
    return _png(Image.fromarray(levels))


def _png(picture: Image.Image, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format="PNG", **options)
    return stream.getvalue()


def jpeg(picture: Image.Image) -> bytes:
    """Return a picture as cameras and viewers keep it."""
    stream = io.BytesIO()
    picture.save(stream, format="JPEG", quality=92)
    return stream.getvalue()


def _picture(pixels: Grey) -> Image.Image:
    return Image.fromarray(np.rint(pixels * 255).astype(np.uint8))


def _arrow(pixels: Grey) -> Image.Image:
    drawn = _picture(pixels)
    width, height = drawn.size
    pen = ImageDraw.Draw(drawn)
    for at in (0.3, 0.4, 0.5):
        pen.line((0.3 * width, at * height, 0.6 * width, (at + 0.1) * height), 255, 4)
        pen.rectangle((0.3 * width, at * height, 0.4 * width, (at + 0.08) * height), outline=255)
    return drawn


def _coloured(pixels: Grey) -> Image.Image:
    channels = [_picture(pixels * share) for share in (1.0, 0.6, 0.3)]
    return Image.merge("RGB", channels)


def few() -> dict[str, bytes]:
    """An answered film, one that the gate refuses, and no film at all."""
    film = grey()
    return {
        "film.jpg": jpeg(_picture(film)),
        "turned.png": png(film[::-1].copy()),
        "text.png": b"no film",
    }


def many() -> dict[str, bytes]:
    """Films of every fate, by name."""
    return dict(_many())


def _many() -> Iterator[tuple[str, bytes]]:
    film = grey()
    height, width = film.shape
    yield "film.dcm", dicom()
    yield "film 16.png", png(film, 16)
    yield "film.jpg", jpeg(_picture(film))
    yield "coloured.jpg", jpeg(_coloured(film))
    yield "cut off.jpg", jpeg(_picture(film))[:20_000]
    yield "dark.png", png(film**1.6)
    yield "bright.png", png(film**0.6)
    yield "half dense.png", png(np.clip(film + 0.25 * _lower(film), 0, 1).astype(np.float32))
    yield "margins.png", png(np.pad(film, ((40, 20), (90, 60))))
    yield "inverted.png", png(1 - film)
    yield "upside down.png", png(film[::-1].copy())
    yield "sideways.png", png(film.T.copy())
    yield "blurred.png", _png(_picture(film).filter(ImageFilter.GaussianBlur(7)))
    yield "half.png", png(film[:, : width // 2].copy())
    yield "lower part.png", png(film[height // 2 :].copy())
    yield "two.png", png(np.concatenate([film, film], axis=1))
    yield "marked.png", _png(_arrow(film))
    yield "coloured.png", _png(_coloured(film))
    yield "small.png", png(film[::20, ::20].copy())
    yield "long.png", png(np.tile(film[:200], (1, 3)))
    yield "blank.png", png(np.full((600, 600), 0.5, np.float32))
    yield "grey words.png", _png(_picture(film), pnginfo=None, bits=4)
    for number in range(3):
        phantom = draw_phantom(number, opacities=bool(number), size=512)
        yield f"phantom {number}.png", png(phantom.pixels)
    whole = png(film)
    yield "cut off.png", whole[: len(whole) // 2]
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 255
    yield "damaged.png", bytes(damaged)
    yield "cut off.dcm", dicom()[:40_000]
    yield "text.dcm", b"%PDF-1.7 no film"
    yield "empty.png", b""


def _lower(film: Grey) -> Grey:
    rows, columns = np.mgrid[: film.shape[0], : film.shape[1]]
    y, x = rows / film.shape[0], columns / film.shape[1]
    found: Grey = np.exp(-(((y - 0.6) / 0.12) ** 2 + ((x - 0.25) / 0.09) ** 2)).astype(np.float32)
    return found
