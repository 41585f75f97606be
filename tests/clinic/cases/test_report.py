"""The report's data: the cédula only when asked for, and nothing before one's own reading."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from case_rows import AUDITED_TYPICAL, set_answer
from clinic_clock import today
from clinic_factory import add_case, add_unit, add_user, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import readings
from covid_d.clinic.cases.load_case import whole_case
from covid_d.clinic.cases.report import Report, make_report, pictures_of
from covid_d.clinic.database.cases import Case, StoredAssessment
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor

People = dict[Role, Person]
CEDULA = "1710034065"


def _report(place: Installation, person: Person, case_id: int, *, named: bool = False) -> Report:
    return make_report(place, person, Actor(person.id), case_id, with_national_id=named)[0]


def test_the_cedula_is_printed_only_when_asked_for_and_that_is_recorded(
    installation: Installation, people: People
) -> None:
    doctor = people[Role.DOCTOR]
    case_id = add_case(installation, doctor, national_id=CEDULA)
    assert _report(installation, doctor, case_id).national_id is None
    assert CEDULA not in repr(_report(installation, doctor, case_id))
    assert _report(installation, doctor, case_id, named=True).national_id == CEDULA
    with installation.reading() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "case.report"))
        details = [entry.detail for entry in entries]
    assert [detail["national_id"] for detail in details] == [False, False, True]
    assert CEDULA not in str(details)


def test_a_case_without_a_readable_cedula_prints_none(
    installation: Installation, people: People
) -> None:
    doctor = people[Role.DOCTOR]
    assert (
        _report(installation, doctor, add_case(installation, doctor), named=True).national_id
        is None
    )


def test_the_newest_reading_of_each_person_and_what_holds_of_the_follow_up(
    installation: Installation, people: People
) -> None:
    doctor, radiologist = people[Role.DOCTOR], people[Role.RADIOLOGIST]
    case_id = add_case(installation, doctor)
    for person, finding in ((doctor, "positive"), (radiologist, "negative"), (doctor, "negative")):
        with installation.act(Actor(person.id)) as act:
            case = whole_case(act.session, person, case_id)
            readings.record_reading(act, case, person, finding=finding)
    actor = Actor(doctor.id)
    wrong = add(installation, doctor, actor, case_id, Entry(EntryKind.ANTIGEN, "positive", today()))
    add(
        installation,
        doctor,
        actor,
        case_id,
        Entry(EntryKind.ANTIGEN, "negative", today(), supersedes=wrong, reason="error"),
    )
    report = _report(installation, doctor, case_id)
    assert [(entry.who, str(entry.finding)) for entry in report.readings] == [
        ("Radiologist", "Not compatible with COVID-19"),
        ("Doctor", "Not compatible with COVID-19"),
    ]
    assert [(fact.kind, fact.value) for fact in report.facts] == [(EntryKind.ANTIGEN, "negative")]


def test_no_report_before_ones_own_reading(installation: Installation, people: People) -> None:
    read_blind(installation)
    case_id = add_case(installation, people[Role.DOCTOR])
    with pytest.raises(readings.ReadingFirstError):
        _report(installation, people[Role.DOCTOR], case_id)


def test_another_units_case_does_not_exist(installation: Installation, people: People) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    add_unit(installation, "Hospital Dos")
    stranger = add_user(installation, "stranger", Role.DOCTOR, unit="Hospital Dos")
    with pytest.raises(NotFoundError):
        _report(installation, stranger, case_id)


def test_a_missing_film_leaves_its_place_empty(installation: Installation, people: People) -> None:
    doctor = people[Role.DOCTOR]
    case_id = add_case(installation, doctor)
    with installation.writing() as session:
        set_answer(session.scalars(select(StoredAssessment)).one(), **AUDITED_TYPICAL)
    with installation.reading() as session:
        film = whole_case(session, doctor, case_id).films[0]
        assert session.get_one(Case, case_id)
    plain, covered = pictures_of(installation, film)
    assert plain is not None
    assert covered is not None
    assert plain != covered
    installation.films.remove(film.sha256)
    assert pictures_of(installation, film) == (None, None)


def test_a_demonstrations_evidence_is_not_printed(
    installation: Installation, people: People
) -> None:
    doctor = people[Role.DOCTOR]
    case_id = add_case(installation, doctor)
    with installation.reading() as session:
        film = whole_case(session, doctor, case_id).films[0]
        assert film.assessments[-1].assessment.verdict == "demonstration"
    plain, covered = pictures_of(installation, film)
    assert plain is not None
    assert covered is None
