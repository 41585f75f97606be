"""The one result type: what COVID-D says about a film."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from covid_d.language import Message
from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.refusal import Refusal


class Outcome(StrEnum):
    """The answer in one word."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    INCONCLUSIVE = "inconclusive"
    REFUSED = "refused"

    @property
    def message(self) -> Message:
        """The outcome in a doctor's words."""
        return _OUTCOME_MESSAGES[self]


_OUTCOME_MESSAGES = {
    Outcome.POSITIVE: Message("compatible con COVID-19", "compatible with COVID-19"),
    Outcome.NEGATIVE: Message("no compatible con COVID-19", "not compatible with COVID-19"),
    Outcome.INCONCLUSIVE: Message("no concluyente", "inconclusive"),
    Outcome.REFUSED: Message("imagen rechazada", "image refused"),
}


@dataclass(frozen=True, slots=True)
class Caution:
    """Something the reader must know beside the answer."""

    code: str
    message: Message

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"code", "message": {"es", "en"}}``."""
        return {"code": self.code, "message": self.message.to_dict()}


@dataclass(frozen=True, slots=True)
class BundleId:
    """Which bundle answered: its name, version and the hash over all its files."""

    name: str
    version: str
    sha256: str

    def to_dict(self) -> dict[str, str]:
        """Return ``{"name", "version", "sha256"}``."""
        return {"name": self.name, "version": self.version, "sha256": self.sha256}


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """What COVID-D says about one film.

    Parameters
    ----------
    path
        The film, as named by the caller.
    outcome
        The answer.
    bundle
        The bundle that answered.
    probability
        Calibrated probability of COVID-19 in [0, 1]; ``None`` exactly when refused.
    conformal_set
        The classes that cannot be ruled out at the bundle's error rate.
    post_test_probability
        The probability at the prevalence the caller stated, if one was.
    refusal
        Why there is no answer; set exactly when refused.
    warnings
        What the reader must know beside the answer.
    activation
        float32, hxw in [0, 1]: where the evidence for COVID-19 lies; ``None`` when not asked for.

    Raises
    ------
    ValueError
        If a refused assessment carries a number, or an answered one does not.
    """

    path: str
    outcome: Outcome
    bundle: BundleId
    probability: float | None = None
    conformal_set: tuple[str, ...] = ()
    post_test_probability: float | None = None
    refusal: Refusal | None = None
    warnings: tuple[Caution, ...] = ()
    activation: FloatImage | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        refused = self.outcome is Outcome.REFUSED
        if refused != (self.refusal is not None) or refused != (self.probability is None):
            raise ValueError("a refusal carries a reason and no number; an answer, the reverse")
        if refused and (self.post_test_probability is not None or self.activation is not None):
            raise ValueError("a refused film has no post-test probability and no activation")
        if self.probability is not None and not 0.0 <= self.probability <= 1.0:
            raise ValueError(f"probability must lie in [0, 1], got {self.probability}")

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object documented for ``covid-d predict --json``."""
        return {
            "path": self.path,
            "outcome": self.outcome.value,
            "probability": self.probability,
            "conformal_set": list(self.conformal_set),
            "post_test_probability": self.post_test_probability,
            "refusal": self.refusal.to_dict() if self.refusal else None,
            "warnings": [warning.to_dict() for warning in self.warnings],
            "bundle": self.bundle.to_dict(),
        }

    def _repr_html_(self) -> str:
        """Return what a notebook shows, in the language of the settings."""
        from covid_d.detector.show import assessment_html
        from covid_d.settings import settings

        return assessment_html(self, settings().language)
