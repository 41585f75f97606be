"""API: a case's follow-up."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from covid_d.clinic.api.access import Author, Reader
from covid_d.clinic.api.answers import FollowUpAnswer
from covid_d.clinic.api.parameters import CaseNumber
from covid_d.clinic.api.words import _
from covid_d.clinic.cases.access import case_of
from covid_d.clinic.fields import LARGEST, Choice, Day, Line, Whole, Words
from covid_d.clinic.follow_up import facts as follow_up
from covid_d.clinic.follow_up.entry import LONGEST_NOTES, LONGEST_REASON, Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.http.visitor import Visitor, installation

router = APIRouter(tags=["follow-up"])


class NewFollowUp(BaseModel):
    """An entry, or the correction of one."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[EntryKind, Choice()] = Field(description=_("What the entry is about."))
    value: Annotated[str, Line(40)] = Field(
        description=_(
            "For rt_pcr and antigen: positive, negative, indeterminate. For diagnosis: an ICD-10 "
            "code that the clinic offers, or other with notes. For outcome: discharged, admitted, "
            "icu, died. For consent: given, withdrawn. In a correction also void."
        ),
    )
    day: Annotated[date | None, Day()] = Field(
        default=None, description=_("Day of the sample, or of the outcome.")
    )
    notes: Annotated[str, Words(LONGEST_NOTES)] = Field(default="", description=_("Free words."))
    supersedes: Annotated[int | None, Whole(1, LARGEST)] = Field(
        default=None,
        description=_("Number of the entry that it corrects."),
    )
    reason: Annotated[str, Line(LONGEST_REASON)] = Field(
        default="", description=_("Why it corrects it.")
    )


@router.get(
    "/cases/{case_id}/follow-up",
    summary=_("Get a case's follow-up"),
    description=_("What holds now, and every entry, corrected ones too."),
)
def get_follow_up(request: Request, caller: Reader, case_id: CaseNumber) -> FollowUpAnswer:
    """Return what holds now and every entry, corrected ones too."""
    return _follow_up(request, caller, case_id)


@router.post(
    "/cases/{case_id}/follow-up",
    status_code=201,
    summary=_("Add or correct follow-up"),
    description=_("A correction names the entry that it corrects and says why; both are kept."),
)
def add_follow_up(
    request: Request, caller: Author, case_id: CaseNumber, entry: NewFollowUp
) -> FollowUpAnswer:
    """Record an entry or a correction; what was there before is kept."""
    add(installation(request), caller.person, caller.actor, case_id, Entry(**entry.model_dump()))
    return _follow_up(request, caller, case_id)


def _follow_up(request: Request, caller: Visitor, case_id: int) -> FollowUpAnswer:
    place = installation(request)
    with place.act(caller.actor) as act:
        case = case_of(act.session, caller.person, case_id)
        told = follow_up.told(act.session, case, caller.person)
        act.record("case.view", case, follow_up=True, api=True)
    return FollowUpAnswer.of(told, case, place.clock)
