"""Pages: a new case, and its films sent ahead."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, Final

from fastapi import APIRouter, BackgroundTasks, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import exists, select
from starlette.datastructures import FormData

from covid_d.clinic import sentences
from covid_d.clinic.arrivals import lists
from covid_d.clinic.cases import (
    intake,
    new_case,
    same_film,
    staging,
    straightening,
    value_sets,
)
from covid_d.clinic.cases.film_date import date_warning
from covid_d.clinic.cases.intake import GivenFilm, create_case
from covid_d.clinic.cases.preview import preview_png
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.database.cases import Case
from covid_d.clinic.errors import (
    ClinicError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from covid_d.clinic.fields import LARGEST, Choice, Filled, Whole
from covid_d.clinic.http import failures
from covid_d.clinic.http.film_threads import on_film_threads
from covid_d.clinic.http.forms import asked
from covid_d.clinic.http.render import done, language_of, page
from covid_d.clinic.http.visitor import Visitor, installation, is_form, needs
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import new_token
from covid_d.clinic.operations.film_prints import is_print_due, make_prints
from covid_d.clinic.operations.strip_films import is_strip_due, strip_films
from covid_d.clinic.pages.intake.form import TAKEN, Entered, contradictions
from covid_d.clinic.roles import Permission
from covid_d.detector.cautions import AGE_TOLERANCE
from covid_d.language import N_, Text
from covid_d.radiograph import RadiographError, read
from covid_d.radiograph.sample import sample_bytes

router = APIRouter()
_log = logging.getLogger(__name__)

Clinician = Annotated[Visitor, Depends(needs(Permission.CREATE_CASE))]
_NEW: Final = "/cases/new"
_LARGE: Final = 1600  # pixels of the photograph on which corners are placed


class _Corners(BaseModel):
    """Four corners in shares of a photograph's sides, clockwise from the upper left."""

    corners: Annotated[list[tuple[float, float]], Field(min_length=4, max_length=4)]


class _Came(BaseModel):
    """Which study from the PACS the case is of, and whether its patient is the known one."""

    arrival: Annotated[int | None, Whole(1, LARGEST)] = None
    same: Annotated[str | None, Choice(("1",))] = None


async def _sent_form(request: Request, visitor: Clinician) -> FormData:
    return await request.form()


async def _sent_bytes(request: Request, visitor: Clinician) -> bytes:
    if is_form(request):  # its body was read for the token, and holds more than a film
        raise InvalidInputError({"film": N_("Send the film by itself, not in a form.")})
    return await request.body()


@router.get(_NEW)
def show_new_case(
    request: Request,
    visitor: Clinician,
    came: Annotated[Filled[_Came], Depends(asked(_Came))],
    sample: bool = False,
) -> Response:
    """Show the form; with ``sample`` it comes with a film to try, or with films from the PACS."""
    place = installation(request)
    if came.value is not None and came.value.arrival is not None:
        return _form(request, visitor, _arrived(place, visitor, came.value))
    entered = Entered.blank(province=_unit(place, visitor).province, submission=new_token())
    return _form(request, visitor, _sampled(request, entered) if sample else entered)


@router.post(_NEW)
@on_film_threads
def take_new_case(
    request: Request, visitor: Clinician, form: Annotated[FormData, Depends(_sent_form)]
) -> Response:
    """Accept the case, or show the form again with all that was typed and sent."""
    place, entered = installation(request), Entered.of(form)
    error: ClinicError | None = None
    try:
        for upload in entered.uploads:
            staged = staging.stage(place, visitor.person, visitor.actor, upload.file.read())
            entered = entered.with_film(staged.token, staged.examination)
        removed = form.get("remove")
        if isinstance(removed, str):
            _discard(place, visitor, removed)
            return _form(request, visitor, entered.without(removed))
        if form.get("check") == "yes":
            return _form(request, visitor, entered)
        return _saved(request, _create(place, visitor, entered))
    except Exception as failure:
        error = failures.known(failure)
        if error is None:
            raise
    return _form(request, visitor, entered, error)


@router.post("/films/staged")
@on_film_threads
def take_film(
    request: Request,
    visitor: Clinician,
    content: Annotated[bytes, Depends(_sent_bytes)],
    later: BackgroundTasks,
) -> Response:
    """Take one film ahead of its case; answer with its card for the form."""
    place = installation(request)
    _unit(place, visitor)
    staged = staging.stage(place, visitor.person, visitor.actor, content, preview=True)
    later.add_task(_sweep_if_due, place)
    return _new_card(request, place, staged)


@router.get("/films/staged/{token}/photograph")
def show_photograph(request: Request, visitor: Clinician, token: str) -> Response:
    """Return a photograph sent ahead, whole, in its own colours, to place the corners on."""
    stream = io.BytesIO()
    picture = straightening.picture_of(installation(request), visitor.person, token, _LARGE)
    picture.save(stream, "PNG", compress_level=1)
    return Response(stream.getvalue(), media_type="image/png")


@router.get("/films/staged/{token}/corners")
def propose_corners(request: Request, visitor: Clinician, token: str) -> Response:
    """Return where the film seems to lie on a photograph sent ahead."""
    proposal = straightening.propose(installation(request), visitor.person, token)
    return JSONResponse({"corners": proposal.corners, "found": proposal.found})


@router.post("/films/staged/{token}/straightened")
@on_film_threads
def straighten(
    request: Request,
    visitor: Clinician,
    token: str,
    content: Annotated[bytes, Depends(_sent_bytes)],
) -> Response:
    """Straighten a photograph sent ahead; answer with the card of the film that came of it."""
    place = installation(request)
    _unit(place, visitor)
    try:
        corners = _Corners.model_validate_json(content).corners
    except ValidationError as error:
        raise InvalidInputError({straightening.FIELD: sentences.UNREADABLE}) from error
    staged = straightening.straighten_film(place, visitor.person, visitor.actor, token, corners)
    return _new_card(request, place, staged, original=token)


@router.get("/films/staged/{token}/preview")
def show_preview(request: Request, visitor: Clinician, token: str) -> Response:
    """Return the picture of a film sent ahead."""
    place = installation(request)
    found = staging.find(place, visitor.person, token)
    return _picture(place.films.get(found.sha256))


@router.post("/films/staged/{token}/remove")
def remove_film(request: Request, visitor: Clinician, token: str) -> Response:
    """Take a film off the form."""
    _discard(installation(request), visitor, token)
    return Response(status_code=204)


@router.get("/films/sample/preview")
def show_sample(visitor: Clinician) -> Response:
    """Return the picture of the sample film."""
    return _picture(sample_bytes())


def sweep(place: Installation) -> None:
    """Sweep films that no case names; a failure is logged and tried again another time."""
    try:
        staging.sweep(place)
    except Exception as error:
        if failures.known(error) is None:
            raise


def is_behind(place: Installation) -> bool:
    """Return whether films that an older version kept, or a backup brought, lack something."""
    return is_strip_due(place) or is_print_due(place)


def catch_up(place: Installation) -> None:
    """Strip films that an older version kept whole, then make what finds copies of films.

    What fails is tried again at the next start.
    """
    try:
        strip_films(place)
        make_prints(place)
    except Exception as error:
        if failures.known(error) is None:
            raise


def _sweep_if_due(place: Installation) -> None:
    if staging.is_sweep_due(place):
        sweep(place)


def _create(place: Installation, visitor: Visitor, entered: Entered) -> int:
    unit_id = visitor.person.unit_id or 0  # 0 is no unit: the case's own check says so
    case, wrong = entered.to_case(unit_id)
    films = [
        GivenFilm(
            token=token,
            projection=entered.projection(token),
            taken_on=entered.taken_on(token),
        )
        for token in entered.staged
    ]
    wrong |= entered.faults_of_films(place.clock.today())
    if entered.sample:
        films.append(GivenFilm(sample_bytes()))
    if wrong:
        faults = new_case.faults(
            case, visitor.person, place.settings.national_id, place.clock.today()
        )
        raise InvalidInputError(faults | wrong)
    submission = entered.typed["submission"] or None
    return create_case(
        place,
        visitor.person,
        visitor.actor,
        case,
        films,
        submission=submission,
        same_film_reason=entered.typed[same_film.FIELD],
    )


def _discard(place: Installation, visitor: Visitor, token: str) -> None:
    with place.writing() as session:
        staging.forget(session, visitor.person, [token])


def _saved(request: Request, number: int) -> Response:
    return done(request, f"/cases/{number}", notice="case_saved")


def _form(
    request: Request, visitor: Visitor, entered: Entered, error: ClinicError | None = None
) -> Response:
    place = installation(request)
    errors = dict(error.fields) if isinstance(error, InvalidInputError) else {}
    films = []
    for token in entered.staged:
        try:
            staged = staging.find(place, visitor.person, token)
        except (NotFoundError, UnavailableError):
            errors["films"] = N_(
                "A radiograph sent before is no longer on the server: add it again."
            )
            continue
        preview = f"/films/staged/{token}/preview" if staged.examination.facts else None
        films.append(_card(place, staged, preview, entered, errors))
    unit = _unit(place, visitor)
    return page(
        request,
        "pages/intake/intake.html",
        entered=entered,
        error=error,
        errors=errors,
        films=films,
        unit=unit,
        twins=_twins(place, visitor, entered, error),
        longest_reason=same_film.LONGEST_REASON,
        first=not entered.sample and _is_first(place, unit),
        keeping=place.settings.national_id,
        max_mb=place.settings.max_upload_mb,
        limits=new_case,
        today=place.clock.today(),
        max_films=intake.MAX_FILMS,
        age_tolerance=AGE_TOLERANCE,
        **_choices(),
    )


def _twins(
    place: Installation, visitor: Visitor, entered: Entered, error: ClinicError | None
) -> list[dict[str, Any]]:
    """Return the other patients' films that stopped the case, each with the one it looks like."""
    if not isinstance(error, same_film.SameFilmError):
        return []
    tokens = {}
    for token in entered.staged:
        with suppress(NotFoundError, UnavailableError):
            tokens[staging.find(place, visitor.person, token).sha256] = token
    return [{"film": twin, "token": tokens.get(twin.sha256)} for twin in error.twins]


def _choices() -> dict[str, Any]:
    return {
        "provinces": list(value_sets.PROVINCES.items()),
        "sexes": list(value_sets.SEXES.items()),
        "symptoms": list(value_sets.SYMPTOMS.items()),
        "comorbidities": list(value_sets.COMORBIDITIES.items()),
        "projections": _projections(),
    }


def _projections() -> list[tuple[str, Text]]:
    return list(value_sets.PROJECTIONS.items())


def _card(
    place: Installation,
    staged: staging.Staged,
    preview: str | None,
    entered: Entered | None = None,
    errors: Mapping[str, Text] = MappingProxyType({}),
    original: str = "",
) -> dict[str, Any]:
    """Return what the form shows of a film: never its answer, which may have to wait.

    Parameters
    ----------
    place
        The installation.
    staged
        The film.
    preview
        Address of its picture, if it has one.
    entered
        The form around it, where the server knows it.
    errors
        What is wrong with the form's fields.
    original
        Token of the photograph that it was made of, where it was just straightened.
    """
    token, found, today = staged.token, staged.examination, place.clock.today()
    taken_on = staged.kept.taken_on or (entered.taken_on(token) if entered else None)
    return {
        "token": token,
        "original": original or (entered.originals.get(token, "") if entered else ""),
        "straightened": staged.kept.straightened is not None,
        "taken_on": staged.kept.taken_on,
        "taken_typed": entered.taken.get(token, "") if entered else "",
        "taken_error": errors.get(f"{TAKEN}{token}"),
        "taken_warning": date_warning(taken_on, today),
        "today": today,
        "preview": preview,
        "facts": found.facts,
        "sex": value_sets.SEXES[found.facts.sex] if found.facts and found.facts.sex else None,
        "width": found.width,
        "height": found.height,
        "refusal": found.refusal.text if found.refusal else None,
        "stated": entered.projections.get(token, "") if entered else "",
        "contradictions": contradictions(found.facts, entered) if found.facts else [],
    }


def _new_card(
    request: Request, place: Installation, staged: staging.Staged, *, original: str = ""
) -> Response:
    preview = None
    if staged.preview is not None:
        picture = base64.b64encode(staged.preview).decode("ascii")
        preview = f"data:image/png;base64,{picture}"
    card = _card(place, staged, preview, original=original)
    return page(
        request, "pages/intake/film_card.html", status=201, film=card, projections=_projections()
    )


def _unit(place: Installation, visitor: Visitor) -> Unit:
    with place.reading() as session:
        unit = session.get(Unit, visitor.person.unit_id) if visitor.person.unit_id else None
    if unit is None or not unit.active:
        raise ForbiddenError(N_("You belong to no health unit yet."), code="no_unit")
    return unit


def _is_first(place: Installation, unit: Unit) -> bool:
    with place.reading() as session:
        return not session.scalar(select(exists().where(Case.unit_id == unit.id)))


def _sampled(request: Request, entered: Entered) -> Entered:
    language = language_of(request)
    film = read(sample_bytes())
    typed = entered.typed | {
        "patient_code": N_("SAMPLE").in_language(language),
        "notes": N_("Sample film: no patient.").in_language(language),
        "age_years": str(int(film.facts.age_years)) if film.facts.age_years else "",
        "sex": film.facts.sex.value if film.facts.sex else "",
    }
    return Entered(typed, sample=True)


def _arrived(place: Installation, visitor: Visitor, came: _Came) -> Entered:
    """Return the form as films from the PACS fill it in."""
    _unit(place, visitor)
    with place.reading() as session:
        study = lists.study_of(session, place, visitor.person, came.arrival or 0)
        case = lists.form_of(session, place, visitor.person, study, same=came.same is not None)
    blank = Entered.blank(
        patient_code=case.patient_code,
        national_id=case.national_id or "",
        age_years="" if case.age_years is None else str(case.age_years),
        sex=case.sex or "",
        province=case.province,
        submission=new_token(),
    )
    return replace(blank, staged=study.tokens)


def _picture(content: bytes) -> Response:
    try:
        film = read(content)
    except RadiographError as error:
        raise NotFoundError from error
    return Response(preview_png(film), media_type="image/png")
