"""Pages: the figures of many clinics, for the ministry and whoever sees the dashboard."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, File, Request, UploadFile
from fastapi.responses import JSONResponse, Response
from markupsafe import Markup
from pydantic import BaseModel

from covid_d.clinic.errors import ClinicError, InvalidInputError, NotFoundError
from covid_d.clinic.federation.page import TITLE, WARNING, unknown_keys
from covid_d.clinic.federation.shelf import keep, latest
from covid_d.clinic.federation.signing import public_key
from covid_d.clinic.fields import Filled, Line
from covid_d.clinic.http.forms import asked
from covid_d.clinic.http.render import go_to, language_of, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.roles import Permission
from covid_d.clinic.statistics.table import to_csv, to_json

router = APIRouter(prefix="/federation")
_Visitor = Annotated[Visitor, Depends(needs(Permission.SEE_DASHBOARD))]
_Manager = Annotated[Visitor, Depends(needs(Permission.MANAGE_BUNDLES))]


class _Wanted(BaseModel):
    """Which model is judged."""

    bundle: Annotated[str, Line(64)] = ""


_Asked = Annotated[Filled[_Wanted], Depends(asked(_Wanted))]


@router.get("")
def show(request: Request, visitor: _Visitor, form: _Asked) -> Response:
    """Show the merged report, or how to make one."""
    return _page(request, form.value.bundle if form.value else "")


@router.post("")
def bring(
    request: Request, visitor: _Manager, files: Annotated[list[UploadFile] | None, File()] = None
) -> Response:
    """Take files that clinics sent; they take the place of those before."""
    given = [(one.filename or "?", one.file.read()) for one in files or [] if one.filename]
    try:
        keep(installation(request), visitor.actor, given)
    except InvalidInputError as error:
        return _page(request, "", error)
    return go_to("/federation", notice="federation_kept")


@router.get("/report.json")
def as_json(request: Request, visitor: _Visitor, form: _Asked) -> Response:
    """Give the whole report as JSON."""
    kept = latest(installation(request), form.sound().bundle)
    if kept is None:
        raise NotFoundError
    _record(request, visitor, "report")
    return JSONResponse(
        kept.report.to_dict(language_of(request)),
        headers={"content-disposition": 'attachment; filename="covid-d-federation.json"'},
    )


@router.get("/{name}.csv")
def as_csv(request: Request, visitor: _Visitor, name: str, form: _Asked) -> Response:
    """Give one table as CSV."""
    kept = latest(installation(request), form.sound().bundle)
    table = None if kept is None else kept.report.tables.get(name)
    if table is None:
        raise NotFoundError
    _record(request, visitor, name)
    return Response(
        "\ufeff" + to_csv(table, language_of(request)),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="covid-d-federation-{name}.csv"'},
    )


@router.get("/{name}.json")
def as_rows(request: Request, visitor: _Visitor, name: str, form: _Asked) -> Response:
    """Give one table as JSON."""
    kept = latest(installation(request), form.sound().bundle)
    table = None if kept is None else kept.report.tables.get(name)
    if table is None:
        raise NotFoundError
    _record(request, visitor, name)
    return JSONResponse(to_json(table, language_of(request)))


def _record(request: Request, visitor: Visitor, name: str) -> None:
    with installation(request).act(visitor.actor) as act:
        act.record("federation.download", "federation", table=name)


def _page(request: Request, bundle: str, error: ClinicError | None = None) -> Response:
    place = installation(request)
    kept = latest(place, bundle)
    plots = {} if kept is None else kept.report.plots(language_of(request))
    return page(
        request,
        "pages/federation/federation.html",
        kept=kept,
        # Made by us alone; labels of clinics are escaped there.
        plots={name: Markup(svg) for name, svg in plots.items()},  # noqa: S704
        unknown=None if kept is None else unknown_keys(kept.report),
        title=TITLE,
        warning=WARNING,
        key=public_key(place.keys),
        error=error,
    )
