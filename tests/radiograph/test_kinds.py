"""The table of what is read promises nothing that the readers do not do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import uid

import films
from covid_d.radiograph import read
from covid_d.radiograph.kinds import kinds_read

GREY = films.grey8()
DEEP = films.grey16(bits=12)


def _native(syntax: str) -> bytes:
    film = films.dataset(DEEP)
    film.file_meta.TransferSyntaxUID = uid.UID(syntax)
    return films.part10(film)


def _lossy_2000() -> bytes:
    frame = films.picture(GREY, "JPEG2000", no_jp2=True)
    return films.encapsulated(films.dataset(GREY), frame, uid.JPEG2000)


def _extended() -> bytes:
    frame = films.picture(GREY, "JPEG")
    return films.encapsulated(films.dataset(GREY), frame, uid.JPEGExtended12Bit)


MADE: dict[str, Callable[[Path], bytes]] = {
    **{
        uid.UID(syntax).name: lambda _, syntax=syntax: _native(syntax)  # type: ignore[misc]
        for syntax in (
            uid.ImplicitVRLittleEndian,
            uid.ExplicitVRLittleEndian,
            uid.DeflatedExplicitVRLittleEndian,
        )
    },
    **{
        uid.UID(syntax).name: lambda folder, syntax=syntax: films.gdcm_dicom(  # type: ignore[misc]
            DEEP, 12, syntax, folder
        )
        for syntax in (
            uid.JPEGLossless,
            uid.JPEGLosslessSV1,
            uid.JPEGLSLossless,
            uid.JPEGLSNearLossless,
        )
    },
    uid.UID(uid.ExplicitVRBigEndian).name: lambda _: films.big_endian_dicom(DEEP),
    uid.UID(uid.RLELossless).name: lambda _: films.rle_dicom(DEEP),
    uid.UID(uid.JPEGBaseline8Bit).name: lambda _: films.jpeg_dicom(GREY),
    uid.UID(uid.JPEGExtended12Bit).name: lambda _: _extended(),
    uid.UID(uid.JPEG2000Lossless).name: lambda _: films.j2k_dicom(films.grey16()),
    uid.UID(uid.JPEG2000).name: lambda _: _lossy_2000(),
    **{
        name: lambda _, kind=kind: films.picture(GREY, kind)  # type: ignore[misc]
        for name, kind in (
            ("PNG", "PNG"),
            ("JPEG", "JPEG"),
            ("JPEG 2000", "JPEG2000"),
            ("TIFF", "TIFF"),
            ("BMP", "BMP"),
            ("WebP", "WEBP"),
        )
    },
}


@pytest.mark.parametrize("name", [name for name, _ in kinds_read()])
def test_each_kind_of_the_table_is_read(name: str, tmp_path: Path) -> None:
    film = read(MADE[name.removeprefix("DICOM, ")](tmp_path))
    assert film.pixels.shape == (160, 160)
    assert film.facts.format.upper() == name.partition(",")[0].upper()
