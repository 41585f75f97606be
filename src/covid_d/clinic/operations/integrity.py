"""Whether the clinic holds what it was given: films, audit trail, rows and their seals.

A seal tells a row that was changed or put in. What was taken away, or put back as it was on
another day, is told by the audit trail: cases, readings and results that it says were entered must
be there, and people must have the role that it gave them last.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select

from covid_d.clinic import seals, shared_notes
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.cases import Case, FollowUp, Reading
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations.missing_films import damaged
from covid_d.clinic.seals import UNREADABLE, altered_rows
from covid_d.errors import CovidDError
from covid_d.files import write_atomically
from covid_d.language import NN_, Text

FILE: Final = "check.json"
MOST_NAMED: Final = 200
"""How many findings of a kind are kept by name: a page and a file have to hold them."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found; empty where all is whole.

    Parameters
    ----------
    at
        When, UTC, ISO 8601.
    films
        SHA-256 of films that are gone or altered.
    altered
        Rows that are not as the clinic wrote them: ``"assessment:12"``.
    removed
        Rows that the audit trail tells of and that are not there: ``"reading:3"``.
    roles
        People whose role, unit, state or second factor is not what the trail says: ``"user:3"``.
    trail
        Whether the audit trail is whole.
    """

    at: str
    films: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    trail: bool = True

    @property
    def moment(self) -> datetime:
        """When, as a moment."""
        return datetime.fromisoformat(self.at)

    @property
    def rows(self) -> tuple[str, ...]:
        """Everything that is wrong with the database's rows."""
        return self.altered + self.removed + self.roles

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return self.trail and not self.films and not self.rows


def check(installation: Installation) -> Findings:
    """Read every film, every row and the audit trail, and keep what was found for the pages."""
    with installation.engine.connect() as connection:
        altered = tuple(altered_rows(connection, installation.keys.seal))
        removed, roles = _against_trail(connection)
    found = Findings(
        now().isoformat(timespec="seconds"),
        tuple(damaged(installation)),
        altered,
        removed,
        roles,
        installation.verify_trail().sound,
    )
    _keep(installation, found)
    return found


def last(installation: Installation) -> Findings | None:
    """Return what the last check found, whichever server made it; ``None`` before the first.

    It is told in the database and kept beside the key: who has the database alone can have other
    servers forget a finding, and not the one that made it.
    """
    shared = shared_notes.hear(installation.engine, installation.keys, shared_notes.LAST_CHECK)
    found = [one for one in (_findings(shared), _kept(installation.folder)) if one is not None]
    return max(found, key=lambda one: one.moment, default=None)


def _kept(folder: Path) -> Findings | None:
    try:
        return _findings(json.loads((folder / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _findings(told: Any) -> Findings | None:
    try:
        films, altered, removed, roles = (
            tuple(map(str, told[name])) for name in ("films", "altered", "removed", "roles")
        )
        datetime.fromisoformat(told["at"])
        return Findings(str(told["at"]), films, altered, removed, roles, bool(told["trail"]))
    except UNREADABLE:
        return None


def over_figures(installation: Installation) -> Text | None:
    """Return what stands over figures: they are counted in SQL, by rows and not by seals.

    ``None`` where the last check found every record as the clinic wrote it.
    """
    found = last(installation)
    if found is None or not found.rows:
        return None
    return NN_(
        "%(num)d record is not as the clinic wrote it, by the last check: these figures may count "
        "it. The administrator sees which under Upkeep.",
        "%(num)d records are not as the clinic wrote them, by the last check: these figures may "
        "count them. The administrator sees which under Upkeep.",
        len(found.rows),
    )


def is_begun(installation: Installation) -> bool:
    """Return whether rows are sealed here at all."""
    return seals.is_begun(installation.folder, installation.keys)


def _keep(installation: Installation, found: Findings) -> None:
    told = {
        "at": found.at,
        "films": list(found.films[:MOST_NAMED]),
        "altered": list(found.altered[:MOST_NAMED]),
        "removed": list(found.removed[:MOST_NAMED]),
        "roles": list(found.roles[:MOST_NAMED]),
        "trail": found.trail,
    }
    shared_notes.tell(installation.engine, installation.keys, shared_notes.LAST_CHECK, told)
    try:
        write_atomically(installation.folder / FILE, json.dumps(told) + "\n", mode=0o600)
    except CovidDError:
        return  # a full disk: what was found is returned all the same


def _against_trail(connection: Connection) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the rows that are gone, and the people who are not what they were made."""
    named: dict[str, set[int]] = {"patient_case": set(), "reading": set(), "follow_up": set()}
    erased: set[int] = set()
    owner: dict[tuple[str, int], int] = {}
    people: dict[int, dict[str, Any]] = {}
    for action, subject, detail in _entries(connection):
        kind, _, number = subject.partition(":")
        if not number.isdecimal() or not isinstance(detail, dict):
            continue
        if kind == "user":
            _follow(people.setdefault(int(number), {}), action, detail)
        if kind != "case":
            continue
        if action == "case.create":
            named["patient_case"].add(int(number))
        elif action == "case.erase":
            erased.add(int(number))
        for table in ("reading", "follow_up"):
            entered = detail.get(table)
            if action.startswith((f"{table}.create", f"{table}.add", f"{table}.correct")) and (
                isinstance(entered, int)
            ):
                named[table].add(entered)
                owner[table, entered] = int(number)
    removed = [
        f"{table}:{number}"
        for table, model in (("patient_case", Case), ("reading", Reading), ("follow_up", FollowUp))
        for number in sorted(named[table] - set(connection.scalars(select(model.id))))
        if (number if table == "patient_case" else owner[table, number]) not in erased
    ]
    return tuple(removed), tuple(_differing(connection, people))


def _entries(connection: Connection) -> Iterator[tuple[str, str, Any]]:
    """Yield what the trail says, as far as it can be read: ``verify`` finds where it cannot."""
    wanted = select(AuditEntry.action, AuditEntry.subject, AuditEntry.detail).where(
        AuditEntry.action.startswith("case.")
        | AuditEntry.action.startswith("reading.")
        | AuditEntry.action.startswith("follow_up.")
        | AuditEntry.action.startswith("user.")
        | AuditEntry.action.startswith("second_factor.")
    )
    try:
        for row in connection.execute(wanted.order_by(AuditEntry.sequence)):
            yield str(row.action), str(row.subject), row.detail
    except UNREADABLE:
        return


def _follow(known: dict[str, Any], action: str, detail: dict[str, Any]) -> None:
    if action in {"second_factor.on", "second_factor.off", "user.reset_second_factor"}:
        known["second_factor"] = action == "second_factor.on"
    if "altered" in detail:  # what proves who somebody is was taken from the account
        known["second_factor"] = False
    if action == "user.create":
        known.update(role=detail.get("role"), unit=detail.get("unit"))
        known["active"] = not detail.get("network")  # the PACS's own account is nobody's to use
    elif action == "user.edit":
        known.update({name: detail[name][-1] for name in ("role", "unit") if name in detail})
    elif action in {"user.on", "user.off"}:
        known["active"] = action == "user.on"


def _differing(connection: Connection, people: dict[int, dict[str, Any]]) -> Iterator[str]:
    rows = {
        row.id: {
            "role": row.role,
            "unit": row.unit_id,
            "active": bool(row.active),
            "second_factor": row.totp_encrypted is not None,
        }
        for row in connection.execute(
            select(User.id, User.role, User.unit_id, User.active, User.totp_encrypted)
        )
    }
    for number, known in sorted(people.items()):
        have = rows.get(number)
        if have is None or any(have[name] != value for name, value in known.items()):
            yield f"user:{number}"
