"""The worklist's state in its address: read from it, checked, and written into links."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final
from urllib.parse import urlencode

from pydantic import BaseModel

from covid_d.clinic.cases import national_id
from covid_d.clinic.cases.value_sets import PROVINCES, SEXES
from covid_d.clinic.cases.worklist import Filters, Sort
from covid_d.clinic.fields import Choice, Day, fill
from covid_d.clinic.follow_up.laboratory import ResultToDate
from covid_d.clinic.installation import Installation
from covid_d.detector import Outcome

PATH: Final = "/cases"
NAMES: Final = (
    "text",
    "patient",
    "since",
    "until",
    "outcome",
    "laboratory",
    "province",
    "sex",
    "own",
    "sort",
    "page",
)


def typed(given: Mapping[str, object]) -> dict[str, str]:
    """Return what an address or form says of each part of the state, empty where nothing."""
    values = ((name, given.get(name, "")) for name in NAMES)
    return {name: value.strip() if isinstance(value, str) else "" for name, value in values}


def link(state: Mapping[str, str], **changes: str) -> str:
    """Return the address of a state with some parts changed; another filter starts at page 1."""
    parts = {**state, "page": "", **changes}
    if parts["sort"] == Sort.NEWEST:  # the order without being asked
        parts["sort"] = ""
    query = urlencode({name: parts[name] for name in NAMES if parts[name]})
    return f"{PATH}?{query}" if query else PATH


def without_national_id(place: Installation, state: dict[str, str]) -> dict[str, str]:
    """Return the state with a cédula searched for replaced by its keyed hash.

    Addresses stay in histories and logs, where a cédula has no place.
    """
    digits = national_id.normalise(state["text"])
    if place.settings.national_id == "off" or not national_id.is_valid(digits):
        return state
    return {**state, "text": "", "patient": national_id.hash_of(place.keys, digits)}


class _Asked(BaseModel):
    """The filters in an address."""

    text: str = ""
    patient: str | None = None
    since: Annotated[date | None, Day()] = None
    until: Annotated[date | None, Day()] = None
    outcome: Annotated[Outcome | None, Choice()] = None
    laboratory: Annotated[ResultToDate | None, Choice()] = None
    province: Annotated[str | None, Choice(PROVINCES)] = None
    sex: Annotated[str | None, Choice(SEXES)] = None
    own: str = ""
    sort: Annotated[Sort, Choice()] = Sort.NEWEST


def filters_of(state: Mapping[str, str]) -> Filters:
    """Return the filters that a state names.

    Raises
    ------
    InvalidInputError
        Under the name of each part that cannot be accepted.
    """
    asked = fill(_Asked, state).sound()
    return Filters(**asked.model_dump() | {"own": bool(asked.own)})


def page_of(state: Mapping[str, str]) -> int:
    """Return the page that a state names, the first one where it names none."""
    text = state["page"]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1
