"""The notification as a file: which cases, in the form's columns, as a Spanish Excel opens it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from covid_d.clinic import sentences
from covid_d.clinic.accounts.people import Person, check_allowed
from covid_d.clinic.cases.access import of_unit
from covid_d.clinic.cases.readings import may_see_answer
from covid_d.clinic.database.cases import Case
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.follow_up.facts import history
from covid_d.clinic.follow_up.laboratory import ResultToDate
from covid_d.clinic.installation import Installation
from covid_d.clinic.notification.facts import NotifiedCase, Value
from covid_d.clinic.notification.form import NotificationColumn, NotificationForm, read_form
from covid_d.clinic.roles import Permission
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_, Text
from covid_d.tables import as_excel

MOST: Final = 5000
"""Cases of one notification."""


class Which(StrEnum):
    """Which cases are notified."""

    EVERY = "every"
    CONFIRMED = "confirmed"

    @property
    def text(self) -> Text:
        """The choice in words."""
        return _WHICH[self]


_WHICH: Final = {
    Which.EVERY: N_("Every case: suspected, confirmed and ruled out"),
    Which.CONFIRMED: N_("Confirmed cases alone (laboratory positive)"),
}


@dataclass(frozen=True, slots=True)
class Notified:
    """A notification.

    Parameters
    ----------
    content
        The file's bytes.
    cases
        How many it holds.
    to_read
        Cases left out since this person has yet to read them blind: it would tell their results.
    """

    content: bytes
    cases: int
    to_read: int


def notify(
    installation: Installation,
    person: Person,
    actor: Actor,
    since: date,
    until: date,
    which: Which = Which.EVERY,
) -> Notified:
    """Return the notification of a unit's cases of some days; the audit trail names them.

    Parameters
    ----------
    installation, person, actor
        Where; who notifies, of whose unit the cases are; and as the trail names them.
    since, until
        Days on which cases were entered, both included.
    which
        Which of them.

    Raises
    ------
    ForbiddenError
        If the person may not see cases.
    InvalidInputError
        If the last day lies before the first, or there are too many cases.
    CovidDError
        If the form cannot be used, or a cédula cannot be read with this installation's key.
    """
    check_allowed(person, Permission.READ_CASE)
    form = read_form(installation.settings.notification)
    if until < since:
        raise InvalidInputError({"until": sentences.BACKWARDS})
    with installation.act(actor) as act:
        found, to_read = _cases(installation, act.session, person, since, until)
        if which is Which.CONFIRMED:
            found = [
                one
                for one in found
                if one.laboratory(installation.clock).to_date is ResultToDate.POSITIVE
            ]
        act.record(
            "notification.download",
            f"unit:{person.unit_id}",
            since=since.isoformat(),
            until=until.isoformat(),
            which=which.value,
            cases=[one.case.id for one in found],
        )
    rows = [_row(form, one.values(installation.clock)) for one in found]
    return Notified(_written(form, rows), len(rows), to_read)


def _cases(
    installation: Installation, session: Session, person: Person, since: date, until: date
) -> tuple[list[NotifiedCase], int]:
    clock, keys = installation.clock, installation.keys
    query = (
        select(Case)
        .options(joinedload(Case.unit))
        .where(
            of_unit(person),
            Case.sample.is_(False),
            Case.created_at >= clock.midnight(since),
            Case.created_at < clock.midnight(until + timedelta(days=1)),
        )
        .order_by(Case.id)
        .limit(MOST + 1)
    )
    cases = session.scalars(query).all()
    if len(cases) > MOST:
        raise InvalidInputError(
            {"since": N_("These are more than %(n)d cases: choose fewer days.", n=MOST)}
        )
    found, to_read = [], 0
    for case in cases:
        if not may_see_answer(session, case, person):
            to_read += 1
            continue
        holding = tuple(fact for fact in history(session, case.id) if fact.holds)
        sealed = case.national_id_encrypted
        found.append(NotifiedCase(case, holding, keys.decrypt(sealed) if sealed else None))
    return found, to_read


def _row(form: NotificationForm, values: dict[str, Value]) -> list[str]:
    return [_cell(form, column, values) for column in form.column]


def _cell(form: NotificationForm, column: NotificationColumn, values: dict[str, Value]) -> str:
    if column.field is None:
        return column.value or ""
    value = values[column.field]
    if value is None:
        return form.unknown
    if isinstance(value, bool):
        text = form.yes if value else form.no
    elif isinstance(value, date):
        return value.strftime(form.day)
    else:
        text = str(value)
    return column.values.get(text, text)


def _written(form: NotificationForm, rows: Sequence[Sequence[str]]) -> bytes:
    headings = [column.heading for column in form.column]
    text = as_excel([headings, *rows], delimiter=form.separator)
    # A sign that Windows-1252 lacks must not keep a case from being notified.
    return text.encode(form.encoding, errors="replace")
