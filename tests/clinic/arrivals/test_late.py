"""A film of a study that is known already: it waits with the others, or is a case of its own.

What somebody has read is never changed under them, and nobody's answer is let go by another's
reading.
"""

from __future__ import annotations

import pytest
from sqlalchemy import select

from arrival_factory import arrival_of, bring, enter, every_arrival, ward_of
from clinic_factory import read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.arrivals import entry, lists
from covid_d.clinic.arrivals.desk import ClinicWard
from covid_d.clinic.cases.readings import record_reading
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.pacs.ward import Release

pytestmark = pytest.mark.postgres
STUDY = 7


def waiting(installation: Installation, doctor: Person) -> list[lists.WaitingStudy]:
    with installation.reading() as session:
        return lists.waiting_studies(session, installation, doctor)


def read(installation: Installation, person: Person, case_id: int) -> None:
    with installation.act(Actor(person.id)) as act:
        case = act.session.get_one(Case, case_id)
        record_reading(act, case, person, finding="negative", notes="")


def films_of(installation: Installation, case_id: int) -> list[str]:
    with installation.reading() as session:
        chosen = select(Film.sha256).where(Film.case_id == case_id).order_by(Film.id)
        return list(session.scalars(chosen))


class TestBeforeItsCase:
    def test_it_joins_those_that_wait_for_somebodys_word(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        first = bring(ward, 1, STUDY)
        ward.settle()
        assert arrival_of(installation, first).question == "unknown"
        late = bring(ward, 2, STUDY)
        assert ward.settle() == 1, "the study is looked at once more"
        (study,) = waiting(installation, doctor)
        assert len(study.tokens) == 2
        case = enter(installation, doctor, first)
        assert [arrival_of(installation, each).case_id for each in (first, late)] == [case, case]

    def test_of_another_patient_it_makes_the_study_a_question(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        bring(ward, 1, STUDY)
        ward.settle()
        bring(ward, 2, STUDY, PatientID="HC-9")
        ward.settle()
        (study,) = waiting(installation, doctor)
        assert len(study.tokens) == 2
        assert {row.question for row in every_arrival(installation)} == {"mixed"}
        assert study.match.question is not None
        assert study.match.question.value == "mixed"


class TestAfterItsCase:
    def test_it_is_a_case_of_its_own_and_the_first_stays_as_it_was_read(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        case = enter(installation, doctor, bring(ward, 1, STUDY))
        read(installation, doctor, case)
        before = films_of(installation, case)
        late = bring(ward, 2, STUDY)
        ward.settle()
        row = arrival_of(installation, late)
        assert row.state == "entered"
        assert row.case_id not in (None, case)
        assert films_of(installation, case) == before
        with installation.reading() as session:
            first, second = (session.get_one(Case, each) for each in (case, row.case_id))
            assert second.patient_code == first.patient_code
            assert not second.readings, "it waits for a reader"
        assert installation.verify_trail().sound

    def test_also_where_the_first_was_not_read_yet(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        case = enter(installation, doctor, bring(ward, 1, STUDY))
        ward.settle()
        late = bring(ward, 2, STUDY)
        ward.settle()
        assert arrival_of(installation, late).case_id not in (None, case)
        assert len(films_of(installation, case)) == 1

    @pytest.mark.parametrize("changed", [{"PatientName": "Guamán^Rosa"}, {"PatientSex": "M"}])
    def test_with_another_name_under_the_number_it_is_asked_about(
        self,
        installation: Installation,
        ward: ClinicWard,
        doctor: Person,
        changed: dict[str, str],
    ) -> None:
        enter(installation, doctor, bring(ward, 1, STUDY))
        late = bring(ward, 2, STUDY, **changed)
        ward.settle()
        row = arrival_of(installation, late)
        assert (row.question, row.case_id) == ("differs", None)

    def test_its_answer_waits_for_its_own_reading_where_the_unit_reads_blind(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        read_blind(installation)
        first = bring(ward, 1, STUDY)
        read(installation, doctor, enter(installation, doctor, first))
        late = bring(ward, 2, STUDY)
        assert ward.releases([first, late]) == {first: Release.GOES, late: Release.WAITS}
        ward.settle()
        assert ward.releases([late]) == {late: Release.WAITS}
        read(installation, doctor, arrival_of(installation, late).case_id or 0)
        assert ward.releases([late]) == {late: Release.GOES}

    def test_a_reading_of_the_first_goes_back_about_the_first_alone(
        self, installation: Installation, doctor: Person
    ) -> None:
        ward = ward_of(installation, readings="always")
        first = bring(ward, 1, STUDY)
        read(installation, doctor, enter(installation, doctor, first))
        bring(ward, 2, STUDY)
        ward.settle()
        ward.settle()
        assert [reading.fingerprint for reading in ward.readings()] == [first]


class TestAfterItsStudyWasSetAside:
    def test_it_waits_for_somebodys_word_and_is_not_thrown_away_with_it(
        self, installation: Installation, ward: ClinicWard, doctor: Person
    ) -> None:
        first = bring(ward, 1, STUDY)
        row = arrival_of(installation, first)
        entry.set_aside(installation, doctor, Actor(doctor.id), row.id, "prueba del equipo")
        late = bring(ward, 2, STUDY)
        ward.settle()
        assert arrival_of(installation, late).question == "unknown"
        assert arrival_of(installation, first).state == "set_aside"
        (study,) = waiting(installation, doctor)
        assert len(study.tokens) == 1


def test_the_same_film_corrected_in_the_pacs_makes_no_second_case(
    installation: Installation, ward: ClinicWard, doctor: Person
) -> None:
    """Corrected, it is another film to the node; the clinic has it already, under that number."""
    case = enter(installation, doctor, bring(ward, 1, STUDY))
    corrected = bring(ward, 1, STUDY, PatientName="Quishpe^María J.")
    ward.settle()
    row = arrival_of(installation, corrected)
    assert (row.state, row.case_id) == ("entered", case)
    assert len(films_of(installation, case)) == 1
