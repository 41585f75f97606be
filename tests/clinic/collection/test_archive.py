"""A zip that is sent while it is made can be opened, and an unfinished one cannot."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import pytest

from covid_d.clinic.collection.archive import zipped

FILES = {"images/a.png": b"\x89PNG" * 1000, "metadata.csv": b"a,b\n" * 1000}


def test_it_opens() -> None:
    pieces = list(zipped(FILES.items()))
    assert len(pieces) == 3
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES


def test_it_is_sent_as_it_is_made() -> None:
    asked = []

    def files() -> Iterator[tuple[str, bytes]]:
        for name, content in FILES.items():
            asked.append(name)
            yield name, content

    stream = zipped(files())
    assert FILES["images/a.png"] in next(stream)
    assert asked == ["images/a.png"]


def test_an_unfinished_one_is_no_zip() -> None:
    def files() -> Iterator[tuple[str, bytes]]:
        yield "a", b"a"
        raise ZeroDivisionError

    pieces: list[bytes] = []
    with pytest.raises(ZeroDivisionError):
        pieces.extend(zipped(files()))
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
