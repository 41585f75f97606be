"""Pages: what is wrong with the installation, and erasing a patient."""

from __future__ import annotations

from threading import Lock, Thread
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from covid_d.clinic.cases import national_id
from covid_d.clinic.errors import ClinicError, InvalidInputError, NotFoundError
from covid_d.clinic.fields import LARGEST, Filled, Line, Whole
from covid_d.clinic.films import FilmStoreError
from covid_d.clinic.http.forms import sent
from covid_d.clinic.http.render import go_to, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import erase, health, integrity
from covid_d.clinic.operations.erase import PatientCase
from covid_d.clinic.operations.missing_films import missing
from covid_d.clinic.roles import Permission
from covid_d.language import N_, Text

router = APIRouter(prefix="/upkeep")
Caretaker = Annotated[Visitor, Depends(needs(Permission.LOOK_AFTER))]
MOST_SHOWN: Final = 100
_checking = Lock()
_PARTS: Final[dict[str, Text]] = {
    "database": N_("The database answers"),
    "migrations": N_("The database is of this version"),
    "films": N_("Every film is in its folder"),
    "film_folder": N_("Films can be stored"),
    "disk_space": N_("The disk has room"),
    "bundle": N_("The model can be used"),
    "integrity": N_("The last check found nothing"),
}


class _Whom(BaseModel):
    """Whose data are to be erased: by one of their cases, or by their cédula."""

    case: Annotated[int | None, Whole(1, LARGEST)] = None
    digits: Annotated[str, Line(20)] = ""


class _Confirmed(BaseModel):
    """The cases that were shown, and the number that was typed to confirm."""

    cases: Annotated[str, Line(2000, needed=True)]
    typed: Annotated[int | None, Whole(1, LARGEST)] = None


@router.get("")
def show(request: Request, visitor: Caretaker) -> Response:
    """Show which parts work, and what the last check found."""
    place = installation(request)
    found = integrity.last(place)
    try:
        gone = missing(place)
    except FilmStoreError:
        gone = []  # which are missing nobody knows; the parts below say that it does not answer
    return page(
        request,
        "pages/administration/upkeep.html",
        # What was never checked is not said to be whole.
        parts=[
            (_PARTS[name], works)
            for name, works in health.checks(place).items()
            if name != "integrity" or found is not None
        ],
        missing=gone[:MOST_SHOWN],
        more=max(0, len(gone) - MOST_SHOWN),
        found=found,
        checking=_checking.locked(),
    )


@router.post("/check")
def begin_check(request: Request, visitor: Caretaker) -> Response:
    """Begin to read every film, row and entry; it takes as long as there are films."""
    place = installation(request)
    if _checking.acquire(blocking=False):
        Thread(target=_check, args=(place,), name="check", daemon=True).start()
    return go_to("/upkeep", notice="checking")


@router.get("/erase")
def ask_whom(request: Request, visitor: Caretaker) -> Response:
    """Ask whose data are to be erased."""
    return _ask(request, {"case": "", "digits": ""})


@router.post("/erase")
def show_what(
    request: Request, visitor: Caretaker, form: Annotated[Filled[_Whom], Depends(sent(_Whom))]
) -> Response:
    """Show what would be erased, and what holds the patient elsewhere."""
    place = installation(request)
    try:
        cases = _find(place, form.sound())
    except ClinicError as error:
        return _ask(request, form.typed, error)
    return _confirm(request, place, cases)


@router.post("/erase/confirmed")
def erase_patient(
    request: Request,
    visitor: Caretaker,
    form: Annotated[Filled[_Confirmed], Depends(sent(_Confirmed))],
) -> Response:
    """Erase the cases that were shown; the number of the first must have been typed."""
    place = installation(request)
    named = form.value.cases if form.value else form.typed["cases"]
    wanted = [int(word) for word in named.split(",") if word.isdecimal()]
    if not wanted or max(wanted) > LARGEST:
        raise NotFoundError
    cases = erase.find(place, case_id=wanted[0])
    typed = form.value.typed if form.value else None  # what is no number is none of a case either
    if {case.id for case in cases} != set(wanted) or typed != cases[0].id:
        fault = N_("Type the number of the first case, as it stands above.")
        return _confirm(request, place, cases, InvalidInputError({"typed": fault}))
    remains = erase.remains(place, cases)
    erase.erase(place, visitor.actor, wanted)
    return page(request, "pages/administration/erased.html", cases=cases, remains=remains)


def _find(place: Installation, whom: _Whom) -> tuple[PatientCase, ...]:
    digits = national_id.normalise(whom.digits)
    if bool(digits) == (whom.case is not None):
        raise InvalidInputError({"case": N_("Give a case number or a cédula, one of the two.")})
    try:
        return erase.find(place, case_id=whom.case, digits=digits or None)
    except NotFoundError:
        name = "digits" if digits else "case"
        raise InvalidInputError({name: N_("Nobody is found by this.")}) from None


def _ask(request: Request, typed: object, error: ClinicError | None = None) -> Response:
    return page(
        request,
        "pages/administration/erase.html",
        here="/upkeep/erase",
        typed=typed,
        error=error,
        cases=(),
    )


def _confirm(
    request: Request,
    place: Installation,
    cases: tuple[PatientCase, ...],
    error: ClinicError | None = None,
) -> Response:
    return page(
        request,
        "pages/administration/erase.html",
        here="/upkeep/erase",
        typed={},
        error=error,
        cases=cases,
        remains=erase.remains(place, cases),
    )


def _check(place: Installation) -> None:
    try:
        integrity.check(place)
    finally:
        _checking.release()
