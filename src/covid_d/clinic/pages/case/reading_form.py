"""The form of a reading, and what it means in the field's terms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import BaseModel, create_model

from covid_d.clinic.cases import readings
from covid_d.clinic.cases.film_terms import EXTENT_ZONES, GRADES, SIGNS, BodySide, Height
from covid_d.clinic.cases.structured import CATEGORY_NAMES, SeenSign, Structured
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.fields import Choice, Filled, Line, Whole, Words, fill
from covid_d.detector import Appearance
from covid_d.language import N_, Text

YES: Final = "yes"
ZONES: Final = tuple(f"zone_{side}_{height}" for side, height in EXTENT_ZONES)
"""The fields of the Brixia score, A to F."""


def side_field(code: str) -> str:
    """Return the field that says whether a sign is there, and on which side."""
    return f"sign_{code}"


def height_field(code: str, height: Height) -> str:
    """Return the field that says whether a sign lies in a third of the lung."""
    return f"sign_{code}_{height}"


def _fields() -> Iterator[tuple[str, Any]]:
    yield "finding", (Annotated[str, Line(20)], "")
    yield "appearance", (Annotated[Appearance | None, Choice()], None)
    for code, term in SIGNS.items():
        side = Annotated[BodySide | None, Choice()] if term.sided else Annotated[str, Line(3)]
        yield side_field(code), (side, None if term.sided else "")
        if term.zoned:
            for height in Height:
                yield height_field(code, height), (Annotated[str, Line(3)], "")
    for name in ZONES:
        yield name, (Annotated[int | None, Whole(min(GRADES), max(GRADES))], None)
    yield "notes", (Annotated[str, Words(readings.LONGEST_NOTES)], "")


ReadingForm: type[BaseModel] = create_model("ReadingForm", **dict(_fields()))
"""One's own reading as a browser sends it: a field for each sign, each third and each zone."""

BLANK: Final = fill(ReadingForm, {}).typed
"""The form before anything is typed."""

OFFERED: Final[dict[str, Any]] = {
    "findings": readings.FINDINGS,
    "categories": CATEGORY_NAMES,
    "signs": SIGNS,
    "sides": BodySide,
    "heights": Height,
    "grades": GRADES,
    "longest_notes": readings.LONGEST_NOTES,
    "side_field": side_field,
    "height_field": height_field,
}
"""What the form's template offers to choose from."""


def stated(form: Filled[Any]) -> dict[str, Any]:
    """Return what a form says, as ``record_reading`` takes it.

    Raises
    ------
    InvalidInputError
        Under ``finding``, ``appearance``, ``signs``, ``extent`` or ``notes``.
    """
    errors = {_part(name): text for name, text in form.errors.items()}
    if errors:
        raise InvalidInputError(errors)
    given = form.sound().model_dump()
    grades = [given[name] for name in ZONES]
    some = any(grade is not None for grade in grades)
    extent = tuple(-1 if grade is None else grade for grade in grades) if some else None
    seen = Structured(given["appearance"], tuple(_signs(given)), extent)
    return {"finding": given["finding"], "notes": given["notes"], "seen": seen}


def _part(name: str) -> str:
    """Return the part of the form that a field belongs to."""
    return {"sign": "signs", "zone": "extent"}.get(name.partition("_")[0], name)


def _signs(given: dict[str, Any]) -> Iterator[SeenSign]:
    for code, term in SIGNS.items():
        side = given[side_field(code)]
        heights = tuple(
            height for height in Height if term.zoned and given[height_field(code, height)]
        )
        if not side and heights:
            raise InvalidInputError({"signs": _sideless(term.text)})
        if side:
            yield SeenSign(code, BodySide(side) if term.sided else None, heights)


def _sideless(sign: Text) -> Text:
    return N_("Choose the side of: %(sign)s. Or clear its zones.", sign=sign)
