"""A browser's name for its owner: coarse, so that a list of sessions is no fingerprint."""

from __future__ import annotations

from typing import Final

from ua_parser import parse_os, parse_user_agent

_READ: Final = 300  # of what a browser says of itself; the rest tells its owner nothing
LONGEST: Final = 80


def name_of(agent: str) -> str | None:
    """Return a browser and its system, as ``"Firefox · Ubuntu"``.

    Parameters
    ----------
    agent
        What it says of itself (header ``User-Agent``): anything, from anybody.

    Returns
    -------
    At most ``LONGEST`` printable characters; ``None`` when nothing is known of it.
    """
    start = agent[:_READ]
    found = (parse_user_agent(start), parse_os(start))
    words = " · ".join(one.family for one in found if one is not None)
    plain = "".join(letter for letter in words if letter.isprintable())
    return plain[:LONGEST].strip() or None
