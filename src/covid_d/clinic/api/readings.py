"""API: a person's own reading of a case, and the one that settles a disagreement."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from covid_d.clinic.api.access import Reader, caller
from covid_d.clinic.api.answers import CaseAnswer
from covid_d.clinic.api.cases import told_case
from covid_d.clinic.api.parameters import CaseNumber
from covid_d.clinic.api.words import _
from covid_d.clinic.cases import readings
from covid_d.clinic.cases.consensus import settle
from covid_d.clinic.cases.film_terms import GRADES, BodySide, Height
from covid_d.clinic.cases.load_case import whole_case
from covid_d.clinic.cases.structured import SeenSign, Structured
from covid_d.clinic.fields import Choice, Line, Whole, Words
from covid_d.clinic.http.visitor import Visitor, installation
from covid_d.clinic.roles import Permission
from covid_d.clinic.trail.once import was_recorded
from covid_d.detector import Appearance

router = APIRouter(tags=["readings"])
Settler = Annotated[Visitor, Depends(caller(Permission.READ_AS_SECOND))]


class NewSign(BaseModel):
    """A sign that was seen, and where."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Line(40)] = Field(description=_("Name of the sign, for programs."))
    side: Annotated[BodySide | None, Choice()] = Field(
        default=None, description=_("The patient's side; null where it has none.")
    )
    heights: list[Height] = Field(
        default_factory=list,
        max_length=len(Height),
        description=_("Thirds of the lung in which it lies."),
    )

    def seen(self) -> SeenSign:
        """Return the sign in the field's terms, its thirds from above, each once."""
        return SeenSign(self.code, self.side, tuple(one for one in Height if one in self.heights))


class NewReading(BaseModel):
    """What its person read from a case's films."""

    model_config = ConfigDict(extra="forbid")

    finding: Annotated[str, Line(20)] = Field(
        description=_("For COVID-19: positive, negative or inconclusive.")
    )
    appearance: Annotated[Appearance | None, Choice()] = Field(
        default=None, description=_("The category that the reader named.")
    )
    signs: list[NewSign] = Field(
        default_factory=list,
        max_length=40,
        description=_("Signs, each with side and thirds of the lung."),
    )
    extent: list[Annotated[int, Whole(min(GRADES), max(GRADES))]] | None = Field(
        default=None,
        description=_("Brixia score by zone, each 0 to 3: right lung from above, then the left."),
    )
    notes: Annotated[str, Words(readings.LONGEST_NOTES)] = Field(
        default="", description=_("Free words.")
    )
    submission: Annotated[str, Line(64)] = Field(
        default="",
        description=_("Your own name of this request: sent twice, it makes one reading."),
    )

    def sent(self, address: str) -> str | None:
        """Return what the request is known by when it comes again."""
        return json.dumps([address, self.model_dump_json()]) if self.submission else None

    def seen(self) -> Structured:
        """Return what was seen in the field's terms.

        Raises
        ------
        InvalidInputError
            If a part cannot be, or contradicts another.
        """
        extent = None if self.extent is None else tuple(self.extent)
        return Structured(self.appearance, tuple(sign.seen() for sign in self.signs), extent)


@router.post(
    "/cases/{case_id}/readings",
    status_code=201,
    summary=_("Record your own reading"),
    description=_(
        "What the token's owner read from the films, checked as the page's form checks it. It is "
        "never changed; a new one follows it."
    ),
)
def add_reading(
    request: Request, caller: Reader, case_id: CaseNumber, reading: NewReading
) -> CaseAnswer:
    """Record the caller's own reading and return the case as they may now see it."""
    return _entered(request, caller, case_id, reading, readings.record_reading)


@router.post(
    "/cases/{case_id}/consensus",
    status_code=201,
    summary=_("Settle a disagreement as third reader"),
    description=_(
        "A reading by a radiologist who is none of those who disagree. It is the case's consensus "
        "from then on; their readings stay."
    ),
)
def add_consensus(
    request: Request, caller: Settler, case_id: CaseNumber, reading: NewReading
) -> CaseAnswer:
    """Record a third reader's reading and return the case."""
    return _entered(request, caller, case_id, reading, settle)


def _entered(
    request: Request,
    caller: Visitor,
    case_id: int,
    reading: NewReading,
    enter: Callable[..., object],
) -> CaseAnswer:
    """Enter a reading once, however often it is sent, and return the case."""
    with installation(request).act(caller.actor) as act:
        case = whole_case(act.session, caller.person, case_id, lock=True)
        if not was_recorded(act, reading.sent(request.url.path)):
            enter(
                act,
                case,
                caller.person,
                finding=reading.finding,
                notes=reading.notes,
                seen=reading.seen(),
            )
    return told_case(request, caller, case_id)
