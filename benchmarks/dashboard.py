"""The dashboard of 5,000 cases: how long its figures and its page take.

    python benchmarks/dashboard.py        # 5,000 cases of a year, all of them in the period

Ends with 1 where the aim is missed: the page's median under 1 s.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from fastapi.testclient import TestClient

from clinic_load import PASSWORD, prepare
from covid_d.clinic.app import create_app
from covid_d.clinic.clock import now
from covid_d.clinic.installation import Installation
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.statistics.dashboard import make
from covid_d.clinic.statistics.scope import Period, Scope

AIM = 1.0
"""Seconds."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--times", type=int, default=15)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, 1, given.cases)
        settings = ClinicSettings(data=folder, allowed_hosts="testserver")
        installation = Installation.open(settings)
        today = installation.clock.day_of(now())
        period = Period(today - timedelta(days=366), today, installation.clock)

        def figures() -> None:
            with installation.reading() as session:
                assert make(session, Scope(1, None), period).cases == given.cases

        with TestClient(create_app(installation)) as browser:
            browser.post("/sign-in", data={"username": "doctor0", "password": PASSWORD})

            def page() -> None:
                shown = browser.get(f"/dashboard?first={period.first}&last={period.last}")
                assert "headline-title" in shown.text, shown.url

            print(f"{given.cases} cases in the period, {given.times} times, milliseconds")
            print(f"{'':10}{'median':>10}{'longest':>10}{'processor':>10}")
            _measured("figures", figures, given.times)
            median = _measured("page", page, given.times)
    sys.exit(0 if median < AIM else 1)


def _measured(name: str, work: Callable[[], None], times: int) -> float:
    work()
    seconds, began = [], time.process_time()
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    processor = (time.process_time() - began) / times
    print(f"{name:10}" + "".join(f"{1000 * x:10.0f}" for x in (median, max(seconds), processor)))
    return median


if __name__ == "__main__":
    main()
