"""Pages: follow-up of a case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from covid_d.clinic.cases.access import case_of
from covid_d.clinic.errors import ClinicError, ConflictError, InvalidInputError, NotFoundError
from covid_d.clinic.follow_up.entry import LONGEST_NOTES, LONGEST_REASON, Entry, add
from covid_d.clinic.follow_up.facts import Fact, history, summary, told
from covid_d.clinic.follow_up.terms import VOID, Kind, text_of
from covid_d.clinic.http.parameters import CaseId
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.roles import Permission
from covid_d.clinic.texts import N_

router = APIRouter()
Reader = Annotated[Visitor, Depends(needs(Permission.READ_CASE))]
Author = Annotated[Visitor, Depends(needs(Permission.ADD_FOLLOW_UP))]

# What one form records; two kinds of test share one.
_FORMS: Final = {
    "test": (Kind.RT_PCR, Kind.ANTIGEN),
    "diagnosis": (Kind.DIAGNOSIS,),
    "outcome": (Kind.OUTCOME,),
    "consent": (Kind.CONSENT,),
}


@dataclass(frozen=True, slots=True)
class _Typed:
    """What the form holds: as typed, even when it cannot be accepted."""

    kind: str = Kind.RT_PCR.value
    value: str = ""
    day: str = ""
    notes: str = ""
    supersedes: str = ""
    reason: str = ""

    @classmethod
    def correcting(cls, old: Fact) -> _Typed:
        """Return the form that starts from the entry it corrects."""
        day = old.day.isoformat() if old.day else ""
        return cls(old.kind.value, old.value, day, old.notes, str(old.id))

    @property
    def form(self) -> str:
        """The form of its kind."""
        return next(name for name, kinds in _FORMS.items() if self.kind in kinds)

    def entry(self) -> Entry:
        """Return what is to be recorded.

        Raises
        ------
        InvalidInputError
            If the day or the corrected entry's number cannot be read.
        """
        try:
            day = date.fromisoformat(self.day) if self.day else None
        except ValueError as error:
            raise InvalidInputError({"day": N_("Write the day as year-month-day.")}) from error
        if self.supersedes and not self.supersedes.isdecimal():
            raise InvalidInputError({"supersedes": N_("This case has no such entry.")})
        # What the form does not ask for in this case is left out, whatever a browser sends.
        return Entry(
            Kind(self.kind),
            self.value,
            None if self.value == VOID else day,
            self.notes,
            int(self.supersedes) if self.supersedes else None,
            self.reason,
        )


@router.get("/cases/{case_id}/follow-up")
def show_follow_up(
    request: Request,
    visitor: Reader,
    case_id: CaseId,
    form: Annotated[str, Query(pattern="^(test|diagnosis|outcome|consent)$")] = "test",
    correct: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """Show what holds, everything before, and one form: an entry, or the correction of one."""
    return _page(request, visitor, case_id, _Typed(kind=_FORMS[form][0].value), correct=correct)


@router.post("/cases/{case_id}/follow-up")
def take_follow_up(
    request: Request,
    visitor: Author,
    case_id: CaseId,
    kind: Annotated[str, Form(pattern="^(rt_pcr|antigen|diagnosis|outcome|consent)$")],
    value: Annotated[str, Form(max_length=40)] = "",
    day: Annotated[str, Form(max_length=20)] = "",
    notes: Annotated[str, Form()] = "",
    supersedes: Annotated[str, Form(max_length=12)] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Record an entry or a correction; what was typed stays when it cannot be accepted."""
    typed = _Typed(kind, value, day, notes, supersedes, reason)
    try:
        add(installation(request), visitor.person, visitor.actor, case_id, typed.entry())
    except (InvalidInputError, ConflictError) as error:
        return _page(request, visitor, case_id, typed, error=error)
    return go_to(f"/cases/{case_id}/follow-up", notice="follow_up_saved")


def _page(
    request: Request,
    visitor: Visitor,
    case_id: int,
    typed: _Typed,
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
        typed = _Typed.correcting(_correctable(known.facts, correct))
    # Of a refused form: only what this person may correct, for whom the page would show it.
    corrected = {str(fact.id) for fact in known.facts} & {typed.supersedes}
    chosen = f"correct={typed.supersedes}" if corrected else f"form={typed.form}"
    holding = summary(known.facts, case, place.clock)
    return page(
        request,
        "pages/follow_up/page.html",
        status=error.status if error else 200,
        here=f"/cases/{case_id}/follow-up?{chosen}" if error else None,
        case=case,
        current=holding,
        facts=known.facts,
        withheld=known.withheld,
        typed=typed,
        forms=_FORMS,
        values=_offered(typed),
        corrections={fact.supersedes: fact for fact in every if fact.supersedes},
        error=error,
        errors=error.fields if isinstance(error, InvalidInputError) else {},
        may_add=visitor.may(Permission.ADD_FOLLOW_UP),
        today=place.clock.today(),
        longest_notes=LONGEST_NOTES,
        longest_reason=LONGEST_REASON,
    )


def _correctable(facts: list[Fact], number: int) -> Fact:
    old = next((fact for fact in facts if fact.id == number), None)
    if old is None:
        raise NotFoundError
    return old


def _offered(typed: _Typed) -> list[tuple[str, Any]]:
    kind = Kind(typed.kind)
    values: list[tuple[str, Any]] = list(kind.values.items())
    return [*values, (VOID, text_of(kind, VOID))] if typed.supersedes else values
