"""Pictures that the input gate learns to refuse: films put wrong, photographs, drawings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import skimage
import sklearn.datasets
from PIL import Image, ImageDraw, ImageFilter, UnidentifiedImageError

from covid_d.detector.gate import PictureKind
from covid_d.radiograph.film import FloatImage
from covid_d.training.gate.montage import annotated, collage, half

_LONGEST = 512  # pixels; photographs are not looked at in more detail than films
_SHORTEST = 64
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}

# What a film may be put wrong by.
ALTERATIONS = (
    PictureKind.INVERTED,
    PictureKind.UPSIDE_DOWN,
    PictureKind.SIDEWAYS,
    PictureKind.BLURRED,
    PictureKind.CROPPED,
    PictureKind.COLLAGE,
    PictureKind.ANNOTATED,
)


def altered(
    film: FloatImage, kind: PictureKind, rng: np.random.Generator, other: FloatImage | None = None
) -> FloatImage:
    """Return a film as it must not be read.

    Inverted greys; upside down, by rotation or by mirroring; on either side; blurred so that ribs
    vanish (1.5 to 3 % of the longer side); cropped to 30 to 50 % of each side or to one half;
    beside another film; or drawn on.

    Parameters
    ----------
    film
        float32, HxW in [0, 1].
    kind
        One of :data:`ALTERATIONS`.
    rng
        Draws how much.
    other
        Another film, for a collage; the film itself when left out.
    """
    rows, columns = film.shape
    if kind is PictureKind.INVERTED:
        changed = 1.0 - film
    elif kind is PictureKind.UPSIDE_DOWN:
        changed = film[::-1] if rng.random() < 0.5 else film[::-1, ::-1]
    elif kind is PictureKind.SIDEWAYS:
        changed = np.rot90(film, 1 if rng.random() < 0.5 else -1)
    elif kind is PictureKind.BLURRED:
        changed = _blurred(film, rng.uniform(0.015, 0.03) * max(rows, columns))
    elif kind is PictureKind.CROPPED:
        whole_half = rng.random() < 0.5
        changed = half(film, rng) if whole_half else _part(film, rng.uniform(0.3, 0.5), rng)
    elif kind is PictureKind.COLLAGE:
        changed = collage(film, film if other is None else other, rng)
    elif kind is PictureKind.ANNOTATED:
        changed = annotated(film, rng)
    else:
        raise ValueError(f"no film is altered to {kind}")
    return np.ascontiguousarray(changed, dtype=np.float32)


def varied(picture: FloatImage, rng: np.random.Generator, *, least: float) -> FloatImage:
    """Return a picture cropped to ``least`` or more of each side, mirrored, turned, toned."""
    part = _part(picture, rng.uniform(least, 1.0), rng)
    if rng.random() < 0.5:
        part = part[:, ::-1]
    grey = Image.fromarray(np.rint(part * 255.0).astype(np.uint8))
    turned = np.asarray(grey.rotate(rng.uniform(-10.0, 10.0)), dtype=np.float32) / 255.0
    return np.asarray(turned ** np.float32(np.exp(rng.uniform(-0.5, 0.5))), dtype=np.float32)


def packaged() -> Iterator[tuple[str, FloatImage]]:
    """Yield name and grey pixels of the pictures in scikit-image, scikit-learn and Matplotlib."""
    for folder in (
        Path(skimage.__file__).parent / "data",
        Path(sklearn.datasets.__file__).parent / "images",
        Path(mpl.get_data_path()) / "sample_data",
    ):
        yield from pictures_in(folder)


def pictures_in(folder: Path) -> Iterator[tuple[str, FloatImage]]:
    """Yield name and grey pixels of each picture in a folder and its folders, in order."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in _SUFFIXES:
            continue
        try:
            with Image.open(path) as picture:
                grey = picture.convert("RGB").convert("L")
        except (UnidentifiedImageError, OSError):
            continue
        grey.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
        if min(grey.size) >= _SHORTEST:
            yield path.name, np.asarray(grey, dtype=np.float32) / np.float32(255.0)


def drawn(seed: int) -> FloatImage:
    """Return one drawn picture: noise, clouds, gradients, a page of text, windows, shapes."""
    rng = np.random.default_rng([seed, 2])
    shape = (int(rng.integers(200, _LONGEST)), int(rng.integers(200, _LONGEST)))
    picture = _DRAWINGS[seed % len(_DRAWINGS)](shape, rng)
    return np.clip(picture, 0.0, 1.0).astype(np.float32)


def _part(film: FloatImage, share: float, rng: np.random.Generator) -> FloatImage:
    rows, columns = (max(1, round(side * share)) for side in film.shape)
    top = int(rng.integers(0, film.shape[0] - rows + 1))
    left = int(rng.integers(0, film.shape[1] - columns + 1))
    return film[top : top + rows, left : left + columns]


def _blurred(film: FloatImage, reach: float) -> FloatImage:
    # Pillow blurs 8-bit pictures only.
    grey = Image.fromarray(np.rint(film * 255.0).astype(np.uint8))
    soft = grey.filter(ImageFilter.GaussianBlur(reach))
    return np.asarray(soft, dtype=np.float32) / np.float32(255.0)


_Shape = tuple[int, int]
_Drawing = np.ndarray[tuple[int, ...], np.dtype[np.floating]]


def _noise(shape: _Shape, rng: np.random.Generator) -> _Drawing:
    return rng.random(shape) if rng.random() < 0.5 else rng.normal(0.5, 0.15, shape)


def _gradient(shape: _Shape, rng: np.random.Generator) -> _Drawing:
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]] / max(shape)
    angle = rng.uniform(0.0, 2.0 * np.pi)
    return _stretched(np.cos(angle) * columns + np.sin(angle) * rows)


def _clouds(shape: _Shape, rng: np.random.Generator) -> _Drawing:
    # Noise whose power falls with frequency, as in photographs.
    spectrum = np.fft.rfft2(rng.normal(size=shape))
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None])
    spectrum /= np.maximum(frequency, 1.0 / max(shape)) ** rng.uniform(0.8, 2.0)
    return _stretched(np.fft.irfft2(spectrum, shape))


def _blobs(shape: _Shape, rng: np.random.Generator) -> _Drawing:
    cells = int(rng.integers(4, 24))
    coarse = Image.fromarray(rng.integers(0, 256, (cells, cells)).astype(np.uint8))
    return np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC)) / 255.0


def _page(shape: _Shape, rng: np.random.Generator) -> _Drawing:
    page = Image.new("L", shape[::-1], int(rng.integers(200, 256)))
    pen = ImageDraw.Draw(page)
    line = int(rng.integers(12, 22))
    for row in range(10, shape[0] - 10, line):
        letters = [chr(n) if n < 123 else " " for n in rng.integers(97, 127, 70)]
        pen.text((10, row), "".join(letters), fill=int(rng.integers(0, 80)))
    return np.asarray(page) / 255.0


def _windows(shape: _Shape, rng: np.random.Generator) -> _Drawing:
    screen = Image.new("L", shape[::-1], int(rng.integers(0, 256)))
    pen = ImageDraw.Draw(screen)
    for _ in range(int(rng.integers(5, 20))):
        box = _box(shape, rng)
        fill, edge, text = (int(n) for n in rng.integers(0, 256, 3))
        pen.rectangle(box, fill=fill, outline=edge)
        pen.text((box[0] + 3, box[1] + 3), "Archivo  Editar  Ver", fill=text)
    return np.asarray(screen) / 255.0


def _shapes(shape: _Shape, rng: np.random.Generator) -> _Drawing:
    drawing = Image.new("L", shape[::-1], int(rng.integers(0, 256)))
    pen = ImageDraw.Draw(drawing)
    for _ in range(int(rng.integers(2, 12))):
        pen.ellipse(_box(shape, rng), fill=int(rng.integers(0, 256)))
    return np.asarray(drawing.filter(ImageFilter.GaussianBlur(rng.uniform(0.0, 12.0)))) / 255.0


def _box(shape: _Shape, rng: np.random.Generator) -> tuple[int, int, int, int]:
    left, right = sorted(int(n) for n in rng.integers(-50, shape[1] + 50, 2))
    top, bottom = sorted(int(n) for n in rng.integers(-50, shape[0] + 50, 2))
    return left, top, right, bottom


def _stretched(values: _Drawing) -> _Drawing:
    low, high = float(values.min()), float(values.max())
    return (values - low) / max(high - low, 1e-6)


_DRAWINGS: tuple[Callable[[_Shape, np.random.Generator], _Drawing], ...] = (
    _noise, _gradient, _clouds, _blobs, _page, _windows, _shapes,
)  # fmt: skip
