"""Films from the network: kept without their patient, entered where plain, else asked about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from arrival_factory import (
    PATIENT,
    arrival_of,
    arrived,
    bring,
    enter,
    every_arrival,
    network_film,
    ward_of,
)
from clinic_factory import add_case, add_unit, read_blind
from covid_d.clinic.accounts.people import NETWORK_USERNAME, Person
from covid_d.clinic.arrivals import entry, lists
from covid_d.clinic.arrivals.desk import ClinicWard
from covid_d.clinic.cases import staging
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import Unit, User
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.database.operations import AuditEntry, StagedFilm
from covid_d.clinic.errors import InvalidInputError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from films import part10

pytestmark = pytest.mark.postgres

NAMED = [value for keyword, value in PATIENT.items() if keyword != "PatientSex"]


def cases(installation: Installation) -> list[Case]:
    with installation.reading() as session:
        return list(session.scalars(select(Case).order_by(Case.id)))


def actions(installation: Installation) -> list[str]:
    with installation.reading() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.sequence)))


class TestKept:
    def test_a_film_is_kept_as_an_uploaded_one_is(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        film = arrived(ward)
        assert ward.arrive(film) is False
        row = arrival_of(installation, film.fingerprint)
        sent = staging.stage(installation, doctor, Actor(doctor.id), film.content)
        assert row.sha256 == sent.sha256
        kept = installation.films.get(row.sha256)
        for value in NAMED:
            assert value.encode() not in kept
        assert (row.state, row.question, row.case_id, row.caller) == ("waiting", None, None, "CT1")

    def test_what_the_database_holds_names_nobody_in_the_clear(
        self, installation: Installation, ward: ClinicWard
    ) -> None:
        row = arrival_of(installation, bring(ward))
        told = " ".join(str(getattr(row, column.key)) for column in row.__table__.columns)
        for value in (*NAMED, "1.2.826.0.1.3680043.8.498.99"):
            assert value not in told

    def test_told_again_it_is_one(self, installation: Installation, ward: ClinicWard) -> None:
        for _ in range(3):
            bring(ward)
        assert len(every_arrival(installation)) == 1
        assert actions(installation).count("arrival.receive") == 1

    def test_the_trail_names_the_network(
        self, installation: Installation, ward: ClinicWard
    ) -> None:
        bring(ward)
        with installation.reading() as session:
            entered = session.scalar(
                select(User.username)
                .join(AuditEntry, AuditEntry.user_id == User.id)
                .where(AuditEntry.action == "arrival.receive")
            )
            user = session.scalar(select(User).where(User.username == NETWORK_USERNAME))
        assert entered == NETWORK_USERNAME
        assert user is not None
        assert (user.active, user.password_hash) == (False, None)
        assert installation.verify_trail().sound

    @pytest.mark.parametrize("blind", [True, False])
    def test_it_says_whether_its_unit_reads_blind(
        self, installation: Installation, ward: ClinicWard, blind: bool
    ) -> None:
        if blind:
            read_blind(installation)
        film = arrived(ward)
        assert ward.arrive(film) is blind
        with installation.writing() as session:  # what it was when it came stays
            session.execute(update(Unit).values(blind_mode=not blind))
        assert ward.arrive(film) is blind

    def test_it_outlives_the_sweep_until_somebody_decides(
        self,
        installation: Installation,
        ward: ClinicWard,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        row = arrival_of(installation, bring(ward))
        monkeypatch.setattr(staging, "now", lambda: now() + timedelta(days=40))
        assert not staging.is_sweep_due(installation)
        staging.sweep(installation)
        assert installation.films.has(row.sha256)
        with installation.reading() as session:
            assert session.get(StagedFilm, row.token) is not None

    def test_a_refused_film_arrives_too(self, installation: Installation, ward: ClinicWard) -> None:
        film = arrived(ward, ViewPosition="LL")
        assert film.examination.refusal is not None
        ward.arrive(film)
        assert arrival_of(installation, film.fingerprint).state == "waiting"


class TestAsked:
    def question(self, installation: Installation, ward: ClinicWard, known_as: str) -> str | None:
        ward.settle()
        return arrival_of(installation, known_as).question

    def test_an_unknown_number(self, installation: Installation, ward: ClinicWard) -> None:
        assert self.question(installation, ward, bring(ward)) == "unknown"
        assert cases(installation) == []

    def test_a_number_entered_by_hand_has_no_name_to_hold_it_against(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        add_case(installation, doctor, patient_code="HC-778", seed=5)
        assert self.question(installation, ward, bring(ward)) == "unnamed"
        assert len(cases(installation)) == 1

    @pytest.mark.parametrize(
        ("changed", "differ"),
        [
            ({"PatientName": "Quishpe^Ana"}, ("name",)),
            ({"PatientName": ""}, ("name",)),
            ({"PatientBirthDate": "19610302"}, ("birth",)),
            ({"PatientSex": "M"}, ("sex",)),
            ({"PatientName": "X", "PatientSex": "M"}, ("name", "sex")),
        ],
    )
    def test_another_name_birth_date_or_sex_under_the_number(
        self,
        installation: Installation,
        ward: ClinicWard,
        doctor: Person,
        changed: dict[str, Any],
        differ: tuple[str, ...],
    ) -> None:
        enter(installation, doctor, bring(ward, 1))
        second = bring(ward, 2, **changed)
        assert self.question(installation, ward, second) == "differs"
        assert len(cases(installation)) == 1
        row = arrival_of(installation, second)
        with installation.reading() as session:
            study = lists.study_of(session, installation, doctor, row.id)
        assert study.match.differences == differ
        assert study.match.known is not None
        assert study.match.known.case.patient_code == "HC-778"

    def test_no_number(self, installation: Installation, ward: ClinicWard) -> None:
        assert self.question(installation, ward, bring(ward, PatientID="")) == "no_number"

    @pytest.mark.parametrize(
        "changed", [{"PatientID": "HC-9"}, {"PatientName": "Guamán^Rosa"}, {"PatientSex": "M"}]
    )
    def test_a_study_of_two_patients(
        self, installation: Installation, ward: ClinicWard, changed: dict[str, Any]
    ) -> None:
        first = bring(ward, 1, study=7)
        bring(ward, 2, study=7, **changed)
        assert self.question(installation, ward, first) == "mixed"

    def test_another_patients_film(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        enter(installation, doctor, bring(ward, 1))
        add_case(installation, doctor, patient_code="OTHER", films=[part10(network_film(2))])
        assert self.question(installation, ward, bring(ward, 2)) == "other_patient"

    def test_a_unit_that_is_switched_off_loses_nothing(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        enter(installation, doctor, bring(ward, 1))
        second = bring(ward, 2)
        with installation.writing() as session:
            session.execute(update(Unit).values(active=False))
        assert self.question(installation, ward, second) == "unnamed"
        assert installation.films.has(arrival_of(installation, second).sha256)

    def test_nobody_is_asked_twice(self, installation: Installation, ward: ClinicWard) -> None:
        bring(ward)
        assert [ward.settle(), ward.settle()] == [1, 0]
        assert actions(installation).count("arrival.ask") == 1


class TestEntered:
    def test_a_doctor_says_whose_it_is_and_it_is_their_case(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        known_as = bring(ward)
        ward.settle()
        number = enter(installation, doctor, known_as)
        (case,) = cases(installation)
        assert (case.id, case.patient_code, case.sex, case.age_years) == (number, "HC-778", "F", 65)
        assert case.created_by_id == doctor.id
        row = arrival_of(installation, known_as)
        assert (row.state, row.case_id, row.decided_by_id) == ("entered", number, doctor.id)
        assert row.token is None
        assert actions(installation)[-1] == "arrival.enter"

    def test_confirmed_once_the_next_film_is_a_case_by_itself(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        enter(installation, doctor, bring(ward, 1), same=False)
        second = bring(ward, 2, PatientName="QUISHPE^Maria  Jose")  # as another station writes it
        ward.settle()
        first_case, case = cases(installation)
        assert (case.patient_code, case.province) == (first_case.patient_code, first_case.province)
        with installation.reading() as session:
            entered_by = session.get_one(User, case.created_by_id).username
        assert entered_by == NETWORK_USERNAME
        assert arrival_of(installation, second).case_id == case.id

    def test_what_waits_of_the_same_patient_needs_no_second_word(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        first, second = bring(ward, 1), bring(ward, 2)
        ward.settle()
        assert arrival_of(installation, second).question == "unknown"
        enter(installation, doctor, first)
        ward.settle()
        assert arrival_of(installation, second).state == "entered"
        assert len(cases(installation)) == 2

    def test_a_study_of_several_films_is_one_case(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        enter(installation, doctor, bring(ward, 1))
        for seed in (2, 3):
            bring(ward, seed, study=50)
        ward.settle()
        with installation.reading() as session:
            films = session.scalars(select(Film).where(Film.case_id == cases(installation)[1].id))
            assert len(films.all()) == 2

    def test_one_that_may_still_be_coming_is_waited_for(
        self, installation: Installation, doctor: Person
    ) -> None:
        ward = ward_of(installation)
        enter(installation, doctor, bring(ward, 1))
        bring(ward, 2)
        assert entry.settle(installation) == 0  # it came a moment ago
        assert len(cases(installation)) == 1

    def test_a_film_that_was_uploaded_already_is_known_and_no_second_case(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        number = add_case(
            installation, doctor, patient_code="HC-778", films=[part10(network_film(1))]
        )
        known_as = bring(ward, 1)
        ward.settle()
        assert len(cases(installation)) == 1
        row = arrival_of(installation, known_as)
        assert (row.state, row.case_id) == ("entered", number)

    def test_a_cedula_is_never_an_open_code(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        known_as = bring(ward, PatientID="1710034065")
        ward.settle()
        enter(installation, doctor, known_as)
        (case,) = cases(installation)
        assert case.patient_code.startswith("P-")
        assert installation.keys.decrypt(case.national_id_encrypted or "") == "1710034065"
        second = bring(ward, 2, PatientID="171003406-5")
        ward.settle()
        assert arrival_of(installation, second).question in {"unknown", "unnamed", None}

    def test_the_case_reads_blind_as_its_unit_does(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        read_blind(installation)
        enter(installation, doctor, bring(ward))
        assert cases(installation)[0].blind

    def test_another_patient_gets_no_number_that_is_taken(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        enter(installation, doctor, bring(ward, 1))
        second = bring(ward, 2, PatientName="Other^Name")
        ward.settle()
        with pytest.raises(InvalidInputError) as raised:
            enter(installation, doctor, second, same=False)
        assert set(raised.value.fields) == {"patient_code"}
        assert len(cases(installation)) == 1

    def test_who_enters_nothing_changes_nothing(
        self, installation: Installation, ward: ClinicWard, people: dict[Role, Person]
    ) -> None:
        add_unit(installation, "Hospital Dos")
        with installation.reading() as session:
            other = session.scalar(select(Unit.id).where(Unit.name == "Hospital Dos"))
        known_as = bring(ward)
        stranger = Person(99, "x", "X", Role.DOCTOR, unit_id=other)
        row = arrival_of(installation, known_as)
        with installation.reading() as session, pytest.raises(NotFoundError):
            lists.study_of(session, installation, stranger, row.id)
        with pytest.raises(NotFoundError):
            staging.find(installation, stranger, row.token or "")


class TestSetAside:
    def test_with_a_reason_it_becomes_no_case(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        known_as = bring(ward)
        row = arrival_of(installation, known_as)
        entry.set_aside(installation, doctor, Actor(doctor.id), row.id, "prueba del equipo")
        after = arrival_of(installation, known_as)
        assert (after.state, after.reason, after.token) == ("set_aside", "prueba del equipo", None)
        assert ward.settle() == 0
        with pytest.raises(NotFoundError):
            entry.set_aside(installation, doctor, Actor(doctor.id), row.id, "again")

    @pytest.mark.parametrize("reason", ["", "   ", "x" * 301, "a\x00b"])
    def test_without_a_sound_reason_it_stays(
        self, installation: Installation, ward: ClinicWard, doctor: Person, reason: str
    ) -> None:
        known_as = bring(ward)
        row = arrival_of(installation, known_as)
        with pytest.raises(InvalidInputError) as raised:
            entry.set_aside(installation, doctor, Actor(doctor.id), row.id, reason)
        assert set(raised.value.fields) == {"reason"}
        assert arrival_of(installation, known_as).state == "waiting"

    def test_the_sweep_takes_its_file(
        self,
        installation: Installation,
        ward: ClinicWard,
        doctor: Person,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        row = arrival_of(installation, bring(ward))
        entry.set_aside(installation, doctor, Actor(doctor.id), row.id, "prueba")
        monkeypatch.setattr(staging, "now", lambda: now() + timedelta(days=2))
        staging.sweep(installation)
        assert not installation.films.has(row.sha256)


def test_whatever_a_header_holds_it_is_asked_about_and_breaks_nothing(
    installation: Installation, ward: ClinicWard
) -> None:
    strange: list[dict[str, Any]] = [
        {"PatientID": "x" * 64},
        {"PatientName": "^^^^"},
        {"PatientBirthDate": "19610203", "StudyDate": "18000101"},
        {"PatientID": "' OR 1=1 --", "PatientName": "<script>"},
    ]
    for seed, elements in enumerate(strange, start=1):
        bring(ward, seed, **elements)
    ward.settle()
    assert all(row.question for row in every_arrival(installation))
