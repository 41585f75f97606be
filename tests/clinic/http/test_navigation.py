"""The menu shows what a person may open, and all that is in it opens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.http.navigation import entries_for, menu_of
from covid_d.clinic.http.visitor import Visitor
from covid_d.clinic.roles import Permission, Role

SignIn = Callable[[Role], TestClient]
CLINICAL = [
    *("/cases/new", "/cases", "/reading-list", "/studies", "/dashboard", "/federation"),
    *("/notification", "/offline"),
]
MENUS = {
    Role.DOCTOR: CLINICAL,
    Role.RADIOLOGIST: CLINICAL,
    Role.RESEARCHER: ["/studies", "/dashboard", "/federation", "/collection"],
    Role.ADMINISTRATOR: [
        *("/dashboard", "/federation", "/imports", "/users", "/units", "/bundles"),
        *("/audit-trail", "/upkeep"),
    ],
}


def _visitor(role: Role) -> Visitor:
    return Visitor(Person(1, "ana", "Ana Vera", role), "token", "10.0.0.1")


@pytest.mark.parametrize("role", list(Role))
def test_each_role_has_its_menu(role: Role) -> None:
    entries = entries_for(_visitor(role))
    assert [entry.path for entry in entries] == MENUS[role]
    for language in ("es", "en"):
        names = [entry.text.in_language(language) for entry in entries]
        assert len(set(names)) == len(names)


def test_nobody_has_no_menu() -> None:
    assert entries_for(None) == []


@pytest.mark.parametrize("role", list(Role))
def test_every_entry_opens_and_no_other_role_s_does(role: Role, signed_in: SignIn) -> None:
    browser = signed_in(role)
    for path in {path for menu in MENUS.values() for path in menu}:
        status = browser.get(path).status_code
        assert status == (200 if path in MENUS[role] else 403), path


def test_a_visitor_acts_under_their_own_name_and_address() -> None:
    visitor = _visitor(Role.DOCTOR)
    assert (visitor.actor.user_id, visitor.actor.address) == (1, "10.0.0.1")
    assert visitor.may(Permission.CREATE_CASE)
    assert not visitor.may(Permission.MANAGE_USERS)


def test_a_long_menu_keeps_what_is_used_daily_open() -> None:
    menu = menu_of(_visitor(Role.DOCTOR))
    open_ = [entry.path for entry in menu.daily]
    assert open_ == ["/cases/new", "/cases", "/reading-list", "/dashboard"]
    assert [entry.path for entry in menu.seldom] == [
        *("/studies", "/federation", "/notification", "/offline")
    ]


@pytest.mark.parametrize("role", list(Role))
def test_nothing_of_the_menu_is_lost_under_more(role: Role) -> None:
    menu = menu_of(_visitor(role))
    shown = {entry.path for entry in (*menu.daily, *menu.seldom)}
    assert shown == set(MENUS[role])
    assert len(menu.daily) <= 5  # what fits on one line


def test_a_short_menu_is_whole_and_nobody_has_none() -> None:
    assert menu_of(_visitor(Role.RESEARCHER)).seldom == []
    assert not menu_of(None)


def test_the_page_says_under_more_where_it_is(signed_in: SignIn) -> None:
    browser = signed_in(Role.DOCTOR)
    assert '<summary class="here">' in browser.get("/notification").text
    assert "<summary>" in browser.get("/cases").text
