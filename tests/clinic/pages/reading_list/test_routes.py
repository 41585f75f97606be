"""The reading list's page: lists and counts, marks for many cases, the way through it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from case_rows import add_many, add_row
from clinic_factory import csrf_of
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import CaseMark
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

People = dict[Role, Person]
SignIn = Callable[[Role], TestClient]


@pytest.fixture
def cases(installation: Installation, people: People) -> list[int]:
    """Three cases, the oldest first."""
    return [
        add_row(
            installation, people[Role.DOCTOR], "positive", created_at=now() - timedelta(days=days)
        )
        for days in (3, 2, 1)
    ]


@pytest.fixture
def browser(cases: list[int], signed_in: SignIn) -> TestClient:
    """A radiologist's."""
    assert cases
    return signed_in(Role.RADIOLOGIST)


def _mark(
    place: Installation, browser: TestClient, do: str, *cases: int | str, **more: str
) -> tuple[int, str]:
    data = {"csrf_token": csrf_of(place, browser), "do": do, **more}
    answer = browser.post(
        "/reading-list/marks", data=data | {"cases": [str(case) for case in cases]}
    )
    return answer.status_code, answer.headers.get("location", "")


def _marks(place: Installation) -> set[tuple[int, str]]:
    with place.reading() as session:
        return {(row.case_id, row.mark) for row in session.scalars(select(CaseMark))}


def _rows(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'name="cases" value="(\d+)"', page)]


def _counts(page: str) -> list[int]:
    lists = page[page.index('class="lists"') :]
    return [int(number) for number in re.findall(r'class="badge">(\d+)<', lists)[:5]]


def test_the_first_list_is_of_the_unread(browser: TestClient, cases: list[int]) -> None:
    page = browser.get("/reading-list").text
    assert _rows(page) == cases
    assert _counts(page) == [3, 0, 0, 0, 0]
    assert f'href="/cases/{cases[0]}?waiting=unread"' in page
    assert browser.get("/reading-list?waiting=mine").status_code == 200


def test_marks_of_many_cases(
    browser: TestClient, cases: list[int], installation: Installation
) -> None:
    first, _, third = cases
    status, location = _mark(installation, browser, "mark-urgent", first, third, waiting="unread")
    assert (status, location) == (303, "/reading-list?waiting=unread&notice=marks_saved")
    _mark(installation, browser, "mark-second", third)
    assert _marks(installation) == {(first, "urgent"), (third, "urgent"), (third, "second")}
    page = browser.get("/reading-list?waiting=urgent").text
    assert (_rows(page), _counts(page)) == ([first, third], [3, 1, 0, 0, 2])
    assert page.count('class="badge positive">Urgente') == 2
    _mark(installation, browser, "unmark-urgent", *cases)
    assert _marks(installation) == {(third, "second")}


@pytest.mark.parametrize(
    ("do", "numbers", "status"),
    [
        ("mark-urgent", (), 422),
        ("mark-urgent", ("1; drop",), 422),
        ("mark-urgent", ("99999999999",), 422),
        ("mark-urgent", tuple(range(1, 28)), 422),
        ("mark-urgent", (999_999,), 404),
        ("mark-lost", (1,), 422),
        ("", (1,), 422),
    ],
)
def test_what_cannot_be_marked_is_said(
    browser: TestClient,
    installation: Installation,
    do: str,
    numbers: tuple[int | str, ...],
    status: int,
) -> None:
    assert _mark(installation, browser, do, *numbers)[0] == status
    assert _marks(installation) == set()


def test_a_case_is_marked_on_its_own_page(
    browser: TestClient, cases: list[int], installation: Installation
) -> None:
    page = browser.get(f"/cases/{cases[1]}?waiting=unread").text
    assert re.search(r'value="mark-urgent">Marcar como urgente<', page)
    status, location = _mark(
        installation, browser, "mark-urgent", cases[1], back="case", waiting="unread"
    )
    assert status == 303
    assert location == f"/cases/{cases[1]}?waiting=unread&notice=marks_saved"
    page = browser.get(f"/cases/{cases[1]}").text
    assert re.search(r'value="unmark-urgent" title="Urgente">Ya no es urgente<', page)
    assert "Urgente</strong>" in page[page.index('id="history"') :]


def test_no_address_leads_elsewhere(
    browser: TestClient, cases: list[int], installation: Installation
) -> None:
    for evil in ("//evil.example", "unread&x=//evil", "javascript:alert(1)"):
        _, location = _mark(installation, browser, "mark-urgent", cases[0], waiting=evil, back=evil)
        assert location == "/reading-list?notice=marks_saved"


def test_while_reading_there_is_a_next_and_a_previous_case(
    browser: TestClient, cases: list[int]
) -> None:
    first, middle, last = cases
    page = browser.get(f"/cases/{middle}?waiting=unread").text
    assert re.search(rf'rel="prev" href="/cases/{first}\?waiting=unread"', page)
    assert re.search(rf'rel="next" href="/cases/{last}\?waiting=unread"', page)
    assert 'href="/reading-list?waiting=unread">Lista de lectura: Sin leer por mí' in page
    page = browser.get(f"/cases/{last}?waiting=unread").text
    assert 'rel="next"' not in page
    assert "Último de la lista" in page
    for address in (f"/cases/{middle}", f"/cases/{middle}?waiting=nonsense"):
        page = browser.get(address).text
        assert 'rel="next"' not in page


def test_long_lists_have_pages(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    add_many(installation, people[Role.DOCTOR], 30, outcomes=["negative"])
    browser = signed_in(Role.RADIOLOGIST)
    page = browser.get("/reading-list").text
    assert (len(_rows(page)), _counts(page)[0]) == (25, 30)
    assert "/reading-list?waiting=unread&amp;page=2" in page
    assert len(_rows(browser.get("/reading-list?waiting=unread&page=2").text)) == 5
    assert len(_rows(browser.get("/reading-list?page=99").text)) == 5


def test_an_empty_list_says_so(signed_in: SignIn) -> None:
    assert "Aquí no espera nada" in signed_in(Role.RADIOLOGIST).get("/reading-list").text


def test_who_sees_what_is_recorded(
    browser: TestClient, cases: list[int], installation: Installation
) -> None:
    browser.get("/reading-list")
    answer = browser.get("/reading-list/readings.csv")
    assert answer.headers["content-disposition"].endswith('"covid-d-readings.csv"')
    assert answer.text.startswith("\ufeffcase,entered_on,reading,reader,read_at,kind,finding")
    with installation.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)).all()
    assert [(entry.action, entry.detail) for entry in entries[-2:]] == [
        ("case.list", {"cases": cases, "page": 1, "total": 3}),
        ("reading.download", {"rows": 0}),
    ]


def test_in_the_other_language(browser: TestClient) -> None:
    browser.cookies.set("covid_d_language", "en")
    page = browser.get("/reading-list?waiting=disputed").text
    assert "Readers disagree" in page
    assert "it comes after your own reading" in page
