"""The worklist's page: its state in the address, never a cédula, and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from case_rows import add_many, add_row, set_answer
from clinic_clock import today
from clinic_factory import csrf_of
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import national_id
from covid_d.clinic.cases.marks import Mark, set_mark
from covid_d.clinic.database.cases import Film, StoredAssessment
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector.cautions import OUTSIDE_LUNGS

SignIn = Callable[[Role], TestClient]
CEDULA = "1710034065"


def _numbers(page: str) -> list[int]:
    return [
        int(number) for number in re.findall(r'<th scope="row"[^>]*><a href="/cases/(\d+)"', page)
    ]


def test_without_a_case_it_offers_the_sample_film(signed_in: SignIn) -> None:
    page = signed_in(Role.DOCTOR).get("/cases").text
    assert "Todavía no hay ningún caso" in page
    assert 'href="/cases/new?sample=1"' in page
    assert 'id="filters"' not in page


def test_it_shows_cases_and_what_waits_for_the_laboratory(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn
) -> None:
    add_row(installation, people[Role.DOCTOR], "positive", patient_code="<b>HC</b>")
    page = signed_in(Role.DOCTOR).get("/cases").text
    assert "compatible con COVID-19" in page
    assert "Resultados de laboratorio pendientes:" in page
    assert 'href="/cases?laboratory=pending&amp;sort=oldest"' in page
    assert 'href="/cases/1/follow-up"' in page
    assert "&lt;b&gt;HC&lt;/b&gt;" in page
    assert "<b>HC</b>" not in page


def test_a_negative_film_is_said_to_show_no_signs_of_pneumonia(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn
) -> None:
    add_row(installation, people[Role.DOCTOR], "negative", appearance=(0.9, 0.05, 0.03, 0.02))
    page = signed_in(Role.DOCTOR).get("/cases").text
    assert '<span class="badge answer">sin signos de neumonía</span>' in page
    assert "no compatible con COVID-19" not in page


@pytest.mark.parametrize("outcome", ["positive", "negative", "inconclusive"])
def test_a_demonstrations_answer_has_no_colour(
    installation: Installation,
    people: dict[Role, Person],
    signed_in: SignIn,
    outcome: str,
) -> None:
    """Its answers are no evidence: red among white ones would be read as one all the same."""
    case_id = add_row(installation, people[Role.DOCTOR], outcome)
    browser = signed_in(Role.DOCTOR)
    page = browser.get("/cases").text
    assert f'<span class="badge answer {outcome}">' not in page
    assert '<span class="quiet">Modelo de demostración</span>' in page
    with installation.writing() as session:
        film = select(Film.id).where(Film.case_id == case_id).scalar_subquery()
        stored = session.scalars(select(StoredAssessment).where(StoredAssessment.film_id == film))
        set_answer(stored.one(), verdict="audit-passed")
    page = browser.get("/cases").text
    assert f'<span class="badge answer {outcome}">' in page
    assert '<span class="quiet">Modelo de demostración</span>' not in page


def test_an_answer_to_be_disregarded_has_no_colour_and_says_so(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn
) -> None:
    """On the list, and among what happened on the case's page."""
    case_id = add_row(installation, people[Role.DOCTOR], "positive")
    with installation.writing() as session:
        stored = session.scalars(select(StoredAssessment)).one()
        set_answer(stored, verdict="audit-passed", warnings=(OUTSIDE_LUNGS,))
    browser = signed_in(Role.DOCTOR)
    page = browser.get("/cases").text
    assert '<span class="badge answer positive">' not in page
    assert '<span class="badge answer">Respuesta descartada</span>' in page
    row = page[page.index("Respuesta descartada") :].partition("</tr>")[0]
    assert "típico" not in row, "it tells no finding"
    history = browser.get(f"/cases/{case_id}").text.partition('id="history"')[2]
    assert "</strong>: Respuesta descartada (phantom 1)" in history
    assert "ompatible" not in history, "it tells no finding"
    with installation.writing() as session:
        set_answer(session.scalars(select(StoredAssessment)).one(), warnings=())
    page = browser.get("/cases").text
    assert '<span class="badge answer positive">' in page
    assert "descartada" not in page
    assert "descartada" not in browser.get(f"/cases/{case_id}").text


def test_an_urgent_case_is_seen_to_be_urgent(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn
) -> None:
    doctor = people[Role.DOCTOR]
    numbers = [add_row(installation, doctor, "positive") for _ in range(2)]
    browser = signed_in(Role.DOCTOR)
    urgent = '<span class="badge positive">Urgente</span>'
    assert browser.get("/cases").text.count(urgent) == 0
    with installation.act(Actor(doctor.id)) as act:
        set_mark(act, doctor, numbers[:1], Mark.URGENT, on=True)
    assert browser.get("/cases").text.count(urgent) == 1


def test_a_blind_case_shows_no_answer_before_ones_own_reading(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn
) -> None:
    case_id = add_row(installation, people[Role.DOCTOR], "positive", blind=True)
    browser, radiologist = signed_in(Role.DOCTOR), people[Role.RADIOLOGIST]
    page = browser.get("/cases").text
    assert page.count("después de su propia lectura") == 1
    assert "Ingresar resultado" in page, "that a result is missing may be known"
    assert _numbers(browser.get("/cases?laboratory=pending").text) == [case_id]
    result = Entry(EntryKind.RT_PCR, "positive", today())
    add(installation, radiologist, Actor(radiologist.id), case_id, result)
    page = browser.get("/cases").text
    assert page.count("después de su propia lectura") == 2
    assert 'class="badge positive"' not in page
    for query in ("outcome=positive", "laboratory=positive", "laboratory=negative"):
        assert _numbers(browser.get(f"/cases?{query}").text) == [], query


def test_the_state_is_in_the_address_and_in_the_links(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn
) -> None:
    add_many(installation, people[Role.DOCTOR], 60, outcomes=["positive", "negative"])
    browser = signed_in(Role.DOCTOR)
    form = {
        "csrf_token": csrf_of(installation, browser),
        "text": "HC",
        "outcome": "negative",
        "own": "yes",
        "sort": "oldest",
        "page": "7",
        "other": "ignored",
    }
    place = browser.post("/cases/search", data=form).headers["location"]
    assert place == "/cases?text=HC&outcome=negative&own=yes&sort=oldest"
    page = browser.get(place).text
    assert len(_numbers(page)) == 25
    assert "página 1 de 2" in page
    assert 'value="HC"' in page
    assert '<option value="negative" selected>' in page
    (following,) = re.findall(r'href="([^"]+)" rel="next"', page)
    following = following.replace("&amp;", "&")
    assert parse_qs(urlsplit(following).query) == {
        "text": ["HC"],
        "outcome": ["negative"],
        "own": ["yes"],
        "sort": ["oldest"],
        "page": ["2"],
    }
    assert len(_numbers(browser.get(following).text)) == 5


@pytest.mark.parametrize("typed", [CEDULA, "171003406-5", " 1710034065 "])
def test_a_cedula_never_becomes_part_of_an_address(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn, typed: str
) -> None:
    hashed = national_id.hash_of(installation.keys, CEDULA)
    found = add_row(installation, people[Role.DOCTOR], national_id_hash=hashed)
    add_row(installation, people[Role.DOCTOR])
    browser = signed_in(Role.DOCTOR)
    form = {"csrf_token": csrf_of(installation, browser), "text": typed, "sex": "F"}
    place = browser.post("/cases/search", data=form).headers["location"]
    assert place == f"/cases?patient={hashed}&sex=F"
    assert browser.get("/cases", params={"text": typed, "sex": "F"}).headers["location"] == place
    page = browser.get(place).text
    assert _numbers(page) == [found]
    assert "Un paciente, por cédula" in page
    assert 'href="/cases?sex=F">Ver todos los pacientes' in page
    assert CEDULA not in page
    with installation.reading() as session:
        assert CEDULA not in str(session.scalars(select(AuditEntry.detail)).all())


def test_nothing_found_says_so_and_leads_back(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn
) -> None:
    add_row(installation, people[Role.DOCTOR])
    page = signed_in(Role.DOCTOR).get("/cases?text=nadie").text
    assert "Ningún caso coincide" in page
    assert "Cases" not in page
    assert 'value="nadie"' in page


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=ayer", "since"),
        ("since=2026-02-01&until=2026-01-01", "until"),
        ("outcome=maybe", "outcome"),
        ("laboratory=x", "laboratory"),
        ("province=Lima", "province"),
        ("sex=X", "sex"),
        ("sort=random", "sort"),
        ("text=%00", "text"),
    ],
)
def test_what_cannot_be_searched_is_said_beside_its_field(
    installation: Installation,
    people: dict[Role, Person],
    signed_in: SignIn,
    query: str,
    field: str,
) -> None:
    add_row(installation, people[Role.DOCTOR])
    answer = signed_in(Role.DOCTOR).get(f"/cases?{query}")
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert "No se puede buscar" in answer.text


@pytest.mark.parametrize("page", ["0", "-1", "x", "9" * 40, "²"])
def test_a_page_that_is_none_is_the_nearest(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn, page: str
) -> None:
    add_row(installation, people[Role.DOCTOR])
    assert _numbers(signed_in(Role.DOCTOR).get("/cases", params={"page": page}).text) == [1]


def test_who_looked_at_which_cases_is_recorded(
    installation: Installation, people: dict[Role, Person], signed_in: SignIn
) -> None:
    case_id = add_row(installation, people[Role.DOCTOR], patient_code="HC-SECRETO")
    signed_in(Role.RADIOLOGIST).get("/cases?text=secreto")
    with installation.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "case.list")).one()
    assert entry.user_id == people[Role.RADIOLOGIST].id
    assert entry.detail == {"cases": [case_id], "page": 1, "total": 1}


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.ADMINISTRATOR])
def test_who_may_not_read_cases_sees_no_list(signed_in: SignIn, role: Role) -> None:
    assert signed_in(role).get("/cases").status_code == 403


def test_a_search_without_the_form_token_is_refused(signed_in: SignIn) -> None:
    assert signed_in(Role.DOCTOR).post("/cases/search", data={"text": "x"}).status_code == 403
