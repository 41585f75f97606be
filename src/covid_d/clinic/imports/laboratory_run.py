"""An import of laboratory results carried out: each as the follow-up form records it.

What is recorded is never overwritten: a conflict is left alone unless somebody chose the table's
value, and then it is a correction that keeps the old one and says why.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Generator
from dataclasses import replace
from typing import Final

from covid_d.clinic import sentences
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.errors import ConflictError, InvalidInputError, NotFoundError
from covid_d.clinic.follow_up.entry import LONGEST_REASON, Entry, add
from covid_d.clinic.imports.case_rows import RowFault
from covid_d.clinic.imports.case_run import TableSource
from covid_d.clinic.imports.laboratory_plan import PlannedResult, ResultPlan, ResultState
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_

_SHOWN: Final = 200  # cases that one entry of the trail names


def record_results(
    installation: Installation,
    person: Person,
    actor: Actor,
    plan: ResultPlan,
    source: TableSource,
    *,
    replacing: Collection[int] = (),
    reason: str = "",
    seconds: float | None = None,
) -> Generator[PlannedResult, None, None]:
    """Record the results that are ready, and yield each with what became of it.

    Parameters
    ----------
    installation, person, actor
        Where; who imports, of the unit that it is for; and as the audit trail names them.
    plan
        What is to be done.
    source
        The table.
    replacing
        Rows in conflict whose value takes the place of the recorded one.
    reason
        Why; needed where any does.
    seconds
        After which no further result is begun; the rest stays ready.

    Raises
    ------
    InvalidInputError
        If a value is to take a recorded one's place and no reason is stated.
    """
    if replacing and not reason.strip():
        raise InvalidInputError({"reason": N_("Say why it is corrected; both values are kept.")})
    if len(reason) > LONGEST_REASON:
        raise InvalidInputError({"reason": sentences.too_long(LONGEST_REASON)})
    end = None if seconds is None else time.monotonic() + seconds
    cases: list[int] = []
    try:
        for planned in plan.of(ResultState.READY, ResultState.CONFLICT):
            if end is not None and time.monotonic() > end:
                break
            if planned.state is ResultState.CONFLICT and planned.stated.row not in replacing:
                continue
            done = _recorded(installation, person, actor, planned, reason)
            if done.state is ResultState.DONE and done.case_id is not None:
                cases.append(done.case_id)
            yield done
    finally:
        if cases:
            with installation.act(actor) as act:
                act.record(
                    "import.laboratory",
                    f"unit:{person.unit_id}",
                    table=source.fingerprint,
                    rows=len(plan.table.rows),
                    results=len(cases),
                    cases=cases[:_SHOWN],
                )


def _recorded(
    installation: Installation, person: Person, actor: Actor, planned: PlannedResult, reason: str
) -> PlannedResult:
    row, before = planned.stated, planned.recorded
    assert planned.case_id is not None  # noqa: S101 - of what is ready or in conflict
    assert row.kind is not None and row.value is not None  # noqa: S101, PT018 - likewise
    correcting = planned.state is ResultState.CONFLICT and before is not None
    entry = Entry(
        row.kind,
        row.value,
        row.day,
        row.notes,
        supersedes=before.id if correcting and before else None,
        reason=reason if correcting else "",
    )
    try:
        add(installation, person, actor, planned.case_id, entry)
    except ConflictError as error:
        # Recorded, or corrected, by somebody else since the plan was made.
        fault = RowFault(row.row, "", error.text)
        return replace(planned, state=ResultState.CONFLICT, faults=(fault,))
    except InvalidInputError as error:
        faults = tuple(RowFault(row.row, name, text) for name, text in error.fields.items())
        return replace(planned, state=ResultState.FAULTY, faults=faults)
    except NotFoundError as error:
        return replace(
            planned, state=ResultState.FAULTY, faults=(RowFault(row.row, "", error.text),)
        )
    return replace(planned, state=ResultState.DONE)
