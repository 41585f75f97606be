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
from covid_d.detector.gate import Kind, look
from covid_d.errors import TrainingError
from covid_d.radiograph.film import Facts, FloatImage, Radiograph
from covid_d.radiograph.prepare import Preprocessing, prepare
from covid_d.radiograph.read import read
from covid_d.radiograph.refusal import RadiographError
from covid_d.training.gate.fit import Samples
from covid_d.training.gate.pictures import ALTERATIONS, altered, drawn, packaged, varied

if TYPE_CHECKING:
    from covid_d.dataset.dataset import Dataset

# A network, run: features (C) of a prepared film (3xSxS).
Featurizer = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]

_ALTERED = 2  # of each film, in turn of each kind
_VARIED = 5  # of each set-aside film and packaged picture, besides itself
_DRAWN = 280
_GRID = 16  # cells a side of the coarse picture: 14 pixels of 224 each
# Least share of each side that a variant keeps: a film must stay a whole film.
_LEAST_OF_FILM, _LEAST_OF_PICTURE = 0.85, 0.6
_KINDS = {Split.CT.value: Kind.CT, Split.LATERAL.value: Kind.LATERAL}


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
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
    kind: Kind
    load: Callable[[], FloatImage]
    source: str = ""
    group: str = ""


def gate_pictures(dataset: Dataset, films: pd.DataFrame) -> list[Picture]:
    """Return everything a gate is fitted to.

    Parameters
    ----------
    dataset
        Its set-aside films are taken too, but none of a source or publisher that is held out.
    films
        Rows of its manifest: frontal films. Each gives itself and two alterations, in turn.
    """
    found = []
    for at, row in enumerate(films.itertuples(index=False)):
        found += _film(dataset.path(row), row, at)
    for at, row in enumerate(aside_for_gate(dataset).itertuples(index=False)):
        path, kind = dataset.path(row), _KINDS[str(row.split)]
        told = (str(row.path), kind, str(row.source), str(row.group))
        found += _with_variants(partial(_pixels, path), at, _LEAST_OF_FILM, told)
    for at, (name, pixels) in enumerate(packaged()):
        told = (name, Kind.PICTURE, "", "")
        found += _with_variants(partial(np.array, pixels), at, _LEAST_OF_PICTURE, told)
    return found + [
        Picture(f"drawing {seed}", Kind.PICTURE, partial(drawn, seed)) for seed in range(_DRAWN)
    ]


def aside_for_gate(dataset: Dataset) -> pd.DataFrame:
    """Return the set-aside films to fit on: none of a source or publisher that is held out."""
    rows = dataset.manifest[dataset.manifest["split"].isin(SET_ASIDE)]
    held_out = list(dataset.record.get("options", {}).get("hold_out", ()))
    return rows[~rows["source"].isin(held_out) & ~rows["subsource"].isin(held_out)]


def gate_samples(
    pictures: Sequence[Picture],
    preprocessing: Preprocessing,
    featurize: Featurizer,
    *,
    progress: bool = True,
) -> Samples:
    """Return the looks of pictures, as prediction would compute them.

    Parameters
    ----------
    pictures
        From :func:`gate_pictures`.
    preprocessing
        How films are prepared for the network.
    featurize
        The network.
    progress
        Show a bar (only in terminals).
    """

    def work(picture: Picture) -> npt.NDArray[np.floating]:
        film = Radiograph(picture.load(), Facts("PNG", "", 8), picture.name)
        prepared = prepare(film, preprocessing)
        return look(prepared, featurize(prepared), _GRID)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        bar = tqdm(
            pool.map(work, pictures),
            total=len(pictures),
            desc="input gate",
            unit="film",
            leave=False,
            disable=None if progress else True,
        )
        looks = np.stack(list(bar))
    return samples_of(pictures, looks)


def samples_of(pictures: Sequence[Picture], looks: npt.NDArray[np.float32]) -> Samples:
    """Return pictures and their looks, NxC, as samples."""
    return Samples(
        looks,
        np.array([picture.kind.value for picture in pictures]),
        np.array([picture.source for picture in pictures]),
        np.array([picture.group for picture in pictures]),
        _GRID,
    )


def _film(path: Path, row: Any, at: int) -> list[Picture]:
    source, group, read_film = str(row.source), str(row.group), partial(_pixels, path)
    found = [Picture(str(row.path), Kind.FRONTAL, read_film, source, group)]
    for turn in range(_ALTERED):
        # Steps of two among five: every kind comes equally often, beside every other.
        kind = ALTERATIONS[(at + 2 * turn) % len(ALTERATIONS)]
        change = partial(_altered, read_film, kind, (at, turn))
        found.append(Picture(f"{row.path}, {kind}", kind, change, source, group))
    return found


def _with_variants(
    load: Callable[[], FloatImage], at: int, least: float, told: tuple[str, Kind, str, str]
) -> list[Picture]:
    name, kind, source, group = told
    loads: list[Callable[[], FloatImage]] = [load]
    loads += [*(partial(_varied, load, (at, number), least) for number in range(_VARIED))]
    return [Picture(name, kind, each, source, group) for each in loads]


def _altered(load: Callable[[], FloatImage], kind: Kind, seed: tuple[int, int]) -> FloatImage:
    return altered(load(), kind, np.random.default_rng([*seed, 3]))


def _varied(load: Callable[[], FloatImage], seed: tuple[int, int], least: float) -> FloatImage:
    return varied(load(), np.random.default_rng([*seed, 4]), least=least)


def _pixels(path: Path) -> FloatImage:
    try:
        return read(path).pixels
    except RadiographError as error:
        raise TrainingError(
            f"Film {path} cannot be read: {error}",
            "Run: covid-d dataset check, and build the data set again if it fails.",
        ) from error
