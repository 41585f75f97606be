"""The page for several servers, run as it is written: two of them, nginx, PostgreSQL and a bucket.

Each server is killed while cases come in. What the first half makes the second half looks at, so
that all of it is started once.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from PIL import Image
from pydantic import SecretStr
from sqlalchemy import func, select

from bundle_factory import make_bundle
from clinic_factory import PASSWORD, add_unit, add_user
from covid_d.clinic.accounts import tokens
from covid_d.clinic.database.cases import Case, Film, StoredAssessment
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.http.rate_limits import SIGN_IN
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import bundles
from covid_d.clinic.operations.missing_films import damaged
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector.bundle.contents import pack
from covid_d.places import store_of
from covid_d.settings import settings
from guide.documents import DOCS, LANGUAGES, fences
from guide.test_hospital_it import HOST, _running, nginx_configuration, nginx_program
from ports import own_port
from postgres_server import PostgresServer
from s3_server import create_bucket, s3_server

LONG = 300.0
SENDERS = 3
BETWEEN = 4
"""Cases that must be accepted before the first kill and after each."""

pytestmark = [
    pytest.mark.kill,
    pytest.mark.skipif(sys.platform != "linux", reason="the store is one of Linux"),
]


def _page(language: str) -> Path:
    return DOCS / language / "clinic" / "several-servers.md"


def _wait_until(happened: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + LONG
    while not happened():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


@dataclass
class Server:
    """One server of the clinic, by its own command."""

    folder: Path
    port: int
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "covid_d", "serve", "--port", str(self.port)],
                env={**self.environment, "COVID_D_DATA": str(self.folder)},
                stdout=log,
                stderr=log,
            )
        _wait_until(self._answers, f"the server of {self.folder}")

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(self.log.read_text(errors="replace")[-3000:])
        with suppress(httpx2.TransportError):
            return self.ask("/healthz").text == "ok"
        return False

    def ask(self, path: str, token: str = "") -> httpx2.Response:
        """Ask this very server, past the proxy."""
        head = {"Host": HOST} | ({"Authorization": f"Bearer {token}"} if token else {})
        return httpx2.get(f"http://127.0.0.1:{self.port}{path}", headers=head, timeout=LONG)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@dataclass
class Fleet:
    """The clinic behind its proxy.

    ``place`` is the test's own look at database and bucket, as a third process would have it.
    """

    servers: list[Server]
    place: Installation
    outside: int
    certificate: Path
    token: str
    accepted: dict[str, int] = field(default_factory=dict)
    gateway: int = 0

    def client(self, address: str = "127.0.0.1") -> httpx2.Client:
        import ssl

        trusted = ssl.create_default_context(cafile=str(self.certificate))
        return httpx2.Client(
            base_url=f"https://127.0.0.1:{self.outside}",
            headers={"Host": HOST, "Origin": f"https://{HOST}"},
            transport=httpx2.HTTPTransport(verify=trusted, local_address=address),
            timeout=LONG,
        )

    def send(
        self, client: httpx2.Client, method: str, path: str, **content: object
    ) -> httpx2.Response:
        return client.request(
            method,
            path,
            extensions={"sni_hostname": HOST},
            **content,  # type: ignore[arg-type]
        )


def _environment(server_url: str, store: dict[str, str], bundle: Path) -> dict[str, str]:
    """The page's own settings, with this machine's database, store and addresses."""
    [text] = fences(_page("en"), "properties")
    told = dict(line.split("=", 1) for line in text.splitlines() if line)
    assert [text] == fences(_page("es"), "properties")
    mine = {
        "COVID_D_DATABASE_URL": server_url,
        "COVID_D_FILM_STORE": told["COVID_D_FILM_STORE"],
        "COVID_D_TRUSTED_PROXIES": "127.0.0.1",
        "COVID_D_BUNDLE": str(bundle),
        **store,
    }
    plain = {name: text for name, text in os.environ.items() if not name.startswith("COVID_D_")}
    return {**plain, **told, **mine, "LANGUAGE": "en"}


def _proxy_configuration(folder: Path, inside: list[int], outside: int) -> tuple[Path, Path]:
    [block] = fences(_page("en"), "nginx")
    assert [block] == fences(_page("es"), "nginx")
    changes = {
        "10.0.0.11:8000": f"127.0.0.1:{inside[0]}",
        "10.0.0.12:8000": f"127.0.0.1:{inside[1]}",
    }
    answered_by = "add_header X-Answered-By $upstream_addr always;"
    return nginx_configuration(block, changes, folder, outside, answered_by)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    nginx = nginx_program()
    folder = tmp_path_factory.mktemp("fleet")
    bundle = make_bundle(folder / "bundle")
    with ExitStack() as stack:
        database = stack.enter_context(PostgresServer.running()).new_database()
        store = stack.enter_context(s3_server(folder / "s3"))
        create_bucket(store, "covid-d")
        environment = _environment(database, dict(store.environment), bundle)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name in ("COVID_D_BUNDLE", *store.environment):
            patch.setenv(name, environment[name])
        settings.cache_clear()
        store_of.cache_clear()
        stack.callback(settings.cache_clear)
        stack.callback(store_of.cache_clear)
        first, second = folder / "first", folder / "second"
        place = Installation.open(
            ClinicSettings(
                data=first,
                database_url=SecretStr(database),
                film_store=environment["COVID_D_FILM_STORE"],
            )
        )
        stack.callback(place.close)
        add_unit(place, "Hospital General")
        doctor = add_user(place, "ana", Role.DOCTOR, unit="Hospital General")
        add_user(place, "eva", Role.ADMINISTRATOR)
        second.mkdir(mode=0o700)
        for name in ("secret.key", "seals.begun"):  # as the page says
            assert f"/var/lib/covid-d/{name}" in _page("en").read_text(encoding="utf-8")
            shutil.copy(first / name, second / name)
        servers = [
            Server(data, own_port(), environment, folder / f"{data.name}.log")
            for data in (first, second)
        ]
        for server in servers:
            server.start()
            stack.callback(server.kill)
        outside = own_port()
        config, certificate = _proxy_configuration(folder, [s.port for s in servers], outside)
        stack.enter_context(_running([nginx, "-e", "stderr", "-c", str(config)]))
        token = tokens.create(place, doctor, "sender", 1)
        running = Fleet(servers, place, outside, certificate, token)
        with running.client() as client:
            _wait_until(lambda: _is_open(running, client), "the proxy")
        yield running


def _is_open(fleet: Fleet, client: httpx2.Client) -> bool:
    with suppress(httpx2.TransportError):
        return fleet.send(client, "GET", "/healthz").text == "ok"
    return False


class Sender(threading.Thread):
    """A program that sends one case after another until it knows that each was accepted."""

    def __init__(self, fleet: Fleet, number: int) -> None:
        super().__init__(daemon=True)
        self.fleet, self.number = fleet, number
        self.ending = threading.Event()
        self.problems: list[str] = []

    def run(self) -> None:
        with self.fleet.client() as client:
            for number in itertools.count():
                submission = f"sender-{self.number}-{number}"
                while submission not in self.fleet.accepted:
                    if self.ending.is_set() or self.problems:
                        return
                    try:
                        self._send(client, submission, 1000 * self.number + number)
                    except httpx2.TransportError:
                        time.sleep(0.02)

    def _send(self, client: httpx2.Client, submission: str, seed: int) -> None:
        answer = self.fleet.send(
            client,
            "POST",
            "/api/v1/cases",
            headers={"Authorization": f"Bearer {self.fleet.token}"},
            data={
                "patient_code": submission,
                "age_years": "50",
                "sex": "F",
                "province": "Guayas",
                "submission": submission,
                "same_film_reason": "drawn films may come twice",
            },
            files={"films": ("film.png", _film(seed))},
        )
        if answer.status_code in {200, 201}:
            self.fleet.accepted[submission] = answer.json()["id"]
        elif answer.status_code in {502, 504}:  # of nginx: the server died over it
            self.fleet.gateway += 1
        else:
            self.problems.append(f"{answer.status_code}: {answer.text[:2000]}")


def _film(seed: int) -> bytes:
    picture = Image.frombytes("L", (64, 64), random.Random(seed).randbytes(64 * 64))
    buffer = io.BytesIO()
    picture.resize((320, 320)).save(buffer, format="PNG")
    return buffer.getvalue()


def test_each_server_is_killed_while_cases_come_in_and_none_is_lost(fleet: Fleet) -> None:
    senders = [Sender(fleet, number) for number in range(SENDERS)]
    for sender in senders:
        sender.start()

    def more(cases: int) -> None:
        wanted = len(fleet.accepted) + cases
        _wait_until(
            lambda: len(fleet.accepted) >= wanted or any(s.problems for s in senders),
            f"{cases} accepted cases",
        )

    try:
        more(BETWEEN)
        for server in fleet.servers:
            server.kill()
            more(BETWEEN)  # through the other one alone
            server.start()
        more(BETWEEN)
    finally:
        for sender in senders:
            sender.ending.set()
        for sender in senders:
            sender.join(LONG)
    assert [sender.problems for sender in senders] == [[]] * SENDERS
    _check(fleet)


def _check(fleet: Fleet) -> None:
    place = fleet.place
    with place.reading() as session:
        cases = {case.submission: case for case in session.scalars(select(Case))}
        for submission, number in fleet.accepted.items():
            assert cases[submission].id == number
        for case in cases.values():
            (film,) = case.films
            assert len(film.assessments) == 1
            assert hashlib.sha256(place.films.get(film.sha256)).hexdigest() == film.sha256
        for table in (Film, StoredAssessment):
            assert session.scalar(select(func.count()).select_from(table)) == len(cases)
        created = session.scalars(
            select(AuditEntry.subject).where(AuditEntry.action == "case.create")
        ).all()
        assert sorted(created) == sorted(f"case:{case.id}" for case in cases.values())
    assert len(cases) >= 4 * BETWEEN
    assert damaged(place) == []
    assert place.verify_trail().sound, "two servers wrote one chain"


def test_both_work_and_say_so(fleet: Fleet) -> None:
    for server in fleet.servers:
        answer = server.ask("/readyz")
        assert answer.status_code == 200, answer.text
        assert not (server.folder / "films").exists(), "films lie in the bucket alone"


def test_a_session_is_everywhere_and_a_switch_is_seen_by_the_other_at_once(
    fleet: Fleet, tmp_path: Path
) -> None:
    packed = tmp_path / "other.zip"
    pack(make_bundle(tmp_path / "other", name="other"), packed)
    sha256 = bundles.install(fleet.place, Actor(1), packed.read_bytes())
    with fleet.client() as browser:
        form = {"username": "eva", "password": PASSWORD}
        assert fleet.send(browser, "POST", "/sign-in", data=form).status_code == 303
        seen = set[str]()
        for _ in range(4):
            page = fleet.send(browser, "GET", "/bundles")
            assert page.status_code == 200, "signed in, whichever server answers"
            seen.add(page.headers["x-answered-by"])
        assert len(seen) == 2
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token
        for wanted in (sha256, "", sha256):
            switch = {"csrf_token": token[1], "sha256": wanted, "confirmed": "yes"}
            done = fleet.send(browser, "POST", "/bundles/switch", data=switch)
            assert done.status_code == 303
            answering = {
                server.ask("/api/v1/bundle", fleet.token).json()["sha256"]
                for server in fleet.servers
            }
            assert len(answering) == 1
            assert (answering == {sha256}) is bool(wanted)
    copies = [server.folder / "bundles" / f"{sha256}.zip" for server in fleet.servers]
    assert all(copy.is_file() for copy in copies), "the second fetched what the first installed"


def test_the_limits_count_over_both(fleet: Fleet) -> None:
    answered: dict[str, int] = {}
    statuses = []
    with fleet.client("127.0.0.9") as browser:  # an address of its own, which nobody used yet
        for _ in range(SIGN_IN.amount + 6):
            answer = fleet.send(browser, "POST", "/first-start/none", data={"username": "x"})
            statuses.append(answer.status_code)
            name = answer.headers["x-answered-by"]
            answered[name] = answered.get(name, 0) + 1
    assert 429 not in statuses[: SIGN_IN.amount]
    assert statuses[SIGN_IN.amount :] == [429] * 6
    assert len(answered) == 2
    assert min(answered.values()) > 20, "both took part"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_settings_of_the_page_are_known(language: str) -> None:
    [text] = fences(_page(language), "properties")
    named = dict(line.split("=", 1) for line in text.splitlines() if line)
    ours = {
        name.removeprefix("COVID_D_").lower(): said
        for name, said in named.items()
        if name.startswith("COVID_D_")
    }
    assert ours.keys() <= ClinicSettings.model_fields.keys()
    chosen = ClinicSettings(**ours)  # type: ignore[arg-type]
    assert chosen.on_postgresql
    assert chosen.film_store == "s3://covid-d/clinic"
