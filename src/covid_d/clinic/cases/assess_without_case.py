"""One film answered without a case: nothing of it is kept but who asked."""

from __future__ import annotations

from typing import Any

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.examination import Stated, examine, final_answer
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.errors import ForbiddenError
from covid_d.clinic.installation import Installation
from covid_d.clinic.texts import N_
from covid_d.clinic.trail import audit_trail
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.radiograph import Projection, Sex


def assess_alone(
    installation: Installation,
    person: Person,
    actor: Actor,
    content: bytes,
    *,
    projection: Projection | None = None,
    age_years: int | None = None,
    sex: Sex | None = None,
    prevalence: float | None = None,
) -> dict[str, Any]:
    """Return the columns of the answer about a film, as ``final_answer`` does.

    Parameters
    ----------
    installation
        Where.
    person, actor
        Who, and as the audit trail names them.
    content
        The film's bytes.
    projection, age_years
        As stated, for a film that does not say.
    sex
        As stated, to compare with what the film's file says.
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
    found, _ = examine(installation, content)
    assumed = prevalence if prevalence is not None or unit is None else unit.prevalence
    stated = Stated(projection, age_years, sex)
    answer = final_answer(found, stated, installation.desk.detector.bundle, assumed)
    with installation.writing() as session:
        audit_trail.record(
            session,
            installation.keys,
            actor,
            "film.assess",
            f"film:{found.sha256}",
            {"outcome": answer["outcome"]},
        )
    return answer
