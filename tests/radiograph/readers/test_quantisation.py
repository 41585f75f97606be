"""How coarsely a JPEG keeps the means of its blocks, as its tables say."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import films
from covid_d.radiograph import read
from covid_d.radiograph.readers.quantisation import mean_step
from quantised_films import apart, behind_frame, in_words, with_tables

WIDE = films.grey8(size=160, height=120)
SMALL = films.picture(films.grey8(size=32), "JPEG")
COLOUR = Image.fromarray(WIDE).convert("RGB")


@pytest.mark.parametrize(
    ("quality", "step"), [(5, 160), (10, 80), (30, 27), (50, 16), (75, 8), (90, 3), (100, 1)]
)
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}])
def test_it_is_the_first_entry_of_the_table(
    quality: int, step: int, options: dict[str, Any]
) -> None:
    """Entry 16 of the standard's example (ISO/IEC 10918-1 K.1), as libjpeg scales it."""
    assert mean_step(films.picture(WIDE, "JPEG", quality=quality, **options)) == step


@pytest.mark.parametrize("first", [2, 30])
@pytest.mark.parametrize("progressive", [False, True])
def test_of_several_tables_the_coarsest_counts(first: int, progressive: bool) -> None:
    data = with_tables(COLOUR, first, 11, progressive=progressive)
    with Image.open(BytesIO(data)) as picture:
        tables = picture.quantization  # type: ignore[attr-defined]
    assert [tables[number][0] for number in (0, 1)] == [first, 11]
    assert mean_step(data) == max(first, 11)


def test_a_table_that_no_component_uses_does_not_count() -> None:
    grey = films.picture(WIDE, "JPEG", quality=90)
    other = b"\xff\xdb\x00\x43\x03" + bytes([200] * 64)
    assert mean_step(grey[:2] + other + grey[2:]) == 3


def test_a_table_stated_twice_is_as_it_was_last_stated() -> None:
    grey = films.picture(WIDE, "JPEG", quality=90)
    before = b"\xff\xdb\x00\x43\x00" + bytes([200] * 64)
    assert mean_step(grey[:2] + before + grey[2:]) == 3


@pytest.mark.parametrize("kept", [apart, in_words, behind_frame])
@pytest.mark.parametrize("picture", [WIDE, COLOUR], ids=["grey", "colour"])
def test_however_tables_are_written_they_say_the_same(kept: Any, picture: Any) -> None:
    """Of bytes or of words, in one segment or in several, before the frame header or behind."""
    usual = with_tables(picture, 7, 21)
    written = kept(usual)
    assert written != usual
    assert mean_step(written) == mean_step(usual) == (7 if picture is WIDE else 21)
    assert (read(written).pixels == read(usual).pixels).all()  # Pillow finds the same tables


def test_a_word_is_more_than_a_byte() -> None:
    data = in_words(with_tables(WIDE, 7))
    at = data.index(b"\xff\xdb") + 5
    assert mean_step(data[:at] + (300).to_bytes(2, "big") + data[at + 2 :]) == 300


@pytest.mark.parametrize("damaged", ["none", "zero", "another"])
def test_a_stream_without_a_table_is_damaged(damaged: str) -> None:
    data = films.picture(WIDE, "JPEG", quality=90)
    at = data.index(b"\xff\xdb")
    made = {
        "none": data[:at] + data[at + 69 :],
        "zero": data[: at + 5] + b"\0" + data[at + 6 :],
        "another": data[: at + 4] + b"\1" + data[at + 5 :],
    }
    with pytest.raises(ValueError, match="quantisation table"):
        mean_step(made[damaged])


@given(st.binary(max_size=80), st.integers(0, 200))
def test_any_bytes_are_a_step_or_damage(noise: bytes, at: int) -> None:
    try:
        step = mean_step(SMALL[:at] + noise + SMALL[at + len(noise) :])
    except ValueError:
        return
    assert 0 < step < 1 << 16
