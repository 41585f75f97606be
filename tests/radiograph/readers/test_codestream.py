"""Frame headers of compressed streams, read without decoding."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.readers.codestream import MOST_SEGMENTS, Codestream, Coding

WIDE = films.grey8(size=160, height=120)


def test_jpeg_baseline_and_progressive() -> None:
    for options in ({}, {"progressive": True}, {"restart_marker_blocks": 3}):
        stream = Codestream.of(films.picture(WIDE, "JPEG", **options))
        assert stream == Codestream(120, 160, 1, 8, Coding.DCT)
    colour = Image.fromarray(WIDE).convert("RGB")
    assert Codestream.of(films.picture(colour, "JPEG")).components == 3


@pytest.mark.parametrize("no_jp2", [True, False])
def test_jpeg_2000_with_and_without_boxes(no_jp2: bool) -> None:
    stream = Codestream.of(films.picture(WIDE, "JPEG2000", no_jp2=no_jp2))
    assert stream == Codestream(120, 160, 1, 8, Coding.JPEG_2000)
    deep = Codestream.of(films.picture(films.grey16(), "JPEG2000", no_jp2=no_jp2))
    assert deep.precision == 16


@pytest.mark.parametrize(
    ("marker", "coding"),
    [(0xC0, Coding.DCT), (0xC3, Coding.LOSSLESS), (0xF7, Coding.JPEG_LS), (0xC2, Coding.DCT)],
)
def test_codings_are_told_by_the_frame_marker(marker: int, coding: Coding) -> None:
    frame = struct.pack(">BBHBHHB", 0xFF, marker, 11, 12, 300, 400, 1) + bytes(10)
    comment = b"\xff\xfe\x00\x06abcd"
    stream = Codestream.of(b"\xff\xd8" + comment + b"\xff" + frame)  # with a fill byte
    assert stream == Codestream(300, 400, 1, 12, coding)


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xd9" + bytes(20),
        b"\xff\xd8\xff\xda" + bytes(20),
        b"\xff\xd8\xff\xe0\x00\x00" + bytes(20),
        b"\xff\xd8abc" + bytes(20),
        b"\xff\x4f\xff\x51\x00\x29",
        b"\x00" * 100,
    ],
)
def test_streams_without_a_frame_header(stream: bytes) -> None:
    with pytest.raises(ValueError, match="JPEG"):
        Codestream.of(stream)


@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8", b"\xff\x4f\xff\x51"]))
def test_any_bytes_give_a_header_or_a_value_error(data: bytes, start: bytes) -> None:
    try:
        stream = Codestream.of(start + data)
    except ValueError:
        return
    assert stream.coding in Coding


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("behind", [b"", b"\xff\xc0", b"\xff\xda"])
@pytest.mark.parametrize("piece", [b"\xff", b"\xff\x01", b"\xff\xfe\0\2", b"\xff\xdb\0\2"])
def test_far_more_markers_than_any_film_has_are_refused(
    piece: bytes, behind: bytes, colour: bool
) -> None:
    """Pillow takes each fill byte and segment by itself: 20 MB took 12 s."""
    sound = films.picture(Image.fromarray(WIDE).convert("RGB" if colour else "L"), "JPEG")
    at = sound.index(behind) if behind else 2
    assert read(sound[:at] + b"\xff\xfe\0\2" * 900 + sound[at:]).pixels.size
    bomb = sound[:at] + piece * (MOST_SEGMENTS + 1) + sound[at:]
    with pytest.raises(RadiographError) as error:
        read(bomb)
    assert error.value.refusal.code is RefusalCode.TOO_LARGE
