"""The clock of the clinics in these tests: that of an installation whose zone nobody changed.

And one that stands still until a test moves it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from covid_d.clinic.clock import Clock

CLOCK = Clock(ZoneInfo("America/Guayaquil"))


def today() -> date:
    """Return the present day there."""
    return CLOCK.today()


class Hands:
    """The present moment of every module of the clinic, in a test's hands.

    Parameters
    ----------
    start
        Where it begins.
    """

    def __init__(self, start: datetime) -> None:
        self.moment = start

    def now(self) -> datetime:
        """Return where it stands."""
        return self.moment

    def on(self, **step: float) -> None:
        """Move on, by ``minutes=15`` and the like."""
        self.moment += timedelta(**step)
