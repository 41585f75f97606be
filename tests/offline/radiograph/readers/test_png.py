"""PNG on the offline page: every depth, colour and chunk as Python reads it, or refused."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import films
import hostile
from offline_films import NOT_HERE, by_page, by_python, differences
from png_files import SIGNATURE, chunk, png

pytestmark = pytest.mark.slow  # wants Node

GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6


def drawn(bits: int = 8, *, width: int = 131, height: int = 117) -> npt.NDArray[np.int64]:
    """Return a film in whole numbers of some bits; no width is a multiple of eight."""
    deep = films.grey16(size=160)[:height, :width].astype(np.int64)
    return deep >> (16 - bits)


def coloured(bits: int = 8, tint: int = 3) -> npt.NDArray[np.int64]:
    """Return a film of three channels that differ a little."""
    grey = drawn(bits)
    top = (1 << bits) - 1
    return np.clip(np.stack([grey, grey + tint, grey - tint], axis=-1), 0, top)


def alpha(shape: tuple[int, ...], bits: int = 8) -> npt.NDArray[np.int64]:
    """Return an alpha channel that rises from left to right."""
    rising = np.linspace(0, (1 << bits) - 1, shape[1]).astype(np.int64)
    return np.broadcast_to(rising, shape[:2])[..., None]


def palette(entries: int = 256) -> tuple[bytes, bytes]:
    """Return a palette of greys, slightly warm, as a chunk."""
    greys = np.linspace(0, 250, entries).astype(np.uint8)
    return b"PLTE", np.stack([greys + 5, greys, greys], axis=-1).astype(np.uint8).tobytes()


def exif(orientation: int, order: str = ">", kind: int = 3) -> tuple[bytes, bytes]:
    """Return EXIF data that says which way is up."""
    mark = b"MM\x00*" if order == ">" else b"II*\x00"
    value = struct.pack(f"{order}HH", orientation, 0)
    entry = struct.pack(f"{order}HHI", 0x0112, kind, 1) + value
    return b"eXIf", mark + struct.pack(f"{order}IH", 8, 1) + entry + bytes(4)


def xmp(words: bytes) -> tuple[bytes, bytes]:
    """Return words of XMP, as they come in a PNG."""
    return b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + words


def test_every_depth_and_colour(tmp_path: Path) -> None:
    cases = {f"grey-{bits}": png(drawn(bits), bits=bits) for bits in (1, 2, 4, 8, 16)}
    cases |= {f"uses-{bits}-of-16": png(drawn(bits), bits=16) for bits in (7, 9, 10, 12, 14, 15)}
    for bits in (8, 16):
        rgb, grey = coloured(bits), drawn(bits)[..., None]
        cases[f"rgb-{bits}"] = png(rgb, bits=bits, kind=RGB)
        seen = alpha(rgb.shape, bits)
        cases[f"rgba-{bits}"] = png(np.concatenate([rgb, seen], -1), bits=bits, kind=RGB_ALPHA)
        cases[f"la-{bits}"] = png(np.concatenate([grey, seen], -1), bits=bits, kind=GREY_ALPHA)
        whole = np.full_like(seen, (1 << bits) - 1)
        cases[f"whole-{bits}"] = png(np.concatenate([grey, whole], -1), bits=bits, kind=GREY_ALPHA)
    for bits in (1, 2, 4, 8):
        before = [palette(1 << bits)]
        cases[f"palette-{bits}"] = png(drawn(bits), bits=bits, kind=PALETTE, before=before)
    found = by_page(tmp_path, cases)
    assert {name: by_python(data) for name, data in cases.items()} == found


def test_samples_that_use_the_low_bits_alone(tmp_path: Path) -> None:
    """16 bits of colour, or of grey with alpha, keep their eight high ones."""
    low = coloured(16) >> 2
    cases = {
        "rgb": png(low, bits=16, kind=RGB),
        "rgb-just": png(coloured(16) >> 1, bits=16, kind=RGB),
        "la": png(
            np.concatenate([low[..., :1], alpha(low.shape, 16)], -1), bits=16, kind=GREY_ALPHA
        ),
    }
    found = by_page(tmp_path, cases)
    assert {name: answer.get("code") for name, answer in found.items()} == {
        "rgb": "unsupported_encoding",
        "rgb-just": "unsupported_encoding",
        "la": "unsupported_encoding",
    }
    assert not differences(tmp_path, cases)


def test_every_filter_and_both_orders_of_lines(tmp_path: Path) -> None:
    cases = {}
    for used in range(5):
        cases[f"filter-{used}"] = png(drawn(), filters=[used])
        cases[f"filter-{used}-16"] = png(drawn(16), bits=16, filters=[used])
    cases["all-filters"] = png(coloured(), kind=RGB, filters=[0, 1, 2, 3, 4], pieces=7)
    for bits in (1, 2, 4, 8, 16):
        cases[f"adam7-{bits}"] = png(drawn(bits), bits=bits, interlaced=True, filters=[4, 1, 2])
    cases["adam7-rgb"] = png(coloured(), kind=RGB, interlaced=True)
    # The film of all of them is one.
    found = by_page(tmp_path, cases)
    assert {name: by_python(data) for name, data in cases.items()} == found
    assert len({found[f"filter-{used}"]["pixels"] for used in range(5)}) == 1
    assert found["adam7-8"]["pixels"] == found["filter-0"]["pixels"]
    broken = png(drawn())
    lines = bytearray(zlib.decompress(broken[broken.index(b"IDAT") + 4 : -16]))
    lines[0] = 9
    data = SIGNATURE + broken[8:33] + chunk(b"IDAT", zlib.compress(bytes(lines)))
    unknown = {"unknown": data + chunk(b"IEND", b"")}
    assert by_page(tmp_path, unknown)["unknown"]["code"] == "truncated"
    assert not differences(tmp_path, unknown)


def test_which_way_is_up(tmp_path: Path) -> None:
    cases = {f"exif-{turn}": png(drawn(), before=[exif(turn)]) for turn in range(10)}
    cases["little"] = png(drawn(16), bits=16, before=[exif(6, "<")])
    cases["behind"] = png(coloured(), kind=RGB, after=[exif(8)])
    cases["xmp"] = png(drawn(), before=[xmp(b'<rdf tiff:Orientation="3"/>')])
    cases["xmp-element"] = png(drawn(), after=[xmp(b"<tiff:Orientation>5</tiff:Orientation>")])
    cases["both"] = png(drawn(), before=[exif(2), xmp(b'<x tiff:Orientation="3"/>')])
    cases["neither"] = png(drawn(), before=[xmp(b"<x/>")])
    found = by_page(tmp_path, cases)
    assert {name: by_python(data) for name, data in cases.items()} == found
    assert found["exif-6"]["size"] == [117, 131]
    odd = {
        "kind": png(drawn(), before=[exif(6, kind=5)]),
        "short": png(drawn(), before=[(b"eXIf", b"MM\0*")]),
    }
    assert {answer["code"] for answer in by_page(tmp_path, odd).values()} == {NOT_HERE}


def test_oblong_pixels(tmp_path: Path) -> None:
    stated = {
        "wide": (1, 3000, 2000),
        "high": (1, 2835, 4000),
        "shape": (0, 1, 2),
        "nearly-square": (1, 2835, 2836),
        "another-unit": (2, 1, 2),
        "nothing": (1, 0, 2835),
        "absurd": (0, 1, 4),
    }
    cases = {
        name: png(drawn(), before=[(b"pHYs", struct.pack(">IIB", across, down, unit))])
        for name, (unit, across, down) in stated.items()
    }
    wide = (b"pHYs", struct.pack(">IIB", 3000, 2000, 1))
    cases["twice"] = png(drawn(), before=[wide, (b"pHYs", struct.pack(">IIB", 100, 120, 1))])
    cases["behind"] = png(drawn(), after=[wide])
    cases["deep"] = png(drawn(16), bits=16, before=[wide])
    cases["colour"] = png(coloured(), kind=RGB, before=[wide])
    for turn in range(1, 9):
        cases[f"turned-{turn}"] = png(drawn(), before=[wide, exif(turn)])
    assert not differences(tmp_path, cases)
    found = by_page(tmp_path, cases)
    assert found["absurd"]["code"] == "unsupported_encoding"
    assert found["wide"]["picture"] == [131, 176]  # 117 rows of half as much again
    assert found["turned-6"]["picture"] == [176, 131]
    assert found["behind"]["picture"] == found["nothing"]["picture"] == [131, 117]
    for key in (b"dpi", b"aspect"):
        told = png(drawn(), before=[(b"tEXt", key + b"\x001")])
        assert by_page(tmp_path, {"meant": told})["meant"]["code"] == NOT_HERE


def test_transparency(tmp_path: Path) -> None:
    first = int(drawn()[60, 60])
    pixel = [int(value) for value in coloured()[50, 50]]
    cases = {
        "grey": png(drawn(), before=[(b"tRNS", struct.pack(">H", first))]),
        "rgb": png(coloured(), kind=RGB, before=[(b"tRNS", struct.pack(">3H", *pixel))]),
        "palette": png(drawn(), kind=PALETTE, before=[palette(), (b"tRNS", bytes(range(200)))]),
        "one": png(drawn(), kind=PALETTE, before=[palette(), (b"tRNS", b"\xff\xff\0\xff")]),
        "deep": png(drawn(16), bits=16, before=[(b"tRNS", b"\0\1")]),
        "short": png(drawn(), before=[(b"tRNS", b"\0")]),
        "with-alpha": png(
            np.concatenate([coloured(), alpha((117, 131))], -1),
            kind=RGB_ALPHA,
            before=[(b"tRNS", b"\0\1")],
        ),
    }
    found = by_page(tmp_path, cases)
    ours = {name: by_python(data) for name, data in cases.items()}
    assert found.pop("deep")["code"] == ours.pop("deep")["code"] == "unsupported_encoding"
    assert found.pop("short")["code"] == ours.pop("short")["code"] == "truncated"
    assert found == ours
    odd = {
        "few-bits": png(drawn(2), bits=2, before=[(b"tRNS", b"\0\1")]),
        "too-large": png(drawn(), before=[(b"tRNS", b"\1\1")]),
        "behind": png(drawn(), after=[(b"tRNS", b"\0\1")]),
    }
    assert {answer["code"] for answer in by_page(tmp_path, odd).values()} == {NOT_HERE}


def test_colours_and_marks(tmp_path: Path) -> None:
    plain = coloured(tint=0).astype(np.int64)
    marked = plain.copy()
    marked[30:36, 20:70] = [255, 0, 0]
    thin = plain.copy()
    thin[60:62, 10:120] = [0, 200, 0]
    lamp = np.clip(plain * np.linspace([1.0, 0.85, 0.6], [0.7, 0.8, 1.0], 131)[None], 0, 255)
    cases = {
        "plain": png(plain, kind=RGB),
        "tinted": png(np.clip(plain + np.array([8, 0, -8]), 0, 255), kind=RGB),
        "marked": png(marked, kind=RGB),
        "thin": png(thin, kind=RGB),
        "lamp": png(lamp.astype(np.int64), kind=RGB),
        "warm": png((plain * [1.0, 0.8, 0.6]).astype(np.int64), kind=RGB),
        "colour": films.picture(hostile._rainbow()),
    }
    found = by_page(tmp_path, cases)
    assert {name: by_python(data) for name, data in cases.items()} == found
    assert found["marked"]["facts"]["marks"]
    assert found["marked"]["check"] == "annotated"
    assert found["colour"]["check"] == "colour_picture"
    assert not found["plain"]["facts"]["colour"]


def test_chunks_that_pillow_refuses_or_passes_over(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(3_000_000))
    before: dict[str, tuple[bytes, bytes]] = {
        "gamma": (b"gAMA", struct.pack(">I", 45455)),
        "short-gamma": (b"gAMA", b"\0\0"),
        "short-primaries": (b"cHRM", bytes(31)),
        "short-intent": (b"sRGB", b""),
        "short-size": (b"pHYs", bytes(8)),
        "profile": (b"iCCP", b"icc\0\0" + zlib.compress(b"a profile")),
        "broken-profile": (b"iCCP", b"icc\0\0" + b"no stream"),
        "profile-bomb": (b"iCCP", b"icc\0\0" + bomb),
        "profile-of-another-kind": (b"iCCP", b"icc\0\1" + bomb),
        "words": (b"tEXt", b"Comment\0a film"),
        "no-key": (b"tEXt", b"a film"),
        "squeezed": (b"zTXt", b"Comment\0\0" + zlib.compress(b"a film")),
        "squeezed-bomb": (b"zTXt", b"Comment\0\0" + bomb),
        "squeezed-otherwise": (b"zTXt", b"Comment\0\1" + bomb),
        "broken-words": (b"zTXt", b"Comment\0\0no stream"),
        "international": (b"iTXt", b"Comment\0\0\0es\0\0placa"),
        "international-bomb": (b"iTXt", b"Comment\0\1\0es\0\0" + bomb),
        "international-otherwise": (b"iTXt", b"Comment\0\1\1es\0\0" + bomb),
        "private": (b"prVt", b"anything"),
        "unknown": (b"AbCd", b"anything"),
    }
    cases = {name: png(drawn(), before=[told]) for name, told in before.items()}
    found = by_page(tmp_path, cases)
    for name, data in cases.items():
        assert found[name].get("code") == by_python(data).get("code")
    assert found["profile"]["pixels"] == found["gamma"]["pixels"]
    assert {name for name, answer in found.items() if answer.get("code") == "truncated"} == {
        *("short-gamma", "short-primaries", "short-intent", "short-size", "profile-bomb"),
        *("profile-of-another-kind", "squeezed-bomb", "squeezed-otherwise", "international-bomb"),
    }
    for key in (b"transparency", b"exif", b"xmp", b"interlace", b"Raw profile type exif"):
        told = png(drawn(), before=[(b"tEXt", key + b"\x001")])
        assert by_page(tmp_path, {"meant": told})["meant"]["code"] == NOT_HERE


def test_damage(tmp_path: Path) -> None:
    good = png(drawn(), pieces=3)
    at = good.index(b"IDAT")
    flipped = bytearray(good)
    flipped[at + 40] ^= 1
    late = bytearray(png(drawn(), after=[(b"tEXt", b"k\0v")]))
    late[late.index(b"tEXt") + 5] ^= 1
    header = bytearray(good)
    header[16] ^= 0x10
    cases = {
        "flipped": bytes(flipped),
        "late": bytes(late),
        "header": bytes(header),
        "no-end": good[:-12],
        "half": good[: len(good) // 2],
        "name": good.replace(b"IEND", b"\0END"),
        "trailing": good + b"anything",
        "no-pixels": SIGNATURE + good[8:33] + chunk(b"IEND", b""),
        "deep-palette": png(drawn(16), bits=16, kind=PALETTE),
        "three-bits": png(drawn(4), bits=4, kind=RGB),
        "kind": png(drawn(), kind=1),
        "short-stream": SIGNATURE
        + good[8:33]
        + chunk(b"IDAT", zlib.compress(bytes(500)))
        + chunk(b"IEND", b""),
        "cut-stream": SIGNATURE
        + good[8:33]
        + chunk(b"IDAT", zlib.compress(good)[:100])
        + chunk(b"IEND", b""),
        "apart": SIGNATURE
        + good[8 : at - 4]
        + chunk(b"IDAT", b"\x78\x9c")
        + chunk(b"tEXt", b"k\0v")
        + chunk(b"IDAT", zlib.compress(good)[2:])
        + chunk(b"IEND", b""),
    }
    found = by_page(tmp_path, cases)
    assert found.pop("trailing")["pixels"] == by_python(good)["pixels"]
    assert {name for name, answer in found.items() if answer.get("code") != "truncated"} == set()
    # Python takes a stream that ends early for black lines: refused is no less safe.
    assert set(differences(tmp_path, cases)) <= {"short-stream"}


def test_sizes_and_frames(tmp_path: Path) -> None:
    cases = {
        "small": png(drawn(width=90, height=90)),
        "large": hostile.png_of_declared_size(8_100, 100),
        "huge": hostile.png_of_declared_size(30_000, 30_000),
        "none": hostile.png_of_declared_size(0, 100),
        "control": png(drawn(), before=[(b"acTL", struct.pack(">II", 2, 0))]),
        "short-control": png(drawn(), before=[(b"acTL", b"\0\0")]),
    }
    found = {name: answer["code"] for name, answer in by_page(tmp_path, cases).items()}
    assert found == {
        "small": "too_small",
        "large": "too_large",
        "huge": "too_large",
        "none": "truncated",
        "control": "multi_frame",
        "short-control": "truncated",
    }
    one = png(drawn(), before=[(b"acTL", struct.pack(">II", 1, 0))])
    assert by_page(tmp_path, {"one": one})["one"]["code"] == NOT_HERE


def test_a_palette_that_is_too_short_or_missing(tmp_path: Path) -> None:
    cases = {
        "short": png(drawn(), kind=PALETTE, before=[palette(16)]),
        "missing": png(drawn(), kind=PALETTE),
        "late": png(drawn(), kind=PALETTE, after=[palette()]),
    }
    assert {answer["code"] for answer in by_page(tmp_path, cases).values()} == {NOT_HERE}
