"""Every film of the clinic is listed once, with a use or with the first reason against it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from clinic_clock import CLOCK
from clinic_factory import add_unit
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.collection.selection import (
    ExportCandidate,
    NotExported,
    candidates,
    consents,
    withdrawn_at,
)
from covid_d.clinic.database.cases import Film, FollowUp, StoredAssessment
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from episode_factory import Told, add, assessment, follow_up, write

pytestmark = pytest.mark.postgres

DAY = date(2026, 11, 2)


@pytest.fixture
def user(people: dict[Role, Person]) -> int:
    return people[Role.DOCTOR].id


def _told(rt_pcr: str | None = "positive", *, agreed: bool = True, **more: Any) -> Told:
    columns = {"research_consent": agreed} | more.pop("columns", {})
    return Told(day=DAY, rt_pcr=rt_pcr, columns=columns, **more)


def _found(installation: Installation) -> list[ExportCandidate]:
    with installation.reading() as session:
        return candidates(session, installation.keys, installation.clock)


class TestReason:
    def test_a_film_with_consent_and_result_may_leave(
        self, installation: Installation, user: int
    ) -> None:
        write(installation, [_told()], user_id=user)
        (film,) = _found(installation)
        assert (film.reason, film.cells["finding"]) == (None, "COVID-19")

    def test_the_first_reason_is_said(self, installation: Installation, user: int) -> None:
        expected = [
            (_told(agreed=False), NotExported.CONSENT),
            (_told(None, agreed=False, answers=(None,)), NotExported.CONSENT),
            (_told(columns={"sample": True}), NotExported.CONSENT),
            (_told(None), NotExported.RESULT),
            (_told("indeterminate"), NotExported.RESULT),
            (_told(None, antigen="negative"), NotExported.RESULT),
            (_told(None, answers=(None,)), NotExported.RESULT),
            (_told(sampled=DAY + timedelta(days=8)), NotExported.RESULT),
            (_told(answers=(None,)), NotExported.REFUSED),
        ]
        write(installation, [told for told, _ in expected], user_id=user)
        assert [film.reason for film in _found(installation)] == [why for _, why in expected]

    def test_each_film_of_a_case_stands_for_itself(
        self, installation: Installation, user: int
    ) -> None:
        write(installation, [_told(answers=(0.9, None, 0.1))], user_id=user)
        reasons = [film.reason for film in _found(installation)]
        assert reasons == [None, NotExported.REFUSED, None]

    def test_the_first_answer_decides_whether_a_film_was_refused(
        self, installation: Installation, user: int
    ) -> None:
        write(installation, [_told(answers=(None,)), _told(answers=(0.9,))], user_id=user)
        with installation.reading() as session:
            refused, answered = session.scalars(select(Film.id).order_by(Film.id))
        add(installation, StoredAssessment, assessment(refused, 0.9))
        add(installation, StoredAssessment, assessment(answered, None))
        assert [film.reason for film in _found(installation)] == [NotExported.REFUSED, None]

    def test_reasons_are_told_apart_in_both_languages(self) -> None:
        for language in ("es", "en"):
            assert len({reason.text.in_language(language) for reason in NotExported}) == 6


class TestCells:
    def test_the_laboratory_s_word(self, installation: Installation, user: int) -> None:
        expected = [
            ("positive", None, "COVID-19", "Y", ""),
            ("negative", None, "Laboratory negative", "N", ""),
            ("negative", "positive", "Laboratory negative", "N", "Y"),
            ("positive", "negative", "COVID-19", "Y", "N"),
            ("indeterminate", "positive", "COVID-19", "", "Y"),
            (None, "positive", "COVID-19", "", "Y"),
            (None, "negative", "", "", "N"),
            ("indeterminate", "negative", "", "", "N"),
            (None, None, "", "", ""),
        ]
        told = [_told(rt_pcr, antigen=antigen) for rt_pcr, antigen, *_ in expected]
        write(installation, told, user_id=user)
        names = ("finding", "RT_PCR_positive", "antigen_positive")
        for film, (*_, finding, pcr, antigen) in zip(_found(installation), expected, strict=True):
            assert [film.cells[name] for name in names] == [finding, pcr, antigen]

    def test_nobody_is_older_than_89(self, installation: Installation, user: int) -> None:
        ages = (None, 0, 88, 89, 90, 110)
        write(installation, [_told(columns={"age_years": age}) for age in ages], user_id=user)
        said = [film.cells["age"] for film in _found(installation)]
        assert said == ["", "0", "88", "89", "89", "89"]

    def test_days_since_the_first_symptom(self, installation: Installation, user: int) -> None:
        before = DAY - timedelta(days=4)
        expected = [
            (None, DAY, ""),
            (DAY, None, "0"),
            (before, None, "4"),
            (before, DAY - timedelta(days=3), "1"),
            (before, DAY - timedelta(days=6), "-2"),  # before the first symptom
            (before, DAY + timedelta(days=1), "4"),  # a day that cannot be
        ]
        told = [_told(columns={"symptom_onset": onset}) for onset, *_ in expected]
        write(installation, told, user_id=user)
        with installation.writing() as session:
            films = session.scalars(select(Film).order_by(Film.id))
            for film, (_, taken, _) in zip(films, expected, strict=True):
                film.taken_on = taken
        found = [film.cells["offset"] for film in _found(installation)]
        assert found == [days for *_, days in expected]

    def test_names_are_keyed_and_hold_from_export_to_export(
        self, installation: Installation, user: int
    ) -> None:
        unit = add_unit(installation, "Centro Dos")
        told = [_told(patient="A"), _told(patient="A"), _told(patient="B")]
        told.append(_told(patient="A", unit_id=unit))
        write(installation, told, user_id=user)
        found = _found(installation)
        patients = [film.cells["patientid"] for film in found]
        assert patients[0] == patients[1]
        assert len(set(patients)) == 3, "a code is a patient's within its unit"
        assert [film.cells["site"] for film in found[:3]] == [found[0].cells["site"]] * 3
        assert found[3].cells["site"] != found[0].cells["site"]
        assert len({film.cells["filename"] for film in found}) == 4
        assert found == _found(installation)
        for film in found:
            assert film.sha256 not in str(film.cells)
            assert film.cells["filename"].removesuffix(".png").isalnum()


class TestConsent:
    def _say(self, installation: Installation, case: int, user: int, value: str) -> int:
        return add(installation, FollowUp, follow_up(case, "consent", value, user, DAY))

    def test_the_last_statement_counts(self, installation: Installation, user: int) -> None:
        (case,) = write(installation, [_told(agreed=False)], user_id=user)
        for value, reason in (
            ("given", None),
            ("withdrawn", NotExported.CONSENT),
            ("given", None),
        ):
            self._say(installation, case, user, value)
            assert _found(installation)[0].reason is reason
            with installation.reading() as session:
                assert consents(session) == {case: value == "given"}
                assert set(withdrawn_at(session)) == (set() if reason is None else {case})

    def test_a_statement_that_was_taken_back_does_not(
        self, installation: Installation, user: int
    ) -> None:
        (case,) = write(installation, [_told()], user_id=user)
        number = self._say(installation, case, user, "withdrawn")
        correction = follow_up(case, "consent", "given", user, DAY, supersedes=number)
        add(installation, FollowUp, correction)
        assert _found(installation)[0].reason is None
        with installation.reading() as session:
            assert withdrawn_at(session) == {}

    def test_nothing_said_since_is_nothing(self, installation: Installation, user: int) -> None:
        write(installation, [_told()], user_id=user)
        with installation.reading() as session:
            assert consents(session) == {}
            assert withdrawn_at(session) == {}

    def test_when_it_was_withdrawn(self, installation: Installation, user: int) -> None:
        cases = write(installation, [_told(), _told(patient="B")], user_id=user)
        number = self._say(installation, cases[1], user, "withdrawn")
        with installation.reading() as session:
            assert withdrawn_at(session) == {cases[1]: session.get_one(FollowUp, number).created_at}


def test_of_an_empty_clinic_none(installation: Installation) -> None:
    with installation.reading() as session:
        assert candidates(session, installation.keys, CLOCK) == []
