"""Who imports, and for which health unit."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from covid_d.clinic.accounts.people import Person, check_allowed
from covid_d.clinic.accounts.users import named
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Permission
from covid_d.errors import CovidDError
from covid_d.language import N_


def importer(installation: Installation, person: Person, unit_id: int) -> Person:
    """Return the person as one of the unit that an import is for.

    Raises
    ------
    ForbiddenError
        If they may not import.
    InvalidInputError
        If there is no such unit, or it is switched off.
    """
    check_allowed(person, Permission.IMPORT)
    with installation.reading() as session:
        unit = session.get(Unit, unit_id)
    if unit is None or not unit.active:
        raise InvalidInputError({"unit_id": N_("Choose a health unit that is switched on.")})
    return replace(person, unit_id=unit.id, unit_name=unit.name)


def named_importer(installation: Installation, username: str, unit_name: str) -> Person:
    """As :func:`importer`, by the names of person and unit, for the command line.

    Raises
    ------
    CovidDError
        If nobody active, or no unit, has that name; or the person may not import.
    """
    person = named(installation, username)
    with installation.reading() as session:
        units = {unit.name: unit.id for unit in session.scalars(select(Unit).order_by(Unit.name))}
    if person is None:
        raise CovidDError(
            N_("Nobody with an active account is called %(username)r.", username=username),
            N_("Give the user name of an administrator of this clinic."),
        )
    found = next((unit_id for name, unit_id in units.items() if _same(name, unit_name)), None)
    if found is None:
        raise CovidDError(
            N_("There is no health unit %(name)r.", name=unit_name),
            N_("There are: %(names)s.", names=", ".join(units) or "-"),
        )
    return importer(installation, person, found)


def province_of(installation: Installation, person: Person) -> str:
    """Return the province of the unit that an import is for."""
    with installation.reading() as session:
        return session.get_one(Unit, person.unit_id).province


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
