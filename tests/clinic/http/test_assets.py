"""Assets lie beside code and templates; only what browsers need is ever sent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import covid_d.clinic
from covid_d.clinic.http.assets import Assets

CLINIC = Path(covid_d.clinic.__file__).parent
KINDS = {
    "clinic.css": "text/css",
    "viewer.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "vendor/htmx.LICENSE": "text/plain",
    "vendor/chart.umd.min.js": "text/javascript",
    "api.css": "text/css",
}
NOT_SERVED = (
    "routes.py",
    "case.html",
    "base.html",
    "__init__.py",
    "pages/case/case.css",  # an address is a name, never a path
    "case/case.css",
    "frame/clinic.css",
    "vendor",
    "htmx.min.js",
    "vendor/clinic.css",
    "",
    "%2e%2e/keys.py",
    "..%2f..%2fkeys.py",
    "vendor/..%2froutes.py",
    "vendor%5chtmx.min.js",
    "clinic.css%00",
    "CLINIC.CSS",
    "x" * 5000,
)


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_an_asset_is_sent_with_its_type(client: TestClient, name: str, kind: str) -> None:
    answer = client.get(f"/static/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == kind
    (file,) = CLINIC.rglob(name.replace("vendor/", ""))
    assert answer.content == file.read_bytes()


@pytest.mark.parametrize("name", NOT_SERVED)
def test_nothing_else_is_sent(client: TestClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_an_asset_that_the_browser_holds_is_not_sent_again(client: TestClient) -> None:
    tag = client.get("/static/clinic.css").headers["etag"]
    again = client.get("/static/clinic.css", headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_assets_are_only_read(client: TestClient) -> None:
    assert client.put("/static/clinic.css").status_code == 405


def test_every_asset_that_a_template_names_is_there_and_none_is_left_over() -> None:
    served = set(Assets([CLINIC]).files)
    named = {
        name
        for file in CLINIC.rglob("*.html")
        for name in re.findall(r'"/static/([^"]+)"', file.read_text(encoding="utf-8"))
    }
    for file in CLINIC.rglob("*.js"):  # what a script of a page brings along
        named |= set(re.findall(r'from "\./([^"]+)"', file.read_text(encoding="utf-8")))
    assert named <= served
    assert {name for name in served - named if not name.endswith(".LICENSE")} == set()


def test_two_assets_of_one_name_keep_the_clinic_from_starting(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "look.css").write_text("", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"look\.css.*one address"):
        Assets([tmp_path])
