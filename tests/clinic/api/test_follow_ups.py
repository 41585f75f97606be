"""The API's follow-up: entries, corrections, conflicts."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from clinic_clock import today
from clinic_factory import add_case
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

YESTERDAY = (today() - timedelta(days=1)).isoformat()


@pytest.fixture
def address(installation: Installation, people: dict[Role, Person]) -> str:
    case_id = add_case(installation, people[Role.DOCTOR], research_consent=True)
    return f"/api/v1/cases/{case_id}/follow-up"


def _entry(**changes: Any) -> dict[str, Any]:
    return {"kind": "rt_pcr", "value": "positive", "day": YESTERDAY, **changes}


def test_a_result_is_recorded_and_holds(doctor: TestClient, address: str) -> None:
    assert doctor.get(address).json() == {
        "withheld": False,
        "laboratory": "pending",
        "reference": {"standard": "none", "why": None, "text": None},
        "research_consent": True,
        "current": [],
        "history": [],
    }
    answer = doctor.post(address, json=_entry(notes="Hisopado"))
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert found["laboratory"] == "positive"
    (fact,) = found["current"]
    assert (fact["kind"], fact["day"], fact["notes"]) == ("rt_pcr", YESTERDAY, "Hisopado")
    assert (fact["author"], fact["text"]["es"]) == ("Doctor", "positiva")
    assert doctor.get(address).json() == found


def test_a_correction_keeps_the_old_value_and_a_second_one_is_told(
    doctor: TestClient, address: str
) -> None:
    old = doctor.post(address, json=_entry()).json()["current"][0]["id"]
    change = _entry(value="negative", supersedes=old, reason="Otro paciente")
    found = doctor.post(address, json=change).json()
    assert [fact["value"] for fact in found["current"]] == ["negative"]
    assert [(fact["value"], fact["superseded"]) for fact in found["history"]] == [
        ("positive", True),
        ("negative", False),
    ]
    late = doctor.post(address, json=change | {"value": "indeterminate"})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "corrected_already")
    assert late.json()["error"]["next_step"]["es"]


def test_withdrawn_consent_holds(doctor: TestClient, address: str) -> None:
    answer = doctor.post(address, json={"kind": "consent", "value": "withdrawn"})
    assert answer.json()["research_consent"] is False


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "x_ray"}, "kind"),
        ({"value": "maybe"}, "value"),
        ({"day": None}, "day"),
        ({"day": "0001-01-01"}, "day"),
        ({"day": "9999-12-31"}, "day"),
        ({"notes": "\x00"}, "notes"),
        ({"notes": "\ud800"}, "notes"),
        ({"supersedes": 1}, "reason"),
        ({"supersedes": 2**40}, "supersedes"),
        ({"outcome": "died"}, "outcome"),
    ],
)
def test_what_cannot_be_is_refused_by_field(
    doctor: TestClient, address: str, changes: dict[str, Any], field: str
) -> None:
    # As Python writes it: other programs can send half a surrogate pair too.
    body = json.dumps(_entry(**changes))
    answer = doctor.post(address, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert set(answer.json()["error"]["fields"]) == {field}
    assert doctor.get(address).json()["history"] == []
