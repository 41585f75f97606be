"""One film sought among many: its copies are found whatever was done to them, others are not."""

from __future__ import annotations

import io
import time
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageOps

from covid_d.likeness.detail import spectra_of
from covid_d.likeness.film_print import FilmPrint, likeness_to, may_be_copies, thumbnail
from covid_d.likeness.turned import Turns
from covid_d.radiograph import Facts, Radiograph, read
from covid_d.radiograph.phantom import draw_phantom

Change = Callable[[Image.Image], Image.Image]


def phantom(seed: int) -> Image.Image:
    return draw_phantom(seed, opacities=seed % 2 == 0, size=256).to_image()


def of(image: Image.Image, quality: int = 90) -> FilmPrint:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return FilmPrint.of(read(stream.getvalue()))


def turned(degrees: float) -> Change:
    return lambda image: image.rotate(degrees, Image.Resampling.BILINEAR)


CHANGES: dict[str, Change] = {
    "as it is": lambda image: image,
    "smaller": lambda image: image.resize((150, 150)),
    "cropped": lambda image: image.crop((8, 6, 248, 236)),
    "window": lambda image: image.point(lambda value: min(255, max(0, round(1.4 * value - 40)))),
    "mirrored": ImageOps.mirror,
    "inverted": ImageOps.invert,
    "by 90": turned(90),
    "by 180": turned(180),
    "by 270": turned(270),
    "by 7": turned(7),
    "by -7": turned(-7),
    "mirrored, by 10": lambda image: turned(10)(ImageOps.mirror(image)),
    "mirrored, by 90": lambda image: turned(90)(ImageOps.mirror(image)),
}


@pytest.fixture(scope="module")
def crowd() -> list[FilmPrint]:
    return [of(phantom(seed)) for seed in range(40)]


def _found(film: FilmPrint, others: list[FilmPrint]) -> dict[int, float]:
    places = may_be_copies(film, [other.index() for other in others])
    alike = likeness_to(film, [others[place] for place in places])
    return {place: value for place, value in zip(places, alike, strict=True) if value}


@pytest.mark.parametrize("way", CHANGES)
@pytest.mark.parametrize("seed", [3, 20])
def test_a_copy_is_found_in_a_crowd(crowd: list[FilmPrint], way: str, seed: int) -> None:
    found = _found(of(CHANGES[way](phantom(seed)), 80), crowd)
    assert list(found) == [seed]
    assert 0.82 <= found[seed] <= 1.001


@pytest.mark.parametrize("way", CHANGES)
def test_the_copy_may_have_come_first(way: str) -> None:
    copies = [of(CHANGES[way](phantom(seed))) for seed in (3, 8)]
    assert list(_found(of(phantom(3)), copies)) == [0]


def test_other_people_are_not_found(crowd: list[FilmPrint]) -> None:
    for seed in range(60, 80):
        assert _found(of(phantom(seed)), crowd) == {}
        assert _found(of(ImageOps.mirror(phantom(seed))), crowd) == {}


def test_nothing_to_compare_with(crowd: list[FilmPrint]) -> None:
    assert may_be_copies(crowd[0], []) == []
    assert likeness_to(crowd[0], []) == []


def test_a_flat_picture_is_like_nothing(crowd: list[FilmPrint]) -> None:
    flat = [FilmPrint(np.full((128, 128), value, dtype=np.uint8)) for value in (0, 90, 255)]
    assert _found(flat[1], [flat[0], flat[2], *crowd]) == {}


def test_it_is_kept_in_few_bytes_and_comes_back(crowd: list[FilmPrint]) -> None:
    packed = crowd[3].packed()
    assert len(packed) < 128 * 128
    assert np.array_equal(FilmPrint.unpacked(packed).thumbnail, crowd[3].thumbnail)
    assert len(crowd[3].index()) == 49 * 8 + 256 * 2
    assert FilmPrint.unpacked(packed).index() == crowd[3].index()


def test_what_was_reckoned_of_a_print_is_not_reckoned_again(crowd: list[FilmPrint]) -> None:
    packed = crowd[7].packed()
    first = FilmPrint.unpacked(packed)
    assert FilmPrint.unpacked(bytes(bytearray(packed))) is first, "known by its bytes"
    assert first.turns is first.turns
    assert np.array_equal(first.spectrum, spectra_of([crowd[7].picture, crowd[8].picture], 1)[0])
    places = first.turns.may_be(np.stack([film.coarse for film in crowd]))
    assert (
        places.tolist()
        == Turns(crowd[7].picture).may_be(np.stack([f.coarse for f in crowd])).tolist()
    )
    assert 7 in places


@pytest.mark.parametrize(
    "wrong", [b"", b"no zlib", zlib.compress(bytes(100)), zlib.compress(bytes(128 * 128 + 1))]
)
def test_what_is_no_look(wrong: bytes) -> None:
    with pytest.raises((ValueError, zlib.error)):
        FilmPrint.unpacked(wrong)


@pytest.mark.parametrize("values", [np.zeros((64, 64), np.uint8), np.zeros((128, 128), np.float32)])
def test_a_thumbnail_of_another_kind(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match="thumbnail"):
        FilmPrint(values)


def test_the_thumbnail_is_the_whole_film_whatever_its_shape() -> None:
    pixels = np.ascontiguousarray(draw_phantom(2, size=300).pixels[:, 40:260])
    cut = Radiograph(pixels, Facts("PNG", "0" * 64, 8))
    small = thumbnail(cut)
    assert small.shape == (128, 128)
    # Means of what lies under a pixel: the whole's mean is the film's.
    assert small.mean() == pytest.approx(255 * float(cut.pixels.mean()), abs=1.0)


def test_one_among_twenty_thousand_takes_a_moment(crowd: list[FilmPrint]) -> None:
    noise = np.random.default_rng(0)
    rows = []
    for _ in range(20_000):
        coarse = noise.normal(0, 1 / 16, 256).astype("<f2").tobytes()
        rows.append(noise.integers(0, 2**64, 49, dtype=np.uint64).astype("<u8").tobytes() + coarse)
    rows[777] = crowd[5].index()
    start = time.process_time()
    assert 777 in may_be_copies(crowd[5], rows)
    assert time.process_time() - start < 5  # about 0.1 s
