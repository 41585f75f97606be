"""What a doctor is told about one film: the stored answer with the words that belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Final

from covid_d.clinic.bundle_files import BundleFiles
from covid_d.clinic.database.cases import Film, StoredAssessment
from covid_d.clinic.installation import Installation
from covid_d.detector import Assessment, Bundle, BundleSpec
from covid_d.detector.bundle.bundle import built_in_path
from covid_d.errors import BundleError
from covid_d.language import N_, Message

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
    def offers_map(self) -> bool:
        """Whether a map is offered over the film: the answer's own, and not a demonstration's.

        What a demonstration looks at is no evidence, nor is that of an answer to be disregarded;
        but colours on a film are read as such.
        """
        answer = self.assessment
        counts = answer.verdict != "demonstration" and not answer.is_void
        return counts and answer.activation is not None and self.spec is not None

    @property
    def evidence_for(self) -> Message | None:
        """What the map is the evidence for; ``None`` where none is offered."""
        if not self.offers_map:
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
        active = installation.active_detector.known.bundle
        if active.id.sha256 == sha256:
            return active.spec
    except BundleError:
        pass  # old answers stay readable while the active bundle is not
    try:
        return _find_spec(installation.active_detector.files, sha256)
    except BundleError:
        return None


@lru_cache(maxsize=16)
def _find_spec(files: BundleFiles, sha256: str) -> BundleSpec:
    # A failure is not kept: the bundle may be installed again.
    loads = (partial(files.load, sha256), Bundle.load, partial(Bundle.load, built_in_path()))
    for load in loads:
        try:
            bundle = load()
        except BundleError:
            continue
        if bundle.id.sha256 == sha256:
            return bundle.spec
    raise BundleError(N_("Bundle %(bundle)s is not installed.", bundle=sha256[:12]))
