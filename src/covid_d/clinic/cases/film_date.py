"""The day of a film beside the day of its entry: what is odd about the two is said, not refused.

Clocks of X-ray systems are wrong, and an earlier film is easily taken for today's.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from covid_d.language import N_, NN_, Text

FAR_DAYS: Final = 30
"""A film so many days older than its case is rarely the one that was meant."""


def date_warning(taken_on: date | None, entered_on: date) -> Text | None:
    """Return what to say of a film's day; ``None`` where it is not known, or nothing is odd.

    Parameters
    ----------
    taken_on
        Day of the film.
    entered_on
        Day of its entry, in the installation's time zone.
    """
    if taken_on is None:
        return None
    days = (entered_on - taken_on).days
    if days < 0:
        return N_(
            "The film is dated after the day of its entry: check that it is this one; the X-ray "
            "system's clock may be wrong."
        )
    if days > FAR_DAYS:
        return NN_(
            "The film was taken %(num)d day before its entry: check that it is not an earlier one.",
            "The film was taken %(num)d days before its entry: check that it is not an earlier "
            "one.",
            days,
        )
    return None
