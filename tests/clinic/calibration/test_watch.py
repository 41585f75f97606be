"""The hourly look: it checks what is due, outlives a fault, and stops when told to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from browsing import SECONDS
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.calibration import watch as watching
from covid_d.clinic.calibration.switching import switch_on
from covid_d.clinic.calibration.watch import watch
from covid_d.clinic.clock import now
from covid_d.clinic.database.figures import CalibrationCheck, LocalCalibration
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import BundleError
from covid_d.language import N_
from simulated_cases import TRUE_COVID, TRUE_OTHER, use_audited, write_simulated


def _until(installation: Installation, done: Callable[[], bool], stop: threading.Event) -> None:
    """Watch in a thread until something is done, then end it."""
    thread = threading.Thread(target=watch, args=(installation, stop, 0.01))
    thread.start()
    give_up = threading.Event()
    timer = threading.Timer(SECONDS, give_up.set)
    timer.start()
    while not done() and not give_up.is_set() and thread.is_alive():
        thread.join(0.02)
    timer.cancel()
    stop.set()
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert done()


@pytest.mark.postgres
def test_what_is_due_is_checked_once(
    installation: Installation,
    people: dict[Role, Person],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    admin, doctor = people[Role.ADMINISTRATOR].id, people[Role.DOCTOR].id
    bundle = use_audited(installation, tmp_path, admin)
    write_simulated(installation, bundle, 900, user_id=doctor, last=(now() - timedelta(60)).date())
    switch_on(installation, Actor(admin))
    turned = {"with_covid": TRUE_OTHER, "without": TRUE_COVID}
    write_simulated(
        installation, bundle, 120, user_id=doctor, seed=2, days=30, like=turned,
        last=(now() - timedelta(5)).date(),
    )  # fmt: skip
    with installation.writing() as session:
        session.execute(update(LocalCalibration).values(created_at=now() - timedelta(days=31)))

    def checks() -> int:
        with installation.reading() as session:
            return session.scalar(select(func.count()).select_from(CalibrationCheck)) or 0

    with caplog.at_level(logging.WARNING):
        _until(installation, lambda: checks() > 0, threading.Event())
    assert checks() == 1, "the next one is due in a month"
    assert "worse than the published studies" in caplog.text


def test_a_fault_is_logged_and_tried_again(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []

    def broken(*_: object) -> bool:
        calls.append(1)
        raise BundleError(N_("The bundle is gone."), N_("Install it again."))

    monkeypatch.setattr(watching, "check", broken)
    with caplog.at_level(logging.ERROR):
        _until(installation, lambda: len(calls) > 1, threading.Event())
    assert "cannot be checked" in caplog.text


def test_it_ends_at_once_when_told_to(installation: Installation) -> None:
    stop = threading.Event()
    stop.set()
    watch(installation, stop, SECONDS)
