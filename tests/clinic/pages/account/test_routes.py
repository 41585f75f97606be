"""One's own account page: password, language, sessions, tokens; and links to set a password."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from clinic_factory import PASSWORD, csrf_of
from covid_d.clinic.accounts import tokens, users
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.http.rate_limits import PASSWORD as PASSWORD_RULE
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor

SignIn = Callable[[Role], TestClient]
NEW = "otra frase larga de prueba"


@pytest.fixture
def doctor(signed_in: SignIn) -> TestClient:
    return signed_in(Role.DOCTOR)


@pytest.fixture
def post(installation: Installation, doctor: TestClient) -> Callable[..., object]:
    """Send one of the doctor's forms with its token."""

    def send(path: str, **data: str) -> object:
        token = csrf_of(installation, doctor)
        return doctor.post(f"/account{path}", data=data | {"csrf_token": token})

    return send


def test_a_new_password_ends_the_other_sessions_only(
    doctor: TestClient, signed_in: SignIn, post: Callable[..., object]
) -> None:
    other = signed_in(Role.DOCTOR)
    answer = post("/password", old_password=PASSWORD, new_password=NEW)
    assert answer.headers["location"] == "/account?notice=password_changed"  # type: ignore[attr-defined]
    assert doctor.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    assert other.post("/sign-in", data={"username": "doctor", "password": NEW}).status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("wrong", NEW, "old_password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, PASSWORD, "new_password"),
        (PASSWORD, "doctor doctor doctor", "new_password"),
    ],
)
def test_a_refused_password_changes_nothing(
    doctor: TestClient, post: Callable[..., object], old: str, new: str, field: str
) -> None:
    answer = post("/password", old_password=old, new_password=new)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert f'id="{field}-error"' in answer.text  # type: ignore[attr-defined]
    data = {"username": "doctor", "password": PASSWORD}
    assert doctor.post("/sign-in", data=data).status_code == 303


def test_the_present_password_cannot_be_guessed_here(post: Callable[..., object]) -> None:
    tries = [
        post("/password", old_password="wrong", new_password=NEW).status_code  # type: ignore[attr-defined]
        for _ in range(PASSWORD_RULE.amount + 1)
    ]
    assert tries == [422] * PASSWORD_RULE.amount + [429]


def test_the_language_stays_with_the_account(
    doctor: TestClient, signed_in: SignIn, post: Callable[..., object]
) -> None:
    assert 'lang="es"' in doctor.get("/account").text
    assert post("/language", language="xx").status_code == 422  # type: ignore[attr-defined]
    post("/language", language="en")
    assert "Your account" in doctor.get("/account").text
    assert "Your account" in signed_in(Role.DOCTOR).get("/account").text


def test_sessions_are_told_apart_by_their_browsers(
    installation: Installation, doctor: TestClient
) -> None:
    agents = {
        "Firefox · Ubuntu": "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:140.0) Firefox/140.0",
        "Navegador desconocido": "<script>alert(1)</script>",
    }
    for agent in agents.values():
        with TestClient(doctor.app, headers={"user-agent": agent}) as browser:
            sent = {"username": "doctor", "password": PASSWORD}
            browser.post("/sign-in", data=sent, follow_redirects=False)
            page = browser.get("/account").text
            row = page[: page.index("Este navegador")].rpartition("<tr>")[2]
            (name,) = re.findall(r'<th scope="row">([^<]*)</th>', row)
            assert agents[name] == agent, "the present one is marked"
    assert all(f'<th scope="row">{name}</th>' in page for name in agents)
    assert "<script>alert" not in page


def test_a_session_elsewhere_can_be_ended(
    doctor: TestClient, signed_in: SignIn, post: Callable[..., object]
) -> None:
    other, stranger = signed_in(Role.DOCTOR), signed_in(Role.RESEARCHER)
    page = doctor.get("/account").text
    (their_id,) = re.findall(r'name="session_id" value="(\w+)"', page)  # not one's own
    assert post("/sessions/end", session_id=their_id).status_code == 303  # type: ignore[attr-defined]
    assert other.get("/account").status_code == 303
    again = signed_in(Role.RESEARCHER)
    (strange,) = re.findall(r'name="session_id" value="(\w+)"', again.get("/account").text)
    assert post("/sessions/end", session_id=strange).status_code == 404  # type: ignore[attr-defined]
    assert stranger.get("/account").status_code == 200


def test_a_token_is_shown_once_and_can_be_revoked(
    doctor: TestClient,
    installation: Installation,
    people: dict[Role, Person],
    post: Callable[..., object],
) -> None:
    made = post("/tokens", name="<b>PACS</b>", days="30").text  # type: ignore[attr-defined]
    (token,) = re.findall(r'value="(covidd_[\w-]+)"', made)
    assert tokens.verify(installation, token) == people[Role.DOCTOR]
    page = doctor.get("/account").text
    assert token not in page
    assert "&lt;b&gt;PACS" in page
    assert "<b>PACS" not in page + made
    (row,) = tokens.of_person(installation, people[Role.DOCTOR])
    assert post(f"/tokens/{row.id}/revoke").status_code == 303  # type: ignore[attr-defined]
    assert tokens.verify(installation, token) is None


@pytest.mark.parametrize("days", ["0", "366", "many", "", "1e3", "-1"])
def test_a_token_needs_an_end(doctor: TestClient, post: Callable[..., object], days: str) -> None:
    answer = post("/tokens", name="PACS", days=days)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert 'id="days-error"' in answer.text  # type: ignore[attr-defined]


def test_administrators_see_no_tokens(signed_in: SignIn) -> None:
    assert "/account/tokens" not in signed_in(Role.ADMINISTRATOR).get("/account").text


def test_a_link_sets_the_password_once(
    client: TestClient, installation: Installation, people: dict[Role, Person]
) -> None:
    actor = Actor(people[Role.ADMINISTRATOR].id)
    path = users.reset_password(installation, actor, people[Role.DOCTOR].id)
    assert "Doctor" in client.get(path).text
    assert client.post(path, data={"password": "short"}).status_code == 422
    answer = client.post(path, data={"password": NEW})
    assert answer.headers["location"] == "/sign-in?notice=password_set"
    spent = client.get(path)
    assert spent.status_code == 410
    assert "Este enlace ya se usó" in spent.text
    assert client.post(path, data={"password": PASSWORD}).status_code == 410
    assert client.get("/password/guessed").status_code == 410
