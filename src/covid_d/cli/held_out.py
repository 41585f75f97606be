"""Glue for ``covid-d evaluate --leave-one-source-out``: training's networks, evaluation's protocol.

The two rooms do not know each other; only the command line knows both.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import timm
import torch
from tqdm.auto import tqdm

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import Split
from covid_d.detector.bundle import Bundle
from covid_d.detector.contents import SUMS
from covid_d.detector.detector import Detector
from covid_d.errors import EvaluationError
from covid_d.evaluation.estimate import FloatArray
from covid_d.evaluation.leave_one_out import SPECIFICITY, positive_films, threshold_at
from covid_d.evaluation.scores import answer
from covid_d.files import write_atomically
from covid_d.radiograph import Preprocessing, normalise
from covid_d.training.backbones import find_weights, statistics
from covid_d.training.cache import cached_films
from covid_d.training.recipes import RECIPES, Recipe
from covid_d.training.run import RECORD, train

BACKBONE = "tf_efficientnet_lite0"
_BATCH = 16


def recipe_named(name: str) -> Recipe:
    """Return a recipe.

    Raises
    ------
    EvaluationError
        If there is none of that name.
    """
    if name not in RECIPES:
        raise EvaluationError(f"There is no recipe {name!r}.", f"Use one of {', '.join(RECIPES)}.")
    return RECIPES[name]


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


@dataclass(frozen=True, slots=True, eq=False)
class RecipeFit:
    """Trains the whole recipe; a :class:`covid_d.evaluation.leave_one_out.Fit`.

    Parameters
    ----------
    dataset
        The data set.
    recipe
        What is trained.
    folder
        Where runs are kept; one that was killed continues, a finished one is not repeated.
    """

    dataset: Dataset
    recipe: Recipe
    folder: Path

    def __call__(self, films: pd.DataFrame, name: str) -> FittedBundle:
        """Train on the rows ``films``; those of the validation split choose the threshold."""
        part = self._part(films, name)
        run = self.folder / re.sub(r"[^A-Za-z0-9.-]+", "-", name)
        bundle = run / "bundle"
        if not (bundle / SUMS).is_file():
            bundle = train(
                part,
                run,
                self.recipe,
                cache=self.folder / "films",
                resume=(run / RECORD).is_file(),
                command="covid-d evaluate --leave-one-source-out --mode full",
                gate=False,  # what is asked for is a score of every film
            )
        loaded = Bundle.load(bundle)
        if loaded.spec.training.dataset_sha256 != part.sha256:
            raise EvaluationError(
                f"{run} holds a run on other films.", "Choose another --cache folder."
            )
        detector = Detector(loaded)
        validation = part.films(Split.VALIDATION)
        scores = _scores(detector, self.dataset, validation)
        return FittedBundle(
            self.dataset,
            detector,
            threshold_at(scores, positive_films(validation), SPECIFICITY),
        )

    def _part(self, films: pd.DataFrame, name: str) -> Dataset:
        # Nothing is judged on the test split here: its films are trained on.
        split = films["split"].where(films["split"].ne(Split.TEST.value), Split.TRAIN.value)
        digest = hashlib.sha256(f"{self.dataset.sha256}\n{name}\n".encode())
        digest.update("\n".join(films["sha256"]).encode())
        record = {**self.dataset.record, "sha256": digest.hexdigest()}
        return Dataset(self.dataset.folder, films.assign(split=split), record)


@dataclass(frozen=True, slots=True, eq=False)
class FittedBundle:
    """A trained bundle.

    Parameters
    ----------
    dataset
        Where the films are.
    detector
        The bundle, loaded.
    threshold
        Probability from which a film is called positive.
    """

    dataset: Dataset
    detector: Detector
    threshold: float

    def score(self, films: pd.DataFrame) -> FloatArray:
        """Return the probability of each row."""
        return _scores(self.detector, self.dataset, films)


def _scores(detector: Detector, dataset: Dataset, films: pd.DataFrame) -> FloatArray:
    answers = answer(detector, [dataset.folder / path for path in films["path"]])
    refused = answers["code"].ne("")
    if refused.any():
        raise EvaluationError(
            f"{int(refused.sum())} films were refused "
            f"(first: {films['path'].iloc[int(np.argmax(refused))]}).",
            "Build the data set without them, or use --mode light.",
        )
    return answers["probability"].to_numpy(dtype=np.float64)
