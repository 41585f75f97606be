"""Pages: the audit trail."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel

from covid_d.clinic.fields import LARGEST, Day, Filled, Line, Whole
from covid_d.clinic.http.forms import asked
from covid_d.clinic.http.render import language_of, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.operations import audit_actions, audit_search
from covid_d.clinic.operations.audit_search import PAGE, Search
from covid_d.clinic.pages.administration import audit_details
from covid_d.clinic.roles import Permission

router = APIRouter()
Auditor = Annotated[Visitor, Depends(needs(Permission.READ_AUDIT_TRAIL))]


class SearchForm(BaseModel):
    """The search in the page's address."""

    person: Annotated[int | None, Whole(1, LARGEST)] = None
    action: Annotated[str, Line(40)] = ""
    subject: Annotated[str, Line(80)] = ""
    since: Annotated[date | None, Day()] = None
    until: Annotated[date | None, Day()] = None

    def search(self) -> Search:
        """Return what is looked for."""
        return Search(self.person, self.action, self.subject, self.since, self.until)


Form = Annotated[Filled[SearchForm], Depends(asked(SearchForm))]


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
    return _trail(request, form, 1, verification=place.verify_trail())


@router.get("/audit-trail.csv")
def download(request: Request, visitor: Auditor, form: Form) -> Response:
    """Give what was found as CSV."""
    place = installation(request)
    search = form.sound().search()
    with place.act(visitor.actor) as act:
        act.record("audit_trail.download", "audit_trail")
    return StreamingResponse(
        audit_search.as_csv(place, search),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="audit-trail.csv"'},
    )


def _trail(request: Request, form: Filled[SearchForm], number: int, **values: Any) -> Response:
    place, language = installation(request), language_of(request)
    # A search that cannot be read finds nothing: the whole trail would pass for its result.
    search = form.value.search() if form.value else None
    found = audit_search.count(place, search) if search else 0
    narrowed = {name: value for name, value in form.typed.items() if value}
    return page(
        request,
        "pages/administration/audit_trail.html",
        status=200 if search else 422,
        typed=form.typed,
        errors=form.errors,
        entries=audit_search.latest(place, search, offset=(number - 1) * PAGE) if search else [],
        found=found,
        number=number,
        pages=max(1, -(-found // PAGE)),
        query=urlencode(narrowed),
        people=audit_search.people(place),
        actions=audit_actions.offered(audit_search.actions(place), language),
        in_words=lambda action: audit_actions.in_words(action, language),
        details_of=lambda detail: audit_details.in_words(detail, language),
        **{"verification": None} | values,
    )
