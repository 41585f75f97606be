"""Cells of a spreadsheet: kinds of fields as people and programs write them in a column.

They are read by the clinic's one form machine (:mod:`covid_d.clinic.fields`), with wider eyes:
days as 31/01/2026, numbers with a decimal comma, answers and names in Spanish or English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from covid_d.clinic import sentences
from covid_d.clinic.cases.value_sets import NONE
from covid_d.clinic.fields import Choice, Day, Whole, day_of
from covid_d.language import LANGUAGES, N_, Text
from covid_d.plain_words import is_unstated, words_in, words_of

DAY_FIRST: Final = N_("Write the day as 31/01/2026 or 2026-01-31.")
MONTH_FIRST: Final = N_(
    "Some days of this column can only be month first (01/31/2026), so this one may be two days. "
    "Write them all as 2026-01-31."
)
UNKNOWN_WORD: Final = N_("This is none of the values known here.")

_TIME: Final = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[ap]\.? ?m\.?)?)?"
_YEAR_FIRST: Final = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}", re.IGNORECASE)
_DAY_FIRST: Final = re.compile(
    rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}|\d{{2}}){_TIME}", re.IGNORECASE
)
_WHOLE: Final = re.compile(r"(\d{1,10})(?:[.,]0{1,10})?")
_YES: Final = words_in("si, s, yes, y, x, 1, true, verdadero, given, dado, otorgado, acepta")
_NO: Final = words_in("no, n, 0, false, falso, not given, no dado, negado, no acepta, withdrawn")
_BETWEEN: Final = re.compile(r"[,;/|+]| y | and ")


def day_in(text: str) -> date:
    """Return the day that a cell names: day first, or year first; a time behind does not count.

    Raises
    ------
    ValueError
        If it names none.
    """
    plain = " ".join(text.split())
    if found := _YEAR_FIRST.fullmatch(plain):
        year, month, day = found.groups()
    elif found := _DAY_FIRST.fullmatch(plain):
        day, month, year = found.groups()
        year = f"20{year}" if len(year) == 2 else year
    else:
        raise ValueError(text)
    return day_of(f"{year}-{month:0>2}-{day:0>2}")


def is_month_first(cells: Iterable[str]) -> bool:
    """Return whether some day of a column can only be read month first (01/31/2026)."""
    for cell in cells:
        found = _DAY_FIRST.fullmatch(" ".join(cell.split()))
        if found and int(found[1]) <= 12 < int(found[2]) <= 31:
            return True
    return False


def is_two_days(text: str) -> bool:
    """Return whether a day could be another one if the month stood first."""
    found = _DAY_FIRST.fullmatch(" ".join(text.split()))
    if found is None:
        return False
    return int(found[1]) <= 12 and int(found[2]) <= 12 and int(found[1]) != int(found[2])


def known_words(values: Mapping[str, Text], more: Mapping[str, str]) -> dict[str, str]:
    """Return plain words -> code: codes, their names in every language, and other words.

    Parameters
    ----------
    values
        Codes and names, as a form offers them.
    more
        Code -> further words, with commas between.
    """
    known = {words_of(code): code for code in values}
    for code, name in values.items():
        known |= {words_of(name.in_language(language)): code for language in LANGUAGES}
    for code, words in more.items():
        known |= dict.fromkeys(words_in(words), code)
    return known


class TableDay(Day):
    """A day as a spreadsheet writes it."""

    def read(self, value: Any) -> Any:
        """Return the day."""
        return None if value is None or is_unstated(value) else day_in(value)

    def fault(self, value: Any) -> Text:
        """Return the one sentence."""
        return DAY_FIRST


@dataclass(frozen=True)
class TableWhole(Whole):
    """A whole number as a spreadsheet writes it: ``93``, ``93,0``, ``93 %``."""

    def read(self, value: Any) -> Any:
        """Return the number."""
        if value is None or is_unstated(value):
            return None
        found = _WHOLE.fullmatch(str(value).removesuffix("%").strip())
        if found is None:
            raise ValueError(value)
        return super().read(found[1])


@dataclass(frozen=True)
class NamedValue(Choice):
    """One of the values offered, by any of its names; what says nothing is none.

    Parameters
    ----------
    words
        Plain words -> code.
    """

    words: Mapping[str, str] | None = None

    def read(self, value: Any) -> Any:
        """Return the code."""
        if not value or (is_unstated(value) and words_of(value) not in (self.words or {})):
            return None
        try:
            return (self.words or {})[words_of(value)]
        except KeyError as error:
            raise ValueError(value) from error

    def fault(self, value: Any) -> Text:
        """Return the one sentence."""
        return UNKNOWN_WORD if value else sentences.MISSING


class NamedValues(NamedValue):
    """Several of them, with commas or the like between; *none* stands alone."""

    def read(self, value: Any) -> Any:
        """Return the codes."""
        found = [NamedValue.read(self, part.strip()) for part in _BETWEEN.split(value or "")]
        return tuple(dict.fromkeys(code for code in found if code is not None))


class YesNo(Choice):
    """A question answered with yes or no, in Spanish or English; empty is neither."""

    def read(self, value: Any) -> Any:
        """Return the answer."""
        words = words_of(value or "")
        if words in _YES or words in _NO:
            return words in _YES
        if value and not is_unstated(value):
            raise ValueError(value)
        return None

    def fault(self, value: Any) -> Text:
        """Return the one sentence."""
        return N_("Answer with yes or no.")


NOTHING: Final = {NONE: "ninguno, ninguna, no, none, sin sintomas, asintomatico, asintomatica"}
"""Words that deny every value of a list."""
