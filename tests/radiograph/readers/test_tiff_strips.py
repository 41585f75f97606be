"""Strips of a TIFF: each must say as many bytes as it holds, by encoders written apart."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.readers.tiff_strips import require_sound_lzw, require_sound_strips

CLEAR, END = 256, 257
GREY = films.grey8(size=120)
DEEP = films.grey16(size=120)


def packed(codes: list[tuple[int, int]]) -> bytes:
    """Return codes, each with its width in bits, most significant bit first."""
    bits = "".join(f"{code:0{width}b}" for code, width in codes)
    bits += "0" * (-len(bits) % 8)
    return int(bits or "0", 2).to_bytes(len(bits) // 8, "big")


def lzw(data: bytes, *, end: bool = True, full: int = 4094) -> bytes:
    """Return bytes as LZW codes, written from TIFF 6.0, section 13, its pseudocode line by line."""
    codes = [(CLEAR, 9)]
    table = {bytes([value]): value for value in range(256)}
    following, omega = 258, b""

    def width() -> int:
        return 9 if following < 512 else 10 if following < 1024 else 11 if following < 2048 else 12

    for value in data:
        longer = omega + bytes([value])
        if longer in table:
            omega = longer
            continue
        codes.append((table[omega], width()))
        table[longer] = following
        following += 1
        omega = bytes([value])
        if following == full:
            codes.append((CLEAR, width()))
            table = {bytes([each]): each for each in range(256)}
            following = 258
    if omega:
        codes.append((table[omega], width()))
        following += 1
    if end:
        codes.append((END, width()))
    return packed(codes)


def noise(size: int, *, seed: int = 4) -> bytes:
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8).tobytes()


DATA = {
    "nothing": b"",
    "one byte": b"\x07",
    "a run": b"\x07" * 30_000,
    "two in turn": b"\x07\x09" * 9_000,
    "a film": GREY.tobytes(),
    "a deep film": DEEP.tobytes(),
    "noise": noise(20_000),
    "just to 10 bits": noise(254),
    "one more": noise(255),
}


@pytest.mark.parametrize("end", [True, False])
@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
def test_codes_written_by_the_standard_are_sound(data: bytes, end: bool) -> None:
    require_sound_lzw(lzw(data, end=end), size=len(data))


@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
@pytest.mark.parametrize("off", [-300, -1, 1, 300])
def test_another_number_of_bytes_is_not(data: bytes, off: int) -> None:
    if len(data) + off < 0:
        off = len(data) + 1
    with pytest.raises(ValueError, match=rf"codes make \d+ of {len(data) + off} bytes"):
        require_sound_lzw(lzw(data), size=len(data) + off)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=30), max_size=40), st.integers(0, 3))
def test_whatever_is_coded_is_sound(parts: list[bytes], repeats: int) -> None:
    data = b"".join(parts) * (1 + repeats)
    require_sound_lzw(lzw(data), size=len(data))


def test_a_writer_may_keep_a_table_shorter() -> None:
    data = GREY.tobytes()
    require_sound_lzw(lzw(data, full=3000), size=len(data))


def test_codes_behind_the_end_are_too_many() -> None:
    data = noise(3000)
    with pytest.raises(ValueError, match="make 3000 of 2000"):
        require_sound_lzw(lzw(data), size=2000)
    require_sound_lzw(lzw(data) + b"\0", size=3000)  # filled up to an even length


@pytest.mark.parametrize("code", [258, 400, 511])
def test_a_string_that_is_not_there_yet_is_damage(code: int) -> None:
    with pytest.raises(ValueError, match="not there yet"):
        require_sound_lzw(packed([(CLEAR, 9), (code, 9), (END, 9)]), size=10)


def test_a_string_may_be_used_as_soon_as_it_comes() -> None:
    """The code after one that is not yet complete: `aaa` is 97, then 258, which is `aa`."""
    require_sound_lzw(packed([(CLEAR, 9), (97, 9), (258, 9), (END, 9)]), size=3)


@pytest.mark.parametrize("codes", [[(CLEAR, 9)], [(CLEAR, 9), (65, 9)]])
def test_tables_without_end_take_no_time(codes: list[tuple[int, int]]) -> None:
    hostile = packed(codes * 8) * 200_000
    start = time.process_time()
    with pytest.raises(ValueError, match="every 2000 bytes"):
        require_sound_lzw(hostile, size=4_000_000)
    assert time.process_time() - start < 5


def written(samples: np.ndarray, compression: str, **options: object) -> bytes:
    stream = BytesIO()
    Image.fromarray(samples).save(stream, "TIFF", compression=compression, **options)
    return stream.getvalue()


def require_sound(data: bytes) -> None:
    with Image.open(BytesIO(data)) as picture:
        assert isinstance(picture, TiffImagePlugin.TiffImageFile)
        require_sound_strips(picture, data)


CODINGS = ["tiff_lzw", "packbits", "tiff_adobe_deflate", "tiff_deflate"]


@pytest.mark.parametrize("coding", ["raw", "jpeg", *CODINGS])
@pytest.mark.parametrize("strip", [500, 1 << 20])
def test_what_pillow_writes_is_sound(coding: str, strip: int) -> None:
    colour = np.dstack([GREY] * 3)
    for samples in (GREY, colour) if coding == "jpeg" else (GREY, DEEP, colour):
        require_sound(written(samples, coding, strip_size=strip))


@pytest.mark.parametrize("coding", ["tiff_lzw", "tiff_adobe_deflate"])
def test_differences_are_sound_too(coding: str) -> None:
    """Predictor 2: what is coded are differences, as many bytes."""
    data = written(DEEP, coding, tiffinfo={317: 2})
    require_sound(data)
    np.testing.assert_allclose(films.whole(data), DEEP / np.float32(65535), atol=1e-6)


def tiff(tags: dict[int, int | list[int]], parts: list[bytes]) -> bytes:
    """Return a TIFF by hand: its parts, then its directory, then what does not fit into that."""
    starts: list[int] = np.cumsum([8, *(len(part) for part in parts)]).tolist()
    tiled = 322 in tags
    tags = {**tags, (324 if tiled else 273): starts[:-1]}
    tags[325 if tiled else 279] = [len(part) for part in parts]
    at = starts[-1] + 2 + 12 * len(tags) + 4
    table, lists = len(tags).to_bytes(2, "little"), b""
    for tag, value in sorted(tags.items()):
        values = value if isinstance(value, list) else [value]
        told = b"".join(each.to_bytes(4, "little") for each in values)
        if len(values) > 1:
            told, lists = (at + len(lists)).to_bytes(4, "little"), lists + told
        table += tag.to_bytes(2, "little") + b"\4\0" + len(values).to_bytes(4, "little") + told
    return b"II*\0" + starts[-1].to_bytes(4, "little") + b"".join(parts) + table + bytes(4) + lists


PLAIN: dict[int, int | list[int]] = {256: 120, 257: 120, 258: 8, 262: 1, 277: 1}
CODERS: dict[int, Callable[[bytes], bytes]] = {1: bytes, 5: lzw, 8: zlib.compress}


@pytest.mark.parametrize("compression", CODERS)
def test_strips_of_unequal_height(compression: int) -> None:
    """The last of them is shorter: 50, 50 and 20 rows."""
    code = CODERS[compression]
    parts = [code(GREY[top : top + 50].tobytes()) for top in (0, 50, 100)]
    data = tiff({**PLAIN, 259: compression, 278: 50}, parts)
    require_sound(data)
    np.testing.assert_allclose(films.whole(data), GREY / np.float32(255), atol=1e-6)


@pytest.mark.parametrize("compression", CODERS)
def test_tiles_are_all_of_one_size(compression: int) -> None:
    """Those at the edges are filled up: 4 tiles of 64 x 64 for 120 x 120."""
    code = CODERS[compression]
    whole = np.zeros((128, 128), np.uint8)
    whole[:120, :120] = GREY
    corners = [(top, left) for top in (0, 64) for left in (0, 64)]
    parts = [code(whole[top : top + 64, left : left + 64].tobytes()) for top, left in corners]
    data = tiff({**PLAIN, 259: compression, 322: 64, 323: 64}, parts)
    require_sound(data)
    np.testing.assert_allclose(films.whole(data), GREY / np.float32(255), atol=1e-6)
    short = tiff({**PLAIN, 259: compression, 322: 64, 323: 64}, [*parts[:3], code(b"\7" * 99)])
    if compression != 1:
        with pytest.raises(ValueError, match="bytes"):
            require_sound(short)


@pytest.mark.parametrize("compression", [5, 8])
def test_planes_have_strips_of_their_own(compression: int) -> None:
    code = CODERS[compression]
    plane = [code(GREY[:70].tobytes()), code(GREY[70:].tobytes())]
    tags = {**PLAIN, 258: [8, 8, 8], 259: compression, 262: 2, 277: 3, 278: 70, 284: 2}
    require_sound(tiff(tags, plane * 3))
    with pytest.raises(ValueError, match="bytes"):
        require_sound(tiff(tags, [*plane * 2, *plane[::-1]]))


@pytest.mark.parametrize("samples", [GREY, DEEP], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize("coding", CODINGS)
def test_what_no_longer_shows_the_film_is_refused(coding: str, samples: np.ndarray) -> None:
    """A bit turned anywhere in the strips: read as it was (nearly), or refused as damaged."""
    data = written(samples, coding, strip_size=4000)
    with Image.open(BytesIO(data)) as picture:
        starts, sizes = picture.tag_v2[273], picture.tag_v2[279]  # type: ignore[attr-defined]
    sound, refused = films.whole(data), 0
    rng = np.random.default_rng(7)
    for _ in range(150):
        strip = rng.integers(len(starts))
        at = int(starts[strip] + rng.integers(sizes[strip]))
        damaged = bytearray(data)
        damaged[at] ^= 1 << int(rng.integers(8))
        try:
            shown = films.whole(bytes(damaged))
        except (ValueError, zlib.error):
            with pytest.raises(RadiographError) as error:
                read(bytes(damaged))
            assert error.value.refusal.code is RefusalCode.TRUNCATED
            refused += 1
            continue
        assert (np.abs(shown - sound) > 0.006).mean() < 0.02
    assert refused > 0


@pytest.mark.parametrize("coding", ["zstd", "lzma"])
def test_a_coding_of_which_damage_is_not_told_is_not_read(coding: str) -> None:
    with pytest.raises(RadiographError) as error:
        read(written(GREY, coding))
    assert error.value.refusal.code is RefusalCode.UNSUPPORTED
    assert f"TIFF {coding}" in str(error.value)


def test_deflate_must_end_where_its_bytes_do() -> None:
    good = zlib.compress(GREY.tobytes())
    tags = {**PLAIN, 259: 8, 278: 120}
    require_sound(tiff(tags, [good]))
    for bad in (good[:-3], good[:-4] + bytes(4), good + b"more"):
        with pytest.raises((ValueError, zlib.error)):
            require_sound(tiff(tags, [bad]))
    with pytest.raises(ValueError, match=r"120 x 120 bytes has 14280"):
        require_sound(tiff(tags, [zlib.compress(GREY[1:].tobytes())]))


def test_rows_of_nothing_are_no_strips() -> None:
    with pytest.raises(RadiographError):
        read(tiff({**PLAIN, 259: 5, 278: 0}, [lzw(GREY.tobytes())]))
