"""What a doctor is told about one film: the stored answer with the words that belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from covid_d.clinic.database.cases import Film, StoredAssessment
from covid_d.clinic.installation import Installation
from covid_d.clinic.texts import N_, Text
from covid_d.detector import Bundle, BundleSpec, Outcome
from covid_d.detector.bundle.bundle import built_in_path
from covid_d.detector.bundle.spec import NEGATIVE, POSITIVE
from covid_d.detector.cautions import OF_PATIENT
from covid_d.errors import BundleError
from covid_d.language import Message

VERDICTS: Final[dict[str, Text]] = {
    "demonstration": N_("demonstration model: it did not pass the audit for shortcuts"),
    "audit-passed": N_("passed the audit for shortcuts; no clinical study was made."),
}


@dataclass(frozen=True, slots=True)
class Result:
    """One answer of the model about one film, ready to be said.

    Parameters
    ----------
    outcome
        The answer.
    probability
        Calibrated probability of COVID-19; ``None`` exactly when refused.
    remaining
        Which classes the accepted error leaves, in plain words; ``None`` when refused.
    refusal
        Why there is no answer and what to do.
    contradictions
        That the film's file describes another patient.
    warnings
        What else must be known beside the answer.
    prevalence, post_test_probability
        The unit's prevalence when the film was answered, and the probability at it.
    calibration_prevalence
        Share of COVID-19 among the films that the probability was calibrated on; ``None`` when
        the bundle is no longer installed.
    has_activation
        Whether the answer came with a map of its evidence.
    bundle_name, bundle_version, bundle_sha256, verdict
        What answered.
    answered_at
        When.
    """

    outcome: Outcome
    probability: float | None
    remaining: Text | None
    refusal: Message | None
    contradictions: tuple[Message, ...]
    warnings: tuple[Message, ...]
    prevalence: float | None
    post_test_probability: float | None
    calibration_prevalence: float | None
    has_activation: bool
    bundle_name: str
    bundle_version: str
    bundle_sha256: str
    verdict: Text
    answered_at: datetime

    @classmethod
    def of(cls, stored: StoredAssessment, spec: BundleSpec | None) -> Result:
        """Return the result of a stored answer.

        Parameters
        ----------
        stored
            As it was given.
        spec
            Of the bundle that gave it; ``None`` when it is no longer installed.
        """
        outcome = Outcome(stored.outcome)
        answered = outcome is not Outcome.REFUSED
        return cls(
            outcome=outcome,
            probability=stored.probability,
            remaining=_in_words(stored.conformal_set, spec) if answered else None,
            refusal=_message(stored.refusal["message"]) if stored.refusal else None,
            contradictions=_messages(stored, of_patient=True),
            warnings=_messages(stored, of_patient=False),
            prevalence=stored.prevalence,
            post_test_probability=stored.post_test_probability,
            calibration_prevalence=spec.calibration.prevalence if spec else None,
            has_activation=stored.activation is not None and spec is not None,
            bundle_name=stored.bundle_name,
            bundle_version=stored.bundle_version,
            bundle_sha256=stored.bundle_sha256,
            verdict=VERDICTS.get(stored.bundle_verdict, VERDICTS["demonstration"]),
            answered_at=stored.created_at,
        )


def result_of(installation: Installation, film: Film) -> Result | None:
    """Return the newest answer about a film; ``None`` when none was given yet."""
    if not film.assessments:
        return None
    stored = film.assessments[-1]
    return Result.of(stored, spec_of(installation, stored.bundle_sha256))


def spec_of(installation: Installation, sha256: str) -> BundleSpec | None:
    """Return what a bundle says of itself, active or not; ``None`` when it is nowhere here."""
    try:
        active = installation.desk.detector.bundle
        if active.id.sha256 == sha256:
            return active.spec
    except BundleError:
        pass  # old answers stay readable while the active bundle is not
    try:
        return _find_spec(installation.desk.folder, sha256)
    except BundleError:
        return None


@lru_cache(maxsize=16)
def _find_spec(folder: Path, sha256: str) -> BundleSpec:
    # A failure is not kept: the bundle may be installed again.
    for path in (folder / f"{sha256}.zip", None, built_in_path()):
        try:
            bundle = Bundle.load(path)
        except BundleError:
            continue
        if bundle.id.sha256 == sha256:
            return bundle.spec
    raise BundleError(f"Bundle {sha256[:12]} is not installed.")


def _in_words(remaining: list[str], spec: BundleSpec | None) -> Text:
    if spec is not None and spec.conformal is None:
        return N_("The model has no decision thresholds, so it never settles on an answer.")
    error = f"{100 * spec.conformal.error_rate:.3g} %" if spec and spec.conformal else "—"
    if remaining == [POSITIVE]:
        return N_(
            "At its accepted error (%(e)s a class) the model finds the film unlike those without "
            "COVID-19.",
            e=error,
        )
    if remaining == [NEGATIVE]:
        return N_(
            "At its accepted error (%(e)s a class) the model finds the film unlike COVID-19; "
            "the patient may have it all the same.",
            e=error,
        )
    if remaining:
        return N_(
            "At its accepted error (%(e)s a class) the model can rule out neither COVID-19 nor "
            "its absence.",
            e=error,
        )
    return N_(
        "At its accepted error (%(e)s a class) the film is like neither of the two classes that "
        "the model knows.",
        e=error,
    )


def _messages(stored: StoredAssessment, *, of_patient: bool) -> tuple[Message, ...]:
    return tuple(
        _message(warning["message"])
        for warning in stored.warnings
        if (warning["code"] in OF_PATIENT) == of_patient
    )


def _message(stored: dict[str, Any]) -> Message:
    return Message(stored["es"], stored["en"])
