"""Read one film from a path, bytes or an open file: the only door for files of any kind."""

from __future__ import annotations

import hashlib
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Final

import numpy as np

from covid_d.radiograph.film import Facts, FloatImage, Radiograph
from covid_d.radiograph.frame import film_box
from covid_d.radiograph.lowered import film_of_averages
from covid_d.radiograph.readers import reader_for
from covid_d.radiograph.readers.decoded import Decoded
from covid_d.radiograph.readers.limits import MAX_BYTES, require_size
from covid_d.radiograph.refusal import RadiographError, RefusalCode

# A film of which less is left without its margins is a spot on an empty picture, no thumbnail.
_SPECK: Final = 24
# Where a picture is read with fewer pixels than it has, so many of the film must be left without
# margins, on its shorter side; else they are all read.
_ENOUGH: Final = 768


def read(
    source: str | Path | bytes | BinaryIO, *, name: str = "", whole: bool = False
) -> Radiograph:
    """Read one film.

    Whoever judges a film reads it with ``whole`` left out: then all judge by the same pixels.

    Parameters
    ----------
    source
        Path, the file's bytes, or a file open for reading bytes. What it holds is told by its
        first bytes; a file's suffix says nothing.
    name
        What to call the film in messages; the path when left out.
    whole
        Whether all of its pixels are wanted, for people to look at or to write it anew. Else of a
        large JPEG 2000 film no more resolution is decoded than an answer needs.

    Returns
    -------
    The film without its margins, upright, with square pixels, float32 in [0, 1], air dark and
    bone bright, with its known facts.

    Raises
    ------
    RadiographError
        Whatever is wrong with the file: its ``refusal`` says what, and what to do. No other error
        leaves this function for any content of a file.
    """
    data = _bytes_of(source)
    if not data:
        raise RadiographError.of(RefusalCode.EMPTY)
    if len(data) > MAX_BYTES:
        raise RadiographError.of(RefusalCode.TOO_LARGE, _megabytes(len(data)))
    if not name and isinstance(source, (str, Path)):
        name = str(source)
    try:
        with _quiet():
            reader, sha256 = reader_for(data), hashlib.sha256(data).hexdigest()
            film = _framed(reader.decode(data, sha256, whole=whole), name)
            if film.halvings and min(film.pixels.shape) < _ENOUGH:
                film = _framed(reader.decode(data, sha256, whole=True), name)
            return film
    except RadiographError:
        raise
    except Exception as error:
        # Decoding libraries raise nearly every class there is on damaged input (struct.error,
        # zlib.error, SyntaxError, RecursionError, MemoryError ...), and the list changes with
        # their versions. At this one place everything they raise means: the file is damaged.
        words = " ".join(f"{type(error).__name__}: {error}".split())
        cause = words.partition(" <_io")[0][:200]  # without Pillow's address of a stream
        raise RadiographError.of(RefusalCode.TRUNCATED, cause=cause) from error


def without_margins(picture: FloatImage, facts: Facts, name: str = "") -> Radiograph:
    """Return the film that lies in a picture, as reading frames it.

    Parameters
    ----------
    picture
        float32, HxW, in [0, 1]; upright, with square pixels.
    facts
        What is known about the film.
    name
        What to call it in messages.

    Raises
    ------
    RadiographError
        If what is left without margins is nothing, or too small or too large to read.
    """
    return _framed(Decoded(picture, facts), name)


def _framed(decoded: Decoded, name: str) -> Radiograph:
    picture, facts, halvings, size = decoded
    if size is None:
        box = film_box(picture)
        # A copy, so that a margin takes no memory as long as the film is kept.
        film = np.ascontiguousarray(box.of(picture))
        size = picture.shape[1], picture.shape[0]
    else:
        film, box = film_of_averages(picture, size, halvings)
    if min(box.width, box.height) < _SPECK:
        raise RadiographError.of(RefusalCode.BLANK)
    require_size(box.width, box.height)
    return Radiograph(film, facts, name, box, size, halvings)


def _bytes_of(source: str | Path | bytes | BinaryIO) -> bytes:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    try:
        if isinstance(source, (str, Path)):
            return _file_bytes(Path(source))
        data = source.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise RadiographError.of(RefusalCode.NOT_FOUND, cause=str(error)) from error
    except (OSError, ValueError) as error:  # ValueError: a path with a null, a closed file
        reason = getattr(error, "strerror", None) or str(error)
        raise RadiographError.of(RefusalCode.UNREADABLE, reason) from error
    if not isinstance(data, bytes):
        raise TypeError(f"source must be open for reading bytes, it gave {type(data).__name__}")
    return data


def _file_bytes(path: Path) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # a folder; a pipe, which would block for ever
        raise RadiographError.of(RefusalCode.NOT_A_FILE, cause=str(path))
    if status.st_size > MAX_BYTES:
        raise RadiographError.of(RefusalCode.TOO_LARGE, _megabytes(status.st_size))
    return path.read_bytes()


def _megabytes(size: int) -> str:
    return f"{size / 1024**2:.0f} MB"


# Films are read in several threads at once, and `warnings.catch_warnings` keeps its state in one
# global: overlapping blocks would restore each other's filters. So the first reader in silences
# warnings, and the last one out restores them.
_lock = Lock()
_inside = 0
_silence: warnings.catch_warnings[None] | None = None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the decoding libraries' warnings off the user's screen while a film is read.

    What they warn of (odd metadata, mostly) either does not matter to the film or is checked by
    the readers themselves.
    """
    global _inside, _silence
    with _lock:
        _inside += 1
        if _silence is None:
            _silence = warnings.catch_warnings()
            _silence.__enter__()
            warnings.simplefilter("ignore")
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0 and _silence is not None:
                _silence.__exit__(None, None, None)
                _silence = None
