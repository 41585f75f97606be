"""Pages: the dashboard, its charts' data, and each of its tables as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from covid_d.clinic.clock import Clock
from covid_d.clinic.collection.review import waiting
from covid_d.clinic.errors import InvalidInputError, NotFoundError
from covid_d.clinic.http.render import language_of, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.roles import Permission
from covid_d.clinic.statistics.dashboard import WARNING, Dashboard, Reference, make
from covid_d.clinic.statistics.drift import REFERENCE, WINDOW
from covid_d.clinic.statistics.scope import Period, Scope
from covid_d.clinic.statistics.table import to_csv, to_json
from covid_d.clinic.texts import N_, Text

router = APIRouter()
_Visitor = Annotated[Visitor, Depends(needs(Permission.SEE_DASHBOARD))]
_CHARTS: Final = ("days", "outcomes", "calibration", "drift")
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for.

    Parameters
    ----------
    first, last
        Days as typed; empty for the usual period.
    units
        ``all``, or the person's own where they have one.
    reference
        The laboratory test.
    bundle
        SHA-256, or empty for all.
    """

    first: str = ""
    last: str = ""
    units: str = ""
    reference: Reference = Reference.RT_PCR
    bundle: str = ""

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

    @property
    def query(self) -> str:
        """The address's own words again, for links."""
        given = {
            "first": self.first,
            "last": self.last,
            "units": self.units,
            "reference": self.reference.value,
            "bundle": self.bundle,
        }
        return urlencode({name: value for name, value in given.items() if value})


_Wanted = Annotated[Wanted, Depends()]


@router.get("/dashboard")
def show(request: Request, visitor: _Visitor, wanted: _Wanted) -> Response:
    """Show everything; days that cannot be read leave the usual period, with a word beside them."""
    place = installation(request)
    scope = Scope.of(visitor.person, all_units=wanted.units == "all")
    errors: dict[str, Text] = {}
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
        wanted=wanted,
        errors=errors,
        warning=WARNING,
        to_review=to_review,
        references=[(reference.value, reference.text) for reference in Reference],
        needed=REFERENCE + WINDOW,
    )


@router.get("/dashboard/data")
def data(request: Request, visitor: _Visitor, wanted: _Wanted) -> Response:
    """Give the charts their numbers."""
    language = language_of(request)
    board = _board(request, visitor, wanted)
    body: dict[str, Any] = {name: to_json(board.tables[name], language) for name in _CHARTS}
    body["words"] = {name: text.in_language(language) for name, text in _WORDS.items()}
    return JSONResponse(body)


@router.get("/dashboard/{name}.csv")
def download(request: Request, visitor: _Visitor, name: str, wanted: _Wanted) -> Response:
    """Give one table as CSV; it holds counts and figures, no identity."""
    table = _board(request, visitor, wanted).tables.get(name)
    if table is None:
        raise NotFoundError
    with installation(request).act(visitor.actor) as act:
        detail = {"table": name, "rows": len(table.rows), "units": wanted.units or "own"}
        act.record("dashboard.download", "dashboard", **detail)
    return Response(
        # The mark at the beginning tells spreadsheets that this is UTF-8.
        "\ufeff" + to_csv(table, language_of(request)),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="covid-d-{name}.csv"'},
    )


def _board(request: Request, visitor: Visitor, wanted: Wanted) -> Dashboard:
    scope = Scope.of(visitor.person, all_units=wanted.units == "all")
    place = installation(request)
    with place.reading() as session:
        return make(
            session,
            scope,
            wanted.period(scope, place.clock),
            reference=wanted.reference,
            bundle=wanted.bundle,
        )
