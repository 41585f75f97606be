"""A film examined: read once, answered once; kept with a staged film until its case comes.

What the picture shows does not depend on the form. What the form adds (projection, age, sex) is
weighed afterwards, without reading the film again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from covid_d.clinic.active_detector import Answer
from covid_d.clinic.installation import Installation
from covid_d.detector import Bundle, Caution, Outcome
from covid_d.detector.calibrate import post_test_probability
from covid_d.detector.cautions import cautions_of_bundle, cautions_of_film, cautions_of_patient
from covid_d.radiograph import Facts, Projection, Radiograph, Refusal, Sex, check_facts

_DIGITS = 4  # of the activation: shown as colour


@dataclass(frozen=True, slots=True)
class Examination:
    """What is known of a film: from its file, and from the bundle that answered it.

    Parameters
    ----------
    sha256
        Of the file.
    facts, width, height
        As read; ``None`` when the file could not be read.
    answer
        Columns of :class:`~covid_d.clinic.database.cases.StoredAssessment`, without any
        prevalence.
    """

    sha256: str
    facts: Facts | None
    width: int | None
    height: int | None
    answer: dict[str, Any]

    @property
    def refusal(self) -> dict[str, Any] | None:
        """Why the film is not answered, whatever the form adds; as in the database."""
        found: dict[str, Any] | None = self.answer["refusal"]
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Examination:
        """Return what :meth:`to_dict` was called on."""
        return cls(**{**kept, "facts": _facts(kept["facts"])})


def examine(installation: Installation, content: bytes) -> tuple[Examination, Radiograph | None]:
    """Read a film once and answer it with the active bundle.

    Returns
    -------
    What was found, and the film itself for a preview (``None`` when it cannot be read).

    Raises
    ------
    BundleError
        If the active bundle cannot be used.
    """
    answer = installation.desk.assess(content)
    film = answer.film
    examination = Examination(
        sha256=hashlib.sha256(content).hexdigest(),
        facts=film.facts if film else None,
        width=film.width if film else None,
        height=film.height if film else None,
        answer=_columns(answer),
    )
    return examination, film


@dataclass(frozen=True, slots=True)
class Stated:
    """What a doctor states of a film and its patient; ``None`` means not known."""

    projection: Projection | None = None
    age_years: int | None = None
    sex: Sex | None = None


def facts_with(facts: Facts | None, stated: Stated) -> Facts | None:
    """Return a file's facts with what the doctor stated beside them.

    The file's own projection stands. Of two ages the lower one counts: the model knows no
    children, whoever states that this is one.
    """
    if facts is None:
        return None
    ages = [age for age in (facts.age_years, stated.age_years) if age is not None]
    return replace(
        facts,
        projection=facts.projection or stated.projection,
        age_years=float(min(ages)) if ages else None,
    )


def final_answer(
    examination: Examination, stated: Stated, bundle: Bundle, prevalence: float | None
) -> dict[str, Any]:
    """Return the columns of the answer as the case keeps it.

    Parameters
    ----------
    examination
        By this very ``bundle``.
    stated
        By the doctor.
    bundle
        The active one.
    prevalence
        Of the unit, in (0, 1).
    """
    answer = {**examination.answer, "prevalence": prevalence}
    facts = facts_with(examination.facts, stated)
    if examination.facts is None or facts is None:
        return answer
    # A refused film may be refused because it is somebody else's.
    of_patient = _kept(
        cautions_of_patient(examination.facts, age_years=stated.age_years, sex=stated.sex)
    )
    if answer["refusal"] is not None:
        return {**answer, "warnings": of_patient + answer["warnings"]}
    refusal = check_facts(facts)
    if refusal is not None:
        withheld = _withheld(refusal, bundle)
        return {**answer, **withheld, "warnings": of_patient + withheld["warnings"]}
    of_film = _kept(cautions_of_bundle(bundle.spec) + cautions_of_film(facts))
    answer["warnings"] = of_patient + of_film
    if prevalence is not None:
        answer["post_test_probability"] = post_test_probability(
            answer["probability"], bundle.spec.calibration.prevalence, prevalence
        )
    return answer


def _withheld(refusal: Refusal, bundle: Bundle) -> dict[str, Any]:
    return {
        "outcome": Outcome.REFUSED.value,
        "probability": None,
        "conformal_set": [],
        "refusal": refusal.to_dict(),
        "warnings": _kept(cautions_of_bundle(bundle.spec)),
        "activation": None,
    }


def _columns(answer: Answer) -> dict[str, Any]:
    assessment = answer.assessment
    activation = assessment.activation
    return {
        "outcome": assessment.outcome.value,
        "probability": assessment.probability,
        "conformal_set": list(assessment.conformal_set),
        "refusal": assessment.refusal.to_dict() if assessment.refusal else None,
        "warnings": _kept(assessment.warnings),
        "activation": None
        if activation is None
        else [[round(float(value), _DIGITS) for value in row] for row in activation],
        "prevalence": None,
        "post_test_probability": None,
        "bundle_name": assessment.bundle.name,
        "bundle_version": assessment.bundle.version,
        "bundle_sha256": assessment.bundle.sha256,
        "bundle_verdict": answer.bundle.spec.verdict.status,
        "milliseconds": answer.milliseconds,
    }


def _kept(cautions: Iterable[Caution]) -> list[dict[str, Any]]:
    return [caution.to_dict() for caution in cautions]


def _facts(kept: dict[str, Any] | None) -> Facts | None:
    if kept is None:
        return None
    spacing = kept["spacing_mm"]
    return Facts(
        **{
            **kept,
            "projection": Projection(kept["projection"]) if kept["projection"] else None,
            "sex": Sex(kept["sex"]) if kept["sex"] else None,
            "spacing_mm": None if spacing is None else (spacing[0], spacing[1]),
        }
    )
