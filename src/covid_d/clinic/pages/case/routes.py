"""Pages: a case, with its films, the model's answer, people's readings and its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.cases import readings
from covid_d.clinic.cases.history import Event, history
from covid_d.clinic.cases.load_case import film_of, whole_case
from covid_d.clinic.cases.patient import Patient
from covid_d.clinic.cases.result import Result, result_of
from covid_d.clinic.cases.same_patient import OtherCase, other_cases
from covid_d.clinic.database.cases import Case, Film, Reading
from covid_d.clinic.errors import ClinicError, InvalidInputError, UnavailableError
from covid_d.clinic.fields import LARGEST, Filled, Line, Whole, Words
from covid_d.clinic.follow_up.facts import Current, current
from covid_d.clinic.http.forms import sent
from covid_d.clinic.http.parameters import CaseId, ChosenFilm
from covid_d.clinic.http.render import done, language_of, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.installation import Installation
from covid_d.clinic.pages.case.result_words import ResultWords, words_of
from covid_d.clinic.roles import Permission
from covid_d.clinic.statistics.alarm import bundle_in_alarm

router = APIRouter()
Reader = Annotated[Visitor, Depends(needs(Permission.READ_CASE))]
_UNREAD: Final = {"finding": "", "notes": ""}


class _Front(BaseModel):
    """Which film is in front."""

    film: Annotated[int | None, Whole(1, LARGEST)] = None


class _ReadingForm(BaseModel):
    """The form of one's own reading."""

    finding: Annotated[str, Line(20)] = ""
    notes: Annotated[str, Words(readings.LONGEST_NOTES)] = ""


@dataclass(frozen=True, slots=True)
class _View:
    """What the page shows, loaded in one transaction.

    Parameters
    ----------
    case, film
        The case and the film in front.
    open
        Whether the visitor may be told the model's answers and others' readings.
    events
        The time line.
    own
        The visitor's newest reading.
    others
        The patient's other cases.
    follow_up
        What holds now: laboratory results, diagnosis, outcome, consent.
    """

    case: Case
    film: Film | None
    open: bool
    events: list[Event]
    own: Reading | None
    others: tuple[OtherCase, ...]
    follow_up: Current


@router.get("/cases/{case_id}")
def show_case(
    request: Request, visitor: Reader, case_id: CaseId, film: ChosenFilm = None
) -> Response:
    """Show a case; its answer only to whom it may be told."""
    return _page(request, visitor, _load(installation(request), visitor, case_id, film))


@router.post("/cases/{case_id}/readings")
def take_reading(
    request: Request,
    visitor: Reader,
    case_id: CaseId,
    front: Annotated[Filled[_Front], Depends(sent(_Front))],
    form: Annotated[Filled[_ReadingForm], Depends(sent(_ReadingForm))],
) -> Response:
    """Record the visitor's own reading; what they typed stays when it cannot be accepted."""
    place, film = installation(request), front.sound().film
    try:
        given = form.sound()
        with place.act(visitor.actor) as act:
            case = whole_case(act.session, visitor.person, case_id)
            readings.record_reading(
                act, case, visitor.person, finding=given.finding, notes=given.notes
            )
    except InvalidInputError as error:
        view = _load(place, visitor, case_id, film)
        return _page(request, visitor, view, form.typed, error)
    return done(request, _address(case_id, film), notice="reading_saved")


def _address(case_id: int, film_id: int | None) -> str:
    return f"/cases/{case_id}" + (f"?film={film_id}" if film_id is not None else "")


def _load(place: Installation, visitor: Visitor, case_id: int, film_id: int | None) -> _View:
    person = visitor.person
    with place.act(visitor.actor) as act:
        case = whole_case(act.session, person, case_id)
        film = film_of(case, film_id)
        is_open = readings.may_see_answer(act.session, case, person)
        if is_open:
            readings.note_answer_shown(act.session, case, person)
        events = history(act.session, case, person)
        act.record("case.view", case, answer_shown=is_open)
        own = [reading for reading in case.readings if reading.user_id == person.id]
        newest = own[-1] if own else None
        others = other_cases(act.session, case, person)
        now = current(act.session, case, place.clock)
        return _View(case, film, is_open, events, newest, others, now)


def _page(
    request: Request,
    visitor: Visitor,
    view: _View,
    typed: Mapping[str, str] = _UNREAD,
    error: InvalidInputError | None = None,
) -> Response:
    place = installation(request)
    results = _results(place, view)
    drifting = bundle_in_alarm(place, view.case.unit_id)
    front = results.get(view.film.id) if view.film else None
    evidence = front.evidence_for if front else None
    return page(
        request,
        "pages/case/case.html",
        status=error.status if error else 200,
        here=_address(view.case.id, view.film.id if view.film else None) if error else None,
        case=view.case,
        patient=Patient.of(view.case, place.clock),
        film=view.film,
        film_number=view.case.films.index(view.film) + 1 if view.film else 0,
        words={
            key: _words(request, result, drifting) if result else None
            for key, result in results.items()
        },
        evidence_for=evidence.in_language(language_of(request)) if evidence else None,
        film_fault=_film_fault(place, view.film),
        open=view.open,
        events=view.events,
        own=view.own,
        others=view.others,
        current=view.follow_up,
        withheld=not view.open,
        second=readings.is_second_reader(view.case, visitor.person),
        findings=readings.FINDINGS,
        longest_notes=readings.LONGEST_NOTES,
        error=error,
        errors=error.fields if error else {},
        finding=typed["finding"],
        notes=typed["notes"],
    )


def _words(request: Request, result: Result, drifting: str) -> ResultWords:
    return words_of(
        result,
        language_of(request),
        installation(request).clock,
        drifting=result.assessment.bundle.sha256 == drifting,
    )


def _results(place: Installation, view: _View) -> dict[int, Result | None]:
    """Return each film's result; nothing at all for whom it may not be told."""
    return {film.id: result_of(place, film) for film in view.case.films} if view.open else {}


def _film_fault(place: Installation, film: Film | None) -> ClinicError | None:
    """Return why the film cannot be shown, so that the rest of the page still is."""
    if film is None:
        return None
    try:
        place.films.get(film.sha256)
    except UnavailableError as error:
        return error
    return None
