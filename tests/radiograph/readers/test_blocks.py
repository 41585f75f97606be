"""Blocks of a JPEG that go on at another level: refused, where the decoder finds nothing wrong."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pydicom.uid import JPEGBaseline8Bit

import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.readers.blocks import require_level
from covid_d.radiograph.readers.codestream import Codestream
from covid_d.radiograph.readers.picture import upright
from covid_d.radiograph.readers.sound import require_sound_jpeg
from slipped_films import SIDE, coded, film, moved, slipped

Grey = npt.NDArray[np.uint8]
GREY, COLOUR = (8, 8), (16, 16)
SAVED: dict[str, dict[str, Any]] = {
    "grey": {},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 1},
    "4:2:0": {"subsampling": "4:2:0"},
    "4:2:0, restarts": {"subsampling": "4:2:0", "restart_marker_blocks": 5},
    "4:4:4": {"subsampling": "4:4:4"},
    "4:4:4, restarts": {"subsampling": "4:4:4", "restart_marker_rows": 1},
}


def slips(samples: Grey, unit: tuple[int, int] = GREY, step: int = 1) -> bool:
    try:
        require_level(samples, unit, step)
    except ValueError:
        return True
    return False


@cache
def smooth() -> tuple[Image.Image, ...]:
    """Return films that darken and brighten from row to row, with next to no grain."""
    rows, columns = np.indices((256, 256))
    made = [np.rint(draw_phantom(seed, size=128).pixels * 255) for seed in (1, 2)]
    for seed in range(1, 5):
        rng = np.random.default_rng(seed)
        waves = 100 * rng.uniform(0.2, 1) * np.sin(rows / rng.uniform(5, 60))
        made.append(127 + waves + 25 * np.cos(columns / 30) + rng.normal(0, 0.8, rows.shape))
    return tuple(Image.fromarray(np.clip(each, 0, 255).astype(np.uint8)) for each in made)


def look_at(data: bytes) -> None:
    """Look at a sound film as every reader does; it raises what it finds."""
    upright(data).load()


@pytest.mark.parametrize("unit", [GREY, COLOUR, (8, 16)])
@pytest.mark.parametrize("levels", [-40, -8, 8, 40])
@pytest.mark.parametrize(("row", "column"), [(1, 0), (1, 9), (2, 5), (6, 14), (13, 3)])
def test_blocks_that_move_are_seen(
    unit: tuple[int, int], levels: int, row: int, column: int
) -> None:
    assert slips(moved(film(), unit, row, column, levels), unit)


def test_it_is_told_where_they_begin_to() -> None:
    with pytest.raises(ValueError, match=r"at another level, near row 24$"):
        require_level(moved(film(), GREY, 3, 0, 9), GREY, 1)


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_film_goes_on_at_its_level(seed: int) -> None:
    for quality in (50, 75, 90, 100):
        picture = Image.open(BytesIO(films.picture(film(seed), "JPEG", quality=quality)))
        assert not slips(np.asarray(picture))
        assert not slips(np.asarray(picture), COLOUR)


@pytest.mark.parametrize("quality", [5, 10, 20, 30, 50, 75, 90])
@pytest.mark.parametrize("options", SAVED.values(), ids=SAVED)
def test_a_smooth_film_is_sound_at_any_quality(quality: int, options: dict[str, Any]) -> None:
    """Its means are rounded so that blocks step by one amount or none from row to row."""
    for picture in smooth():
        kept = picture.convert("RGB") if "subsampling" in options else picture
        look_at(films.picture(kept, "JPEG", quality=quality, **options))


@pytest.mark.parametrize("quality", [10, 20, 30, 50, 75])
def test_so_it_is_when_it_is_saved_anew_at_a_high_one(quality: int) -> None:
    """Its table says nothing of the first time."""
    for picture in smooth():
        first = Image.open(BytesIO(films.picture(picture, "JPEG", quality=quality)))
        look_at(films.picture(first, "JPEG", quality=90))


@pytest.mark.parametrize("quality", [30, 50, 75])
def test_more_than_rounding_makes_is_damage_at_a_low_quality_too(quality: int) -> None:
    data = films.picture(film(), "JPEG", quality=quality)
    with Image.open(BytesIO(data)) as picture:
        samples, entry = np.asarray(picture), picture.quantization[0][0]  # type: ignore[attr-defined]
    level = entry / 8
    assert not slips(moved(samples, GREY, 9, 5, int(2.5 * level)), step=entry)
    assert slips(moved(samples, GREY, 9, 5, int(5 * level) + 1), step=entry)


def test_rounding_is_told_by_the_step_alone() -> None:
    """Six levels are damage where means are kept to half a level, rounding where to three."""
    six = moved(film(), GREY, 9, 5, 6)
    assert slips(six, step=4)
    assert not slips(six, step=24)


def test_blocks_that_step_so_everywhere_were_saved_coarsely_before() -> None:
    """One row stands out among calm neighbours; if others of the film do as much, it does not."""
    one = moved(film(), GREY, 9, 0, 6)
    assert slips(one)
    others = one.copy()
    for row in range(12, 60, 3):
        others = moved(others, GREY, row, 0, 6 if row % 2 else -6)
    assert not slips(others)


def test_one_level_is_no_damage() -> None:
    """Less than a level and a quarter could be a film's own."""
    assert not slips(moved(film(), GREY, 4, 7, 1))


@pytest.mark.parametrize("level", [0, 120, 255])
@pytest.mark.parametrize("rows", [8, 16, 64])
def test_a_margin_is_no_damage(level: int, rows: int) -> None:
    above = film()
    above[:rows] = level
    below = film()
    below[-rows:] = level
    assert not slips(above)
    assert not slips(below)


def test_neither_is_an_edge_of_another_kind() -> None:
    rows = np.arange(SIDE)[:, None]
    another = film(2)
    for at in (96, 240):
        collage = np.where(rows < at, film(), another).astype(np.uint8)
        over_lines = np.clip(film() + np.clip(rows - at + 2, 0, 4) * 5.0, 0, 255).astype(np.uint8)
        beside = np.clip(film() + 12.0 * (rows >= at + 3), 0, 255).astype(np.uint8)  # no boundary
        line = film()
        line[at] = 255
        for edge in (collage, over_lines, beside, line):
            assert not slips(edge)


def test_an_edge_over_half_of_the_width_is_none() -> None:
    half = film()
    half[240:, : SIDE // 2] = np.clip(half[240:, : SIDE // 2] + 20.0, 0, 255)
    assert not slips(half)


@pytest.mark.parametrize("shape", [(63, 512), (512, 127), (1, 1), (8, 512)])
def test_what_is_too_small_tells_nothing(shape: tuple[int, int]) -> None:
    assert not slips(moved(film(), GREY, 3, 5, 30)[: shape[0], : shape[1]])
    assert slips(moved(film(), GREY, 3, 5, 30)[:64, :128])


def test_the_lowest_rows_are_let_go_by() -> None:
    """Little is harmed there, and films have edges of many kinds."""
    assert slips(moved(film(), GREY, 58, 5, 30))
    assert not slips(moved(film(), GREY, 60, 5, 30))


def test_a_film_of_stripes_takes_no_longer() -> None:
    rows = np.arange(4000)[:, None] // 8 % 2
    stripes = np.tile(100 + 60 * rows, (1, 4000)).astype(np.uint8)
    began = perf_counter()
    assert not slips(stripes)
    assert perf_counter() - began < 2


def test_a_wide_film_is_looked_at_in_part() -> None:
    wide = np.asarray(Image.fromarray(film()).resize((1400, 1100), Image.Resampling.BICUBIC))
    rng = np.random.default_rng(4)
    noisy = np.clip(wide + rng.normal(0, 1, wide.shape), 0, 255).astype(np.uint8)
    assert not slips(noisy)
    assert slips(moved(noisy, GREY, 5, 77, 4))


@cache
def damaged(kind: str) -> bytes:
    """Return a JPEG of which one bit was turned, so that only its level differs from there on."""
    return slipped(kind)


@pytest.mark.parametrize("kind", ["grey", "progressive", "colour", "colour 4:4:4"])
def test_a_turned_bit_that_no_decoder_warns_of_is_damage(kind: str) -> None:
    data = damaged(kind)
    require_sound_jpeg(data, components=Codestream.of(data).components)  # it does not
    for look in (read, upright):
        with pytest.raises(RadiographError) as error:
            look(data)
        assert error.value.refusal.code is RefusalCode.TRUNCATED


def test_so_it_is_in_dicom() -> None:
    declared = films.dataset(film())
    sound, turned = (
        films.encapsulated(declared, stream, JPEGBaseline8Bit)
        for stream in (coded("grey"), damaged("grey"))
    )
    assert read(sound).pixels.shape[1] == SIDE
    with pytest.raises(RadiographError) as error:
        read(turned)
    assert error.value.refusal.code is RefusalCode.TRUNCATED


@pytest.mark.parametrize(
    ("kept", "unit"), [("4:4:4", (8, 8)), ("4:2:2", (8, 16)), ("4:2:0", (16, 16))]
)
def test_what_is_coded_together_is_told_by_the_frame_header(
    kept: str, unit: tuple[int, int]
) -> None:
    colour = Image.fromarray(film()).convert("RGB")
    assert Codestream.of(films.picture(colour, "JPEG", subsampling=kept)).unit == unit
    assert Codestream.of(films.picture(film(), "JPEG")).unit == (8, 8)
