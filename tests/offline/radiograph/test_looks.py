"""Looking at a film on the page: edges, steps, ink, photographs and what they lead to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFilter

import films
from covid_d.radiograph.phantom import draw_phantom
from offline_films import by_page, by_python

pytestmark = pytest.mark.slow  # wants Node


def png(pixels: npt.NDArray[Any]) -> bytes:
    """Return a film in [0, 1] as a PNG of 16 bits."""
    return films.picture(np.rint(np.clip(pixels, 0, 1) * 65535).astype(np.uint16))


def big(seed: int, width: int, height: int) -> npt.NDArray[np.float32]:
    """Return a phantom of some size, with the noise of a detector."""
    drawn = Image.fromarray(draw_phantom(seed, size=256).pixels).resize((width, height))
    noise = np.random.default_rng(seed).normal(0, 0.01, (height, width))
    return np.clip(np.asarray(drawn) + noise, 0.02, 0.98).astype(np.float32)


def with_ink(width: int, kind: str) -> npt.NDArray[np.float32]:
    """Return a film over whose lungs something was drawn, by hand or by a program."""
    film = Image.fromarray(np.rint(big(3, width, width) * 255).astype(np.uint8))
    pen = ImageDraw.Draw(film)
    third = width // 3
    if kind == "arrow":
        pen.line((third, third, 2 * third, third + 40), fill=255, width=3)
        pen.line((2 * third, third + 40, 2 * third - 30, third + 10), fill=255, width=3)
    elif kind == "ring":
        pen.ellipse((third, third, 2 * third, 2 * third), outline=250, width=4)
    elif kind == "dark":
        pen.rectangle((third, third, 2 * third, 2 * third), outline=0, width=3)
    elif kind == "patch":
        pen.ellipse((third, third, 2 * third, 2 * third), fill=110)
    elif kind == "soft-patch":
        mask = Image.new("L", film.size, 0)
        ImageDraw.Draw(mask).ellipse((third, third, 2 * third, 2 * third), fill=255)
        film.paste(90, mask=mask.filter(ImageFilter.GaussianBlur(width / 60)))
    elif kind == "hole":
        pen.ellipse((third, third, 2 * third, 2 * third), fill=0)
    elif kind == "slanting":
        pen.line((third, third, 2 * third, 2 * third), fill=240, width=2)
    return np.asarray(film, dtype=np.float32) / np.float32(255)


def test_edges_and_steps(tmp_path: Path) -> None:
    film = big(1, 700, 640)
    pasted, slipped, little = film.copy(), film.copy(), film.copy()
    pasted[:, 350:] = big(2, 350, 640)
    slipped[300:] = np.clip(slipped[300:] + 0.12, 0, 1)
    little[330:] = np.clip(little[330:] + 0.03, 0, 1)
    moved = np.concatenate([film[:200], np.roll(film[200:], 190, axis=1)])
    cases = {
        "film": png(film),
        "pasted": png(pasted),
        "slipped": png(slipped),
        "little": png(little),
        "moved": png(moved),
        "wide": png(big(5, 900, 500)),
        "too-wide": png(big(5, 900, 300)),
        "tall": png(big(6, 400, 1000)),
        "odd": png(big(7, 613, 509)),
        "few-levels": png(np.round(film * 10) / 10),
        "dull": png(film * np.float32(0.003) + np.float32(0.5)),
        "short": png(big(8, 200, 100)),
    }
    found = by_page(tmp_path, cases)
    assert {name: by_python(data) for name, data in cases.items()} == found
    assert {name: answer["check"] for name, answer in found.items()} == {
        name: {
            **dict.fromkeys(("pasted", "slipped", "little", "moved"), "straight_edge"),
            **dict.fromkeys(("too-wide", "tall"), "odd_shape"),
            **dict.fromkeys(("few-levels", "dull"), "blank"),
        }.get(name)
        for name in cases
    }


def test_ink(tmp_path: Path) -> None:
    cases = {}
    for width in (300, 640):
        for kind in ("none", "arrow", "ring", "dark", "slanting", "patch", "soft-patch", "hole"):
            cases[f"{kind}-{width}"] = png(with_ink(width, kind))
        clipped = np.clip(big(3, width, width) * 3 - 1.2, 0, 1)
        cases[f"clipped-{width}"] = png(clipped)
        hollow = clipped + np.random.default_rng(width).normal(0, 0.05, clipped.shape)
        cases[f"clipped-noisy-{width}"] = png(hollow)
    thinned = Image.fromarray(np.rint(with_ink(900, "arrow") * 255).astype(np.uint8))
    cases["resized"] = films.picture(thinned.resize((520, 520), Image.Resampling.BICUBIC))
    found = by_page(tmp_path, cases)
    assert {name: by_python(data) for name, data in cases.items()} == found
    inked = {name for name, answer in found.items() if answer["ink"]}
    assert {"ring-640", "arrow-640", "dark-640"} <= inked
    assert {"patch-300", "soft-patch-300", "soft-patch-640"} <= inked
    assert not {"none-300", "none-640"} & inked


def photograph(width: int, height: int, corners: list[tuple[int, int]], *, grey: float) -> bytes:
    """Return a film photographed on a darker ground, in the colours of a lamp."""
    sheet = Image.new("L", (width, height), int(grey * 255))
    film = Image.fromarray(np.rint(big(9, 400, 400) * 90 + 165).astype(np.uint8))
    mask = Image.new("L", (width, height), 0)
    ImageDraw.Draw(mask).polygon(corners, fill=255)
    sheet.paste(film.resize((width, height)), mask=mask)
    noise = np.random.default_rng(1).normal(0, 9, (height, width))  # no ground is quite even
    level = np.clip(np.asarray(sheet) + noise, 0, 255)
    return films.picture(np.rint(level[..., None] * [1.0, 0.82, 0.6]).astype(np.uint8))


def test_photographs_and_other_colour_pictures(tmp_path: Path) -> None:
    skewed = [(120, 80), (500, 110), (480, 520), (90, 470)]
    cases = {
        "skewed": photograph(640, 600, skewed, grey=0.05),
        "small": photograph(900, 700, [(300, 200), (640, 210), (630, 560), (290, 540)], grey=0.1),
        "bright-ground": photograph(640, 600, skewed, grey=0.9),
        "whole": photograph(500, 500, [(0, 0), (499, 0), (499, 499), (0, 499)], grey=0.0),
    }
    found = by_page(tmp_path, cases)
    assert {name: by_python(data) for name, data in cases.items()} == found
    assert found["skewed"]["check"] == "photograph"
    assert found["bright-ground"]["check"] == "colour_picture"
    assert found["skewed"]["corners"] is not None
    assert found["whole"]["corners"] is None
