"""The audit trail's page: search, pages, CSV, and whether the chain is whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from clinic_clock import today
from clinic_factory import PASSWORD
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import audit_search
from covid_d.clinic.operations.audit_search import Search
from covid_d.clinic.roles import Role
from covid_d.clinic.trail import audit_trail
from covid_d.clinic.trail.audit_trail import Actor

SignIn = Callable[[Role], TestClient]


@pytest.fixture
def chief(signed_in: SignIn) -> TestClient:
    return signed_in(Role.ADMINISTRATOR)


@pytest.fixture
def trail(installation: Installation, people: dict[Role, Person], chief: TestClient) -> None:
    """One sign-in, then 60 views by the doctor, and one change to the doctor."""
    doctor = Actor(people[Role.DOCTOR].id, "10.0.0.7")
    with installation.writing() as session:
        for number in range(60):
            subject = f"case:{number}"
            audit_trail.record(session, installation.keys, doctor, "case.view", subject)
        subject = f"user:{people[Role.DOCTOR].id}"
        detail = {"note": "=1+1"}
        audit_trail.record(session, installation.keys, Actor(None), "user.edit", subject, detail)


@pytest.mark.usefixtures("trail")
def test_the_latest_come_first_in_pages(chief: TestClient) -> None:
    first = chief.get("/audit-trail").text
    assert "62 entradas" in first
    assert "Página 1 de 2" in first
    assert first.index("user.edit") < first.index("case:59") < first.index("case:58")
    assert "Doctor (doctor)" in first  # who, and to whom
    assert "case:5<" not in first
    second = chief.get("/audit-trail?page=2").text
    assert "case:5<" in second
    assert "sign_in" in second


@pytest.mark.usefixtures("trail")
def test_a_search_narrows(installation: Installation, people: dict[Role, Person]) -> None:
    def found(**search: object) -> int:
        return audit_search.count(installation, Search(**search))  # type: ignore[arg-type]

    assert found(user_id=people[Role.DOCTOR].id) == 60
    assert found(action="case.") == 60
    assert found(action="case%") == 0
    assert found(action="case") == 0
    assert found(subject="case:7") == 1
    assert found(since=today(), until=today()) == 62
    assert found(since=today() + timedelta(days=1)) == 0
    assert found(until=today() - timedelta(days=1)) == 0
    assert found(user_id=people[Role.DOCTOR].id, subject="case:7", action="case.view") == 1


@pytest.mark.usefixtures("trail")
def test_the_page_keeps_the_search(chief: TestClient) -> None:
    page = chief.get(f"/audit-trail?action=case.view&since={today()}&subject=").text
    assert "60 entradas" in page
    assert f"action=case.view&amp;since={today()}&amp;page=2" in page
    odd = chief.get("/audit-trail?subject=%3Cscript%3E1")
    assert (odd.status_code, "<script>1" in odd.text) == (200, False)
    assert chief.get("/audit-trail?page=0").status_code == 422
    assert "0 entradas" in chief.get("/audit-trail?subject=nothing&page=7").text


@pytest.mark.usefixtures("trail")
def test_a_search_that_cannot_be_read_finds_nothing_and_says_so(chief: TestClient) -> None:
    odd = chief.get("/audit-trail?person=x&since=soon&action=case.view")
    assert odd.status_code == 422
    assert "0 entradas" in odd.text  # the whole trail would pass for what was looked for
    assert 'id="since-error">Escriba la fecha como año, mes y día: 2026-01-31.<' in odd.text
    assert 'id="person-error">' in odd.text
    assert 'value="soon"' in odd.text
    assert '<option value="case.view" selected>' in odd.text
    assert chief.get("/audit-trail.csv?since=soon").status_code == 422


@pytest.mark.usefixtures("trail")
def test_actions_are_said_in_words_with_their_codes_beside(
    chief: TestClient, people: dict[Role, Person]
) -> None:
    chief.post("/sign-out")
    for password in ("wrong", PASSWORD):
        chief.post("/sign-in", data={"username": "administrator", "password": password})
    page = chief.get("/audit-trail?action=sign_in").text
    assert 'Sesión iniciada<br><code class="quiet">sign_in</code>' in page
    assert '<option value="sign_in" selected>Sesión iniciada</option>' in page
    assert '<option value="user.edit">Cuenta modificada</option>' in page
    assert '<code class="quiet">sign_in.failed' not in page, "another action that begins alike"
    chief.post("/language", data={"language": "en"})
    assert "Sign-in failed<br>" in chief.get("/audit-trail?action=sign_in.failed").text


@pytest.mark.usefixtures("trail")
def test_the_download_is_narrowed_traced_and_harmless(
    chief: TestClient, installation: Installation
) -> None:
    answer = chief.get("/audit-trail.csv?action=user.")
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["action"] == "user.edit"
    assert row["person"] == ""
    assert row["detail"] == '{"note": "=1+1"}'  # begins with a brace: no formula
    assert audit_search.latest(installation, Search())[0].action == "audit_trail.download"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_names_are_no_formulas(cell: str) -> None:
    assert audit_search._line([cell]).startswith(("'", "\"'"))


@pytest.mark.usefixtures("trail")
def test_the_chain_is_checked_on_demand(chief: TestClient, installation: Installation) -> None:
    whole = chief.get("/audit-trail/chain").text
    assert "La cadena está íntegra" in whole
    with installation.reading() as session:
        assert audit_trail.verify(session, installation.keys).head in whole
    with installation.engine.begin() as connection:
        connection.execute(text("UPDATE audit_entry SET subject = 'case:9' WHERE sequence = 8"))
    broken = chief.get("/audit-trail/chain").text
    assert "La cadena está rota en la entrada 8" in broken
