"""Writing files so that a killed process or a full disk never leaves half of one."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from covid_d.errors import CovidDError
from covid_d.language import N_

PARTIAL: Final = ".partial-"
"""In the name of what is not written whole yet; a killed process leaves it."""
_NUMBERS: Final = itertools.count()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 hex digest of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def printable(path: str) -> str:
    """Return a path that can be written as UTF-8, whatever bytes its name holds."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def write_atomically(path: Path, content: bytes | str, *, mode: int | None = None) -> None:
    """Write a whole file or nothing; an existing file is replaced only by a complete one.

    Parameters
    ----------
    path
        The file; its folder is made when missing.
    content
        Text is written as UTF-8.
    mode
        The file's permissions; by default what ``open`` would give.

    Raises
    ------
    CovidDError
        If the file cannot be written (no space, no permission); the old one is untouched.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    with _replacing(path, mode) as stream:
        stream.write(data)


@contextmanager
def atomic_stream(path: Path) -> Iterator[io.TextIOWrapper]:
    """Yield a text stream of UTF-8 that becomes ``path`` only if the block succeeds.

    It leaves line ends alone. What is written goes to the disk as it comes.

    Raises
    ------
    CovidDError
        As :func:`write_atomically`.
    """
    with _replacing(path, None) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()


@contextmanager
def _replacing(path: Path, mode: int | None) -> Iterator[IO[bytes]]:
    name: Path | None = None
    try:
        handle, name = _partial(path, mode)
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        name.replace(path)
        name = None
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        if name is not None:
            name.unlink(missing_ok=True)


def _partial(path: Path, mode: int | None) -> tuple[int, Path]:
    """Open a new file beside another one; as ``tempfile`` does, at half the cost."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    while True:
        name = path.parent / f".{path.name}{PARTIAL}{os.getpid()}-{next(_NUMBERS)}"
        try:
            handle = os.open(name, flags, 0o666 if mode is None else mode)
        except FileExistsError:  # of a killed process that had our number
            continue
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            continue
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(handle, mode)  # whatever the umask takes away
        return handle, name


@contextmanager
def atomic_folder(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary sibling folder that becomes ``path`` only if the block succeeds.

    Remains of earlier killed runs are removed first.

    Parameters
    ----------
    path
        The folder to make; its parent is made when missing.
    overwrite
        Replace an existing folder. Otherwise a non-empty one is an error.

    Raises
    ------
    CovidDError
        If ``path`` exists and may not be replaced, or cannot be written.
    """
    if path.exists() and not overwrite and (not path.is_dir() or any(path.iterdir())):
        raise CovidDError(
            N_("%(path)s already exists.", path=path),
            N_("Choose another folder or say --overwrite."),
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{path.name}{PARTIAL}*"):
            shutil.rmtree(left, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=f".{path.name}{PARTIAL}", dir=path.parent))
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        yield work
        work.chmod(0o777 & ~_umask())
        if path.exists():
            shutil.rmtree(path)
        work.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _cannot_write(path: Path, error: OSError) -> CovidDError:
    return CovidDError(
        N_("Cannot write %(path)s: %(reason)s.", path=path, reason=error.strerror or error),
        N_("Free some space or choose a folder you may write to, then run the command again."),
    )
