"""API: submit, list and get cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile

from covid_d.clinic.api.access import Creator, Reader
from covid_d.clinic.api.answers import CaseAnswer, CasePage, StoredAnswer, stored_answers
from covid_d.clinic.api.parameters import CaseNumber
from covid_d.clinic.api.words import _
from covid_d.clinic.cases import readings
from covid_d.clinic.cases.intake import GivenFilm, NewCase, create_case
from covid_d.clinic.cases.load_case import whole_case
from covid_d.clinic.cases.new_case import AGES, DOSES, SPO2
from covid_d.clinic.cases.reading_list import Waiting
from covid_d.clinic.cases.worklist import HIGHEST_NUMBER, PAGE_SIZE, Filters, Sort, list_cases
from covid_d.clinic.fields import Choice, Day, Line, Whole
from covid_d.clinic.follow_up import facts as follow_up
from covid_d.clinic.follow_up.laboratory import ResultToDate
from covid_d.clinic.http.film_threads import on_film_threads
from covid_d.clinic.http.visitor import Visitor, installation
from covid_d.detector import Outcome
from covid_d.radiograph import Projection

router = APIRouter(tags=["cases"])
LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class CaseForm:
    """A case as a program sends it: a multipart form, films included."""

    province: Annotated[str, Form(description=_("Where the patient lives: a province's name."))]
    films: Annotated[
        list[UploadFile],
        File(description=_("The films: DICOM, PNG, JPEG or TIFF, as exported.")),
    ]
    patient_code: Annotated[
        str, Form(description=_("The unit's code; may be left out when a cédula is sent."))
    ] = ""
    national_id: Annotated[str | None, Form(description=_("Cédula; its check digit counts."))] = (
        None
    )
    age_years: Annotated[int | None, Whole(*AGES), Form(description=_("Age in whole years."))] = (
        None
    )
    adult: Annotated[
        bool | None, Form(description=_("Whether the patient is an adult, without an age."))
    ] = None
    sex: Annotated[str | None, Form(description=_("F, M or O."))] = None
    symptom_onset: Annotated[
        date | None, Day(), Form(description=_("Day on which the first symptom began."))
    ] = None
    symptoms: Annotated[tuple[str, ...], Form(description=_("Codes of symptoms."))] = ()
    comorbidities: Annotated[tuple[str, ...], Form(description=_("Codes of other illnesses."))] = ()
    spo2: Annotated[
        int | None, Whole(*SPO2), Form(description=_("Oxygen saturation in per cent."))
    ] = None
    on_oxygen: Annotated[
        bool | None,
        Form(description=_("Whether it was measured on oxygen; false when breathing air.")),
    ] = None
    vaccine_doses: Annotated[
        int | None, Whole(*DOSES), Form(description=_("Doses against COVID-19 so far."))
    ] = None
    research_consent: Annotated[
        bool, Form(description=_("Whether the patient agreed to research."))
    ] = False
    notes: Annotated[str, Form(description=_("Free words."))] = ""
    projection: Annotated[
        Projection | None, Choice(), Form(description=_("Of films whose file does not state it."))
    ] = None
    taken_on: Annotated[
        date | None, Day(), Form(description=_("Day of films whose file does not state it."))
    ] = None
    same_film_reason: Annotated[
        str,
        Form(description=_("Why a film is sent that another patient's case holds already.")),
    ] = ""
    submission: Annotated[
        str | None,
        Form(description=_("Your own name of this request: sent twice, it makes one case.")),
    ] = None

    def new_case(self, unit_id: int) -> NewCase:
        """Return the case, of the caller's own unit."""
        return NewCase(
            patient_code=self.patient_code,
            unit_id=unit_id,
            province=self.province,
            national_id=self.national_id,
            age_years=self.age_years,
            adult=self.adult,
            sex=self.sex,
            symptom_onset=self.symptom_onset,
            symptoms=self.symptoms,
            comorbidities=self.comorbidities,
            spo2=self.spo2,
            on_oxygen=self.on_oxygen,
            vaccine_doses=self.vaccine_doses,
            research_consent=self.research_consent,
            notes=self.notes,
        )

    def given_films(self) -> list[GivenFilm]:
        """Return the films as the intake takes them."""
        return [
            GivenFilm(film.file.read(), self.projection, taken_on=self.taken_on)
            for film in self.films
        ]


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which cases to list."""

    text: Annotated[
        str, Line(80), Query(description=_("Part of a patient code, or a case number."))
    ] = ""
    since: Annotated[date | None, Day(), Query(description=_("First day of entry."))] = None
    until: Annotated[date | None, Day(), Query(description=_("Last day of entry."))] = None
    outcome: Annotated[
        Outcome | None,
        Choice(),
        Query(description=_("What the model said, where you may know it.")),
    ] = None
    laboratory: Annotated[
        ResultToDate | None, Choice(), Query(description=_("What the laboratory says so far."))
    ] = None
    province: Annotated[str | None, Line(80), Query(description=_("Where the patient lives."))] = (
        None
    )
    sex: Annotated[str | None, Line(80), Query(description=_("F, M or O."))] = None
    own: Annotated[bool, Query(description=_("Only cases that you entered."))] = False
    waiting: Annotated[
        Waiting | None,
        Choice(),
        Query(
            description=_(
                "A reading list: unread (by you), second (reading due), disputed (readers "
                "disagree), laboratory (it disagrees with the model), urgent. A case that you have "
                "yet to read blind is in none that would tell you more."
            )
        ),
    ] = None
    sort: Annotated[Sort, Choice(), Query(description=_("In which order."))] = Sort.NEWEST

    def filters(self) -> Filters:
        """Return the filters of the worklist."""
        return Filters(
            text=self.text,
            since=self.since,
            until=self.until,
            outcome=self.outcome,
            laboratory=self.laboratory,
            province=self.province,
            sex=self.sex,
            own=self.own,
            waiting=self.waiting,
            sort=self.sort,
        )


@router.post(
    "/cases",
    status_code=201,
    summary=_("Submit a case with its films"),
    description=_(
        "A case is stored whole or not at all. A film that the model refuses is stored too, with "
        "the reason. In a unit that reads blind the answer is withheld until your own reading."
    ),
)
@on_film_threads
def submit_case(
    request: Request, response: Response, caller: Creator, form: Annotated[CaseForm, Depends()]
) -> CaseAnswer:
    """Create a case of the caller's unit and return it."""
    person = caller.person
    case_id = create_case(
        installation(request),
        person,
        caller.actor,
        form.new_case(person.unit_id or 0),
        form.given_films(),
        submission=form.submission,
        same_film_reason=form.same_film_reason,
    )
    response.headers["location"] = f"/api/v1/cases/{case_id}"
    return told_case(request, caller, case_id)


@router.get(
    "/cases",
    summary=_("List cases"),
    description=_("One page of the cases of your unit, filtered and sorted."),
)
def get_cases(
    request: Request,
    caller: Reader,
    query: Annotated[ListQuery, Depends()],
    page: Annotated[int, Whole(1, HIGHEST_NUMBER), Query(description=_("Which page."))] = 1,
    size: Annotated[
        int, Whole(1, LARGEST_PAGE), Query(description=_("How many cases a page has."))
    ] = PAGE_SIZE,
) -> CasePage:
    """Return one page of your unit's cases."""
    place = installation(request)
    with place.reading() as session:
        found = list_cases(
            session, caller.person, query.filters(), clock=place.clock, number=page, size=size
        )
    with place.act(caller.actor) as act:
        act.record("case.list", "cases", cases=[row.id for row in found.rows], total=found.total)
    return CasePage.of(found)


@router.get(
    "/cases/{case_id}",
    summary=_("Get a case"),
    description=_("A case of your unit with its films, answers and follow-up."),
)
def get_case(request: Request, caller: Reader, case_id: CaseNumber) -> CaseAnswer:
    """Return a case of your unit with its films, answers and follow-up."""
    return told_case(request, caller, case_id)


@router.get(
    "/cases/{case_id}/assessments",
    summary=_("Get what the model said of a case"),
    description=_(
        "Every answer about its films. In blind mode it is an error (reading_first) before your "
        "own reading of the case."
    ),
)
def get_assessments(request: Request, caller: Reader, case_id: CaseNumber) -> list[StoredAnswer]:
    """Return every answer about a case's films, to whom they may be told."""
    with installation(request).act(caller.actor) as act:
        case = whole_case(act.session, caller.person, case_id)
        if not readings.may_see_answer(act.session, case, caller.person):
            raise readings.ReadingFirstError
        readings.note_answer_shown(act.session, case, caller.person)
        act.record("case.view", case, answer_shown=True, api=True)
    return stored_answers(case.films)


def told_case(request: Request, caller: Visitor, case_id: int) -> CaseAnswer:
    """Return a case as its caller may see it; the view is recorded."""
    with installation(request).act(caller.actor) as act:
        case = whole_case(act.session, caller.person, case_id)
        told = follow_up.told(act.session, case, caller.person)
        if not told.withheld:
            readings.note_answer_shown(act.session, case, caller.person)
        act.record("case.view", case, answer_shown=not told.withheld, api=True)
    return CaseAnswer.of(case, told, installation(request).clock)
