"""The day of a film: from its file, or asked for; odd ones are said on every face."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pypdf import PdfReader
from sqlalchemy import select

import films
from clinic_clock import today
from clinic_factory import csrf_of, phantom_png
from covid_d.clinic.cases.worklist import Filters, list_cases
from covid_d.clinic.database.cases import Film
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.radiograph import read

SignIn = Callable[[Role], TestClient]
LATER, EARLIER = "posterior a la de su ingreso", "antes de su ingreso"


@pytest.fixture
def browser(signed_in: SignIn) -> TestClient:
    """A doctor's."""
    return signed_in(Role.DOCTOR)


def _dated(day: date | None) -> bytes:
    return films.dicom(AcquisitionDate=day.strftime("%Y%m%d") if day else "")


def _stage(place: Installation, browser: TestClient, content: bytes) -> tuple[str, str]:
    headers = {"x-csrf-token": csrf_of(place, browser), "x-requested-with": "fetch"}
    answer = browser.post("/films/staged", content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    return re.findall(r'data-token="([^"]+)"', answer.text)[0], answer.text


def _send(place: Installation, browser: TestClient, **fields: Any) -> Any:
    data = {"csrf_token": csrf_of(place, browser), "patient_code": "HC-7", "province": "Guayas"}
    return browser.post("/cases/new", data=data | fields, files=[("films", ("", b""))])


def _film(place: Installation) -> Film:
    with place.reading() as session:
        return session.scalars(select(Film)).one()


def test_the_files_day_is_kept_beside_a_file_that_says_none(
    installation: Installation, browser: TestClient
) -> None:
    day = today() - timedelta(days=3)
    token, card = _stage(installation, browser, _dated(day))
    assert "Fecha de la radiografía" in card
    assert f'name="taken-{token}"' not in card, "what the file says is not asked"
    stated = {f"taken-{token}": (day - timedelta(days=1)).isoformat()}
    assert _send(installation, browser, staged=token, **stated).status_code == 303
    film = _film(installation)
    assert film.taken_on == day, "the file's, whatever a form says"
    content = installation.films.get(film.sha256)
    assert day.strftime("%Y%m%d").encode() not in content
    assert read(content).facts.taken_on is None


def test_a_day_that_the_file_does_not_say_is_asked_for(
    installation: Installation, browser: TestClient
) -> None:
    token, card = _stage(installation, browser, phantom_png(1))
    assert f'type="date" id="taken-{token}"' in card
    assert f'max="{today().isoformat()}"' in card
    day = today() - timedelta(days=2)
    assert (
        _send(
            installation, browser, staged=token, **{f"taken-{token}": day.isoformat()}
        ).status_code
        == 303
    )
    assert _film(installation).taken_on == day


def test_a_day_may_be_unknown(installation: Installation, browser: TestClient) -> None:
    token, _ = _stage(installation, browser, phantom_png(1))
    assert _send(installation, browser, staged=token, **{f"taken-{token}": ""}).status_code == 303
    assert _film(installation).taken_on is None


@pytest.mark.parametrize(
    ("typed", "words"),
    [("31/01/2026", "Escriba la fecha"), ("2026-02-30", "Escriba la fecha"), ("+1", "futura")],
)
def test_a_day_that_cannot_be_is_said_at_its_field(
    installation: Installation, browser: TestClient, typed: str, words: str
) -> None:
    token, _ = _stage(installation, browser, phantom_png(1))
    if typed == "+1":
        typed = (today() + timedelta(days=1)).isoformat()
    answer = _send(installation, browser, staged=token, **{f"taken-{token}": typed})
    assert answer.status_code == 422
    error = re.search(rf'id="taken-{token}-error">([^<]*)<', answer.text)
    assert error is not None
    assert words in error[1]
    assert f'value="{typed}"' in answer.text, "what was typed stays"


@pytest.mark.parametrize(
    ("days", "words"),
    [(-2, LATER), (45, f"45 días {EARLIER}"), (30, ""), (0, "")],
)
def test_odd_days_are_said_and_not_refused(
    installation: Installation, browser: TestClient, days: int, words: str
) -> None:
    token, card = _stage(installation, browser, _dated(today() - timedelta(days=days)))
    answer = _send(installation, browser, staged=token)
    assert answer.status_code == 303
    number = re.findall(r"/cases/([0-9]+)", answer.headers["location"])[0]
    paper = PdfReader(io.BytesIO(browser.get(f"/cases/{number}/report.pdf").content))
    faces = [
        card,
        browser.get(f"/cases/{number}").text,
        browser.get(f"/cases/{number}/report").text,
        re.sub(r"\s+", " ", " ".join(page.extract_text() for page in paper.pages)),
    ]
    for face in faces:
        assert "Fecha de la radiografía" in face or "radiografía del" in face
        if words:
            assert words in face
        else:
            assert LATER not in face
            assert EARLIER not in face


def test_a_picture_without_a_day_says_so_on_paper(
    installation: Installation, browser: TestClient
) -> None:
    token, _ = _stage(installation, browser, phantom_png(1))
    number = _send(installation, browser, staged=token).headers["location"].split("?")[0]
    html = browser.get(f"{number}/report").text
    assert re.search(r"Fecha de la radiografía: ?no consta", html)


def test_the_list_names_the_day_of_the_newest_film(
    installation: Installation, browser: TestClient, people: dict[Role, Any]
) -> None:
    days = [today() - timedelta(days=9), today() - timedelta(days=4), None]
    tokens = []
    for seed, day in enumerate(days):
        said = day.strftime("%Y%m%d") if day else ""
        pixels = films.grey16(seed, bits=12)
        content = films.dicom(pixels, AcquisitionDate=said)
        tokens.append(_stage(installation, browser, content)[0])
    assert _send(installation, browser, staged=tokens).status_code == 303
    with installation.reading() as session:
        found = list_cases(
            session, people[Role.DOCTOR], Filters(), clock=installation.clock, number=1, size=10
        )
    assert [row.taken_on for row in found.rows] == [days[1]]
    assert "radiografía del" in browser.get("/cases").text
