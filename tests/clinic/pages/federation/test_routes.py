"""The ministry's page: files are brought in by an administrator, and shown to who sees figures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from clinic_factory import csrf_of
from covid_d.clinic.federation.shelf import latest
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from federation_factory import BUNDLE, OTHER, block, sent

SignIn = Callable[[Role], TestClient]
FILES = [
    ("uno.json", sent("Uno", [block((80, 20, 10), (10, 90, 10))])),
    (
        "dos.json",
        sent("Dos", [block((30, 20, 5), (12, 48, 0)), block((9, 9, 0), (9, 9, 0), bundle=OTHER)]),
    ),
]


def _bring(installation: Installation, browser: TestClient, files: list[tuple[str, bytes]]) -> Any:
    return browser.post(
        "/federation",
        data={"csrf_token": csrf_of(installation, browser)},
        files=[("files", (name, content, "application/json")) for name, content in files],
    )


def _contents() -> list[tuple[str, bytes]]:
    return [(name, json.dumps(content).encode()) for name, content in FILES]


def test_nothing_yet(signed_in: SignIn, installation: Installation) -> None:
    doctor = signed_in(Role.DOCTOR)
    page = doctor.get("/federation")
    assert "Todavía no se han traído cifras" in page.text
    assert "Comprobar y reunir" not in page.text
    assert doctor.get("/federation/report.json").status_code == 404
    assert doctor.get("/federation/clinics.csv").status_code == 404
    assert latest(installation) is None


def test_brought_in_and_shown(signed_in: SignIn, installation: Installation) -> None:
    admin, researcher = signed_in(Role.ADMINISTRATOR), signed_in(Role.RESEARCHER)
    answer = _bring(installation, admin, _contents())
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/federation?notice=federation_kept",
    )
    page = researcher.get("/federation").text
    assert page.count("<svg") == 2
    assert "Nadie respondió por las claves de: Dos, Uno." in page
    rows = list(csv.DictReader(io.StringIO(researcher.get("/federation/clinics.csv").text[1:])))
    assert [row["clinic"] for row in rows] == ["Dos", "Uno"]
    assert float(rows[1]["sensitivity"]) == 0.8
    table = researcher.get("/federation/clinics.json").json()
    assert table["rows"][1]["sensitivity"]["n"] == 100
    whole = researcher.get("/federation/report.json").json()
    assert whole["bundle"] == BUNDLE
    assert researcher.get("/federation/nothing.csv").status_code == 404


def test_another_model_is_judged_where_asked_for(
    signed_in: SignIn, installation: Installation
) -> None:
    _bring(installation, signed_in(Role.ADMINISTRATOR), _contents())
    found = signed_in(Role.DOCTOR).get(f"/federation/report.json?bundle={OTHER}").json()
    assert [row["clinic"] for row in found["tables"]["clinics"]["rows"]] == ["Dos"]


def test_later_files_take_the_place_of_earlier_ones(
    signed_in: SignIn, installation: Installation
) -> None:
    admin = signed_in(Role.ADMINISTRATOR)
    _bring(installation, admin, _contents())
    _bring(installation, admin, _contents()[:1])
    kept = latest(installation)
    assert kept is not None
    assert list(kept.report.merged.by_clinic()) == ["Uno"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{not json", "no se puede leer como JSON"),
        (b"[1]", "no se puede leer como JSON"),
        (b"\xff\xfe", "no se puede leer como JSON"),
        (b"[" * 100_000, "no se puede leer como JSON"),
        (b"{}", "no es la exportación de una clínica"),
        (json.dumps(FILES[0][1] | {"clinic": "Otra"}).encode(), "fue alterado"),
    ],
)
def test_what_is_no_export_is_said_at_the_field(
    signed_in: SignIn, installation: Installation, content: bytes, said: str
) -> None:
    answer = _bring(installation, signed_in(Role.ADMINISTRATOR), [("odd.json", content)])
    assert answer.status_code == 422
    assert said in answer.text
    assert "odd.json" in answer.text
    assert latest(installation) is None


def test_no_file_is_no_federation(signed_in: SignIn, installation: Installation) -> None:
    answer = _bring(installation, signed_in(Role.ADMINISTRATOR), [])
    assert answer.status_code == 422
    assert "Elija al menos un archivo" in answer.text


def test_names_of_clinics_cannot_write_the_page(
    signed_in: SignIn, installation: Installation
) -> None:
    evil = sent("<script>alert(1)</script>", [block((80, 20, 10), (10, 90, 10))])
    _bring(installation, signed_in(Role.ADMINISTRATOR), [("e.json", json.dumps(evil).encode())])
    assert "<script>alert" not in signed_in(Role.DOCTOR).get("/federation").text
