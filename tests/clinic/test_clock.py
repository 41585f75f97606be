"""A day is that of the installation, not of the process or the machine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient

from case_rows import add_row
from clinic_clock import CLOCK
from clinic_factory import PASSWORD, add_unit, add_user
from covid_d.clinic import clock
from covid_d.clinic.app import create_app
from covid_d.clinic.cases.worklist import Filters, list_cases
from covid_d.clinic.clock import Clock
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail.audit_trail import Actor

GALAPAGOS, QUITO = "Pacific/Galapagos", "America/Guayaquil"
# In the continent it is past midnight, on the islands an hour earlier still the day before.
NIGHT = datetime(2026, 11, 25, 5, 30, tzinfo=UTC)


@pytest.fixture
def islands(clinic_settings: ClinicSettings, tmp_path: Path) -> Iterator[Installation]:
    """A clinic whose zone its own settings alone name: the environment says another."""
    chosen = clinic_settings.model_copy(
        update={"time_zone": GALAPAGOS, "data": tmp_path / "islands", "database_url": None}
    )
    opened = Installation.open(chosen)
    add_unit(opened, "Puerto Ayora")
    yield opened
    opened.close()


def test_a_moment_lies_in_the_day_of_the_zone() -> None:
    assert CLOCK.day_of(NIGHT) == date(2026, 11, 25)
    assert Clock(ZoneInfo(GALAPAGOS)).day_of(NIGHT) == date(2026, 11, 24)
    assert CLOCK.local(NIGHT) == NIGHT


def test_a_day_begins_at_midnight_of_the_zone() -> None:
    assert CLOCK.midnight(date(2026, 11, 25)) == datetime(2026, 11, 25, 5, tzinfo=UTC)
    # Where clocks are moved, a day has 23 or 25 hours.
    madrid = Clock(ZoneInfo("Europe/Madrid"))
    first, second = madrid.midnight(date(2026, 3, 29)), madrid.midnight(date(2026, 3, 30))
    assert second - first == timedelta(hours=23)


def test_two_clinics_in_one_process_keep_their_own_day(
    installation: Installation, islands: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NIGHT)
    assert installation.clock.today() == date(2026, 11, 25)
    assert islands.clock.today() == date(2026, 11, 24)


def test_the_list_and_the_follow_up_go_by_the_clinics_day(
    islands: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor = add_user(islands, "doctor", Role.DOCTOR, unit="Puerto Ayora")
    case = add_row(islands, doctor, "positive", created_at=NIGHT)
    monkeypatch.setattr(clock, "now", lambda: NIGHT)
    with islands.reading() as session:
        found = {
            day: list_cases(session, doctor, Filters(since=day, until=day), clock=islands.clock)
            for day in (date(2026, 11, 24), date(2026, 11, 25))
        }
    assert [page.total for page in found.values()] == [1, 0]
    with pytest.raises(InvalidInputError) as refused:
        add(
            islands,
            doctor,
            Actor(doctor.id),
            case,
            Entry(EntryKind.RT_PCR, "positive", date(2026, 11, 25)),
        )
    assert refused.value.fields["day"].in_language("en") == "This day is in the future."


def test_a_page_shows_the_clinics_hour(islands: Installation) -> None:
    doctor = add_user(islands, "doctor", Role.DOCTOR, unit="Puerto Ayora")
    case = add_row(islands, doctor, "positive", created_at=NIGHT)
    with TestClient(create_app(islands), follow_redirects=False) as browser:
        browser.post("/sign-in", data={"username": doctor.username, "password": PASSWORD})
        listed = browser.get("/cases").text
        shown = browser.get(f"/cases/{case}").text
    assert "24 nov 2026, 23:30" in listed
    assert "24 nov 2026, 23:30" in shown
