"""What the audit measured, source by source; the verdict is drawn from nothing else."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from covid_d.dataset.looks import Look
from covid_d.detector.assessment import BundleId
from covid_d.detector.bundle.spec import Lungs, Verdict
from covid_d.evaluation.audit.probes import Probe
from covid_d.evaluation.audit.questions import COVID
from covid_d.evaluation.audit.sources import SourcePredictability
from covid_d.evaluation.audit.thresholds import Thresholds
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.language import Message

POOL = "pooled"


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a probe reached on a source's test films.

    Parameters
    ----------
    auroc
        On exactly the films on which the model was measured.
    classifier, trained_on, inner_auroc
        As in :class:`covid_d.evaluation.audit.probes.ProbeScores`.
    difference
        The model's AUROC less this one's on the same films, by paired bootstrap of patients.
    """

    auroc: Estimate
    classifier: str
    trained_on: str
    inner_auroc: float
    difference: Estimate | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "auroc": self.auroc.to_dict(),
            "classifier": self.classifier,
            "trained_on": self.trained_on,
            "inner_auroc": self.inner_auroc,
            "difference": self.difference and self.difference.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class SourceEvidence:
    """Figures of one source's test films, of a subsource's (``cohen/radiopaedia.org``) or all.

    Parameters
    ----------
    name
        ``pooled``, a source, or ``source/subsource``.
    films, positives, negatives, patients
        Counts of test films that were answered, and of their groups.
    model
        AUROC of the bundle; ``None`` (as are the others) when a class has too few films.
    probes
        What each probe reached.
    lungs_erased, only_lungs
        AUROC of the model on films without lungs and with nothing else; ``None`` without a
        lung model.
    above_lungs_erased
        The model's AUROC less that with the lungs erased, paired by patient.
    marks_erased
        AUROC with letters, arrows, electrodes and tubes on the lungs erased.
    above_marks_erased
        The model's AUROC less that one, paired by patient.
    marked_positives, marked_negatives
        Films of each class on whose lungs something lies.
    calibration_error
        Of this source's films, corrected for small numbers; of the worst category for a model of
        appearance. ``None`` when it was not measured.
    question
        What was asked of the films; see :mod:`covid_d.evaluation.audit.questions`.
    """

    name: str
    films: int
    positives: int
    negatives: int
    patients: int
    model: Estimate | None = None
    probes: dict[Probe, ProbeResult] = field(default_factory=dict)
    lungs_erased: Estimate | None = None
    only_lungs: Estimate | None = None
    above_lungs_erased: Estimate | None = None
    marks_erased: Estimate | None = None
    above_marks_erased: Estimate | None = None
    marked_positives: int = 0
    marked_negatives: int = 0
    calibration_error: float | None = None
    question: str = "covid"

    @property
    def scope(self) -> str:
        """The source, with the question where a model is asked several."""
        return self.name if self.question == COVID.name else f"{self.name}:{self.question}"

    @property
    def closest_probe(self) -> tuple[Probe, ProbeResult] | None:
        """The probe that the model is least surely above: of the lowest lower bound."""
        if not self.probes:
            return None

        def bound(item: tuple[Probe, ProbeResult]) -> float:
            difference = item[1].difference
            known = difference is not None and not math.isnan(difference.low)
            return difference.low if difference is not None and known else -math.inf

        return min(self.probes.items(), key=bound)

    @property
    def best_probe(self) -> tuple[Probe, ProbeResult] | None:
        """The probe with the highest AUROC here; one that is not a number goes before any."""
        if not self.probes:
            return None

        def height(item: tuple[Probe, ProbeResult]) -> float:
            value = item[1].auroc.value
            return math.inf if math.isnan(value) else value

        return max(self.probes.items(), key=height)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "name": self.name,
            "question": self.question,
            "films": self.films,
            "positives": self.positives,
            "negatives": self.negatives,
            "patients": self.patients,
            "model": self.model and self.model.to_dict(),
            "probes": {probe.value: found.to_dict() for probe, found in self.probes.items()},
            "lungs_erased": self.lungs_erased and self.lungs_erased.to_dict(),
            "only_lungs": self.only_lungs and self.only_lungs.to_dict(),
            "above_lungs_erased": self.above_lungs_erased and self.above_lungs_erased.to_dict(),
            "marks_erased": self.marks_erased and self.marks_erased.to_dict(),
            "above_marks_erased": self.above_marks_erased and self.above_marks_erased.to_dict(),
            "marked": {"positives": self.marked_positives, "negatives": self.marked_negatives},
            "calibration_error": _finite(self.calibration_error),
        }


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How the answers moved under one perturbation.

    Parameters
    ----------
    name, message
        The perturbation.
    films
        Test films tried.
    refused
        Of these, refused after the change; each counts as a flip.
    score_change
        Mean absolute change of the probability over films still answered; NaN when none was.
    flips
        Share of the films whose outcome changed.
    opposite
        Share of the films whose outcome went from positive to negative or back.
    on_lungs
        Whether the change laid something on the lungs.
    """

    name: str
    message: Message
    films: int
    refused: int
    score_change: float
    flips: float
    opposite: float = 0.0
    on_lungs: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "name": self.name,
            "message": self.message.to_dict(),
            "films": self.films,
            "refused": self.refused,
            "score_change": _finite(self.score_change),
            "flips": _finite(self.flips),
            "opposite": _finite(self.opposite),
            "on_lungs": self.on_lungs,
        }


@dataclass(frozen=True, slots=True)
class LungEvidence:
    """How far erasing the lungs can be trusted.

    Parameters
    ----------
    origin
        ``bundle``, a folder's name, or ``given`` when the caller supplied the masks.
    spec
        Of the lung model; ``None`` for masks the caller vouches for.
    found
        Share of the test films on which lungs were found. The others were left as they were,
        which can only speak against the bundle.
    """

    origin: str
    spec: Lungs | None
    found: float

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "origin": self.origin,
            "found": self.found,
            "model": self.spec and self.spec.model_dump(mode="json"),
        }


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of the verdict.

    Parameters
    ----------
    code
        Machine-readable name of the condition.
    scope
        The source it was checked on.
    value
        As measured; ``None`` when it could not be.
    threshold
        As declared.
    passed
        Whether it holds; never when the value is missing.
    message
        In words, with the figures.
    """

    code: str
    scope: str
    value: float | None
    threshold: float
    passed: bool
    message: Message

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "code": self.code,
            "scope": self.scope,
            "value": self.value,
            "threshold": self.threshold,
            "passed": self.passed,
            "message": self.message.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the audit measured.

    Parameters
    ----------
    pool
        All test films together, of the first question: shown, never decisive, because source
        predicts class there.
    sources
        Every source and subsource, question by question.
    calibration_error
        Expected calibration error over all test films, with its interval; shown, not decisive.
    lungs
        ``None`` without a lung model.
    predictability
        Of the source, from penultimate features.
    sensitivities
        To each perturbation.
    train_films, test_films
        Films that entered.
    shared_groups
        Groups (patients) with films in both.
    left_out
        Films that could not be read or were refused, by reason.
    """

    pool: SourceEvidence
    sources: tuple[SourceEvidence, ...]
    calibration_error: Estimate | None
    lungs: LungEvidence | None
    predictability: tuple[SourcePredictability, ...]
    sensitivities: tuple[Sensitivity, ...]
    train_films: int
    test_films: int
    shared_groups: int
    left_out: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "films": {"train": self.train_films, "test": self.test_films},
            "shared_groups": self.shared_groups,
            "left_out": self.left_out,
            "pooled": self.pool.to_dict(),
            "sources": [source.to_dict() for source in self.sources],
            "calibration_error": self.calibration_error and self.calibration_error.to_dict(),
            "lungs": self.lungs and self.lungs.to_dict(),
            "source_predictability": [found.to_dict() for found in self.predictability],
            "perturbations": [found.to_dict() for found in self.sensitivities],
        }


@dataclass(frozen=True, slots=True)
class AuditResult:
    """An audit: evidence, conditions, verdict.

    Parameters
    ----------
    bundle
        As audited, before the verdict was written into it.
    dataset_sha256
        Of the data set it was audited on.
    created
        When.
    seed
        Of everything random.
    thresholds
        As declared.
    attempts
        Looks at this test split before this audit; each one was a chance to choose by it.
    """

    bundle: BundleId
    dataset_sha256: str
    created: datetime
    seed: int
    thresholds: Thresholds
    evidence: Evidence
    checks: tuple[Check, ...]
    verdict: Verdict
    attempts: tuple[Look, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the verdict is ``audit-passed``."""
        return self.verdict.status == "audit-passed"

    def to_dict(self) -> dict[str, Any]:
        """Return the content of ``audit.json``."""
        return {
            "format": 2,
            "bundle": self.bundle.to_dict(),
            "dataset_sha256": self.dataset_sha256,
            "created": self.created.isoformat(timespec="seconds"),
            "seed": self.seed,
            "verdict": self.verdict.model_dump(mode="json"),
            "thresholds": self.thresholds.to_dict(),
            "attempts_before": [asdict(look) for look in self.attempts],
            "checks": [check.to_dict() for check in self.checks],
            **self.evidence.to_dict(),
        }


def _finite(number: float | None) -> float | None:
    return None if number is None or math.isnan(number) else number
