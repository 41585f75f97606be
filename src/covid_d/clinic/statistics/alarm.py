"""The drift alarm of a unit, for the pages that doctors look at."""

from __future__ import annotations

import time
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, true

from covid_d.clinic.clock import now
from covid_d.clinic.installation import Installation
from covid_d.clinic.statistics.drift import drift
from covid_d.clinic.statistics.episodes import bundles, latest, load

SECONDS: Final = 300.0
"""For how long an answer is kept: a window takes a hundred cases, and reading them all takes time
that no page has to give."""

# Of each database, by unit: when it was looked at (monotonic clock), and the bundle in alarm.
_KNOWN: WeakKeyDictionary[Engine, dict[int, tuple[float, str]]] = WeakKeyDictionary()


def bundle_in_alarm(installation: Installation, unit_id: int) -> str:
    """Return the SHA-256 of a unit's bundle whose drift alarm is on; empty where none is.

    All cases of the unit count, those to be read blind too: the alarm says nothing of any one.

    Parameters
    ----------
    installation
        Where.
    unit_id
        Of the unit.
    """
    known = _KNOWN.setdefault(installation.engine, {})
    looked, found = known.get(unit_id, (-SECONDS, ""))
    if time.monotonic() - looked < SECONDS:
        return found
    found = _look(installation, unit_id)
    known[unit_id] = (time.monotonic(), found)
    return found


def forget(installation: Installation) -> None:
    """Have the next question looked up anew."""
    _KNOWN.pop(installation.engine, None)


def _look(installation: Installation, unit_id: int) -> str:
    with installation.reading() as session:
        names = bundles(session)
        cases = load(
            session,
            names,
            unit_id=unit_id,
            end=now(),
            told=true(),
            clock=installation.clock,
        )
    watched = latest(cases)
    if watched < 0 or not drift(cases.where(cases.bundle == watched)).alarms:
        return ""
    return names[watched].sha256
