"""Pages of reading studies: a researcher sets one up, readers read blind, results at the end."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from clinic_clock import CLOCK
from clinic_factory import add_case, add_user, csrf_of
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import Film
from covid_d.clinic.database.studies import ReadingStudy, StudyFilm, StudyRating, StudyReader
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from study_rows import add_cases, add_study

People = dict[Role, Person]
SignIn = Callable[[Role], TestClient]


def _form(
    place: Installation, browser: TestClient, people: People, **changes: str
) -> tuple[int, str]:
    data = {
        "csrf_token": csrf_of(place, browser),
        "name": "Piloto 2026",
        "positive": "2",
        "negative": "2",
        "rounds": "2",
        "washout_days": "28",
        **changes,
    }
    readers = [str(people[Role.DOCTOR].id), str(people[Role.RADIOLOGIST].id)]
    answer = browser.post("/studies/new", data=data | {"readers": readers})
    return answer.status_code, answer.text


def _one(place: Installation) -> ReadingStudy:
    with place.reading() as session:
        return session.scalars(select(ReadingStudy)).one()


@pytest.fixture
def films(installation: Installation, people: People) -> list[int]:
    """Four real films of two patients with either result; returns their numbers."""
    doctor = people[Role.DOCTOR]
    for seed in range(1, 5):
        number = add_case(installation, doctor, seed=seed)
        result = Entry(EntryKind.RT_PCR, ("positive", "negative")[seed % 2], CLOCK.today())
        add(installation, doctor, Actor(doctor.id), number, result)
    with installation.reading() as session:
        return list(session.scalars(select(Film.id)))


def test_a_researcher_sets_it_up(
    installation: Installation, people: People, signed_in: SignIn, films: list[int]
) -> None:
    browser = signed_in(Role.RESEARCHER)
    page = browser.get("/studies/new").text
    assert "Doctor" in page
    assert "Administrator" not in re.sub(r"<header.*?</header>", "", page, flags=re.DOTALL)
    assert _form(installation, browser, people)[0] == 303
    study = _one(installation)
    assert (study.name, study.rounds, study.washout_days) == ("Piloto 2026", 2, 28)
    with installation.reading() as session:
        assert set(session.scalars(select(StudyFilm.film_id))) == set(films)
        assert len(session.scalars(select(StudyReader)).all()) == 2
    page = browser.get("/studies").text
    assert "Piloto 2026" in page
    assert "0 / 16" in page
    assert "results.csv" not in page


def test_what_cannot_be_comes_back_as_typed(
    installation: Installation, people: People, signed_in: SignIn, films: list[int]
) -> None:
    browser = signed_in(Role.RESEARCHER)
    status, page = _form(installation, browser, people, positive="9", name="Gran estudio")
    assert status == 422
    assert "Hay menos de 5 radiografías así." in page
    assert 'value="Gran estudio"' in page
    assert re.search(rf'id="reader-{people[Role.DOCTOR].id}"[^>]* checked', page)
    for wrong in ({"positive": ""}, {"rounds": "7"}, {"washout_days": "x"}, {"first": "ayer"}):
        assert _form(installation, browser, people, **wrong)[0] == 422
    data = {"csrf_token": csrf_of(installation, browser), "name": "Sin lectores"}
    answer = browser.post("/studies/new", data=data | {"readers": ["x", "99999999999"]})
    assert answer.status_code == 422


def test_readers_read_film_by_film_and_learn_nothing_else(
    installation: Installation, people: People, signed_in: SignIn, films: list[int]
) -> None:
    study = add_study(
        installation, people[Role.RESEARCHER], [people[Role.DOCTOR]], rounds=1, each=2
    )
    browser, seen = signed_in(Role.DOCTOR), []
    while True:
        page = browser.get(f"/studies/{study.id}/read").text
        inside = page[page.index('<main id="content"') : page.index("</main>")]
        found = re.search(r'name="film" value="(\d+)"', inside)
        if found is None:
            break
        film = int(found[1])
        seen.append(film)
        assert f"{len(seen) - 1} de 4 radiografías leídas" in inside
        for word in ("HC-0", "/cases/", "Laboratorio", "COVID-19 &gt;", "outcome", "evidence"):
            assert word not in inside, word
        base = f"/studies/{study.id}/films/{film}"
        assert browser.get(f"{base}/picture.png").headers["content-type"] == "image/png"
        assert browser.get(f"{base}/values").headers["x-film-bits"] == "8"
        for other in set(films) - {film}:
            address = f"/studies/{study.id}/films/{other}/picture.png"
            assert browser.get(address).status_code == 404
        data = {
            "csrf_token": csrf_of(installation, browser),
            "film": str(film),
            "category": "indeterminate",
            "rating": str(10 * len(seen)),
        }
        wrong = browser.post(f"/studies/{study.id}/read", data=data | {"rating": "101"})
        assert (wrong.status_code, "de 0 a 100" in wrong.text) == (422, True)
        assert 'value="101"' in wrong.text
        answer = browser.post(f"/studies/{study.id}/read", data=data)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/studies/{study.id}/read?notice=rating_saved"
    assert sorted(seen) == sorted(films)
    assert "Ha leído todas las radiografías" in inside
    with installation.reading() as session:
        ratings = session.scalars(select(StudyRating).order_by(StudyRating.id)).all()
    assert [(one.film_id, one.rating) for one in ratings] == [
        (film, 10 * place) for place, film in enumerate(seen, start=1)
    ]
    results = signed_in(Role.RESEARCHER).get(f"/studies/{study.id}/results.csv")
    assert results.status_code == 200
    assert results.text.splitlines()[0].startswith("\ufeffstudy,reader,case,round,position,truth")
    assert len(results.text.splitlines()) == 5


def test_the_second_round_says_when_it_opens(
    installation: Installation, people: People, signed_in: SignIn, films: list[int]
) -> None:
    study = add_study(installation, people[Role.RESEARCHER], [people[Role.DOCTOR]], each=1)
    browser = signed_in(Role.DOCTOR)
    for _ in range(2):
        page = browser.get(f"/studies/{study.id}/read").text
        found = re.search(r'name="film" value="(\d+)"', page)
        assert found is not None
        data = {"film": found[1], "category": "typical", "rating": "90"}
        data["csrf_token"] = csrf_of(installation, browser)
        assert browser.post(f"/studies/{study.id}/read", data=data).status_code == 303
    for path in (f"/studies/{study.id}/read", "/studies"):
        assert "La segunda ronda se abre para usted el" in browser.get(path).text
    answer = signed_in(Role.RESEARCHER).get(f"/studies/{study.id}/results.csv")
    assert answer.status_code == 409


def test_it_can_be_ended_before(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    add_cases(installation, people[Role.DOCTOR], positive=5, negative=5)
    study = add_study(installation, people[Role.RESEARCHER], [people[Role.DOCTOR]])
    researcher, doctor = signed_in(Role.RESEARCHER), signed_in(Role.DOCTOR)
    address = f"/studies/{study.id}/close"
    data = {"csrf_token": csrf_of(installation, doctor)}
    assert doctor.post(address, data=data).status_code == 403
    data = {"csrf_token": csrf_of(installation, researcher)}
    assert researcher.post(address, data=data).status_code == 303
    assert "Este estudio terminó" in doctor.get(f"/studies/{study.id}/read").text
    assert f"/studies/{study.id}/results.csv" in researcher.get("/studies").text


def test_nobody_else_reads_in_it(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    add_cases(installation, people[Role.DOCTOR], positive=5, negative=5)
    study = add_study(installation, people[Role.RESEARCHER], [people[Role.DOCTOR]])
    radiologist = signed_in(Role.RADIOLOGIST)
    assert radiologist.get(f"/studies/{study.id}/read").status_code == 404
    assert "Piloto" not in radiologist.get("/studies").text
    assert signed_in(Role.RESEARCHER).get(f"/studies/{study.id}/read").status_code == 403
    assert signed_in(Role.DOCTOR).get("/studies/new").status_code == 403


def test_a_researcher_without_a_unit_is_told(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    people[Role.RESEARCHER] = add_user(installation, "suelta", Role.RESEARCHER)
    answer = signed_in(Role.RESEARCHER).get("/studies/new")
    assert answer.status_code == 409
    assert "su cuenta no tiene ninguna" in answer.text


def test_in_the_other_language(
    installation: Installation, people: People, signed_in: SignIn
) -> None:
    add_cases(installation, people[Role.DOCTOR], positive=5, negative=5)
    add_study(installation, people[Role.RESEARCHER], [people[Role.DOCTOR]])
    browser = signed_in(Role.DOCTOR)
    browser.cookies.set("covid_d_language", "en")
    page = browser.get("/studies").text
    assert "washout of 28 days" in page
    assert "round 1: 0 of 4 films" in page
