"""Films sent ahead: kept for a day, for one person, and swept without taking a case's film."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from clinic_factory import add_case, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import staging
from covid_d.clinic.cases.intake import GivenFilm, NewCase, create_case
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.database.operations import StagedFilm
from covid_d.clinic.errors import InvalidInputError, NotFoundError
from covid_d.clinic.films import FilmStore
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor, verify
from covid_d.detector import Bundle
from covid_d.places import FolderPlace

pytestmark = pytest.mark.postgres

Stage = Callable[[bytes], staging.Staged]
ACTOR = Actor(None)


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    return people[Role.DOCTOR]


@pytest.fixture
def stage(installation: Installation, doctor: Person) -> Stage:
    return lambda content: staging.stage(installation, doctor, ACTOR, content)


def _create(installation: Installation, person: Person, *tokens: str) -> int:
    case = NewCase(patient_code="HC-1", unit_id=person.unit_id or 0, province="Guayas")
    films = [GivenFilm(token=token) for token in tokens]
    return create_case(installation, person, ACTOR, case, films)


def _grow_old(installation: Installation) -> None:
    """Make every staged film and every stored file two days old."""
    past = now() - timedelta(days=2)
    with installation.writing() as session:
        session.execute(update(StagedFilm).values(created_at=past))
    for path in (installation.folder / "films").glob("??/*"):
        os.utime(path, (past.timestamp(), past.timestamp()))


def test_a_film_sent_ahead_becomes_the_cases(
    installation: Installation, doctor: Person, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = stage(phantom_png(1))

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("the film was answered before, it need not be read again")

    monkeypatch.setattr(installation.active_detector.__class__, "examine", fail)
    number = _create(installation, doctor, staged.token)
    with installation.reading() as session:
        (film,) = session.get_one(Case, number).films
        assert film.assessments[0].probability is not None
        assert session.scalar(select(func.count()).select_from(StagedFilm)) == 0
    with pytest.raises(NotFoundError):
        staging.find(installation, doctor, staged.token)


def test_another_model_switched_on_since_answers_anew(
    installation: Installation, doctor: Person, stage: Stage
) -> None:
    staged = stage(phantom_png(1))
    with installation.writing() as session:
        row = session.get_one(StagedFilm, staged.token)
        other = row.examination["bundle"] | {"sha256": "0" * 64}
        row.examination = {**row.examination, "bundle": other, "logits": [-3.0]}
    number = _create(installation, doctor, staged.token)
    with installation.reading() as session:
        (answer,) = session.get_one(Case, number).films[0].assessments
    assert answer.bundle_sha256 == Bundle.load().id.sha256
    assert answer.probability == pytest.approx(_own_probability(installation, phantom_png(1)))


def test_what_an_older_version_found_is_found_anew(
    installation: Installation, doctor: Person, stage: Stage
) -> None:
    """Its shape is another one; the film is still there."""
    staged = stage(phantom_png(1))
    with installation.writing() as session:
        row = session.get_one(StagedFilm, staged.token)
        row.examination = {
            "sha256": staged.sha256,
            "facts": None,
            "answer": {"outcome": "positive"},
        }
    found = staging.find(installation, doctor, staged.token)
    assert found.examination.to_dict() == staged.examination.to_dict()
    number = _create(installation, doctor, staged.token)
    with installation.reading() as session:
        (answer,) = session.get_one(Case, number).films[0].assessments
    assert answer.probability == pytest.approx(_own_probability(installation, phantom_png(1)))


def _own_probability(installation: Installation, content: bytes) -> float:
    probability = installation.active_detector.detector.assess(content).probability
    assert probability is not None
    return probability


def test_nobody_else_can_use_it(
    installation: Installation, people: dict[Role, Person], stage: Stage
) -> None:
    staged = stage(phantom_png(1))
    with pytest.raises(NotFoundError):
        staging.find(installation, people[Role.RADIOLOGIST], staged.token)
    with pytest.raises(InvalidInputError) as caught:
        _create(installation, people[Role.RADIOLOGIST], staged.token)
    assert set(caught.value.fields) == {"films"}


def test_a_film_that_is_gone_is_asked_for_again(
    installation: Installation, doctor: Person, stage: Stage
) -> None:
    staged = stage(phantom_png(1))
    installation.films.remove(staged.sha256)
    with pytest.raises(InvalidInputError) as caught:
        _create(installation, doctor, staged.token)
    assert set(caught.value.fields) == {"films"}
    with installation.reading() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 0


def test_the_oldest_gives_way_when_too_many_wait(
    installation: Installation,
    people: dict[Role, Person],
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(staging, "MOST", 2)
    other = staging.stage(installation, people[Role.RADIOLOGIST], ACTOR, phantom_png(9))
    first, second, third = (stage(phantom_png(seed)) for seed in (1, 2, 3))
    doctor = people[Role.DOCTOR]
    with pytest.raises(NotFoundError):
        staging.find(installation, doctor, first.token)
    for staged in (second, third):
        found = staging.find(installation, doctor, staged.token)
        assert found.examination.to_dict() == staged.examination.to_dict()
    kept = staging.find(installation, people[Role.RADIOLOGIST], other.token)
    assert kept.sha256 == other.sha256, "another person's film stays"


def test_a_sweep_takes_what_waited_for_a_day_and_nothing_else(
    installation: Installation, doctor: Person, stage: Stage
) -> None:
    add_case(installation, doctor, seed=1)
    shared = stage(phantom_png(1))  # the same film waits too: its file belongs to the case
    old = stage(phantom_png(2))
    assert not staging.is_sweep_due(installation)
    assert staging.sweep(installation) == 0
    _grow_old(installation)
    fresh = stage(phantom_png(3))
    assert staging.is_sweep_due(installation)
    assert staging.sweep(installation) == 1
    assert installation.films.has(shared.sha256)
    assert not installation.films.has(old.sha256)
    assert staging.find(installation, doctor, fresh.token).sha256 == fresh.sha256
    for token in (shared.token, old.token):
        with pytest.raises(NotFoundError):
            staging.find(installation, doctor, token)
    assert not staging.is_sweep_due(installation)


def test_a_sweep_takes_what_a_killed_process_left(installation: Installation) -> None:
    orphan = installation.films.put(b"no case ever named it")
    half = (installation.folder / "films") / orphan[:2] / f".{orphan}.partial-x"
    half.write_bytes(b"no c")
    assert staging.sweep(installation) == 0, "it may belong to a case being entered now"
    _grow_old(installation)
    assert staging.sweep(installation) == 1
    assert not installation.films.has(orphan)
    assert not half.exists()


def test_a_film_put_again_while_it_is_swept_is_not_lost(
    installation: Installation, doctor: Person
) -> None:
    """Old orphans of the very films that cases are entered with, swept all the time."""
    contents = [phantom_png(seed) for seed in range(6)]
    for content in contents:
        installation.films.put(content)
    _grow_old(installation)

    def enter(seed: int) -> int:
        return add_case(installation, doctor, seed=seed, films=[contents[seed]])

    with ThreadPoolExecutor(3) as pool:
        sweeps = [pool.submit(staging.sweep, installation) for _ in range(6)]
        cases = list(pool.map(enter, range(6)))
        assert all(sweep.exception() is None for sweep in sweeps)
    assert len(set(cases)) == 6
    with installation.reading() as session:
        named = session.scalars(select(Film.sha256)).all()
        assert verify(session, installation.keys).broken is None
    assert len(named) == 6
    assert all(installation.films.has(sha256) for sha256 in named)


def test_removing_a_film_from_the_form_leaves_others_alone(
    installation: Installation, people: dict[Role, Person], stage: Stage
) -> None:
    staged = stage(phantom_png(1))
    with installation.writing() as session:
        staging.forget(session, people[Role.RADIOLOGIST], [staged.token])
    assert staging.find(installation, people[Role.DOCTOR], staged.token)
    with installation.writing() as session:
        staging.forget(session, people[Role.DOCTOR], [staged.token])
    with pytest.raises(NotFoundError):
        staging.find(installation, people[Role.DOCTOR], staged.token)


def test_a_read_only_store_sweeps_nothing(installation: Installation, tmp_path: Path) -> None:
    nowhere = replace(installation, films=FilmStore(FolderPlace(tmp_path / "none")))
    assert staging.sweep(nowhere) == 0
