"""The drift alarm where doctors look: worklist, result and report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from fastapi.testclient import TestClient

from clinic_factory import add_case, add_unit
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.statistics import alarm
from covid_d.clinic.statistics.drift import REFERENCE, WINDOW
from episode_factory import Told, write

People = dict[Role, Person]
SignIn = Callable[[Role], TestClient]
SENTENCE = "Alarma de deriva"


def _told(place: Installation, people: People, unit_id: int, *, shifted: bool) -> None:
    """Cases of the active bundle: the last window as before, or all near one."""
    bundle = place.active_detector.detector.bundle.id.sha256
    rng = np.random.default_rng(20)
    scores = rng.uniform(0.1, 0.5, REFERENCE + WINDOW)
    if shifted:
        scores[REFERENCE:] = 0.95
    start = date(2026, 1, 1)
    write(
        place,
        [
            Told(
                day=start + timedelta(days=number // 10),
                unit_id=unit_id,
                patient=f"P-{number}",
                answers=(float(score),),
                bundle=bundle,
            )
            for number, score in enumerate(scores)
        ],
        user_id=people[Role.DOCTOR].id,
    )


@pytest.mark.parametrize("shifted", [False, True])
def test_pages_say_it_exactly_while_it_is_on(
    installation: Installation, people: People, signed_in: SignIn, shifted: bool
) -> None:
    doctor = people[Role.DOCTOR]
    assert doctor.unit_id is not None
    _told(installation, people, doctor.unit_id, shifted=shifted)
    case_id = add_case(installation, doctor)
    browser = signed_in(Role.DOCTOR)
    for path in ("/cases", f"/cases/{case_id}", f"/cases/{case_id}/report"):
        assert (SENTENCE in browser.get(path).text) == shifted, path


def test_another_units_drift_is_its_own(installation: Installation, people: People) -> None:
    other = add_unit(installation, "Hospital Dos")
    _told(installation, people, other, shifted=True)
    own = people[Role.DOCTOR].unit_id
    assert own is not None
    bundle = installation.active_detector.detector.bundle.id.sha256
    assert alarm.bundle_in_alarm(installation, other) == bundle
    assert alarm.bundle_in_alarm(installation, own) == ""


def test_it_is_looked_up_once_in_a_while(installation: Installation, people: People) -> None:
    own = people[Role.DOCTOR].unit_id
    assert own is not None
    assert alarm.bundle_in_alarm(installation, own) == ""
    _told(installation, people, own, shifted=True)
    assert alarm.bundle_in_alarm(installation, own) == "", "kept for a few minutes"
    alarm.forget(installation)
    assert alarm.bundle_in_alarm(installation, own) != ""
