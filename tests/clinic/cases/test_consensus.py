"""Readers who disagree, the third one who settles it, and what holds in the end."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from clinic_factory import add_case, add_user, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import readings
from covid_d.clinic.cases.consensus import (
    NothingToSettleError,
    are_disputed,
    consensus_of,
    disagree,
    is_open_dispute,
    may_settle,
    settle,
)
from covid_d.clinic.cases.load_case import whole_case
from covid_d.clinic.cases.structured import Structured
from covid_d.clinic.database.cases import Case, Reading
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.database.sealed import table_of
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import Appearance

People = dict[Role, Person]
TYPICAL, ATYPICAL = Appearance.TYPICAL, Appearance.ATYPICAL


@pytest.fixture
def readers(installation: Installation, people: People) -> list[Person]:
    """A doctor and three radiologists of one unit."""
    more = [
        add_user(installation, f"radio{n}", Role.RADIOLOGIST, unit="Hospital Uno") for n in (2, 3)
    ]
    return [people[Role.DOCTOR], people[Role.RADIOLOGIST], *more]


@pytest.fixture
def case_id(installation: Installation, readers: list[Person]) -> int:
    """A case that the doctor entered."""
    return add_case(installation, readers[0])


def _read(
    place: Installation,
    person: Person,
    case_id: int,
    finding: str,
    appearance: Appearance | None = None,
) -> Reading:
    with place.act(Actor(person.id)) as act:
        case = whole_case(act.session, person, case_id)
        seen = Structured(appearance)
        return readings.record_reading(act, case, person, finding=finding, seen=seen)


def _settle(
    place: Installation,
    person: Person,
    case_id: int,
    finding: str = "inconclusive",
    appearance: Appearance | None = None,
) -> Reading:
    with place.act(Actor(person.id)) as act:
        case = whole_case(act.session, person, case_id)
        return settle(
            act, case, person, finding=finding, notes=" vistas juntas ", seen=Structured(appearance)
        )


def _listed(place: Installation) -> list[int]:
    with place.reading() as session:
        return list(session.scalars(select(Case.id).where(disagree())))


def _may(place: Installation, person: Person, case_id: int) -> bool:
    with place.reading() as session:
        return may_settle(whole_case(session, person, case_id), person)


def _whole(place: Installation, person: Person, case_id: int) -> Case:
    with place.reading() as session:
        return whole_case(session, person, case_id)


@pytest.mark.parametrize(
    ("first", "second", "disputed"),
    [
        (("positive", None), ("positive", None), False),
        (("positive", None), ("negative", None), True),
        (("positive", None), ("inconclusive", None), True),
        (("positive", TYPICAL), ("positive", TYPICAL), False),
        (("positive", TYPICAL), ("positive", None), False),
        (("inconclusive", ATYPICAL), ("inconclusive", Appearance.INDETERMINATE), True),
    ],
)
def test_who_disagrees(
    installation: Installation,
    readers: list[Person],
    case_id: int,
    first: tuple[str, Appearance | None],
    second: tuple[str, Appearance | None],
    disputed: bool,
) -> None:
    _read(installation, readers[0], case_id, *first)
    _read(installation, readers[1], case_id, *second)
    case = _whole(installation, readers[0], case_id)
    assert are_disputed(case.readings) is disputed
    assert is_open_dispute(case.readings) is disputed
    assert _listed(installation) == ([case_id] if disputed else []), "the list and the page agree"
    found = consensus_of(case.readings)
    assert (found is None) is disputed
    if found is not None:
        assert (found.finding, found.settled) == (first[0], False)
        assert found.appearance is first[1]
        assert found.who == ("Doctor", "Radiologist")
        assert found.how.in_language("es") == "los lectores coinciden"


def test_one_reading_is_no_consensus(
    installation: Installation, readers: list[Person], case_id: int
) -> None:
    assert consensus_of(_whole(installation, readers[0], case_id).readings) is None
    _read(installation, readers[0], case_id, "positive")
    assert consensus_of(_whole(installation, readers[0], case_id).readings) is None


def test_the_newest_reading_of_each_counts(
    installation: Installation, readers: list[Person], case_id: int
) -> None:
    _read(installation, readers[0], case_id, "positive")
    _read(installation, readers[1], case_id, "negative")
    assert _listed(installation) == [case_id]
    _read(installation, readers[0], case_id, "negative")
    assert _listed(installation) == []
    found = consensus_of(_whole(installation, readers[0], case_id).readings)
    assert found is not None
    assert found.finding == "negative"
    # One person's two readings are no disagreement.
    other = add_case(installation, readers[0], seed=2)
    _read(installation, readers[0], other, "positive")
    _read(installation, readers[0], other, "negative")
    assert _listed(installation) == []


@pytest.mark.postgres
def test_a_third_reader_settles_it_and_their_reading_holds(
    installation: Installation, readers: list[Person], case_id: int
) -> None:
    _read(installation, readers[0], case_id, "positive", TYPICAL)
    _read(installation, readers[1], case_id, "negative")
    reading = _settle(installation, readers[2], case_id, "inconclusive", ATYPICAL)
    assert (reading.kind, reading.notes) == ("third", "vistas juntas")
    case = _whole(installation, readers[0], case_id)
    found = consensus_of(case.readings)
    assert found is not None
    assert (found.finding, found.appearance, found.settled) == ("inconclusive", ATYPICAL, True)
    assert found.who == ("Radio2",)
    assert (found.text.in_language("es"), found.at) == ("No concluyente", reading.created_at)
    assert [(one.user_id, one.finding) for one in case.readings] == [
        (readers[0].id, "positive"),
        (readers[1].id, "negative"),
        (readers[2].id, "inconclusive"),
    ], "both readings stay"
    assert not is_open_dispute(case.readings)
    assert _listed(installation) == []
    with installation.reading() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence.desc())).first()
        assert last is not None
        assert (last.action, last.subject) == ("reading.create", f"case:{case_id}")
        assert last.detail["kind"] == "third"


def test_who_may_settle(installation: Installation, readers: list[Person], case_id: int) -> None:
    doctor, first, second, third = readers
    colleague = add_user(installation, "colega", Role.DOCTOR, unit="Hospital Uno")
    assert not any(_may(installation, one, case_id) for one in readers), "nobody disagrees yet"
    _read(installation, doctor, case_id, "positive")
    _read(installation, first, case_id, "negative")
    assert [_may(installation, one, case_id) for one in (*readers, colleague)] == [
        False,  # reads, and is no radiologist
        False,  # is one of those who disagree
        True,
        True,
        False,
    ]
    _read(installation, second, case_id, "negative")
    assert _may(installation, second, case_id), "two others still disagree"
    _settle(installation, second, case_id)
    assert not _may(installation, third, case_id), "it is settled"
    assert _may(installation, second, case_id), "who settled it may correct it"


@pytest.mark.parametrize("place", [0, 1])
def test_nobody_settles_their_own_disagreement(
    installation: Installation, readers: list[Person], case_id: int, place: int
) -> None:
    _read(installation, readers[0], case_id, "positive")
    _read(installation, readers[1], case_id, "negative")
    with pytest.raises(NothingToSettleError):
        _settle(installation, readers[place], case_id)
    assert len(_whole(installation, readers[0], case_id).readings) == 2


def test_what_is_no_reading_settles_nothing(
    installation: Installation, readers: list[Person], case_id: int
) -> None:
    _read(installation, readers[0], case_id, "positive")
    _read(installation, readers[1], case_id, "negative")
    with pytest.raises(InvalidInputError):
        _settle(installation, readers[2], case_id, "perhaps")
    assert _listed(installation) == [case_id]


def test_the_one_who_settled_may_correct_it(
    installation: Installation, readers: list[Person], case_id: int
) -> None:
    _read(installation, readers[0], case_id, "positive")
    _read(installation, readers[1], case_id, "negative")
    one = _settle(installation, readers[2], case_id, "positive")
    assert _settle(installation, readers[2], case_id, "positive").id == one.id, "sent twice"
    _settle(installation, readers[2], case_id, "negative")
    found = consensus_of(_whole(installation, readers[0], case_id).readings)
    assert found is not None
    assert found.finding == "negative"


def test_a_later_reading_does_not_undo_it(
    installation: Installation, readers: list[Person], case_id: int
) -> None:
    _read(installation, readers[0], case_id, "positive")
    _read(installation, readers[1], case_id, "negative")
    _settle(installation, readers[2], case_id, "positive")
    _read(installation, readers[3], case_id, "negative")
    found = consensus_of(_whole(installation, readers[0], case_id).readings)
    assert found is not None
    assert (found.finding, found.settled) == ("positive", True)
    assert _listed(installation) == []


def test_a_case_read_blind_can_be_disputed_too(
    installation: Installation, readers: list[Person]
) -> None:
    read_blind(installation)
    case_id = add_case(installation, readers[0], seed=2)
    _read(installation, readers[0], case_id, "positive")
    _read(installation, readers[1], case_id, "negative")
    # Whether a third reader may be told so is the page's to ask first (`may_see_answer`).
    with installation.reading() as session:
        case = whole_case(session, readers[2], case_id)
        assert not readings.may_see_answer(session, case, readers[2])
    _read(installation, readers[2], case_id, "negative")
    _settle(installation, readers[2], case_id, "negative")
    kinds = [one.kind for one in _whole(installation, readers[2], case_id).readings]
    assert kinds == ["blind", "second", "second", "third"]


def test_a_reading_changed_in_the_database_counts_nothing(
    installation: Installation, readers: list[Person], case_id: int
) -> None:
    _read(installation, readers[0], case_id, "positive")
    kept = _read(installation, readers[1], case_id, "positive")
    with installation.engine.begin() as connection:
        own = table_of(Reading)
        connection.execute(update(own).where(own.c.id == kept.id).values(finding="negative"))
    case = _whole(installation, readers[0], case_id)
    assert not are_disputed(case.readings)
    assert consensus_of(case.readings) is None, "one sound reading is left"
