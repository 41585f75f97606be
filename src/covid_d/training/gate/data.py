"""What the input gate is fitted to: films as they are and altered, set-aside films, pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm.auto import tqdm

from covid_d.dataset.manifest import SET_ASIDE, Split
from covid_d.detector.gate import PictureKind, look
from covid_d.errors import TrainingError
from covid_d.language import N_
from covid_d.radiograph.film import Facts, FloatImage, Radiograph
from covid_d.training.cache import readable
from covid_d.training.gate.fit import Samples
from covid_d.training.gate.montage import half_covered, under_map
from covid_d.training.gate.pictures import ALTERATIONS, altered, drawn, packaged, varied

if TYPE_CHECKING:
    from covid_d.dataset.dataset import Dataset

# What the detector sees of a film: the whole film, prepared; the network's features (C); and
# whether it reaches the gate. Of a picture that is refused before, the features are of all of it.
Sight = Callable[[Radiograph], tuple[FloatImage, npt.NDArray[np.float32], bool]]

_ALTERED = 2  # of each film, in turn of each kind
_VARIED = 5  # of each set-aside film and packaged picture, besides itself
_DRAWN = 280
_MANY = 200  # films of a folder, which need no variants
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".dcm", ""}
_MOST_LOST = 0.01  # of the pictures may be left out for films that cannot be read
_GRID = 16  # cells a side of the coarse picture: 14 pixels of 224 each
# Least share of each side that a variant keeps: a film must stay a whole film.
_LEAST_OF_FILM, _LEAST_OF_PICTURE = 0.85, 0.6
_KINDS = {Split.CT.value: PictureKind.CT, Split.LATERAL.value: PictureKind.LATERAL}


@dataclass(frozen=True, slots=True, eq=False)
class GatePicture:
    """A picture of known kind; pixels are read, altered or drawn when they are asked for.

    Parameters
    ----------
    name
        For people.
    kind
        Of the pictures that come out.
    source, group
        As in :class:`~covid_d.training.gate.fit.Samples`.
    load
        Returns float32, HxW in [0, 1].
    """

    name: str
    kind: PictureKind
    load: Callable[[], FloatImage]
    source: str = ""
    group: str = ""


def gate_pictures(
    dataset: Dataset, films: pd.DataFrame, folders: Sequence[tuple[PictureKind, Path]] = ()
) -> list[GatePicture]:
    """Return everything a gate is fitted to.

    Parameters
    ----------
    dataset
        Its set-aside films are taken too, but none of a source or publisher that is held out.
    films
        Rows of its manifest: frontal films. Each gives itself, two alterations, in turn, and
        itself with one half covered.
    folders
        Further films of a kind, each with the folder that they lie in (lateral films, slices and
        children's films, of which a data set of adults' frontal films has none).
    """
    found = []
    rows = list(films.itertuples(index=False))
    for at, row in enumerate(rows):
        found += _film(dataset.path(row), row, at, dataset.path(rows[at - 1]))
    for kind, folder in folders:
        found += _of_folder(kind, folder)
    for at, row in enumerate(aside_for_gate(dataset).itertuples(index=False)):
        path, kind = dataset.path(row), _KINDS[str(row.split)]
        told = (str(row.path), kind, str(row.source), str(row.group))
        found += _with_variants(partial(_pixels, path), at, _LEAST_OF_FILM, told)
    for at, (name, pixels) in enumerate(packaged()):
        told = (name, PictureKind.PICTURE, "", "")
        found += _with_variants(partial(np.array, pixels), at, _LEAST_OF_PICTURE, told)
    return found + [
        GatePicture(f"drawing {seed}", PictureKind.PICTURE, partial(drawn, seed))
        for seed in range(_DRAWN)
    ]


def aside_for_gate(dataset: Dataset) -> pd.DataFrame:
    """Return the set-aside films to fit on: none of a source or publisher that is held out."""
    rows = dataset.manifest[dataset.manifest["split"].isin(SET_ASIDE)]
    held_out = list(dataset.record.get("options", {}).get("hold_out", ()))
    return rows[~rows["source"].isin(held_out) & ~rows["subsource"].isin(held_out)]


def gate_samples(
    pictures: Sequence[GatePicture],
    see: Sight,
    *,
    progress: bool = True,
) -> Samples:
    """Return the looks of pictures, as prediction would compute them.

    Parameters
    ----------
    pictures
        From :func:`gate_pictures`.
    see
        What the detector sees of a film.
    progress
        Show a bar (only in terminals).

    Pictures of films that can no longer be read, as by a later version, which may refuse as damaged
    what an earlier one put into the data set, are left out with a notice: few of them are no reason
    to lose what was trained.

    Raises
    ------
    TrainingError
        If more than one in a hundred cannot be read.
    """
    lost: list[TrainingError] = []

    def work(picture: GatePicture) -> tuple[npt.NDArray[np.floating], bool] | None:
        try:
            film = Radiograph(picture.load(), Facts("PNG", "", 8), picture.name)
        except TrainingError as error:
            lost.append(error)
            return None
        whole, features, reached = see(film)
        return look(whole, features, _GRID), reached

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        bar = tqdm(
            pool.map(work, pictures),
            total=len(pictures),
            desc="input gate",
            unit="film",
            leave=False,
            disable=None if progress else True,
        )
        found = list(bar)
    if len(lost) > _MOST_LOST * len(pictures):
        raise lost[0]
    if lost:
        tqdm.write(f"input gate: {len(lost)} of {len(pictures)} pictures left out; {lost[0]}")
    kept = [(*pair, one) for pair, one in zip(found, pictures, strict=True) if pair is not None]
    looks, reached, seen = zip(*kept, strict=True)
    return samples_of(seen, np.stack(looks), np.array(reached))


def samples_of(
    pictures: Sequence[GatePicture],
    looks: npt.NDArray[np.float32],
    reached: npt.NDArray[np.bool_],
) -> Samples:
    """Return pictures, their looks, NxC, and whether each reaches the gate, N, as samples."""
    return Samples(
        looks,
        np.array([picture.kind.value for picture in pictures]),
        np.array([picture.source for picture in pictures]),
        np.array([picture.group for picture in pictures]),
        _GRID,
        reached,
    )


def _film(path: Path, row: Any, at: int, other: Path) -> list[GatePicture]:
    source, group, read_film = str(row.source), str(row.group), partial(_pixels, path)
    found = [GatePicture(str(row.path), PictureKind.FRONTAL, read_film, source, group)]
    for turn in range(_ALTERED):
        # Steps of three among seven: every kind comes equally often, beside every other.
        kind = ALTERATIONS[(at + 3 * turn) % len(ALTERATIONS)]
        change = partial(_altered, read_film, kind, (at, turn), partial(_pixels, other))
        found.append(GatePicture(f"{row.path}, {kind}", kind, change, source, group))
    # Of every film: what refuses before the gate leaves few cropped ones, but half of these.
    cropped = PictureKind.CROPPED
    change = partial(_half_covered, read_film, at)
    found.append(GatePicture(f"{row.path}, half covered", cropped, change, source, group))
    return found


def _with_variants(
    load: Callable[[], FloatImage], at: int, least: float, told: tuple[str, PictureKind, str, str]
) -> list[GatePicture]:
    name, kind, source, group = told
    loads: list[Callable[[], FloatImage]] = [load]
    loads += [*(partial(_varied, load, (at, number), least) for number in range(_VARIED))]
    return [GatePicture(name, kind, each, source, group) for each in loads]


def _altered(
    load: Callable[[], FloatImage],
    kind: PictureKind,
    seed: tuple[int, int],
    other: Callable[[], FloatImage],
) -> FloatImage:
    rng = np.random.default_rng([*seed, 3])
    if kind is PictureKind.ANNOTATED:
        # Ink is found by itself (covid_d.radiograph.strokes). The network hardly sees it: taught to
        # tell it, the gate doubts films without any.
        return under_map(load(), rng)
    return altered(load(), kind, rng, other() if kind is PictureKind.COLLAGE else None)


def _half_covered(load: Callable[[], FloatImage], at: int) -> FloatImage:
    return half_covered(load(), np.random.default_rng([at, 5]))


def _of_folder(kind: PictureKind, folder: Path) -> list[GatePicture]:
    """Return the films in a folder and its folders, with variants where there are few.

    Raises
    ------
    TrainingError
        If it holds none.
    """
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and _is_film(path)]
    if not paths:
        raise TrainingError(
            N_(
                "Folder %(folder)s holds no film for the input gate (%(kind)s).",
                folder=folder,
                kind=kind,
            ),
            N_("Name a folder of radiographs (DICOM, PNG, JPEG...)."),
        )
    # A frontal film is one more source: the limits are chosen by leaving it out.
    source = folder.name if kind is PictureKind.FRONTAL else ""
    told = [(path.name, kind, source, f"{folder.name}/{path.stem}") for path in paths]
    if len(paths) >= _MANY:
        return [
            GatePicture(each[0], kind, partial(_pixels, path), *each[2:])
            for path, each in zip(paths, told, strict=True)
        ]
    return [
        picture
        for at, (path, each) in enumerate(zip(paths, told, strict=True))
        for picture in _with_variants(partial(_pixels, path), at, _LEAST_OF_FILM, each)
    ]


def _is_film(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES


def _varied(load: Callable[[], FloatImage], seed: tuple[int, int], least: float) -> FloatImage:
    return varied(load(), np.random.default_rng([*seed, 4]), least=least)


def _pixels(path: Path) -> FloatImage:
    return readable(path).pixels
