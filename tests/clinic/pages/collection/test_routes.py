"""The collection's pages: who may export, who may review, and a zip that opens."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageDraw, ImageFont

from clinic_clock import today
from clinic_factory import add_case, csrf_of, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import FollowUp
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import verify
from episode_factory import add, follow_up

SignIn = Callable[[Role], TestClient]


def _enter(installation: Installation, doctor: Person, seed: int, films: list[bytes]) -> None:
    case = add_case(installation, doctor, seed=seed, films=films, patient_code=f"SECRETO-{seed}")
    result = follow_up(case, "rt_pcr", "positive", doctor.id)
    add(installation, FollowUp, result)


def _with_name() -> bytes:
    with Image.open(io.BytesIO(phantom_png(2))) as small:
        picture = small.resize((800, 800))
    font = ImageFont.load_default(30)
    ImageDraw.Draw(picture).text((250, 330), "PEREZ LOPEZ", fill=255, font=font)
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def _export(
    installation: Installation, browser: TestClient, attribution: str = "Hospital Uno"
) -> object:
    form = {"csrf_token": csrf_of(installation, browser), "attribution": attribution}
    return browser.post("/collection/export", data=form)


def test_a_researcher_downloads_a_zip(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn
) -> None:
    _enter(installation, people[Role.DOCTOR], 1, [phantom_png(1)])
    browser = signed_in(Role.RESEARCHER)
    answer = _export(installation, browser)
    assert answer.status_code == 200  # type: ignore[attr-defined]
    assert f"-{today()}.zip" in answer.headers["content-disposition"]  # type: ignore[attr-defined]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:  # type: ignore[attr-defined]
        assert archive.testzip() is None
        assert {"metadata.csv", "README.md", "LICENSE.txt", "SHA256SUMS"} <= set(archive.namelist())
        assert b"SECRETO" not in archive.read("metadata.csv")
    page = browser.get("/collection").text
    assert "Researcher" in page
    assert "SECRETO" not in page
    with installation.reading() as session:
        assert verify(session, installation.keys).broken is None


@pytest.mark.usefixtures("people")
def test_nothing_to_export_is_a_page(installation: Installation, signed_in: SignIn) -> None:
    answer = _export(installation, signed_in(Role.RESEARCHER))
    assert answer.status_code == 400  # type: ignore[attr-defined]
    assert "Todavía no se puede exportar" in answer.text  # type: ignore[attr-defined]


@pytest.mark.usefixtures("people")
def test_an_institution_must_be_named(installation: Installation, signed_in: SignIn) -> None:
    answer = _export(installation, signed_in(Role.RESEARCHER), " ")
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert 'id="attribution-error"' in answer.text  # type: ignore[attr-defined]


def test_a_film_is_reviewed_and_then_leaves(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn
) -> None:
    _enter(installation, people[Role.DOCTOR], 2, [_with_name()])
    researcher, doctor = signed_in(Role.RESEARCHER), signed_in(Role.DOCTOR)
    assert "1 radiografía pendiente de revisión" in _export(installation, researcher).text  # type: ignore[attr-defined]
    assert "/collection/review" in doctor.get("/dashboard").text
    page = doctor.get("/collection/review").text
    assert 'src="/collection/review/1.png"' in page
    picture = doctor.get("/collection/review/1.png")
    assert picture.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(picture.content)) as shown:
        assert max(shown.size) == 800  # readable: a film of its size is not made smaller
    form = {"csrf_token": csrf_of(installation, doctor), "decision-1": "mask"}
    answer = doctor.post("/collection/review", data=form)
    assert answer.headers["location"] == "/collection/review?notice=saved"
    assert _export(installation, researcher).headers["content-type"] == "application/zip"  # type: ignore[attr-defined]
    form["decision-1"] = "anything"
    assert doctor.post("/collection/review", data=form).status_code == 422


@pytest.mark.parametrize(
    ("role", "collection", "review"),
    [
        (Role.DOCTOR, 403, 200),
        (Role.RADIOLOGIST, 403, 200),
        (Role.RESEARCHER, 200, 403),
        (Role.ADMINISTRATOR, 403, 403),
    ],
)
def test_each_role_has_its_page(
    role: Role, collection: int, review: int, installation: Installation, signed_in: SignIn
) -> None:
    browser = signed_in(role)
    assert browser.get("/collection").status_code == collection
    assert browser.get("/collection/review").status_code == review
    assert browser.get("/collection/review/1.png").status_code == (404 if review == 200 else 403)
    form = {"csrf_token": csrf_of(installation, browser), "decision-1": "clear"}
    status = browser.post("/collection/review", data=form).status_code
    assert status == (404 if review == 200 else 403)
    assert (_export(installation, browser).status_code == 403) == (collection == 403)  # type: ignore[attr-defined]


def test_a_form_without_its_token_is_turned_away(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn
) -> None:
    browser = signed_in(Role.RESEARCHER)
    assert browser.post("/collection/export", data={"attribution": "X"}).status_code == 403
