"""What a bundle says of itself: the schema of ``bundle.json``."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from covid_d.detector.appearance import CATEGORIES
from covid_d.radiograph.prepare import Preprocessing

FORMAT: Final = 2
"""What this version writes; 1, without appearance, is still read."""
READABLE: Final = (1, 2)
POSITIVE: Final = "covid"
NEGATIVE: Final = "nocovid"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Calibration(_Part):
    """Platt scaling of the network's logit: ``p = sigmoid(slope * logit + intercept)``.

    ``prevalence`` is the share of positives among the films it was fitted on; a probability for
    another prevalence follows by Bayes' rule. Source: Platt (1999), *Advances in Large Margin
    Classifiers*.
    """

    slope: float = Field(gt=0)
    intercept: float
    prevalence: float = Field(gt=0, lt=1)
    films: int = Field(ge=1)


class Conformal(_Part):
    """Class-conditional split conformal thresholds on the calibrated probability ``p``.

    COVID-19 stays in the set while ``1 - p <= positive_quantile``; its absence stays while
    ``p <= negative_quantile``. Source: Vovk (2012), *Conditional validity of inductive conformal
    predictors*; Angelopoulos and Bates (2023).
    """

    error_rate: float = Field(gt=0, lt=0.5)
    positive_quantile: float = Field(ge=0, le=1)
    negative_quantile: float = Field(ge=0, le=1)
    positives: int = Field(ge=1)
    negatives: int = Field(ge=1)


class AppearanceCalibration(_Part):
    """Calibration of the four logits: ``p = softmax(logits / temperature + bias)``.

    Vectors follow :data:`covid_d.detector.appearance.CATEGORIES`. ``shares`` are the categories'
    shares among the films it was fitted on, by which another mix of patients is weighed. Source:
    Guo et al. (2017), *On calibration of modern neural networks* (vector scaling).
    """

    temperature: float = Field(gt=0)
    bias: tuple[float, float, float, float]
    shares: tuple[float, float, float, float]
    films: int = Field(ge=1)


class AppearanceConformal(_Part):
    """Class-conditional split conformal thresholds: category c stays while ``1 - p_c <= quantile``.

    Vectors follow :data:`covid_d.detector.appearance.CATEGORIES`; a quantile of 1 means that the
    category is never ruled out.
    """

    error_rate: float = Field(gt=0, lt=0.5)
    quantiles: tuple[float, float, float, float]
    films: tuple[int, int, int, int] = Field(description="Films set by, by category.")
    studies: int = Field(ge=1)


class Verdict(_Part):
    """What the shortcut audit found; never "validated", which needs a clinical study."""

    status: Literal["demonstration", "audit-passed"] = "demonstration"
    reasons: tuple[str, ...] = ("not audited",)
    audited: datetime | None = None

    @property
    def is_unsigned(self) -> bool:
        """Whether the bundle claims more, and nobody whom this machine trusts signed it."""
        return self.status == "demonstration" and self.reasons == UNSIGNED


UNSIGNED: Final = ("its audit is not signed by a key that this machine trusts",)
"""Reasons of a verdict that takes the place of one that is not believed."""


class NetworkSpec(_Part):
    """The ONNX file's contract.

    Input ``film``: float32 Nx3xSxS. Outputs: ``features`` (NxC), pooled body features, and

    - of COVID-19 (``classes`` covid, nocovid): ``logit`` (N), log-odds before calibration;
      ``activation`` (Nxhxw), whose spatial sum is the logit's evidence for COVID-19;
    - of appearance (``classes`` the four categories): ``logits`` (Nx4), before calibration;
      ``activation`` (Nx4xhxw), whose spatial mean is each logit's evidence, without its bias.
    """

    file: str = Field(default="model.onnx", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    backbone: str


class Training(_Part):
    """Where the network came from."""

    recipe: str
    dataset_sha256: str
    seed: int
    films: dict[str, int] = Field(description="Films by split.")
    sources: dict[str, int] = Field(description="Films by source, all splits.")


class Lungs(_Part):
    """The lung segmentation model that the shortcut audit uses.

    ONNX input ``film``: float32 Nx1xSxS in [0, 1], the standardised film. Output ``lungs``:
    float32 NxSxS, probability of lung. Dice and its 95 % interval are of held-out patients.
    """

    file: str = "lungs.onnx"
    preprocessing: Preprocessing
    threshold: float = Field(default=0.5, gt=0, lt=1)
    dice: float = Field(ge=0, le=1)
    dice_interval: tuple[float, float]
    films: int = Field(ge=1, description="Held-out films the Dice was measured on.")
    patients: int = Field(ge=1)
    data_sha256: str = Field(description="Hash over the films and masks it was trained on.")
    license: str = Field(description="Licence of the masks.")


class LeftOut(_Part):
    """How many films of a source a gate refused that was fitted without it."""

    films: int = Field(ge=1)
    refused: int = Field(ge=0)


class GateSpec(_Part):
    """The input gate; what it computes is :mod:`covid_d.detector.gate`.

    ``left_out`` is what its limits were chosen by: frontal films of each training source, judged
    by heads fitted on the other sources.
    """

    file: str = Field(default="gate.npz", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    kinds: tuple[str, ...] = Field(min_length=2, description="Of pictures, frontal first.")
    threshold: float = Field(
        gt=0,
        lt=1,
        description="Least probability of a frontal film; among kinds but annotated, with marks.",
    )
    marks: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Largest probability of an annotated film against a frontal one.",
    )
    distance: float = Field(gt=0, description="Largest distance to the films trained on.")
    grid: int = Field(
        default=0, ge=0, le=64, description="Side of the coarse picture judged too; 0 for none."
    )
    reasons: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="File that names what is wrong with films which do not reach the gate.",
    )
    films: dict[str, int] = Field(description="Pictures fitted on, by kind.")
    left_out: dict[str, LeftOut] = Field(description="By source.")


class BundleSpec(_Part):
    """``bundle.json``.

    ``classes`` says what the network answers: the four appearances, or COVID-19 or not (format 1,
    and the recipes that learn from laboratory labels).
    """

    format: Literal[1, 2] = FORMAT
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    version: str
    created: datetime
    covid_d: str = Field(description="Version of COVID-D that wrote the bundle.")
    source_sha256: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        description="Of the code that wrote it (covid_d.provenance); unknown before 0.4.0.",
    )
    classes: tuple[str, ...] = (POSITIVE, NEGATIVE)
    preprocessing: Preprocessing
    network: NetworkSpec
    calibration: Calibration | AppearanceCalibration
    conformal: Conformal | AppearanceConformal | None = Field(
        default=None, description="Without it every answer is inconclusive."
    )
    verdict: Verdict = Verdict()
    training: Training
    lungs: Lungs | None = Field(
        default=None, description="Without it the bundle cannot pass the shortcut audit."
    )
    gate: GateSpec | None = Field(
        default=None, description="Without it, only what a film's file states is checked."
    )

    @property
    def has_appearance(self) -> bool:
        """Whether the network answers with the four appearances."""
        return self.classes == CATEGORIES

    @field_validator("classes")
    @classmethod
    def _known_classes(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if classes not in (CATEGORIES, (POSITIVE, NEGATIVE)):
            appearances = ", ".join(category.value for category in CATEGORIES)
            raise ValueError(f"must be {appearances}; or {POSITIVE}, {NEGATIVE}")
        return classes

    @model_validator(mode="after")
    def _parts_agree(self) -> BundleSpec:
        appearance = self.has_appearance
        fitted = [part for part in (self.calibration, self.conformal) if part is not None]
        kinds = (
            (AppearanceCalibration, AppearanceConformal) if appearance else (Calibration, Conformal)
        )
        if not all(isinstance(part, kinds) for part in fitted):
            raise ValueError("calibration and thresholds are of another kind than the classes")
        if appearance and self.format == 1:
            raise ValueError("appearance needs format 2")
        return self
