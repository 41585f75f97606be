"""Readings, consensus, marks and the reading list as programs get them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from clinic_factory import add_case, add_user, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import readings
from covid_d.clinic.cases.consensus import settle
from covid_d.clinic.cases.film_terms import BodySide, Height
from covid_d.clinic.cases.load_case import whole_case
from covid_d.clinic.cases.marks import Mark, set_mark
from covid_d.clinic.cases.structured import SeenSign, Structured
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import Appearance

Program = Callable[[Person], TestClient]
SEEN = Structured(
    Appearance.TYPICAL,
    (SeenSign("ground_glass", BodySide.BOTH, (Height.LOWER,)), SeenSign("device")),
    (0, 1, 2, 0, 1, 2),
)


def _read(
    place: Installation,
    person: Person,
    case_id: int,
    finding: str,
    seen: Structured | None = None,
    third: bool = False,
) -> None:
    with place.act(Actor(person.id)) as act:
        case = whole_case(act.session, person, case_id)
        if third:
            settle(act, case, person, finding=finding, notes="", seen=seen or Structured())
        else:
            readings.record_reading(act, case, person, finding=finding, notes="nota", seen=seen)


def _case(client: TestClient, case_id: int) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/v1/cases/{case_id}").json()
    return found


def _listed(client: TestClient, waiting: str) -> list[int]:
    found = client.get("/api/v1/cases", params={"waiting": waiting}).json()
    return [row["id"] for row in found["cases"]]


def test_a_case_tells_its_readings_and_what_holds(
    installation: Installation, people: dict[Role, Person], doctor: TestClient
) -> None:
    eva = add_user(installation, "eva", Role.RADIOLOGIST, unit="Hospital Uno")
    case_id = add_case(installation, people[Role.DOCTOR])
    assert (_case(doctor, case_id)["readings"], _case(doctor, case_id)["consensus"]) == ([], None)
    _read(installation, people[Role.DOCTOR], case_id, "positive", SEEN)
    _read(installation, people[Role.RADIOLOGIST], case_id, "negative")
    told = _case(doctor, case_id)
    assert told["consensus"] is None, "they disagree"
    first, second = told["readings"]
    assert {name: first[name] for name in first if name not in {"id", "at"}} == {
        "reader": "Doctor",
        "kind": "open",
        "finding": "positive",
        "appearance": "typical",
        "signs": [
            {"code": "ground_glass", "side": "both", "heights": ["lower"]},
            {"code": "device", "side": None, "heights": []},
        ],
        "extent": [0, 1, 2, 0, 1, 2],
        "brixia": 6,
        "notes": "nota",
    }
    assert (second["kind"], second["appearance"], second["signs"]) == ("second", None, [])
    assert (second["extent"], second["brixia"]) == (None, None)
    _read(installation, eva, case_id, "positive", third=True)
    found = _case(doctor, case_id)["consensus"]
    assert {name: found[name] for name in found if name != "at"} == {
        "finding": "positive",
        "appearance": None,
        "settled": True,
        "readers": ["Eva"],
    }


def test_readers_who_agree_are_the_consensus(
    installation: Installation, people: dict[Role, Person], doctor: TestClient
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    _read(installation, people[Role.DOCTOR], case_id, "negative")
    _read(installation, people[Role.RADIOLOGIST], case_id, "negative")
    found = _case(doctor, case_id)["consensus"]
    assert (found["settled"], found["readers"]) == (False, ["Doctor", "Radiologist"])


def test_a_blind_reader_is_told_neither_readings_nor_lists(
    installation: Installation, people: dict[Role, Person], program: Program
) -> None:
    read_blind(installation)
    eva = add_user(installation, "eva", Role.RADIOLOGIST, unit="Hospital Uno")
    case_id = add_case(installation, people[Role.DOCTOR])
    _read(installation, people[Role.DOCTOR], case_id, "positive", SEEN)
    _read(installation, people[Role.RADIOLOGIST], case_id, "negative")
    client = program(eva)
    told = _case(client, case_id)
    assert (told["withheld"], told["readings"], told["consensus"]) == (True, [], None)
    assert _listed(client, "disputed") == []
    assert _listed(client, "unread") == [case_id]
    _read(installation, eva, case_id, "negative")
    assert len(_case(client, case_id)["readings"]) == 3
    assert (_listed(client, "disputed"), _listed(client, "unread")) == ([case_id], [])


def test_marks_and_lists(
    installation: Installation, people: dict[Role, Person], doctor: TestClient
) -> None:
    old, new = (add_case(installation, people[Role.DOCTOR], seed=seed) for seed in (1, 2))
    with installation.act(Actor(people[Role.DOCTOR].id)) as act:
        set_mark(act, people[Role.DOCTOR], [new], Mark.URGENT, True)
        set_mark(act, people[Role.DOCTOR], [new], Mark.SECOND, True)
    rows = doctor.get("/api/v1/cases", params={"sort": "to_read"}).json()["cases"]
    assert [(row["id"], row["marks"]) for row in rows] == [
        (new, ["second", "urgent"]),
        (old, []),
    ]
    assert (_listed(doctor, "urgent"), _listed(doctor, "second")) == ([new], [new])


def test_a_list_that_is_none_is_refused(doctor: TestClient) -> None:
    answer = doctor.get("/api/v1/cases", params={"waiting": "mine"})
    assert answer.status_code == 422
    assert set(answer.json()["error"]["fields"]) == {"waiting"}


SENT: dict[str, Any] = {
    "finding": "positive",
    "appearance": "typical",
    "signs": [
        {"code": "ground_glass", "side": "both", "heights": ["lower", "upper", "lower"]},
        {"code": "device"},
    ],
    "extent": [0, 1, 2, 0, 1, 2],
    "notes": " periférico ",
}


def test_a_program_records_its_persons_reading(
    installation: Installation, people: dict[Role, Person], doctor: TestClient
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    answer = doctor.post(f"/api/v1/cases/{case_id}/readings", json=SENT)
    assert answer.status_code == 201, answer.text
    (read,) = answer.json()["readings"]
    assert {name: read[name] for name in read if name not in {"id", "at"}} == {
        "reader": "Doctor",
        "kind": "blind",
        "finding": "positive",
        "appearance": "typical",
        "signs": [
            {"code": "ground_glass", "side": "both", "heights": ["upper", "lower"]},
            {"code": "device", "side": None, "heights": []},
        ],
        "extent": [0, 1, 2, 0, 1, 2],
        "brixia": 6,
        "notes": "periférico",
    }
    assert _case(doctor, case_id)["readings"] == [read]


def test_a_blind_unit_answers_after_the_reading(
    installation: Installation, people: dict[Role, Person], doctor: TestClient
) -> None:
    read_blind(installation)
    case_id = add_case(installation, people[Role.DOCTOR])
    assert _case(doctor, case_id)["withheld"] is True
    told = doctor.post(f"/api/v1/cases/{case_id}/readings", json={"finding": "negative"}).json()
    assert (told["withheld"], told["readings"][0]["kind"]) == (False, "blind")
    assert told["assessments"], "the answer comes with it"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"finding": "perhaps"}, "finding"),
        ({"finding": None}, "finding"),
        ({"appearance": "classic"}, "appearance"),
        ({"appearance": "negative", "extent": None}, "signs"),
        ({"signs": [{"code": "ground_glass"}]}, "signs"),
        ({"signs": [{"code": "device", "side": "left"}]}, "signs"),
        ({"signs": [{"code": "pneumothorax", "side": "left", "heights": ["upper"]}]}, "signs"),
        ({"signs": [{"code": "device"}, {"code": "device"}]}, "signs"),
        ({"signs": [{"code": "?"}]}, "signs"),
        ({"extent": [0, 1, 2]}, "extent"),
        ({"extent": [0, 1, 2, 3, 4, 0]}, "extent"),
        ({"extent": [True, 0, 0, 0, 0, 0]}, "extent"),
        ({"notes": "x" * 2001}, "notes"),
        ({"notes": "\x00"}, "notes"),
        ({"submission": "x" * 65}, "submission"),
        ({"kind": "third"}, "kind"),
    ],
)
def test_what_the_form_refuses_the_api_refuses(
    installation: Installation,
    people: dict[Role, Person],
    doctor: TestClient,
    changes: dict[str, Any],
    field: str,
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    answer = doctor.post(f"/api/v1/cases/{case_id}/readings", json=SENT | changes)
    assert answer.status_code == 422
    assert {name.partition(".")[0] for name in answer.json()["error"]["fields"]} == {field}
    assert _case(doctor, case_id)["readings"] == []


def test_a_request_that_is_sent_again_makes_one_reading(
    installation: Installation, people: dict[Role, Person], doctor: TestClient
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    address = f"/api/v1/cases/{case_id}/readings"
    first = doctor.post(address, json={"finding": "positive", "submission": "a-1"})
    # In between the answer was shown: without the name this would be another reading, "open".
    again = doctor.post(address, json={"finding": "positive", "submission": "a-1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["readings"] == first.json()["readings"]
    other = doctor.post(address, json={"finding": "negative", "submission": "a-1"})
    assert [one["finding"] for one in other.json()["readings"]] == ["positive", "negative"]


def test_a_third_reader_settles_by_the_api(
    installation: Installation, people: dict[Role, Person], program: Program
) -> None:
    eva = add_user(installation, "eva", Role.RADIOLOGIST, unit="Hospital Uno")
    case_id = add_case(installation, people[Role.DOCTOR])
    address = f"/api/v1/cases/{case_id}/consensus"
    client = program(eva)
    early = client.post(address, json={"finding": "negative"})
    assert (early.status_code, early.json()["error"]["code"]) == (409, "nothing_to_settle")
    _read(installation, people[Role.DOCTOR], case_id, "positive")
    _read(installation, people[Role.RADIOLOGIST], case_id, "negative")
    told = client.post(address, json={"finding": "negative"}).json()
    assert (told["consensus"]["finding"], told["consensus"]["readers"]) == ("negative", ["Eva"])
    own = program(people[Role.RADIOLOGIST]).post(address, json={"finding": "negative"})
    assert own.status_code == 409, "one of those who disagree"
    assert program(people[Role.DOCTOR]).post(address, json=SENT).status_code == 403


def test_nobody_settles_blind(
    installation: Installation, people: dict[Role, Person], program: Program
) -> None:
    read_blind(installation)
    eva = add_user(installation, "eva", Role.RADIOLOGIST, unit="Hospital Uno")
    case_id = add_case(installation, people[Role.DOCTOR])
    _read(installation, people[Role.DOCTOR], case_id, "positive")
    _read(installation, people[Role.RADIOLOGIST], case_id, "negative")
    answer = program(eva).post(f"/api/v1/cases/{case_id}/consensus", json={"finding": "negative"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "reading_first")
