"""Pages: the collection's export, and the review of films with text inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from fastapi import APIRouter, BackgroundTasks, Depends, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel
from sqlalchemy import select
from starlette.datastructures import FormData

from covid_d.clinic import sentences
from covid_d.clinic.collection import recall, review, search
from covid_d.clinic.collection.archive import zipped
from covid_d.clinic.collection.documents import LONGEST_ATTRIBUTION, ExportTerms, License
from covid_d.clinic.collection.export import Export
from covid_d.clinic.collection.pixels import preview
from covid_d.clinic.collection.review import Decision
from covid_d.clinic.collection.selection import NotExported
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.operations import CollectionExport
from covid_d.clinic.errors import ClinicError, ConflictError, InvalidInputError
from covid_d.clinic.fields import Choice, Filled, Line
from covid_d.clinic.http.forms import sent
from covid_d.clinic.http.parameters import RowId
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import integrity
from covid_d.clinic.roles import Permission
from covid_d.language import N_

router = APIRouter()
_Researcher = Annotated[Visitor, Depends(needs(Permission.EXPORT_COLLECTION))]
# Whoever reviews sees names burned into films: that is for those who may see the patients anyway.
_Clinician = Annotated[Visitor, Depends(needs(Permission.READ_CASE))]
_LATEST: Final = 20
_BLANK: Final = {"license": License.AGREEMENT.value, "attribution": ""}


class _Terms(BaseModel):
    """The form of an export."""

    license: Annotated[License, Choice()] = License.AGREEMENT
    attribution: Annotated[str, Line(LONGEST_ATTRIBUTION, needed=True)]


async def _sent_form(request: Request, visitor: _Clinician) -> FormData:
    return await request.form()


@router.get("/collection")
def show(request: Request, visitor: _Researcher, later: BackgroundTasks) -> Response:
    """Show what may leave, what may not and why, and the earlier exports."""
    _search(installation(request), later)
    return _page(request)


@router.post("/collection/export")
def export(
    request: Request,
    visitor: _Researcher,
    form: Annotated[Filled[_Terms], Depends(sent(_Terms))],
) -> Response:
    """Stream the export as a zip; it is recorded when its last file was made."""
    try:
        terms = ExportTerms(**form.sound().model_dump())
        made = Export(installation(request), visitor.person, visitor.actor, terms)
        stream = zipped(made.files())
        first = next(stream)  # so that "all wait for review" is a page, not a broken download
    except ClinicError as error:
        return _page(request, form.typed, error)

    def whole() -> Iterator[bytes]:
        yield first
        yield from stream

    name = f"covid-d-collection-{installation(request).clock.today().isoformat()}.zip"
    return StreamingResponse(
        whole(),
        media_type="application/zip",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


@router.get("/collection/exports/{number}/withdrawn")
def show_recalled(request: Request, visitor: _Researcher, number: RowId) -> Response:
    """Say what the receivers of an export must destroy."""
    found = recall.one(installation(request), visitor.actor, number)
    return page(request, "pages/collection/withdrawn.html", recalled=found)


@router.get("/collection/exports/{number}/withdrawn.csv")
def download_recalled(request: Request, visitor: _Researcher, number: RowId) -> Response:
    """Give the receivers' list."""
    found = recall.one(installation(request), visitor.actor, number)
    name = f"covid-d-{number}-{recall.FILE}"
    return Response(
        recall.as_csv(found.films),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


@router.get("/collection/review")
def show_reviews(request: Request, visitor: _Clinician, later: BackgroundTasks) -> Response:
    """Show the films of one's unit that wait for a decision."""
    return _reviews(request, visitor, later)


@router.post("/collection/review")
def decide_together(
    request: Request,
    visitor: _Clinician,
    form: Annotated[FormData, Depends(_sent_form)],
    later: BackgroundTasks,
) -> Response:
    """Record the decisions about the films of one page."""
    try:
        chosen, alike = _decisions(form)
        review.decide_together(
            installation(request), visitor.person, visitor.actor, chosen, alike=alike
        )
    except (ConflictError, InvalidInputError) as error:
        return _reviews(request, visitor, later, error)
    return go_to("/collection/review", notice="saved")


def _reviews(
    request: Request, visitor: Visitor, later: BackgroundTasks, error: ClinicError | None = None
) -> Response:
    place = installation(request)
    with place.reading() as session:
        count, films = review.waiting(session, visitor.person)
    searching = _search(place, later)
    return page(
        request,
        "pages/collection/review.html",
        here="/collection/review",
        count=count,
        films=films,
        decisions=list(Decision),
        pending=review.pending(count),
        searching=searching,
        error=error,
    )


def _search(place: Installation, later: BackgroundTasks) -> bool:
    """Have films looked through after the answer, if there are any; return whether."""
    due = search.is_due(place)
    if due:
        later.add_task(search.look_through, place)
    return due


def _decisions(form: FormData) -> tuple[dict[int, Decision], list[int]]:
    """Return what was decided of each film, and the films that are released together."""
    chosen, shown = {}, []
    for name, value in form.items():
        number = name.removeprefix("decision-")
        if name.startswith("decision-") and number.isdecimal() and len(number) < 10:
            shown.append(int(number))
            if value:
                try:
                    chosen[int(number)] = Decision(str(value))
                except ValueError as error:
                    raise InvalidInputError({name: sentences.NOT_OFFERED}) from error
    together = form.get("rest") == "clear"
    if together and form.get("looked") != "yes":
        raise InvalidInputError({"looked": N_("Say that you have looked at every film.")})
    return chosen, shown if together else []


@router.get("/collection/review/{film_id}.png")
def show_film(request: Request, visitor: _Clinician, film_id: int) -> Response:
    """Show a film with frames around what was found."""
    place = installation(request)
    with place.act(visitor.actor) as act:
        film, found = review.reviewed_film(act.session, visitor.person, film_id)
        act.record("film.view", film, **{"for": "review"})
        boxes, suspects = review.boxes_of(found), review.suspects_of(found)
    shown = preview(place.films.get(film.sha256), boxes, suspects)
    return Response(shown, media_type="image/png")


def _page(
    request: Request, typed: Mapping[str, str] = _BLANK, error: ClinicError | None = None
) -> Response:
    place = installation(request)
    with place.reading() as session:
        standing = search.standing(session, place)
        recalled = {one.export.id: len(one.films) for one in recall.every(session, place)}
        exports = session.execute(
            select(CollectionExport, User.full_name)
            .join(User, User.id == CollectionExport.user_id)
            .order_by(CollectionExport.id.desc())
            .limit(_LATEST)
        ).all()
    return page(
        request,
        "pages/collection/collection.html",
        unsound=integrity.over_figures(place),
        ready=standing.ready,
        pending=standing.pending,
        pending_text=review.pending(standing.pending),
        recalled=recalled,
        left_out=[
            (reason.text, standing.left_out[reason])
            for reason in NotExported
            if reason in standing.left_out
        ],
        licenses=[(entry.value, entry.text) for entry in License],
        typed=typed,
        error=error,
        exports=exports,
    )
