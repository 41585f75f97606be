"""Film readers: one small plug-in file a kind of container.

A plug-in is a module with ``sniff`` and ``decode``; it is chosen by the first bytes of the file,
never by the file's name. ``foreign`` comes last: it knows what is no film and says so.
"""

from __future__ import annotations

from typing import Final, Protocol

from covid_d.radiograph.readers import dicom, foreign, picture
from covid_d.radiograph.readers.decoded import Decoded


class FormatReader(Protocol):
    """What a reader module offers."""

    def sniff(self, data: bytes) -> bool:
        """Return whether these are the first bytes of a container this reader knows."""
        ...

    def decode(self, data: bytes, sha256: str, *, whole: bool = False) -> Decoded:
        """Return the film's pixels and its facts.

        Parameters
        ----------
        data, sha256
            The file's bytes and their hash.
        whole
            Whether all of a large film's pixels are wanted, not as many as an answer needs.

        Raises
        ------
        RadiographError
            If the file holds no single, whole, readable film.
        """
        ...


READERS: Final[tuple[FormatReader, ...]] = (dicom, picture, foreign)


def reader_for(data: bytes) -> FormatReader:
    """Return the reader for a file's bytes; ``foreign`` accepts, and refuses, everything else."""
    return next(reader for reader in READERS if reader.sniff(data))
