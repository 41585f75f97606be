"""API: the model's answer about one film that no case keeps."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile

from covid_d.clinic.api.access import Creator
from covid_d.clinic.api.answers import AssessmentAnswer
from covid_d.clinic.api.words import _
from covid_d.clinic.cases.assess_without_case import assess_alone
from covid_d.clinic.http.film_threads import on_film_threads
from covid_d.clinic.http.visitor import installation
from covid_d.detector import Stated
from covid_d.radiograph import Projection, Sex

router = APIRouter(tags=["assessments"])


@router.post(
    "/assessments",
    summary=_("Get an answer about one film, storing nothing"),
    description=_(
        "Neither the film nor the answer is kept. What you state of the patient is compared with "
        "what the film's file states, and an answer warns of a difference. In a unit that reads "
        "blind it is an error (blind_mode), since nobody's own reading would come first."
    ),
)
@on_film_threads
def assess_film(
    request: Request,
    caller: Creator,
    film: Annotated[
        UploadFile, File(description=_("The film: DICOM, PNG, JPEG or TIFF, as exported."))
    ],
    projection: Annotated[
        Projection | None, Form(description=_("Of a film whose file does not state it."))
    ] = None,
    age_years: Annotated[
        int | None, Form(ge=0, le=120, description=_("Age in whole years."))
    ] = None,
    adult: Annotated[
        bool | None, Form(description=_("Whether the patient is an adult, without an age."))
    ] = None,
    sex: Annotated[Sex | None, Form(description=_("F, M or O."))] = None,
    prevalence: Annotated[
        float | None,
        Form(
            gt=0, lt=1, description=_("Share of COVID-19 to assume; left out, that of your unit.")
        ),
    ] = None,
) -> AssessmentAnswer:
    """Answer one film without a case."""
    assessment = assess_alone(
        installation(request),
        caller.person,
        caller.actor,
        film.file.read(),
        Stated(projection=projection, age_years=age_years, adult=adult, sex=sex),
        prevalence=prevalence,
    )
    return AssessmentAnswer.of(assessment)
