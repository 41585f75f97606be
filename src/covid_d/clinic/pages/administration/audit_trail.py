"""Pages: the audit trail."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from covid_d.clinic.http.render import language_of, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.operations import audit_actions, audit_search
from covid_d.clinic.operations.audit_search import PAGE, Search
from covid_d.clinic.roles import Permission
from covid_d.clinic.trail import audit_trail

router = APIRouter()
Auditor = Annotated[Visitor, Depends(needs(Permission.READ_AUDIT_TRAIL))]


class SearchForm:
    """The search in the page's address; what cannot be read does not narrow it."""

    def __init__(
        self,
        person: Annotated[str, Query(max_length=12)] = "",
        action: Annotated[str, Query(max_length=40)] = "",
        subject: Annotated[str, Query(max_length=80)] = "",
        since: Annotated[str, Query(max_length=10)] = "",
        until: Annotated[str, Query(max_length=10)] = "",
    ) -> None:
        self.typed = {
            "person": person,
            "action": action,
            "subject": subject.strip(),
            "since": since,
            "until": until,
        }
        self.search = Search(
            user_id=int(person) if person.isdecimal() else None,
            action=action,
            subject=subject.strip(),
            since=_day(since),
            until=_day(until),
        )


Form = Annotated[SearchForm, Depends()]


@router.get("/audit-trail")
def show(
    request: Request,
    visitor: Auditor,
    form: Form,
    number: Annotated[int, Query(alias="page", ge=1, le=10**6)] = 1,
) -> Response:
    """Show what was found, the latest first."""
    return _trail(request, form, number)


@router.get("/audit-trail/chain")
def check_chain(request: Request, visitor: Auditor, form: Form) -> Response:
    """Read the whole chain and say whether it is whole."""
    place = installation(request)
    with place.reading() as session:
        verification = audit_trail.verify(session, place.keys)
    return _trail(request, form, 1, verification=verification)


@router.get("/audit-trail.csv")
def download(request: Request, visitor: Auditor, form: Form) -> Response:
    """Give what was found as CSV."""
    place = installation(request)
    with place.act(visitor.actor) as act:
        act.record("audit_trail.download", "audit_trail")
    return StreamingResponse(
        audit_search.as_csv(place, form.search),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="audit-trail.csv"'},
    )


def _trail(request: Request, form: SearchForm, number: int, **values: Any) -> Response:
    place, language = installation(request), language_of(request)
    found = audit_search.count(place, form.search)
    narrowed = {name: value for name, value in form.typed.items() if value}
    return page(
        request,
        "pages/administration/audit_trail.html",
        typed=form.typed,
        entries=audit_search.latest(place, form.search, offset=(number - 1) * PAGE),
        found=found,
        number=number,
        pages=max(1, -(-found // PAGE)),
        query=urlencode(narrowed),
        people=audit_search.people(place),
        actions=audit_actions.offered(audit_search.actions(place), language),
        in_words=lambda action: audit_actions.in_words(action, language),
        **{"verification": None} | values,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
