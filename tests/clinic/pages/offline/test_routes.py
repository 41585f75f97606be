"""The page for one's own device: handed out whole to who may enter cases, or why there is none."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.offline.site import HEADERS
from covid_d.settings import settings

SignIn = Callable[[Role], TestClient]


@pytest.fixture
def audited(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """The clinic with the built-in model, whose audit is believed."""
    monkeypatch.setenv("COVID_D_BUNDLE", "builtin")
    settings.cache_clear()
    installation.active_detector.reload()
    return installation


def test_a_doctor_is_led_to_the_page_and_told_its_size(
    audited: Installation, signed_in: SignIn
) -> None:
    browser = signed_in(Role.DOCTOR)
    told = browser.get("/offline")
    assert told.status_code == 200
    assert re.search(r"unos 3\d MB", told.text)
    assert 'href="/offline/device/?lang=es"' in told.text
    led = browser.get("/offline/device", follow_redirects=False)
    assert (led.status_code, led.headers["location"]) == (303, "/offline/device/")


def test_every_file_of_the_page_comes_with_its_hash_and_policy(
    audited: Installation, signed_in: SignIn
) -> None:
    browser = signed_in(Role.DOCTOR)
    page = browser.get("/offline/device/")
    assert page.text.startswith("<!doctype html>")
    listed = browser.get("/offline/device/files.js").text
    told = json.loads(listed.removeprefix("self.SITE = ").removesuffix(";\n"))
    for path in ("index.html", "facts.json", "bundle/model.onnx", "page/page.mjs"):
        answer = browser.get(f"/offline/device/{path}")
        assert hashlib.sha256(answer.content).hexdigest() == told["files"][path]
        found = {name: answer.headers[name] for name in HEADERS}
        assert found == HEADERS, "the page's own policy, not the clinic's"
    assert "'wasm-unsafe-eval'" not in browser.get("/offline").headers["content-security-policy"]
    assert (
        browser.get("/offline/device/page/page.mjs")
        .headers["content-type"]
        .startswith("text/javascript")
    )


@pytest.mark.parametrize(
    "path", ["nothing.mjs", "../offline", "..%2F..%2Fapp.py", "bundle/", "page", "serve.py"]
)
def test_nothing_else_is_given(audited: Installation, signed_in: SignIn, path: str) -> None:
    answer = signed_in(Role.DOCTOR).get(f"/offline/device/{path}")
    assert answer.status_code == 404 or answer.url.path == "/offline"


def test_the_page_follows_the_model_in_use(audited: Installation, signed_in: SignIn) -> None:
    browser = signed_in(Role.DOCTOR)
    first = browser.get("/offline/device/facts.json").json()
    assert first["bundle"]["id"] == audited.active_detector.detector.bundle.id.to_dict()
    assert first["likelihood"]["table"] == audited.active_detector.detector.ratios.name
    kept = browser.app.state.offline  # type: ignore[attr-defined]
    browser.get("/offline/device/size.json")
    assert browser.app.state.offline is kept, "made once"  # type: ignore[attr-defined]
    audited.active_detector.reload()
    browser.get("/offline/device/size.json")
    assert browser.app.state.offline is not kept  # type: ignore[attr-defined]


def test_a_demonstration_gives_no_page_and_says_why(
    installation: Installation, signed_in: SignIn
) -> None:
    browser = signed_in(Role.DOCTOR)
    told = browser.get("/offline")
    assert told.status_code == 200
    assert "es una demostración" in told.text
    assert "/offline/device/" not in told.text
    assert browser.get("/offline/device/").status_code == 404


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.ADMINISTRATOR])
def test_who_enters_no_cases_has_no_page(signed_in: SignIn, role: Role) -> None:
    browser = signed_in(role)
    assert browser.get("/offline").status_code == 403
    assert browser.get("/offline/device/facts.json").status_code == 403


def test_a_stranger_is_asked_to_sign_in(client: TestClient) -> None:
    answer = client.get("/offline/device/", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")
