"""Films as they are pasted into slides and articles: side by side, by half, drawn on, coloured."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from covid_d.detector.explain import evidence_layer
from covid_d.radiograph.film import FloatImage

_WORDS = (
    "COVID",
    "Dia 3",
    "Day 7",
    "A",
    "B",
    "C",
    "1",
    "2",
    "(a)",
    "RML",
    "GGO",
    "Fig. 2",
    "->",
    "*",
)
_LEAST_HALF, _MOST_HALF = 0.42, 0.58
_MOST_FADE = 0.03  # of the longer side: standard deviation of what a cover's edge is blurred by


def collage(film: FloatImage, other: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Return two films side by side or one above the other, or both twice.

    Parameters
    ----------
    film, other
        float32, HxW in [0, 1].
    rng
        Draws the layout, and the width and grey of the gap between.
    """
    gap, ground = int(rng.integers(0, 12)), float(rng.choice([0.0, 0.0, 0.5, 1.0]))
    layout = rng.random()
    if layout < 0.6:
        return _beside([film, other], gap, ground)
    if layout < 0.8:
        return _beside([film.T, other.T], gap, ground).T.copy()
    row = _beside([film, other], gap, ground)
    again = _beside([other, film], gap, ground)
    return _beside([row.T, again.T], gap, ground).T.copy()


def half(film: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Return about one half of a film (42 to 58 %): the left, right, upper or lower one."""
    rows, columns = film.shape
    share = rng.uniform(_LEAST_HALF, _MOST_HALF)
    side = rng.integers(0, 4)
    if side == 0:
        part = film[:, : round(columns * share)]
    elif side == 1:
        part = film[:, columns - round(columns * share) :]
    elif side == 2:
        part = film[: round(rows * share)]
    else:
        part = film[rows - round(rows * share) :]
    return np.ascontiguousarray(part)


def half_covered(film: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Return a film of which one half (42 to 58 %) lies under one grey with a fading edge.

    Two in five covers are black and two white.
    """
    grey = (0.0, 0.0, 1.0, 1.0, rng.random())[int(rng.integers(5))]
    cover = np.zeros(film.shape, dtype=np.uint8)
    turned = np.rot90(cover, int(rng.integers(4)))  # a view
    turned[: round(len(turned) * rng.uniform(_LEAST_HALF, _MOST_HALF))] = 255
    reach = rng.uniform(0.0, _MOST_FADE) * max(film.shape)
    soft = Image.fromarray(cover).filter(ImageFilter.GaussianBlur(reach))
    share = np.asarray(soft, dtype=np.float32) / np.float32(255.0)
    return np.asarray(film * (1.0 - share) + np.float32(grey) * share, dtype=np.float32)


def annotated(film: FloatImage, rng: np.random.Generator, *, with_maps: bool = True) -> FloatImage:
    """Return a film with arrows, words, rings, boxes or a map of evidence over the chest.

    Parameters
    ----------
    film
        float32, HxW in [0, 1].
    rng
        Draws what is drawn.
    with_maps
        Whether three in ten lie under a map; otherwise all carry ink.
    """
    if with_maps and rng.random() < 0.3:
        return under_map(film, rng)
    picture = Image.fromarray(np.rint(film * 255.0).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(1, 5))):
        _mark(pen, picture.size, rng)
    return np.asarray(picture, dtype=np.float32) / np.float32(255.0)


def _beside(films: list[FloatImage], gap: int, ground: float) -> FloatImage:
    height = min(film.shape[0] for film in films)
    panels: list[FloatImage] = []
    for film in films:
        width = max(1, round(film.shape[1] * height / film.shape[0]))
        panel = np.asarray(Image.fromarray(film).resize((width, height)))
        panels += [panel, np.full((height, gap), ground, dtype=np.float32)]
    return np.clip(np.concatenate(panels[:-1], axis=1), 0.0, 1.0).astype(np.float32)


def _mark(pen: ImageDraw.ImageDraw, size: tuple[int, int], rng: np.random.Generator) -> None:
    """Draw one mark over the middle of the film, where the lungs are."""
    width, height = size
    longest = max(size)
    x, y = rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.75) * height
    long, line = rng.uniform(0.06, 0.2) * longest, max(2, round(rng.uniform(0.006, 0.02) * longest))
    ink = int(rng.choice([255, 255, 0, 200]))
    kind = rng.integers(0, 4)
    if kind == 0:
        _arrow(pen, (x, y), long, rng.uniform(0.0, 2.0 * np.pi), ink, line)
    elif kind == 1:
        font = ImageFont.load_default(round(rng.uniform(0.05, 0.16) * longest))
        pen.text((x, y), str(rng.choice(_WORDS)), fill=ink, font=font)
    else:
        box = [x - long / 2, y - long / 3, x + long / 2, y + long / 3]
        (pen.ellipse if kind == 2 else pen.rectangle)(box, outline=ink, width=line)


def _arrow(
    pen: ImageDraw.ImageDraw,
    start: tuple[float, float],
    long: float,
    angle: float,
    ink: int,
    line: int,
) -> None:
    def at(origin: tuple[float, float], reach: float, turn: float) -> tuple[float, float]:
        return origin[0] + reach * np.cos(angle + turn), origin[1] + reach * np.sin(angle + turn)

    tip = at(start, long, 0.0)
    pen.line([start, tip], fill=ink, width=line)
    pen.polygon([tip, at(tip, -0.35 * long, -0.5), at(tip, -0.35 * long, 0.5)], fill=ink)


def under_map(film: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Return the film under one to three blobs of the evidence layer, turned to grey."""
    rows, columns = film.shape
    down, across = np.mgrid[0:rows, 0:columns]
    strength = np.zeros(film.shape, dtype=np.float32)
    for _ in range(int(rng.integers(1, 4))):
        y, x = rng.uniform(0.25, 0.8) * rows, rng.uniform(0.2, 0.8) * columns
        reach = rng.uniform(0.05, 0.2) * max(rows, columns)
        blob = np.exp(-((down - y) ** 2 + (across - x) ** 2) / (2 * reach**2))
        strength = np.maximum(strength, blob.astype(np.float32))
    layer = evidence_layer(strength).astype(np.float32) / np.float32(255.0)
    grey = layer[..., :3] @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    cover = np.float32(rng.uniform(0.4, 0.9)) * layer[..., 3]
    return np.asarray(film * (1.0 - cover) + grey * cover, dtype=np.float32)
