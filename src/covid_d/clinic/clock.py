"""Time: stored in UTC, shown and counted in the time zone of an installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def now() -> datetime:
    """Return the present moment, UTC: the same everywhere."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """What an installation calls a day.

    Parameters
    ----------
    zone
        Its time zone (``COVID_D_TIME_ZONE``).
    """

    zone: ZoneInfo

    def local(self, moment: datetime) -> datetime:
        """Return a moment in the installation's time zone."""
        return moment.astimezone(self.zone)

    def day_of(self, moment: datetime) -> date:
        """Return the day in which a moment lies here."""
        return self.local(moment).date()

    def today(self) -> date:
        """Return the present day here."""
        return self.day_of(now())

    def midnight(self, day: date) -> datetime:
        """Return the first moment of a day here, UTC."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)
