"""Random changes of training films, as fastai batch transforms. Validation films pass untouched."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from fastai.torch_basics import Pipeline, Transform
from fastai.vision.augment import (
    AffineCoordTfm,
    RandTransform,
    affine_mat,
    aug_transforms,
    setup_aug_tfms,
)
from fastai.vision.core import TensorImage
from torchvision.transforms.functional import gaussian_blur

from covid_d.training.recipes import Recipe


class Augment(Transform):  # type: ignore[misc]
    """Transforms for the training split only.

    fastai's affine transforms also resample validation films (by the identity, up to rounding);
    within this one they never see them, so that training validates on exactly what
    :func:`covid_d.radiograph.prepare` gives.
    """

    split_idx, order = 0, 30

    def __init__(self, transforms: Sequence[Transform]) -> None:
        super().__init__()
        self.pipeline = Pipeline(list(transforms), split_idx=0)

    def encodes(self, films: TensorImage) -> TensorImage:
        """Return changed films: float, N x 1 x H x W in [0, 1]."""
        return self.pipeline(films)


class Stretch(AffineCoordTfm):  # type: ignore[misc]
    """Change the aspect ratio by a factor of up to ``1 + most``, so that it tells less."""

    def __init__(self, most: float, p: float = 0.75, **kwargs: Any) -> None:
        super().__init__(partial(_stretch_matrix, most=most, p=p), **kwargs)


class Gamma(RandTransform):  # type: ignore[misc]
    """Change the exposure curve: ``x ** exp(u)``, ``u`` uniform within ``most`` of 0."""

    order = 41

    def __init__(self, most: float, p: float = 0.75) -> None:
        super().__init__(p=1.0)
        self.most, self.chance = most, p

    def encodes(self, films: TensorImage) -> TensorImage:
        """Return films with changed grey scale."""
        drawn = _chosen(films, self.chance) * films.new_empty(len(films)).uniform_(
            -self.most, self.most
        )
        return films.clamp(0.0, 1.0) ** drawn.exp()[:, None, None, None]


class Blur(RandTransform):  # type: ignore[misc]
    """Blur a share of the films, as a lower resolution or a stronger compression would."""

    order = 42

    def __init__(self, most: float, p: float = 0.3) -> None:
        super().__init__(p=1.0)
        self.most, self.chance = most, p

    def encodes(self, films: TensorImage) -> TensorImage:
        """Return films, some of them blurred; one strength a batch."""
        sigma = random.uniform(0.1, self.most)  # noqa: S311 - no secret
        side = 2 * math.ceil(2 * sigma) + 1
        chosen = _chosen(films, self.chance).bool()
        if chosen.any():
            films[chosen] = gaussian_blur(films[chosen], [side, side], [sigma, sigma])
        return films


class Ramp(RandTransform):  # type: ignore[misc]
    """Add a gradient of grey from edge to edge, as scatter, tilt and detectors do."""

    order = 43

    def __init__(self, most: float, p: float = 0.3) -> None:
        super().__init__(p=1.0)
        self.most, self.chance = most, p

    def encodes(self, films: TensorImage) -> TensorImage:
        """Return films, some of them with a gradient of up to ``most`` either way on each axis."""
        count, (height, width) = len(films), films.shape[-2:]
        chosen = _chosen(films, self.chance)
        slopes = films.new_empty(2, count).uniform_(-self.most, self.most) * chosen
        down, across = (torch.linspace(-1, 1, side).to(films) for side in (height, width))
        added = slopes[0, :, None, None] * down[:, None] + slopes[1, :, None, None] * across
        return (films + added[:, None]).clamp(0.0, 1.0)


class Noise(RandTransform):  # type: ignore[misc]
    """Add grain, as low doses do; its strength is drawn for each film."""

    order = 44

    def __init__(self, most: float, p: float = 0.3) -> None:
        super().__init__(p=1.0)
        self.most, self.chance = most, p

    def encodes(self, films: TensorImage) -> TensorImage:
        """Return films, some of them with grain."""
        strength = films.new_empty(len(films)).uniform_(0.0, self.most)
        strength = strength * _chosen(films, self.chance)
        grain = strength[:, None, None, None] * torch.randn_like(films)
        return (films + grain).clamp(0.0, 1.0)


class EraseBorders(RandTransform):  # type: ignore[misc]
    """Overwrite strips along the edges and boxes in the corners by one grey value a film.

    Text, side markers and collimator edges live there and tell the hospital, not the disease.
    """

    order = 50

    def __init__(self, most: float, p: float = 0.5) -> None:
        super().__init__(p=1.0)
        self.most, self.chance = most, p

    def encodes(self, films: TensorImage) -> TensorImage:
        """Return films, some of them with erased borders or corners."""
        height, width = films.shape[-2:]
        rows, columns = torch.arange(height)[None, :, None], torch.arange(width)[None, None, :]
        count = len(films)
        covered = torch.zeros((count, height, width), dtype=torch.bool)
        for distance, length in (
            (rows, height),
            (height - 1 - rows, height),
            (columns, width),
            (width - 1 - columns, width),
        ):
            covered |= distance < self._depth(count, length)
        for vertical in (rows, height - 1 - rows):
            for horizontal in (columns, width - 1 - columns):
                covered |= (vertical < self._depth(count, height, 2.0)) & (
                    horizontal < self._depth(count, width, 2.0)
                )
        # Half of the fills are black, as collimators and padding are.
        grey = torch.rand(count) * (torch.rand(count) < 0.5)
        covered = covered[:, None].to(films.device)
        return torch.where(covered, grey[:, None, None, None].to(films.device), films)

    def _depth(self, count: int, length: int, times: float = 1.0) -> torch.Tensor:
        drawn = torch.rand(count) * self.most * times * length
        return (drawn * (torch.rand(count) < self.chance))[:, None, None]


class Shutter(RandTransform):  # type: ignore[misc]
    """Cover the corners of a share of the films, as round shutters and collimators do."""

    order = 51
    farthest, nearest, away = 1.25, 0.95, 0.1  # of half a side: the rim, and its centre
    roundest, squarest = 3.0, 12.0  # the power in the rim's equation: 2 is an ellipse
    black = 0.8  # of the fills; the others have any grey

    def __init__(self, p: float) -> None:
        super().__init__(p=1.0)
        self.chance = p

    def encodes(self, films: TensorImage) -> TensorImage:
        """Return films, some of them with what lies beyond a rounded rectangle in one grey."""

        def draw(low: float, high: float) -> torch.Tensor:
            drawn: torch.Tensor = films.new_empty(len(films), 1, 1, 1).uniform_(low, high)
            return drawn

        power = draw(math.log(self.roundest), math.log(self.squarest)).exp()
        beyond = films.new_zeros(())
        for axis in (-2, -1):
            along = torch.linspace(-1, 1, films.shape[axis]).to(films)
            along = along[:, None] if axis == -2 else along
            from_centre = (along - draw(-self.away, self.away)).abs()
            beyond = beyond + (from_centre / draw(self.nearest, self.farthest)) ** power
        covered = (beyond > 1.0) & _chosen(films, self.chance).bool()[:, None, None, None]
        grey = draw(0.0, 1.0) * (draw(0.0, 1.0) >= self.black)
        return torch.where(covered, grey, films)


def augmentation(recipe: Recipe) -> Augment:
    """Return the random changes a recipe asks for; fastai's own wherever it has them."""
    extra: list[Transform] = []
    if recipe.stretch:
        extra.append(Stretch(recipe.stretch))
    if recipe.gamma:
        extra.append(Gamma(recipe.gamma))
    if recipe.blur:
        extra.append(Blur(recipe.blur))
    if recipe.ramp:
        extra.append(Ramp(recipe.ramp))
    if recipe.noise:
        extra.append(Noise(recipe.noise))
    if recipe.erase:
        extra.append(EraseBorders(recipe.erase))
    if recipe.shutter:
        extra.append(Shutter(recipe.shutter))
    own = aug_transforms(
        do_flip=recipe.flip,
        max_rotate=recipe.rotate,
        max_zoom=recipe.zoom,
        max_warp=recipe.warp,
        max_lighting=recipe.lighting,
    )
    # One resampling for all geometry, one pass for all lighting.
    return Augment(setup_aug_tfms([*own, *extra]))


def _chosen(films: torch.Tensor, p: float) -> torch.Tensor:
    return (torch.rand(len(films), device=films.device) < p).to(films.dtype)


def _stretch_matrix(films: torch.Tensor, most: float, p: float) -> torch.Tensor:
    limit = math.log1p(most)
    drawn = films.new_empty(len(films)).uniform_(-limit, limit) * _chosen(films, p)
    # Coordinates scale by the factor, so the picture by its inverse; half on each axis.
    factor, zero = (drawn / 2).exp(), torch.zeros_like(drawn)
    matrix: torch.Tensor = affine_mat(factor, zero, zero, zero, 1 / factor, zero)
    return matrix
