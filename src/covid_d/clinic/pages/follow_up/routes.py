"""Pages: follow-up of a case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.cases.access import case_of
from covid_d.clinic.errors import ClinicError, ConflictError, InvalidInputError, NotFoundError
from covid_d.clinic.fields import LARGEST, Choice, Day, Filled, Line, Whole, Words
from covid_d.clinic.follow_up.entry import LONGEST_NOTES, LONGEST_REASON, Entry, record
from covid_d.clinic.follow_up.facts import Fact, history, summary, told
from covid_d.clinic.follow_up.terms import VOID, EntryKind, text_of
from covid_d.clinic.http.forms import AsSent, sent
from covid_d.clinic.http.parameters import CaseId
from covid_d.clinic.http.render import done, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.pages.case.result_advice import intended_use
from covid_d.clinic.roles import Permission
from covid_d.clinic.trail.once import was_recorded

router = APIRouter()
Reader = Annotated[Visitor, Depends(needs(Permission.READ_CASE))]
Author = Annotated[Visitor, Depends(needs(Permission.ADD_FOLLOW_UP))]

# What one form records; two kinds of test share one.
_FORMS: Final = {
    "test": (EntryKind.RT_PCR, EntryKind.ANTIGEN),
    "diagnosis": (EntryKind.DIAGNOSIS,),
    "outcome": (EntryKind.OUTCOME,),
    "consent": (EntryKind.CONSENT,),
}


class _Form(BaseModel):
    """An entry, or the correction of one."""

    kind: Annotated[EntryKind, Choice()]
    value: Annotated[str, Line(40)] = ""
    day: Annotated[date | None, Day()] = None
    notes: Annotated[str, Words(LONGEST_NOTES)] = ""
    supersedes: Annotated[int | None, Whole(1, LARGEST)] = None
    reason: Annotated[str, Line(LONGEST_REASON)] = ""

    def entry(self) -> Entry:
        """Return what is to be recorded."""
        # What the form does not ask for in this case is left out, whatever a browser sends.
        return Entry(
            self.kind,
            self.value,
            None if self.value == VOID else self.day,
            self.notes,
            self.supersedes,
            self.reason,
        )


_Sent = Annotated[Filled[_Form], Depends(sent(_Form))]


def _blank(kind: EntryKind) -> dict[str, str]:
    """Return the empty form of a kind, as typed."""
    return dict.fromkeys(_Form.model_fields, "") | {"kind": kind.value}


def _correcting(old: Fact) -> dict[str, str]:
    """Return the form, as typed, that starts from the entry it corrects."""
    return _blank(old.kind) | {
        "value": old.value,
        "day": old.day.isoformat() if old.day else "",
        "notes": old.notes,
        "supersedes": str(old.id),
    }


@router.get("/cases/{case_id}/follow-up")
def show_follow_up(
    request: Request,
    visitor: Reader,
    case_id: CaseId,
    form: Annotated[str, Query(pattern="^(test|diagnosis|outcome|consent)$")] = "test",
    correct: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """Show what holds, everything before, and one form: an entry, or the correction of one."""
    return _page(request, visitor, case_id, _blank(_FORMS[form][0]), correct=correct)


@router.post("/cases/{case_id}/follow-up")
def take_follow_up(
    request: Request,
    visitor: Author,
    case_id: CaseId,
    form: _Sent,
    sent_before: AsSent,
) -> Response:
    """Record an entry or a correction; what was typed stays when it cannot be accepted."""
    if "kind" in form.errors:  # which form it is: a page of ours always says that
        raise InvalidInputError(form.errors)
    place = installation(request)
    try:
        with place.act(visitor.actor) as act:
            case = case_of(act.session, visitor.person, case_id, lock=True)
            if not was_recorded(act, sent_before):
                record(act, case, visitor.person, form.sound().entry(), place.clock)
    except (InvalidInputError, ConflictError) as error:
        return _page(request, visitor, case_id, form.typed, error=error)
    return done(request, f"/cases/{case_id}/follow-up", notice="follow_up_saved")


def _page(
    request: Request,
    visitor: Visitor,
    case_id: int,
    typed: Mapping[str, str],
    *,
    correct: int | None = None,
    error: ClinicError | None = None,
) -> Response:
    place = installation(request)
    with place.act(visitor.actor) as act:
        case = case_of(act.session, visitor.person, case_id)
        known, every = told(act.session, case, visitor.person), history(act.session, case.id)
        act.record("case.view", case, follow_up=True)
    if correct is not None:
        typed = _correcting(_correctable(known.facts, correct))
    # Of a refused form: only what this person may correct, for whom the page would show it.
    corrected = {str(fact.id) for fact in known.facts} & {typed["supersedes"]}
    kind = EntryKind(typed["kind"])
    form = next(name for name, kinds in _FORMS.items() if kind in kinds)
    chosen = f"correct={typed['supersedes']}" if corrected else f"form={form}"
    holding = summary(known.facts, case, place.clock)
    return page(
        request,
        "pages/follow_up/page.html",
        here=f"/cases/{case_id}/follow-up?{chosen}" if error else None,
        case=case,
        current=holding,
        facts=known.facts,
        withheld=known.withheld,
        typed=typed,
        form=form,
        forms=_FORMS,
        values=_offered(kind, correcting=bool(typed["supersedes"])),
        corrections={fact.supersedes: fact for fact in every if fact.supersedes},
        error=error,
        may_add=visitor.may(Permission.ADD_FOLLOW_UP),
        today=place.clock.today(),
        longest_notes=LONGEST_NOTES,
        intended_use=intended_use(holding.tests),
        longest_reason=LONGEST_REASON,
    )


def _correctable(facts: list[Fact], number: int) -> Fact:
    old = next((fact for fact in facts if fact.id == number), None)
    if old is None:
        raise NotFoundError
    return old


def _offered(kind: EntryKind, *, correcting: bool) -> list[tuple[str, Any]]:
    values: list[tuple[str, Any]] = list(kind.values.items())
    return [*values, (VOID, text_of(kind, VOID))] if correcting else values
