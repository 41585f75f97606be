"""A case is accepted whole or not at all, once, with every film answered."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from clinic_factory import add_case
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import Case, Film, StoredAssessment
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import ConflictError, InvalidInputError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

FilmBytes = Callable[[int], bytes]


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    return people[Role.DOCTOR]


def _count(installation: Installation, table: type) -> int:
    with installation.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_case_is_entered_with_its_film_answer_and_trace(
    installation: Installation, doctor: Person
) -> None:
    number = add_case(installation, doctor, seed=1)
    with installation.reading() as session:
        case = session.get_one(Case, number)
        (film,) = case.films
        (answer,) = film.assessments
        entry = session.scalar(select(AuditEntry).where(AuditEntry.subject == f"case:{number}"))
    assert (case.patient_code, case.symptoms, case.unit_id) == (
        "HC-0001",
        ["cough", "fever"],
        doctor.unit_id,
    )
    assert (film.format, film.width, film.projection) == ("PNG", 256, "PA")
    assert installation.films.has(film.sha256)
    assert answer.probability is not None
    assert answer.prevalence == 0.1
    assert answer.assessment.activation is not None
    assert answer.assessment.outcome.value == answer.outcome
    assert entry is not None
    assert (entry.action, entry.user_id) == ("case.create", doctor.id)


def test_the_same_submission_is_one_case(installation: Installation, doctor: Person) -> None:
    first = add_case(installation, doctor, submission="abc")
    assert add_case(installation, doctor, submission="abc") == first
    assert _count(installation, Case) == 1


def test_the_same_submission_at_the_same_moment_is_one_case(
    installation: Installation, doctor: Person
) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: add_case(installation, doctor, submission="abc"), range(4)))
    assert len(found) == _count(installation, Case) == _count(installation, Film) == 1


def test_a_submission_never_swallows_another_case(
    installation: Installation, people: dict[Role, Person]
) -> None:
    add_case(installation, people[Role.DOCTOR], submission="abc")
    with pytest.raises(ConflictError):
        add_case(installation, people[Role.DOCTOR], submission="abc", age_years=55)
    with pytest.raises(ConflictError):
        add_case(installation, people[Role.RADIOLOGIST], submission="abc")


def test_the_same_film_twice_is_one_film(
    installation: Installation, doctor: Person, film_bytes: FilmBytes
) -> None:
    add_case(installation, doctor, films=[film_bytes(1), film_bytes(2), film_bytes(1)])
    assert _count(installation, Film) == 2


def test_a_refused_film_is_stored_with_its_reason(
    installation: Installation, doctor: Person
) -> None:
    number = add_case(installation, doctor, films=[b"This is no film."])
    with installation.reading() as session:
        (film,) = session.get_one(Case, number).films
        (answer,) = film.assessments
        silent = session.scalar(select(func.count()).where(StoredAssessment.probability.is_(None)))
    assert silent == 1
    assert answer.assessment.activation is None
    assert installation.films.get(film.sha256) == b"This is no film."
    assert (answer.outcome, answer.probability, film.format) == ("refused", None, None)
    assert answer.refusal_code == answer.assessment.refusal.code.value == "not_an_image"


def test_a_child_is_refused_whoever_says_so(installation: Installation, doctor: Person) -> None:
    number = add_case(installation, doctor, age_years=9)
    with installation.reading() as session:
        (answer,) = session.get_one(Case, number).films[0].assessments
    assert answer.refusal_code == answer.assessment.refusal.code.value == "child"
    assert answer.assessment.activation is None


def test_nothing_is_kept_of_a_case_that_is_not_accepted(
    installation: Installation, doctor: Person
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        add_case(installation, doctor, films=[], age_years=130, province="Lima")
    assert set(caught.value.fields) == {"films", "age_years", "province"}
    assert _count(installation, Case) == 0


def test_a_failed_transaction_shows_nothing(
    installation: Installation, doctor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("covid_d.clinic.trail.audit_trail.record", fail)
    with pytest.raises(ZeroDivisionError):
        add_case(installation, doctor)
    assert [_count(installation, table) for table in (Case, Film, StoredAssessment)] == [0, 0, 0]


def _warnings(installation: Installation, case_id: int) -> set[str]:
    with installation.reading() as session:
        stored = session.scalars(
            select(StoredAssessment).join(Film).where(Film.case_id == case_id)
        ).one()
        return {one.code for one in stored.assessment.warnings}


def test_to_know_that_it_is_an_adult_suffices(installation: Installation, doctor: Person) -> None:
    nothing = add_case(installation, doctor, seed=1, age_years=None)
    adult = add_case(installation, doctor, seed=2, age_years=None, adult=True)
    child = add_case(installation, doctor, seed=3, age_years=None, adult=False)
    assert "age_unknown" in _warnings(installation, nothing)
    assert "age_unknown" not in _warnings(installation, adult)
    with installation.reading() as session:
        stored = select(StoredAssessment).join(Film).where(Film.case_id == child)
        assert session.scalars(stored).one().refusal_code == "child"
        assert session.get_one(Case, adult).adult is True
        assert session.get_one(Case, nothing).adult is None


@pytest.mark.parametrize(("age", "adult"), [(17, True), (18, False)])
def test_age_and_adult_must_agree(
    installation: Installation, doctor: Person, age: int, adult: bool
) -> None:
    with pytest.raises(InvalidInputError) as raised:
        add_case(installation, doctor, age_years=age, adult=adult)
    assert set(raised.value.fields) == {"adult"}
