"""Pages: the dashboard, its charts' data, and each of its tables as CSV."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from markupsafe import Markup
from pydantic import BaseModel

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.calibration.switching import alarm_on
from covid_d.clinic.clock import Clock
from covid_d.clinic.collection.review import waiting
from covid_d.clinic.errors import InvalidInputError, NotFoundError
from covid_d.clinic.fields import Choice, Day, Filled, Line, fill
from covid_d.clinic.http.forms import asked, sent
from covid_d.clinic.http.parameters import RowId
from covid_d.clinic.http.render import go_to, language_of, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import integrity
from covid_d.clinic.pages.dashboard.province_map import province_map
from covid_d.clinic.roles import Permission
from covid_d.clinic.statistics.dashboard import WARNING, Dashboard, Reference, make
from covid_d.clinic.statistics.drift import REFERENCE, WINDOW
from covid_d.clinic.statistics.saved_views import (
    LONGEST_NAME,
    remove_view,
    save_view,
    views_of,
)
from covid_d.clinic.statistics.scope import Period, Scope
from covid_d.clinic.statistics.table import FigureTable, file_name, to_csv, to_json
from covid_d.errors import BundleError
from covid_d.language import N_, Text

router = APIRouter()
_Visitor = Annotated[Visitor, Depends(needs(Permission.SEE_DASHBOARD))]
_CHARTS: Final = (
    "days",
    "units",
    "ages",
    "sexes",
    "course",
    "delay",
    "outcomes",
    "calibration",
    "drift",
)
# What the charts say that no table's header does.
_WORDS: Final[dict[str, Text]] = {
    "negative": N_("Negative"),
    "untested": N_("Without a conclusive result"),
    "perfect": N_("As often as stated"),
    "observed": N_("Observed, with 95 % interval"),
    "middle": N_("Middle half of the scores"),
    "reference": N_("Median of the reference"),
    "alarm": N_("Alarm"),
}


class Wanted(BaseModel):
    """What the address asks for; without days, the usual period.

    ``units`` is ``all``, or the person's own where they have one; ``bundle`` is a SHA-256.
    """

    first: Annotated[date | None, Day()] = None
    last: Annotated[date | None, Day()] = None
    units: Annotated[str, Line(10)] = ""
    reference: Annotated[Reference, Choice()] = Reference.RT_PCR
    bundle: Annotated[str, Line(64)] = ""

    def scope(self, person: Person) -> Scope:
        """Return whose cases to count."""
        return Scope.of(person, all_units=self.units == "all")

    def period(self, scope: Scope, clock: Clock) -> Period:
        """Return the days to count."""
        # Periods of any length would give a hidden day away by subtraction.
        return Period.of(
            self.first,
            self.last,
            clock=clock,
            today=clock.today(),
            whole_months=scope.protected,
        )


class _View(BaseModel):
    """A view to be saved."""

    name: Annotated[str, Line(LONGEST_NAME, needed=True)]
    query: Annotated[str, Line(500)] = ""


_Asked = Annotated[Filled[Wanted], Depends(asked(Wanted))]


@router.get("/dashboard")
def show(request: Request, visitor: _Visitor, form: _Asked) -> Response:
    """Show everything; days that cannot be read leave the usual period, with a word beside them."""
    place = installation(request)
    wanted, errors = form.value or Wanted(), form.errors
    scope = wanted.scope(visitor.person)
    try:
        period = wanted.period(scope, place.clock)
    except InvalidInputError as error:
        errors, period = error.fields, Wanted().period(scope, place.clock)
    with place.reading() as session:
        board = make(session, scope, period, reference=wanted.reference, bundle=wanted.bundle)
        to_review = waiting(session, visitor.person)[0] if scope.clinical else 0
    return page(
        request,
        "pages/dashboard/dashboard.html",
        status=422 if errors else 200,
        board=board,
        scope=scope,
        period=period,
        typed=form.typed,
        reference=wanted.reference.value,
        query=urlencode({name: text for name, text in form.typed.items() if text}),
        errors=errors,
        warning=WARNING,
        unsound=integrity.over_figures(place),
        to_review=to_review,
        references=[(reference.value, reference.text) for reference in Reference],
        needed=REFERENCE + WINDOW,
        views=views_of(place, visitor.person),
        # Made by us alone, of provinces that we name.
        map=Markup(province_map(board.tables["provinces"], language_of(request))),  # noqa: S704
        calibration_alarm=_calibration_alarm(place),
    )


@router.get("/dashboard/data")
def data(request: Request, visitor: _Visitor, form: _Asked) -> Response:
    """Give the charts their numbers."""
    language = language_of(request)
    board = _board(request, visitor, form.sound())
    body: dict[str, Any] = {name: to_json(board.tables[name], language) for name in _CHARTS}
    body["words"] = {name: text.in_language(language) for name, text in _WORDS.items()}
    return JSONResponse(body)


@router.get("/dashboard/{name}.csv")
def download(request: Request, visitor: _Visitor, name: str, form: _Asked) -> Response:
    """Give one table as CSV; it holds counts and figures, no identity."""
    table = _downloaded(request, visitor, name, form.sound())
    return Response(
        # The mark at the beginning tells spreadsheets that this is UTF-8.
        "\ufeff" + to_csv(table, language_of(request)),
        media_type="text/csv; charset=utf-8",
        headers=_named(table, "csv"),
    )


@router.get("/dashboard/{name}.json")
def download_json(request: Request, visitor: _Visitor, name: str, form: _Asked) -> Response:
    """Give one table as JSON; it holds counts and figures, no identity."""
    table = _downloaded(request, visitor, name, form.sound())
    return JSONResponse(to_json(table, language_of(request)), headers=_named(table, "json"))


@router.post("/dashboard/views")
def save(
    request: Request, visitor: _Visitor, form: Annotated[Filled[_View], Depends(sent(_View))]
) -> Response:
    """Save what the dashboard shows now under a name; one of the same name is replaced."""
    view = form.sound()
    typed = fill(Wanted, dict(parse_qsl(view.query))).typed
    query = urlencode({name: text for name, text in typed.items() if text})
    save_view(installation(request), visitor.person, visitor.actor, view.name, query)
    return go_to(f"/dashboard?{query}" if query else "/dashboard", notice="saved")


@router.post("/dashboard/views/{number}/remove")
def remove(request: Request, visitor: _Visitor, number: RowId) -> Response:
    """Remove one of one's own saved views."""
    remove_view(installation(request), visitor.person, visitor.actor, number)
    return go_to("/dashboard", notice="saved")


def _downloaded(request: Request, visitor: Visitor, name: str, wanted: Wanted) -> FigureTable:
    table = _board(request, visitor, wanted).tables.get(name)
    if table is None:
        raise NotFoundError
    with installation(request).act(visitor.actor) as act:
        detail = {"table": name, "rows": len(table.rows), "units": wanted.units or "own"}
        act.record("dashboard.download", "dashboard", **detail)
    return table


def _named(table: FigureTable, ending: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{file_name(table, ending)}"'}


def _calibration_alarm(place: Installation) -> bool:
    try:
        return alarm_on(place)
    except BundleError:  # the banner of every page says it
        return False


def _board(request: Request, visitor: Visitor, wanted: Wanted) -> Dashboard:
    scope, place = wanted.scope(visitor.person), installation(request)
    with place.reading() as session:
        return make(
            session,
            scope,
            wanted.period(scope, place.clock),
            reference=wanted.reference,
            bundle=wanted.bundle,
        )
