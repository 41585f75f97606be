"""Twenty doctors at once: how long the clinic's pages take, and whether any fails.

Starts the real server (``covid-d serve``'s application, one process) on an installation of 5,000
cases in a temporary folder. At rest one doctor sends films, one after the other. Then twenty work
for five minutes: look at the worklist, send a case with a film, read the result and its picture,
enter a laboratory result, look at the dashboard now and then, think a little. The film is the one
that pydicom-data carries, the bundle the built-in one. Ends with 1 where an aim is missed: a 95th
percentile of 1 s for pages under that load, and of 2 s for a film's answer at rest.

    python benchmarks/clinic_load.py        # 20 doctors, 5,000 cases, 5 minutes, 2-megapixel films
    python benchmarks/clinic_load.py --doctors 1 --cases 0 --megapixels 10 --minutes 1
"""

from __future__ import annotations

import argparse
import io
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2 as httpx
import numpy as np
from PIL import Image
from sqlalchemy import insert

from covid_d.clinic import seals
from covid_d.clinic.accounts import passwords
from covid_d.clinic.clock import Clock, now
from covid_d.clinic.database.accounts import Unit, User
from covid_d.clinic.database.cases import (
    Case,
    Film,
    FollowUp,
    StoredAssessment,
    assessment_columns,
)
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.detector import CATEGORIES, Assessment, Bundle, Outcome
from covid_d.radiograph import read
from covid_d.radiograph.sample import sample_film

PASSWORD = "una frase para medir la carga"
_PICTURE = re.compile(r'(?:src|data-src|data-picture)="(/[^"]*films/[^"]+)"')
_LOCATION = re.compile(r"/cases/(\d+)")
PAGES = frozenset({"worklist", "new case form", "result", "film picture", "follow-up", "dashboard"})
PAGE_AIM, ANSWER_AIM = 1.0, 2.0
"""Seconds: 95th percentile of pages under load, and of a film's answer at rest."""
_AT_REST = 20


def _today() -> date:
    """Return the present day of the clinic that is asked."""
    return Clock(ZoneInfo(ClinicSettings().time_zone)).today()


class Figures:
    """Seconds by step, and what went wrong, from every doctor's thread."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []
        self._lock = threading.Lock()

    def note(self, step: str, seconds: float, error: str | None) -> None:
        """Add one request."""
        with self._lock:
            self.seconds[step].append(seconds)
            if error:
                self.errors.append(f"{step}: {error}")


class Doctor(threading.Thread):
    """One doctor at a browser."""

    def __init__(self, url: str, number: int, films: list[bytes], end: float, think: float) -> None:
        super().__init__(daemon=True)
        self.figures: Figures = Figures()
        self._browser = httpx.Client(base_url=url, timeout=60)
        self._number, self._films, self._end, self._think = number, films, end, think
        self._rng = random.Random(number)
        self._token = ""

    def run(self) -> None:
        """Work until the end."""
        self.sign_in()
        while time.monotonic() < self._end:
            self.one_patient()

    def sign_in(self) -> None:
        """Sign in."""
        self._ask("sign in", "POST", "/sign-in", data=self._credentials())

    def _credentials(self) -> dict[str, str]:
        return {"username": f"doctor{self._number}", "password": PASSWORD}

    def one_patient(self) -> None:
        """See the worklist, enter a case, read its result, enter the laboratory's."""
        self._ask("worklist", "GET", "/cases")
        page = self._ask("new case form", "GET", "/cases/new").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        submission = re.search(r'name="submission"[^>]*value="([^"]+)"', page)
        if token is None or submission is None:
            return
        form = {
            "csrf_token": token[1],
            "submission": submission[1],
            "patient_code": f"HC-{self._number}-{self._rng.randrange(10**6)}",
            "age_years": str(self._rng.randrange(18, 90)),
            "sex": self._rng.choice("FM"),
            "province": "Guayas",
            "symptom_onset": str(_today()),
            "same_film_reason": "load: few films for many patients",
        }
        film = self._rng.choice(self._films)
        saved = self._ask(
            "send case with film", "POST", "/cases/new", data=form, files={"films": ("f.png", film)}
        )
        found = _LOCATION.search(saved.headers.get("location", ""))
        if found is None:
            return
        case = f"/cases/{found[1]}"
        result = self._ask("result", "GET", case).text
        for picture in dict.fromkeys(_PICTURE.findall(result)[:1]):
            self._ask("film picture", "GET", picture)
        follow_up = {
            "csrf_token": token[1],
            "kind": "rt_pcr",
            "value": self._rng.choice(["positive", "negative"]),
            "day": str(_today()),
        }
        self._ask("follow-up", "POST", f"{case}/follow-up", data=follow_up)
        if self._rng.random() < 0.1:
            self._ask("dashboard", "GET", "/dashboard")
        time.sleep(self._rng.expovariate(1 / self._think) if self._think else 0.0)

    def _ask(self, step: str, method: str, path: str, **sent: object) -> httpx.Response:
        start = time.perf_counter()
        try:
            answer = self._browser.request(method, path, **sent)  # type: ignore[arg-type]
        except httpx.TransportError as error:
            self.figures.note(step, time.perf_counter() - start, repr(error))
            return httpx.Response(599)
        wrong = None if answer.status_code < 400 else f"{answer.status_code}"
        self.figures.note(step, time.perf_counter() - start, wrong)
        return answer


def film(seed: int, megapixels: float) -> bytes:
    """Return the sample film at about so many megapixels as a grey JPEG, as a viewer exports it.

    Each seed turns and cuts it a little, so that no two films are the same. A drawn phantom would
    be refused by the input gate, which is less work than an answer.
    """
    real = read(sample_film())
    grey = Image.fromarray(np.rint(real.pixels * 255).astype(np.uint8))
    grey = grey.rotate(seed - 4, Image.Resampling.BICUBIC)
    scale = (megapixels * 1e6 / (grey.width * grey.height)) ** 0.5
    buffer = io.BytesIO()
    size = (round(grey.width * scale), round(grey.height * scale))
    grey.resize(size, Image.Resampling.BICUBIC).save(buffer, format="JPEG", quality=90)
    return buffer.getvalue()


def prepare(folder: Path, doctors: int, cases: int) -> None:
    """Make an installation with one unit, its doctors and what they entered in a year."""
    installation = Installation.open(ClinicSettings(data=folder))
    stored = passwords.hash_of(PASSWORD)
    with installation.writing() as session:
        unit = Unit(name="Hospital", province="Guayas", prevalence=0.1, created_at=now())
        session.add(unit)
        for number in range(doctors):
            session.add(
                User(
                    username=f"doctor{number}",
                    full_name=f"Doctor {number}",
                    password_hash=stored,
                    role=Role.DOCTOR.value,
                    unit=unit,
                    created_at=now(),
                )
            )
    if cases:
        fill(installation, cases)
    installation.close()


def fill(installation: Installation, count: int) -> None:
    """Enter cases with a film, an answer and mostly a laboratory result, over a year until now."""
    rng, moment, bundle = np.random.default_rng(5), now(), Bundle.load()
    sha256 = installation.films.put(film(99, 0.3))  # one file for all: the disk is not measured
    rows: dict[type, list[dict[str, object]]] = {
        Case: [], Film: [], StoredAssessment: [], FollowUp: []
    }  # fmt: skip
    for number in range(1, count + 1):
        at = moment - timedelta(days=365 * (count - number) / count)
        looks = rng.dirichlet([0.6] * len(CATEGORIES))
        answer = Assessment(
            path="",
            outcome=Outcome.POSITIVE if looks[-1] > 0.6 else Outcome.INCONCLUSIVE,
            bundle=bundle.id,
            verdict=bundle.spec.verdict.status,
            appearance=dict(zip(CATEGORIES, map(float, looks / looks.sum()), strict=True)),
            activation=rng.random((8, 8), dtype=np.float32),
        )
        rows[Case].append(
            {
                "id": number, "unit_id": 1, "created_by_id": 1, "created_at": at,
                "patient_code": f"HC-{number * 7919 % 100_003}", "province": "Guayas",
                "age_years": int(rng.integers(18, 90)), "sex": "FM"[number % 2], "symptoms": [],
                "comorbidities": [], "notes": "", "research_consent": False, "blind": False,
            }
        )  # fmt: skip
        row = {"id": number, "case_id": number, "sha256": sha256, "created_at": at}
        rows[Film].append(row | {"received_sha256": sha256, "at_intake": True})
        columns = assessment_columns(answer, prevalence=0.1, milliseconds=50.0)
        rows[StoredAssessment].append({"film_id": number, "created_at": at, **columns})
        if rng.random() < 0.8:
            sick = rng.random() < looks[-1]
            result = {
                "kind": "rt_pcr", "value": "positive" if sick else "negative", "notes": "",
                "reason": "", "day": at.date(), "user_id": 1, "created_at": at + timedelta(days=1),
            }  # fmt: skip
            rows[FollowUp].append({"case_id": number, **result})
    with installation.writing() as session:
        for table, values in rows.items():
            session.execute(insert(table), values)
        seals.seal_unsealed(session.connection(), installation.keys.seal)


def at_rest(url: str, films: list[bytes]) -> Figures:
    """Let one doctor send films with nobody else there."""
    doctor = Doctor(url, 0, films, 0.0, 0.0)
    doctor.sign_in()
    for _ in range(_AT_REST):
        doctor.one_patient()
    return doctor.figures


def serve(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start ``covid-d serve`` and wait until it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    words = [sys.executable, "-m", "covid_d", "serve", "--port", str(port), "--data", str(folder)]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=(folder / "log").open("wb"))
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            httpx.get(f"{url}/readyz").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return server, url
    server.kill()
    raise SystemExit("the server did not become ready")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--doctors", type=int, default=20)
    parser.add_argument("--cases", type=int, default=5000, help="there before")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--megapixels", type=float, default=2.0)
    parser.add_argument("--think", type=float, default=2.0, help="mean seconds between patients")
    given = parser.parse_args()
    films = [film(seed, given.megapixels) for seed in range(8)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, given.doctors, given.cases)
        server, url = serve(folder)
        try:
            rest = at_rest(url, films)
            end = time.monotonic() + 60 * given.minutes
            doctors = [
                Doctor(url, number, films, end, given.think) for number in range(given.doctors)
            ]
            for doctor in doctors:
                doctor.start()
            for doctor in doctors:
                doctor.join()
        finally:
            server.terminate()
            server.wait()
    print(f"{given.cases} cases there before; one doctor at rest")
    table(dict(rest.seconds))
    report([rest], [doctor.figures for doctor in doctors], given)


def report(rest: list[Figures], figures: list[Figures], given: argparse.Namespace) -> None:
    """Print what was measured under load, and whether the aims were met."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for one in figures:
        for step, values in one.seconds.items():
            seconds[step].extend(values)
    everything = [value for values in seconds.values() for value in values]
    errors = [error for one in figures for error in one.errors]
    print(
        f"{given.doctors} doctors, {given.minutes:g} min, {given.megapixels:g}-megapixel films, "
        f"{given.think:g} s between patients, {os.cpu_count()} cores (clients on the same ones)"
    )
    table({**dict(sorted(seconds.items())), "all": everything})
    pages = [value for step in PAGES for value in seconds[step]]
    answers = [value for one in rest for value in one.seconds["send case with film"]]
    missed = False
    for name, values, aim in (
        ("pages under load", pages, PAGE_AIM),
        ("a film's answer at rest", answers, ANSWER_AIM),
    ):
        found = _percentile_95(values)
        missed |= found >= aim
        print(f"{name}: 95 % in {found:.3f} s (n = {len(values)}), aim under {aim:g} s")
    errors += [error for one in rest for error in one.errors]
    print(f"errors: {len(errors)}")
    for error in errors[:10]:
        print(f"  {error}")
    sys.exit(1 if errors or missed else 0)


def table(seconds: dict[str, list[float]]) -> None:
    """Print a row a step: how many, median, 95th percentile, longest."""
    print(f"{'step':24}{'n':>7}{'median':>10}{'95 %':>10}{'longest':>10}   (milliseconds)")
    for step, values in seconds.items():
        row = (statistics.median(values), _percentile_95(values), max(values))
        print(f"{step:24}{len(values):7}" + "".join(f"{1000 * value:10.0f}" for value in row))


def _percentile_95(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[94] if len(values) > 1 else max(values, default=0.0)


if __name__ == "__main__":
    main()
