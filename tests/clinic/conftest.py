"""A real installation for every test: its own folder, database, keys and a tiny real bundle.

What would cost every test again is made once: the tables, which an installation copies (the tests
of the migrations run them), and passwords are hashed as cheaply as Argon2 can
(``accounts/test_passwords.py`` holds how a real installation hashes them).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from pydantic import SecretStr

from bundle_factory import make_bundle
from clinic_clock import CLOCK
from clinic_factory import PASSWORD, add_unit, add_user, phantom_png
from covid_d.clinic.accounts import passwords
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.app import create_app
from covid_d.clinic.clock import now
from covid_d.clinic.database.engine import open_engine
from covid_d.clinic.database.migrate import upgrade
from covid_d.clinic.installation import DATABASE_FILE, Installation, data_folder
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.settings import settings
from postgres_server import PostgresServer

SignIn = Callable[[Role], TestClient]


# Rooms whose own code makes SQL: there the two databases could differ. Elsewhere the same
# services are called, and what is asserted is pages, documents and answers made of their rows.
ROOMS_OF_SQL = {
    "accounts",
    "cases",
    "collection",
    "database",
    "follow_up",
    "operations",
    "statistics",
    "trail",
}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what the other database is asked as well."""
    inside = item.path.relative_to(Path(__file__).parent)
    if inside.parts[0] in ROOMS_OF_SQL:
        item.add_marker("postgres")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what belongs to the other database."""
    chosen = config.getoption("--database")
    other = [
        item for item in items if any(m.args != (chosen,) for m in item.iter_markers("only_on"))
    ]
    if other:
        config.hook.pytest_deselected(items=other)
        items[:] = [item for item in items if item not in other]


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


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer | None) -> str:
    """URL of a database with this version's tables and no row; copied, never opened."""
    file = tmp_path_factory.mktemp("tables") / DATABASE_FILE
    url = postgres.new_database() if postgres else f"sqlite:///{file}"
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture
def clinic_settings(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    phantom_bundle: Path,
    postgres: PostgresServer | None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ClinicSettings]:
    """Settings of a fresh installation; the library reads the same environment.

    Its database is empty, and has its tables already if the test asks for an ``installation``.
    """
    monkeypatch.setenv("COVID_D_DATA", str(tmp_path / "clinic"))
    monkeypatch.setenv("COVID_D_BUNDLE", str(phantom_bundle))
    monkeypatch.setenv("COVID_D_ALLOWED_HOSTS", "testserver")
    monkeypatch.setenv("COVID_D_COLLECTION_REVIEW", "marked")
    settings.cache_clear()
    chosen = ClinicSettings()
    ready = None
    if "installation" in request.fixturenames:
        ready = str(request.getfixturevalue("tables"))
    if postgres is not None:
        url = SecretStr(postgres.new_database(like=ready))
        chosen = chosen.model_copy(update={"database_url": url})
    elif ready is not None:
        folder = data_folder(chosen)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(ready.removeprefix("sqlite:///"), folder / DATABASE_FILE)
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
