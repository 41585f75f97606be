"""Pictures of a case's films, for whoever may see the case; nothing of them is cached."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from covid_d.clinic.cases import pictures, readings
from covid_d.clinic.cases.load_case import film_of, whole_case
from covid_d.clinic.cases.pictures import LARGEST
from covid_d.clinic.database.cases import Film, StoredAssessment
from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.http.parameters import CaseId, FilmId
from covid_d.clinic.http.render import page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.pages.case.film_answers import (
    Side,
    picture_answer,
    png_answer,
    values_answer,
)
from covid_d.clinic.roles import Permission
from covid_d.radiograph.tags import stated_tags

router = APIRouter(prefix="/cases/{case_id}/films/{film_id}")
Reader = Annotated[Visitor, Depends(needs(Permission.READ_CASE))]


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
    return picture_answer(installation(request).films, film.sha256, side)


@router.get("/values")
def send_values(request: Request, visitor: Reader, case_id: CaseId, film_id: FilmId) -> Response:
    """Send the film's grey values at full depth, for window and level in the browser."""
    film = _seen(request, visitor, case_id, film_id, "values")
    return values_answer(installation(request).films, film.sha256)


@router.get("/tags")
def show_tags(request: Request, visitor: Reader, case_id: CaseId, film_id: FilmId) -> Response:
    """Show what the file says of the film, without identity."""
    film = _seen(request, visitor, case_id, film_id, "tags")
    content = installation(request).films.get(film.sha256)
    return page(
        request, "pages/case/tags.html", case_id=case_id, film=film, tags=stated_tags(content)
    )


@router.get("/evidence.png")
def show_evidence(request: Request, visitor: Reader, case_id: CaseId, film_id: FilmId) -> Response:
    """Send the layer of the model's evidence; only to whom its answer may be told."""
    film, stored = _answered(request, visitor, case_id, film_id)
    content = pictures.evidence(installation(request), film, stored)
    return png_answer(content)


@router.get("/under-evidence.png")
def show_under_evidence(
    request: Request, visitor: Reader, case_id: CaseId, film_id: FilmId, side: Side = 512
) -> Response:
    """Send the film under the model's evidence, for paper; only to whom it may be told."""
    film, stored = _answered(request, visitor, case_id, film_id)
    content = pictures.under_evidence(installation(request), film, stored, side)
    return png_answer(content)


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
