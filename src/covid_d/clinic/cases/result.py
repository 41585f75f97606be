"""What a doctor is told about one film: the stored answer with the words that belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from covid_d.clinic.database.cases import Film, StoredAssessment
from covid_d.clinic.installation import Installation
from covid_d.detector import Assessment, Bundle, BundleSpec
from covid_d.detector.bundle.bundle import built_in_path
from covid_d.errors import BundleError
from covid_d.language import Message

# A bundle of the old kind knows one thing to look for.
_COVID: Final = Message("COVID-19", "COVID-19")


@dataclass(frozen=True, slots=True)
class Result:
    """A stored answer of the model about one film, ready to be said.

    Parameters
    ----------
    assessment
        As it was given.
    spec
        What the bundle that gave it says of itself; ``None`` when it is no longer installed.
    prevalence
        The unit's when the film was answered, if it had one.
    answered_at
        When.
    """

    assessment: Assessment
    spec: BundleSpec | None
    prevalence: float | None
    answered_at: datetime

    @classmethod
    def of(cls, stored: StoredAssessment, spec: BundleSpec | None) -> Result:
        """Return the result of a stored answer, with the spec of the bundle that gave it."""
        return cls(stored.assessment, spec, stored.prevalence, stored.created_at)

    @property
    def has_activation(self) -> bool:
        """Whether the answer came with a map that can still be laid over its film."""
        return self.assessment.activation is not None and self.spec is not None

    @property
    def evidence_for(self) -> Message | None:
        """What the map is the evidence for; ``None`` where there is no map."""
        if not self.has_activation:
            return None
        category = self.assessment.most_likely
        return _COVID if category is None else category.message


def result_of(installation: Installation, film: Film) -> Result | None:
    """Return the newest answer about a film; ``None`` when none was given yet."""
    if not film.assessments:
        return None
    stored = film.assessments[-1]
    return Result.of(stored, spec_of(installation, stored.bundle_sha256))


def spec_of(installation: Installation, sha256: str) -> BundleSpec | None:
    """Return what a bundle says of itself, active or not; ``None`` when it is nowhere here."""
    try:
        active = installation.active_detector.detector.bundle
        if active.id.sha256 == sha256:
            return active.spec
    except BundleError:
        pass  # old answers stay readable while the active bundle is not
    try:
        return _find_spec(installation.active_detector.folder, sha256)
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
