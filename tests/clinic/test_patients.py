"""Cases of one patient are found by cédula and by code within a unit."""

from __future__ import annotations

from covid_d.clinic.patients import Identity, same_patient


def test_nobody() -> None:
    assert same_patient([]).tolist() == []


def test_a_code_counts_within_its_unit() -> None:
    cases = [Identity(1, "A", None), Identity(2, "A", None), Identity(1, "A", None)]
    assert same_patient(cases).tolist() == [0, 1, 0]


def test_a_national_id_counts_everywhere() -> None:
    cases = [Identity(1, "A", "h"), Identity(2, "B", "h"), Identity(2, "C", "i")]
    assert same_patient(cases).tolist() == [0, 0, 2]


def test_one_case_may_join_two_others() -> None:
    cases = [Identity(1, "A", None), Identity(2, "B", "h"), Identity(1, "A", "h")]
    assert same_patient(cases).tolist() == [0, 0, 0]
    assert same_patient(cases[:2]).tolist() == [0, 1]
