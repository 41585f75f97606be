"""Real films: what is cut off them, and that a margin added to them changes nothing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from covid_d.radiograph import RadiographError, RefusalCode, check, read
from covid_d.radiograph.frame import film_box
from covid_d.radiograph.photograph import find_film

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real films are not beside the project"),
]


def some(pattern: str, count: int) -> list[Path]:
    found = sorted(DATA.glob(pattern))
    return found[:: max(1, len(found) // count)][:count]


FILMS = [
    path
    for pattern in ("adult/cxnet/**/*.*", "adult/nih/**/*.*", "adult/rsna/**/*.*")
    for path in some(pattern, 8)
] + some("siim-covid19/train/*.jpg", 12)


def within(film: Image.Image, level: int, share: float) -> tuple[Image.Image, int]:
    wide = round(max(film.size) * share)
    canvas = Image.new("L", (film.width + 2 * wide, film.height + 2 * wide), level)
    canvas.paste(film, (wide, wide))
    return canvas, wide


def ends(pixels: npt.NDArray[np.float32], moved: int = 0) -> npt.NDArray[np.int64]:
    box = film_box(pixels)
    found = (box.left, box.top, box.left + box.width, box.top + box.height)
    return np.asarray(found) - moved


def test_a_margin_is_cut_to_where_the_film_alone_is_cut() -> None:
    worse = []
    for path in FILMS:
        film = Image.open(path).convert("L")
        alone = ends(np.asarray(film, dtype=np.float32) / np.float32(255))
        for share in (0.02, 0.04, 0.08, 0.25):
            for level in (0, 128, 255):
                canvas, wide = within(film, level, share)
                stream = io.BytesIO()
                canvas.save(stream, "JPEG", quality=95)
                pixels = np.asarray(Image.open(stream), dtype=np.float32) / np.float32(255)
                if np.abs(ends(pixels, wide) - alone).max() > 2:
                    worse.append((path.name, share, level))
    assert len(worse) <= 0.01 * len(FILMS) * 12, worse


def test_few_sound_films_lose_much_or_are_taken_for_broken_or_photographs() -> None:
    kept, refused, photographs = [], 0, 0
    for path in FILMS:
        try:
            film = read(path)
        except RadiographError:  # an odd one of the collections: not of this test
            continue
        refusal = check(film)
        refused += refusal is not None and refusal.code is RefusalCode.SEAM
        photographs += find_film(film.pixels) is not None
        assert film.picture_size is not None
        kept.append(film.pixels.size / (film.picture_size[0] * film.picture_size[1]))
    assert np.mean(np.array(kept) < 0.7) <= 0.06
    assert refused <= 1
    assert photographs <= 1
