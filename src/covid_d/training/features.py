"""Features of a network trained on ImageNet alone, so on no radiograph."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import timm
import torch
from tqdm.auto import tqdm

from covid_d.files import write_atomically
from covid_d.radiograph import Preprocessing, normalise
from covid_d.training.backbones import find_weights, statistics
from covid_d.training.cache import cached_films

if TYPE_CHECKING:
    from covid_d.dataset.dataset import Dataset

BACKBONE = "tf_efficientnet_lite0"
_BATCH = 16


def imagenet_features(
    dataset: Dataset, films: pd.DataFrame, cache: Path, *, progress: bool = True
) -> npt.NDArray[np.float32]:
    """Return features of a network trained on ImageNet alone, so on none of the films.

    Computed once: a later run with the same films reads them from ``cache``.

    Parameters
    ----------
    dataset, films
        The data set and rows of its manifest.
    cache
        Folder for decoded films and features.
    progress
        Show bars (only in terminals).

    Returns
    -------
    float32 array, NxC, in the order of ``films``.

    Raises
    ------
    TrainingError
        If the weights cannot be had or a film cannot be read.
    """
    mean, std = statistics(BACKBONE)
    preprocessing = Preprocessing(mean=mean, std=std)
    text = "\n".join([BACKBONE, preprocessing.model_dump_json(), *films["sha256"]])
    path = cache / f"features-{hashlib.sha256(text.encode()).hexdigest()[:16]}.npy"
    if path.is_file():
        kept: npt.NDArray[np.float32] = np.load(path)
        if len(kept) == len(films):
            return kept
    weights = find_weights(BACKBONE)
    network = timm.create_model(BACKBONE, pretrained=weights.pretrained, num_classes=0)
    if weights.state is not None:
        network.load_state_dict(dict(weights.state), strict=False)
    network.eval()
    paths = [dataset.folder / path for path in films["path"]]
    grey = cached_films(paths, list(films["sha256"]), preprocessing, cache, progress=progress).films
    found = []
    starts = range(0, len(films), _BATCH)
    with torch.inference_mode():
        for start in tqdm(starts, desc="features", disable=None if progress else True):
            batch = [normalise(np.array(film), preprocessing) for film in grey[start:][:_BATCH]]
            stacked = torch.from_numpy(np.stack(batch)).to(memory_format=torch.channels_last)
            found.append(network(stacked).float().numpy())
    features = np.concatenate(found).astype(np.float32)
    with_name = path.with_suffix(".tmp.npy")
    np.save(with_name, features)
    write_atomically(path, with_name.read_bytes())
    with_name.unlink()
    return features
