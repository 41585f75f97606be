"""Killed at any moment, 200 times in all: what was accepted is there whole, and nothing half is."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import httpx2 as httpx
import pytest
from PIL import Image
from sqlalchemy import func, select

from clinic_factory import PASSWORD
from covid_d.clinic.cases import staging
from covid_d.clinic.database.cases import Case, Film, StoredAssessment
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail import audit_trail
from ports import own_port
from zygote import Zygote

KILLS = {"sqlite": 140, "postgresql": 60}
LONG = 300.0  # seconds that a machine may take that does much else
SENDERS = 3
HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="kills by POSIX signals"),
    pytest.mark.kill,
    pytest.mark.postgres,
    pytest.mark.xdist_group("killed"),
]


def _wait_until(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LONG
    while not happened():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


class Server:
    """The real server, to be killed and started again."""

    def __init__(self, installation: Installation) -> None:
        self.port = own_port()
        # The senders are faster than any person, and it is not the limits that are tried here.
        environment = {"COVID_D_RATE_LIMIT_FACTOR": "0"}
        url = installation.settings.database_url
        if url is not None:
            environment["COVID_D_DATABASE_URL"] = url.get_secret_value()
        self._zygote = Zygote(HERE / "server_zygote.py", str(self.port), environment=environment)
        self._browser = browser_at(self)
        self.kill = self._zygote.kill

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._zygote.start()
        _wait_until(self._answers, "the server")

    def _answers(self) -> bool:
        try:
            return self._browser.get("/healthz").text == "ok"
        except httpx.TransportError:
            return False

    def close(self) -> None:
        self._browser.close()
        self._zygote.close()


def browser_at(server: Server, cookies: httpx.Cookies | None = None) -> httpx.Client:
    """A browser at a server; each loads no list of authorities, which costs more than a request."""
    return httpx.Client(base_url=server.url, timeout=LONG, cookies=cookies, verify=False)


class Sender(threading.Thread):
    """A doctor who sends one case after another and remembers what was accepted."""

    def __init__(self, server: Server, cookies: httpx.Cookies, token: str, name: int) -> None:
        super().__init__()
        self.accepted: dict[str, int] = {}
        self.problems: list[str] = []
        self.ending = threading.Event()
        self._browser, self._token, self._name = browser_at(server, cookies), token, name

    def run(self) -> None:
        with self._browser:
            self._send_all()

    def _send_all(self) -> None:
        for number in itertools.count():
            if self.ending.is_set():
                return
            submission = f"sender-{self._name}-{number}"
            # Sent again until the server says that it has it, as a person would.
            while not self.ending.is_set() and submission not in self.accepted:
                try:
                    self._send(submission, number)
                except httpx.TransportError:
                    time.sleep(0.02)

    def _send(self, submission: str, number: int) -> None:
        form = {
            "csrf_token": self._token,
            "submission": submission,
            "patient_code": submission,
            "age_years": "50",
            "sex": "F",
            "province": "Guayas",
            "same_film_reason": "drawn films may come twice",
        }
        films = {"films": ("film.png", _film(1000 * self._name + number))}
        answer = self._browser.post("/cases/new", data=form, files=films)
        found = re.search(r"/cases/(\d+)", answer.headers.get("location", ""))
        if answer.status_code == 303 and found:
            self.accepted[submission] = int(found[1])
        else:
            self.problems.append(f"{answer.status_code}: {answer.text[:2000]}")
            self.ending.set()


@cache
def _film(seed: int) -> bytes:
    rng = random.Random(seed)
    picture = Image.frombytes("L", (64, 64), rng.randbytes(64 * 64)).resize((320, 320))
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.fixture
def server(installation: Installation) -> Iterator[Server]:
    running = Server(installation)
    yield running
    running.close()


@pytest.mark.usefixtures("people")
def test_nothing_accepted_is_lost_and_nothing_half_is_shown(
    installation: Installation, server: Server
) -> None:
    server.start()
    with browser_at(server) as browser:
        browser.post("/sign-in", data={"username": Role.DOCTOR.value, "password": PASSWORD})
        page = browser.get("/cases/new").text
        cookies = browser.cookies
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    senders = [Sender(server, cookies, token[1], name) for name in range(SENDERS)]
    for sender in senders:
        sender.start()
    rng = random.Random(7)
    try:
        for _ in range(KILLS[installation.engine.dialect.name]):
            time.sleep(rng.uniform(0.0, 0.5))
            server.kill()
            server.start()
        _wait_until(lambda: all(s.accepted or s.problems for s in senders), "an accepted case")
    finally:
        for sender in senders:
            sender.ending.set()
        for sender in senders:
            sender.join()
    server.kill()
    assert [sender.problems for sender in senders] == [[]] * SENDERS
    accepted = {name: case for sender in senders for name, case in sender.accepted.items()}
    _check(installation, accepted)
    staging.sweep(installation)  # what the kills left takes no film of a case along
    _check(installation, accepted)


def _check(installation: Installation, accepted: dict[str, int]) -> None:
    with installation.reading() as session:
        cases = {case.submission: case for case in session.scalars(select(Case))}
        for submission, number in accepted.items():
            assert cases[submission].id == number
        for case in cases.values():
            assert len(case.films) == 1
            (film,) = case.films
            assert len(film.assessments) == 1
            assert hashlib.sha256(installation.films.get(film.sha256)).hexdigest() == film.sha256
        for table in (Film, StoredAssessment):
            count = session.scalar(select(func.count()).select_from(table))
            assert count == len(cases)
        created = session.scalars(
            select(AuditEntry.subject).where(AuditEntry.action == "case.create")
        ).all()
        assert sorted(created) == sorted(f"case:{case.id}" for case in cases.values())
        assert audit_trail.verify(session, installation.keys).broken is None
