"""Ten doctors at once: how long the clinic's pages take, and whether any fails.

Starts the real server (``covid-d serve``'s application, one process) on an empty installation in a
temporary folder, signs ten doctors in, and lets each work for five minutes: look at the worklist,
send a case with a film, read the result and its picture, enter a laboratory result, think a
little. The film is the one that pydicom-data carries, the bundle the built-in one.

    python benchmarks/clinic_load.py        # 10 doctors, 5 minutes, 2-megapixel films
    python benchmarks/clinic_load.py --doctors 1 --megapixels 10 --minutes 1
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
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2 as httpx
import numpy as np
from PIL import Image

from covid_d.clinic.accounts import passwords
from covid_d.clinic.clock import Clock, now
from covid_d.clinic.database.accounts import Unit, User
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.radiograph import read
from covid_d.radiograph.sample import sample_film

PASSWORD = "una frase para medir la carga"
_PICTURE = re.compile(r'(?:src|data-src|data-picture)="(/[^"]*films/[^"]+)"')
_LOCATION = re.compile(r"/cases/(\d+)")


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
        self._ask("sign in", "POST", "/sign-in", data=self._credentials())
        while time.monotonic() < self._end:
            self._one_patient()

    def _credentials(self) -> dict[str, str]:
        return {"username": f"doctor{self._number}", "password": PASSWORD}

    def _one_patient(self) -> None:
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


def prepare(folder: Path, doctors: int) -> None:
    """Make an installation with one unit and its doctors."""
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
    installation.close()


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
    parser.add_argument("--doctors", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--megapixels", type=float, default=2.0)
    parser.add_argument("--think", type=float, default=2.0, help="mean seconds between patients")
    given = parser.parse_args()
    films = [film(seed, given.megapixels) for seed in range(8)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, given.doctors)
        server, url = serve(folder)
        try:
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
    report([doctor.figures for doctor in doctors], given)


def report(figures: list[Figures], given: argparse.Namespace) -> None:
    """Print a row a step: how many, median, 95th percentile, longest."""
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
    print(f"{'step':24}{'n':>7}{'median':>10}{'95 %':>10}{'longest':>10}   (milliseconds)")
    for step, values in [*sorted(seconds.items()), ("all", everything)]:
        cuts = statistics.quantiles(values, n=100) if len(values) > 1 else values * 99
        row = (statistics.median(values), cuts[94], max(values))
        print(f"{step:24}{len(values):7}" + "".join(f"{1000 * value:10.0f}" for value in row))
    print(f"errors: {len(errors)}")
    for error in errors[:10]:
        print(f"  {error}")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
