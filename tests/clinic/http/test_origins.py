"""Forms and scripts of other sites change nothing: what browsers say of a request decides."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.installation import Installation

OURS: list[dict[str, str]] = [
    {},  # a program, or a browser from before the headers
    {"sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "none"},  # typed by the person
    {"origin": "http://testserver"},
    {"origin": "https://testserver"},  # HTTPS ends at the proxy
    # The newer header is believed before the older.
    {"sec-fetch-site": "same-origin", "origin": "http://evil.example"},
]
FOREIGN: list[dict[str, str]] = [
    {"sec-fetch-site": "same-site"},  # another name of the same domain
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": ""},
    {"origin": "http://testserver:8001"},
    {"origin": "http://testserver.evil.example"},
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
]


SIGN_IN = {"username": "x", "password": "y"}


def test_what_comes_from_here_is_heard(client: TestClient) -> None:
    for headers in OURS:
        answer = client.post("/sign-in", data=SIGN_IN | {"username": str(headers)}, headers=headers)
        assert answer.status_code == 401, f"heard, and the password is wrong: {headers}"


def test_what_comes_from_elsewhere_is_not(client: TestClient, installation: Installation) -> None:
    for headers in FOREIGN:
        page = client.post("/sign-in", data=SIGN_IN, headers=headers)
        assert page.status_code == 403, headers
        assert "La solicitud provino de otro sitio" in page.text
    with installation.reading() as session:
        assert session.scalars(select(AuditEntry)).all() == [], "no try was counted"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_program_is_heard_from_elsewhere(client: TestClient, method: str) -> None:
    told = client.request(method, "/api/v1/cases", headers=FOREIGN[0])
    assert (told.status_code, told.json()["error"]["code"]) == (403, "cross_site")


def test_a_link_from_elsewhere_still_opens_a_page(client: TestClient) -> None:
    for headers in FOREIGN:
        assert client.get("/sign-in", headers=headers).status_code == 200, headers
