"""Pages: the collection's export, and the review of films with text inside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel
from sqlalchemy import select

from covid_d.clinic.collection import review
from covid_d.clinic.collection.archive import zipped
from covid_d.clinic.collection.documents import LONGEST_ATTRIBUTION, ExportTerms, License
from covid_d.clinic.collection.export import Export
from covid_d.clinic.collection.pixels import preview
from covid_d.clinic.collection.review import Decision
from covid_d.clinic.collection.selection import NotExported, candidates
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.operations import CollectionExport
from covid_d.clinic.errors import ClinicError, InvalidInputError
from covid_d.clinic.fields import Choice, Filled, Line
from covid_d.clinic.http.forms import sent
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.roles import Permission

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


class _Decided(BaseModel):
    """The form of a review."""

    decision: Annotated[Decision, Choice()]


@router.get("/collection")
def show(request: Request, visitor: _Researcher) -> Response:
    """Show what may leave, what may not and why, and the earlier exports."""
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


@router.get("/collection/review")
def show_reviews(request: Request, visitor: _Clinician) -> Response:
    """Show the films of one's unit that wait for a decision."""
    with installation(request).reading() as session:
        count, films = review.waiting(session, visitor.person)
    return page(
        request, "pages/collection/review.html", count=count, films=films, decisions=list(Decision)
    )


@router.get("/collection/review/{film_id}.png")
def show_film(request: Request, visitor: _Clinician, film_id: int) -> Response:
    """Show a film with frames around what was found."""
    place = installation(request)
    with place.act(visitor.actor) as act:
        film, found = review.reviewed_film(act.session, visitor.person, film_id)
        act.record("film.view", film, **{"for": "review"})
        boxes = review.boxes_of(found)
    return Response(preview(place.films.get(film.sha256), boxes), media_type="image/png")


@router.post("/collection/review/{film_id}")
def decide(
    request: Request,
    visitor: _Clinician,
    film_id: int,
    form: Annotated[Filled[_Decided], Depends(sent(_Decided))],
) -> Response:
    """Record a decision."""
    review.decide(
        installation(request), visitor.person, visitor.actor, film_id, form.sound().decision
    )
    return go_to("/collection/review", notice="saved")


def _page(
    request: Request, typed: Mapping[str, str] = _BLANK, error: ClinicError | None = None
) -> Response:
    place = installation(request)
    with place.reading() as session:
        films = candidates(session, place.keys, place.clock)
        reviews = review.decisions(session)
        exports = session.execute(
            select(CollectionExport, User.full_name)
            .join(User, User.id == CollectionExport.user_id)
            .order_by(CollectionExport.id.desc())
            .limit(_LATEST)
        ).all()
    left_out = Counter(film.reason for film in films if film.reason is not None)
    ready = [film for film in films if film.reason is None]
    # What earlier exports found; a film never looked at may yet turn out to need a review.
    for film in ready:
        decision = reviews[film.sha256][1] if film.sha256 in reviews else Decision.CLEAR
        if decision in (None, Decision.KEEP_BACK):
            left_out[NotExported.UNREVIEWED if decision is None else NotExported.KEPT_BACK] += 1
    return page(
        request,
        "pages/collection/collection.html",
        status=error.status if error else 200,
        ready=len(ready) - left_out[NotExported.UNREVIEWED] - left_out[NotExported.KEPT_BACK],
        left_out=[(reason.text, left_out[reason]) for reason in NotExported if left_out[reason]],
        licenses=[(entry.value, entry.text) for entry in License],
        typed=typed,
        error=error,
        errors=error.fields if isinstance(error, InvalidInputError) else {},
        exports=exports,
    )
