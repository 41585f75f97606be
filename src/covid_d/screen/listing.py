"""From an archive to the films in it, one after the other: nothing grows with the archive."""

from __future__ import annotations

import csv
import io
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from covid_d.detector.paths import films_under
from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.places import cannot_reach, is_address, parted, store_of, unknown_scheme
from covid_d.plain_words import words_of
from covid_d.radiograph.suffixes import may_be_film

_LISTS: Final = {".csv", ".tsv", ".txt", ".parquet"}
_CHUNK: Final = 1000  # objects: what one LIST request gives
_BATCH: Final = 4096  # rows of a Parquet list read at once
_HEAD: Final = 64 * 1024  # bytes by which a table's delimiter is told
_DELIMITERS: Final = ",;\t|"
_HEADINGS: Final = {
    "path": ("path", "ruta", "file", "archivo", "film", "url"),
    "size": ("size", "bytes"),
    "etag": ("etag", "e_tag"),
    "bucket": ("bucket",),
    "key": ("key",),
}
_WHAT: Final = N_(
    "Name a folder, an address such as s3://bucket/folder, or a table (CSV, Parquet) with a "
    "column path."
)


@dataclass(frozen=True, slots=True)
class ListedFilm:
    """One film of an archive, as it was listed.

    Parameters
    ----------
    path
        Its path, or its address in a store; as Python holds names that are no text.
    size
        In bytes, where listing tells.
    etag
        What the store calls this very content.
    """

    path: str
    size: int | None = None
    etag: str | None = None


def films_of(archive: str) -> Iterator[ListedFilm]:
    """Yield every film of an archive once, in an order that depends on the archive alone.

    Parameters
    ----------
    archive
        A folder; a prefix of an object store; or a table of paths: CSV or Parquet with a column
        ``path`` (``ruta``), or a Parquet inventory of a store with ``bucket`` and ``key``.

    Raises
    ------
    CovidDError
        If there is no such archive, its store does not answer, or the table has no paths.
    """
    if is_address(archive) and not is_list(archive):
        return _of_store(archive)
    wrong = unknown_scheme(archive)
    if wrong is not None:
        raise CovidDError(wrong, _WHAT)
    if is_list(archive):
        return _once(_of_table(archive))
    if not Path(archive).is_dir():
        raise CovidDError(N_("There is no archive at %(path)s.", path=archive), _WHAT)
    return _of_folder(archive)


def is_list(archive: str) -> bool:
    """Return whether an archive is a table of paths."""
    return Path(archive).suffix.lower() in _LISTS and not Path(archive).is_dir()


def _of_folder(folder: str) -> Iterator[ListedFilm]:
    inside = os.path.realpath(folder) + os.sep
    # Links alone are remembered: all other paths of a walk differ.
    linked: set[str] = set()
    for path in films_under(folder):
        if path.is_symlink() and path.exists():
            real = os.path.realpath(path)
            if real in linked or (real.startswith(inside) and _is_walked(real[len(inside) :])):
                continue
            linked.add(real)
        try:
            size = path.stat().st_size
        except OSError:
            size = None  # its row says what is wrong with it
        yield ListedFilm(str(path), size)


def _is_walked(below: str) -> bool:
    """Return whether the walk comes by a path, so that a link to it would list it twice."""
    *folders, name = Path(below).parts
    return may_be_film(name) and not any(part.startswith(".") for part in folders)


def _of_store(address: str) -> Iterator[ListedFilm]:
    import obstore
    from obstore.exceptions import BaseError

    root, key = parted(address)
    try:
        chunks = obstore.list(store_of(root), key or None, chunk_size=_CHUNK)
        for chunk in chunks:
            for entry in chunk:
                name = entry["path"]
                if entry["size"] and _is_walked(name):  # an empty object stands for a folder
                    yield ListedFilm(f"{root}/{name}", entry["size"], entry["e_tag"])
    except (BaseError, OSError) as error:
        raise cannot_reach(address, error) from error


def _of_table(archive: str) -> Iterator[ListedFilm]:
    stream = _opened(archive)
    with stream:
        if archive.lower().endswith(".parquet"):
            rows: Iterator[Mapping[str, Any]] = _parquet_rows(archive, stream)
        else:
            rows = _csv_rows(archive, stream)
        folder = None if is_address(archive) else Path(archive).absolute().parent
        for row in rows:
            film = _of_row(row, folder)
            if film is not None:
                yield film


def _opened(archive: str) -> io.BufferedReader:
    if is_address(archive):
        from obstore import open_reader
        from obstore.exceptions import BaseError

        root, key = parted(archive)
        try:
            return io.BufferedReader(_Raw(open_reader(store_of(root), key)))
        except (BaseError, OSError) as error:
            raise cannot_reach(archive, error) from error
    try:
        return Path(archive).open("rb")
    except OSError as error:
        raise CovidDError(
            N_("Cannot read %(path)s: %(reason)s.", path=archive, reason=error.strerror or error),
            _WHAT,
        ) from error


class _Raw(io.RawIOBase):
    """A store's object as Python's files are."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        got = bytes(self._reader.read(len(buffer)))
        buffer[: len(got)] = got
        return len(got)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return int(self._reader.seek(offset, whence))

    def tell(self) -> int:
        return int(self._reader.tell())


def _parquet_rows(archive: str, stream: io.BufferedReader) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(stream)
        columns = _columns(archive, table.schema_arrow.names)
        for batch in table.iter_batches(batch_size=_BATCH, columns=list(columns.values())):
            for row in batch.to_pylist():
                yield {ours: row[own] for ours, own in columns.items()}
    except pa.ArrowException as error:
        raise CovidDError(
            N_("%(path)s is no Parquet file that can be read.", path=archive), _WHAT
        ) from error


def _csv_rows(archive: str, stream: io.BufferedReader) -> Iterator[dict[str, str]]:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    try:
        head = text.read(_HEAD).partition("\n")[0]
        text.seek(0)
        delimiter = max(_DELIMITERS, key=head.count)
        reader = csv.reader(text, delimiter=delimiter)
        header = next(reader, [])
        columns = _columns(archive, header)
        places = {ours: header.index(own) for ours, own in columns.items()}
        for row in reader:
            yield {ours: row[at] if at < len(row) else "" for ours, at in places.items()}
    except (UnicodeDecodeError, csv.Error) as error:
        raise CovidDError(
            N_("%(path)s is no CSV file in UTF-8.", path=archive), N_("Save it as CSV in UTF-8.")
        ) from error


def _columns(archive: str, header: list[str]) -> dict[str, str]:
    """Return our name of each column that is understood, and its heading."""
    plain = {words_of(own): own for own in reversed(header)}
    found = {
        ours: next(plain[words_of(name)] for name in names if words_of(name) in plain)
        for ours, names in _HEADINGS.items()
        if any(words_of(name) in plain for name in names)
    }
    if "path" not in found and not {"bucket", "key"} <= found.keys():
        raise CovidDError(
            N_(
                "%(path)s has no column path; it has %(header)s.",
                path=archive,
                header=", ".join(header) or "none",
            ),
            _WHAT,
        )
    return found


def _of_row(row: Mapping[str, Any], folder: Path | None) -> ListedFilm | None:
    """Return the film that a row names; none of an empty row, nor what is no film's name.

    A relative path is one beside the table.
    """
    size = str(row.get("size"))
    bytes_ = int(size) if size.isdecimal() else None
    etag = row.get("etag") or None
    if "path" in row:
        path = str(row["path"] or "").strip()
        if path and folder is not None and not is_address(path):
            path = str(folder / path)
        return ListedFilm(path, bytes_, etag) if path else None
    # An inventory lists whatever lies there.
    key = str(row["key"] or "")
    if bytes_ == 0 or key.endswith("/") or not _is_walked(key or "."):
        return None
    return ListedFilm(f"s3://{row['bucket']}/{key}", bytes_, etag)


def _once(films: Iterator[ListedFilm]) -> Iterator[ListedFilm]:
    """Yield each path of a table the first time that it comes; what came is kept on disk."""
    with tempfile.TemporaryDirectory() as folder, closing(_Seen(Path(folder))) as seen:
        yield from (film for film in films if seen.is_new(film.path))


class _Seen:
    """Which paths came before, by their hashes, in a file of its own."""

    def __init__(self, folder: Path) -> None:
        self._base = sqlite3.connect(folder / "seen")
        self._base.execute("pragma journal_mode = off")
        self._base.execute("pragma synchronous = off")
        self._base.execute("create table seen (print blob primary key) without rowid")
        self.close: Callable[[], None] = self._base.close

    def is_new(self, path: str) -> bool:
        """Note a path, and return whether it had not come before."""
        print_ = blake2b(os.fsencode(path), digest_size=16).digest()
        return self._base.execute("insert or ignore into seen values (?)", [print_]).rowcount == 1
