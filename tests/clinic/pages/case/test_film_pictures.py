"""Film pictures: to whom, how large, never cached, each view in the audit trail."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select

from case_rows import set_answer
from clinic_factory import add_case, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import Case
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.radiograph import read
from films import dicom, grey16

SignIn = Callable[[Role], TestClient]
SEEN = np.rint(read(phantom_png(1)).pixels * 255).astype(np.uint8)


@pytest.fixture
def film(installation: Installation, people: dict[Role, Person]) -> str:
    """The address of a phantom film of one case."""
    case_id = add_case(installation, people[Role.DOCTOR], seed=1)
    with installation.writing() as session:
        film = session.get_one(Case, case_id).films[0]
        set_answer(film.assessments[0], verdict="audit-passed")
        film_id = film.id
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


def test_the_values_say_how_large_a_pixel_is(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn
) -> None:
    large = dicom(grey16(bits=12, size=2500), ImagerPixelSpacing=[0.16, 0.16])
    case_id = add_case(installation, people[Role.DOCTOR], films=[large, phantom_png(1)])
    with installation.reading() as session:
        spaced, plain = session.get_one(Case, case_id).films
        addresses = [f"/cases/{case_id}/films/{film.id}/values" for film in (spaced, plain)]
    browser = signed_in(Role.DOCTOR)
    first, second = (browser.get(address).headers for address in addresses)
    # 2,500 pixels of 0.16 mm drawn with 2,048: each is 0.1953125 mm.
    assert first["x-film-width"] == "2048"
    assert float(first["x-film-mm"]) == pytest.approx(0.16 * 2500 / 2048, rel=1e-5)
    assert second["x-film-mm"] == ""


def test_tags_name_nobody_and_the_view_is_recorded(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn
) -> None:
    named = dicom(PatientName="QUISPE^ROSA", PatientID="1710034065", ViewPosition="PA")
    case_id = add_case(installation, people[Role.DOCTOR], films=[named, phantom_png(1)])
    with installation.reading() as session:
        film, plain = session.get_one(Case, case_id).films
    browser = signed_in(Role.DOCTOR)
    page = browser.get(f"/cases/{case_id}/films/{film.id}/tags")
    assert page.status_code == 200
    assert "View Position" in page.text
    assert "(0018,5101)" in page.text
    assert "QUISPE" not in page.text
    assert "1710034065" not in page.text
    picture = browser.get(f"/cases/{case_id}/films/{plain.id}/tags").text
    assert "Una imagen no tiene elementos DICOM" in picture
    with installation.reading() as session:
        seen = session.scalars(select(AuditEntry).where(AuditEntry.action == "film.view")).all()
    assert {entry.detail["what"] for entry in seen} == {"tags"}
    assert signed_in(Role.RESEARCHER).get(f"/cases/{case_id}/films/{film.id}/tags").status_code in (
        403,
        404,
    )


@pytest.mark.parametrize("name", ["picture.png", "evidence.png", "under-evidence.png"])
def test_pictures_are_pictures(film: str, signed_in: SignIn, name: str) -> None:
    answer = signed_in(Role.RADIOLOGIST).get(f"{film}/{name}")
    assert answer.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.size == SEEN.shape[::-1]


@pytest.mark.parametrize("name", ["evidence.png", "under-evidence.png"])
def test_a_demonstrations_map_is_not_given_to_a_typed_address(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn, name: str
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    with installation.reading() as session:
        (film,) = session.get_one(Case, case_id).films
    answer = signed_in(Role.DOCTOR).get(f"/cases/{case_id}/films/{film.id}/{name}")
    assert (answer.status_code, answer.headers["content-type"][:9]) == (503, "text/html")
    assert "Esta respuesta no tiene mapa de evidencia" in answer.text


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
    for path in (installation.folder / "films").rglob("*"):
        if path.is_file():
            path.unlink()
    answer = signed_in(Role.DOCTOR).get(f"{film}/values", headers={"X-Requested-With": "fetch"})
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "film_missing"
