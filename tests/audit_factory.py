"""Evidence of an audit, made by hand: every figure can be set, the rest passes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from covid_d.detector.assessment import BundleId
from covid_d.evaluation.audit.evidence import (
    POOL,
    AuditResult,
    Evidence,
    LungEvidence,
    ProbeResult,
    Sensitivity,
    SourceEvidence,
)
from covid_d.evaluation.audit.probes import Probe
from covid_d.evaluation.audit.sources import SourcePredictability
from covid_d.evaluation.audit.thresholds import THRESHOLDS, Thresholds
from covid_d.evaluation.audit.verdict import judge, verdict_of
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.language import Message
from lung_factory import lungs_spec

POOLED_PROBES = (0.96, 0.95, 0.97, 0.98, 0.9, 0.8, 0.9, 0.96)
AUDITED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def estimate(value: float, spread: float = 0.08, n: int = 60) -> Estimate:
    """Return an AUROC with an interval of ``spread`` to both sides."""
    return Estimate(value, max(0.0, value - spread), min(1.0, value + spread), n, "delong")


def difference(value: float, half: float = 0.05, n: int = 60) -> Estimate:
    """Return a paired difference with an interval of ``half`` to both sides."""
    return Estimate(value, value - half, value + half, n, "paired-bootstrap")


def probe_results(model: float, *aurocs: float) -> dict[Probe, ProbeResult]:
    """Return one result a probe, in the order of :class:`Probe`."""
    return {
        probe: ProbeResult(
            estimate(value), "logistic regression", "all", value, difference(model - value)
        )
        for probe, value in zip(Probe, aurocs, strict=True)
    }


def source(
    name: str = "north",
    *,
    model: float = 0.85,
    low: float | None = None,
    probes: tuple[float, ...] = (0.60, 0.70, 0.55, 0.65, 0.52, 0.50, 0.51, 0.62),
    erased: float | None = 0.60,
    positives: int = 30,
    negatives: int = 30,
    marks_effect: float | None = 0.0,
    calibration_error: float | None = 0.04,
    question: str = "covid",
) -> SourceEvidence:
    """Return a source's evidence; by default it passes."""
    found = estimate(model)
    if low is not None:
        found = Estimate(model, low, found.high, found.n, "delong")
    return SourceEvidence(
        name,
        positives + negatives,
        positives,
        negatives,
        50,
        model=found,
        probes=probe_results(model, *probes),
        lungs_erased=None if erased is None else estimate(erased),
        only_lungs=None if erased is None else estimate(0.80),
        above_lungs_erased=None if erased is None else difference(model - erased),
        marks_erased=None if marks_effect is None else estimate(model - marks_effect),
        above_marks_erased=None if marks_effect is None else difference(marks_effect, 0.02),
        marked_positives=4,
        marked_negatives=3,
        calibration_error=calibration_error,
        question=question,
    )


def marks_laid(opposite: float) -> Sensitivity:
    """Return what laying a word on the lungs did."""
    word = Message("palabra sobre el pulmón", "word on the lung")
    return Sensitivity("lung-word", word, 50, 0, 0.05, 0.1, opposite, on_lungs=True)


def too_small(name: str = "tiny", positives: int = 9, negatives: int = 40) -> SourceEvidence:
    """Return a source with too few films of a class for any figure."""
    return SourceEvidence(name, positives + negatives, positives, negatives, 40)


def evidence(**changes: Any) -> Evidence:
    """Return evidence that passes, with some parts changed."""
    parts: dict[str, Any] = {
        "pool": source(
            POOL, model=0.97, probes=(0.96, 0.95, 0.97, 0.98, 0.9, 0.8, 0.9, 0.96), erased=0.95
        ),
        "sources": (source("north"), source("south", model=0.9), too_small()),
        "calibration_error": Estimate(0.05, 0.03, 0.09, 120, "bootstrap"),
        "lungs": LungEvidence("bundle", lungs_spec(), 0.98),
        "predictability": (
            SourcePredictability("all", {"north": 60, "south": 60}, 0.92, 0.5),
            SourcePredictability("nocovid", {"north": 30, "south": 30}, 0.88, 0.5),
        ),
        "sensitivities": (
            Sensitivity("text", Message("texto", "text"), 50, 0, 0.12, 0.2),
            Sensitivity("inversion", Message("invertida", "inverted"), 50, 50, float("nan"), 1.0),
            marks_laid(0.0),
        ),
        "train_films": 400,
        "test_films": 120,
        "shared_groups": 0,
        "left_out": {"colour_picture": 2},
    }
    return Evidence(**(parts | changes))


def result(
    found: Evidence | None = None,
    *,
    thresholds: Thresholds = THRESHOLDS,
    bundle: BundleId | None = None,
) -> AuditResult:
    """Return the audit that follows from evidence."""
    found = evidence() if found is None else found
    checks = judge(found, thresholds)
    return AuditResult(
        bundle=bundle or BundleId("phantom", "1.0", "3" * 64),
        dataset_sha256="4" * 64,
        created=AUDITED,
        seed=7,
        thresholds=thresholds,
        evidence=found,
        checks=checks,
        verdict=verdict_of(checks, AUDITED),
    )
