"""A picture whose file states other resolutions across and down has oblong pixels."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import films
from covid_d.radiograph import read
from covid_d.radiograph.readers.resolution import pixel_ratio

GREY = films.grey8(size=240)[::2]  # 120 rows, twice as far apart as its 240 columns
TALL = films.grey8(size=200)[:, ::2]  # 100 columns, twice as far apart as its 200 rows


def jfif(data: bytes, unit: int, across: int, down: int) -> bytes:
    """Return a JPEG that states a density (JFIF 1.02: unit, X and Y behind the version)."""
    at = data.index(b"JFIF\0") + 7
    return data[:at] + struct.pack(">BHH", unit, across, down) + data[at + 5 :]


def phys(data: bytes, unit: int, across: int, down: int) -> bytes:
    """Return a PNG with a chunk of physical dimensions behind its header."""
    body = b"pHYs" + struct.pack(">IIB", across, down, unit)
    return data[:33] + struct.pack(">I", 9) + body + struct.pack(">I", zlib.crc32(body)) + data[33:]


def bmp(data: bytes, across: int, down: int) -> bytes:
    """Return a BMP that states pixels per metre."""
    return data[:38] + struct.pack("<ii", across, down) + data[46:]


def jp2(data: bytes, across: int, down: int) -> bytes:
    """Return a JP2 file with a capture resolution, in pixels per metre (I.5.3.7.1)."""
    box = struct.pack(">I4sI4sHHHHBB", 26, b"res ", 18, b"resc", down, 1, across, 1, 0, 0)
    at = data.index(b"jp2h") - 4
    (length,) = struct.unpack_from(">I", data, at)
    header = struct.pack(">I", length + len(box)) + data[at + 4 : at + length]
    return data[:at] + header + box + data[at + length :]


STATED = {
    "JFIF, inches": lambda grey, x, y: jfif(films.picture(grey, "JPEG", quality=95), 1, x, y),
    "JFIF, cm": lambda grey, x, y: jfif(films.picture(grey, "JPEG", quality=95), 2, x, y),
    "JFIF, shape": lambda grey, x, y: jfif(films.picture(grey, "JPEG", quality=95), 0, x, y),
    "JFIF, colour": lambda grey, x, y: jfif(
        films.picture(np.dstack([grey] * 3), "JPEG", quality=95), 1, x, y
    ),
    "PNG, metres": lambda grey, x, y: phys(films.picture(grey), 1, 40 * x, 40 * y),
    "PNG, shape": lambda grey, x, y: phys(films.picture(grey), 0, x, y),
    "TIFF": lambda grey, x, y: films.picture(
        grey, "TIFF", resolution_unit=2, x_resolution=float(x), y_resolution=float(y)
    ),
    "BMP": lambda grey, x, y: bmp(films.picture(grey, "BMP"), 40 * x, 40 * y),
    "JPEG 2000": lambda grey, x, y: jp2(films.picture(grey, "JPEG2000"), 40 * x, 40 * y),
}


@pytest.mark.parametrize("kind", STATED)
def test_the_coarser_side_is_drawn_out(kind: str) -> None:
    wide = films.whole(STATED[kind](GREY, 200, 100))
    assert wide.shape == (240, 240)
    exact = np.abs(wide[1::2] + wide[::2] - GREY / 127.5)[2:-2].mean()
    assert exact < 0.02
    assert films.whole(STATED[kind](TALL, 100, 200)).shape == (200, 200)


@pytest.mark.parametrize("kind", STATED)
@pytest.mark.parametrize("stated", [(100, 100), (0, 0), (1, 0), (300, 301)])
def test_square_pixels_and_numbers_that_say_nothing_change_nothing(
    kind: str, stated: tuple[int, int]
) -> None:
    square = films.grey8(size=160)
    plain = films.whole(STATED[kind](square, 1, 1))
    try:
        shown = films.whole(STATED[kind](square, *stated))
    except ZeroDivisionError:
        pytest.skip("Pillow writes no such TIFF")
    assert np.array_equal(shown, plain)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "colour", "PNG", "TIFF"])
def test_a_picture_turned_upright_takes_its_pixels_shape_along(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    grey = np.dstack([GREY] * 3) if kind == "colour" else GREY
    written = "JPEG" if kind == "colour" else kind
    data = films.picture(grey, written, exif=exif, dpi=(200, 100))
    if kind == "TIFF":
        data = films.picture(
            grey,
            "TIFF",
            tiffinfo={274: orientation},
            resolution_unit=2,
            x_resolution=200.0,
            y_resolution=100.0,
        )
    square = np.asarray(Image.fromarray(GREY).resize((240, 240), Image.Resampling.BILINEAR)) / 255
    expected = {
        **{1: square, 2: square[:, ::-1], 3: square[::-1, ::-1], 4: square[::-1]},
        **{5: square.T, 6: np.rot90(square, -1), 7: square[::-1, ::-1].T, 8: np.rot90(square)},
    }[orientation]
    shown = films.whole(data)
    assert shown.shape == (240, 240)
    assert np.abs(shown - expected).mean() < 0.02


def test_an_oblong_jpeg_2000_is_read_whole() -> None:
    """Where it is square, not all of so large a film is decoded."""
    large = np.asarray(Image.fromarray(films.grey8(size=160)).resize((2100, 2100)))
    data = films.picture(large, "JPEG2000")
    assert read(data).halvings == 1
    oblong = read(jp2(data, 5000, 4000))
    assert oblong.halvings == 0
    assert oblong.picture_size == (2100, 2625)


def test_a_webp_states_no_resolution() -> None:
    with Image.open(BytesIO(films.picture(np.dstack([GREY] * 3), "WEBP"))) as picture:
        assert pixel_ratio(picture) == 1.0
