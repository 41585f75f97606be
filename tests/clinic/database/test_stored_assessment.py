"""A clinic of an earlier version comes along: its answers, its trail and its waiting films."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from clinic_clock import CLOCK
from clinic_factory import phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import staging
from covid_d.clinic.cases.intake import GivenFilm, NewCase, create_case
from covid_d.clinic.cases.result import Result
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.cases import Case, StoredAssessment
from covid_d.clinic.database.migrate import is_current, upgrade
from covid_d.clinic.database.operations import StagedFilm
from covid_d.clinic.installation import Installation, data_folder
from covid_d.clinic.keys import FILE
from covid_d.clinic.pages.case.result_words import words_of
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail.audit_trail import Actor, verify

# What the earlier version left behind is a file of SQLite, with the words of its SQL.
pytestmark = pytest.mark.only_on("sqlite")

DUMP = Path(__file__).with_name("clinic_0002.sql")
SECRET = "11" * 32 + "\n"


@pytest.fixture
def older(clinic_settings: ClinicSettings) -> dict[int, dict[str, Any]]:
    """A clinic's folder as the earlier version left it; what its answers were, by film."""
    folder = data_folder(clinic_settings)
    folder.mkdir(parents=True)
    (folder / FILE).write_text(SECRET, encoding="ascii")
    (folder / FILE).chmod(0o600)
    with sqlite3.connect(folder / "clinic.sqlite3") as database:
        database.executescript(DUMP.read_text(encoding="utf-8"))
        database.row_factory = sqlite3.Row
        rows = database.execute("SELECT * FROM assessment").fetchall()
    database.close()
    return {row["film_id"]: dict(row) for row in rows}


@pytest.fixture
def place(
    older: dict[int, dict[str, Any]], clinic_settings: ClinicSettings
) -> Iterator[Installation]:
    opened = Installation.open(clinic_settings)
    yield opened
    opened.close()


def test_every_answer_says_what_it_said(
    place: Installation, older: dict[int, dict[str, Any]]
) -> None:
    with place.reading() as session:
        stored = session.scalars(select(StoredAssessment).order_by(StoredAssessment.id)).all()
    assert [answer.outcome for answer in stored] == ["positive", "refused", "refused", "positive"]
    for answer in stored:
        told, before = answer.assessment, older[answer.film_id]
        assert told.outcome.value == before["outcome"]
        assert told.probability == answer.probability == before["probability"]
        assert told.bundle.sha256 == answer.bundle_sha256 == before["bundle_sha256"]
        assert (told.activation is not None) == (before["activation"] is not None)
        assert (told.appearance, told.covid, answer.typical) == (None, None, None)
        assert answer.prevalence == before["prevalence"]
        words = words_of(Result.of(answer, None), "es", CLOCK, unit="Hospital Uno")
        assert (words.sign == "×") == (before["outcome"] == "refused")


def test_refusals_keep_their_words_and_contradictions_their_place(place: Installation) -> None:
    with place.reading() as session:
        stored = session.scalars(select(StoredAssessment).order_by(StoredAssessment.id)).all()
    by_file, by_form = stored[1], stored[2]
    assert (by_file.refusal_code, by_form.refusal_code) == ("not_frontal", "child")
    words = words_of(Result.of(by_file, None), "es", CLOCK, unit="Hospital Uno")
    # The old tables kept the reason and the next step in one sentence.
    assert words.meaning == (
        "La proyección no es frontal (L); solo se leen PA y AP. Use la proyección PA o AP."
    )
    assert words.action == ""
    said = words_of(Result.of(stored[3], None), "es", CLOCK, unit="Hospital Uno").deciding[1:3]
    assert [sentence.split(";")[0] for sentence in said] == [
        "La radiografía dice 61 años",
        "La radiografía dice sexo masculino",
    ]


def test_no_post_test_probability_is_left(
    place: Installation, older: dict[int, dict[str, Any]]
) -> None:
    assert older[1]["post_test_probability"] is not None, "the earlier version had one"
    with place.reading() as session:
        names = set(session.execute(text("SELECT * FROM assessment LIMIT 1")).keys())
        answers = session.scalars(select(StoredAssessment.answer)).all()
    assert not {"post_test_probability", "refusal", "warnings", "activation"} & names
    assert "post_test" not in str(answers)


def test_the_trail_still_verifies(place: Installation) -> None:
    with place.reading() as session:
        found = verify(session, place.keys)
    assert (found.broken, found.entries) == (None, 5)


def test_a_film_that_waited_is_examined_anew_and_becomes_a_case(place: Installation) -> None:
    content = phantom_png(5)
    assert place.films.put(content) in _waiting(place)
    with place.reading() as session:
        person = Person.of(session.scalars(select(User)).one())
        token = session.scalars(select(StagedFilm.token)).one()
    found = staging.find(place, person, token).examination
    detector = place.active_detector.detector
    own = detector.examine(content)
    assert found.logits == own.logits
    case = NewCase(patient_code="HC-9", unit_id=person.unit_id or 0, province="Guayas")
    number = create_case(place, person, Actor(person.id), case, [GivenFilm(token=token)])
    with place.reading() as session:
        (answer,) = session.get_one(Case, number).films[0].assessments
    assert answer.probability == pytest.approx(detector.judge(own).probability)


def _waiting(place: Installation) -> list[str]:
    with place.reading() as session:
        return list(session.scalars(select(StagedFilm.sha256)))


def test_it_can_be_undone_and_done_again(
    place: Installation, older: dict[int, dict[str, Any]]
) -> None:
    from alembic import command

    from covid_d.clinic.database.migrate import _config

    config = _config()
    with place.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
    with place.engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM assessment")).mappings().all()
    for row in rows:
        before = older[row["film_id"]]
        assert row["post_test_probability"] is None, "it is not made up again"
        for name in ("outcome", "probability", "bundle_sha256", "milliseconds"):
            assert row[name] == before[name]
        for name in ("conformal_set", "refusal", "warnings", "activation"):
            assert _loaded(row[name]) == _loaded(before[name]), name
    upgrade(place.engine)
    assert is_current(place.engine)


def _loaded(value: Any) -> Any:
    import json

    return json.loads(value) if isinstance(value, str) else value
