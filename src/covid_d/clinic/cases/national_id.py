"""The cédula: its check digit, and how the installation keeps it (``COVID_D_NATIONAL_ID``)."""

from __future__ import annotations

import re
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from covid_d.clinic.database.cases import Case
from covid_d.clinic.keys import NATIONAL_ID, Keys

Keeping = Literal["encrypted", "hashed", "off"]

_SHAPE: Final = re.compile(r"[0-9]{10}")
# Where it was issued: the 24 provinces, and 30 for Ecuadorians abroad.
_ISSUERS: Final = frozenset({*range(1, 25), 30})


def normalise(text: str) -> str:
    """Return what was typed without the spaces, dots and hyphens people put into it."""
    return re.sub(r"[\s.\-]", "", text)


def is_valid(digits: str) -> bool:
    """Return whether ten digits are a cédula: issuer and check digit (modulus 10).

    Source: Registro Civil del Ecuador. Odd places count twice, less nine when above it; the last
    digit fills the sum of the first nine up to the next ten.
    """
    if not _SHAPE.fullmatch(digits) or int(digits[:2]) not in _ISSUERS:
        return False
    total = 0
    for place, digit in enumerate(map(int, digits[:9])):
        weighted = digit * (1 if place % 2 else 2)
        total += weighted - 9 if weighted > 9 else weighted
    return -total % 10 == int(digits[9])


def hash_of(keys: Keys, digits: str) -> str:
    """Return the keyed hash under which a cédula is found."""
    return keys.digest(NATIONAL_ID, digits)


def cases_of(session: Session, keys: Keys, digits: str, unit_id: int) -> list[int]:
    """Return the ids of a unit's cases with this cédula, the first one first."""
    wanted = Case.unit_id == unit_id, Case.national_id_hash == hash_of(keys, digits)
    return list(session.scalars(select(Case.id).where(*wanted).order_by(Case.id)))


def columns(keys: Keys, keeping: Keeping, digits: str | None) -> dict[str, str | None]:
    """Return what a case's row keeps of a cédula."""
    kept: dict[str, str | None] = {"national_id_encrypted": None, "national_id_hash": None}
    if digits and keeping != "off":
        kept["national_id_hash"] = hash_of(keys, digits)
        if keeping == "encrypted":
            kept["national_id_encrypted"] = keys.encrypt(digits)
    return kept


def code_for(keys: Keys, digits: str) -> str:
    """Return a patient code for whom only the cédula was given: the same for the same cédula."""
    return f"P-{keys.digest('patient code', digits)[:10].upper()}"
