"""The follow-up's page: what was typed stays, old values stay, a late correction is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from case_rows import add_row
from clinic_clock import today
from clinic_factory import add_unit, add_user, csrf_of
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.clock import now
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.facts import history
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor

SignIn = Callable[[Role], TestClient]
SAMPLED = today() - timedelta(days=2)
DAY = SAMPLED.isoformat()


@pytest.fixture
def case_id(installation: Installation, people: dict[Role, Person]) -> int:
    moment = now() - timedelta(days=5)
    return add_row(installation, people[Role.DOCTOR], "positive", created_at=moment)


@pytest.fixture
def browser(signed_in: SignIn) -> TestClient:
    return signed_in(Role.DOCTOR)


@pytest.fixture
def result(installation: Installation, people: dict[Role, Person], case_id: int) -> int:
    """A positive RT-PCR, recorded by the radiologist."""
    person = people[Role.RADIOLOGIST]
    entry = Entry(EntryKind.RT_PCR, "positive", SAMPLED, "Hisopado")
    return add(installation, person, Actor(person.id), case_id, entry)


@pytest.fixture
def send(installation: Installation, browser: TestClient, case_id: int) -> Callable[..., Any]:
    """Send the form."""

    def post(**fields: str) -> Any:
        form = {"csrf_token": csrf_of(installation, browser), **fields}
        return browser.post(f"/cases/{case_id}/follow-up", data=form)

    return post


def test_a_result_is_recorded_and_shown(
    browser: TestClient, send: Callable[..., Any], case_id: int
) -> None:
    answer = send(kind="antigen", value="negative", day=DAY, notes="Panbio")
    place = f"/cases/{case_id}/follow-up?notice=follow_up_saved"
    assert (answer.status_code, answer.headers["location"]) == (303, place)
    page = browser.get(place).text
    assert "El seguimiento se guardó" in page
    assert "Laboratorio: negativo" in page
    assert "Panbio" in page


@pytest.mark.parametrize(
    ("form", "kinds"),
    [
        ("test", {"positive", "indeterminate"}),
        ("diagnosis", {"U07.1", "other"}),
        ("outcome", {"icu", "died"}),
        ("consent", {"given", "withdrawn"}),
    ],
)
def test_each_form_offers_its_values_and_no_mistake(
    browser: TestClient, case_id: int, form: str, kinds: set[str]
) -> None:
    page = browser.get(f"/cases/{case_id}/follow-up?form={form}").text
    assert all(f'<option value="{kind}"' in page for kind in kinds)
    assert 'value="void"' not in page


def test_what_was_typed_stays_when_it_cannot_be_accepted(
    installation: Installation, send: Callable[..., Any], case_id: int
) -> None:
    late = (today() + timedelta(days=1)).isoformat()
    answer = send(kind="antigen", value="positive", day=late, notes="Panbio <i>")
    assert answer.status_code == 422
    assert "Este día" in answer.text or "Esta fecha" in answer.text
    for kept in (f'value="{late}"', 'value="antigen" selected', 'value="positive" selected'):
        assert kept in answer.text
    assert "Panbio &lt;i&gt;</textarea>" in answer.text
    assert 'id="day-error"' in answer.text
    with installation.reading() as session:
        assert history(session, case_id) == []


@pytest.mark.parametrize("day", ["ayer", "2026-02-30"])
def test_a_day_that_is_none_is_said(send: Callable[..., Any], day: str) -> None:
    answer = send(kind="rt_pcr", value="positive", day=day)
    assert answer.status_code == 422
    assert "Escriba la fecha como año, mes y día: 2026-01-31." in answer.text
    assert f'value="{day}"' in answer.text


def test_a_correction_starts_from_the_old_value_and_keeps_it(
    browser: TestClient, send: Callable[..., Any], case_id: int, result: int
) -> None:
    page = browser.get(f"/cases/{case_id}/follow-up?correct={result}").text
    for kept in (f'name="supersedes" value="{result}"', f'value="{DAY}"', "Hisopado</textarea>"):
        assert kept in page
    assert 'value="void"' in page
    unexplained = send(kind="rt_pcr", value="negative", day=DAY, supersedes=str(result))
    assert unexplained.status_code == 422
    assert 'id="reason-error"' in unexplained.text
    send(kind="rt_pcr", value="negative", day=DAY, supersedes=str(result), reason="Muestra ajena")
    page = browser.get(f"/cases/{case_id}/follow-up").text
    assert "<s>positiva</s>" in page
    assert "<strong>negativa</strong>" in page
    assert "Muestra ajena" in page
    assert "Corregido por Doctor" in page
    assert f"correct={result}#" not in page


def test_a_mistake_needs_no_day(send: Callable[..., Any], result: int) -> None:
    answer = send(
        kind="rt_pcr", value="void", day="", supersedes=str(result), reason="Otro paciente"
    )
    assert answer.status_code == 303


def test_whoever_corrects_too_late_is_told_and_sees_the_newer_value(
    installation: Installation,
    people: dict[Role, Person],
    send: Callable[..., Any],
    case_id: int,
    result: int,
) -> None:
    person = people[Role.RADIOLOGIST]
    entry = Entry(
        EntryKind.RT_PCR, "indeterminate", today() - timedelta(days=2), "", result, "Repetir"
    )
    add(installation, person, Actor(person.id), case_id, entry)
    answer = send(
        kind="rt_pcr", value="negative", day=DAY, supersedes=str(result), reason="Mal leído"
    )
    assert answer.status_code == 409
    assert "Otra persona corrigió este dato mientras tanto." in answer.text
    assert "indeterminada" in answer.text
    assert 'value="Mal leído"' in answer.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/cases/999/follow-up", 404),
        ("/cases/{case}/follow-up?correct=999", 404),
        ("/cases/{case}/follow-up?form=x", 422),
        ("/cases/99999999999/follow-up", 422),
    ],
)
def test_what_does_not_exist_is_said(
    browser: TestClient, case_id: int, path: str, status: int
) -> None:
    assert browser.get(path.format(case=case_id)).status_code == status


def test_another_units_case_does_not_exist(installation: Installation, browser: TestClient) -> None:
    add_unit(installation, "Hospital Dos")
    case_id = add_row(installation, add_user(installation, "x", Role.DOCTOR, unit="Hospital Dos"))
    form = {"csrf_token": csrf_of(installation, browser), "kind": "consent", "value": "given"}
    assert browser.get(f"/cases/{case_id}/follow-up").status_code == 404
    assert browser.post(f"/cases/{case_id}/follow-up", data=form).status_code == 404


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.ADMINISTRATOR])
def test_who_may_not_see_patients_sees_none(signed_in: SignIn, case_id: int, role: Role) -> None:
    assert signed_in(role).get(f"/cases/{case_id}/follow-up").status_code == 403


def test_the_form_token_is_demanded(browser: TestClient, case_id: int) -> None:
    form = {"kind": "consent", "value": "given"}
    assert browser.post(f"/cases/{case_id}/follow-up", data=form).status_code == 403


def test_a_blind_reader_sees_only_what_they_entered_themselves(
    installation: Installation, people: dict[Role, Person], browser: TestClient
) -> None:
    doctor, radiologist = people[Role.DOCTOR], people[Role.RADIOLOGIST]
    moment = now() - timedelta(days=5)
    case_id = add_row(installation, doctor, "positive", created_at=moment, blind=True)
    theirs = Entry(EntryKind.RT_PCR, "positive", today() - timedelta(days=2), "Hisopado ajeno")
    number = add(installation, radiologist, Actor(radiologist.id), case_id, theirs)
    path = f"/cases/{case_id}/follow-up"
    page = browser.get(path).text
    assert "Esta unidad lee a ciegas" in page
    assert "Nada que se pueda mostrar" in page
    assert "Hisopado ajeno" not in page
    assert not re.search('class="badge (positive|negative|pending)"', page)
    assert browser.get(f"{path}?correct={number}").status_code == 404
    mine = Entry(EntryKind.ANTIGEN, "negative", today() - timedelta(days=1), "Hisopado propio")
    own = add(installation, doctor, Actor(doctor.id), case_id, mine)
    later = Entry(EntryKind.ANTIGEN, "positive", mine.day, "Otro valor", own, "Error de lectura")
    page = browser.get(path).text
    assert "Hisopado propio" in page
    add(installation, radiologist, Actor(radiologist.id), case_id, later)
    page = browser.get(path).text
    assert "Corregido por" in page, "one's own entry, corrected by another"
    assert "Otro valor" not in page


def test_a_form_that_is_sent_twice_is_recorded_once_and_no_conflict(
    installation: Installation, browser: TestClient, send: Callable[..., Any], case_id: int
) -> None:
    page = browser.get(f"/cases/{case_id}/follow-up").text
    key = re.search(r'name="form_key" value="([^"]+)"', page)
    assert key is not None
    form = {"kind": "antigen", "value": "negative", "day": DAY, "form_key": key[1]}
    answers = [send(**form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert send(**form, notes="Panbio").status_code == 409, "another form: that day has its result"
    with installation.reading() as session:
        assert [fact.value for fact in history(session, case_id)] == ["negative"]


def test_beside_a_known_result_nobody_is_told_to_test(
    browser: TestClient, result: int, case_id: int
) -> None:
    page = browser.get(f"/cases/{case_id}/follow-up").text
    assert "El resultado de laboratorio registrado cuenta antes que la imagen" in page
    assert "confirme con RT-PCR" not in page
