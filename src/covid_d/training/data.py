"""A data set's films as fastai ``DataLoaders``, through the very preparation prediction uses."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from fastai.callback.data import WeightedDL
from fastai.data.core import DataLoaders, Datasets, TfmdDL
from fastai.data.transforms import Categorize, IntToFloatTensor, Normalize
from fastai.vision.core import TensorImage

from covid_d.appearance import CATEGORIES
from covid_d.dataset.manifest import Split
from covid_d.detector.bundle.spec import NEGATIVE, POSITIVE
from covid_d.detector.lungs import LungModel
from covid_d.errors import TrainingError
from covid_d.language import N_
from covid_d.radiograph.prepare import Preprocessing, Window, standardise
from covid_d.training.augment import augmentation
from covid_d.training.backbones import statistics
from covid_d.training.cache import cached_films, cached_whole_films, cached_windows
from covid_d.training.recipes import Recipe

if TYPE_CHECKING:
    from covid_d.dataset.dataset import Dataset

VOCABULARY = (POSITIVE, NEGATIVE)
_WHOLE = 2  # largest side of a film kept whole, in sides of the network's input


def classes_of(recipe: Recipe) -> tuple[str, ...]:
    """Return the classes a recipe learns, in the order of the network's outputs."""
    if recipe.target == "appearance":
        return tuple(category.value for category in CATEGORIES)
    return VOCABULARY


def class_column(recipe: Recipe) -> str:
    """Return the manifest's column that holds a film's class."""
    return "appearance" if recipe.target == "appearance" else "label"


def preprocessing_of(recipe: Recipe) -> Preprocessing:
    """Return the preparation of films a recipe asks for, with its backbone's own statistics."""
    mean, std = statistics(recipe.backbone)
    return Preprocessing(
        size=recipe.size,
        fit=recipe.fit,
        intensity=recipe.intensity,
        crop_border=recipe.crop_border,
        frame=recipe.frame,
        surround=recipe.surround,
        mean=mean,
        std=std,
    )


def chosen_films(dataset: Dataset, recipe: Recipe, *, limit: int | None = None) -> pd.DataFrame:
    """Return the manifest's rows of the training and validation splits that have a class.

    Parameters
    ----------
    dataset
        A built data set.
    recipe
        What is learnt; its seed says which films a limit keeps.
    limit
        Keep about so many films in all, by the same share of every split and class (at least
        three of each): a rehearsal, not a training.

    Raises
    ------
    TrainingError
        If a split lacks one of the classes.
    """
    manifest, column = dataset.manifest, class_column(recipe)
    learning = manifest["split"].isin([Split.TRAIN.value, Split.VALIDATION.value])
    rows = manifest[learning & manifest[column].isin(classes_of(recipe))]
    if limit is not None and limit < len(rows):
        share = limit / len(rows)
        kept = [
            cell.sample(min(len(cell), max(3, round(len(cell) * share))), random_state=recipe.seed)
            for _, cell in rows.groupby(["split", column], sort=True)
        ]
        rows = pd.concat(kept).sort_index() if kept else rows
    _check_classes(rows, recipe, dataset)
    return rows.reset_index(drop=True)


def _check_classes(rows: pd.DataFrame, recipe: Recipe, dataset: Dataset) -> None:
    column = class_column(recipe)
    for split in (Split.TRAIN, Split.VALIDATION):
        for name in classes_of(recipe):
            if not ((rows["split"] == split.value) & (rows[column] == name)).any():
                raise TrainingError(
                    N_(
                        "Data set %(folder)s has no %(name)r film in its %(split)s split.",
                        folder=dataset.folder,
                        name=name,
                        split=split.value,
                    ),
                    N_("Build it from collections that have every class: covid-d dataset build."),
                )


def dataloaders(
    dataset: Dataset,
    recipe: Recipe,
    *,
    cache: Path | str,
    limit: int | None = None,
    lungs: LungModel | None = None,
    device: torch.device | str = "cpu",
    workers: int = 0,
    progress: bool = True,
) -> DataLoaders:
    """Return training and validation films as fastai loaders.

    A film is uint8 1 x S x S until the batch, then float, changed at random (training only),
    repeated over three channels and normalised: N x 3 x S x S. ``dls.films`` are the manifest's
    rows, ``dls.preprocessing`` the preparation, ``dls.lungs`` the lung model; item *i* of a split
    is its *i*-th row. Films that answering would refuse for their lungs are left out;
    ``dls.refused`` counts them by split.

    Parameters
    ----------
    dataset
        A built data set.
    recipe
        Size, fit, augmentation, sampling, batch size.
    cache
        Folder for decoded films, shared between runs if you like.
    limit
        See :func:`chosen_films`.
    lungs
        Finds the lungs, where the recipe frames films by them.
    device
        Where batches go.
    workers
        Processes that collate batches; films are decoded already, so 0 is rarely slower.
    progress
        Show a bar while decoding.

    Raises
    ------
    TrainingError
        If a class is missing, a film cannot be read, or the lungs are needed and no model finds
        them.
    """
    rows = chosen_films(dataset, recipe, limit=limit)
    preprocessing = preprocessing_of(recipe)
    before = rows["split"].value_counts()
    rows, windows = _framed(dataset, recipe, rows, lungs, Path(cache), progress=progress)
    film = _loader(dataset, recipe, rows, windows, Path(cache), progress=progress)
    labels = list(rows[class_column(recipe)])
    in_training = (rows["split"] == Split.TRAIN.value).to_numpy()
    splits = [list(np.flatnonzero(in_training)), list(np.flatnonzero(~in_training))]

    def label(index: int) -> str:
        return str(labels[index])

    sets = Datasets(
        list(range(len(rows))),
        # Unsorted: the network's outputs follow the categories' own order.
        tfms=[[film], [label, Categorize(vocab=list(classes_of(recipe)), sort=False)]],
        splits=splits,
    )
    loaders: DataLoaders = sets.dataloaders(
        bs=min(recipe.batch_size, len(splits[0])),
        val_bs=recipe.batch_size,
        num_workers=workers,
        device=torch.device(device),
        after_batch=[
            IntToFloatTensor(),
            augmentation(recipe),
            Normalize.from_stats(preprocessing.mean, preprocessing.std, cuda=False),
        ],
        **_sampling(recipe, rows[in_training]),
    )
    loaders.to(torch.device(device))
    loaders.films, loaders.preprocessing, loaders.lungs = rows, preprocessing, lungs
    loaders.refused = {
        split: int(count - (rows["split"] == split).sum()) for split, count in before.items()
    }
    return loaders


def _framed(
    dataset: Dataset,
    recipe: Recipe,
    rows: pd.DataFrame,
    lungs: LungModel | None,
    cache: Path,
    *,
    progress: bool,
) -> tuple[pd.DataFrame, list[Window] | None]:
    """Return the films whose lungs are found whole, and the boxes around them."""
    if recipe.frame == "film":
        return rows, None
    if lungs is None:
        raise TrainingError(
            N_("The recipe cuts films to the lungs, and no lung model was given."),
            N_("Name one with --lungs: a bundle, or the folder of covid-d train-lungs."),
        )
    paths = [dataset.folder / path for path in rows["path"]]
    found = cached_windows(paths, list(rows["sha256"]), lungs, cache, progress=progress)
    kept = [window is not None for window in found]
    rows = rows[kept].reset_index(drop=True)
    _check_classes(rows, recipe, dataset)
    return rows, [window for window in found if window is not None]


def _loader(
    dataset: Dataset,
    recipe: Recipe,
    rows: pd.DataFrame,
    windows: list[Window] | None,
    cache: Path,
    *,
    progress: bool,
) -> Callable[[int], TensorImage]:
    """Return what gives a film by its place: uint8, 1 x S x S.

    Where a recipe jitters boxes, each draw of a training film goes through the preparation anew,
    with the box moved; every other film is prepared once.
    """
    preprocessing = preprocessing_of(recipe)
    paths = [dataset.folder / path for path in rows["path"]]
    hashes = list(rows["sha256"])
    films = cached_films(
        paths, hashes, preprocessing, cache, windows=windows, progress=progress
    ).films
    training = np.flatnonzero(rows["split"] == Split.TRAIN.value)
    place: dict[int, int] = {}
    if recipe.jitter and windows is not None:
        place = {int(index): at for at, index in enumerate(training)}
        whole = cached_whole_films(
            [paths[index] for index in training],
            [hashes[index] for index in training],
            _WHOLE * recipe.size,
            cache,
            progress=progress,
        )

    def film(index: int) -> TensorImage:
        if index in place and windows is not None:
            window = jittered(windows[index], recipe.jitter)
            grey = standardise(whole[place[index]], preprocessing, window)
        else:
            grey = np.array(films[index])
        return TensorImage(torch.from_numpy(grey)[None])

    return film


def jittered(window: Window, most: float) -> Window:
    """Return a window with every side moved at random, by up to ``most`` of its height or width.

    Half of that is common to all sides, so that some draws show more and some less of the film.
    """
    common = random.uniform(-most / 2, most / 2)  # noqa: S311 - no secret
    own = (random.uniform(-most / 2, most / 2) for _ in range(4))  # noqa: S311
    top, left, bottom, right = (common + side for side in own)
    return window.widened((top, left, bottom, right))


def sampling_weights(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return each film's chance to be drawn, summing to 1.

    Both classes share equally. Within a class a source's share is the square root of its number
    of films: equal shares would repeat the films of a tiny source over and over.
    """
    size = rows.groupby(["label", "source"])["label"].transform("size").to_numpy(dtype=float)
    weights = 1.0 / np.sqrt(size)
    label = rows["label"].to_numpy()
    for name in np.unique(label):
        weights[label == name] /= weights[label == name].sum()
    result: npt.NDArray[np.float64] = weights / weights.sum()
    return result


def _sampling(recipe: Recipe, rows: pd.DataFrame) -> dict[str, Any]:
    if recipe.sampling == "uniform":
        return {"dl_type": TfmdDL}
    return {"dl_type": WeightedDL, "dl_kwargs": ({"wgts": sampling_weights(rows)}, {})}
