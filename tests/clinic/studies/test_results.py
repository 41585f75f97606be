"""Results: only at the end, in the long form, with the truth as it is then."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import select, update

from clinic_clock import CLOCK
from clinic_factory import add_user
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import Film
from covid_d.clinic.database.sealed import AlteredError, table_of
from covid_d.clinic.database.studies import ReadingStudy, StudyFilm, StudyRating
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.statistics.table import to_csv
from covid_d.clinic.studies.reading import open_next, rate, read_by, study_of
from covid_d.clinic.studies.results import (
    StillReadError,
    close,
    results,
    studies,
    summary_of,
)
from covid_d.clinic.trail.audit_trail import Actor
from study_rows import add_cases, add_study

pytestmark = pytest.mark.postgres

People = dict[Role, Person]


@pytest.fixture
def researcher(people: People) -> Person:
    """Who creates studies."""
    return people[Role.RESEARCHER]


@pytest.fixture
def readers(people: People) -> list[Person]:
    """Two readers."""
    return [people[Role.DOCTOR], people[Role.RADIOLOGIST]]


@pytest.fixture
def study(installation: Installation, researcher: Person, readers: list[Person]) -> ReadingStudy:
    """Four films, two readers, two rounds without a washout."""
    add_cases(installation, readers[0], positive=5, negative=5)
    return add_study(installation, researcher, readers, washout_days=0)


def _read_all(place: Installation, person: Person, study: ReadingStudy) -> None:
    number = 0
    while True:
        with place.act(Actor(person.id)) as act:
            found = read_by(act.session, person, study.id)
            film = open_next(act, found, person).film_id
            if film is None:
                act.record("test", "test")
                return
            number += 1
            category = ("negative", "atypical", "indeterminate", "typical")[film % 4]
            rate(act, found, person, film, category=category, rating=10 * number)


def _rows(place: Installation, person: Person, study: ReadingStudy) -> list[dict[str, str]]:
    with place.reading() as session:
        found = study_of(session, person, study.id)
        table = results(session, found, person, CLOCK)
    return list(csv.DictReader(io.StringIO(to_csv(table, "en"))))


def test_one_row_a_reader_case_and_round(
    installation: Installation, researcher: Person, readers: list[Person], study: ReadingStudy
) -> None:
    for reader in readers:
        _read_all(installation, reader, study)
    rows = _rows(installation, researcher, study)
    assert list(rows[0]) == [
        "study", "reader", "case", "round", "position", "truth", "rating", "category", "time",
        "read_at",
    ]  # fmt: skip
    keys = {(row["reader"], row["case"], row["round"]) for row in rows}
    assert (len(rows), len(keys)) == (16, 16)
    assert {row["reader"] for row in rows} == {"Doctor", "Radiologist"}
    with installation.reading() as session:
        cases = session.scalars(
            select(Film.case_id).join(StudyFilm, StudyFilm.film_id == Film.id)
        ).all()
    assert {row["case"] for row in rows} == {str(case) for case in cases}
    truths = [row["truth"] for row in rows]
    assert (truths.count("positive"), truths.count("negative")) == (8, 8)
    first = [row for row in rows if row["reader"] == "Doctor"]
    assert [row["rating"] for row in first] == [str(10 * n) for n in range(1, 9)]
    assert [row["round"] for row in first] == ["1"] * 4 + ["2"] * 4
    assert [row["position"] for row in first] == list("12341234")
    assert all(0 <= float(row["time"]) < 60 for row in rows)
    assert "Piloto" not in str(rows)


def test_not_while_it_is_read(
    installation: Installation, researcher: Person, readers: list[Person], study: ReadingStudy
) -> None:
    _read_all(installation, readers[0], study)
    with pytest.raises(StillReadError):
        _rows(installation, researcher, study)
    with installation.act(Actor(researcher.id)) as act:
        close(act, study_of(act.session, researcher, study.id))
    assert len(_rows(installation, researcher, study)) == 8, "what was read until its end"


def test_the_truth_is_the_reference_standard_of_now(
    installation: Installation, researcher: Person, readers: list[Person], study: ReadingStudy
) -> None:
    for reader in readers:
        _read_all(installation, reader, study)
    case_id = int(next(r["case"] for r in _rows(installation, researcher, study)
                       if r["truth"] == "negative"))  # fmt: skip
    entry = Entry(EntryKind.RT_PCR, "positive", CLOCK.today())
    add(installation, readers[0], Actor(readers[0].id), case_id, entry)
    truths = {row["case"]: row["truth"] for row in _rows(installation, researcher, study)}
    assert truths[str(case_id)] == "positive"
    assert sorted(truths.values()) == ["negative"] + ["positive"] * 3


def test_who_withdrew_consent_since_is_in_no_result(
    installation: Installation, researcher: Person, readers: list[Person], study: ReadingStudy
) -> None:
    for reader in readers:
        _read_all(installation, reader, study)
    case_id = int(_rows(installation, researcher, study)[0]["case"])
    add(
        installation,
        readers[0],
        Actor(readers[0].id),
        case_id,
        Entry(EntryKind.CONSENT, "withdrawn"),
    )
    rows = _rows(installation, researcher, study)
    assert (len(rows), str(case_id) in {row["case"] for row in rows}) == (12, False)


def test_a_rating_changed_in_the_database_gives_no_results(
    installation: Installation, researcher: Person, readers: list[Person], study: ReadingStudy
) -> None:
    for reader in readers:
        _read_all(installation, reader, study)
    with installation.engine.begin() as connection:
        own = table_of(StudyRating)
        connection.execute(update(own).where(own.c.position == 1).values(rating=0))
    with pytest.raises(AlteredError):
        _rows(installation, researcher, study)


def test_how_far_it_is(
    installation: Installation, researcher: Person, readers: list[Person], study: ReadingStudy
) -> None:
    with installation.reading() as session:
        before = summary_of(session, study, researcher)
        assert (before.films, before.readers, before.read, before.expected) == (4, 2, 0, 16)
        assert (before.is_over, before.own) == (False, None)
        mine = summary_of(session, study, readers[0])
        assert mine.own is not None
    for reader in readers:
        _read_all(installation, reader, study)
    with installation.reading() as session:
        after = summary_of(session, study, researcher)
    assert (after.read, after.is_over) == (16, True)


def test_who_sees_which_study(
    installation: Installation, researcher: Person, readers: list[Person], study: ReadingStudy
) -> None:
    outsider = add_user(installation, "otra", Role.RADIOLOGIST, unit="Hospital Uno")
    other = add_study(installation, researcher, readers[:1])

    def seen(person: Person, every: bool) -> list[int]:
        with installation.reading() as session:
            return [one.study.id for one in studies(session, person, every=every)]

    assert seen(researcher, True) == [other.id, study.id], "the newest first"
    assert seen(readers[0], False) == [other.id, study.id]
    assert seen(readers[1], False) == [study.id]
    assert seen(outsider, False) == []


def test_it_ends_once(installation: Installation, researcher: Person, study: ReadingStudy) -> None:
    moments = []
    for _ in range(2):
        with installation.act(Actor(researcher.id)) as act:
            found = study_of(act.session, researcher, study.id)
            close(act, found)
            act.record("test", "test")
            moments.append(found.closed_at)
    assert moments[0] == moments[1]
