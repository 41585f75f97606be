"""Hostile uploads: each is answered or refused on a page; none runs, none shows a trace."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

import films
from clinic_factory import csrf_of, phantom_png
from covid_d.clinic.app import create_app
from covid_d.clinic.cases import staging
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.database.operations import StagedFilm
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

SCRIPT = "<script>alert(1)</script>"
TRACE = re.compile(r"Traceback|File \"|\.py\b|Error:|0x[0-9a-f]{6}")


@pytest.fixture
def doctor(signed_in: Callable[[Role], TestClient]) -> TestClient:
    return signed_in(Role.DOCTOR)


@pytest.fixture
def token(installation: Installation, doctor: TestClient) -> str:
    return csrf_of(installation, doctor)


def _is_calm(html: str) -> None:
    assert not TRACE.search(html)
    assert SCRIPT not in html
    assert "alert(1)" not in html


def test_every_hostile_file_gets_a_card(
    installation: Installation,
    doctor: TestClient,
    token: str,
    hostile_files: list[Path],
) -> None:
    headers = {"x-csrf-token": token, "x-requested-with": "fetch"}
    contents = {path.read_bytes() for path in hostile_files if path.is_file()}
    assert len(contents) > 200
    refused = 0
    for content in contents:
        answer = doctor.post("/films/staged", content=content, headers=headers)
        assert answer.status_code == 201, answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"].startswith("text/html")
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        _is_calm(answer.text)
        refused += 'class="film refused"' in answer.text
    assert refused > 100
    with installation.reading() as session:
        assert session.scalar(select(func.count()).select_from(StagedFilm)) == staging.MOST


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"GIF89a/*" + b"*/=1;alert(1)//" * 20,  # a picture and a script at once
        b"\xff\xd8\xff\xe0" + SCRIPT.encode() * 50,
        b"#!/bin/sh\ntouch /tmp/run\n",
        b"PK\x03\x04" + bytes(60),
    ],
    ids=["empty", "svg", "html", "gif-js", "jpeg-html", "shell", "zip"],
)
def test_a_polyglot_is_a_refused_film_of_its_case(
    installation: Installation, doctor: TestClient, token: str, content: bytes
) -> None:
    answer = doctor.post(
        "/cases/new",
        data={"csrf_token": token, "patient_code": "HC-1", "province": "Guayas"},
        files={"films": ("film.png", content, "image/png")},
    )
    assert answer.status_code == 303, answer.text
    with installation.reading() as session:
        (film,) = session.scalars(select(Film))
        (assessment,) = film.assessments
        assert assessment.outcome == "refused"
        assert film.format is None
    stored = (installation.folder / "films") / film.sha256[:2] / film.sha256
    assert stored.read_bytes() == content
    assert stored.stat().st_mode & 0o777 == 0o600, "nobody else reads it, nobody runs it"


@pytest.mark.parametrize(
    "name",
    ["../../../../etc/passwd", "..\\..\\evil.exe", "/etc/cron.d/x", f"{SCRIPT}.png", "a\x00b.dcm"],
)
def test_a_file_name_is_neither_a_path_nor_shown(
    installation: Installation, doctor: TestClient, token: str, name: str
) -> None:
    answer = doctor.post(
        "/cases/new",
        data={"csrf_token": token, "check": "yes"},
        files={"films": (name, phantom_png(1))},
    )
    assert answer.status_code == 200
    _is_calm(answer.text)
    assert "passwd" not in answer.text
    stored = [path for path in installation.folder.rglob("*") if path.is_file()]
    kept = [path for path in stored if (installation.folder / "films") in path.parents]
    assert len(kept) == 1
    assert re.fullmatch(r"[0-9a-f]{64}", kept[0].name)


def test_script_in_tags_and_fields_is_shown_as_text(doctor: TestClient, token: str) -> None:
    content = films.dicom(
        PatientName=SCRIPT, PatientID=SCRIPT, BodyPartExamined=SCRIPT, ViewPosition=SCRIPT
    )
    answer = doctor.post(
        "/cases/new",
        data={
            "csrf_token": token,
            "patient_code": f'"><{SCRIPT}',
            "notes": f"</textarea>{SCRIPT}",
            "age_years": SCRIPT,
            "sex": SCRIPT,
            "province": SCRIPT,
            "symptoms": SCRIPT,
            "submission": SCRIPT,
            "staged": SCRIPT,
            f"projection-{SCRIPT}": SCRIPT,
        },
        files={"films": ("film.dcm", content)},
    )
    assert answer.status_code == 422
    assert SCRIPT not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text


def test_what_a_browser_would_never_send_is_no_fault_of_the_server(
    installation: Installation, doctor: TestClient, token: str
) -> None:
    headers = {"x-csrf-token": token}
    odd = [
        {"data": {"csrf_token": token, "films": "text where a file belongs"}},
        {"files": {"patient_code": ("a.png", b"a file where text belongs")}, "headers": headers},
        {"json": {"patient_code": "HC-1"}, "headers": headers},
        {"content": b"\xff\xfe\x00", "headers": headers | {"content-type": "multipart/form-data"}},
        {"data": {"csrf_token": token, "patient_code": "\ud83d".encode("utf-8", "replace")}},
        {"data": {"csrf_token": token, "spo2": "9" * 4000, "symptom_onset": "0000-00-00"}},
        {"data": {"csrf_token": token, "staged": ["x"] * 900}},
        {"data": {"csrf_token": token, "submission": "x" * 4000}},
    ]
    for request in odd:
        answer = doctor.post("/cases/new", **request)  # type: ignore[arg-type]
        assert answer.status_code in {400, 422}, (request, answer.status_code)
        _is_calm(answer.text)
    with installation.reading() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 0


def test_a_body_beyond_the_limit_is_refused_with_the_limit(
    installation: Installation, doctor: TestClient, token: str
) -> None:
    installation.settings.max_upload_mb = 1
    with TestClient(create_app(installation), follow_redirects=False) as browser:
        browser.cookies.update(doctor.cookies)
        headers = {"x-csrf-token": token, "x-requested-with": "fetch"}
        large = bytes(1024 * 1024 + 1)
        answer = browser.post("/films/staged", content=large, headers=headers)
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "too_large"
        slow = browser.post(  # without a length, told only by reading it
            "/films/staged", content=iter([large]), headers=headers
        )
        assert slow.status_code == 413
        page = browser.post(
            "/cases/new", data={"csrf_token": token}, files={"films": ("a.png", large)}
        )
        assert page.status_code == 413
        assert "supera el tamaño" in page.text
        assert 'data-max-bytes="1048576"' in browser.get("/cases/new").text
