"""Every error as a page or, for the API, as one JSON shape; never a trace."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from covid_d.clinic.errors import (
    ClinicError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    UnavailableError,
)
from covid_d.clinic.texts import N_, Text
from covid_d.clinic.web.render import go_to, page
from covid_d.errors import BundleError

_log = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    """Have every error of ``app`` answered in its face's own shape."""
    app.add_exception_handler(ClinicError, _clinic)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(BundleError, _bundle)
    app.add_exception_handler(OperationalError, _database)
    app.add_exception_handler(Exception, _unexpected)


def answer(request: Request, error: ClinicError) -> Response:
    """Return an error as the face that was asked shows it."""
    if is_api(request):
        return JSONResponse(to_json(error), status_code=error.status, headers=_headers(error))
    if isinstance(error, NotSignedInError) and request.method == "GET":
        return go_to(f"/sign-in?next={quote(request.url.path, safe='/')}")
    if request.headers.get("x-requested-with") == "fetch":
        return JSONResponse(to_json(error), status_code=error.status)
    return page(request, "error.html", status=error.status, error=error)


def to_json(error: ClinicError) -> dict[str, Any]:
    """Return the one error shape of every JSON answer."""
    body: dict[str, Any] = {"code": error.code, "message": error.text.to_message().to_dict()}
    body["next_step"] = error.remedy.to_message().to_dict() if error.remedy else None
    if isinstance(error, InvalidInputError):
        body["fields"] = {name: text.to_message().to_dict() for name, text in error.fields.items()}
    return {"error": body}


def is_api(request: Request) -> bool:
    """Return whether a program asked."""
    return request.url.path.startswith("/api/")


def _headers(error: ClinicError) -> dict[str, str]:
    return {"www-authenticate": "Bearer"} if isinstance(error, NotSignedInError) else {}


def _clinic(request: Request, error: Exception) -> Response:
    assert isinstance(error, ClinicError)  # noqa: S101 - registered for it
    return answer(request, error)


def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    fields: dict[str, Text] = {}
    for found in error.errors():
        name = ".".join(str(part) for part in found["loc"][1:]) or str(found["loc"][0])
        fields[name] = N_("This value cannot be read.")
    return answer(request, InvalidInputError(fields))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    if error.status_code == 404:
        return answer(request, NotFoundError())
    if error.status_code == 413:
        return answer(request, _sized(error.status_code))
    known = ClinicError(N_("The request cannot be answered."), code=f"http_{error.status_code}")
    known.status = error.status_code
    response = answer(request, known)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def _sized(status: int) -> ClinicError:
    error = ClinicError(
        N_("The file is larger than this server accepts."),
        N_("Send the original film alone, not an archive or a video."),
        code="too_large",
    )
    error.status = status
    return error


def _bundle(request: Request, error: Exception) -> Response:
    _log.error("the active bundle cannot be used: %s", error)
    return answer(
        request,
        UnavailableError(
            N_("The installed model cannot be used, so no film is answered."),
            N_("Tell the administrator: another model can be switched on under Models."),
            code="bundle_unusable",
        ),
    )


def _database(request: Request, error: Exception) -> Response:
    # The statement's parameters may hold patients' data: only the driver's words are logged.
    _log.error("the database failed: %s", getattr(error, "orig", None))
    return answer(
        request,
        UnavailableError(
            N_("The database cannot be written or reached; nothing was saved."),
            N_("Tell the administrator (full disk?), then send the form again."),
            code="database_unavailable",
        ),
    )


def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("unexpected failure at %s: %s", request.url.path, type(error).__name__)
    failure = ClinicError(
        N_("Something failed on the server. Nothing was saved."),
        N_("Try again; if it happens again, tell the administrator the time and the page."),
        code="internal_error",
    )
    failure.status = 500
    return answer(request, failure)
