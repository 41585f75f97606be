"""Pages: films and laboratory results that come in from tables."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.datastructures import FormData, UploadFile

from covid_d.clinic.accounts import units
from covid_d.clinic.database.operations import WaitingImport
from covid_d.clinic.errors import ClinicError, InvalidInputError
from covid_d.clinic.fields import LARGEST, Choice, Whole, fill
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.http.parameters import RowId
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import Visitor, installation, is_form, needs
from covid_d.clinic.imports import waiting
from covid_d.clinic.imports.case_plan import CaseState
from covid_d.clinic.imports.case_rows import Consent
from covid_d.clinic.imports.case_run import enter_cases
from covid_d.clinic.imports.films import ZipFilms
from covid_d.clinic.imports.laboratory_plan import ResultState
from covid_d.clinic.imports.laboratory_run import record_results
from covid_d.clinic.imports.waiting import CASES, LABORATORY, Opened
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Permission
from covid_d.language import N_

router = APIRouter(prefix="/imports")
_Importer = Annotated[Visitor, Depends(needs(Permission.IMPORT))]
SECONDS: Final = 4.0
"""Longest that one request enters cases; the page asks again until all are."""
_SHOWN: Final = 200  # rows that need a hand, on one page
_LONGEST_FILM_NAME: Final = 1000


class _Begun(BaseModel):
    """The forms that begin an import."""

    kind: Annotated[str, Choice((CASES, LABORATORY))]
    unit_id: Annotated[int, Whole(1, LARGEST)]
    consent: Annotated[Consent | None, Choice()] = None
    test: Annotated[EntryKind | None, Choice(("rt_pcr", "antigen"))] = None


async def _sent_form(request: Request, visitor: _Importer) -> FormData:
    return await request.form()


async def _sent_bytes(request: Request, visitor: _Importer) -> bytes:
    return b"" if is_form(request) else await request.body()


_Form = Annotated[FormData, Depends(_sent_form)]


@router.get("")
def show_all(request: Request, visitor: _Importer) -> Response:
    """Show the forms that begin an import, and the imports that wait."""
    return _list(request, visitor, {}, None)


@router.post("")
def begin(request: Request, visitor: _Importer, form: _Form) -> Response:
    """Take a table."""
    place = installation(request)
    filled = fill(_Begun, form)
    name, data = _file(form, "table")
    try:
        wanted = filled.sound()
        options = {"consent": wanted.consent, "test": wanted.test}
        number = waiting.begin(
            place,
            visitor.person,
            visitor.actor,
            wanted.unit_id,
            name,
            data,
            kind=wanted.kind,
            options={key: value.value for key, value in options.items() if value is not None},
        )
    except InvalidInputError as error:
        return _list(request, visitor, filled.typed, error)
    return go_to(f"/imports/{number}")


@router.get("/{number}")
def show(request: Request, visitor: _Importer, number: RowId) -> Response:
    """Say what an import will do."""
    return _preview(request, waiting.find(installation(request), visitor.person, number))


@router.get("/{number}/names")
def names(request: Request, visitor: _Importer, number: RowId) -> Response:
    """Name the films that are here already, so that a folder chosen again sends the others."""
    place = installation(request)
    opened = waiting.find(place, visitor.person, number)
    return JSONResponse(sorted(waiting.films_of(place, opened.row.id).names))


@router.post("/{number}/film")
def take_film(
    request: Request,
    visitor: _Importer,
    number: RowId,
    content: Annotated[bytes, Depends(_sent_bytes)],
) -> Response:
    """Take one film or a zip of films, sent by the page's script."""
    place = installation(request)
    opened = waiting.find(place, visitor.person, number)
    name = unquote(request.headers.get("x-film-name", ""))[-_LONGEST_FILM_NAME:]
    if not content or not name:
        raise InvalidInputError({"films": N_("Choose films, or a zip of films.")})
    return JSONResponse({"kept": _keep(place, visitor, opened, name, content)}, status_code=201)


@router.post("/{number}/films")
def take_films(request: Request, visitor: _Importer, number: RowId, form: _Form) -> Response:
    """Take films sent with a form, by a browser without script."""
    place = installation(request)
    opened = waiting.find(place, visitor.person, number)
    try:
        for sent in form.getlist("films"):
            if isinstance(sent, UploadFile) and sent.filename:
                _keep(place, visitor, opened, sent.filename, sent.file.read())
    except InvalidInputError as error:
        return _preview(request, opened, error)
    return go_to(f"/imports/{number}")


@router.post("/{number}/table")
def replace_table(request: Request, visitor: _Importer, number: RowId, form: _Form) -> Response:
    """Take a corrected table; the films stay."""
    place = installation(request)
    opened = waiting.find(place, visitor.person, number)
    name, data = _file(form, "table")
    try:
        waiting.replace_table(place, opened, visitor.actor, name, data)
    except InvalidInputError as error:
        return _preview(request, opened, error)
    return go_to(f"/imports/{number}", notice="saved")


@router.post("/{number}/run")
def run(request: Request, visitor: _Importer, number: RowId, form: _Form) -> Response:
    """Enter what is ready, for some seconds; tell a script how much is left."""
    place = installation(request)
    opened = waiting.find(place, visitor.person, number)
    try:
        done, failed, ready = _run(place, visitor, opened, form)
    except InvalidInputError as error:
        return _preview(request, opened, error)
    if request.headers.get("x-requested-with") == "fetch":
        return JSONResponse({"done": done, "failed": failed, "ready": ready})
    return go_to(f"/imports/{number}", notice="imported" if not ready else None)


@router.post("/{number}/end")
def end(request: Request, visitor: _Importer, number: RowId, form: _Form) -> Response:
    """Remove an import; what it entered stays."""
    waiting.end(installation(request), visitor.person, visitor.actor, number)
    return go_to("/imports", notice="import_ended")


def _run(
    place: Installation, visitor: Visitor, opened: Opened, form: FormData
) -> tuple[int, int, int]:
    """Return how many rows came in, how many could not, and how many are left to be tried."""
    if opened.row.kind == LABORATORY:
        plan = waiting.result_plan(place, opened)
        chosen = {str(value) for value in form.getlist("replace")}
        replacing = {
            one.stated.row
            for one in plan.of(ResultState.CONFLICT)
            if f"{one.stated.row}-{one.recorded.id if one.recorded else 0}" in chosen
        }
        reason = str(form.get("reason") or "") if replacing else ""
        running = record_results(
            place, opened.person, visitor.actor, plan, opened.source,
            replacing=replacing, reason=reason, seconds=SECONDS,
        )  # fmt: skip
        states = [one.state is ResultState.DONE for one in running]
        total = len(plan.of(ResultState.READY)) + len(replacing)
    else:
        cases, films = waiting.case_plan(place, opened)
        entering = enter_cases(
            place, opened.person, visitor.actor, cases, films, opened.source, seconds=SECONDS
        )
        states = [one.state is CaseState.DONE for one in entering]
        total = len(cases.of(CaseState.READY))
    return sum(states), len(states) - sum(states), total - len(states)


def _keep(place: Installation, visitor: Visitor, opened: Opened, name: str, content: bytes) -> int:
    """Keep a film, or those of a zip, that the table names; return how many."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return int(waiting.take_film(place, opened, visitor.actor, name, content))
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile as error:
        raise InvalidInputError({"films": N_("The zip cannot be read.")}) from error
    with archive:
        films = ZipFilms(archive, largest=place.settings.max_upload_mb * 1024 * 1024)
        return sum(
            waiting.take_film(place, opened, visitor.actor, inside, films.read(inside))
            for inside in sorted(films.names)
        )


def _file(form: FormData, name: str) -> tuple[str, bytes]:
    sent = form.get(name)
    if not isinstance(sent, UploadFile):
        return "", b""
    return sent.filename or "", sent.file.read()


def _list(
    request: Request, visitor: Visitor, typed: Mapping[str, str], error: ClinicError | None
) -> Response:
    place = installation(request)
    offered = [(unit.id, unit.name) for unit in units.every(place) if unit.active]
    return page(
        request,
        "pages/imports/imports.html",
        here="/imports",
        units=offered,
        names=dict(offered),
        consents=[(entry.value, entry.text) for entry in Consent],
        tests=[(kind.value, kind.text) for kind in EntryKind if kind.is_test],
        typed={"kind": "", "unit_id": "", "consent": "", "test": ""} | dict(typed),
        error=error,
        waiting=waiting.every(place, visitor.person),
    )


def _preview(request: Request, opened: Opened, error: ClinicError | None = None) -> Response:
    place = installation(request)
    row = opened.row
    shown: dict[str, Any] = {
        "opened": opened,
        "error": error,
        "errors": error.fields if isinstance(error, InvalidInputError) else {},
        "max_bytes": place.settings.max_upload_mb * 1024 * 1024,
        "here": f"/imports/{row.id}",
        "status": error.status if error else 200,
    }
    if row.kind == LABORATORY:
        return page(request, "pages/imports/laboratory.html", **shown, **_results(place, opened))
    return page(request, "pages/imports/cases.html", **shown, **_cases(place, row, opened))


def _cases(place: Installation, row: WaitingImport, opened: Opened) -> dict[str, Any]:
    plan, films = waiting.case_plan(place, opened)
    left = [one for one in plan.cases if one.state not in (CaseState.READY, CaseState.DONE)]
    return {
        "plan": plan,
        "ready": plan.counts.get(CaseState.READY, 0),
        "left": left[:_SHOWN],
        "more": len(left[_SHOWN:]),
        "films": len(films.names),
        "consent": Consent(row.options.get("consent", Consent.COLUMN)).text,
    }


def _results(place: Installation, opened: Opened) -> dict[str, Any]:
    plan = waiting.result_plan(place, opened)
    left = plan.of(ResultState.FAULTY)
    return {
        "plan": plan,
        "ready": plan.counts.get(ResultState.READY, 0),
        "conflicts": plan.of(ResultState.CONFLICT),
        "left": left[:_SHOWN],
        "more": len(left[_SHOWN:]),
    }
