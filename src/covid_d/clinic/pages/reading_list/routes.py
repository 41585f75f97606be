"""Pages: the reading list, marks on its cases, and all readings as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.cases import reading_list
from covid_d.clinic.cases.marks import Mark, set_mark
from covid_d.clinic.cases.reading_list import Waiting
from covid_d.clinic.cases.value_sets import SEXES
from covid_d.clinic.cases.worklist import PAGE_SIZE, Filters, Sort, list_cases
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.fields import LARGEST, Choice, Filled, Whole, whole_of
from covid_d.clinic.http.forms import asked
from covid_d.clinic.http.render import go_to, language_of, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.roles import Permission
from covid_d.clinic.statistics.readings_table import readings_table
from covid_d.clinic.statistics.table import to_csv
from covid_d.language import N_

PATH: Final = "/reading-list"
_MOST: Final = PAGE_SIZE
"""Of cases that are marked at once: those of a page."""

router = APIRouter()
Reader = Annotated[Visitor, Depends(needs(Permission.READ_CASE))]
Marker = Annotated[Visitor, Depends(needs(Permission.ADD_FOLLOW_UP))]
_DONE: Final = {
    f"{'' if on else 'un'}mark-{mark.value}": (mark, on) for mark in Mark for on in (True, False)
}


class _Wanted(BaseModel):
    """Which list, and which page of it."""

    waiting: Annotated[Waiting, Choice()] = Waiting.UNREAD
    page: Annotated[int, Whole(1, LARGEST)] = 1


@dataclass(frozen=True, slots=True)
class _Marking:
    """What a form asks to be marked, and where it came from."""

    cases: tuple[int, ...]
    mark: Mark
    on: bool
    back: str


_Asked = Annotated[Filled[_Wanted], Depends(asked(_Wanted))]


async def _marking(request: Request) -> _Marking:
    form = await request.form()
    given = [text for text in form.getlist("cases") if isinstance(text, str)]
    done = form.get("do")
    if not isinstance(done, str) or done not in _DONE:
        raise InvalidInputError({"do": N_("Choose what to do with the cases.")})
    try:
        numbers = tuple(whole_of(text) for text in given)
    except ValueError:
        numbers = ()
    if not 0 < len(numbers) <= _MOST or max(numbers) > LARGEST:
        raise InvalidInputError({"cases": N_("Choose one case at least, all of one page.")})
    waiting = form.get("waiting")
    query = f"?waiting={Waiting(waiting)}" if waiting in tuple(Waiting) else ""
    place = f"/cases/{numbers[0]}" if form.get("back") == "case" else PATH
    return _Marking(numbers, *_DONE[done], place + query)


@router.get(PATH)
def show(request: Request, visitor: Reader, form: _Asked) -> Response:
    """Show one list; an address that names none shows the first."""
    place, wanted = installation(request), form.value or _Wanted()
    filters = Filters(waiting=wanted.waiting, sort=Sort.TO_READ)
    with place.reading() as session:
        counts = reading_list.counts(session, visitor.person)
        found = list_cases(session, visitor.person, filters, clock=place.clock, number=wanted.page)
    with place.act(visitor.actor) as act:
        seen = [row.id for row in found.rows]
        act.record("case.list", "cases", cases=seen, page=found.number, total=found.total)
    return page(
        request,
        "pages/reading_list/reading_list.html",
        waiting=wanted.waiting,
        counts=counts,
        found=found,
        marks=Mark,
        sexes=SEXES,
        link=lambda number: f"{PATH}?{urlencode({'waiting': wanted.waiting, 'page': number})}",
    )


@router.post(PATH + "/marks")
def change_marks(
    request: Request, visitor: Marker, asked_for: Annotated[_Marking, Depends(_marking)]
) -> Response:
    """Mark cases, or take their marks off: all that the form names, or none."""
    with installation(request).act(visitor.actor) as act:
        set_mark(act, visitor.person, asked_for.cases, asked_for.mark, asked_for.on)
    return go_to(asked_for.back, notice="marks_saved")


@router.get(PATH + "/readings.csv")
def download(request: Request, visitor: Reader) -> Response:
    """Give every reading of the unit that the visitor may know, without free text or identity."""
    place = installation(request)
    with place.reading() as session:
        table = readings_table(session, visitor.person, place.clock)
    with place.act(visitor.actor) as act:
        act.record("reading.download", "cases", rows=len(table.rows))
    return Response(
        # The mark at the beginning tells spreadsheets that this is UTF-8.
        "\ufeff" + to_csv(table, language_of(request)),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="covid-d-readings.csv"'},
    )
