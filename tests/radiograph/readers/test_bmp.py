"""BMP: as many bytes as the header says, by files written from Microsoft's own description."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.readers.bmp import require_sound_bmp

GREY = films.grey8(size=162, height=150)  # rows of 162 bytes are filled up to 164
PALETTE = b"".join(bytes([value] * 3) for value in range(256))


def written(mode: str = "L") -> bytes:
    stream = BytesIO()
    Image.fromarray(GREY).convert(mode).save(stream, "BMP")
    return stream.getvalue()


def packed(grey: np.ndarray) -> bytes:
    return np.pad(grey, ((0, 0), (0, -grey.shape[1] % 4))).tobytes()


def core(pixels: bytes) -> bytes:
    """Return a BMP with the oldest header: 12 bytes, a palette of three bytes an entry."""
    head = struct.pack("<IHHHH", 12, 162, 150, 1, 8)
    start = 14 + len(head) + len(PALETTE)
    file = b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start)
    return file + head + PALETTE + pixels


def information(
    pixels: bytes, *, rows: int = 150, compression: int = 0, profile: bytes = b""
) -> bytes:
    """Return a BMP with a header of 40 bytes, or with a colour profile of 124."""
    size = 124 if profile else 40
    palette = b"".join(bytes([value] * 3) + b"\0" for value in range(256))
    start = 14 + size + len(palette)
    head = struct.pack("<IiiHHIIiiII", size, 162, rows, 1, 8, compression, 0, 0, 0, 256, 0)
    if profile:
        told = struct.pack("<III", start - 14 + len(pixels), len(profile), 0)
        head = head.ljust(112, b"\0") + told
    file = b"BM" + struct.pack("<IHHI", start + len(pixels) + len(profile), 0, 0, start)
    return file + head + palette + pixels + profile


SOUND = {
    "grey by Pillow": written(),
    "colour by Pillow": written("RGB"),
    "with alpha by Pillow": written("RGBA"),
    "header of 12 bytes": core(packed(GREY[::-1])),
    "header of 40 bytes": information(packed(GREY[::-1])),
    "rows from above": information(packed(GREY), rows=-150),
    "with a profile": information(packed(GREY[::-1]), profile=b"a profile of some bytes"),
}


@pytest.mark.parametrize("data", SOUND.values(), ids=SOUND)
def test_sound_ones_are_read(data: bytes) -> None:
    require_sound_bmp(data)
    filled = data + bytes(-len(data) % 512)
    require_sound_bmp(filled[:2] + struct.pack("<I", len(filled)) + filled[6:])
    np.testing.assert_allclose(films.whole(data), GREY / np.float32(255), atol=1e-6)


@pytest.mark.parametrize("data", SOUND.values(), ids=SOUND)
@pytest.mark.parametrize("length", [1, 2, 7, 300])
def test_bytes_that_slipped_in_push_others_out(data: bytes, length: int) -> None:
    at = len(data) - 9000
    damaged = data[:at] + b"\x55" * length + data[at:]
    with pytest.raises(ValueError, match=f"{length} bytes behind"):
        require_sound_bmp(damaged)
    with pytest.raises(RadiographError) as error:
        read(damaged)
    assert error.value.refusal.code is RefusalCode.TRUNCATED


@pytest.mark.parametrize("data", SOUND.values(), ids=SOUND)
@pytest.mark.parametrize("length", [1, 7, 300])
def test_missing_bytes_are_missed(data: bytes, length: int) -> None:
    damaged = data[:-9000] + data[length - 9000 :]
    with pytest.raises(ValueError, match=f"should have {len(data)}"):
        require_sound_bmp(damaged)
    with pytest.raises(RadiographError) as error:
        read(damaged)
    assert error.value.refusal.code is RefusalCode.TRUNCATED


def test_runs_are_not_read() -> None:
    """A line as one run of 162, as BI_RLE8 codes it: where one ends early, all others move."""
    line = bytes([162, 90, 0, 0])
    runs = line * 150 + b"\0\1"
    with Image.open(BytesIO(information(runs, compression=1))) as picture:
        assert np.asarray(picture).shape == GREY.shape  # Pillow does
    with pytest.raises(RadiographError) as error:
        read(information(runs, compression=1))
    assert error.value.refusal.code is RefusalCode.UNSUPPORTED
    assert "BMP, compression 1" in str(error.value)
