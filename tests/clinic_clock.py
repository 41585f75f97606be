"""The clock of the clinics in these tests: that of an installation whose zone nobody changed."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from covid_d.clinic.clock import Clock

CLOCK = Clock(ZoneInfo("America/Guayaquil"))


def today() -> date:
    """Return the present day there."""
    return CLOCK.today()
