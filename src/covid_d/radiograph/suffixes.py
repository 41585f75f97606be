"""Which files of a folder may be films, by their names: one list for every room that looks."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

_DICOM: Final = (".dcm", ".dicom", ".dic", ".dcm30", ".ima")
_PICTURES: Final = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".tif", ".tiff", ".bmp")
_JPEG_2000: Final = (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc")
# Photographs of telephones are refused, with what to do; passed over, nobody would miss them.
_REFUSED: Final = (".heic", ".heif", ".avif")

SUFFIXES: Final = frozenset((*_DICOM, *_PICTURES, *_JPEG_2000, ".webp", *_REFUSED))


def may_be_film(name: str) -> bool:
    """Return whether a file found in a folder may be a film, by its name.

    Files without suffix, or with a number for one as in a DICOM UID, are DICOM more often than
    not.

    Examples
    --------
    >>> may_be_film("IM0001"), may_be_film("foto.HEIC"), may_be_film("DICOMDIR")
    (True, True, False)
    """
    if name.startswith(".") or name.upper() == "DICOMDIR":
        return False
    suffix = PurePath(name).suffix.lower()
    return suffix in SUFFIXES or suffix == "" or suffix[1:].isdecimal()
