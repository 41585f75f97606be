"""An import of films carried out: each case as *New case* enters it, each whole or not at all.

Killed at any moment it is begun again: what was entered is found by its submission, what was not
is entered now. Nothing is entered twice and nothing is lost.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.intake import create_case
from covid_d.clinic.cases.same_film import SameFilmError
from covid_d.clinic.errors import ClinicError, ConflictError, InvalidInputError, UnavailableError
from covid_d.clinic.imports.case_plan import CasePlan, CaseState, PlannedCase
from covid_d.clinic.imports.case_rows import RowFault
from covid_d.clinic.imports.films import Films
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor


@dataclass(frozen=True, slots=True)
class TableSource:
    """Where an import came from, for the audit trail.

    Parameters
    ----------
    name
        The table's file name.
    fingerprint
        The beginning of its SHA-256.
    """

    name: str
    fingerprint: str


def enter_cases(
    installation: Installation,
    person: Person,
    actor: Actor,
    plan: CasePlan,
    films: Films,
    source: TableSource,
    *,
    seconds: float | None = None,
) -> Iterator[PlannedCase]:
    """Enter the cases that are ready, and yield each with what became of it.

    The audit trail is told of each case, as of any other, and of the import itself at its end.

    Parameters
    ----------
    installation, person, actor
        Where; who imports, of the unit that it is for; and as the trail names them.
    plan
        What is to be done.
    films
        The films.
    source
        The table.
    seconds
        After which no further case is begun; the rest stays ready.

    Raises
    ------
    UnavailableError
        If a film cannot be stored or read; what was entered stays.
    BundleError
        If the active bundle cannot be used.
    """
    end = None if seconds is None else time.monotonic() + seconds
    entered: list[int] = []
    try:
        for planned in plan.of(CaseState.READY):
            if end is not None and time.monotonic() > end:
                break
            done = _entered(installation, person, actor, planned, films)
            if done.state is CaseState.DONE:
                entered += done.cases
            yield done
    finally:
        if entered:
            with installation.act(actor) as act:
                act.record(
                    "import.cases",
                    f"unit:{person.unit_id}",
                    table=source.fingerprint,
                    rows=len(plan.table.rows),
                    cases=entered,
                )


def _entered(
    installation: Installation, person: Person, actor: Actor, planned: PlannedCase, films: Films
) -> PlannedCase:
    rows = planned.stated
    try:
        number = create_case(
            installation,
            person,
            actor,
            rows.case,
            [films.given(film.name, film.projection) for film in planned.films],
            submission=planned.submission,
            same_film_reason=rows.reason,
        )
    except SameFilmError as error:
        # Known only now: the file differs, the film kept of it does not.
        return replace(planned, state=CaseState.OTHER_PATIENT, cases=error.cases)
    except InvalidInputError as error:
        faults = [RowFault(rows.rows[0], name, text) for name, text in error.fields.items()]
        return replace(planned, state=CaseState.FAULTY, faults=tuple(faults))
    except ConflictError:
        return replace(planned, state=CaseState.CHANGED)
    except UnavailableError:
        raise
    except ClinicError as error:
        fault = RowFault(rows.rows[0], "", error.text)
        return replace(planned, state=CaseState.FAULTY, faults=(fault,))
    return replace(planned, state=CaseState.DONE, cases=(number,))
