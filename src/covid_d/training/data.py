"""A data set's films as fastai ``DataLoaders``, through the very preparation prediction uses."""

from __future__ import annotations

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

from covid_d.dataset.manifest import Split
from covid_d.detector.bundle.spec import NEGATIVE, POSITIVE
from covid_d.errors import TrainingError
from covid_d.radiograph.prepare import Preprocessing
from covid_d.training.augment import augmentation
from covid_d.training.backbones import statistics
from covid_d.training.cache import cached_films
from covid_d.training.recipes import Recipe

if TYPE_CHECKING:
    from covid_d.dataset.dataset import Dataset

VOCABULARY = (POSITIVE, NEGATIVE)


def preprocessing_of(recipe: Recipe) -> Preprocessing:
    """Return the preparation of films a recipe asks for, with its backbone's own statistics."""
    mean, std = statistics(recipe.backbone)
    return Preprocessing(
        size=recipe.size,
        fit=recipe.fit,
        intensity=recipe.intensity,
        crop_border=recipe.crop_border,
        mean=mean,
        std=std,
    )


def chosen_films(dataset: Dataset, *, limit: int | None = None, seed: int = 7) -> pd.DataFrame:
    """Return the manifest's rows of the training and validation splits.

    Parameters
    ----------
    dataset
        A built data set.
    limit
        Keep about so many films in all, by the same share of every split and label (at least
        three of each): a rehearsal, not a training.
    seed
        Which films are kept.

    Raises
    ------
    TrainingError
        If a split lacks one of the two classes.
    """
    manifest = dataset.manifest
    rows = manifest[manifest["split"].isin([Split.TRAIN.value, Split.VALIDATION.value])]
    if limit is not None and limit < len(rows):
        share = limit / len(rows)
        kept = [
            cell.sample(min(len(cell), max(3, round(len(cell) * share))), random_state=seed)
            for _, cell in rows.groupby(["split", "label"], sort=True)
        ]
        rows = pd.concat(kept).sort_index() if kept else rows
    for split in (Split.TRAIN, Split.VALIDATION):
        for label in VOCABULARY:
            if not ((rows["split"] == split.value) & (rows["label"] == label)).any():
                raise TrainingError(
                    f"Data set {dataset.folder} has no {label!r} film in its {split.value} split.",
                    "Build it from collections that have both classes: covid-d dataset build.",
                )
    return rows.reset_index(drop=True)


def dataloaders(
    dataset: Dataset,
    recipe: Recipe,
    *,
    cache: Path | str,
    limit: int | None = None,
    device: torch.device | str = "cpu",
    workers: int = 0,
    progress: bool = True,
) -> DataLoaders:
    """Return training and validation films as fastai loaders.

    A film is uint8 1 x S x S until the batch, then float, changed at random (training only),
    repeated over three channels and normalised: N x 3 x S x S. ``dls.films`` are the manifest's
    rows, ``dls.preprocessing`` the preparation; item *i* of a split is its *i*-th row.

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
    device
        Where batches go.
    workers
        Processes that collate batches; films are decoded already, so 0 is rarely slower.
    progress
        Show a bar while decoding.

    Raises
    ------
    TrainingError
        If a class is missing or a film cannot be read.
    """
    rows = chosen_films(dataset, limit=limit, seed=recipe.seed)
    preprocessing = preprocessing_of(recipe)
    paths = [dataset.folder / path for path in rows["path"]]
    films = cached_films(
        paths, list(rows["sha256"]), preprocessing, Path(cache), progress=progress
    ).films
    labels = list(rows["label"])
    in_training = (rows["split"] == Split.TRAIN.value).to_numpy()
    splits = [list(np.flatnonzero(in_training)), list(np.flatnonzero(~in_training))]

    def film(index: int) -> TensorImage:
        return TensorImage(torch.from_numpy(np.array(films[index]))[None])

    def label(index: int) -> str:
        return str(labels[index])

    sets = Datasets(
        list(range(len(rows))),
        tfms=[[film], [label, Categorize(vocab=list(VOCABULARY))]],
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
    loaders.films, loaders.preprocessing = rows, preprocessing
    return loaders


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
