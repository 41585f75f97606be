"""Pages: the report of a case, to be printed or as PDF."""

from __future__ import annotations

import base64
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from covid_d.clinic.cases.report import make_report, pictures_of
from covid_d.clinic.http.parameters import CaseId
from covid_d.clinic.http.render import language_of, page
from covid_d.clinic.http.visitor import Visitor, installation, needs
from covid_d.clinic.pages.case.result_advice import intended_use
from covid_d.clinic.pages.case.result_words import base_of
from covid_d.clinic.pages.report.address import case_address, qr_png
from covid_d.clinic.pages.report.pdf import draw_report, words_of_films
from covid_d.clinic.roles import Permission
from covid_d.clinic.statistics.alarm import bundle_in_alarm

router = APIRouter(prefix="/cases/{case_id}")
Reader = Annotated[Visitor, Depends(needs(Permission.READ_CASE))]
Named = Literal["yes", "no"]


@router.get("/report")
def show_report(
    request: Request, visitor: Reader, case_id: CaseId, national_id: Named = "no"
) -> Response:
    """Show the report; the cédula only when asked for."""
    place = installation(request)
    report, case = make_report(
        place, visitor.person, visitor.actor, case_id, with_national_id=national_id == "yes"
    )
    language = language_of(request)
    code = qr_png(case_address(request, case_id))
    words = words_of_films(
        report, language, place.clock, drifting=bundle_in_alarm(place, case.unit_id)
    )
    return page(
        request,
        "pages/report/report.html",
        report=report,
        words=words,
        base=base_of(words.values()),
        qr=f"data:image/png;base64,{base64.b64encode(code).decode('ascii')}",
        missing=[
            number
            for number, film in enumerate(case.films, start=1)
            if not place.films.has(film.sha256)
        ],
        intended_use=intended_use(report.facts),
        can_name=case.national_id_encrypted is not None,
    )


@router.get("/report.pdf")
def send_pdf(
    request: Request, visitor: Reader, case_id: CaseId, national_id: Named = "no"
) -> Response:
    """Send the report as PDF; its name carries the case's number, not the patient."""
    place = installation(request)
    report, case = make_report(
        place, visitor.person, visitor.actor, case_id, with_national_id=national_id == "yes"
    )
    pictures = {film.id: pictures_of(place, film) for film in case.films}
    return Response(
        draw_report(
            report,
            pictures,
            language_of(request),
            place.clock,
            address=case_address(request, case_id),
            drifting=bundle_in_alarm(place, case.unit_id),
        ),
        media_type="application/pdf",
        headers={
            "content-disposition": f'inline; filename="covid-d-{report.case_id}.pdf"',
            "cache-control": "private, no-store",
        },
    )
