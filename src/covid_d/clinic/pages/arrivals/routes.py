"""Pages: films from the PACS that wait for somebody's word, and the queue of its node."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.arrivals import entry, lists, node_queue
from covid_d.clinic.errors import ClinicError, InvalidInputError, UnavailableError
from covid_d.clinic.fields import LARGEST, Choice, Filled, Line, Whole
from covid_d.clinic.http.forms import asked, sent
from covid_d.clinic.http.parameters import RowId
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.roles import Permission
from covid_d.pacs.tables import DeliveryState, FilmState

router = APIRouter()
_Clinician = Annotated[Visitor, Depends(needs(Permission.CREATE_CASE))]
_Caretaker = Annotated[Visitor, Depends(needs(Permission.LOOK_AFTER))]
_STATES = tuple(dict.fromkeys(state.value for state in (*FilmState, *DeliveryState)))


class _Reason(BaseModel):
    """Why a study becomes no case."""

    reason: Annotated[str, Line(entry.LONGEST_REASON)] = ""


class _Which(BaseModel):
    """Which films of the queue are shown."""

    state: Annotated[str | None, Choice(_STATES)] = None


class _Film(BaseModel):
    """Which film is tried again; without one, all."""

    film: Annotated[int | None, Whole(1, LARGEST)] = None


@router.get("/arrivals")
def show_arrivals(request: Request, visitor: _Clinician) -> Response:
    """Show what waits in the visitor's unit, and how far the rest is."""
    place = installation(request)
    with place.act(visitor.actor) as act:
        waiting = lists.waiting_studies(act.session, place, visitor.person)
        past = lists.past_arrivals(act.session, place, visitor.person)
        act.record("arrival.list", "arrivals", waiting=len(waiting))
    error: ClinicError | None = None
    try:
        deliveries = node_queue.deliveries_of(place, [each.fingerprint for each in past])
    except UnavailableError as failure:
        deliveries, error = {}, failure
    return page(
        request,
        "pages/arrivals/arrivals.html",
        waiting=waiting,
        past=past,
        deliveries=deliveries,
        states=node_queue.DELIVERY_STATES,
        joined=node_queue.is_joined(place),
        error=error,
    )


@router.get("/arrivals/{number}")
def show_arrival(request: Request, visitor: _Clinician, number: RowId) -> Response:
    """Show a study that waits, beside the patient whose it may be."""
    return _study(request, visitor, number)


@router.post("/arrivals/{number}/set-aside")
def set_aside(
    request: Request,
    visitor: _Clinician,
    number: RowId,
    form: Annotated[Filled[_Reason], Depends(sent(_Reason))],
) -> Response:
    """Set a study aside, with a reason."""
    place = installation(request)
    try:
        reason = form.sound().reason
        entry.set_aside(place, visitor.person, visitor.actor, number, reason)
    except InvalidInputError as error:
        return _study(request, visitor, number, error, form.typed.get("reason", ""))
    return go_to("/arrivals", notice="arrival_set_aside")


@router.get("/pacs-queue")
def show_queue(
    request: Request,
    visitor: _Caretaker,
    which: Annotated[Filled[_Which], Depends(asked(_Which))],
) -> Response:
    """Show the node's queue: no patient, no answer."""
    place = installation(request)
    state = which.value.state if which.value else None
    error: ClinicError | None = None
    try:
        found = node_queue.view(place, state=state)
    except UnavailableError as failure:
        found, error = None, failure
    return page(
        request,
        "pages/arrivals/queue.html",
        found=found,
        chosen=state or "",
        film_states=node_queue.FILM_STATES,
        states=node_queue.DELIVERY_STATES,
        films_in=node_queue.FILMS_IN,
        deliveries_in=node_queue.DELIVERIES_IN,
        error=error,
    )


@router.post("/pacs-queue/retry")
def retry(
    request: Request,
    visitor: _Caretaker,
    form: Annotated[Filled[_Film], Depends(sent(_Film))],
) -> Response:
    """Try again what failed or waits."""
    node_queue.retry(installation(request), visitor.actor, form.sound().film)
    return go_to("/pacs-queue", notice="queue_retried")


def _study(
    request: Request,
    visitor: Visitor,
    number: int,
    error: InvalidInputError | None = None,
    typed: str = "",
) -> Response:
    place = installation(request)
    with place.act(visitor.actor) as act:
        study = lists.study_of(act.session, place, visitor.person, number)
        act.record("arrival.view", f"arrival:{number}")
        return page(
            request,
            "pages/arrivals/arrival.html",
            here=f"/arrivals/{number}",
            study=study,
            error=error,
            typed=typed,
            longest=entry.LONGEST_REASON,
        )
