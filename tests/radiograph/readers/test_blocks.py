"""Blocks of a JPEG that go on at another level: refused, where the decoder finds nothing wrong."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from time import perf_counter

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pydicom.uid import JPEGBaseline8Bit

import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.readers.blocks import require_level
from covid_d.radiograph.readers.codestream import Codestream
from covid_d.radiograph.readers.picture import upright
from covid_d.radiograph.readers.sound import require_sound_jpeg
from slipped_films import SIDE, coded, film, moved, slipped

Grey = npt.NDArray[np.uint8]
GREY, COLOUR = (8, 8), (16, 16)


def slips(samples: Grey, unit: tuple[int, int] = GREY) -> bool:
    try:
        require_level(samples, unit)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("unit", [GREY, COLOUR, (8, 16)])
@pytest.mark.parametrize("levels", [-40, -8, 8, 40])
@pytest.mark.parametrize(("row", "column"), [(1, 0), (1, 9), (2, 5), (6, 14), (13, 3)])
def test_blocks_that_move_are_seen(
    unit: tuple[int, int], levels: int, row: int, column: int
) -> None:
    assert slips(moved(film(), unit, row, column, levels), unit)


def test_it_is_told_where_they_begin_to() -> None:
    with pytest.raises(ValueError, match=r"at another level, near row 24$"):
        require_level(moved(film(), GREY, 3, 0, 9), GREY)


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_film_goes_on_at_its_level(seed: int) -> None:
    for quality in (50, 75, 90, 100):
        picture = Image.open(BytesIO(films.picture(film(seed), "JPEG", quality=quality)))
        assert not slips(np.asarray(picture))
        assert not slips(np.asarray(picture), COLOUR)


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
