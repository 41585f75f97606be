"""The head's first weights: a logistic regression on features of the frozen body.

A strongly regularised last layer on pretrained features carries over to films of other sources
better than layers trained until they tell the sources apart; fine-tuning that starts from it
distorts the features less. Source: Kumar et al. (2022), *Fine-tuning can distort pretrained
features and underperform out-of-distribution* (linear probing, then fine-tuning).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from fastai.layers import AdaptiveConcatPool2d
from fastai.learner import Learner
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import nn
from tqdm.auto import tqdm

from covid_d.dataset.manifest import Label, Split
from covid_d.errors import TrainingError
from covid_d.language import N_
from covid_d.training.data import VOCABULARY, sampling_weights
from covid_d.training.heads import layers_of
from covid_d.training.recipes import Recipe

Floats = npt.NDArray[np.float32]


def fit_probe(learn: Learner, recipe: Recipe) -> None:
    """Set the last layer of a Learner's linear head; nothing else changes.

    The regression sees every training film as it is, and mirrored if the recipe flips, weighted
    as the recipe samples.

    Parameters
    ----------
    learn
        From :func:`covid_d.training.learner`, with ``head="linear"``.
    recipe
        ``probe`` is the regression's inverse strength of regularisation.

    Raises
    ------
    TrainingError
        If the head is not average pool and one linear layer.
    """
    last = _last_layer(learn)
    rows = learn.dls.films
    training = rows[rows["split"] == Split.TRAIN.value]
    positive = (training["label"] == Label.COVID.value).to_numpy()
    features = training_features(learn, mirrored=recipe.flip)
    times = len(features) // len(training)
    weights = (
        sampling_weights(training) * len(training)
        if recipe.sampling == "balanced"
        else np.ones(len(training))
    )
    scaler = StandardScaler().fit(features)
    model = LogisticRegression(C=recipe.probe, max_iter=5000)
    model.fit(
        scaler.transform(features), np.tile(positive, times), sample_weight=np.tile(weights, times)
    )
    # The scaling becomes part of the layer: w (x - mean) / scale + b.
    slope = model.coef_[0] / scaler.scale_
    intercept = float(model.intercept_[0] - slope @ scaler.mean_)
    # Two classes share the log-odds evenly: logit(covid) - logit(nocovid) is the regression's.
    sign = torch.tensor([0.5 if name == Label.COVID.value else -0.5 for name in VOCABULARY])
    with torch.no_grad():
        direction = torch.as_tensor(slope, dtype=last.weight.dtype)
        last.weight.copy_((sign[:, None] * direction[None]).to(last.weight.device))
        last.bias.copy_((sign * intercept).to(last.bias.device))


def training_features(learn: Learner, *, mirrored: bool) -> Floats:
    """Return the body's pooled features of the training films, not augmented.

    Parameters
    ----------
    learn
        Its loaders hold the films.
    mirrored
        Append the features of the mirrored films.

    Returns
    -------
    float32 array, NxC or 2NxC, in the order of the training films.
    """
    body = learn.model[0].eval()
    loader = learn.dls.valid.new(dataset=learn.dls.train_ds)  # in order, every film once
    as_they_are, mirror = [], []
    with loader.dataset.set_split_idx(1), torch.no_grad():  # 1: as validation, no augmentation
        for films, *_ in tqdm(loader, desc="features", leave=False, disable=None):
            as_they_are.append(_pooled(body, films))
            if mirrored:
                mirror.append(_pooled(body, films.flip(-1)))
    return np.concatenate([*as_they_are, *mirror])


def _pooled(body: nn.Module, films: torch.Tensor) -> Floats:
    features: Floats = body(films).mean(dim=(2, 3)).float().cpu().numpy()
    return features


def _last_layer(learn: Learner) -> nn.Linear:
    dense = [
        layer
        for layer in layers_of(learn.model[1])
        if isinstance(layer, nn.Linear | nn.BatchNorm1d | AdaptiveConcatPool2d)
    ]
    if len(dense) != 1 or not isinstance(dense[0], nn.Linear) or dense[0].bias is None:
        raise TrainingError(
            N_("Only a head of average pool and one linear layer can start from a regression."),
            N_("Use --head linear, or --probe 0."),
        )
    return dense[0]
