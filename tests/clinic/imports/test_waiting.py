"""Imports that wait: whose they are, what is kept of them, and when it goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from clinic_factory import add_user, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import staging
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.database.cases import Case
from covid_d.clinic.database.operations import AuditEntry, StagedFilm, WaitingImport
from covid_d.clinic.errors import ForbiddenError, InvalidInputError, NotFoundError
from covid_d.clinic.imports import waiting
from covid_d.clinic.imports.case_plan import CaseState
from covid_d.clinic.imports.case_run import enter_cases
from covid_d.clinic.imports.waiting import CASES, LABORATORY
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor

pytestmark = pytest.mark.postgres

Written = Callable[..., Path]
ROWS = [{"Archivo": f"film{n}.png", "HC": f"SECRETO-{n}", "Edad": "50"} for n in (1, 2)]


def _begin(installation: Installation, admin: Person, path: Path, kind: str = CASES) -> int:
    assert admin.unit_id is not None
    return waiting.begin(
        installation, admin, Actor(admin.id), admin.unit_id, path.name, path.read_bytes(),
        kind=kind, options={"consent": "given"} if kind == CASES else {},
    )  # fmt: skip


def _count(installation: Installation, table: type) -> int:
    with installation.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_films_are_sent_ahead_and_entered(
    installation: Installation, admin: Person, written: Written
) -> None:
    number = _begin(installation, admin, written(ROWS))
    opened = waiting.find(installation, admin, number)
    plan, _ = waiting.case_plan(installation, opened)
    assert plan.counts == {CaseState.MISSING: 2}
    actor = Actor(admin.id)
    for seed in (1, 2):
        name = f"carpeta/film{seed}.png"
        assert waiting.take_film(installation, opened, actor, name, phantom_png(seed))
    assert not waiting.take_film(installation, opened, actor, "other.png", phantom_png(3))
    plan, films = waiting.case_plan(installation, opened)
    assert films.names == {"carpeta/film1.png", "carpeta/film2.png"}
    assert plan.counts == {CaseState.READY: 2}
    assert plan.consented == 2
    done = enter_cases(installation, opened.person, actor, plan, films, opened.source)
    assert [one.state for one in done] == [CaseState.DONE] * 2
    # They stay until its end, so that the import knows its cases again.
    again, _ = waiting.case_plan(installation, opened)
    assert again.counts == {CaseState.DONE: 2}
    waiting.end(installation, admin, actor, number)
    assert _count(installation, WaitingImport) == _count(installation, StagedFilm) == 0
    assert _count(installation, Case) == 2
    staging.sweep(installation)
    with installation.reading() as session:
        for case in session.scalars(select(Case)):
            installation.films.get(case.films[0].sha256)


def test_nothing_of_it_can_be_read_in_the_database(
    installation: Installation, admin: Person, written: Written
) -> None:
    number = _begin(installation, admin, written(ROWS, name="pacientes.csv"))
    opened = waiting.find(installation, admin, number)
    waiting.take_film(installation, opened, Actor(admin.id), "film1.png", phantom_png(1))
    assert b"SECRETO" in opened.data
    with installation.reading() as session:
        row = session.scalars(select(WaitingImport)).one()
        film = session.scalars(select(StagedFilm)).one()
        trail = session.scalars(select(AuditEntry.detail)).all()
    assert "SECRETO" not in row.table_encrypted
    assert film.name_encrypted
    assert "film1" not in film.name_encrypted
    assert "SECRETO" not in str(trail)


def test_an_import_is_its_persons(
    installation: Installation, people: dict[Role, Person], admin: Person, written: Written
) -> None:
    number = _begin(installation, admin, written(ROWS))
    other = add_user(installation, "another", Role.ADMINISTRATOR)
    for person in (other, people[Role.DOCTOR]):
        with pytest.raises(NotFoundError):
            waiting.find(installation, person, number)
        with pytest.raises(NotFoundError):
            waiting.end(installation, person, Actor(person.id), number)
    assert waiting.every(installation, other) == []
    assert [row.id for row in waiting.every(installation, admin)] == [number]


def test_only_who_may_import_begins(
    installation: Installation, people: dict[Role, Person], written: Written
) -> None:
    with pytest.raises(ForbiddenError):
        _begin(installation, people[Role.DOCTOR], written(ROWS))


def test_a_unit_switched_off_meanwhile_takes_nothing(
    installation: Installation, admin: Person, written: Written
) -> None:
    number = _begin(installation, admin, written(ROWS))
    with installation.writing() as session:
        session.get_one(Unit, 1).active = False
    with pytest.raises(InvalidInputError):
        waiting.find(installation, admin, number)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Choose a table"), (b"a;b\n1;2\n", "lacks the columns"),
        (b"\x00\x00\x01\x02", "is not a CSV file"),
        (b"archivo;hc\n" + b"a;1\n" * 5001, "more than 5000 rows"),
        (b"archivo;hc\n" + b"a" * (20 * 1024 * 1024), "larger than 20 MB"),
    ],
)  # fmt: skip
def test_a_table_that_is_none(
    data: bytes, said: str, installation: Installation, admin: Person
) -> None:
    assert admin.unit_id is not None
    with pytest.raises(InvalidInputError) as raised:
        waiting.begin(
            installation, admin, Actor(admin.id), admin.unit_id, "t.csv", data,
            kind=CASES, options={},
        )  # fmt: skip
    assert said in raised.value.fields["table"].in_language("en")
    assert raised.value.fields["table"].in_language("es")
    assert _count(installation, WaitingImport) == 0


def test_a_corrected_table_keeps_the_films(
    installation: Installation, admin: Person, written: Written
) -> None:
    wrong = [row | {"Edad": "vieja"} for row in ROWS]
    number = _begin(installation, admin, written(wrong))
    opened = waiting.find(installation, admin, number)
    for seed in (1, 2):
        waiting.take_film(
            installation, opened, Actor(admin.id), f"film{seed}.png", phantom_png(seed)
        )
    assert waiting.case_plan(installation, opened)[0].counts == {CaseState.FAULTY: 2}
    with pytest.raises(InvalidInputError):
        waiting.replace_table(installation, opened, Actor(admin.id), "x.csv", b"nothing")
    mended = written(ROWS, name="corregida.csv")
    waiting.replace_table(installation, opened, Actor(admin.id), mended.name, mended.read_bytes())
    again = waiting.find(installation, admin, number)
    assert again.row.name == "corregida.csv"
    assert waiting.case_plan(installation, again)[0].counts == {CaseState.READY: 2}


def test_results_wait_too(installation: Installation, admin: Person, written: Written) -> None:
    rows = [{"caso": "7", "resultado": "positivo", "fecha": "01/11/2026"}]
    number = _begin(installation, admin, written(rows), LABORATORY)
    plan = waiting.result_plan(installation, waiting.find(installation, admin, number))
    assert len(plan.results) == 1


def test_more_films_wait_for_an_import_than_for_a_form_and_for_a_week(
    installation: Installation, admin: Person, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "MOST", 2)
    rows = [{"Archivo": f"film{n}.png", "HC": f"P{n}"} for n in range(1, 5)]
    number = _begin(installation, admin, written(rows))
    opened = waiting.find(installation, admin, number)
    for seed in range(1, 5):
        waiting.take_film(
            installation, opened, Actor(admin.id), f"film{seed}.png", phantom_png(seed)
        )
    assert len(waiting.films_of(installation, number).names) == 4

    def age(days: int) -> None:
        moment = now() - timedelta(days=days)
        with installation.writing() as session:
            session.get_one(WaitingImport, number).created_at = moment
            for film in session.scalars(select(StagedFilm)):
                film.created_at = moment

    age(6)
    staging.sweep(installation)
    assert _count(installation, StagedFilm) == 4
    age(8)
    assert staging.is_sweep_due(installation)
    staging.sweep(installation)
    assert _count(installation, StagedFilm) == _count(installation, WaitingImport) == 0
