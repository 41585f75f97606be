"""Page: two films of one patient side by side; no answer of the model, whoever looks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.film_date import date_warning
from covid_d.clinic.cases.load_case import film_of, whole_case
from covid_d.clinic.cases.same_patient import OtherCase, OtherFilm, case_of_film, other_cases
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.fields import LARGEST
from covid_d.clinic.http.parameters import CaseId, ChosenFilm
from covid_d.clinic.http.render import page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.roles import Permission

router = APIRouter()
Reader = Annotated[Visitor, Depends(needs(Permission.READ_CASE))]
Beside = Annotated[int | None, Query(alias="with", ge=1, le=LARGEST)]


@router.get("/cases/{case_id}/compare")
def compare_films(
    request: Request,
    visitor: Reader,
    case_id: CaseId,
    film: ChosenFilm = None,
    beside: Beside = None,
) -> Response:
    """Show a film of a case beside another one of the same patient, by default the last before."""
    place = installation(request)
    with place.act(visitor.actor) as act:
        case = whole_case(act.session, visitor.person, case_id)
        front = film_of(case, film)
        timeline = _timeline(act.session, case, visitor.person)
        chosen = beside or _before(timeline, case, front)
        pair = [_shown(case, front)]
        if chosen is not None:
            number = case_of_film(act.session, case, visitor.person, chosen)
            other = case if number == case.id else whole_case(act.session, visitor.person, number)
            pair.append(_shown(other, film_of(other, chosen)))
        for number in sorted({shown["case"].id for shown in pair}):
            act.record("case.view", f"case:{number}", answer_shown=False, compared=case.id)
    for shown in pair:
        entered = place.clock.day_of(shown["case"].created_at)
        taken = shown["film"].taken_on if shown["film"] else None
        shown["odd_date"] = date_warning(taken, entered)
    return page(
        request,
        "pages/case/compare.html",
        case=case,
        front=front,
        pair=[shown for shown in pair if shown["film"] is not None],
        chosen=chosen,
        timeline=timeline,
    )


def _timeline(session: Session, case: Case, person: Person) -> list[OtherCase]:
    """Return every case of the patient, this one among them, oldest first."""
    films = tuple(
        OtherFilm(film.id, number, film.projection, film.taken_on, film.width is not None)
        for number, film in enumerate(case.films, start=1)
    )
    own = OtherCase(case.id, case.created_at, films)
    every = [*other_cases(session, case, person), own]
    return sorted(every, key=lambda one: (one.created_at, one.id))


def _before(timeline: list[OtherCase], case: Case, front: Film | None) -> int | None:
    """Return the newest readable film of an earlier case; else any other one."""
    place = [one.id for one in timeline].index(case.id)
    earlier = [film for one in timeline[:place] for film in one.films if film.readable]
    if earlier:
        return earlier[-1].id
    rest = [
        film.id
        for one in timeline[place:]
        for film in one.films
        if film.readable and (front is None or film.id != front.id)
    ]
    return rest[0] if rest else None


def _shown(case: Case, film: Film | None) -> dict[str, Any]:
    number = case.films.index(film) + 1 if film is not None else 0
    return {"case": case, "film": film, "number": number}
