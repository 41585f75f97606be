"""The one answer: what COVID-D says about a film."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal

import numpy as np

from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.language import Message
from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.prepare import Window
from covid_d.radiograph.refusal import Refusal

VerdictStatus = Literal["demonstration", "audit-passed"]

PUBLISHED_TABLE: Final = "Hare 2020 + Smith 2020"
"""Name of the table that is used unless somebody has a better one."""

AGE_UNKNOWN_CODE: Final = "age_unknown"
"""Code of the caution that an answer without any age carries."""
OUTSIDE_LUNGS_CODE: Final = "evidence_outside_lungs"
"""Code of the caution that an answer is to be disregarded."""

IF_ADULT: Final = Message("si es adulto: {answer}", "if an adult: {answer}")
_DIGITS: Final = 4  # of a stored activation: it is shown as colour


class Outcome(StrEnum):
    """The answer in one word."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    INCONCLUSIVE = "inconclusive"
    REFUSED = "refused"

    @property
    def message(self) -> Message:
        """The outcome in a doctor's words, where nothing is known of the film's appearance."""
        return _OUTCOME_MESSAGES[self]

    def headline(self, category: Appearance | None) -> Message:
        """Return the answer in a radiologist's words.

        Parameters
        ----------
        category
            The most probable one; ``None`` of a bundle of the old kind.
        """
        said, leaning = self.conclusion(category), self.leaning(category)
        if leaning is None:
            return said
        return Message(f"{said.es} ({leaning.es})", f"{said.en} ({leaning.en})")

    def conclusion(self, category: Appearance | None) -> Message:
        """Return the headline's first part, which is one message: without what it leans to."""
        undecided = self in {Outcome.REFUSED, Outcome.INCONCLUSIVE}
        return self.message if category is None or undecided else category.message

    def leaning(self, category: Appearance | None) -> Message | None:
        """Return what an inconclusive answer leans to; ``None`` of any other."""
        if category is None or self is not Outcome.INCONCLUSIVE:
            return None
        said = _LEANS_NEGATIVE if category is Appearance.NEGATIVE else _LEANS
        return Message(
            said.es.format(category=category.message.es),
            said.en.format(category=category.message.en),
        )


_OUTCOME_MESSAGES = {
    Outcome.POSITIVE: Message("compatible con COVID-19", "compatible with COVID-19"),
    # True of a film without pneumonia too, and no denial: a negative answer rules nothing out.
    Outcome.NEGATIVE: Message(
        "sin signos de COVID-19 en la imagen", "no signs of COVID-19 in the image"
    ),
    Outcome.INCONCLUSIVE: Message("no concluyente", "inconclusive"),
    Outcome.REFUSED: Message("imagen no analizada", "image not analysed"),
}
# "Possible", so that nobody in a hurry takes the category for the answer.
_LEANS: Final = Message("posible {category}", "possible {category}")
_LEANS_NEGATIVE: Final = Message("posiblemente {category}", "possibly {category}")


@dataclass(frozen=True, slots=True)
class Caution:
    """Something the reader must know beside the answer."""

    code: str
    message: Message

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"code", "message": {"es", "en"}}``."""
        return {"code": self.code, "message": self.message.to_dict()}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Caution:
        """Return what :meth:`to_dict` was called on."""
        return cls(kept["code"], Message(**kept["message"]))


@dataclass(frozen=True, slots=True)
class BundleId:
    """Which bundle answered: its name, version and the hash over all its files."""

    name: str
    version: str
    sha256: str

    def to_dict(self) -> dict[str, str]:
        """Return ``{"name", "version", "sha256"}``."""
        return {"name": self.name, "version": self.version, "sha256": self.sha256}

    @classmethod
    def from_dict(cls, kept: Mapping[str, str]) -> BundleId:
        """Return what :meth:`to_dict` was called on."""
        return cls(kept["name"], kept["version"], kept["sha256"])


@dataclass(frozen=True, slots=True)
class CovidRange:
    """How probable COVID-19 is at a named prevalence, given how the film looks.

    Parameters
    ----------
    low, value, high
        In [0, 1], in this order: the 95 % range of what the table supports, and its middle.
    prevalence
        Share of COVID-19 among the patients at hand, in (0, 1).
    table
        Name of the table of likelihood ratios that gave it.

    Raises
    ------
    ValueError
        If the numbers are out of order or out of range.
    """

    low: float
    value: float
    high: float
    prevalence: float
    table: str = field(default=PUBLISHED_TABLE, kw_only=True)

    def __post_init__(self) -> None:
        if not 0.0 <= self.low <= self.value <= self.high <= 1.0:  # also false for NaN
            raise ValueError(f"not a range of probabilities: {self}")
        if not 0.0 < self.prevalence < 1.0:
            raise ValueError(f"prevalence must lie between 0 and 1, got {self.prevalence}")

    @property
    def is_published(self) -> bool:
        """Whether it rests on the published studies."""
        return self.table == PUBLISHED_TABLE

    def to_dict(self) -> dict[str, float | str]:
        """Return ``{"low", "value", "high", "prevalence", "table"}``."""
        return {
            "low": self.low,
            "value": self.value,
            "high": self.high,
            "prevalence": self.prevalence,
            "table": self.table,
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> CovidRange:
        """Return what :meth:`to_dict` was called on; of older answers the table is published."""
        return cls(
            kept["low"],
            kept["value"],
            kept["high"],
            kept["prevalence"],
            table=kept.get("table", PUBLISHED_TABLE),
        )


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
    verdict
        What the bundle's shortcut audit found. A demonstration's answer is no evidence.
    appearance
        Calibrated probability of each category, summing to 1; ``None`` when refused, and for
        bundles of the old kind.
    probability
        Of bundles of the old kind: calibrated probability of COVID-19 in [0, 1].
    conformal_set
        The categories (old kind: classes) that cannot be ruled out at the bundle's error rate.
    covid
        How probable COVID-19 is at the caller's prevalence; only with one, and only from an
        audited bundle that answers with the appearance.
    refusal
        Why there is no answer; set exactly when refused.
    warnings
        What the reader must know beside the answer.
    activation
        float32, hxw in [0, 1]: where the evidence for the answer lies; ``None`` when not asked for.
    box
        The part of the film that ``activation`` lies over; ``None`` for the whole film.

    Raises
    ------
    ValueError
        If a refused assessment carries a number, an answered one carries none or two, or a
        demonstration says how probable COVID-19 is.
    """

    path: str
    outcome: Outcome
    bundle: BundleId
    verdict: VerdictStatus = "demonstration"
    appearance: Mapping[Appearance, float] | None = None
    probability: float | None = None
    conformal_set: tuple[str, ...] = ()
    covid: CovidRange | None = None
    refusal: Refusal | None = None
    warnings: tuple[Caution, ...] = ()
    activation: FloatImage | None = field(default=None, repr=False)
    box: Window | None = None

    def __post_init__(self) -> None:
        refused = self.outcome is Outcome.REFUSED
        numbers = [found for found in (self.appearance, self.probability) if found is not None]
        if refused != (self.refusal is not None) or len(numbers) != (0 if refused else 1):
            raise ValueError("a refusal carries a reason and no number; an answer, the reverse")
        if refused and (self.covid or self.conformal_set or self.activation is not None):
            raise ValueError("a refused film has no range, no set and no activation")
        if self.probability is not None and not 0.0 <= self.probability <= 1.0:
            raise ValueError(f"probability must lie in [0, 1], got {self.probability}")
        if self.appearance is not None:
            _check_appearance(self.appearance)
        if self.covid is not None and (self.appearance is None or self.verdict == "demonstration"):
            raise ValueError(
                "only an audited answer about appearance says how probable COVID-19 is"
            )

    @property
    def opacity(self) -> float | None:
        """Probability of any lung opacity: all but ``negative``; ``None`` without appearance."""
        return None if self.appearance is None else 1.0 - self.appearance[Appearance.NEGATIVE]

    @property
    def most_likely(self) -> Appearance | None:
        """The most probable category; ``None`` without appearance."""
        if self.appearance is None:
            return None
        return max(CATEGORIES, key=self.appearance.__getitem__)

    @property
    def is_for_adults_alone(self) -> bool:
        """Whether no age is known, so that the answer holds if the patient is an adult."""
        unknown = any(warning.code == AGE_UNKNOWN_CODE for warning in self.warnings)
        return unknown and self.refusal is None

    @property
    def is_void(self) -> bool:
        """Whether the answer is to be disregarded whole; a refused film has none."""
        codes = {warning.code for warning in self.warnings}
        return OUTSIDE_LUNGS_CODE in codes and self.refusal is None

    @property
    def headline(self) -> Message:
        """The answer in a radiologist's words; where no age is known, for adults alone."""
        said = self.outcome.headline(self.most_likely)
        if not self.is_for_adults_alone:
            return said
        return Message(IF_ADULT.es.format(answer=said.es), IF_ADULT.en.format(answer=said.en))

    def to_dict(self, *, activation: bool = False) -> dict[str, Any]:
        """Return the JSON object documented for ``covid-d predict --json``.

        Parameters
        ----------
        activation
            Whether to keep ``activation`` (rows of 4 digits) and ``box`` too.
        """
        category, opacity = self.most_likely, self.opacity
        return {
            "path": self.path,
            "outcome": self.outcome.value,
            "appearance": self.appearance and {c.value: self.appearance[c] for c in CATEGORIES},
            "most_likely": category and category.value,
            "opacity": opacity,
            "probability": self.probability,
            "conformal_set": list(self.conformal_set),
            "covid": self.covid and self.covid.to_dict(),
            "refusal": self.refusal and self.refusal.to_dict(),
            "warnings": [warning.to_dict() for warning in self.warnings],
            "bundle": self.bundle.to_dict(),
            "verdict": self.verdict,
            **(self._where() if activation else {}),
        }

    def _where(self) -> dict[str, Any]:
        shown = None if self.activation is None else self.activation.tolist()
        return {
            "activation": shown and [[round(value, _DIGITS) for value in row] for row in shown],
            "box": self.box and list(self.box),
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Assessment:
        """Return what :meth:`to_dict` was called on.

        Raises
        ------
        ValueError
            If it contradicts itself.
        """
        appearance, covid, refusal = kept["appearance"], kept["covid"], kept["refusal"]
        activation, box = kept.get("activation"), kept.get("box")
        return cls(
            path=kept["path"],
            outcome=Outcome(kept["outcome"]),
            bundle=BundleId.from_dict(kept["bundle"]),
            verdict=kept["verdict"],
            appearance=appearance and {c: float(appearance[c.value]) for c in CATEGORIES},
            probability=kept["probability"],
            conformal_set=tuple(kept["conformal_set"]),
            covid=covid and CovidRange.from_dict(covid),
            refusal=refusal and Refusal.from_dict(refusal),
            warnings=tuple(Caution.from_dict(warning) for warning in kept["warnings"]),
            activation=None if activation is None else np.asarray(activation, dtype=np.float32),
            box=None if box is None else Window(*box),
        )

    def _repr_html_(self) -> str:
        """Return what a notebook shows, in the language of the settings."""
        from covid_d.detector.show import assessment_html
        from covid_d.settings import settings

        return assessment_html(self, settings().language)


def _check_appearance(appearance: Mapping[Appearance, float]) -> None:
    if set(appearance) != set(CATEGORIES):
        raise ValueError(f"appearance needs the four categories, got {sorted(appearance)}")
    total = math.fsum(appearance.values())
    if not (all(0.0 <= p <= 1.0 for p in appearance.values()) and abs(total - 1.0) < 1e-6):
        raise ValueError(f"appearance must be probabilities that sum to 1, got {appearance}")
