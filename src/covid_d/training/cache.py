"""Films decoded once, and where their lungs are; kept as memory-mapped arrays.

A film is kept standardised, as answering prepares it. Where training varies the part that the
network sees, films are kept whole besides, so that each draw goes through the same preparation.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm.auto import tqdm

from covid_d.detector.lungs import LungModel
from covid_d.errors import TrainingError, cause
from covid_d.files import sha256_of, write_atomically
from covid_d.language import N_
from covid_d.radiograph.film import Facts, Radiograph
from covid_d.radiograph.prepare import Preprocessing, Window, standardise
from covid_d.radiograph.read import read
from covid_d.radiograph.refusal import RadiographError
from covid_d.radiograph.show import thumbnail

_VERSION = 1  # of how standardised films are made; a new one makes old caches unused
_CHECK = N_("Run: covid-d dataset check, and build the data set again if it fails.")


@dataclass(frozen=True, slots=True, eq=False)
class FilmCache:
    """Standardised films of a data set.

    Parameters
    ----------
    films
        uint8, n x size x size, memory-mapped and read-only.
    path
        The file it lies in.
    """

    films: npt.NDArray[np.uint8]
    path: Path


@dataclass(frozen=True, slots=True, eq=False)
class WholeFilms:
    """Whole films of a data set, the larger ones made smaller.

    Parameters
    ----------
    films
        uint8, n x side x side, memory-mapped; a film fills the upper left part.
    shapes
        n x 2: rows and columns of each.
    """

    films: npt.NDArray[np.uint8]
    shapes: npt.NDArray[np.int64]

    def __getitem__(self, index: int) -> Radiograph:
        """Return a film; nothing of its file but the pixels."""
        height, width = self.shapes[index]
        pixels = self.films[index, :height, :width].astype(np.float32) / np.float32(255.0)
        return Radiograph(pixels, Facts("PNG", "", 8))


def cached_films(
    paths: Sequence[Path],
    hashes: Sequence[str],
    preprocessing: Preprocessing,
    folder: Path,
    *,
    windows: Sequence[Window] | None = None,
    progress: bool = True,
) -> FilmCache:
    """Return the films in their order, decoding them only if no earlier run has.

    The file's name is a hash over the films and the preprocessing, so that a cache is never used
    for other films or another preparation; normalisation is not part of it.

    Parameters
    ----------
    paths, hashes
        Of each film: its file and that file's SHA-256, which is checked while decoding.
    preprocessing
        How films are standardised.
    folder
        Where caches lie; made when missing.
    windows
        Of each film, around its lungs; needed where the preprocessing frames films by them.
    progress
        Show a bar (only in terminals).

    Raises
    ------
    TrainingError
        If a film cannot be read or is not the one the data set recorded, or the disk is full.
    """
    kept = preprocessing.model_dump_json(exclude={"mean", "std"})
    where = [str(tuple(window)) for window in windows or ()]
    path = folder / f"films-{_key(kept, hashes, where)}.npy"
    shape = (len(paths), preprocessing.size, preprocessing.size)

    def store(films: npt.NDArray[np.uint8], index: int) -> None:
        window = None if windows is None else windows[index]
        film = _checked(paths[index], hashes[index])
        films[index] = standardise(film, preprocessing, window)

    return FilmCache(_kept(path, shape, np.uint8, store, "decode films", progress), path)


def cached_whole_films(
    paths: Sequence[Path], hashes: Sequence[str], side: int, folder: Path, *, progress: bool = True
) -> WholeFilms:
    """Return the films whole, the longer side ``side`` pixels at most; see :func:`cached_films`."""
    text = f"whole {side}"
    path = folder / f"whole-{_key(text, hashes)}.npy"
    sizes = folder / f"whole-{_key(text, hashes)}-shapes.npy"
    shapes = np.zeros((len(paths), 2), dtype=np.int64)

    def store(films: npt.NDArray[np.uint8], index: int) -> None:
        small = thumbnail(_checked(paths[index], hashes[index]), side)
        shapes[index] = small.height, small.width
        films[index, : small.height, : small.width] = np.asarray(small)

    if not sizes.is_file():
        path.unlink(missing_ok=True)  # without the shapes it is of no use
    films = _kept(path, (len(paths), side, side), np.uint8, store, "decode films", progress)
    if not sizes.is_file():
        write_atomically(sizes, _bytes(shapes))
    return WholeFilms(films, np.load(sizes))


def cached_windows(
    paths: Sequence[Path],
    hashes: Sequence[str],
    lungs: LungModel,
    folder: Path,
    *,
    progress: bool = True,
) -> list[Window | None]:
    """Return the box around the lungs of each film, ``None`` where answering would refuse it."""
    path = folder / f"lungs-{_key(lungs.sha256, hashes)}.npy"

    def store(boxes: npt.NDArray[np.float64], index: int) -> None:
        window = lungs.find(_checked(paths[index], hashes[index])).window
        boxes[index] = window if isinstance(window, Window) else (np.nan,) * 4

    boxes = _kept(path, (len(paths), 4), np.float64, store, "find lungs", progress)
    return [None if np.isnan(box).any() else Window(*map(float, box)) for box in boxes]


def _key(what: str, hashes: Sequence[str], more: Sequence[str] = ()) -> str:
    text = "\n".join((str(_VERSION), what, *hashes, *more))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _kept(
    path: Path,
    shape: tuple[int, ...],
    dtype: npt.DTypeLike,
    store: Callable[[npt.NDArray[Any], int], None],
    what: str,
    progress: bool,
) -> npt.NDArray[Any]:
    if not path.is_file():
        _build(path, shape, dtype, store, what, progress=progress)
    damaged = TrainingError(
        N_("Film cache %(path)s is damaged.", path=path),
        N_("Delete it and run again."),
    )
    try:
        kept: npt.NDArray[Any] = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise damaged from error
    if kept.shape != shape:
        raise damaged
    return kept


def _build(
    path: Path,
    shape: tuple[int, ...],
    dtype: npt.DTypeLike,
    store: Callable[[npt.NDArray[Any], int], None],
    what: str,
    *,
    progress: bool,
) -> None:
    work: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{path.name}.partial-*"):
            left.unlink(missing_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.partial-", dir=path.parent)
        os.close(handle)
        work = Path(name)
        kept = np.lib.format.open_memmap(work, mode="w+", dtype=dtype, shape=shape)
        # Decoding and resizing release the interpreter lock: threads suffice.
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            jobs = pool.map(partial(store, kept), range(shape[0]))
            try:
                for _ in tqdm(
                    jobs,
                    total=shape[0],
                    desc=what,
                    unit="film",
                    disable=None if progress else True,
                ):
                    pass
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        kept.flush()
        del kept
        work.chmod(0o644)  # mkstemp makes files for the owner alone
        work.replace(path)
    except OSError as error:
        raise TrainingError(
            N_(
                "Cannot write the film cache %(path)s: %(error)s.",
                path=path,
                error=error.strerror or error,
            ),
            N_("Free some space or choose another folder with --cache."),
        ) from error
    finally:
        if work is not None:
            work.unlink(missing_ok=True)


def _bytes(array: npt.NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _checked(path: Path, sha256: str) -> Radiograph:
    """Read a film that must be the one the data set recorded."""
    try:
        found = sha256_of(path)
    except FileNotFoundError as error:
        raise _unreadable(path, error) from error
    if found != sha256:
        raise TrainingError(
            N_("Film %(path)s is not the one the data set recorded.", path=path), _CHECK
        )
    return readable(path)


def readable(path: Path) -> Radiograph:
    """Read a film of a data set.

    Raises
    ------
    TrainingError
        If it cannot be read.
    """
    try:
        return read(path)
    except (RadiographError, FileNotFoundError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> TrainingError:
    sentence = N_("Film %(path)s cannot be read: %(error)s", path=path, error=cause(error))
    return TrainingError(sentence, _CHECK)
