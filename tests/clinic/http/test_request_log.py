"""A line and a figure for every request: the route's pattern, never what was asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.app import create_app
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

SignIn = Callable[[Role], TestClient]
Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Lines]:
    """Give the lines of requests so far."""
    with caplog.at_level(logging.INFO, "covid_d.clinic.requests"):
        yield lambda: [
            record.__dict__ for record in caplog.records if record.name.endswith("clinic.requests")
        ]


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/sign-in?next=/cases/7", "/sign-in", 200),
        ("/cases/7?film=3", "/cases/{case_id}", 303),
        ("/password/secret-link", "/password/{token}", 410),
        ("/static/clinic.css", "/static", 200),
        ("/nothing/HC-0042", "unknown", 404),
        ("/static/../HC-0042", "unknown", 404),
    ],
)
def test_a_line_names_the_route(
    client: TestClient, lines: Lines, path: str, route: str, status: int
) -> None:
    answer = client.get(path)
    (line,) = lines()
    assert (line["method"], line["route"], line["status"]) == ("GET", route, status)
    assert answer.status_code == status
    assert line["request_id"] == answer.headers["x-request-id"]
    assert isinstance(line["milliseconds"], float)
    assert line["milliseconds"] > 0
    assert not {"HC-0042", "secret-link", "7", "next"} & set(str(line["route"]).split("/"))


def test_no_value_of_an_address_is_in_any_line(client: TestClient, lines: Lines) -> None:
    client.get("/cases?q=HC-0042&page=1")
    client.get("/first-start/secret-link")
    for line in lines():
        told = str({name: value for name, value in line.items() if name != "request_id"})
        assert "HC-0042" not in told
        assert "secret-link" not in told


def test_who_asked_is_named_by_number(
    signed_in: SignIn, people: dict[Role, Person], lines: Lines
) -> None:
    browser = signed_in(Role.DOCTOR)
    browser.get("/account")
    assert [line["user_id"] for line in lines()] == [None, people[Role.DOCTOR].id]
    assert "doctor" not in str([line["msg"] for line in lines()])


def test_each_request_has_a_number_of_its_own(client: TestClient, lines: Lines) -> None:
    given = [client.get("/sign-in", headers={"x-request-id": "mine"}) for _ in range(3)]
    numbers = [answer.headers["x-request-id"] for answer in given]
    assert len(set(numbers)) == 3
    assert "mine" not in numbers


def test_requests_are_counted_by_route_and_answer(installation: Installation) -> None:
    with TestClient(create_app(installation), client=("127.0.0.1", 1)) as browser:
        for _ in range(2):
            browser.get("/sign-in")
        browser.get("/nothing/1")
        browser.get("/nothing/2")
        figures = browser.get("/metrics").text
    assert 'covid_d_requests_total{method="GET",route="/sign-in",status="200"} 2.0' in figures
    assert 'covid_d_requests_total{method="GET",route="unknown",status="404"} 2.0' in figures
    assert 'covid_d_request_seconds_count{route="unknown"} 2.0' in figures
    assert "covid_d_requests_running 1.0" in figures, "the one that asks"
    assert "nothing" not in figures
