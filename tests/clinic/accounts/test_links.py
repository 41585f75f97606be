"""Links that work once, for one purpose and one person, for a day."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from clinic_clock import Hands
from covid_d.clinic.accounts import links
from covid_d.clinic.accounts.links import Purpose, SpentLinkError
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.accounts import OneTimeLink
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

pytestmark = pytest.mark.postgres

People = dict[Role, Person]


def _issue(installation: Installation, purpose: Purpose, user_id: int | None = None) -> str:
    with installation.writing() as session:
        return links.issue(session, purpose, user_id)


def _works(installation: Installation, purpose: Purpose, token: str) -> bool:
    with installation.reading() as session:
        try:
            links.check(session, purpose, token)
        except SpentLinkError:
            return False
        return True


def test_a_link_works_once(installation: Installation, people: People) -> None:
    doctor = people[Role.DOCTOR].id
    token = _issue(installation, Purpose.PASSWORD, doctor)
    with installation.writing() as session:
        assert links.check(session, Purpose.PASSWORD, token).user_id == doctor
        assert links.use(session, Purpose.PASSWORD, token).user_id == doctor
    with installation.writing() as session, pytest.raises(SpentLinkError):
        links.use(session, Purpose.PASSWORD, token)
    assert not _works(installation, Purpose.PASSWORD, token)


def test_looking_does_not_use_it_up(installation: Installation) -> None:
    token = _issue(installation, Purpose.FIRST_ADMINISTRATOR)
    assert [_works(installation, Purpose.FIRST_ADMINISTRATOR, token) for _ in range(3)] == [
        True
    ] * 3


def test_a_link_serves_its_own_purpose_alone(installation: Installation, people: People) -> None:
    token = _issue(installation, Purpose.PASSWORD, people[Role.DOCTOR].id)
    assert not _works(installation, Purpose.FIRST_ADMINISTRATOR, token)
    with installation.writing() as session, pytest.raises(SpentLinkError):
        links.use(session, Purpose.FIRST_ADMINISTRATOR, token)
    assert _works(installation, Purpose.PASSWORD, token)


@pytest.mark.parametrize("guess", ["", "x", "%", "' OR 1=1 --", "\x00"])
def test_a_guess_is_no_link(installation: Installation, guess: str) -> None:
    _issue(installation, Purpose.FIRST_ADMINISTRATOR)
    assert not _works(installation, Purpose.FIRST_ADMINISTRATOR, guess)


def test_what_the_database_holds_opens_nothing(installation: Installation) -> None:
    token = _issue(installation, Purpose.FIRST_ADMINISTRATOR)
    with installation.reading() as session:
        held = session.scalars(select(OneTimeLink.token_sha256)).one()
    assert held != token
    assert not _works(installation, Purpose.FIRST_ADMINISTRATOR, held)


@pytest.mark.parametrize(("hours", "works"), [(23.999, True), (24, False), (48, False)])
def test_it_works_for_a_day(
    installation: Installation, hands: Hands, hours: float, works: bool
) -> None:
    token = _issue(installation, Purpose.FIRST_ADMINISTRATOR)
    hands.on(hours=hours)
    assert _works(installation, Purpose.FIRST_ADMINISTRATOR, token) is works


def test_a_newer_link_voids_the_older_of_the_same_person_alone(
    installation: Installation, people: People
) -> None:
    doctor, radiologist = people[Role.DOCTOR].id, people[Role.RADIOLOGIST].id
    old = _issue(installation, Purpose.PASSWORD, doctor)
    others = _issue(installation, Purpose.PASSWORD, radiologist)
    first = _issue(installation, Purpose.FIRST_ADMINISTRATOR)
    new = _issue(installation, Purpose.PASSWORD, doctor)
    assert not _works(installation, Purpose.PASSWORD, old)
    assert _works(installation, Purpose.PASSWORD, new)
    assert _works(installation, Purpose.PASSWORD, others)
    assert _works(installation, Purpose.FIRST_ADMINISTRATOR, first)


def test_a_used_link_stays_on_record(installation: Installation, people: People) -> None:
    doctor = people[Role.DOCTOR].id
    token = _issue(installation, Purpose.PASSWORD, doctor)
    with installation.writing() as session:
        links.use(session, Purpose.PASSWORD, token)
        links.void(session, Purpose.PASSWORD, doctor)
    with installation.reading() as session:
        assert session.scalars(select(OneTimeLink.used_at)).one() is not None


def test_of_two_at_the_same_moment_one_passes(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the use somebody else uses it: the statement itself decides."""
    token = _issue(installation, Purpose.FIRST_ADMINISTRATOR)
    check = links.check

    def beaten(session, purpose, token):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        link = check(session, purpose, token)
        session.execute(update(OneTimeLink).values(used_at=link.created_at))
        return link

    monkeypatch.setattr(links, "check", beaten)
    with installation.writing() as session, pytest.raises(SpentLinkError):
        links.use(session, Purpose.FIRST_ADMINISTRATOR, token)


def test_a_spent_link_says_whom_to_ask() -> None:
    error = SpentLinkError()
    assert (error.status, error.code) == (410, "link_spent")
    assert "ya se usó" in error.text.in_language("es")
    assert error.remedy is not None
    assert "administrador" in error.remedy.in_language("es")
    assert "Ask an administrator" in error.remedy.in_language("en")
