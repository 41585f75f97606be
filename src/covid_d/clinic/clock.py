"""Time: stored in UTC, shown in the installation's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from covid_d.settings import settings


def now() -> datetime:
    """Return the present moment, UTC."""
    return datetime.now(UTC)


def zone() -> ZoneInfo:
    """Return the installation's time zone (``COVID_D_TIME_ZONE``)."""
    return ZoneInfo(settings().time_zone)


def local(moment: datetime) -> datetime:
    """Return a moment in the installation's time zone."""
    return moment.astimezone(zone())


def today() -> date:
    """Return the present day in the installation's time zone."""
    return local(now()).date()
