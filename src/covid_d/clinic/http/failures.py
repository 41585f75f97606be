"""Every error as a page or, for the API, as one JSON shape; never a trace."""

from __future__ import annotations

import errno
import logging
import uuid
from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from covid_d.clinic.accounts.people import PasswordChangeError, SecondFactorNeededError
from covid_d.clinic.errors import (
    ClinicError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    TooLargeError,
    TooManyError,
    UnavailableError,
    UnknownHostError,
)
from covid_d.clinic.fields import sentence_of
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.way_back import way_back
from covid_d.clinic.operations.logs import without_values
from covid_d.errors import BundleError
from covid_d.language import N_, Text

_log = logging.getLogger(__name__)
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


def install(app: FastAPI) -> None:
    """Have every error of ``app`` answered in its face's own shape."""
    app.add_exception_handler(ClinicError, _clinic)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(BundleError, _known)
    app.add_exception_handler(OperationalError, _known)
    app.add_exception_handler(OSError, _known)


def answer(request: Request, error: ClinicError) -> Response:
    """Return an error as the face that was asked shows it."""
    if is_api(request):
        return JSONResponse(to_json(error), status_code=error.status, headers=headers_of(error))
    if isinstance(error, NotSignedInError) and request.method == "GET":
        return go_to(f"/sign-in?next={quote(way_back(request), safe='/')}")
    if isinstance(error, PasswordChangeError) and request.method == "GET":
        return go_to("/account")
    if isinstance(error, SecondFactorNeededError) and request.method == "GET":
        return go_to("/account/second-factor")
    if request.headers.get("x-requested-with") == "fetch":
        return JSONResponse(to_json(error), status_code=error.status, headers=headers_of(error))
    # Under another name no style sheet is given out, and nothing of the installation told.
    template = (
        "http/frame/unknown_host.html"
        if isinstance(error, UnknownHostError)
        else "http/frame/error.html"
    )
    response = page(request, template, status=error.status, error=error)
    response.headers.update(headers_of(error))
    return response


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


def headers_of(error: ClinicError) -> dict[str, str]:
    """Return the headers that an error's answer carries."""
    if isinstance(error, NotSignedInError):
        return {"www-authenticate": "Bearer"}
    if isinstance(error, TooManyError) and error.retry_after is not None:
        return {"retry-after": str(error.retry_after)}
    return {}


def _clinic(request: Request, error: Exception) -> Response:
    assert isinstance(error, ClinicError)  # noqa: S101 - registered for it
    return answer(request, error)


def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    fields: dict[str, Text] = {}
    for found in error.errors():
        name = ".".join(str(part) for part in found["loc"][1:]) or str(found["loc"][0])
        fields[name] = sentence_of(found)
    return answer(request, InvalidInputError(fields))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    if error.status_code == 404:
        return answer(request, NotFoundError())
    if error.status_code == 413:
        return answer(request, TooLargeError())
    known = ClinicError(N_("The request cannot be answered."), code=f"http_{error.status_code}")
    known.status = error.status_code
    response = answer(request, known)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def known(error: Exception) -> ClinicError | None:
    """Return what a failure of the machine means to the person before the screen.

    ``None`` where it means nothing but a fault of ours.
    """
    if isinstance(error, ClinicError):
        return error
    if isinstance(error, BundleError):
        _log.error("the active bundle cannot be used: %s", error)
        return UnavailableError(
            N_("The installed model cannot be used, so no film is answered."),
            N_("Tell the administrator: another model can be switched on under Models."),
            code="bundle_unusable",
        )
    if isinstance(error, OperationalError):
        # The statement's parameters may hold patients' data: only the driver's words are logged.
        _log.error("the database failed: %s", getattr(error, "orig", None))
        return UnavailableError(
            N_("The database cannot be written or reached; nothing was saved."),
            N_("Tell the administrator (full disk?), then send the form again."),
            code="database_unavailable",
        )
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        _log.error("the server's disk cannot be written: %s", error.strerror)
        return UnavailableError(
            N_("The server's disk is full or read-only; nothing was saved."),
            N_("Tell the administrator, then send the form again. Nothing was saved."),
            code="storage_full",
        )
    return None


def _known(request: Request, error: Exception) -> Response:
    found = known(error)
    return answer(request, found) if found else unexpected(request, error)


def unexpected(request: Request, error: Exception) -> Response:
    """Log a fault of ours, once, and answer it with the number under which it is logged."""
    number: str = request.scope.get("state", {}).get("request_id", uuid.uuid4().hex)
    # The route, not the address: that of a one-time link is a secret.
    route = getattr(request.scope.get("route"), "path", "no route")
    _log.error(
        "unexpected failure",
        extra={"error_id": number, "route": route, **without_values(error)},
    )
    failure = ClinicError(
        N_("Something failed on the server. Nothing was saved."),
        N_("Try again; if it happens again, tell the administrator this number: %(id)s", id=number),
        code="internal_error",
    )
    failure.status = 500
    return answer(request, failure)
