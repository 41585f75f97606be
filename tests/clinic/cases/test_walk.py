"""The walk of an uploaded film, as the architecture's page tells it: each file once, in order."""

from __future__ import annotations

import io
import os
import re
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

import pytest

import covid_d
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.intake import GivenFilm, NewCase, create_case
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector.bundle.bundle import built_in_path
from covid_d.radiograph.phantom import draw_phantom

SOURCE = Path(covid_d.__file__).parent
DOCS = Path(__file__).parents[3] / "docs"
# Each does one step of the walk; a film takes it once.
STEPS = {
    "radiograph/read.py": "read",
    "radiograph/check.py": "check",
    "detector/frame.py": "frame",
    "detector/lungs.py": "find",
    "detector/network.py": "run",
    "detector/gate.py": "refuse",
    "detector/judge.py": "judge",
    "clinic/database/cases.py": "assessment_columns",
}


def _told(language: str) -> list[str]:
    """The files of the page's numbered list; the first stands for the two faces."""
    page = (DOCS / language / "architecture.md").read_text(encoding="utf-8")
    return re.findall(r"^\d+\. `([\w/.]+\.py)`", page, re.MULTILINE)


def _film() -> bytes:
    buffer = io.BytesIO()
    # The built-in lung model finds two lungs in this one, and its gate knows that it is drawn.
    draw_phantom(7, opacities=True, size=640).to_image().save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def walked(
    installation: Installation, people: dict[Role, Person], monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, str]]:
    """Every call of a function of ours while a case is created: file and function, in order."""
    monkeypatch.setenv("COVID_D_BUNDLE", str(built_in_path()))
    installation.active_detector.reload()
    installation.active_detector.detector  # noqa: B018 - loaded on first use, which is no step
    ours = f"{SOURCE}{os.sep}"
    doctor, called = people[Role.DOCTOR], list[tuple[str, str]]()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(ours):
            called.append((Path(code.co_filename[len(ours) :]).as_posix(), code.co_name))

    case = NewCase(unit_id=doctor.unit_id or 0, patient_code="HC-1", province="Guayas")
    film = _film()
    sys.setprofile(note)
    try:
        create_case(installation, doctor, Actor(doctor.id), case, [GivenFilm(content=film)])
    finally:
        sys.setprofile(None)
    return called


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_page_tells_the_way_that_a_film_goes(
    language: str, walked: list[tuple[str, str]]
) -> None:
    told = _told(language)
    assert told[0] == "clinic/pages/intake/routes.py"
    inside = told[1:]
    steps = [name for name, function in walked if STEPS.get(name, function) == function]
    first = list(dict.fromkeys(name for name in steps if name in inside))
    assert first == inside


def test_no_step_is_taken_twice(walked: list[tuple[str, str]]) -> None:
    taken = Counter(call for call in walked if call in STEPS.items())
    assert taken == dict.fromkeys(STEPS.items(), 1)
