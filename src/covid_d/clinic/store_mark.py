"""One bucket, one database: a film store bears a mark, and its database knows it.

A sweep removes films that no case of the database names. A copy of the database, restored to
rehearse, or another clinic with the same address in its settings, would take the films of all
cases that it does not know.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Engine

from covid_d.clinic import shared_notes
from covid_d.clinic.database.engine import reading, writing
from covid_d.clinic.keys import Keys, new_token
from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.places import FolderPlace, Place, StoreError

NAME: Final = "installation"
_ID: Final = "id"


def settle(place: Place, engine: Engine, keys: Keys) -> None:
    """Mark a film store as this database's, or refuse one that is another's.

    A store that does not answer now is asked again before anything is swept.

    Raises
    ------
    CovidDError
        If it is another database's.
    """
    if isinstance(place, FolderPlace):
        return  # the data folder is a clinic's own
    try:
        mark = _mark(place)
        with writing(engine) as session:
            told = shared_notes.read(session, keys, shared_notes.FILM_STORE)
            if mark is None:
                told = told or {_ID: new_token()}
                shared_notes.write(session, keys, shared_notes.FILM_STORE, told)
    except StoreError:
        return
    if mark is None:
        place.write(NAME, str(told[_ID]) if told else "")
    elif told is None or mark != told[_ID]:
        raise CovidDError(
            N_("The film store %(address)s is another database's.", address=place.address),
            N_(
                "Give each clinic, and each restored copy, an address of its own "
                "(COVID_D_FILM_STORE). If that database is no more, remove the object %(name)r "
                "there.",
                name=NAME,
            ),
        )


def is_own(place: Place, engine: Engine, keys: Keys) -> bool:
    """Return whether films that this database does not name may be removed from a store.

    Raises
    ------
    StoreError
        If it does not answer.
    """
    if isinstance(place, FolderPlace):
        return True
    mark = _mark(place)
    with reading(engine) as session:
        told = shared_notes.read(session, keys, shared_notes.FILM_STORE)
    return told is not None and told[_ID] == mark


def _mark(place: Place) -> str | None:
    try:
        return place.read(NAME).decode("ascii", "replace")
    except FileNotFoundError:
        return None
