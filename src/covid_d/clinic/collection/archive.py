"""A zip made while it is sent: never whole in memory, never on the disk."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator

# Fixed, so that an archive tells no moment.
_DATE = (1980, 1, 1, 0, 0, 0)


class _Pipe(io.RawIOBase):
    """Takes what zipfile writes and gives it out again; it cannot go back."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._waiting += data
        return len(data)

    def taken(self) -> bytes:
        """Return what was written since the last call."""
        data = bytes(self._waiting)
        self._waiting.clear()
        return data


def zipped(files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """Yield a zip of files as they come; an error on the way leaves it visibly unfinished."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, _DATE)
            # Pictures are compressed already.
            entry.compress_type = (
                zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            )
            archive.writestr(entry, content)
            yield pipe.taken()
    yield pipe.taken()
