"""Films decoded and standardised once, kept as one memory-mapped array."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm.auto import tqdm

from covid_d.errors import TrainingError
from covid_d.files import sha256_of
from covid_d.radiograph.prepare import Preprocessing, standardise
from covid_d.radiograph.read import read
from covid_d.radiograph.refusal import RadiographError

_VERSION = 1  # of how standardised films are made; a new one makes old caches unused


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


def cached_films(
    paths: Sequence[Path],
    hashes: Sequence[str],
    preprocessing: Preprocessing,
    folder: Path,
    *,
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
    progress
        Show a bar (only in terminals).

    Raises
    ------
    TrainingError
        If a film cannot be read or is not the one the data set recorded, or the disk is full.
    """
    path = folder / f"films-{_key(hashes, preprocessing)}.npy"
    if not path.is_file():
        _build(path, paths, hashes, preprocessing, progress=progress)
    damaged = TrainingError(f"Film cache {path} is damaged.", "Delete it and run again.")
    try:
        films = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise damaged from error
    if films.shape != (len(paths), preprocessing.size, preprocessing.size):
        raise damaged
    return FilmCache(films, path)


def _key(hashes: Sequence[str], preprocessing: Preprocessing) -> str:
    kept = preprocessing.model_dump_json(exclude={"mean", "std"})
    text = "\n".join((str(_VERSION), kept, *hashes))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _build(
    path: Path,
    paths: Sequence[Path],
    hashes: Sequence[str],
    preprocessing: Preprocessing,
    *,
    progress: bool,
) -> None:
    side = preprocessing.size
    work: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{path.name}.partial-*"):
            left.unlink(missing_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.partial-", dir=path.parent)
        os.close(handle)
        work = Path(name)
        films = np.lib.format.open_memmap(
            work, mode="w+", dtype=np.uint8, shape=(len(paths), side, side)
        )
        film_at = partial(_store, films, paths, hashes, preprocessing)
        # Decoding and resizing release the interpreter lock: threads suffice.
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            jobs = pool.map(film_at, range(len(paths)))
            try:
                for _ in tqdm(
                    jobs,
                    total=len(paths),
                    desc="decode films",
                    unit="film",
                    disable=None if progress else True,
                ):
                    pass
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        films.flush()
        del films
        work.chmod(0o644)  # mkstemp makes files for the owner alone
        work.replace(path)
    except OSError as error:
        raise TrainingError(
            f"Cannot write the film cache {path}: {error.strerror or error}.",
            "Free some space or choose another folder with --cache.",
        ) from error
    finally:
        if work is not None:
            work.unlink(missing_ok=True)


def _store(
    films: npt.NDArray[np.uint8],
    paths: Sequence[Path],
    hashes: Sequence[str],
    preprocessing: Preprocessing,
    index: int,
) -> None:
    films[index] = _standardised(paths[index], hashes[index], preprocessing)


def _standardised(path: Path, sha256: str, preprocessing: Preprocessing) -> npt.NDArray[np.uint8]:
    check = "Run: covid-d dataset check, and build the data set again if it fails."
    try:
        if sha256_of(path) != sha256:
            raise TrainingError(f"Film {path} is not the one the data set recorded.", check)
        return standardise(read(path), preprocessing)
    except (RadiographError, FileNotFoundError) as error:
        raise TrainingError(f"Film {path} cannot be read: {error}", check) from error
