"""The fastai ``Learner``: a pretrained body with a new head."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from fastai.callback.channelslast import ChannelsLast
from fastai.callback.fp16 import MixedPrecision
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.losses import CrossEntropyLossFlat, LabelSmoothingCrossEntropyFlat
from fastai.torch_core import set_seed
from fastai.vision.learner import vision_learner
from torch import Tensor, nn
from torch.nn import functional as nnf

from covid_d.errors import TrainingError
from covid_d.language import N_
from covid_d.training.backbones import Weights, body_of, find_weights
from covid_d.training.callbacks import Bfloat16, KeepBatchNorm
from covid_d.training.data import classes_of
from covid_d.training.heads import check_supported
from covid_d.training.metrics import metrics
from covid_d.training.recipes import Recipe


def learner(
    dls: DataLoaders,
    recipe: Recipe,
    *,
    weights: Path | Weights | None = None,
    path: Path | str = ".",
) -> Learner:
    """Return a Learner for a recipe, body frozen, ready for :func:`covid_d.training.fit`.

    Parameters
    ----------
    dls
        From :func:`covid_d.training.dataloaders`.
    recipe
        Backbone, head, loss, seed.
    weights
        File with the body's first weights, or weights found earlier; else as
        :func:`~covid_d.training.backbones.find_weights` finds them.
    path
        Folder for what fastai itself writes.

    Raises
    ------
    TrainingError
        If weights cannot be had, or the body yields no feature map.
    """
    if not isinstance(weights, Weights):
        weights = find_weights(recipe.backbone, pretrained=recipe.pretrained, file=weights)
    arch, options = body_of(recipe.backbone, weights)
    if recipe.head == "linear":
        options |= {"concat_pool": False, "lin_ftrs": [], "first_bn": False}
    set_seed(recipe.seed)
    try:
        learn = vision_learner(
            dls,
            arch,
            n_out=len(classes_of(recipe)),
            normalize=False,  # the loaders carry the preparation's own normalisation
            ps=recipe.dropout,
            loss_func=_loss(recipe),
            wd=recipe.weight_decay,
            metrics=metrics(recipe),
            path=Path(path),
            model_dir=".",
            **options,
        )
    except (OSError, RuntimeError) as error:
        raise TrainingError(
            N_(
                "Backbone %(backbone)r cannot be built: %(error)s",
                backbone=recipe.backbone,
                error=error,
            ),
            N_("Check the connection and the name, or give --weights FILE."),
        ) from error
    _check_body(learn, recipe)
    check_supported(learn.model[1])
    learn.origin = weights.origin
    learn.averaged = []  # recipes of other runs whose weights it holds the mean of
    if recipe.batchnorm == "keep":
        learn.add_cb(KeepBatchNorm())
    if recipe.channels_last:
        learn.add_cb(ChannelsLast())
    if dls.device is not None and dls.device.type == "cuda":
        learn.add_cb(MixedPrecision())
    elif recipe.precision == "bfloat16":
        learn.add_cb(Bfloat16())
    learn.freeze()
    return learn


def _loss(recipe: Recipe) -> Any:
    if recipe.smoothing == "ordinal":
        return OrdinalCrossEntropy(len(classes_of(recipe)), recipe.label_smoothing)
    if recipe.label_smoothing:
        return LabelSmoothingCrossEntropyFlat(eps=recipe.label_smoothing)
    return CrossEntropyLossFlat()


class OrdinalCrossEntropy(nn.Module):
    """Cross-entropy with a share of each label spread over the classes near it.

    Of the spread share, a class gets half of what one a step nearer gets.

    Parameters
    ----------
    classes
        Their number, at least two; their order is one of degree.
    share
        Of a label that is spread, in [0, 1).
    """

    y_int = True  # fastai's sign that labels are places
    targets: Tensor

    def __init__(self, classes: int, share: float) -> None:
        super().__init__()
        places = torch.arange(classes)
        spread = 0.5 ** (places[:, None] - places[None]).abs().float()
        spread.fill_diagonal_(0.0)
        spread *= share / spread.sum(dim=1, keepdim=True)
        self.register_buffer("targets", spread + (1.0 - share) * torch.eye(classes))

    def forward(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of N films: scores N x K, labels N."""
        # As plain tensors: fastai's own types make each operation slower.
        logs = nnf.log_softmax(scores.as_subclass(Tensor), dim=1)
        targets = self.targets.to(logs.device)[labels.as_subclass(Tensor).long()]
        return -(targets * logs).sum(dim=1).mean()

    def activation(self, scores: Tensor) -> Tensor:
        """Return the classes' shares: N x K."""
        return nnf.softmax(scores, dim=-1)

    def decodes(self, scores: Tensor) -> Tensor:
        """Return the likeliest class: N."""
        return scores.argmax(dim=-1)


def _check_body(learn: Learner, recipe: Recipe) -> None:
    body = learn.model[0].eval()
    device = next(body.parameters()).device
    try:
        with torch.no_grad():
            shape = body(torch.zeros(1, 3, recipe.size, recipe.size, device=device)).shape
    except (RuntimeError, AssertionError) as error:
        raise TrainingError(
            N_(
                "Backbone %(backbone)r does not take films of %(size)s pixels: %(error)s",
                backbone=recipe.backbone,
                size=recipe.size,
                error=error,
            ),
            N_("Choose the --size it was made for, or another --backbone."),
        ) from error
    if len(shape) != 4:
        raise TrainingError(
            N_(
                "Backbone %(backbone)r yields no feature map (its output has "
                "%(dimensions)s dimensions), so no activation map could be shown.",
                backbone=recipe.backbone,
                dimensions=len(shape),
            ),
            N_("Choose a convolutional --backbone."),
        )
