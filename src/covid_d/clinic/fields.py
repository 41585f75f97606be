"""The kinds of fields that forms, addresses and the API have: each is read in one way.

They stand in the annotation of a pydantic model's field, or of a parameter of the API::

    since: Annotated[date | None, Day()] = None

What a browser leaves empty is a field's default. What cannot be read is said in the one sentence of
its kind (:mod:`covid_d.clinic.sentences`), on a page and in an answer to a program alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from covid_d.clinic import sentences
from covid_d.clinic.errors import InvalidInputError
from covid_d.language import Text

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE: Final = re.compile(r"[0-9]{1,10}")
_NUMBER: Final = re.compile(r"[0-9]{1,10}(?:[.,][0-9]{1,10})?")
# Outside of these no day of ours lies, and counting days from one cannot overflow.
FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)

# Of a row: what every database keeps as a number.
LARGEST: Final = 2**31 - 1

_Model = TypeVar("_Model", bound=BaseModel)


def day_of(text: str) -> date:
    """Return the day that a text names, as year, month and day.

    Raises
    ------
    ValueError
        If it is none, or lies outside of ``FIRST_DAY`` to ``LAST_DAY``.
    """
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    found = date.fromisoformat(text)
    if not FIRST_DAY <= found <= LAST_DAY:
        raise ValueError(text)
    return found


def whole_of(text: str) -> int:
    """Return the whole number that a text names, in digits alone.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not _WHOLE.fullmatch(text):
        raise ValueError(text)
    return int(text)


def number_of(text: str) -> float:
    """Return the number that a text names, with a decimal comma or point.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(text.replace(",", "."))


def is_text(text: str) -> bool:
    """Return whether a text of several lines holds nothing but what can be read."""
    return all(sign.isprintable() or sign in "\r\n\t" for sign in text)


class _Kind:
    """A kind of field: how its text becomes a value, and what is said when it cannot."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._validated, handler(source))

    def _validated(self, value: Any, handler: Callable[[Any], Any]) -> Any:
        if isinstance(value, str):
            value = value.strip()
        try:
            return handler(self.read(value))
        except (ValueError, ValidationError) as error:
            raise said(self.fault(value)) from error

    def read(self, value: Any) -> Any:
        """Return what the field's type takes; a text of this kind as its value.

        Raises
        ------
        ValueError
            If it cannot be read, or lies outside of what is accepted.
        """
        raise NotImplementedError

    def fault(self, value: Any) -> Text:
        """Return what is said of a value that cannot be accepted."""
        raise NotImplementedError


class Day(_Kind):
    """A day; empty is none."""

    def read(self, value: Any) -> Any:
        """Return the day; a program's timestamps are none."""
        if isinstance(value, str):
            return day_of(value) if value else None
        return _given(value, date)

    def fault(self, value: Any) -> Text:
        """Return the one sentence."""
        return sentences.NO_DAY


@dataclass(frozen=True)
class Whole(_Kind):
    """A whole number from ``low`` to ``high``; empty is none."""

    low: int
    high: int

    def read(self, value: Any) -> Any:
        """Return the number."""
        if isinstance(value, str):
            value = whole_of(value) if value else None
        if value is not None and not self.low <= _given(value, int) <= self.high:
            raise ValueError(value)
        return value

    def fault(self, value: Any) -> Text:
        """Return the one sentence, with its bounds."""
        return sentences.no_whole_number(self.low, self.high)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return _bounded(handler(schema), "integer", minimum=self.low, maximum=self.high)


@dataclass(frozen=True)
class Percent(_Kind):
    """A share, written in per cent with a decimal comma or point; empty is none.

    Parameters
    ----------
    low, high
        In per cent, both included.
    """

    low: float
    high: float

    def read(self, value: Any) -> Any:
        """Return the share: 0.125 for ``"12,5 %"``."""
        text = str(value or "").removesuffix("%").strip()
        if not text:
            return None
        percent = number_of(text)
        if not self.low <= percent <= self.high:
            raise ValueError(value)
        return percent / 100

    def fault(self, value: Any) -> Text:
        """Return the one sentence, with its bounds."""
        return sentences.no_number(self.low, self.high)


@dataclass(frozen=True)
class Choice(_Kind):
    """One of the values offered, by the field's type or by ``offered``; empty is none."""

    offered: Collection[str] | None = None

    def read(self, value: Any) -> Any:
        """Return the value."""
        if value in ("", None):
            return None
        if self.offered is not None and value not in self.offered:
            raise ValueError(value)
        return value

    def fault(self, value: Any) -> Text:
        """Return the one sentence."""
        return sentences.NOT_OFFERED


@dataclass(frozen=True)
class Line(_Kind):
    """One line of text, without spaces around it.

    Parameters
    ----------
    most
        Characters.
    needed
        Whether it may not be empty.
    """

    most: int
    needed: bool = False

    def read(self, value: Any) -> Any:
        """Return the line."""
        text = _given(value, str) if value is not None else ""
        if len(text) > self.most or (self.needed and not text) or not text.isprintable():
            raise ValueError(value)
        return text

    def fault(self, value: Any) -> Text:
        """Return what is said of a line that is empty, too long or no line."""
        if self.needed and value in ("", None):
            return sentences.MISSING
        long = isinstance(value, str) and len(value) > self.most
        return sentences.too_long(self.most) if long else sentences.UNREADABLE

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return _bounded(handler(schema), "string", maxLength=self.most)


@dataclass(frozen=True)
class Words(_Kind):
    """Free text of several lines, of ``most`` characters."""

    most: int

    def read(self, value: Any) -> Any:
        """Return the text."""
        text = _given(value, str) if value is not None else ""
        if len(text) > self.most or not is_text(text):
            raise ValueError(value)
        return text

    def fault(self, value: Any) -> Text:
        """Return what is said of a text that is too long or none."""
        long = isinstance(value, str) and len(value) > self.most
        return sentences.too_long(self.most) if long else sentences.UNREADABLE

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return _bounded(handler(schema), "string", maxLength=self.most)


@dataclass(frozen=True)
class Secret:
    """A password, taken as it is typed: spaces and all."""

    most: int = 1024

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(self._validated, handler(source))

    def _validated(self, value: Any, handler: Callable[[Any], Any]) -> Any:
        if isinstance(value, str) and len(value) > self.most:
            raise said(sentences.too_long(self.most))
        return handler(value)


def said(text: Text) -> PydanticCustomError:
    """Return the error of a field that says ``text``."""
    return PydanticCustomError("said", "{text}", {"text": text})


# What pydantic finds by itself: a value of another type, one that is not there.
_FOUND: Final[Mapping[str, Text]] = {
    "missing": sentences.MISSING,
    "enum": sentences.NOT_OFFERED,
    "literal_error": sentences.NOT_OFFERED,
}


def sentence_of(error: Mapping[str, Any]) -> Text:
    """Return what is said of one of pydantic's errors, whoever found it."""
    context = error.get("ctx", {})
    text = context.get("text")
    if isinstance(text, Text):
        return text
    if error["type"] == "string_too_long":
        return sentences.too_long(context["max_length"])
    return _FOUND.get(error["type"], sentences.UNREADABLE)


@dataclass(frozen=True, slots=True)
class Filled(Generic[_Model]):
    """A form as it was sent.

    Parameters
    ----------
    typed
        Field name to text, word for word, so that the form can be shown again; every field of the
        model is there. A password is not.
    value
        What it means; ``None`` when a field cannot be accepted.
    errors
        Field name to what is wrong with it.
    """

    typed: Mapping[str, str]
    value: _Model | None
    errors: Mapping[str, Text] = field(default_factory=dict)

    def sound(self) -> _Model:
        """Return what the form means.

        Raises
        ------
        InvalidInputError
            With every field that cannot be accepted.
        """
        if self.value is None:
            raise InvalidInputError(self.errors)
        return self.value


def fill(model: type[_Model], sent: Mapping[str, object]) -> Filled[_Model]:
    """Return a form filled with what was sent; what it has no field for is left out.

    Parameters
    ----------
    model
        The form: a pydantic model.
    sent
        A browser's form or an address's query. A field that is no text (a file) counts as empty.
    """
    given = {name: value for name in model.model_fields if isinstance(value := sent.get(name), str)}
    entered = {
        name: value
        for name, value in given.items()
        if value.strip() or model.model_fields[name].is_required()
    }
    secret = {
        name
        for name, info in model.model_fields.items()
        if any(isinstance(entry, Secret) for entry in info.metadata)
    }
    typed = {name: "" if name in secret else given.get(name, "") for name in model.model_fields}
    try:
        return Filled(typed, model.model_validate(entered))
    except ValidationError as error:
        errors = {str(found["loc"][0]): sentence_of(found) for found in error.errors()}
        return Filled(typed, None, errors)


def _bounded(schema: JsonSchemaValue, kind: str, **bounds: int) -> JsonSchemaValue:
    """Write bounds into the part of a schema that is of a kind."""
    for option in schema.get("anyOf", [schema]):
        if option.get("type") == kind:
            option |= bounds
    return schema


def _given(value: Any, kind: type) -> Any:
    """Return a value that is of its kind already; ``True`` is no number, a timestamp no day."""
    if value is not None and type(value) is not kind:
        raise ValueError(value)
    return value
