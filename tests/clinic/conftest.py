"""A real installation for every test: its own folder, database, keys and a tiny real bundle.

What would cost every test again is made once: an installation as it is first opened, with its
tables, its key and its people, of which each test gets a copy (``database/test_migrate.py`` and
``cli/test_clinic.py`` begin with nothing), and passwords are hashed as cheaply as Argon2 can
(``accounts/test_passwords.py`` holds how a real installation hashes them).
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from pydantic import SecretStr

from bundle_factory import make_bundle
from clinic_clock import CLOCK, Hands
from clinic_factory import PASSWORD, add_unit, add_user, phantom_png
from covid_d.clinic import clock
from covid_d.clinic.accounts import passwords
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.app import create_app
from covid_d.clinic.clock import now
from covid_d.clinic.installation import DATABASE_FILE, Installation, data_folder
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.settings import settings
from postgres_server import PostgresServer

SignIn = Callable[[Role], TestClient]
UNIT = "Hospital Uno"


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what is about the other database alone."""
    if any(mark.args == ("postgresql",) for mark in item.iter_markers("only_on")):
        item.add_marker("postgres")


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Hash passwords with the least that Argon2 allows: a sign-in is what most tests begin with."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: cheap)
        yield


@pytest.fixture(autouse=True)
def _one_day() -> None:
    """No test begins in the last minute of a day: what it calls today stays today."""
    moment = CLOCK.local(now())
    midnight = datetime.combine(moment.date() + timedelta(days=1), datetime.min.time(), CLOCK.zone)
    left = midnight - moment
    if left < timedelta(minutes=1):
        time.sleep(left.total_seconds() + 1)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    """Time stands still from here on; ``hands.on(minutes=15)`` moves it."""
    held, real = Hands(now()), clock.now
    for name, module in sys.modules.copy().items():
        if name.startswith("covid_d.clinic") and getattr(module, "now", None) is real:
            monkeypatch.setattr(module, "now", held.now)
    return held


@pytest.fixture(scope="session")
def phantom_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny bundle that answers by brightness."""
    return make_bundle(tmp_path_factory.mktemp("bundle") / "phantom")


@dataclass(frozen=True)
class ReadyMade:
    """An installation that is copied, never opened again.

    Parameters
    ----------
    folder
        Its key, the note that its rows are sealed, and its database if that is SQLite.
    url
        Of its database.
    people
        Who is in it.
    """

    folder: Path
    url: str
    people: dict[Role, Person]


@pytest.fixture(scope="session")
def ready_made(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer | None
) -> Callable[[bool], ReadyMade]:
    """Make an installation as it is first opened, with or without people; each once."""

    @cache
    def make(peopled: bool) -> ReadyMade:
        folder = tmp_path_factory.mktemp("ready") / "clinic"
        url = postgres.new_database() if postgres else f"sqlite:///{folder / DATABASE_FILE}"
        chosen = ClinicSettings(data=folder, database_url=SecretStr(url) if postgres else None)
        opened = Installation.open(chosen)
        add_unit(opened, UNIT)
        people = _all_roles(opened) if peopled else {}
        opened.close()
        return ReadyMade(folder, url, people)

    return make


def _all_roles(installation: Installation) -> dict[Role, Person]:
    return {role: add_user(installation, role.value, role, unit=UNIT) for role in Role}


@pytest.fixture
def clinic_settings(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    phantom_bundle: Path,
    postgres: PostgresServer | None,
    ready_made: Callable[[bool], ReadyMade],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ClinicSettings]:
    """Settings of a fresh installation; the library reads the same environment.

    Its database is empty, and its folder is not there; for a test that asks for an
    ``installation`` both are a copy of one ready made, with its people if it asks for ``people``.
    """
    monkeypatch.setenv("COVID_D_DATA", str(tmp_path / "clinic"))
    monkeypatch.setenv("COVID_D_BUNDLE", str(phantom_bundle))
    monkeypatch.setenv("COVID_D_ALLOWED_HOSTS", "testserver")
    monkeypatch.setenv("COVID_D_COLLECTION_REVIEW", "marked")
    settings.cache_clear()
    chosen = ClinicSettings()
    ready = None
    if "installation" in request.fixturenames:
        ready = ready_made("people" in request.fixturenames)
        shutil.copytree(ready.folder, data_folder(chosen), dirs_exist_ok=True)
    if postgres is not None:
        url = SecretStr(postgres.new_database(like=ready.url if ready else None))
        chosen = chosen.model_copy(update={"database_url": url})
    yield chosen
    settings.cache_clear()


@pytest.fixture
def installation(clinic_settings: ClinicSettings) -> Iterator[Installation]:
    """A fresh installation with one unit, "Hospital Uno" in Guayas, and nobody in it."""
    opened = Installation.open(clinic_settings)
    yield opened
    opened.close()


@pytest.fixture
def people(
    installation: Installation, ready_made: Callable[[bool], ReadyMade]
) -> dict[Role, Person]:
    """One person of each role, all in "Hospital Uno"; each has the password ``PASSWORD``."""
    return dict(ready_made(True).people)


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
