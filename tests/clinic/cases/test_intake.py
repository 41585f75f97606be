"""A case is accepted whole or not at all, once, with every film answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bundle_factory import make_bundle
from clinic_factory import add_case
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import same_film
from covid_d.clinic.database.cases import Case, Film, StoredAssessment
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import ConflictError, InvalidInputError, UnavailableError
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import bundles
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector.bundle.contents import pack

pytestmark = pytest.mark.postgres

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


class TestTheBundleIsSwitchedMeanwhile:
    """By another server, between the films' answers and the case's entry."""

    @pytest.fixture
    def other(self, installation: Installation, people: dict[Role, Person], tmp_path: Path) -> str:
        packed = tmp_path / "other.zip"
        pack(make_bundle(tmp_path / "other", name="other"), packed)
        admin = Actor(people[Role.ADMINISTRATOR].id)
        return bundles.install(installation, admin, packed.read_bytes())

    @pytest.fixture
    def elsewhere(self, installation: Installation) -> Iterator[Installation]:
        opened = Installation.open(installation.settings)
        yield opened
        opened.close()

    def _switching(
        self, monkeypatch: pytest.MonkeyPatch, elsewhere: Installation, names: list[str | None]
    ) -> list[str | None]:
        """Switch, on the other server, each time that films were answered and not yet entered."""
        look, done = same_film.propose, list[str | None]()

        def switched_before(session: Session, *given: Any) -> Any:
            if (
                names and len(given) == 1
            ):  # the look before the act; the one within it knows what was found
                done.append(names.pop(0))
                bundles.switch(elsewhere, Actor(None), done[-1])
            return look(session, *given)

        monkeypatch.setattr(same_film, "propose", switched_before)
        return done

    def test_no_case_gets_an_answer_of_the_bundle_before(
        self,
        installation: Installation,
        elsewhere: Installation,
        doctor: Person,
        other: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        before = installation.active_detector.detector.bundle.id.sha256
        done = self._switching(monkeypatch, elsewhere, [other])
        number = add_case(installation, doctor)
        assert done == [other]
        assert before != other
        with installation.reading() as session:
            (film,) = session.get_one(Case, number).films
            (answer,) = film.assessments
            actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.sequence))
            told = [action for action in actions if action in {"bundle.switch", "case.create"}]
        assert answer.bundle_sha256 == other
        assert told == ["bundle.switch", "case.create"]
        assert _count(installation, Case) == _count(installation, StoredAssessment) == 1

    def test_one_that_is_switched_without_end_is_told(
        self,
        installation: Installation,
        elsewhere: Installation,
        doctor: Person,
        other: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self._switching(monkeypatch, elsewhere, [other, None] * 10)
        with pytest.raises(UnavailableError) as caught:
            add_case(installation, doctor)
        assert caught.value.code == "bundle_switched"
        assert _count(installation, Case) == 0
