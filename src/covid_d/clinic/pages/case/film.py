"""Pictures of a case's films, for whoever may see the case; nothing of them is cached."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from covid_d.clinic.cases import pictures, readings
from covid_d.clinic.cases.load_case import film_of, whole_case
from covid_d.clinic.cases.pictures import LARGEST
from covid_d.clinic.database.cases import Film, StoredAssessment
from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.http.parameters import CaseId, FilmId
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.roles import Permission

router = APIRouter(prefix="/cases/{case_id}/films/{film_id}")
Reader = Annotated[Visitor, Depends(needs(Permission.READ_CASE))]
Side = Annotated[int, Query(ge=pictures.SMALLEST, le=LARGEST)]
_PRIVATE: Final = {"cache-control": "private, no-store"}


@router.get("/picture.png")
def show_picture(
    request: Request,
    visitor: Reader,
    case_id: CaseId,
    film_id: FilmId,
    side: Side = LARGEST,
) -> Response:
    """Send the film as a plain picture: a first sight, paper, and browsers without JavaScript."""
    film = _seen(request, visitor, case_id, film_id, "picture")
    content = pictures.picture(installation(request).films, film.sha256, side)
    return Response(content, media_type="image/png", headers=_PRIVATE)


@router.get("/values")
def send_values(request: Request, visitor: Reader, case_id: CaseId, film_id: FilmId) -> Response:
    """Send the film's grey values at full depth, for window and level in the browser."""
    film = _seen(request, visitor, case_id, film_id, "values")
    grey = pictures.grey_film(installation(request).films, film.sha256)
    height, width = grey.values.shape
    return Response(
        grey.packed(),
        media_type="application/octet-stream",
        headers=_PRIVATE
        | {
            "content-encoding": "gzip",
            "x-film-width": str(width),
            "x-film-height": str(height),
            "x-film-bits": str(grey.bits),
        },
    )


@router.get("/evidence.png")
def show_evidence(request: Request, visitor: Reader, case_id: CaseId, film_id: FilmId) -> Response:
    """Send the layer of the model's evidence; only to whom its answer may be told."""
    film, stored = _answered(request, visitor, case_id, film_id)
    content = pictures.evidence(installation(request), film, stored)
    return Response(content, media_type="image/png", headers=_PRIVATE)


@router.get("/under-evidence.png")
def show_under_evidence(
    request: Request, visitor: Reader, case_id: CaseId, film_id: FilmId, side: Side = 512
) -> Response:
    """Send the film under the model's evidence, for paper; only to whom it may be told."""
    film, stored = _answered(request, visitor, case_id, film_id)
    content = pictures.under_evidence(installation(request), film, stored, side)
    return Response(content, media_type="image/png", headers=_PRIVATE)


def _answered(
    request: Request, visitor: Visitor, case_id: int, film_id: int
) -> tuple[Film, StoredAssessment]:
    film = _seen(request, visitor, case_id, film_id, "evidence")
    if not film.assessments:
        raise NotFoundError
    return film, film.assessments[-1]


def _seen(request: Request, visitor: Visitor, case_id: int, film_id: int, what: str) -> Film:
    """Return a film of a case, its view recorded."""
    with installation(request).act(visitor.actor) as act:
        case = whole_case(act.session, visitor.person, case_id)
        film = film_of(case, film_id)
        if film is None:
            raise NotFoundError
        if what == "evidence":
            if not readings.may_see_answer(act.session, case, visitor.person):
                raise readings.ReadingFirstError
            readings.note_answer_shown(act.session, case, visitor.person)
        act.record("film.view", case, film=film.id, what=what)
        return film
