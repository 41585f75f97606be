"""The layout of codestreams, and what their bytes tell without being decoded."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

import films
from covid_d.radiograph.readers import openjpeg
from covid_d.radiograph.readers.tile_parts import Layout, layout

GREY = films.grey8(size=256)
NOISY = np.random.default_rng(4).integers(0, 4096, (300, 320), dtype=np.uint16)


def coded(samples: np.ndarray[Any, Any] = NOISY, **options: Any) -> bytes:
    options = {"no_jp2": True, "irreversible": False} | options
    return films.picture(samples, "JPEG2000", **options)


def body_of(stream: bytes, at: int = 0) -> tuple[int, int]:
    return layout(stream).bodies[at]


def overwritten(stream: bytes, at: int, by: bytes) -> Layout:
    changed = bytearray(stream)
    changed[at : at + len(by)] = by
    return layout(bytes(changed))


@pytest.mark.parametrize("resolutions", [1, 3, 6])
def test_levels_are_one_fewer_than_resolutions(resolutions: int) -> None:
    assert layout(coded(num_resolutions=resolutions)).levels == resolutions - 1


def test_the_fewest_levels_of_any_component_count() -> None:
    """A COC states another number for one component (ISO/IEC 15444-1, A.6.2)."""
    stream = coded(num_resolutions=5)
    cod = stream.index(b"\xff\x52")
    (length,) = struct.unpack_from(">H", stream, cod + 2)
    style = stream[cod + 10 : cod + 14]  # block's width and height, style, transform
    coc = b"\xff\x53" + struct.pack(">HBBB", 9, 0, 0, 2) + style
    both = stream[: cod + 2 + length] + coc + stream[cod + 2 + length :]
    assert layout(stream).levels == 4
    assert layout(both).levels == 2


def test_bodies_lie_between_the_start_of_data_and_the_next_marker() -> None:
    stream = coded()
    start = stream.index(b"\xff\x93") + 2
    assert layout(stream).bodies == ((start, len(stream) - 2),)
    assert stream[-2:] == b"\xff\xd9"
    tiled = coded(tile_size=(128, 128))
    bodies = layout(tiled).bodies
    assert len(bodies) == 9
    for first, last in bodies:
        assert tiled[first - 2 : first] == b"\xff\x93"
        assert tiled[last : last + 2] in (b"\xff\x90", b"\xff\xd9")


@pytest.mark.parametrize("no_jp2", [True, False])
def test_a_sound_stream_looks_coded(no_jp2: bool) -> None:
    for samples in (GREY, NOISY, films.grey16(bits=12, size=256), np.zeros_like(GREY)):
        for options in ({}, {"irreversible": True, "quality_layers": [30]}):
            found = layout(coded(samples, no_jp2=no_jp2, **options))
            assert found.looks_coded()
            assert found.plain
            assert found.closed
            assert not found.delimited


def test_a_last_tile_part_of_open_length_ends_with_the_stream() -> None:
    stream = bytearray(coded())
    struct.pack_into(">I", stream, stream.index(b"\xff\x90") + 6, 0)
    sound = layout(bytes(stream))
    assert sound.bodies == layout(coded()).bodies
    assert sound.looks_coded()
    padded = layout(bytes(stream) + b"\0")  # DICOM fills up to an even length
    assert padded.bodies == sound.bodies
    cut = layout(bytes(stream[:-400]))
    assert not cut.closed
    assert not cut.looks_coded()


@pytest.mark.parametrize("seed", range(12))
def test_what_overwrites_some_kilobytes_is_told(seed: int) -> None:
    """In a byte after FF more than 8F is a marker: of 4096 bytes by chance 7 such pairs stand."""
    stream, rng = coded(), np.random.default_rng(seed)
    first, last = body_of(stream)
    at = int(rng.integers(first, last - 4096))
    assert not overwritten(stream, at, rng.bytes(4096)).looks_coded()


@pytest.mark.parametrize("byte", [0, 0x20, 0x7F, 0xFF])
def test_a_sector_of_one_byte_is_told(byte: int) -> None:
    stream = coded()
    first, last = body_of(stream)
    for at in (first, (first + last) // 2, last - 512):
        assert not overwritten(stream, at, bytes([byte]) * 512).looks_coded()


def test_fewer_equal_bytes_may_be_coded() -> None:
    stream = coded()
    middle = sum(body_of(stream)) // 2
    assert overwritten(stream, middle, bytes(100)).looks_coded()
    assert not overwritten(stream, middle, bytes(144)).looks_coded()


def test_a_bit_that_flips_is_not_told() -> None:
    """So a film is answered only by what does not come from such blocks, or with all checked."""
    stream = coded()
    middle = sum(body_of(stream)) // 2
    told = sum(
        not overwritten(stream, middle + at, bytes([stream[middle + at] ^ 4])).looks_coded()
        for at in range(200)
    )
    assert told < 20


def test_coded_data_does_not_end_with_ff() -> None:
    stream = coded()
    _, last = body_of(stream)
    assert not overwritten(stream, last - 1, b"\xff").looks_coded()


def test_markers_between_packets_are_borne_where_they_are_announced() -> None:
    """SOP is FF91 and EPH FF92, by two bits of COD's first byte (A.6.1, A.8)."""
    stream = bytearray(coded())
    middle = sum(body_of(bytes(stream))) // 2
    stream[middle : middle + 2] = b"\xff\x92"
    assert not layout(bytes(stream)).looks_coded()
    stream[stream.index(b"\xff\x52") + 4] |= 0x04
    announced = layout(bytes(stream))
    assert announced.delimited
    assert announced.looks_coded()
    stream[middle + 1] = 0xA0
    assert not layout(bytes(stream)).looks_coded()


def test_an_image_off_the_grids_origin_is_not_plain() -> None:
    stream = bytearray(coded())
    assert layout(bytes(stream)).plain
    struct.pack_into(">I", stream, stream.index(b"\xff\x51") + 14, 2)  # XOsiz (A.5.1)
    assert not layout(bytes(stream)).plain


def test_thinned_components_are_not_plain() -> None:
    stream = bytearray(coded())
    stream[stream.index(b"\xff\x51") + 41] = 2  # XRsiz (A.5.1)
    assert not layout(bytes(stream)).plain


def test_packet_headers_that_lie_elsewhere_are_not_plain() -> None:
    stream = coded()
    at = stream.index(b"\xff\x52")
    packed = stream[:at] + b"\xff\x60\x00\x03\x00" + stream[at:]
    assert not layout(packed).plain


def test_what_leads_nowhere_is_an_error() -> None:
    stream = bytearray(coded())
    with pytest.raises(ValueError, match="no JPEG 2000 codestream"):
        layout(b"\xff\xd8\xff\xe0")
    sot = stream.index(b"\xff\x90") + 6
    struct.pack_into(">I", stream, sot, struct.unpack_from(">I", stream, sot)[0] + 9)
    with pytest.raises(ValueError, match="end"):
        layout(bytes(stream))


def test_only_the_style_of_code_blocks_is_changed() -> None:
    stream = coded()
    marked = layout(stream).checkable
    at = stream.index(b"\xff\x52") + 12
    assert marked[:at] + stream[at : at + 1] + marked[at + 1 :] == stream
    assert marked[at] == stream[at] | 0x10
    np.testing.assert_array_equal(openjpeg.decode(marked)[0], NOISY)


@pytest.mark.parametrize("style", [0x01, 0x04, 0x05])
def test_blocks_that_end_by_rules_of_their_own_stay_as_they_are(style: int) -> None:
    stream = bytearray(coded())
    at = stream.index(b"\xff\x52") + 12
    stream[at] = style
    assert layout(bytes(stream)).checkable[at] == style
