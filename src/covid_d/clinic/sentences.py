"""What is said of an entry that cannot be accepted: one sentence a kind of mistake."""

from __future__ import annotations

from typing import Final

from covid_d.language import N_, Message, Text

NO_DAY: Final = N_("Write the day as year, month and day: 2026-01-31.")
NOT_OFFERED: Final = N_("Choose one of the values offered.")
UNREADABLE: Final = N_("This value cannot be read.")
MISSING: Final = N_("Fill this in.")
IN_THE_FUTURE: Final = N_("This day is in the future.")
ALTERED: Final = N_("Changed in the database: not shown")
BACKWARDS: Final = N_("The last day lies before the first.")


def no_whole_number(low: int, high: int) -> Text:
    """Say that a whole number between two, both included, is wanted."""
    return N_("Enter a whole number from %(low)d to %(high)d.", low=low, high=high)


def no_number(low: float, high: float) -> Text:
    """Say that a number between two, both included, is wanted."""
    return N_("Enter a number from %(low)s to %(high)s.", low=_number(low), high=_number(high))


def _number(value: float) -> Message:
    return Message(es=f"{value:g}".replace(".", ","), en=f"{value:g}")


def too_long(most: int) -> Text:
    """Say how many characters a text may have."""
    return N_("Use at most %(n)d characters.", n=most)
