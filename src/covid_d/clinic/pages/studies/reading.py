"""Pages: reading in a study, and the pictures of the film in front."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.cases.pictures import LARGEST
from covid_d.clinic.cases.structured import CATEGORY_NAMES
from covid_d.clinic.database.cases import Film
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.fields import LARGEST as LARGEST_NUMBER
from covid_d.clinic.fields import Filled, Line, Whole
from covid_d.clinic.http.forms import sent
from covid_d.clinic.http.parameters import FilmId, RowId
from covid_d.clinic.http.render import done, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.pages.case.film_answers import Side, picture_answer, values_answer
from covid_d.clinic.roles import Permission
from covid_d.clinic.studies.reading import CERTAIN, film_in_front, open_next, rate, read_by

router = APIRouter(prefix="/studies/{study_id}")
Reader = Annotated[Visitor, Depends(needs(Permission.READ_CASE))]
_BLANK: Final = {"category": "", "rating": ""}


class _RatingForm(BaseModel):
    """What a reader says of the film in front."""

    film: Annotated[int, Whole(1, LARGEST_NUMBER)]
    category: Annotated[str, Line(13)] = ""
    rating: Annotated[int | None, Whole(0, CERTAIN)] = None


_Rating = Annotated[Filled[_RatingForm], Depends(sent(_RatingForm))]


@router.get("/read")
def show_next(request: Request, visitor: Reader, study_id: RowId) -> Response:
    """Show the next film of the reader's round, or why there is none now."""
    return _page(request, visitor, study_id)


@router.post("/read")
def take_rating(request: Request, visitor: Reader, study_id: RowId, form: _Rating) -> Response:
    """Record a rating and go on to the next film."""
    try:
        given = form.sound()
        with installation(request).act(visitor.actor) as act:
            study = read_by(act.session, visitor.person, study_id)
            rate(
                act,
                study,
                visitor.person,
                given.film,
                category=given.category,
                rating=given.rating,
            )
    except InvalidInputError as error:
        return _page(request, visitor, study_id, form.typed, error)
    return done(request, f"/studies/{study_id}/read", notice="rating_saved")


@router.get("/films/{film_id}/picture.png")
def show_picture(
    request: Request, visitor: Reader, study_id: RowId, film_id: FilmId, side: Side = LARGEST
) -> Response:
    """Send the film in front as a plain picture."""
    film = _in_front(request, visitor, study_id, film_id)
    return picture_answer(installation(request).films, film.sha256, side)


@router.get("/films/{film_id}/values")
def send_values(request: Request, visitor: Reader, study_id: RowId, film_id: FilmId) -> Response:
    """Send the grey values of the film in front at full depth, for window and level."""
    film = _in_front(request, visitor, study_id, film_id)
    return values_answer(installation(request).films, film.sha256)


def _in_front(request: Request, visitor: Visitor, study_id: int, film_id: int) -> Film:
    with installation(request).reading() as session:
        study = read_by(session, visitor.person, study_id)
        return film_in_front(session, study, visitor.person, film_id)


def _page(
    request: Request,
    visitor: Visitor,
    study_id: int,
    typed: Mapping[str, str] = _BLANK,
    error: InvalidInputError | None = None,
) -> Response:
    with installation(request).act(visitor.actor) as act:
        study = read_by(act.session, visitor.person, study_id)
        where = open_next(act, study, visitor.person)
        name, rounds, closed = study.name, study.rounds, study.closed_at is not None
    return page(
        request,
        "pages/studies/read.html",
        here=f"/studies/{study_id}/read",
        study_id=study_id,
        name=name,
        rounds=rounds,
        closed=closed,
        where=where,
        categories=CATEGORY_NAMES,
        certain=CERTAIN,
        typed=typed,
        error=error,
    )
