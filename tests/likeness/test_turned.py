"""Copies that programs make when they augment a folder of films."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageOps

from covid_d.dataset.duplicates import Fingerprint, Pair, find_near_duplicates, fingerprint
from covid_d.radiograph import read
from covid_d.radiograph.phantom import draw_phantom


def of(image: Image.Image, kind: str = "PNG", **options: int) -> Fingerprint:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return fingerprint(read(stream.getvalue()))


def phantom(seed: int) -> Image.Image:
    return draw_phantom(seed, opacities=seed % 2 == 0, size=256).to_image()


def turned(degrees: float) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.rotate(degrees, Image.Resampling.BILINEAR)


WAYS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "mirrored": ImageOps.mirror,
    "upside down": ImageOps.flip,
    "inverted": ImageOps.invert,
    "by 5": turned(5),
    "by -5": turned(-5),
    "by 10": turned(10),
    "by -7": turned(-7),
    "by 90": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "by 180": lambda image: image.transpose(Image.Transpose.ROTATE_180),
    "by 270": lambda image: image.transpose(Image.Transpose.ROTATE_270),
    "transposed": lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    "mirrored, by 10": lambda image: turned(10)(ImageOps.mirror(image)),
    "mirrored, inverted": lambda image: ImageOps.invert(ImageOps.mirror(image)),
    "inverted, by -10": lambda image: turned(-10)(ImageOps.invert(image)),
    "by 10 on white": lambda image: image.rotate(10, Image.Resampling.BILINEAR, fillcolor=255),
}


@pytest.fixture(scope="module")
def crowd() -> list[Fingerprint]:
    return [of(phantom(seed)) for seed in range(60)]


@pytest.mark.parametrize("way", sorted(WAYS))
def test_an_augmented_copy_is_found_among_others(crowd: list[Fingerprint], way: str) -> None:
    copies = [of(WAYS[way](phantom(seed)), "JPEG", quality=90) for seed in (3, 20)]
    pairs = find_near_duplicates([*crowd, *copies])
    assert [(pair.first, pair.second) for pair in pairs] == [(3, 60), (20, 61)]
    assert all(pair.likeness > 0.9 for pair in pairs)


@pytest.mark.parametrize("way", ["by 10", "by 90", "mirrored, by 10"])
def test_the_copy_may_come_first(way: str) -> None:
    films = [of(WAYS[way](phantom(3))), of(phantom(3))]
    assert [(pair.first, pair.second) for pair in find_near_duplicates(films)] == [(0, 1)]


def test_different_people_stay_different(crowd: list[Fingerprint]) -> None:
    mirrored = [of(ImageOps.mirror(phantom(seed))) for seed in range(60, 90)]
    assert find_near_duplicates([*crowd, *mirrored]) == []


def test_a_flat_picture_is_like_nothing() -> None:
    flat = [of(Image.new("L", (256, 256), 90)), of(Image.new("L", (256, 256), 200))]
    assert find_near_duplicates([*flat, of(phantom(1))]) == []


def test_a_plain_copy_is_told_once_with_its_own_likeness() -> None:
    film = phantom(5)
    pairs = find_near_duplicates([of(film), of(film, "JPEG", quality=92)])
    assert pairs == [Pair(0, 1, pairs[0].likeness)]
    assert pairs[0].likeness > 0.97


def test_many_films_are_compared_in_a_moment() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (600, 16, 16), dtype=np.uint8)
    films = [
        Fingerprint(
            str(at),
            0,
            np.asarray(Image.fromarray(small).resize((128, 128), Image.Resampling.BICUBIC)),
            np.full(49, at, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15),
        )
        for at, small in enumerate(noise)
    ]
    start = time.process_time()
    assert find_near_duplicates(films) == []
    assert time.process_time() - start < 20  # about 2 s; a comparison pair by pair takes minutes
