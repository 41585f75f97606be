"""TIFF: its parts must lie where its directories say, and nothing behind them."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.readers.tiff import require_sound_tiff

GREY = films.grey8(size=120)
PIXELS = GREY.tobytes()


def classic(
    pixels: bytes = PIXELS, *, order: str = "<", strips: int = 1, behind: bool = False
) -> bytes:
    """Return a TIFF of 120 x 120 bytes by hand (TIFF 6.0): directory before or behind them."""
    rows = 120 // strips
    numbers = {256: 120, 257: 120, 258: 8, 259: 1, 262: 1, 277: 1, 278: rows}
    entries = 2 + len(numbers)
    size = 2 + 12 * entries + 4
    start = 8 if behind else 8 + size + 8 * strips
    directory = 8 + len(pixels) if behind else 8
    arrays = directory + size
    offsets = [start + at * rows * 120 for at in range(strips)]
    lists = {273: offsets, 279: [rows * 120] * strips}
    packed, outside = b"", b""
    for tag in sorted([*numbers, *lists]):
        values = lists.get(tag, [numbers.get(tag, 0)])
        if len(values) > 1:
            where = arrays + len(outside)
            outside += struct.pack(f"{order}{len(values)}I", *values)
        else:
            where = values[0]
        packed += struct.pack(order + "HHII", tag, 4, len(values), where)
    table = struct.pack(order + "H", entries) + packed + bytes(4)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", directory)
    if behind:
        return head + pixels + table + outside
    return head + table + outside.ljust(8 * strips, b"\0") + pixels


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("strips", [1, 3])
@pytest.mark.parametrize("behind", [False, True])
def test_a_tiff_written_by_hand_is_sound(order: str, strips: int, behind: bool) -> None:
    data = classic(order=order, strips=strips, behind=behind)
    require_sound_tiff(data)
    np.testing.assert_allclose(films.whole(data), GREY / np.float32(255), atol=1e-6)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "jpeg"])
@pytest.mark.parametrize("big", [False, True])
def test_what_pillow_writes_is_sound(compression: str | None, big: bool) -> None:
    stream = BytesIO()
    with_resolution = TiffImagePlugin.ImageFileDirectory_v2()
    with_resolution[270] = "a film of the chest, described in more words than fit into an entry"
    Image.fromarray(GREY).save(
        stream,
        "TIFF",
        compression=compression,
        big_tiff=big,
        tiffinfo=with_resolution,
        dpi=(72, 72),
    )
    require_sound_tiff(stream.getvalue())


def test_a_directory_of_a_directory_behind_the_pixels_is_no_damage() -> None:
    """EXIF: tag 34665 leads to a directory of its own, here with a comment that lies apart."""
    plain = classic()
    pointed = bytearray(plain)
    at = 10 + 12 * 6  # the entry of 277, samples a pixel, of which one is the default
    assert struct.unpack_from("<H", pointed, at) == (277,)
    order = sorted(
        [plain[10 + 12 * n : 22 + 12 * n] for n in range(9) if n != 6]
        + [struct.pack("<HHII", 34665, 4, 1, len(plain))],
        key=lambda entry: struct.unpack("<H", entry[:2]),
    )
    pointed[10 : 10 + 12 * 9] = b"".join(order)
    comment = b"a comment of the user, long enough to lie apart"
    entry = struct.pack("<HHHII", 1, 0x9286, 7, len(comment), len(plain) + 18)
    whole = bytes(pointed) + entry + bytes(4) + comment
    require_sound_tiff(whole)
    with pytest.raises(ValueError, match="4 bytes behind"):
        require_sound_tiff(whole + b"more")


@pytest.mark.parametrize("length", [1, 7, 200])
def test_bytes_that_slipped_in_push_others_out(length: int) -> None:
    data = classic()
    at = len(data) - 5000
    damaged = data[:at] + b"\x55" * length + data[at:]
    with pytest.raises(ValueError, match=f"{length} bytes behind"):
        require_sound_tiff(damaged)
    with pytest.raises(RadiographError) as error:
        read(damaged)
    assert error.value.refusal.code is RefusalCode.TRUNCATED


def test_zeros_may_fill_up() -> None:
    for block in (4, 512):
        require_sound_tiff(classic() + bytes(-len(classic()) % block))


@pytest.mark.parametrize("length", [3, 7, 200])
def test_black_that_is_pushed_out_is_no_filling(length: int) -> None:
    dark = GREY.copy()
    dark[-4:] = 0
    data = classic(dark.tobytes())
    at = len(data) - 9000
    with pytest.raises(ValueError, match=f"{length} bytes behind"):
        require_sound_tiff(data[:at] + b"\x55" * length + data[at:])


def test_missing_bytes_are_missed() -> None:
    data = classic()
    with pytest.raises(ValueError, match=f"refers to byte {len(data)}"):
        require_sound_tiff(data[:4000] + data[4100:])


def test_strips_do_not_share_bytes() -> None:
    data = bytearray(classic(strips=3))
    offsets = struct.unpack_from("<3I", data, 8 + 2 + 12 * 9 + 4)
    struct.pack_into("<I", data, 8 + 2 + 12 * 9 + 4 + 4, offsets[0] + 10)
    with pytest.raises(ValueError, match="overlap"):
        require_sound_tiff(bytes(data))


def test_directories_in_a_circle_are_read_once() -> None:
    data = bytearray(classic())
    struct.pack_into("<I", data, 8 + 2 + 12 * 9, 8)  # the next directory is this one
    require_sound_tiff(bytes(data))


def test_a_long_chain_of_directories_is_left_to_who_counts_pages() -> None:
    pages = 70_000
    chain = b"".join(
        struct.pack("<HHHIII", 1, 256, 4, 1, 120, 8 + 18 * (at + 1)) for at in range(pages)
    )
    require_sound_tiff(b"II*\0" + struct.pack("<I", 8) + chain + bytes(18) + b"more")


@pytest.mark.parametrize("data", [b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0+" + bytes(6)])
def test_what_leads_nowhere_is_damaged(data: bytes) -> None:
    with pytest.raises((struct.error, ValueError)):
        require_sound_tiff(data)
