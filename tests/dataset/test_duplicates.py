"""Recognising the same film: copies are found, look-alikes are not."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from covid_d.dataset.duplicates import Fingerprint, find_near_duplicates, fingerprint
from covid_d.radiograph import read
from covid_d.radiograph.phantom import draw_phantom


def of(image: Image.Image, kind: str = "PNG", **options: int) -> Fingerprint:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return fingerprint(read(stream.getvalue()))


def phantom(seed: int, size: int = 256) -> Image.Image:
    return draw_phantom(seed, opacities=seed % 2 == 0, size=size).to_image()


@pytest.fixture(scope="module")
def crowd() -> list[Fingerprint]:
    return [of(phantom(seed)) for seed in range(40)]


def _window(image: Image.Image) -> Image.Image:
    return image.point(lambda value: min(255, max(0, round((value - 30) * 1.4))))


def _annotate(image: Image.Image) -> Image.Image:
    marked = image.copy()
    pen = ImageDraw.Draw(marked)
    pen.text((90, 235), "day 4", fill=255)
    pen.line((200, 20, 230, 20), fill=255, width=4)
    return marked


def _crop(image: Image.Image) -> Image.Image:
    return image.crop((8, 6, 248, 236))


CHANGES: list[Callable[[Image.Image], Image.Image]] = [
    lambda image: image.resize((150, 150)),
    lambda image: image.resize((256, 230)),
    _window,
    _annotate,
    _crop,
    lambda image: _annotate(_window(_crop(image))),
    lambda image: ImageOps.expand(image, 12),
]


def test_different_people_are_different_films(crowd: list[Fingerprint]) -> None:
    assert find_near_duplicates(crowd) == []


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("seed", [3, 8, 21])
def test_a_changed_copy_is_found_in_a_crowd(
    crowd: list[Fingerprint], change: Callable[[Image.Image], Image.Image], seed: int
) -> None:
    pairs = find_near_duplicates([*crowd, of(change(phantom(seed)), "JPEG", quality=80)])
    assert [(pair.first, pair.second) for pair in pairs] == [(seed, 40)]
    assert pairs[0].likeness > 0.82


def test_the_same_bytes_are_the_same_film(crowd: list[Fingerprint]) -> None:
    (pair,) = find_near_duplicates([crowd[5], crowd[6], crowd[5]])
    assert (pair.first, pair.second, pair.likeness) == (0, 2, 1.0)


def test_the_order_makes_no_difference() -> None:
    films = [of(phantom(1)), of(_crop(phantom(1))), of(phantom(2)), of(_window(phantom(2)))]
    forward = find_near_duplicates(films)
    backward = find_near_duplicates(films[::-1])
    assert [(pair.first, pair.second) for pair in forward] == [(0, 1), (2, 3)]
    assert sorted(pair.likeness for pair in forward) == sorted(pair.likeness for pair in backward)


def test_threads_make_no_difference(crowd: list[Fingerprint]) -> None:
    films = [*crowd[:10], of(_crop(phantom(4)))]
    assert find_near_duplicates(films, threads=1) == find_near_duplicates(films, threads=3)


def test_nothing_to_compare(crowd: list[Fingerprint]) -> None:
    assert find_near_duplicates([]) == []
    assert find_near_duplicates(crowd[:1]) == []


def test_blank_films_do_no_harm() -> None:
    blank = [of(Image.new("L", (100, 100), value)) for value in (0, 0, 255)]
    # The same bytes are the same film, even when there is nothing on it.
    assert [(pair.first, pair.second) for pair in find_near_duplicates(blank)] in ([], [(0, 1)])


def test_progress_counts_every_film(crowd: list[Fingerprint]) -> None:
    seen: list[int] = []
    find_near_duplicates(crowd, progress=seen.append)
    assert sum(seen) == len(crowd)


def test_a_fingerprint_is_small_and_fixed() -> None:
    film = of(phantom(9))
    assert film.thumbnail.shape == (128, 128)
    assert film.thumbnail.dtype == np.uint8
    assert len(film.phash_hex) == 16
    assert int(film.phash_hex, 16) == film.phash == of(phantom(9)).phash
