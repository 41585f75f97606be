"""JPEG 2000: what OpenJPEG decodes is what Pillow does, and damaged code-blocks are refused."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import get_frame
from pydicom.uid import JPEG2000, JPEG2000Lossless

import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.readers import jpeg2000, openjpeg, tile_parts

GREY = films.grey8(size=256)
DEEP = films.grey16(bits=16, size=200)
FORMS: dict[str, dict[str, Any]] = {
    "lossless": {"irreversible": False},
    "lossy": {"irreversible": True, "quality_mode": "dB", "quality_layers": [45]},
    "layers": {"irreversible": True, "quality_mode": "rates", "quality_layers": [40, 20, 10]},
    "tiles": {"irreversible": False, "tile_size": (96, 96)},
    "precincts": {"irreversible": False, "precinct_size": (64, 64), "codeblock_size": (32, 32)},
    "progression": {"irreversible": False, "progression": "RPCL", "num_resolutions": 4},
}


def coded(samples: npt.NDArray[np.generic], form: str, *, no_jp2: bool = True) -> bytes:
    return films.picture(samples, "JPEG2000", no_jp2=no_jp2, **FORMS[form])


def by_pillow(stream: bytes) -> npt.NDArray[np.generic]:
    with Image.open(BytesIO(stream)) as picture:
        return np.asarray(picture)


def test_openjpeg_is_found_where_the_tests_run() -> None:
    assert openjpeg.available()
    assert jpeg2000.is_available(JPEG2000)
    assert jpeg2000.is_available(JPEG2000Lossless)
    assert not jpeg2000.is_available("1.2.840.10008.1.2.1")


@pytest.mark.parametrize("no_jp2", [True, False])
@pytest.mark.parametrize("form", FORMS)
def test_it_gives_what_pillow_gives(form: str, no_jp2: bool) -> None:
    for samples in (GREY, DEEP):
        stream = coded(samples, form, no_jp2=no_jp2)
        found = jpeg2000.samples_of(stream)
        assert found.dtype == np.int32
        np.testing.assert_array_equal(found, by_pillow(stream))
    np.testing.assert_array_equal(jpeg2000.samples_of(coded(DEEP, "lossless", no_jp2=no_jp2)), DEEP)


def test_colour_comes_by_pixel() -> None:
    colour = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=-1)
    stream = films.picture(colour, "JPEG2000", no_jp2=True, irreversible=False)
    np.testing.assert_array_equal(jpeg2000.samples_of(stream), colour)


def test_asked_to_check_its_blocks_openjpeg_decodes_the_same() -> None:
    for form in FORMS:
        stream = coded(DEEP, form)
        marked = tile_parts.layout(stream).checkable
        assert len(marked) == len(stream)
        # Of COD: marker, length, Scod, progression, layers, transform, levels, width, height,
        # style (ISO/IEC 15444-1, A.6.1): the style alone is another.
        at = stream.index(b"\xff\x52") + 12
        changed = [i for i, (a, b) in enumerate(zip(stream, marked, strict=True)) if a != b]
        assert changed == [at]
        assert marked[at] == stream[at] | 0x10
        np.testing.assert_array_equal(openjpeg.decode(marked)[0], openjpeg.decode(stream)[0])


@pytest.mark.parametrize("style", [0x01, 0x04])
def test_passes_that_end_by_rules_of_their_own_are_not_asked(style: int) -> None:
    stream = bytearray(coded(GREY, "lossless"))
    at = stream.index(b"\xff\x52") + 12
    stream[at] |= style
    assert tile_parts.layout(bytes(stream)).checkable[at] == style


def test_a_style_of_one_component_is_marked_too() -> None:
    """COC: marker, length, component, Scoc, levels, width, height, style, transform (A.6.2)."""
    stream = coded(GREY, "lossless")
    at = stream.index(b"\xff\x52")
    levels, width, height, style, transform = stream[at + 9 : at + 14]
    own = struct.pack(">HHBBBBBBB", 0xFF53, 9, 0, 0, levels, width, height, style, transform)
    behind = at + 2 + struct.unpack_from(">H", stream, at + 2)[0]
    both = stream[:behind] + own + stream[behind:]
    assert tile_parts.layout(both).checkable[behind + 9] == style | 0x10
    np.testing.assert_array_equal(jpeg2000.samples_of(both), GREY)


def damaged(stream: bytes, seed: int) -> bytes:
    """Return the stream with a few bytes of its last two thirds, the code-blocks, inverted."""
    rng = np.random.default_rng(seed)
    changed = bytearray(stream)
    for at in rng.integers(len(stream) // 3, len(stream) - 16, size=3):
        changed[at] ^= 0xFF
    return bytes(changed)


@pytest.mark.parametrize("form", FORMS)
def test_damaged_blocks_are_found(form: str) -> None:
    stream = coded(DEEP, form)
    found = silent = 0
    for seed in range(40):
        changed = damaged(stream, seed)
        try:
            samples = jpeg2000.samples_of(changed)
        except ValueError:
            found += 1
        else:
            far = np.abs(samples - DEEP.astype(np.int32)) > 65535 * 0.02
            silent += far.mean() > 0.2
    # A decoder that lost its place comes out at the right byte now and then.
    assert found >= 36
    assert silent <= 1


@pytest.mark.parametrize("no_jp2", [True, False])
def test_a_damaged_block_refuses_the_film(no_jp2: bool) -> None:
    stream = coded(GREY, "lossless", no_jp2=no_jp2)
    film = films.dataset(GREY)

    def file(data: bytes) -> bytes:
        return films.encapsulated(film, data, JPEG2000Lossless) if no_jp2 else data

    np.testing.assert_allclose(films.whole(file(stream)), GREY / 255.0, atol=1e-6)
    with pytest.raises(RadiographError) as error:
        read(file(damaged(stream, 5)))
    assert error.value.refusal.code is RefusalCode.TRUNCATED


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_stream_that_is_cut_off_is_damaged(share: float) -> None:
    stream = coded(DEEP, "lossless")
    with pytest.raises(ValueError, match=r"end|OpenJPEG|marker"):
        jpeg2000.samples_of(stream[: int(len(stream) * share)])


def test_a_tile_part_that_leads_nowhere_is_damaged() -> None:
    stream = bytearray(coded(DEEP, "tiles"))
    at = stream.index(b"\xff\x90") + 6  # SOT: marker, length, tile, then the part's length
    struct.pack_into(">I", stream, at, struct.unpack_from(">I", stream, at)[0] + 9)
    with pytest.raises(ValueError, match="marker"):
        jpeg2000.samples_of(bytes(stream))


def test_a_last_tile_part_may_leave_its_length_open() -> None:
    stream = bytearray(coded(DEEP, "lossless"))
    struct.pack_into(">I", stream, stream.index(b"\xff\x90") + 6, 0)
    np.testing.assert_array_equal(jpeg2000.samples_of(bytes(stream)), DEEP)


@pytest.mark.parametrize("data", [b"", b"\xff\x4f\xff\x51", bytes(80), b"\xff\xd8\xff\xe0" * 30])
def test_what_is_no_such_stream(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"JPEG 2000|unpack|marker|end"):
        jpeg2000.samples_of(data)


@pytest.mark.parametrize("name", ["RG1_J2KR", "RG1_J2KI", "RG3_J2KR", "RG3_J2KI", "MR2_J2KI"])
def test_films_of_another_encoder_are_sound(name: str) -> None:
    """Kakadu: it ends a block where its decoder misses up to four bytes."""
    path = get_testdata_file(f"{name}.dcm", download=False)
    if path is None:
        pytest.skip("pydicom-data is not installed")
    film = dcmread(Path(str(path)))
    stream = get_frame(film.PixelData, 0, number_of_frames=1)
    assert jpeg2000.samples_of(stream).shape == (film.Rows, film.Columns)


def test_signed_samples_keep_their_sign() -> None:
    path = get_testdata_file("693_J2KR.dcm", download=False)
    if path is None:
        pytest.skip("pydicom-data is not installed")
    film = dcmread(Path(str(path)))
    ours = jpeg2000.samples_of(get_frame(film.PixelData, 0, number_of_frames=1))
    film.pixel_array_options(decoding_plugin="pillow")
    np.testing.assert_array_equal(ours, film.pixel_array)
    assert ours.min() < 0
