"""Recipes: every choice of a training run in one frozen object. Needs no torch.

``ARTICLE`` is the 2020 article to the letter; what it left to fastai 1 (one-cycle's learning rate
of 3e-3 while frozen, the other transforms) has fastai's value of the time. ``DEFAULT`` learns the
same two classes our way; ``APPEARANCE`` learns what radiologists see, and made the built-in bundle.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from covid_d.errors import TrainingError
from covid_d.language import N_


class Recipe(BaseModel):
    """How a network is trained; unknown or impossible values are refused.

    Attributes
    ----------
    name
        ``article``, ``default``, ``appearance`` or your own.
    target
        What is learnt: ``covid`` (two classes) or ``appearance`` (four categories).
    backbone
        ``resnet18/34/50``, ``densenet121``, ``vgg16``, ``alexnet`` (torchvision's weights) or any
        timm name whose body yields a feature map.
    pretrained
        Start from ImageNet weights.
    size, fit, intensity, crop_border, frame, surround
        See :class:`covid_d.radiograph.Preprocessing`.
    jitter
        With ``frame`` lungs: how far each side of the box may lie from where it belongs, as a share
        of the box's side; half of it all sides together. So neither the box's errors nor what lies
        at its edges can speak.
    batch_size, seed
        Films a step; the seed of everything random.
    frozen_epochs, epochs
        Length of stage 1 (body frozen) and stage 2 (all layers), one cycle each.
    frozen_lr
        Highest learning rate of stage 1.
    lr_min, lr_max
        Highest learning rate of the first and of the last layers in stage 2.
    weight_decay
        Decoupled (AdamW).
    flip, rotate
        Horizontal flips; largest rotation in degrees.
    zoom, warp, stretch, lighting
        Largest zoom factor, perspective warp, change of aspect ratio, brightness and contrast.
    gamma, blur, erase
        Largest log-gamma, blur (standard deviation in pixels) and depth of blackened borders and
        corners (share of the side).
    ramp, noise
        Largest gradient of grey from edge to edge, and standard deviation of grain (of 1).
    shutter
        Share of the films whose corners are covered, as a round shutter covers them.
    head
        ``concat`` is fastai's (average and maximum pool, two linear layers); ``linear`` is average
        pool and one linear layer, for which the class activation map is exact.
    probe
        Start the linear head from a logistic regression on features of the frozen body, with this
        inverse strength of regularisation (Kumar et al. 2022); 0 starts it at random.
    batchnorm
        ``train`` lets the body's batch normalisations follow the films, as fastai does;
        ``keep`` leaves them as pretrained.
    dropout
        Before the last linear layer.
    label_smoothing
        Share of the label spread over other classes (Szegedy et al. 2016).
    smoothing
        ``uniform`` spreads it over all classes alike; ``ordinal`` over the other ones, each half
        as much as the one before it in the order of the categories (radiologists who disagree
        choose a neighbour).
    sampling
        ``uniform`` shows every film once an epoch; ``balanced`` draws both classes equally often
        and, within a class, sources by the square root of their size.
    keep
        ``last`` keeps the last epoch's weights of a stage, ``best`` those of lowest validation
        loss.
    average
        Share of the running average of weights that a step keeps, by which films are validated and
        the stage ends (Polyak and Juditsky 1992); 0 for none.
    precision
        ``bfloat16`` computes the network's layers in half the bits (faster on newer CPUs).
    channels_last
        Memory format; faster for mobile networks on a CPU, results alike to rounding.
    lr_finder
        Run the learning-rate finder before stage 2, for its plot.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    target: Literal["covid", "appearance"] = "covid"
    backbone: str = "resnet34"
    pretrained: bool = True
    size: int = Field(default=224, ge=32, le=1024)
    fit: Literal["squash", "pad", "crop"] = "crop"
    intensity: Literal["full", "percentile"] = "full"
    crop_border: float = Field(default=0.0, ge=0.0, le=0.25)
    frame: Literal["film", "lungs"] = "film"
    surround: float = Field(default=0.0, ge=0.0, le=0.5)
    jitter: float = Field(default=0.0, ge=0.0, le=0.3)
    batch_size: int = Field(default=16, ge=2, le=4096)
    seed: int = Field(default=7, ge=0, lt=2**31)
    frozen_epochs: int = Field(default=4, ge=0, le=1000)
    epochs: int = Field(default=10, ge=0, le=1000)
    frozen_lr: float = Field(default=3e-3, gt=0, le=10)
    lr_min: float = Field(default=1e-6, gt=0, le=10)
    lr_max: float = Field(default=1e-4, gt=0, le=10)
    weight_decay: float = Field(default=0.01, ge=0, le=1)
    flip: bool = True
    rotate: float = Field(default=25.0, ge=0, le=180)
    zoom: float = Field(default=1.1, ge=1, le=2)
    warp: float = Field(default=0.2, ge=0, lt=0.5)
    stretch: float = Field(default=0.0, ge=0, lt=0.5)
    lighting: float = Field(default=0.2, ge=0, lt=1)
    gamma: float = Field(default=0.0, ge=0, le=2)
    blur: float = Field(default=0.0, ge=0, le=5)
    erase: float = Field(default=0.0, ge=0, le=0.4)
    ramp: float = Field(default=0.0, ge=0, le=0.5)
    noise: float = Field(default=0.0, ge=0, le=0.2)
    shutter: float = Field(default=0.0, ge=0, le=1)
    head: Literal["concat", "linear"] = "concat"
    probe: float = Field(default=0.0, ge=0, le=1000)
    batchnorm: Literal["train", "keep"] = "train"
    dropout: float = Field(default=0.5, ge=0, lt=1)
    label_smoothing: float = Field(default=0.0, ge=0, lt=0.5)
    smoothing: Literal["uniform", "ordinal"] = "uniform"
    sampling: Literal["uniform", "balanced"] = "uniform"
    keep: Literal["last", "best"] = "last"
    average: float = Field(default=0.0, ge=0, lt=1)
    precision: Literal["float32", "bfloat16"] = "float32"
    channels_last: bool = False
    lr_finder: bool = True

    @model_validator(mode="after")
    def _has_epochs_and_ordered_rates(self) -> Recipe:
        if self.frozen_epochs + self.epochs == 0:
            raise ValueError("frozen_epochs and epochs are both 0: nothing would be trained")
        if self.lr_min > self.lr_max:
            raise ValueError(f"lr_min {self.lr_min:g} exceeds lr_max {self.lr_max:g}")
        if self.probe and self.head != "linear":
            raise ValueError("probe needs head linear")
        if self.probe and self.target != "covid":
            raise ValueError("probe needs target covid")
        if self.frame == "lungs" and (self.fit != "squash" or self.crop_border):
            raise ValueError("frame lungs needs fit squash and no crop_border")
        if self.smoothing == "ordinal" and self.target != "appearance":
            raise ValueError("smoothing ordinal needs target appearance: its classes are ordered")
        if self.average and self.keep == "best":
            raise ValueError("average needs keep last: it takes the place of choosing an epoch")
        return self

    def changed(self, **options: Any) -> Recipe:
        """Return the recipe with ``options`` in place of its own values, validated again.

        Raises
        ------
        TrainingError
            If an option is unknown or its value impossible.
        """
        try:
            return type(self).model_validate({**self.model_dump(), **options})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "recipe"
            raise TrainingError(
                N_(
                    "Recipe option %(where)r: %(message)s (got %(value)s).",
                    where=where,
                    message=first["msg"],
                    value=repr(first["input"]),
                )
                if first["loc"]
                else N_("Recipe: %(message)s.", message=first["msg"]),
                N_("See covid-d train --help for the values each option takes."),
            ) from error


ARTICLE = Recipe(name="article")

DEFAULT = Recipe(
    name="default",
    backbone="tf_efficientnet_lite0",
    fit="pad",
    intensity="percentile",
    frozen_epochs=1,
    epochs=0,
    frozen_lr=1e-6,
    rotate=15.0,
    zoom=1.2,
    warp=0.1,
    stretch=0.15,
    lighting=0.3,
    gamma=0.3,
    blur=1.5,
    erase=0.15,
    head="linear",
    probe=0.001,
    batchnorm="keep",
    dropout=0.2,
    label_smoothing=0.1,
    sampling="balanced",
    keep="best",
    channels_last=True,
)

APPEARANCE = Recipe(
    name="appearance",
    target="appearance",
    backbone="tf_efficientnet_lite0",
    fit="squash",
    intensity="percentile",
    frame="lungs",
    surround=0.15,
    jitter=0.15,
    batch_size=32,
    frozen_epochs=0,
    epochs=5,
    lr_min=4e-4,
    lr_max=3e-3,
    rotate=12.0,
    zoom=1.0,
    warp=0.0,
    stretch=0.1,
    lighting=0.3,
    gamma=0.4,
    blur=1.5,
    ramp=0.2,
    noise=0.04,
    head="linear",
    dropout=0.2,
    label_smoothing=0.15,
    smoothing="ordinal",
    average=0.99,
    precision="bfloat16",
    channels_last=True,
    lr_finder=False,
)

RECIPES = {recipe.name: recipe for recipe in (DEFAULT, ARTICLE, APPEARANCE)}
