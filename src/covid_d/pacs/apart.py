"""Reads a film in a process of its own: one that ends its reader must not end the node again."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Final

from covid_d.errors import CovidDError
from covid_d.language import N_

LONGEST_S: Final = 120.0
# What cannot be read is refused like any film; only a process that dies tells on one.
_READ: Final = """
import sys
from covid_d.radiograph import RadiographError, read
try:
    read(sys.stdin.buffer.read())
except RadiographError:
    pass
"""


def read_apart(content: bytes, *, longest_s: float = LONGEST_S) -> None:
    """Read a film where it can do no harm.

    Parameters
    ----------
    content
        The film's file.
    longest_s
        Seconds that it may take.

    Raises
    ------
    CovidDError
        If it ends the process that reads it, or keeps it busy for too long.
    """
    try:
        ran = subprocess.run(  # noqa: S603 - our own words; the film goes in as it is
            [sys.executable, "-c", _READ],
            input=content,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=longest_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CovidDError(
            N_("The film takes more than %(seconds)d seconds to read.", seconds=longest_s),
            N_("It may be damaged: send it again from the station that made it."),
        ) from error
    if ran.returncode < 0:
        raise CovidDError(
            N_("The film ends the program that reads it (%(how)s).", how=_name(-ran.returncode)),
            N_("It may be damaged: send it again from the station that made it."),
        )


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
