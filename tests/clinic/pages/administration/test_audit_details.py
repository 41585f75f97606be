"""The details of the audit trail are told in both languages, whatever was recorded."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import covid_d
from clinic_factory import add_case
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.accounts.units import UnitDetails
from covid_d.clinic.installation import Installation
from covid_d.clinic.pages.administration.audit_details import NAMES, in_words
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import Language

SOURCE = Path(covid_d.__file__).parent
# Handed on as a dictionary (``**detail``), where no name stands beside the call.
HANDED_ON = {
    *(field.name for field in fields(UnitDetails)),
    *("username", "full_name", "role", "unit", "altered"),  # an account that was changed
    *("by", "linked"),  # a sign-in by an identity provider
    *("same_film_as", "reason"),  # a film that another patient's case holds
    "straightened",
    *("decision", "boxes", "case", "for"),  # a review
    *("table", "rows", "units"),  # a table of the dashboard
    *("cases", "page", "total"),  # a list of cases
}


def _recorded() -> Iterator[str]:
    """Yield every name of a detail that stands where an act records something."""
    for path in sorted(SOURCE.rglob("*.py")):
        if ".record(" not in (source := path.read_text(encoding="utf-8")):
            continue
        for call in ast.walk(ast.parse(source)):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "act.record":
                yield from (keyword.arg for keyword in call.keywords if keyword.arg)


def test_every_detail_that_is_recorded_has_a_name_and_every_name_a_detail() -> None:
    assert set(NAMES) == set(_recorded()) | HANDED_ON


def test_names_are_in_both_languages() -> None:
    for name, text in NAMES.items():
        assert text.in_language("es"), name
        assert "_" not in text.in_language("es") + text.in_language("en"), name


@pytest.mark.parametrize(
    ("detail", "es", "en"),
    [
        ({"answer_shown": True}, "respuesta del modelo mostrada: sí", "model's answer shown: yes"),
        ({"api": False}, "por un programa: no", "by a program: no"),
        (
            {"finding": "positive"},
            "leído como: Compatible con COVID-19",
            "read as: Compatible with COVID-19",
        ),
        ({"kind": "rt_pcr"}, "clase: RT-PCR", "kind: RT-PCR"),
        ({"kind": "third"}, "clase: tercer lector, resuelve", "kind: third reader, settles"),
        ({"mark": "urgent"}, "marca: Urgente", "mark: Urgent"),
        ({"outcome": "refused"}, "respuesta: imagen no analizada", "answer: image not analysed"),
        ({"role": ["doctor", "radiologist"]}, "rol: Médico → Radiólogo", "role: Doctor → Radi"),
        ({"unit": [None, 2]}, "unidad: — → 2", "unit: — → 2"),
        ({"prevalence": [0.05, 0.125]}, "prevalencia: 5,0 % → 12,5 %", "prevalence: 5.0 % → 12.5"),
        ({"blind_mode": [False, True]}, "lee a ciegas: no → sí", "reads blind: no → yes"),
        ({"cases": [3, 5]}, "casos: 3, 5", "cases: 3, 5"),
        ({"cases": []}, "casos: —", "cases: —"),
        ({"what": "values"}, "qué: valores de gris", "what: grey values"),
        ({"by": "recovery"}, "por medio de: código de recuperación", "by means of: recovery code"),
        ({"supersedes": None}, "corrige el registro: —", "corrects entry: —"),
        ({"of_another_version": "x"}, "of_another_version: x", "of_another_version: x"),
        ({"role": "shaman"}, "rol: shaman", "role: shaman"),
    ],
)
def test_what_is_said(detail: dict[str, Any], es: str, en: str) -> None:
    said: dict[Language, str] = {"es": es, "en": en}
    for language, expected in said.items():
        ((name, value),) = in_words(detail, language)
        assert f"{name}: {value}".startswith(expected)


def test_a_long_list_is_cut_and_says_so() -> None:
    ((_, value),) = in_words({"cases": list(range(1, 101))}, "es")
    assert value.startswith("1, 2, 3,")
    assert value.endswith("30, y 70 más")


def test_two_cases_are_no_change() -> None:
    assert list(in_words({"cases": [1, 2]}, "en")) == [("cases", "1, 2")]


@pytest.mark.parametrize(
    ("language", "told"),
    [("es", "leído como: No compatible con COVID-19"), ("en", "read as: Not compatible with")],
)
def test_the_page_tells_them(
    installation: Installation,
    people: dict[Role, Person],
    signed_in: Callable[[Role], TestClient],
    language: str,
    told: str,
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    with installation.act(Actor(people[Role.DOCTOR].id)) as act:
        act.record("reading.create", f"case:{case_id}", reading=1, kind="blind", finding="negative")
    browser = signed_in(Role.ADMINISTRATOR)
    browser.cookies.set("covid_d_language", language)
    page = browser.get("/audit-trail").text
    assert told in page
    assert "research_consent" not in page
    assert "answer_shown" not in page
