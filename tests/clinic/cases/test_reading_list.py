"""The reading list: what is in which list, in which order, and nothing for who reads blind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from case_rows import add_row
from clinic_clock import CLOCK
from clinic_factory import add_unit, add_user
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import readings
from covid_d.clinic.cases.consensus import settle
from covid_d.clinic.cases.load_case import whole_case
from covid_d.clinic.cases.marks import Mark, set_mark
from covid_d.clinic.cases.reading_list import Neighbours, Waiting, counts, neighbours
from covid_d.clinic.cases.structured import Structured
from covid_d.clinic.cases.worklist import Filters, Sort, list_cases
from covid_d.clinic.clock import now
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor

People = dict[Role, Person]
UNREAD, SECOND, DISPUTED = Waiting.UNREAD, Waiting.SECOND, Waiting.DISPUTED
LABORATORY, URGENT = Waiting.LABORATORY, Waiting.URGENT


@pytest.fixture
def ana(people: People) -> Person:
    """A doctor, who enters the cases."""
    return people[Role.DOCTOR]


@pytest.fixture
def luis(people: People) -> Person:
    """A radiologist."""
    return people[Role.RADIOLOGIST]


@pytest.fixture
def eva(installation: Installation, people: People) -> Person:
    """Another radiologist."""
    assert people
    return add_user(installation, "eva", Role.RADIOLOGIST, unit="Hospital Uno")


def _case(
    place: Installation, person: Person, days_ago: int, outcome: str = "positive", **columns: Any
) -> int:
    at = now() - timedelta(days=days_ago)
    return add_row(place, person, outcome, created_at=at, **columns)


def _listed(place: Installation, person: Person, waiting: Waiting) -> list[int]:
    with place.reading() as session:
        filters = Filters(waiting=waiting, sort=Sort.TO_READ)
        found = list_cases(session, person, filters, clock=CLOCK)
        numbers = [row.id for row in found.rows]
        assert counts(session, person)[waiting] == len(numbers) == found.total
        return numbers


def _read(place: Installation, person: Person, case_id: int, finding: str = "positive") -> None:
    with place.act(Actor(person.id)) as act:
        case = whole_case(act.session, person, case_id)
        readings.record_reading(act, case, person, finding=finding)


def _mark(place: Installation, person: Person, mark: Mark, *cases: int) -> None:
    with place.act(Actor(person.id)) as act:
        set_mark(act, person, cases, mark, True)


def _tested(place: Installation, person: Person, case_id: int, value: str) -> None:
    entry = Entry(EntryKind.RT_PCR, value, CLOCK.today())
    add(place, person, Actor(person.id), case_id, entry)


def _around(
    place: Installation, person: Person, waiting: Waiting, case_id: int
) -> tuple[int | None, int | None]:
    with place.reading() as session:
        found: Neighbours = neighbours(
            session, person, waiting, whole_case(session, person, case_id)
        )
        return found.before, found.after


@pytest.mark.postgres
def test_unread_are_those_without_an_own_reading(
    installation: Installation, ana: Person, luis: Person
) -> None:
    old, new = _case(installation, ana, 2), _case(installation, ana, 1)
    assert _listed(installation, ana, UNREAD) == [old, new], "the oldest first"
    _read(installation, ana, old)
    assert _listed(installation, ana, UNREAD) == [new]
    assert _listed(installation, luis, UNREAD) == [old, new], "another's reading changes nothing"


@pytest.mark.postgres
def test_urgent_cases_come_first(installation: Installation, ana: Person) -> None:
    old, middle, new = (_case(installation, ana, days) for days in (3, 2, 1))
    _mark(installation, ana, Mark.URGENT, new)
    assert _listed(installation, ana, UNREAD) == [new, old, middle]
    assert _listed(installation, ana, URGENT) == [new]


@pytest.mark.postgres
def test_a_second_reading_is_due_until_two_have_read(
    installation: Installation, ana: Person, luis: Person, eva: Person
) -> None:
    case_id, unmarked = _case(installation, ana, 2), _case(installation, ana, 1)
    _read(installation, ana, unmarked)
    assert _listed(installation, luis, SECOND) == [], "nobody asked for one"
    _mark(installation, ana, Mark.SECOND, case_id)
    for person in (ana, luis):
        assert _listed(installation, person, SECOND) == [case_id]
    _read(installation, ana, case_id)
    _read(installation, ana, case_id, "negative")
    assert _listed(installation, luis, SECOND) == [case_id], "two readings of one person are one"
    _read(installation, eva, case_id)
    assert _listed(installation, luis, SECOND) == []


@pytest.mark.postgres
def test_disputed_until_it_is_settled(
    installation: Installation, ana: Person, luis: Person, eva: Person
) -> None:
    case_id = _case(installation, ana, 1)
    _read(installation, ana, case_id, "positive")
    assert _listed(installation, eva, DISPUTED) == []
    _read(installation, luis, case_id, "negative")
    assert _listed(installation, eva, DISPUTED) == [case_id]
    with installation.act(Actor(eva.id)) as act:
        case = whole_case(act.session, eva, case_id)
        settle(act, case, eva, finding="positive", notes="", seen=Structured())
    assert _listed(installation, eva, DISPUTED) == []


@pytest.mark.parametrize(
    ("outcome", "result", "listed"),
    [
        ("positive", "negative", True),
        ("negative", "positive", True),
        ("positive", "positive", False),
        ("negative", "negative", False),
        ("inconclusive", "positive", False),
        ("refused", "positive", False),
        ("positive", "indeterminate", False),
    ],
)
def test_model_and_laboratory(
    installation: Installation, ana: Person, outcome: str, result: str, listed: bool
) -> None:
    case_id = _case(installation, ana, 1, outcome)
    assert _listed(installation, ana, LABORATORY) == []
    _tested(installation, ana, case_id, result)
    assert _listed(installation, ana, LABORATORY) == ([case_id] if listed else [])


def test_a_case_of_another_unit_is_in_no_list(installation: Installation, ana: Person) -> None:
    add_unit(installation, "Centro Dos")
    stranger = add_user(installation, "ajena", Role.RADIOLOGIST, unit="Centro Dos")
    case_id = _case(installation, ana, 1)
    _mark(installation, ana, Mark.URGENT, case_id)
    _mark(installation, ana, Mark.SECOND, case_id)
    _tested(installation, ana, case_id, "negative")
    _read(installation, ana, case_id)
    with installation.reading() as session:
        assert counts(session, stranger) == dict.fromkeys(Waiting, 0)


@pytest.mark.postgres
def test_before_and_after_follow_the_lists_order(installation: Installation, ana: Person) -> None:
    first, second, third, fourth = (_case(installation, ana, days) for days in (4, 3, 2, 1))
    _mark(installation, ana, Mark.URGENT, third)  # the order: third, first, second, fourth
    expected = {
        third: (None, first),
        first: (third, second),
        second: (first, fourth),
        fourth: (second, None),
    }
    assert {one: _around(installation, ana, UNREAD, one) for one in expected} == expected
    _read(installation, ana, first)
    # A case just read has left the list; its place in it still leads on.
    assert _around(installation, ana, UNREAD, first) == (third, second)
    assert _around(installation, ana, UNREAD, second) == (third, fourth)
    assert _around(installation, ana, URGENT, second) == (third, None)


@pytest.mark.postgres
def test_cases_of_one_moment_keep_one_order(installation: Installation, ana: Person) -> None:
    at = now()
    numbers = [add_row(installation, ana, "positive", created_at=at) for _ in range(3)]
    assert _listed(installation, ana, UNREAD) == numbers
    assert [_around(installation, ana, UNREAD, one) for one in numbers] == [
        (None, numbers[1]),
        (numbers[0], numbers[2]),
        (numbers[1], None),
    ]


@pytest.mark.postgres
def test_the_filter_is_one_among_others(installation: Installation, ana: Person) -> None:
    man, woman = _case(installation, ana, 2, sex="M"), _case(installation, ana, 1, sex="F")
    with installation.reading() as session:
        men = list_cases(session, ana, Filters(waiting=UNREAD, sex="M"), clock=CLOCK)
        women = list_cases(session, ana, Filters(waiting=UNREAD, sex="F"), clock=CLOCK)
    assert ([row.id for row in men.rows], [row.id for row in women.rows]) == ([man], [woman])


# ---- blind ----


def _all_told(place: Installation, person: Person, case_ids: list[int]) -> dict[str, Any]:
    """Everything that the reading list can tell a person."""
    with place.reading() as session:
        number = counts(session, person)
    lists = {waiting: _listed(place, person, waiting) for waiting in Waiting}
    around = {
        (waiting, one): _around(place, person, waiting, one)
        for waiting in Waiting
        for one in case_ids
    }
    return {"counts": number, "lists": lists, "around": around}


@pytest.mark.parametrize("marked", [False, True])
@pytest.mark.parametrize(
    ("outcome", "result", "first", "second"),
    [
        ("positive", "negative", None, None),
        ("negative", "positive", "positive", None),
        pytest.param("positive", "positive", "positive", "negative", marks=pytest.mark.postgres),
        ("inconclusive", None, "positive", "positive"),
    ],
)
def test_a_blind_reader_is_told_the_same_whatever_is_known_of_a_case(
    installation: Installation,
    ana: Person,
    luis: Person,
    eva: Person,
    marked: bool,
    outcome: str,
    result: str | None,
    first: str | None,
    second: str | None,
) -> None:
    """Eva has yet to read: lists, counts and neighbours do not depend on what others know."""
    beside = _case(installation, ana, 9, blind=False)
    case_id = _case(installation, ana, 5, outcome, blind=True)
    last = _case(installation, ana, 1, blind=True)
    if marked:
        _mark(installation, ana, Mark.SECOND, case_id)
    everything = [beside, case_id, last]
    before = _all_told(installation, eva, everything)
    if first:
        _read(installation, ana, case_id, first)
    if second:
        _read(installation, luis, case_id, second)
    if result:
        _tested(installation, ana, case_id, result)
    assert _all_told(installation, eva, everything) == before
    _read(installation, eva, case_id, "negative")
    after = _all_told(installation, eva, everything)
    assert (case_id in after["lists"][DISPUTED]) == ("positive" in {first, second})
    against = {("positive", "negative"), ("negative", "positive")}
    assert (case_id in after["lists"][LABORATORY]) == ((outcome, result) in against)


def test_a_blind_second_reading_is_due_for_whoever_has_yet_to_read(
    installation: Installation, ana: Person, luis: Person, eva: Person
) -> None:
    case_id = _case(installation, ana, 1, blind=True)
    _mark(installation, ana, Mark.SECOND, case_id)
    assert _listed(installation, ana, SECOND) == [], "who entered it is not its second reader"
    _read(installation, ana, case_id)
    assert _listed(installation, ana, SECOND) == [case_id], "and may know, having read"
    _read(installation, luis, case_id)
    assert (_listed(installation, ana, SECOND), _listed(installation, luis, SECOND)) == ([], [])
    assert _listed(installation, eva, SECOND) == [case_id], "that two have read is not told"


def test_names_of_lists() -> None:
    said = [waiting.text.in_language("es") for waiting in Waiting]
    assert said == [
        "Sin leer por mí",
        "Falta segunda lectura",
        "Los lectores discrepan",
        "Modelo y laboratorio discrepan",
        "Urgente",
    ]
