"""Rate limits: programs are slowed down, in the shape of who asks, and told when to come back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from clinic_factory import PASSWORD
from covid_d.clinic.accounts.attempts import TRIES
from covid_d.clinic.app import create_app
from covid_d.clinic.errors import TooManyError
from covid_d.clinic.http.rate_limits import (
    API,
    GENERAL,
    SIGN_IN,
    UPLOAD,
    RateLimits,
    Rule,
)
from covid_d.clinic.installation import Installation
from covid_d.clinic.settings import ClinicSettings

FEW = Rule("few", 3, 60)


@pytest.fixture
def slow(clinic_settings: ClinicSettings, installation: Installation) -> Iterator[TestClient]:
    """A browser at a clinic that allows a hundredth."""
    place = Installation.open(clinic_settings.model_copy(update={"rate_limit_factor": 0.01}))
    with TestClient(create_app(place), follow_redirects=False) as browser:
        yield browser


def _until_refused(limits: RateLimits, rule: Rule, who: str, most: int = 100) -> int:
    for number in range(most):
        try:
            limits.hit(rule, who)
        except TooManyError:
            return number
    return most


def test_each_is_counted_alone() -> None:
    limits = RateLimits()
    assert _until_refused(limits, FEW, "a") == 3
    limits.hit(FEW, "b")
    limits.hit(Rule("other", 3, 60), "a")
    with pytest.raises(TooManyError):
        limits.check(FEW, "a")


def test_looking_does_not_count() -> None:
    limits = RateLimits()
    for _ in range(10):
        limits.check(FEW, "a")
    assert _until_refused(limits, FEW, "a") == 3


def test_the_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [time.time()]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    limits = RateLimits()
    assert _until_refused(limits, FEW, "a") == 3
    clock[0] += FEW.seconds - 1
    with pytest.raises(TooManyError) as caught:
        limits.hit(FEW, "a")
    assert caught.value.retry_after == 1
    clock[0] += 2
    limits.hit(FEW, "a")


@pytest.mark.parametrize(("factor", "passed"), [(2.0, 6), (0.01, 1), (0.0, 100)])
def test_the_factor_multiplies_and_nought_switches_off(factor: float, passed: int) -> None:
    assert _until_refused(RateLimits(factor), FEW, "a") == passed


def test_an_address_that_asks_too_much_gets_a_page_with_the_time(slow: TestClient) -> None:
    statuses = [slow.get("/sign-in").status_code for _ in range(round(GENERAL.amount / 100) + 1)]
    assert set(statuses[:-1]) == {200}
    answer = slow.get("/sign-in")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert "Demasiadas solicitudes" in answer.text
    assert f"Espere {answer.headers['retry-after']} segundos" in answer.text
    assert slow.get("/static/clinic.css").status_code == 200


def test_the_api_is_told_in_its_own_shape(slow: TestClient) -> None:
    for _ in range(round(API.amount / 100)):
        assert slow.get("/api/v1/nothing").status_code == 404
    answer = slow.get("/api/v1/nothing")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_many_requests")
    assert int(answer.headers["retry-after"]) >= 1
    # Another token is another program.
    other = slow.get("/api/v1/nothing", headers={"authorization": "Bearer x"})
    assert other.status_code == 404


def test_uploads_are_counted(slow: TestClient) -> None:
    films = {"film": ("film.png", b"x", "image/png")}
    for _ in range(round(UPLOAD.amount / 100)):
        assert slow.post("/nothing", files=films).status_code == 404
    assert slow.post("/nothing", files=films).status_code == 429
    assert slow.get("/sign-in").status_code == 200


def test_an_address_cannot_try_many_names(
    clinic_settings: ClinicSettings, installation: Installation
) -> None:
    place = Installation.open(clinic_settings.model_copy(update={"rate_limit_factor": 0.05}))
    with TestClient(create_app(place), follow_redirects=False) as browser:

        def attempt(number: int) -> int:
            data = {"username": f"name{number}", "password": "x"}
            return browser.post("/sign-in", data=data).status_code

        tries = round(SIGN_IN.amount * 0.05)
        assert [attempt(number) for number in range(tries + 1)] == [401] * tries + [429]


@pytest.mark.usefixtures("people")
def test_a_name_that_nobody_has_rests_like_one_that_somebody_has(client: TestClient) -> None:
    def answers(name: str) -> list[tuple[int, str | None, str]]:
        found = []
        for _ in range(TRIES + 2):
            answer = client.post("/sign-in", data={"username": name, "password": "wrong"})
            text = answer.text.replace(name, "NAME")
            found.append((answer.status_code, answer.headers.get("retry-after"), text))
        return found

    known, unknown = answers("doctor"), answers("nobody")
    assert [status for status, _, _ in known] == [401] * TRIES + [429] * 2
    assert known == unknown
    good = {"username": "radiologist", "password": PASSWORD}
    assert client.post("/sign-in", data=good).status_code == 303
