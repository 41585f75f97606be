"""Film pictures: to whom, how large, never cached, each view in the audit trail."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select

from clinic_factory import add_case, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import Case
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.radiograph import read

SignIn = Callable[[Role], TestClient]
SEEN = np.rint(read(phantom_png(1)).pixels * 255).astype(np.uint8)


@pytest.fixture
def film(installation: Installation, people: dict[Role, Person]) -> str:
    """The address of a phantom film of one case."""
    case_id = add_case(installation, people[Role.DOCTOR], seed=1)
    with installation.reading() as session:
        film_id = session.get_one(Case, case_id).films[0].id
    return f"/cases/{case_id}/films/{film_id}"


def test_the_values_are_the_films_own(film: str, signed_in: SignIn) -> None:
    answer = signed_in(Role.DOCTOR).get(f"{film}/values")
    assert answer.status_code == 200
    height, width = SEEN.shape
    assert [answer.headers[f"x-film-{name}"] for name in ("width", "height", "bits")] == [
        str(width),
        str(height),
        "8",
    ]
    assert answer.content == SEEN.tobytes()
    with Image.open(io.BytesIO(phantom_png(1))) as original:
        whole = np.asarray(original)
    places = (whole.shape[0] - height + 1, whole.shape[1] - width + 1)
    assert any(
        np.array_equal(whole[top : top + height, left : left + width], SEEN)
        for top in range(places[0])
        for left in range(places[1])
    ), "a part of the file's own values, its margins cut off"


@pytest.mark.parametrize("name", ["picture.png", "evidence.png", "under-evidence.png"])
def test_pictures_are_pictures(film: str, signed_in: SignIn, name: str) -> None:
    answer = signed_in(Role.RADIOLOGIST).get(f"{film}/{name}")
    assert answer.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.size == SEEN.shape[::-1]


@pytest.mark.parametrize("name", ["values", "picture.png", "evidence.png", "under-evidence.png"])
def test_no_picture_is_kept_by_browsers_or_given_to_strangers(
    film: str, signed_in: SignIn, client: TestClient, name: str
) -> None:
    caching = signed_in(Role.DOCTOR).get(f"{film}/{name}").headers["cache-control"]
    assert caching == "private, no-store"
    stranger = client.get(f"{film}/{name}")
    assert stranger.status_code == 303
    assert stranger.headers["location"].startswith("/sign-in")
    for role in (Role.RESEARCHER, Role.ADMINISTRATOR):
        assert signed_in(role).get(f"{film}/{name}").status_code == 403


def test_every_view_is_in_the_audit_trail(
    film: str, signed_in: SignIn, installation: Installation, people: dict[Role, Person]
) -> None:
    browser = signed_in(Role.DOCTOR)
    for name in ("picture.png", "values", "evidence.png"):
        browser.get(f"{film}/{name}")
    with installation.reading() as session:
        found = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "film.view").order_by(AuditEntry.sequence)
        ).all()
    assert [entry.detail["what"] for entry in found] == ["picture", "values", "evidence"]
    assert {entry.user_id for entry in found} == {people[Role.DOCTOR].id}


@pytest.mark.parametrize("side", ["63", "2049", "x"])
def test_sizes_have_bounds(film: str, signed_in: SignIn, side: str) -> None:
    assert signed_in(Role.DOCTOR).get(f"{film}/picture.png?side={side}").status_code == 422


def test_a_film_belongs_to_its_case(
    film: str, signed_in: SignIn, installation: Installation, people: dict[Role, Person]
) -> None:
    other = add_case(installation, people[Role.DOCTOR], seed=2)
    film_id = film.rpartition("/")[2]
    browser = signed_in(Role.DOCTOR)
    assert browser.get(f"/cases/{other}/films/{film_id}/picture.png").status_code == 404


def test_a_script_is_told_why_there_is_no_film(
    film: str, signed_in: SignIn, installation: Installation
) -> None:
    for path in installation.films.folder.rglob("*"):
        if path.is_file():
            path.unlink()
    answer = signed_in(Role.DOCTOR).get(f"{film}/values", headers={"X-Requested-With": "fetch"})
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "film_missing"
