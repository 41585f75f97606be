"""Pages: a case, with its films, the model's answer, people's readings and its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.arrivals import readings_back
from covid_d.clinic.cases import readings
from covid_d.clinic.cases.consensus import (
    Consensus,
    consensus_of,
    is_open_dispute,
    may_settle,
    settle,
)
from covid_d.clinic.cases.film_date import date_warning
from covid_d.clinic.cases.history import Event, history
from covid_d.clinic.cases.load_case import film_of, whole_case
from covid_d.clinic.cases.marks import Mark, marks_of
from covid_d.clinic.cases.patient import Patient
from covid_d.clinic.cases.reading_list import Neighbours, Waiting, neighbours
from covid_d.clinic.cases.result import Result, result_of
from covid_d.clinic.cases.same_patient import OtherCase, other_cases
from covid_d.clinic.cases.structured import Structured
from covid_d.clinic.database.cases import Case, Film, Reading
from covid_d.clinic.errors import ClinicError, InvalidInputError, UnavailableError
from covid_d.clinic.fields import LARGEST, Choice, Filled, Whole
from covid_d.clinic.follow_up.facts import Current, current
from covid_d.clinic.http.forms import AsSent, asked, sent
from covid_d.clinic.http.parameters import CaseId, ChosenFilm, RowId
from covid_d.clinic.http.render import done, go_to, language_of, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.installation import Installation
from covid_d.clinic.pages.case.reading_form import BLANK, OFFERED, ReadingForm, stated
from covid_d.clinic.pages.case.result_advice import intended_use
from covid_d.clinic.pages.case.result_words import ResultWords, words_of
from covid_d.clinic.roles import Permission
from covid_d.clinic.statistics.alarm import bundle_in_alarm
from covid_d.clinic.trail.once import was_recorded
from covid_d.language import Text

router = APIRouter()
Reader = Annotated[Visitor, Depends(needs(Permission.READ_CASE))]
Settler = Annotated[Visitor, Depends(needs(Permission.READ_AS_SECOND))]


class _Front(BaseModel):
    """Which film is in front, and from which reading list the case was opened."""

    film: Annotated[int | None, Whole(1, LARGEST)] = None
    waiting: Annotated[Waiting | None, Choice()] = None


_Listed = Annotated[Filled[_Front], Depends(asked(_Front))]
_InFront = Annotated[Filled[_Front], Depends(sent(_Front))]
_Stated = Annotated[Filled[BaseModel], Depends(sent(ReadingForm))]


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
    marks
        What the case is marked with.
    consensus, disputed, settles
        What holds of several readings, whether they are in dispute, and whether the visitor may
        settle that; nothing of it before the answer may be seen.
    waiting, around
        The reading list that the case was opened from, and what stands around it there.
    sendable, sent
        Whether the visitor's reading can go back to a PACS, and whether it was ordered to.
    """

    case: Case
    film: Film | None
    open: bool
    events: list[Event]
    own: Reading | None
    others: tuple[OtherCase, ...]
    follow_up: Current
    marks: frozenset[Mark]
    consensus: Consensus | None
    disputed: bool
    settles: bool
    waiting: Waiting | None
    around: Neighbours | None
    sendable: bool
    sent: bool


@router.get("/cases/{case_id}")
def show_case(
    request: Request, visitor: Reader, case_id: CaseId, listed: _Listed, film: ChosenFilm = None
) -> Response:
    """Show a case; its answer only to whom it may be told."""
    # A list that is none shows the case all the same: addresses are typed and kept.
    waiting = listed.value.waiting if listed.value else None
    return _page(request, visitor, _load(installation(request), visitor, case_id, film, waiting))


@router.post("/cases/{case_id}/readings")
def take_reading(
    request: Request,
    visitor: Reader,
    case_id: CaseId,
    front: _InFront,
    form: _Stated,
    sent_before: AsSent,
) -> Response:
    """Record the visitor's own reading; what they typed stays when it cannot be accepted."""
    place, where = installation(request), front.sound()
    try:
        given = stated(form)
        with place.act(visitor.actor) as act:
            case = whole_case(act.session, visitor.person, case_id, lock=True)
            if not was_recorded(act, sent_before):
                readings.record_reading(act, case, visitor.person, **given)
    except InvalidInputError as error:
        return _again(request, visitor, case_id, where, form, error)
    return done(request, _address(case_id, where.film, where.waiting), notice="reading_saved")


@router.post("/cases/{case_id}/consensus")
def take_consensus(
    request: Request,
    visitor: Settler,
    case_id: CaseId,
    front: _InFront,
    form: _Stated,
    sent_before: AsSent,
) -> Response:
    """Record a third reader's reading, which settles what two others disagree on."""
    place, where = installation(request), front.sound()
    try:
        with place.act(visitor.actor) as act:
            case = whole_case(act.session, visitor.person, case_id, lock=True)
            if not was_recorded(act, sent_before):
                settle(act, case, visitor.person, **stated(form))
    except InvalidInputError as error:
        return _again(request, visitor, case_id, where, form, error)
    return done(request, _address(case_id, where.film, where.waiting), notice="consensus_saved")


@router.post("/cases/{case_id}/readings/{reading_id}/send")
def send_reading(request: Request, visitor: Reader, case_id: CaseId, reading_id: RowId) -> Response:
    """Send the visitor's own reading to the PACS that the films came from."""
    with installation(request).act(visitor.actor) as act:
        case = whole_case(act.session, visitor.person, case_id)
        readings_back.send_back(act, case, visitor.person, reading_id)
    return go_to(f"/cases/{case_id}", notice="reading_sent")


def _again(
    request: Request,
    visitor: Visitor,
    case_id: int,
    where: _Front,
    form: Filled[BaseModel],
    error: InvalidInputError,
) -> Response:
    view = _load(installation(request), visitor, case_id, where.film, where.waiting)
    return _page(request, visitor, view, form.typed, error)


def _address(case_id: int, film_id: int | None, waiting: Waiting | None = None) -> str:
    parts = {"film": film_id, "waiting": waiting.value if waiting else None}
    query = urlencode({name: part for name, part in parts.items() if part is not None})
    return f"/cases/{case_id}" + (f"?{query}" if query else "")


def _load(
    place: Installation,
    visitor: Visitor,
    case_id: int,
    film_id: int | None,
    waiting: Waiting | None,
) -> _View:
    person = visitor.person
    with place.act(visitor.actor) as act:
        session = act.session
        case = whole_case(session, person, case_id)
        film = film_of(case, film_id)
        is_open = readings.may_see_answer(session, case, person)
        if is_open:
            readings.note_answer_shown(session, case, person)
        events = history(session, case, person)
        act.record("case.view", case, answer_shown=is_open)
        own = [one for one in case.readings if one.user_id == person.id and not one.altered]
        return _View(
            case=case,
            film=film,
            open=is_open,
            events=events,
            own=own[-1] if own else None,
            others=other_cases(session, case, person),
            follow_up=current(session, case, place.clock),
            marks=marks_of(session, [case.id])[case.id],
            consensus=consensus_of(case.readings) if is_open else None,
            disputed=is_open and is_open_dispute(case.readings),
            settles=is_open and may_settle(case, person),
            waiting=waiting,
            around=neighbours(session, person, waiting, case) if waiting else None,
            sendable=bool(own) and readings_back.came_over_network(session, case.id),
            sent=bool(own) and readings_back.order_of(session, own[-1]) is not None,
        )


def _page(
    request: Request,
    visitor: Visitor,
    view: _View,
    typed: Mapping[str, str] = BLANK,
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
        here=_here(view) if error else None,
        case=view.case,
        patient=Patient.of(view.case, place.clock),
        film=view.film,
        film_number=view.case.films.index(view.film) + 1 if view.film else 0,
        words={
            key: _words(request, result, view.case.unit.name, drifting, view.follow_up)
            if result
            else None
            for key, result in results.items()
        },
        evidence_for=evidence.in_language(language_of(request)) if evidence else None,
        answered_by=front.assessment.bundle if front else None,
        film_fault=_film_fault(place, view.film),
        odd_date=_odd_date(place, view),
        open=view.open,
        events=view.events,
        own=view.own,
        others=view.others,
        prior=any(film.readable for other in view.others for film in other.films),
        current=view.follow_up,
        withheld=not view.open,
        second=readings.is_second_reader(view.case, visitor.person),
        view=view,
        marks=Mark,
        structured_of=Structured.of,
        intended_use=intended_use(view.follow_up.tests if view.open else ()),
        form=OFFERED,
        error=error,
        typed=typed,
    )


def _here(view: _View) -> str:
    return _address(view.case.id, view.film.id if view.film else None, view.waiting)


def _words(
    request: Request, result: Result, unit: str, drifting: str, known: Current
) -> ResultWords:
    return words_of(
        result,
        language_of(request),
        installation(request).clock,
        unit=unit,
        drifting=result.assessment.bundle.sha256 == drifting,
        tests=known.tests,
    )


def _results(place: Installation, view: _View) -> dict[int, Result | None]:
    """Return each film's result; nothing at all for whom it may not be told."""
    return {film.id: result_of(place, film) for film in view.case.films} if view.open else {}


def _odd_date(place: Installation, view: _View) -> Text | None:
    """Return what is odd about the day of the film in front, compared with its entry's."""
    if view.film is None:
        return None
    return date_warning(view.film.taken_on, place.clock.day_of(view.case.created_at))


def _film_fault(place: Installation, film: Film | None) -> ClinicError | None:
    """Return why the film cannot be shown, so that the rest of the page still is."""
    if film is None:
        return None
    try:
        place.films.get(film.sha256)
    except UnavailableError as error:
        return error
    return None
