"""The clinic as a node's ward: what goes back when, and what a clinic in trouble loses."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from arrival_factory import arrival_of, arrived, bring, enter, every_arrival, ward_of
from clinic_factory import add_case, add_unit, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.arrivals import entry
from covid_d.clinic.arrivals.desk import ClinicWard, units_of
from covid_d.clinic.arrivals.readings_back import send_back
from covid_d.clinic.cases.film_terms import BodySide, Height
from covid_d.clinic.cases.readings import record_reading
from covid_d.clinic.cases.structured import SeenSign, Structured
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.database.cases import Case, Reading
from covid_d.clinic.database.operations import InstalledBundle
from covid_d.clinic.database.sealed import table_of
from covid_d.clinic.errors import NotFoundError, UnavailableError
from covid_d.clinic.films import FilmStore
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import erase
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import Appearance, Outcome
from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.pacs.results.reading import reading_object
from covid_d.pacs.ward import NotReadHereError, Release, WardClosedError

pytestmark = pytest.mark.postgres


SEEN = Structured(
    Appearance.TYPICAL,
    (SeenSign("ground_glass", BodySide.BOTH, (Height.LOWER,)),),
    (0, 1, 2, 0, 1, 3),
)


def read(
    installation: Installation, person: Person, case_id: int, finding: str = "positive"
) -> int:
    with installation.act(Actor(person.id)) as act:
        case = act.session.get_one(Case, case_id)
        seen = SEEN if finding == "positive" else None
        return record_reading(
            act, case, person, finding=finding, notes="bases\n\nbilaterales", seen=seen
        ).id


class TestBlind:
    def test_an_answer_goes_once_somebody_has_read_the_case(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        read_blind(installation)
        known_as = bring(ward)
        assert ward.releases([known_as]) == {known_as: Release.WAITS}
        case = enter(installation, doctor, known_as)
        assert ward.releases([known_as]) == {known_as: Release.WAITS}
        read(installation, doctor, case)
        assert ward.releases([known_as]) == {known_as: Release.GOES}

    def test_of_what_was_set_aside_nothing_ever_goes(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        read_blind(installation)
        known_as = bring(ward)
        row = arrival_of(installation, known_as)
        entry.set_aside(installation, doctor, Actor(doctor.id), row.id, "prueba")
        assert ward.releases([known_as]) == {known_as: Release.NEVER}

    def test_nor_of_a_patient_that_was_erased(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        read_blind(installation)
        known_as = bring(ward)
        case = enter(installation, doctor, known_as)
        erase.erase(installation, Actor(None), [case])
        assert ward.releases([known_as]) == {known_as: Release.NEVER}

    def test_what_nobody_asks_about_is_not_said(self, ward: ClinicWard) -> None:
        assert ward.releases([]) == {}


class TestReadings:
    def test_one_goes_back_when_its_reader_says_so_and_only_once(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        known_as = bring(ward)
        case_id = enter(installation, doctor, known_as)
        number = read(installation, doctor, case_id)
        ward.settle()
        assert ward.readings() == []
        for _ in range(2):
            with installation.act(Actor(doctor.id)) as act:
                send_back(act, act.session.get_one(Case, case_id), doctor, number)
                act.record("case.view", f"case:{case_id}")
        (found,) = ward.readings()
        assert (found.number, found.fingerprint) == (number, known_as)
        assert (found.reader, found.organization) == ("Doctor", "Hospital Uno")
        assert (found.finding, found.appearance) == (Outcome.POSITIVE, Appearance.TYPICAL)
        assert tuple(found.extent) == (0, 1, 2, 0, 1, 3)
        assert [(sign.code, sign.place) for sign in found.signs] == [
            ("ground_glass", "both sides, lower")
        ]
        assert found.header.PatientName == "Quishpe^María José"
        assert found.sentences[0] == "Compatible con COVID-19"
        assert list(found.sentences[-2:]) == ["bases", "bilaterales"]
        first = reading_object(found).content
        (again,) = ward.readings()
        assert reading_object(again).content == first
        ward.reading_taken(number)
        assert ward.readings() == []
        assert installation.verify_trail().sound

    def test_always_sends_every_reading(
        self, installation: Installation, doctor: Person, people: dict[Role, Person]
    ) -> None:
        ward = ward_of(installation, readings="always")
        case = enter(installation, doctor, bring(ward))
        numbers = [
            read(installation, doctor, case),
            read(installation, people[Role.RADIOLOGIST], case, "negative"),
        ]
        ward.settle()
        assert [found.number for found in ward.readings()] == numbers
        assert ward.settle() == 0, "ordered once"

    def test_a_case_of_two_films_has_a_report_for_each(
        self, installation: Installation, doctor: Person
    ) -> None:
        ward = ward_of(installation, readings="always")
        films = [bring(ward, seed, study=9) for seed in (1, 2)]
        read(installation, doctor, enter(installation, doctor, films[0]))
        ward.settle()
        assert [found.fingerprint for found in ward.readings()] == films

    def test_of_an_uploaded_film_nothing_goes_back(
        self, installation: Installation, doctor: Person
    ) -> None:
        ward = ward_of(installation, readings="always")
        case = add_case(installation, doctor)
        number = read(installation, doctor, case)
        assert ward.settle() == 0
        with installation.act(Actor(doctor.id)) as act, pytest.raises(NotFoundError):
            send_back(act, act.session.get_one(Case, case), doctor, number)

    def test_nobody_sends_anothers_reading(
        self,
        installation: Installation,
        ward: ClinicWard,
        doctor: Person,
        people: dict[Role, Person],
    ) -> None:
        case = enter(installation, doctor, bring(ward))
        number = read(installation, doctor, case)
        other = people[Role.RADIOLOGIST]
        with installation.act(Actor(other.id)) as act, pytest.raises(NotFoundError):
            send_back(act, act.session.get_one(Case, case), other, number)

    def test_a_reading_that_was_changed_in_the_database_is_nobodys_word(
        self, installation: Installation, doctor: Person
    ) -> None:
        ward = ward_of(installation, readings="always")
        number = read(installation, doctor, enter(installation, doctor, bring(ward)))
        ward.settle()
        with installation.engine.begin() as connection:
            connection.execute(
                update(table_of(Reading)).where(Reading.id == number).values(finding="negative")
            )
        assert ward.readings() == []

    def test_who_reads_a_film_of_the_network_first_is_its_first_reader(
        self,
        installation: Installation,
        ward: ClinicWard,
        doctor: Person,
        people: dict[Role, Person],
    ) -> None:
        enter(installation, doctor, bring(ward, 1))
        second = bring(ward, 2)
        ward.settle()
        case = arrival_of(installation, second).case_id or 0
        readers = [people[Role.RADIOLOGIST], doctor]
        kinds = []
        for reader in readers:
            number = read(installation, reader, case)
            with installation.reading() as session:
                kinds.append(session.get_one(Reading, number).kind)
        assert kinds == ["blind", "blind"]


class TestTrouble:
    def test_a_full_disk_closes_the_ward_and_the_film_is_told_again(
        self, installation: Installation, ward: ClinicWard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        film = arrived(ward)

        def full(*_: object) -> str:
            raise UnavailableError(N_("The disk is full."))

        monkeypatch.setattr(FilmStore, "put", full)
        with pytest.raises(WardClosedError):
            ward.arrive(film)
        monkeypatch.undo()
        ward.arrive(film)
        assert arrival_of(installation, film.fingerprint).state == "waiting"

    def test_a_database_that_is_away_closes_it_and_its_words_stay_in(
        self, ward: ClinicWard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_: object, **__: object) -> int:
            raise OperationalError("SELECT 'Quishpe'", {}, Exception("Quishpe"))

        monkeypatch.setattr(entry, "settle", away)
        with pytest.raises(WardClosedError) as raised:
            ward.settle()
        assert "Quishpe" not in str(raised.value.reason)

    def test_a_sender_that_no_unit_reads_for_is_told_apart_from_a_closed_ward(
        self, installation: Installation
    ) -> None:
        """The film is set aside; as a closed ward it made every other film wait too."""
        ward = ClinicWard(installation, {"CT1": 1})
        film = arrived(ward_of(installation), caller="CT2")
        with pytest.raises(NotReadHereError) as raised:
            ward.arrive(film)
        assert "CT2" in str(raised.value.reason)
        with pytest.raises(NotReadHereError):
            ward.prevalence("CT2")
        assert every_arrival(installation) == []

    def test_another_bundle_switched_on_elsewhere_is_taken_up(
        self, installation: Installation, ward: ClinicWard, people: dict[Role, Person]
    ) -> None:
        first = ward.detector()
        assert ward.detector() is first, "nothing changed, nothing is loaded"
        with installation.writing() as session:  # as the server's process writes it
            session.add(
                InstalledBundle(
                    sha256="ab" * 32,
                    name="other",
                    version="2",
                    verdict="demonstration",
                    active=True,
                    installed_at=now(),
                    installed_by_id=people[Role.ADMINISTRATOR].id,
                )
            )
        with pytest.raises(WardClosedError):  # its file is not there: no other answers instead
            ward.detector()


class TestUnits:
    def test_the_only_unit_reads_everybodys_films(self, installation: Installation) -> None:
        assert units_of(installation, []) == {"": 1}

    def test_units_by_sender_and_one_for_the_rest(self, installation: Installation) -> None:
        second = add_unit(installation, "Centro de Salud")
        named = ["hospital  uno", "RX2=Centro de Salud"]
        assert units_of(installation, named) == {"": 1, "RX2": second}
        ward = ClinicWard(installation, units_of(installation, named))
        film = arrived(ward, caller="RX2")
        ward.arrive(film)
        assert arrival_of(installation, film.fingerprint).unit_id == second

    @pytest.mark.parametrize("named", [[], ["Nowhere"], ["CT1=Nowhere"]])
    def test_a_unit_that_is_not_there_is_told_with_those_that_are(
        self, installation: Installation, named: list[str]
    ) -> None:
        add_unit(installation, "Hospital Dos")
        with pytest.raises(CovidDError) as raised:
            units_of(installation, named)
        assert "hospital dos" in str(raised.value)

    def test_one_that_is_switched_off_takes_none(self, installation: Installation) -> None:
        with installation.writing() as session:
            session.execute(update(Unit).values(active=False))
        with pytest.raises(CovidDError):
            units_of(installation, ["Hospital Uno"])
