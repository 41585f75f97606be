"""Pages: a new case, and its films sent ahead."""

from __future__ import annotations

import base64
import logging
from typing import Annotated, Any, Final

from fastapi import APIRouter, BackgroundTasks, Depends, Request
from fastapi.responses import Response
from sqlalchemy import exists, select
from starlette.datastructures import FormData

from covid_d.clinic.cases import intake, new_case, same_film, staging, value_sets
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
from covid_d.clinic.http import failures
from covid_d.clinic.http.render import done, language_of, page
from covid_d.clinic.http.visitor import Visitor, installation, is_form, needs
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import new_token
from covid_d.clinic.operations.strip_films import strip_films
from covid_d.clinic.pages.intake.form import Entered, contradictions
from covid_d.clinic.roles import Permission
from covid_d.detector import Examination
from covid_d.detector.cautions import AGE_TOLERANCE
from covid_d.language import N_, Text
from covid_d.radiograph import RadiographError, read
from covid_d.radiograph.sample import sample_bytes

router = APIRouter()
_log = logging.getLogger(__name__)

Clinician = Annotated[Visitor, Depends(needs(Permission.CREATE_CASE))]
_NEW: Final = "/cases/new"


async def _sent_form(request: Request, visitor: Clinician) -> FormData:
    return await request.form()


async def _sent_bytes(request: Request, visitor: Clinician) -> bytes:
    if is_form(request):  # its body was read for the token, and holds more than a film
        raise InvalidInputError({"film": N_("Send the film by itself, not in a form.")})
    return await request.body()


@router.get(_NEW)
def show_new_case(request: Request, visitor: Clinician, sample: bool = False) -> Response:
    """Show the form; with ``sample`` it comes with a film to try."""
    place = installation(request)
    entered = Entered.blank(province=_unit(place, visitor).province, submission=new_token())
    return _form(request, visitor, _sampled(request, entered) if sample else entered)


@router.post(_NEW)
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
def take_film(
    request: Request,
    visitor: Clinician,
    content: Annotated[bytes, Depends(_sent_bytes)],
    later: BackgroundTasks,
) -> Response:
    """Take one film ahead of its case; answer with its card for the form."""
    place = installation(request)
    _unit(place, visitor)
    staged = staging.stage(place, visitor.person, visitor.actor, content)
    later.add_task(_sweep_if_due, place)
    preview = None
    if staged.film is not None:
        picture = base64.b64encode(preview_png(staged.film)).decode("ascii")
        preview = f"data:image/png;base64,{picture}"
    card = _card(staged.token, staged.examination, preview)
    return page(
        request, "pages/intake/film_card.html", status=201, film=card, projections=_projections()
    )


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


def strip(place: Installation) -> None:
    """Strip films that an older version kept whole; what fails is tried again at the next start."""
    try:
        strip_films(place)
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
        GivenFilm(token=token, projection=entered.projection(token)) for token in entered.staged
    ]
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
            found = staging.find(place, visitor.person, token).examination
        except (NotFoundError, UnavailableError):
            errors["films"] = N_(
                "A radiograph sent before is no longer on the server: add it again."
            )
            continue
        preview = f"/films/staged/{token}/preview" if found.facts else None
        films.append(_card(token, found, preview, entered))
    unit = _unit(place, visitor)
    return page(
        request,
        "pages/intake/intake.html",
        status=error.status if error else 200,
        entered=entered,
        error=error,
        errors=errors,
        films=films,
        unit=unit,
        other_cases=error.cases if isinstance(error, same_film.SameFilmError) else (),
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
    token: str, found: Examination, preview: str | None, entered: Entered | None = None
) -> dict[str, Any]:
    """Return what the form shows of a film: never its answer, which may have to wait.

    Parameters
    ----------
    token
        What its case will call the film.
    found
        What is known of it.
    preview
        Address of its picture, if it has one.
    entered
        The form around it, where the server knows it.
    """
    return {
        "token": token,
        "preview": preview,
        "facts": found.facts,
        "sex": value_sets.SEXES[found.facts.sex] if found.facts and found.facts.sex else None,
        "width": found.width,
        "height": found.height,
        "refusal": found.refusal.text if found.refusal else None,
        "stated": entered.projections.get(token, "") if entered else "",
        "contradictions": contradictions(found.facts, entered) if found.facts else [],
    }


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


def _picture(content: bytes) -> Response:
    try:
        film = read(content)
    except RadiographError as error:
        raise NotFoundError from error
    return Response(preview_png(film), media_type="image/png")
