"""A form that comes again is known again, by whoever sent it and with what was typed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.operations import AuditEntry, SentForm
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.clinic.trail.once import was_recorded

pytestmark = pytest.mark.postgres


def _send(place: Installation, person: Person, sent: str | None) -> bool:
    """Record a form unless it was; return whether it was."""
    with place.act(Actor(person.id)) as act:
        if was_recorded(act, sent):
            return True
        act.record("form.sent", "form")
    return False


def _rows(place: Installation) -> tuple[int, int]:
    with place.reading() as session:
        traces = select(func.count()).where(AuditEntry.action == "form.sent")
        return (
            session.scalar(select(func.count()).select_from(SentForm)) or 0,
            session.scalar(traces) or 0,
        )


def test_the_same_form_is_recorded_once(
    installation: Installation, people: dict[Role, Person]
) -> None:
    doctor = people[Role.DOCTOR]
    assert [_send(installation, doctor, "key, positive") for _ in range(3)] == [False, True, True]
    assert _rows(installation) == (1, 1)


def test_other_contents_and_other_people_are_other_forms(
    installation: Installation, people: dict[Role, Person]
) -> None:
    doctor, radiologist = people[Role.DOCTOR], people[Role.RADIOLOGIST]
    sent = [(doctor, "key, positive"), (doctor, "key, negative"), (radiologist, "key, positive")]
    assert [_send(installation, *one) for one in sent] == [False, False, False]
    assert _rows(installation) == (3, 3)


def test_a_form_without_a_name_is_recorded_each_time(
    installation: Installation, people: dict[Role, Person]
) -> None:
    assert [_send(installation, people[Role.DOCTOR], None) for _ in range(2)] == [False, False]
    assert _rows(installation) == (0, 2)


def test_a_form_whose_act_failed_may_come_again(
    installation: Installation, people: dict[Role, Person]
) -> None:
    doctor = people[Role.DOCTOR]

    def fail() -> None:
        with installation.act(Actor(doctor.id)) as act:
            assert not was_recorded(act, "key")
            raise RuntimeError("disk")

    with pytest.raises(RuntimeError, match="disk"):
        fail()
    assert _send(installation, doctor, "key") is False
    assert _send(installation, doctor, "key") is True


def test_of_the_same_form_sent_at_the_same_moment_one_is_recorded(
    installation: Installation, people: dict[Role, Person]
) -> None:
    start = Barrier(4)

    def send(_: int) -> bool:
        start.wait()
        return _send(installation, people[Role.DOCTOR], "key")

    with ThreadPoolExecutor(start.parties) as pool:
        assert sorted(pool.map(send, range(start.parties))) == [False, True, True, True]
    assert _rows(installation) == (1, 1)


def test_nothing_that_was_typed_is_kept(
    installation: Installation, people: dict[Role, Person]
) -> None:
    _send(installation, people[Role.DOCTOR], "Pérez, 1710034065")
    with installation.reading() as session:
        (kept,) = session.scalars(select(SentForm))
    assert len(kept.digest) == 64
    assert int(kept.digest, 16) > 0, "a digest and no words"
