"""Sound films that odd writers make: read as what they are, or refused by what is missing."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

import films
from covid_d.radiograph import RadiographError, RefusalCode, read

GREY = films.grey8()
DEEP = films.grey16(bits=12)
EXACT = GREY / 255


def refusal_of(data: bytes) -> RadiographError:
    with pytest.raises(RadiographError) as caught:
        read(data)
    return caught.value


@pytest.mark.parametrize("cut", ["preamble", "preamble and prefix", "all of the header"])
def test_dicom_without_its_file_header(cut: str) -> None:
    whole = films.dicom(DEEP)
    meta = dcmread(BytesIO(whole)).file_meta
    length = 132 + 12 + int(meta.FileMetaInformationGroupLength)
    start = {"preamble": 128, "preamble and prefix": 132, "all of the header": length}[cut]
    assert np.allclose(read(whole[start:]).pixels, DEEP / 4095, atol=1e-6)


def test_compressed_dicom_without_a_transfer_syntax_is_refused_by_name() -> None:
    whole = films.jpeg_dicom(GREY)
    length = 132 + 12 + int(dcmread(BytesIO(whole)).file_meta.FileMetaInformationGroupLength)
    error = refusal_of(whole[length:])
    assert error.refusal.code is RefusalCode.MISSING
    assert "(0002,0010)" in error.refusal.message.es


@pytest.mark.parametrize(
    ("keyword", "named"),
    [
        ("PhotometricInterpretation", "Photometric Interpretation (0028,0004)"),
        ("BitsStored", "Bits Stored (0028,0101)"),
        ("PixelRepresentation", "Pixel Representation (0028,0103)"),
        ("SamplesPerPixel", "Samples per Pixel (0028,0002)"),
        ("Columns", "Columns (0028,0011)"),
    ],
)
def test_a_missing_element_is_named(keyword: str, named: str) -> None:
    error = refusal_of(films.dicom(DEEP, **{keyword: None}))
    assert error.refusal.code is RefusalCode.MISSING
    assert named in error.refusal.message.en


def test_no_frames_is_one_frame_and_unprocessed_data_is_no_film() -> None:
    assert read(films.dicom(DEEP, NumberOfFrames=0)).pixels.shape == (160, 160)
    raw = films.dicom(DEEP, PresentationIntentType="FOR PROCESSING")
    assert refusal_of(raw).refusal.code is RefusalCode.FOR_PROCESSING
    # The class says so too: Digital X-Ray Image Storage - For Processing (PS3.4 B.5).
    by_class = films.dicom(DEEP, SOPClassUID="1.2.840.10008.5.1.4.1.1.1.1.1")
    assert refusal_of(by_class).refusal.code is RefusalCode.FOR_PROCESSING
    read(films.dicom(DEEP, PresentationIntentType="FOR PRESENTATION"))


def test_a_jpeg_with_a_preview_behind_it_is_its_picture() -> None:
    preview = Image.fromarray(GREY).resize((80, 80)).transpose(Image.Transpose.ROTATE_90)
    data = films.picture(GREY, "MPO", quality=95, save_all=True, append_images=[preview])
    film = read(data)
    assert film.facts.format == "JPEG"
    assert np.abs(film.pixels - EXACT).mean() < 0.02


def test_bmp_of_either_depth() -> None:
    for mode in ("L", "RGB"):
        film = read(films.picture(Image.fromarray(GREY).convert(mode), "BMP"))
        assert np.allclose(film.pixels, EXACT, atol=1e-6)
        assert film.facts.format == "BMP"


@pytest.mark.parametrize("raw", [False, True])
def test_jpeg_2000_files(raw: bool) -> None:
    shallow = read(films.picture(GREY, "JPEG2000", irreversible=False, no_jp2=raw))
    assert np.allclose(shallow.pixels, EXACT, atol=1e-6)
    deep = films.grey16()
    film = read(films.picture(deep, "JPEG2000", irreversible=False, no_jp2=raw))
    assert np.allclose(film.pixels, deep / 65535, atol=1e-6)
    assert (film.facts.format, film.facts.bits) == ("JPEG 2000", 16)


def test_a_journals_cmyk_jpeg_is_its_grey() -> None:
    data = films.picture(Image.fromarray(GREY).convert("CMYK"), "JPEG", quality=95)
    film = read(data)
    assert np.abs(film.pixels - EXACT).mean() < 0.02
    assert not film.facts.colour
    # Without Adobe's marker nothing tells whether 0 is ink or none.
    assert refusal_of(data.replace(b"Adobe", b"Adore")).refusal.code is RefusalCode.UNSUPPORTED


def test_a_jpeg_of_12_bits_is_read_by_itself() -> None:
    data = Path(__file__).with_name("phantom-12-bit.jpg").read_bytes()
    from covid_d.radiograph.phantom import draw_phantom

    film = read(data)
    drawn = np.rint(draw_phantom(1, size=96).pixels * 4095)
    assert np.abs(film.pixels - drawn / 4095).max() < 0.01
    assert (film.facts.format, film.facts.bits) == ("JPEG", 12)


@pytest.mark.parametrize("bits", [8, 10, 12, 15])
def test_16_bit_pictures_of_fewer_bits_are_not_almost_black(bits: int) -> None:
    samples = films.grey16(bits=bits)
    for kind in ("PNG", "TIFF"):
        film = read(films.picture(samples, kind))
        assert np.allclose(film.pixels, samples / ((1 << bits) - 1), atol=1e-6)


def shown(data: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(read(data).to_image(), dtype=float)


def test_the_doctor_sees_the_same_film_whatever_its_container() -> None:
    eight = shown(films.picture(GREY))
    for data in (films.picture(DEEP), films.dicom(DEEP), films.dicom(DEEP, BitsStored=16)):
        assert np.abs(shown(data) - eight).max() <= 1


def test_jpeg_2000_of_16_bits_that_uses_12_is_not_almost_black() -> None:
    film = read(films.picture(DEEP, "JPEG2000", irreversible=False))
    assert np.allclose(film.pixels, DEEP / 4095, atol=1e-6)


@pytest.mark.parametrize("colour_type", [2, 4])  # RGB; grey and alpha (PNG 11.2.1)
def test_a_png_of_several_channels_of_16_bits_that_uses_few_is_refused_by_name(
    colour_type: int,
) -> None:
    samples = np.dstack([DEEP] * 3)
    if colour_type == 4:
        samples = np.dstack([DEEP, np.full_like(DEEP, 65535)])
    with pytest.raises(RadiographError) as caught:
        read(_png(samples, colour_type))
    assert caught.value.refusal.code is RefusalCode.UNSUPPORTED
    assert "16" in caught.value.refusal.message.en
    # With all 16 bits in use it is the film, to the eight bits that are kept.
    wide = np.dstack([films.grey16()] * 3)
    if colour_type == 4:
        wide = np.dstack([films.grey16(), np.full_like(DEEP, 65535)])
    film = read(_png(wide, colour_type))
    assert np.abs(film.pixels - films.grey16() / 65535).max() < 1.1 / 255


def _png(samples: np.ndarray[Any, Any], colour_type: int) -> bytes:
    """Return a PNG of 16 bits a sample, written by the format's own rules (no filter)."""

    def chunk(name: bytes, body: bytes) -> bytes:
        checked = name + body
        return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))

    rows, columns = samples.shape[:2]
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in samples)
    header = struct.pack(">IIBBBBB", columns, rows, 16, colour_type, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(lines)),
            chunk(b"IEND", b""),
        )
    )
