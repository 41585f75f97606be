"""Alive, ready and counted, without a patient's data."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from logging.config import dictConfig
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from covid_d.clinic.app import create_app
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import health
from covid_d.clinic.operations.logs import logging_config
from covid_d.clinic.roles import Role


def _get(app_client: tuple[str, int], installation: Installation, **headers: str) -> int:
    with TestClient(create_app(installation), client=app_client) as browser:
        return browser.get("/metrics", headers=headers).status_code


def test_alive_and_ready(client: TestClient) -> None:
    assert client.get("/healthz").text == "ok"
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert set(answer.json()) == {
        *("database", "migrations", "films", "film_folder", "disk_space", "bundle", "integrity")
    }


def test_not_ready_says_what_fails(
    client: TestClient,
    installation: Installation,
    phantom_bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "LEAST_FREE_BYTES", 1 << 60)
    (installation.folder / "films").parent.mkdir(exist_ok=True)
    (installation.folder / "films").write_text("a file where the folder should be")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert {name for name, works in answer.json().items() if not works} == {
        "film_folder",
        "disk_space",
    }


def test_an_unusable_bundle_is_told(
    client: TestClient, installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from covid_d.settings import settings

    monkeypatch.setenv("COVID_D_BUNDLE", str(tmp_path / "nowhere"))
    settings.cache_clear()
    assert client.get("/readyz").json()["bundle"] is False
    assert "no se responderá ninguna radiografía" in client.get("/sign-in").text


def test_metrics_are_for_this_machine(installation: Installation) -> None:
    assert _get(("127.0.0.1", 1), installation) == 200
    assert _get(("192.0.2.7", 1), installation) == 404


def test_metrics_with_a_token_are_for_its_holder(installation: Installation) -> None:
    settings = installation.settings.model_copy(update={"metrics_token": SecretStr("abc")})
    from dataclasses import replace

    changed = replace(installation, settings=settings)
    assert _get(("127.0.0.1", 1), changed) == 404
    assert _get(("192.0.2.7", 1), changed, authorization="Bearer wrong") == 404
    assert _get(("192.0.2.7", 1), changed, authorization="Bearer abc") == 200


@pytest.mark.postgres
def test_requests_are_counted_by_route_not_by_address(installation: Installation) -> None:
    with TestClient(
        create_app(installation), client=("127.0.0.1", 1), follow_redirects=False
    ) as browser:
        browser.get("/sign-in?next=/secret-address")
        browser.get("/no-such-page/0912345678")
        figures = browser.get("/metrics").text
    assert 'covid_d_requests_total{method="GET",route="/sign-in",status="200"} 1.0' in figures
    assert "covid_d_cases 0.0" in figures
    assert "covid_d_disk_free_bytes" in figures
    assert "0912345678" not in figures
    assert "secret-address" not in figures


@pytest.fixture
def _logs_as_served() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    dictConfig(logging_config())
    yield
    root.handlers[:], root.level = handlers, level


@pytest.mark.usefixtures("_logs_as_served")
def test_logs_are_json_without_queries(
    signed_in: Callable[[Role], TestClient], capfd: pytest.CaptureFixture[str]
) -> None:
    browser = signed_in(Role.DOCTOR)
    # The handler keeps the stream it was made with.
    logging.getLogger().handlers[0].setStream(__import__("sys").stderr)  # type: ignore[attr-defined]
    answer = browser.get("/?search=0912345678")
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    (line,) = [line for line in lines if line["message"] == "request" and line["route"] == "/"]
    assert line["request_id"] == answer.headers["x-request-id"]
    assert (line["status"], line["method"], line["level"]) == (303, "GET", "INFO")
    assert isinstance(line["user_id"], int)
    assert "0912345678" not in json.dumps(lines)
