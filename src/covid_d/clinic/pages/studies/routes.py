"""Pages: reading studies, a new one, its end and its results."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.errors import ClinicError
from covid_d.clinic.fields import LARGEST, Day, Filled, Line, Whole, fill, whole_of
from covid_d.clinic.http.parameters import RowId
from covid_d.clinic.http.render import go_to, language_of, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.roles import Permission
from covid_d.clinic.statistics.table import to_csv
from covid_d.clinic.studies.reading import study_of
from covid_d.clinic.studies.results import close, results, studies
from covid_d.clinic.studies.setup import (
    LONGEST_NAME,
    LONGEST_WASHOUT,
    MOST_FILMS,
    ROUNDS,
    NoUnitError,
    StudyPlan,
    create_study,
    possible_readers,
)

router = APIRouter()
Seer = Annotated[Visitor, Depends(needs(Permission.SEE_STUDIES))]
Creator = Annotated[Visitor, Depends(needs(Permission.CREATE_STUDY))]
_BLANK: Final = {"positive": "20", "negative": "20", "rounds": "2", "washout_days": "28"}


class _StudyForm(BaseModel):
    """The form of a new study, but its readers."""

    name: Annotated[str, Line(LONGEST_NAME, needed=True)]
    positive: Annotated[int, Whole(1, MOST_FILMS)]
    negative: Annotated[int, Whole(1, MOST_FILMS)]
    first: Annotated[date | None, Day()] = None
    last: Annotated[date | None, Day()] = None
    rounds: Annotated[int, Whole(min(ROUNDS), max(ROUNDS))]
    washout_days: Annotated[int, Whole(0, LONGEST_WASHOUT)]


async def _sent(request: Request) -> tuple[Filled[_StudyForm], tuple[int, ...]]:
    form = await request.form()
    given = [text for text in form.getlist("readers") if isinstance(text, str)]
    readers = tuple(_number(text) for text in given)
    return fill(_StudyForm, form), readers


def _number(text: str) -> int:
    """Return a person's number; one that nobody has for what is none."""
    try:
        return min(whole_of(text), LARGEST)
    except ValueError:
        return 0


_Sent = Annotated[tuple[Filled[_StudyForm], tuple[int, ...]], Depends(_sent)]


@router.get("/studies")
def show_studies(request: Request, visitor: Seer) -> Response:
    """Show the studies of the unit: to readers those in which they read."""
    place = installation(request)
    creates = visitor.may(Permission.CREATE_STUDY)
    with place.reading() as session:
        found = studies(session, visitor.person, every=creates)
    return page(request, "pages/studies/studies.html", studies=found, creates=creates)


@router.get("/studies/new")
def show_new(request: Request, visitor: Creator) -> Response:
    """Show the form of a new study."""
    if visitor.person.unit_id is None:
        raise NoUnitError
    return _form(request, visitor, _BLANK, ())


@router.post("/studies/new")
def create(request: Request, visitor: Creator, form: _Sent) -> Response:
    """Create a study, its films drawn at random."""
    place, (filled, readers) = installation(request), form
    try:
        given = filled.sound()
        with place.act(visitor.actor) as act:
            plan = StudyPlan(**given.model_dump(), readers=readers)
            create_study(act, visitor.person, plan, place.clock)
    except NoUnitError:
        raise
    except ClinicError as error:
        return _form(request, visitor, filled.typed, readers, error)
    return go_to("/studies", notice="study_created")


@router.post("/studies/{study_id}/close")
def end(request: Request, visitor: Creator, study_id: RowId) -> Response:
    """End a study: nothing more is read, and its results are given."""
    with installation(request).act(visitor.actor) as act:
        close(act, study_of(act.session, visitor.person, study_id))
    return go_to("/studies", notice="study_closed")


@router.get("/studies/{study_id}/results.csv")
def download(request: Request, visitor: Creator, study_id: RowId) -> Response:
    """Give the ratings of a study that is over, one row a reader, case and round."""
    place = installation(request)
    with place.act(visitor.actor) as act:
        study = study_of(act.session, visitor.person, study_id)
        table = results(act.session, study, visitor.person, place.clock)
        act.record("study.download", study, rows=len(table.rows))
    return Response(
        # The mark at the beginning tells spreadsheets that this is UTF-8.
        "\ufeff" + to_csv(table, language_of(request)),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="covid-d-study-{study_id}.csv"'},
    )


def _form(
    request: Request,
    visitor: Visitor,
    typed: Mapping[str, str],
    chosen: tuple[int, ...],
    error: ClinicError | None = None,
) -> Response:
    with installation(request).reading() as session:
        readers = [(user.id, user.full_name) for user in possible_readers(session, visitor.person)]
    values: dict[str, Any] = {"name": "", "first": "", "last": "", **typed}
    return page(
        request,
        "pages/studies/new_study.html",
        here="/studies/new",
        typed=values,
        readers=readers,
        chosen=chosen,
        rounds=ROUNDS,
        error=error,
    )
