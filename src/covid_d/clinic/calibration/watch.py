"""Looks once an hour whether the local table is due to be tried again, while the clinic serves."""

from __future__ import annotations

import logging
from threading import Event
from typing import Final

from covid_d.clinic.calibration.switching import check
from covid_d.clinic.installation import Installation
from covid_d.clinic.one_at_a_time import one_at_a_time
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import CovidDError

SECONDS: Final = 3600.0
_log = logging.getLogger(__name__)


def watch(installation: Installation, stop: Event, seconds: float = SECONDS) -> None:
    """Check what is due until told to stop; what goes wrong is logged and tried again.

    Parameters
    ----------
    installation
        Where.
    stop
        Set when the clinic stops serving.
    seconds
        Between two looks.
    """
    while not stop.wait(seconds):
        try:
            with one_at_a_time(installation, "calibration"):
                alarmed = check(installation, Actor(None))
            if alarmed:
                _log.warning("local calibration: worse than the published studies")
        except CovidDError as error:
            _log.error("local calibration cannot be checked: %s", error.message)
