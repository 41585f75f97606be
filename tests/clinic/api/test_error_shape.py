"""One error shape: whatever goes wrong, wherever, a program reads the same JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from clinic_factory import add_case, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.api.answers import Problem
from covid_d.clinic.app import create_app
from covid_d.clinic.films import FilmStore
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.errors import BundleError

Ask = Callable[[TestClient], Any]


def _ask(method: str, path: str, **more: Any) -> Ask:
    return lambda client: client.request(method, path, **more)


CASES: dict[str, tuple[int, Ask]] = {
    "no token": (401, _ask("GET", "/api/v1/me", headers={"authorization": "Bearer x"})),
    "no such case": (404, _ask("GET", "/api/v1/cases/999")),
    "no such route": (404, _ask("GET", "/api/v1/nothing")),
    "no such version": (404, _ask("GET", "/api/v9/me")),
    "wrong method": (405, _ask("DELETE", "/api/v1/cases")),
    "number too large": (422, _ask("GET", f"/api/v1/cases/{10**30}")),
    "no number": (422, _ask("GET", "/api/v1/cases/one")),
    "no JSON": (422, _ask("POST", "/api/v1/cases/1/follow-up", content=b"{")),
    "not an object": (422, _ask("POST", "/api/v1/cases/1/follow-up", json=[1])),
    "deep JSON": (422, _ask("POST", "/api/v1/cases/1/follow-up", content=b"[" * 100_000)),
    "no form": (422, _ask("POST", "/api/v1/cases")),
    "broken form": (
        422,
        _ask(
            "POST",
            "/api/v1/cases",
            content=b"--x\r\nnonsense",
            headers={"content-type": "multipart/form-data; boundary=x"},
        ),
    ),
    "another site": (
        403,
        _ask("POST", "/api/v1/cases", headers={"origin": "https://evil.example"}),
    ),
}


def _assert_shape(answer: Any, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert set(found) == {"error"}
    assert set(found["error"]) - {"fields"} == {"code", "message", "next_step"}
    fault = Problem.model_validate(found).error
    assert fault.code
    assert fault.message.es
    assert fault.message.en != fault.message.es
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", CASES)
def test_every_error_has_the_one_shape(doctor: TestClient, name: str) -> None:
    status, ask = CASES[name]
    _assert_shape(ask(doctor), status)


def _with_settings(installation: Installation, doctor: TestClient, **values: object) -> TestClient:
    changed = replace(installation, settings=installation.settings.model_copy(update=values))
    token = doctor.headers["authorization"]
    return TestClient(create_app(changed), headers={"authorization": token})


def test_a_body_too_large(doctor: TestClient, installation: Installation) -> None:
    client = _with_settings(installation, doctor, max_upload_mb=1)
    film = b"x" * 2_000_000
    _assert_shape(client.post("/api/v1/assessments", files={"film": film}), 413)
    chunks = iter([film[:1000], film])
    kind = {"content-type": "multipart/form-data; boundary=x"}
    _assert_shape(client.post("/api/v1/assessments", content=chunks, headers=kind), 413)


def test_too_many_requests(doctor: TestClient, installation: Installation) -> None:
    client = _with_settings(installation, doctor, rate_limit_factor=2 / 600)
    assert [client.get("/api/v1/me").status_code for _ in range(3)] == [200, 200, 429]
    refused = client.get("/api/v1/me")
    _assert_shape(refused, 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_a_role_that_may_not(people: dict[Role, Person], program: Any) -> None:
    _assert_shape(program(people[Role.RESEARCHER]).get("/api/v1/cases"), 403)


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (OSError(28, "No space left on device"), 503, "storage_full"),
        (
            OperationalError("INSERT secret", {}, Exception("disk full")),
            503,
            "database_unavailable",
        ),
        (BundleError("The bundle is damaged."), 503, "bundle_unusable"),
        (ZeroDivisionError("secret"), 500, "internal_error"),
    ],
)
def test_what_the_server_cannot_do(
    app: FastAPI,
    doctor: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
    status: int,
    code: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    # The disk, as the film store meets it; anything else where the store is asked.
    target = "covid_d.places.write_atomically"
    if not isinstance(failure, OSError):
        monkeypatch.setattr(FilmStore, "put", fail)
    else:
        monkeypatch.setattr(target, fail)
    headers = dict(doctor.headers)
    with TestClient(app, headers=headers, raise_server_exceptions=False) as client:
        answer = client.post(
            "/api/v1/cases",
            data={"province": "Guayas", "patient_code": "HC-1"},
            files={"films": phantom_png(1)},
        )
    assert answer.status_code == status
    assert "secret" not in answer.text
    problem = Problem.model_validate(answer.json()).error
    assert problem.code == code
    assert "content-security-policy" in answer.headers
    if code == "internal_error":
        assert problem.next_step is not None
        assert answer.headers["x-request-id"] in problem.next_step.es


def test_a_conflict(
    doctor: TestClient, installation: Installation, people: dict[Role, Person]
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    entry = {"kind": "diagnosis", "value": "U07.1"}
    doctor.post(f"/api/v1/cases/{case_id}/follow-up", json=entry)
    _assert_shape(doctor.post(f"/api/v1/cases/{case_id}/follow-up", json=entry), 409)
