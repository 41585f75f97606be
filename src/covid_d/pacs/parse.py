"""The data set of a file that somebody else made, if it may be parsed at all."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Final

from pydicom import Dataset, dcmread
from pydicom.filereader import read_dataset, read_preamble
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.radiograph.readers.items import ITEM_BYTES, MOST_ITEMS, items_in
from covid_d.radiograph.readers.limits import MAX_BYTES
from covid_d.radiograph.readers.sound import inflated

_DEFLATED: Final = DeflatedExplicitVRLittleEndian.encode()
_BIG: Final = ExplicitVRBigEndian.encode()
_HEAD_BYTES: Final = 4096
"""In which a file says its syntax, in the clear."""


def swells(content: bytes) -> bool:
    """Return whether an object's file (PS3.10) would take far more memory than it has bytes."""
    head = content[:_HEAD_BYTES]
    is_deflated = _DEFLATED in head
    if not is_deflated and len(content) < ITEM_BYTES * MOST_ITEMS:
        return False
    big = _BIG in head
    size, items = 0, 0
    try:
        for piece in _inflated(content) if is_deflated else [content]:
            size += len(piece)
            items += items_in(piece, big=big)
            if items > MOST_ITEMS or (piece is not content and size > MAX_BYTES):
                return True
    except Exception:  # noqa: BLE001 - it ends there, also for who parses it
        return False
    return False


def parsed(content: bytes, *, is_safe: bool = False) -> Dataset:
    """Return the data set of a film's file.

    Parameters
    ----------
    content
        The file (PS3.10).
    is_safe
        Whether it is known already that it does not swell.

    Raises
    ------
    CovidDError
        If it is none, or would swell.
    """
    try:
        if not is_safe and swells(content):
            raise ValueError("it is larger than it looks")
        return dcmread(BytesIO(content))
    except Exception as error:  # a hostile object raises anything
        raise CovidDError(
            N_("The film is no DICOM file: %(reason)s.", reason=error),
            N_("A picture has no study that an answer could be filed in."),
        ) from error


def _inflated(content: bytes) -> Iterator[bytes]:
    """Yield what a file holds, inflated piece by piece where it is deflated (PS3.5 A.5)."""
    stream = BytesIO(content)
    read_preamble(stream, force=False)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2)
    if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        yield from inflated(stream.read(), raw=True)
    else:
        yield content
