"""A real installation for every test: its own folder, database, keys and a tiny real bundle."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from bundle_factory import make_bundle
from clinic_clock import CLOCK
from clinic_factory import PASSWORD, add_unit, add_user, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.app import create_app
from covid_d.clinic.clock import now
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.settings import settings
from postgres_server import PostgresServer

SignIn = Callable[[Role], TestClient]


@pytest.fixture(autouse=True)
def _one_day() -> None:
    """No test begins in the last minute of a day: what it calls today stays today."""
    moment = CLOCK.local(now())
    midnight = datetime.combine(moment.date() + timedelta(days=1), datetime.min.time(), CLOCK.zone)
    left = midnight - moment
    if left < timedelta(minutes=1):
        time.sleep(left.total_seconds() + 1)


@pytest.fixture(scope="session")
def phantom_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny bundle that answers by brightness."""
    return make_bundle(tmp_path_factory.mktemp("bundle") / "phantom")


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[PostgresServer | None]:
    """A real PostgreSQL when ``--database postgresql`` asks for it."""
    if request.config.getoption("--database") != "postgresql":
        yield None
        return
    with PostgresServer.running() as server:
        yield server


@pytest.fixture
def clinic_settings(
    tmp_path: Path,
    phantom_bundle: Path,
    postgres: PostgresServer | None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ClinicSettings]:
    """Settings of a fresh installation; the library reads the same environment for the test."""
    monkeypatch.setenv("COVID_D_DATA", str(tmp_path / "clinic"))
    monkeypatch.setenv("COVID_D_BUNDLE", str(phantom_bundle))
    monkeypatch.setenv("COVID_D_ALLOWED_HOSTS", "testserver")
    monkeypatch.setenv("COVID_D_COLLECTION_REVIEW", "marked")
    settings.cache_clear()
    chosen = ClinicSettings()
    if postgres is not None:
        chosen = chosen.model_copy(update={"database_url": SecretStr(postgres.new_database())})
    yield chosen
    settings.cache_clear()


@pytest.fixture
def installation(clinic_settings: ClinicSettings) -> Iterator[Installation]:
    """A fresh installation with one unit, "Hospital Uno" in Guayas, and nobody in it."""
    opened = Installation.open(clinic_settings)
    add_unit(opened, "Hospital Uno")
    yield opened
    opened.close()


@pytest.fixture
def people(installation: Installation) -> dict[Role, Person]:
    """One person of each role, all in "Hospital Uno"; each has the password ``PASSWORD``."""
    return {role: add_user(installation, role.value, role, unit="Hospital Uno") for role in Role}


@pytest.fixture
def client(installation: Installation) -> Iterator[TestClient]:
    """A browser without a session; it does not follow redirects, and shows server errors."""
    with TestClient(create_app(installation), follow_redirects=False) as browser:
        yield browser


@pytest.fixture
def signed_in(installation: Installation, people: dict[Role, Person]) -> Iterator[SignIn]:
    """Give a browser signed in as a role; forms get their token from ``csrf_of(browser)``."""
    opened: list[TestClient] = []

    def sign_in(role: Role) -> TestClient:
        browser = TestClient(create_app(installation), follow_redirects=False)
        opened.append(browser)
        answer = browser.post(
            "/sign-in", data={"username": people[role].username, "password": PASSWORD}
        )
        assert answer.status_code == 303, answer.text
        return browser

    yield sign_in
    for browser in opened:
        browser.close()


@pytest.fixture(scope="session")
def film_bytes() -> Callable[[int], bytes]:
    """Give a phantom film as PNG bytes; each seed is another one."""
    return phantom_png
