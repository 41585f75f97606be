"""Own readings: kept for ever and in order; the answer after them where a unit reads blind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from clinic_clock import today
from clinic_factory import add_case, add_user, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import readings
from covid_d.clinic.cases.load_case import whole_case
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.database.cases import AnswerShown, Case, Reading
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor

pytestmark = pytest.mark.postgres

People = dict[Role, Person]


def _read(
    place: Installation, person: Person, case_id: int, finding: str = "positive", notes: str = ""
) -> Reading:
    with place.act(Actor(person.id)) as act:
        case = whole_case(act.session, person, case_id)
        return readings.record_reading(act, case, person, finding=finding, notes=notes)


def _may_see(place: Installation, person: Person, case_id: int) -> bool:
    with place.reading() as session:
        case = session.get_one(Case, case_id)
        one = readings.may_see_answer(session, case, person)
        listed = session.scalars(select(Case.id).where(readings.answer_visible_to(person))).all()
        assert (case_id in listed) == one, "the list and the page must agree"
        return one


def _show(place: Installation, person: Person, case_id: int) -> None:
    with place.writing() as session:
        readings.note_answer_shown(session, session.get_one(Case, case_id), person)


@pytest.fixture
def blind_case(installation: Installation, people: People) -> int:
    """A case entered while its unit read blind."""
    read_blind(installation)
    return add_case(installation, people[Role.DOCTOR])


def test_whoever_entered_a_result_no_longer_reads_blind(
    installation: Installation, people: People, blind_case: int
) -> None:
    doctor = people[Role.DOCTOR]
    colleague = add_user(installation, "colega", Role.DOCTOR, unit="Hospital Uno")
    consent = Entry(EntryKind.CONSENT, "withdrawn")
    add(installation, colleague, Actor(colleague.id), blind_case, consent)
    result = Entry(EntryKind.RT_PCR, "positive", today())
    add(installation, doctor, Actor(doctor.id), blind_case, result)
    assert _read(installation, doctor, blind_case).kind == "informed"
    assert _read(installation, colleague, blind_case).kind == "blind"
    assert _may_see(installation, doctor, blind_case)


def test_without_blind_mode_everybody_may_see(installation: Installation, people: People) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    assert _may_see(installation, people[Role.DOCTOR], case_id)


def test_in_blind_mode_each_person_reads_first(
    installation: Installation, people: People, blind_case: int
) -> None:
    doctor, radiologist = people[Role.DOCTOR], people[Role.RADIOLOGIST]
    assert not _may_see(installation, doctor, blind_case)
    _read(installation, doctor, blind_case)
    assert _may_see(installation, doctor, blind_case)
    assert not _may_see(installation, radiologist, blind_case), "another's reading opens nothing"
    _read(installation, radiologist, blind_case)
    assert _may_see(installation, radiologist, blind_case)


def test_a_case_stays_blind_when_its_unit_no_longer_is(
    installation: Installation, people: People, blind_case: int
) -> None:
    with installation.writing() as session:
        session.execute(update(Unit).values(blind_mode=False))
    assert not _may_see(installation, people[Role.DOCTOR], blind_case)


def test_a_readings_kind_says_what_was_known(
    installation: Installation, people: People, blind_case: int
) -> None:
    doctor = people[Role.DOCTOR]
    colleague = add_user(installation, "colleague", Role.DOCTOR, unit="Hospital Uno")
    assert _read(installation, doctor, blind_case).kind == "blind"
    _show(installation, doctor, blind_case)
    assert _read(installation, doctor, blind_case, "negative").kind == "open"
    assert _read(installation, colleague, blind_case).kind == "blind"
    assert _read(installation, people[Role.RADIOLOGIST], blind_case).kind == "second"


def test_a_radiologist_is_no_second_reader_of_their_own_case(
    installation: Installation, people: People
) -> None:
    radiologist = people[Role.RADIOLOGIST]
    own = add_case(installation, radiologist)
    assert _read(installation, radiologist, own).kind == "blind"


def test_a_newer_reading_follows_and_a_repeated_form_does_not(
    installation: Installation, people: People
) -> None:
    doctor = people[Role.DOCTOR]
    case_id = add_case(installation, doctor)
    first = _read(installation, doctor, case_id, "positive", "opacidad basal")
    assert _read(installation, doctor, case_id, "positive", " opacidad basal ").id == first.id
    second = _read(installation, doctor, case_id, "negative")
    with installation.reading() as session:
        kept = session.scalars(select(Reading).order_by(Reading.id)).all()
        audited = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "reading.create")
        ).all()
    assert [(row.id, row.finding, row.notes) for row in kept] == [
        (first.id, "positive", "opacidad basal"),
        (second.id, "negative", ""),
    ]
    assert [entry.subject for entry in audited] == [f"case:{case_id}"] * 2
    assert "opacidad" not in str([entry.detail for entry in audited])


@pytest.mark.parametrize(
    ("finding", "notes", "field"),
    [
        ("", "", "finding"),
        ("covid", "", "finding"),
        ("positive", "x" * 2001, "notes"),
        ("positive", "a\x00b", "notes"),
    ],
)
def test_what_is_no_reading_is_refused(
    installation: Installation, people: People, finding: str, notes: str, field: str
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    with pytest.raises(InvalidInputError) as caught:
        _read(installation, people[Role.DOCTOR], case_id, finding, notes)
    assert set(caught.value.fields) == {field}


def test_the_first_time_shown_stands(installation: Installation, people: People) -> None:
    doctor = people[Role.DOCTOR]
    case_id = add_case(installation, doctor)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: _show(installation, doctor, case_id), range(6)))
    with installation.reading() as session:
        first = session.scalars(select(AnswerShown)).one().shown_at
    _show(installation, doctor, case_id)
    with installation.reading() as session:
        assert session.scalars(select(AnswerShown)).one().shown_at == first
