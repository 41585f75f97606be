"""Ages and dates of birth as people write them, in Spanish and English, and as DICOM does.

The model knows adults only. So an age that is written is either understood or said not to be: read
as *no age*, ``5 AÑOS`` would let a child's film through.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

ADULT_YEARS: Final = 18
OLDEST: Final = 120.0
"""Years; a larger number is no age."""

_LONGEST: Final = 40  # characters; what is longer is prose
_UNSTATED: Final = frozenset(
    {"", "-", "--", "?", ".", "NA", "N/A", "N.A.", "NAN", "NONE", "NULL", "NIL", "UNK", "UNKNOWN"}
    | {"ND", "N/D", "NS/NC", "SD", "S/D", "DESCONOCIDA", "DESCONOCIDO", "NO CONSTA", "SIN DATO"}
    | {"SIN DATOS", "NOT STATED", "NOT AVAILABLE", "UNSPECIFIED", "ANONYMIZED", "ANONYMOUS"}
)
# Unit -> years. A unit's words are written without accents; `ANOS` are años.
_YEAR, _MONTH, _WEEK, _DAY, _HOUR = 1.0, 1 / 12, 7 / 365.2425, 1 / 365.2425, 1 / 8765.82
_UNITS: Final = {
    **dict.fromkeys(("Y", "YR", "YRS", "YEAR", "YEARS", "YO", "Y/O"), _YEAR),
    **dict.fromkeys(("A", "AN", "ANO", "ANOS"), _YEAR),
    **dict.fromkeys(("M", "MO", "MOS", "MTH", "MTHS", "MONTH", "MONTHS", "MES", "MESES"), _MONTH),
    **dict.fromkeys(("W", "WK", "WKS", "WEEK", "WEEKS", "S", "SEM", "SEMANA", "SEMANAS"), _WEEK),
    **dict.fromkeys(("D", "DAY", "DAYS", "DIA", "DIAS"), _DAY),
    **dict.fromkeys(("H", "HR", "HRS", "HOUR", "HOURS", "HORA", "HORAS"), _HOUR),
}
_CHILD: Final = re.compile(
    r"NINO|NINA|NINOS|NINAS|MENOR|MENOR DE EDAD|LACTANTE|BEBE|NEONAT[OA]|RECIEN NACID[OA]|RN"
    r"|PEDIATRIC[OA]?|PAEDIATRIC|INFANTE|INFANTIL|ESCOLAR|PREESCOLAR|ADOLESCENTE?|CHILD|CHILDREN"
    r"|INFANT|BABY|NEWBORN|NEONATE|TODDLER|BOY|GIRL|KID|TEEN|TEENAGER|MINOR"
)
_ADULT: Final = re.compile(r"ADULT[OA]?|MAYOR|MAYOR DE EDAD|ANCIAN[OA]|ELDERLY")
# An ñ that was lost between two character sets: A?OS, AÃ‘OS, A\ufffdOS.
_LOST: Final = re.compile(r"\ba(?:[^\w\s]|[^\x00-\x7f\s]){1,3}o(s?)\b", re.IGNORECASE)
_NUMBER: Final = r"[0-9]{1,3}(?:[.,][0-9]{1,3})?"
# A number and its unit; years where none follows. What stands before and behind changes nothing.
_PART: Final = re.compile(rf"(?:Y |AND |, ?)?({_NUMBER}) ?([A-Z/]*)\.? ?")
_BEFORE: Final = re.compile(r"^(?:EDAD|AGED?|APROX|APPROX|CIRCA|CA|~)\b[.: ]*|^[~≈] ?")
_BEHIND: Final = re.compile(r" ?(?:OLD|DE EDAD|OF AGE)$")
_BETWEEN: Final = re.compile(rf"({_NUMBER})(?: ?[-–] ?| A | TO )({_NUMBER})(.*)")
_BELOW: Final = re.compile(r"(?:<=?|≤|MENOR DE|UNDER|BELOW) ?(.*\d.*)")
_ABOVE: Final = re.compile(r"(?:>=?|≥|MAYOR DE|OVER|ABOVE) ?(.*\d.*)|(.*\d.*?) ?\+")

# Years in which nobody on a film was born: what stands for an unknown date.
_PLACEHOLDER: Final = 1900
_DATE: Final = re.compile(r"(\d{4})(?:([-./ ]?)(\d{2})(?:\2(\d{2}))?)?(?:[T ].*)?", re.ASCII)
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[-./ ](\d{1,2})[-./ ](\d{4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Age:
    """An age that somebody stated.

    Parameters
    ----------
    years
        In [0, 120]; ``None`` where words alone state it.
    child
        Whether it is under 18 years.
    """

    years: float | None
    child: bool


def parse_age(text: str) -> Age | None:
    """Read an age.

    Understood are DICOM's own form (``045Y``, ``006M``), bare numbers (years), decimals with
    point or comma, Spanish and English units in full or short (``5 AÑOS``, ``8 meses``, ``5Y 6M``,
    ``3 days``), bounds (``>89``, ``90+``, ``<1``), ranges (their lower end counts, so that the
    reading can only refuse more), and words (``niño``, ``adult``).

    Returns
    -------
    ``None`` where the text states no age: it is empty or says *unknown*.

    Raises
    ------
    ValueError
        If it states something that is not understood, or no age of a person.

    Examples
    --------
    >>> parse_age("5 AÑOS")
    Age(years=5.0, child=True)
    >>> parse_age("045Y")
    Age(years=45.0, child=False)
    >>> parse_age("") is None
    True
    """
    plain = _plain(text)
    if plain in _UNSTATED:
        return None
    if len(plain) <= _LONGEST:
        plain = _BEHIND.sub("", _BEFORE.sub("", plain))
        if _CHILD.fullmatch(plain):
            return Age(None, child=True)
        if _ADULT.fullmatch(plain):
            return Age(None, child=False)
        years, at_most = _years(plain)
        if years is not None and 0.0 <= years <= OLDEST:
            if not at_most:
                return Age(years, child=years < ADULT_YEARS)
            if years <= ADULT_YEARS:
                return Age(None, child=True)
    raise ValueError(f"not an age: {text[:_LONGEST]!r}")


def _years(plain: str) -> tuple[float | None, bool]:
    """Return the years, and whether they are but an upper bound."""
    if below := _BELOW.fullmatch(plain):
        return _sum(below[1]), True
    if above := _ABOVE.fullmatch(plain):
        return _sum(above[1] or above[2]), False
    if between := _BETWEEN.fullmatch(plain):
        low, high = _sum(between[1] + between[3]), _sum(between[2] + between[3])
        return (low if low is not None and high is not None and low <= high else None), False
    return _sum(plain), False


def _sum(plain: str) -> float | None:
    """Return the years of numbers with units, the largest unit first: ``5Y 6M``."""
    at, total, units = 0, 0.0, []
    while at < len(plain):
        part = _PART.match(plain, at)
        if part is None or (part[2] and part[2] not in _UNITS):
            return None
        units.append(_UNITS.get(part[2], _YEAR))
        total += float(part[1].replace(",", ".")) * units[-1]
        at = part.end()
    return total if units and all(a > b for a, b in pairwise(units)) else None


def _plain(text: str) -> str:
    """Return the text in capitals, without accents, single spaced."""
    letters = _LOST.sub(r"año\1", text)
    spread = unicodedata.normalize("NFKD", letters.upper())
    return " ".join("".join(c for c in spread if not unicodedata.combining(c)).split())


def parse_date(text: str) -> date | None:
    """Read a date of birth or of a film.

    Understood are ``YYYYMMDD`` and ``YYYY.MM.DD`` (DICOM and ACR-NEMA), the same with other marks
    and with a time behind, ``DD/MM/YYYY``, and dates without day or month. Where a date may be two
    (``03/04/2010``) or is not complete, it is the latest possible, so that the age reckoned from
    it can only refuse more.

    Returns
    -------
    ``None`` where no date is stated, or one that stands for an unknown one (up to 1900).

    Raises
    ------
    ValueError
        If it is not understood, or there is no such day.
    """
    plain = _plain(text)
    if plain in _UNSTATED or not plain.strip("0-./ "):
        return None
    if found := _DATE.fullmatch(plain):
        year, month, day = int(found[1]), int(found[3] or 0), int(found[4] or 0)
        stated = _latest(year, month, day)
    elif found := _DAY_FIRST.fullmatch(plain):
        first, second, year = (int(number) for number in found.groups())
        possible = []
        for day, month in ((first, second), (second, first)):
            with suppress(ValueError):
                possible.append(date(year, month, day))
        stated = max(possible, default=None)
    else:
        stated = None
    if stated is None:
        raise ValueError(f"not a date: {text[:_LONGEST]!r}")
    return stated if stated.year > _PLACEHOLDER else None


def _latest(year: int, month: int, day: int) -> date | None:
    with suppress(ValueError):
        if month and day:
            return date(year, month, day)
        if not 1 <= year <= 9998 or day:
            return None
        following = date(year + 1, 1, 1) if month in (0, 12) else date(year, month + 1, 1)
        return date.fromordinal(following.toordinal() - 1)
    return None


def age_on(day: date, born: date) -> float:
    """Return the age in whole years on a day.

    Whole birthdays, so that nobody turns 18 by a rounding of leap years.
    """
    return float(day.year - born.year - ((day.month, day.day) < (born.month, born.day)))
