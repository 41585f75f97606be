"""Pages: the worklist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from covid_d.clinic.cases.marks import Mark
from covid_d.clinic.cases.value_sets import PROVINCES, SEXES
from covid_d.clinic.cases.worklist import WorklistPage, list_cases, waiting
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.follow_up.laboratory import ResultToDate
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.pages.worklist import address as address
from covid_d.clinic.roles import Permission
from covid_d.clinic.statistics.alarm import bundle_in_alarm
from covid_d.detector import Outcome
from covid_d.language import Text

router = APIRouter()
Reader = Annotated[Visitor, Depends(needs(Permission.READ_CASE))]


@router.get(address.PATH)
def worklist(request: Request, visitor: Reader) -> Response:
    """Show the cases that the address asks for."""
    place = installation(request)
    state = address.typed(request.query_params)
    sound = address.without_national_id(place, state)
    if sound is not state:
        return go_to(address.link(sound))
    errors: Mapping[str, Text] = {}
    found: WorklistPage | None = None
    try:
        filters = address.filters_of(state)
    except InvalidInputError as error:
        errors = error.fields
    with place.reading() as session:
        waits = waiting(session, visitor.person)
        if not errors:
            found = list_cases(
                session,
                visitor.person,
                filters,
                clock=place.clock,
                number=address.page_of(state),
            )
    if found is not None:
        # Recorded before it is shown, in a transaction that no long search holds up.
        with place.act(visitor.actor) as act:
            act.record("case.list", "cases", **_detail(found))
    return page(
        request,
        "pages/worklist/worklist.html",
        status=422 if errors else 200,
        state=state,
        link=lambda **changes: address.link(state, **changes),
        errors=errors,
        found=found,
        waits=waits,
        drifting=bool(visitor.person.unit_id and bundle_in_alarm(place, visitor.person.unit_id)),
        outcomes=[(outcome.value, outcome.message) for outcome in Outcome],
        laboratories=[(entry.value, entry.text) for entry in ResultToDate],
        provinces=list(PROVINCES.items()),
        marks=Mark,
        sexes=SEXES,
    )


async def _asked(request: Request) -> dict[str, str]:
    return address.typed(await request.form())


@router.post(address.PATH + "/search")
def search(
    request: Request, visitor: Reader, state: Annotated[dict[str, str], Depends(_asked)]
) -> Response:
    """Go to the address of what the form asks for; a cédula never becomes part of it."""
    return go_to(address.link(address.without_national_id(installation(request), state)))


def _detail(found: WorklistPage) -> dict[str, object]:
    return {"cases": [row.id for row in found.rows], "page": found.number, "total": found.total}
