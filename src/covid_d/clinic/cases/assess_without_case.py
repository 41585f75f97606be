"""One film answered without a case: nothing of it is kept but who asked."""

from __future__ import annotations

import hashlib

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.errors import ForbiddenError
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import Assessment, Stated
from covid_d.language import N_


def assess_alone(
    installation: Installation,
    person: Person,
    actor: Actor,
    content: bytes,
    stated: Stated,
    *,
    prevalence: float | None = None,
) -> Assessment:
    """Return the answer about a film.

    Parameters
    ----------
    installation
        Where.
    person, actor
        Who, and as the audit trail names them.
    content
        The film's bytes.
    stated
        Of the film and its patient.
    prevalence
        In (0, 1); by default that of the person's unit.

    Raises
    ------
    ForbiddenError
        If the person's unit reads blind: nobody's own reading would come first.
    BundleError
        If the active bundle cannot be used.
    """
    with installation.reading() as session:
        unit = session.get(Unit, person.unit_id) if person.unit_id is not None else None
    if unit is not None and unit.blind_mode:
        raise ForbiddenError(
            N_("Your unit reads blind: films are answered within a case, after your own reading."),
            code="blind_mode",
        )
    assumed = prevalence if prevalence is not None or unit is None else unit.prevalence
    sha256 = hashlib.sha256(content).hexdigest()
    while True:
        detector = installation.active_detector.detector
        found = installation.active_detector.examine(content, detector).examination
        assessment = detector.judge(found, stated, assumed)
        with installation.act(actor) as act:
            act.record("film.assess", f"film:{sha256}", outcome=assessment.outcome.value)
            still = installation.active_detector.answers_still(act.session, detector)
        if still:
            return assessment
