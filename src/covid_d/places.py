"""Where archives, jobs and a clinic's films lie: a folder, or a prefix of an object store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from covid_d.errors import CovidDError, MissingExtraError
from covid_d.files import write_atomically
from covid_d.language import N_, Sentence

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SCHEMES: Final = frozenset({"s3", "s3a", "gs", "az", "azure", "abfs", "abfss"})
"""Of addresses that object stores understand; S3 is what the tests ask a real server for."""
_CHUNK: Final = 1000  # objects: what one LIST request gives
_YES: Final = frozenset({"1", "true", "on", "yes", "y"})
_LARGEST_PUT: Final = 256 << 20  # bytes


class StoreError(CovidDError):
    """A store does not answer, or does not let us in: nothing that a film is to blame for."""


def is_address(named: str) -> bool:
    """Return whether it is an object store's address rather than a path."""
    return named.partition("://")[0].lower() in SCHEMES and "://" in named


def parted(address: str) -> tuple[str, str]:
    """Return an address's store (``s3://bucket``) and the key within it.

    Raises
    ------
    StoreError
        If it names no bucket.
    """
    scheme, _, rest = address.partition("://")
    bucket, _, key = rest.partition("/")
    if not bucket:
        raise StoreError(
            N_("%(address)r names no bucket.", address=address),
            N_("Write it as s3://bucket/folder."),
        )
    return f"{scheme}://{bucket}", key


@lru_cache(maxsize=64)
def store_of(root: str, patience: float | None = None) -> ObjectStore:
    """Return the store of an address without a key, as the environment describes it.

    Credentials, region and endpoint are what the store's own variables say (``AWS_ACCESS_KEY_ID``,
    ``AWS_REGION``, ``AWS_ENDPOINT_URL``, ``AWS_ALLOW_HTTP``...). Kept: it holds its connections.

    Parameters
    ----------
    root
        Such as ``s3://bucket``.
    patience
        Seconds after which a store that does not answer is given up; by default minutes, as work
        that nobody waits for can afford.

    Raises
    ------
    StoreError
        If they make no store.
    MissingExtraError
        If the library for object stores is not installed.
    """
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ModuleNotFoundError as error:
        raise MissingExtraError(N_("An object store"), "s3") from error

    try:
        if patience is None:
            return from_url(root)
        return from_url(
            root,
            client_options={
                "connect_timeout": timedelta(seconds=min(5.0, patience)),
                "timeout": timedelta(seconds=patience),
                # Options put an end to what the environment says of the same.
                "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in _YES,
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=patience)},
        )
    except (BaseError, ValueError) as error:
        raise cannot_reach(root, error) from error


def cannot_reach(address: str, error: Exception) -> StoreError:
    """Return the error of a store that does not answer."""
    return StoreError(
        N_("%(address)s does not answer: %(reason)s.", address=address, reason=first_line(error)),
        N_(
            "Check address, credentials and network (AWS_ENDPOINT_URL, AWS_REGION, "
            "AWS_ACCESS_KEY_ID), then run the same command again."
        ),
    )


def first_line(error: Exception) -> str:
    """Return what a store says, without the inner workings that follow it."""
    return str(error).partition("\n")[0].strip().rstrip(".")


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of a place.

    Parameters
    ----------
    name
        In the place.
    written
        When it was written last, by the place's own clock.
    """

    name: str
    written: datetime


class Place(Protocol):
    """Named files, each written whole or not at all; a folder is a name's part before ``/``."""

    address: str

    def read(self, name: str) -> bytes:
        """Return a file.

        Raises
        ------
        FileNotFoundError
            If there is none.
        """

    def write(self, name: str, content: bytes | str, *, mode: int | None = None) -> None:
        """Write a whole file; ``mode`` is its permissions, where there are such."""

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder, without it; sorted."""

    def has(self, name: str) -> bool:
        """Return whether a file is there."""

    def below(self, folder: str) -> Iterator[KeptFile]:
        """Yield every file below a folder, in no order, however many there are.

        What a killed writer left half written is told too: its name's last part begins with a dot.
        """

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""


class FolderPlace:
    """A folder of this machine, or one that a cluster's machines share.

    Parameters
    ----------
    folder
        It need not be there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = str(folder)

    def read(self, name: str) -> bytes:
        """Return a file, as the protocol says."""
        return (self.folder / name).read_bytes()

    def write(self, name: str, content: bytes | str, *, mode: int | None = None) -> None:
        """Write a whole file, as the protocol says."""
        write_atomically(self.folder / name, content, mode=mode)

    def names(self, folder: str) -> list[str]:
        """Return what is in a folder; what a killed writer left there is none of it."""
        try:
            with os.scandir(self.folder / folder) as entries:
                return sorted(entry.name for entry in entries if not entry.name.startswith("."))
        except FileNotFoundError:
            return []

    def has(self, name: str) -> bool:
        """Return whether a file is there."""
        return (self.folder / name).is_file()

    def below(self, folder: str) -> Iterator[KeptFile]:
        """Yield every file below a folder, as the protocol says."""
        for at, _, names in os.walk(self.folder / folder):
            for name in names:
                path = Path(at) / name
                with suppress(FileNotFoundError):  # removed meanwhile
                    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                    yield KeptFile(path.relative_to(self.folder).as_posix(), written)

    def remove(self, name: str) -> None:
        """Remove a file, as the protocol says."""
        (self.folder / name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what killed writers left half written."""
        for left in self.folder.glob("**/.*.partial-*"):
            left.unlink(missing_ok=True)


class BucketPlace:
    """A prefix of an object store; a PUT there is whole or nothing.

    Parameters
    ----------
    address
        ``s3://bucket/folder``.
    patience
        As :func:`store_of` has it.
    """

    def __init__(self, address: str, patience: float | None = None) -> None:
        self.address = address.rstrip("/")
        self._root, key = parted(self.address)
        self._patience = patience
        self._prefix = f"{key}/" if key else ""

    def open(self) -> None:
        """Make the store, so that wrong settings are told before anything is done; asks nothing.

        Raises
        ------
        StoreError
            If its settings make no store.
        MissingExtraError
            If the library for object stores is not installed.
        """
        store_of(self._root, self._patience)

    def read(self, name: str) -> bytes:
        """Return a file, as the protocol says."""
        import obstore

        with self._answering():
            return bytes(obstore.get(self._store, self._prefix + name).bytes())

    def write(self, name: str, content: bytes | str, *, mode: int | None = None) -> None:
        """Write a whole file; a store has no permissions of single files."""
        import obstore

        with self._answering():
            data = content.encode() if isinstance(content, str) else content
            # In one request, unless it is huge: no parts are left of one that was broken off.
            parts = len(data) > _LARGEST_PUT
            obstore.put(self._store, self._prefix + name, data, use_multipart=parts)

    def names(self, folder: str) -> list[str]:
        """Return what is in a folder, as the protocol says."""
        import obstore

        prefix = f"{self._prefix}{folder}/" if folder else self._prefix
        with self._answering():
            chunks = obstore.list(self._store, prefix or None, chunk_size=_CHUNK)
            below = [entry["path"][len(prefix) :] for chunk in chunks for entry in chunk]
        return sorted(name for name in below if "/" not in name)

    def has(self, name: str) -> bool:
        """Return whether a file is there."""
        import obstore

        with suppress(FileNotFoundError), self._answering():
            obstore.head(self._store, self._prefix + name)
            return True
        return False

    def below(self, folder: str) -> Iterator[KeptFile]:
        """Yield every file below a folder, as the protocol says; a page of the list at a time."""
        import obstore

        with self._answering():
            chunks = iter(obstore.list(self._store, f"{self._prefix}{folder}/", chunk_size=_CHUNK))
        while True:
            with self._answering():
                chunk = next(chunks, None)
            if chunk is None:
                return
            for entry in chunk:
                yield KeptFile(entry["path"][len(self._prefix) :], entry["last_modified"])

    def remove(self, name: str) -> None:
        """Remove a file, as the protocol says."""
        import obstore

        with suppress(FileNotFoundError), self._answering():
            obstore.delete(self._store, self._prefix + name)

    @property
    def _store(self) -> ObjectStore:
        return store_of(self._root, self._patience)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        from obstore.exceptions import BaseError, NotFoundError

        try:
            yield
        except (FileNotFoundError, NotFoundError) as error:
            raise FileNotFoundError(first_line(error)) from error
        except (BaseError, OSError) as error:
            raise cannot_reach(self.address, error) from error


def place_of(address: str | Path, patience: float | None = None) -> Place:
    """Return the place of a path or an object store's address."""
    named = os.fspath(address)
    return BucketPlace(named, patience) if is_address(named) else FolderPlace(Path(named))


def unknown_scheme(named: str) -> Sentence | None:
    """Return what is said of an address that no store understands; ``None`` of all others."""
    scheme, found, _ = named.partition("://")
    if not found or scheme.lower() in SCHEMES:
        return None
    return N_("%(scheme)s:// is no store that can be read.", scheme=scheme)
