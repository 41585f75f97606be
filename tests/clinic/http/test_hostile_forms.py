"""Every form of every page takes NUL, over-long text and huge numbers without a fault of ours.

What is wrong is told at its field, or the request is refused; what is taken is stored whole. The
forms are found by their routes, so that a new page is tried without a word here.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from clinic_clock import today
from clinic_factory import PASSWORD, add_case, csrf_of
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.app import create_app, every_route
from covid_d.clinic.fields import fill
from covid_d.clinic.http.visitor import COOKIE, access_of
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Permission, Role

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
VALUES = {
    "nul": "a\0b",
    "long": "x" * 60_000,
    "huge": str(10**30),
    "negative": "-99999999999999999999",
    "not a number": "NaN",
    "surrogate": "%ED%A0%80",
    "exponent": "1e400",
    "signs": "‮<b>';--\N{PILE OF POO}",
}
ALONE = ("nul", "long", "huge")
"""What each field is given by itself too, among others that pass."""
# In a name of a field: what a page calls its inputs where a route reads its form by itself.
_NAMED = re.compile(r'(?:\bname="|\b(?:field|select|checkbox|area)\(")(\w+)"')
_SAFE = {"GET", "HEAD", "OPTIONS"}
CASE = {
    "patient_code": "HC-77",
    "province": "Guayas",
    "age_years": "54",
    "sex": "F",
    "symptom_onset": "",
    "spo2": "93",
    "vaccine_doses": "2",
    "submission": "3f2b5a3e-3d0e-4f4f-9a39-9d3f3f7f7f01",
}


class Form(NamedTuple):
    """A route that takes a form, who may send it, and its fields with values that pass."""

    path: str
    access: str
    fields: dict[str, str]


def _bare() -> Any:
    from fastapi import FastAPI

    from covid_d.clinic import app as module

    bare = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for group in module._PAGES:
        bare.include_router(group.router)
    return bare


def _forms() -> Iterator[Form]:
    for path, route in every_route(_bare().router):
        if set(getattr(route, "methods", None) or ()) <= _SAFE:
            continue
        endpoint = inspect.unwrap(route.endpoint)  # type: ignore[attr-defined]
        folder = Path(inspect.getfile(endpoint)).parent
        names: dict[str, str] = {
            name: CASE.get(name, "1")
            for template in sorted(folder.glob("*.html"))
            for name in _NAMED.findall(template.read_text(encoding="utf-8"))
        }
        for model in _models(route):
            names |= {name: _passing(model, name) for name in model.model_fields}
        names.pop("csrf_token", None)
        yield Form(path, access_of(route) or "", names)


def _models(route: Any) -> Iterator[type[BaseModel]]:
    for found in route.dependant.dependencies:
        held = (
            inspect.getclosurevars(found.call).nonlocals if inspect.isfunction(found.call) else {}
        )
        model = held.get("model")
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield model


def _passing(model: type[BaseModel], name: str) -> str:
    """Return a value that this field takes, so that the others are what is looked at."""
    kind = model.model_fields[name].annotation
    offered = (
        [str(one.value) for one in kind] if inspect.isclass(kind) and issubclass(kind, Enum) else []
    )
    offered += [str(one) for one in get_args(kind) if isinstance(one, str)]
    for value in (*offered, "1", "yes", today().isoformat(), "Guayas", PASSWORD, "", "0.5"):
        if name not in fill(model, {name: value}).errors:
            return value
    return "1"


FORMS = sorted(_forms())


def _role(access: str) -> Role:
    if access == "anyone":
        return Role.ADMINISTRATOR
    return next(role for role in Role if Permission(access) in role.permissions)


def _browser(place: Installation, role: Role) -> TestClient:
    browser = TestClient(create_app(place), follow_redirects=False, raise_server_exceptions=False)
    browser.post("/sign-in", data={"username": role.value, "password": PASSWORD})
    assert COOKIE in browser.cookies
    return browser


@pytest.fixture
def place(installation: Installation, people: dict[Role, Person]) -> Installation:
    """A clinic with two cases and no limits on requests."""
    for seed in (1, 2):
        add_case(installation, people[Role.DOCTOR], seed=seed)
    return replace(
        installation, settings=installation.settings.model_copy(update={"rate_limit_factor": 0.0})
    )


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.path)
def test_no_value_in_any_field_is_a_fault(place: Installation, form: Form) -> None:
    role = _role(form.access)
    browser = _browser(place, role)
    path = re.sub(r"\{[^}]*\}", "1", form.path)
    told: dict[str, int] = {}
    for what, value in VALUES.items():
        tries = {"every field": dict.fromkeys(form.fields, value)}
        if what in ALONE:
            tries |= {name: {**form.fields, name: value} for name in form.fields}
        for field, data in tries.items():
            try:
                token = csrf_of(place, browser)
            except (AssertionError, KeyError):  # the form before ended the session
                browser = _browser(place, role)
                token = csrf_of(place, browser)
            answer = browser.post(path, data={**data, "csrf_token": token})
            if answer.status_code >= 500:
                told[f"{field}: {what}"] = answer.status_code
    assert told == {}


@pytest.mark.parametrize(
    "form", [one for one in FORMS if "{" in one.path], ids=lambda form: form.path
)
@pytest.mark.parametrize("number", ["%00", "9" * 30, "-1", "x", "%ED%A0%80", "0"])
def test_no_number_in_an_address_is_a_fault(place: Installation, form: Form, number: str) -> None:
    browser = _browser(place, _role(form.access))
    path = re.sub(r"\{[^}]*\}", number, form.path)
    data = {**form.fields, "csrf_token": csrf_of(place, browser)}
    assert browser.post(path, data=data).status_code < 500


@pytest.mark.parametrize("what", VALUES)
@pytest.mark.parametrize("name", CASE)
def test_a_whole_case_with_one_hostile_value(place: Installation, what: str, name: str) -> None:
    """A form that is right but for one field comes further than one that is all wrong."""
    browser = _browser(place, Role.DOCTOR)
    data = {
        **CASE,
        "symptoms": "cough",
        "comorbidities": "none",
        name: VALUES[what],
        "csrf_token": csrf_of(place, browser),
    }
    assert browser.post("/cases/new", data=data).status_code < 500


def test_forms_are_found() -> None:
    assert len(FORMS) > 40
    fields = {form.path: set(form.fields) for form in FORMS}
    assert {"username", "full_name", "role", "unit_id"} <= fields["/users/new"]
    assert {"patient_code", "age_years"} <= fields["/cases/new"]
    assert {"password", "code"} <= fields["/account/second-factor/off"]
