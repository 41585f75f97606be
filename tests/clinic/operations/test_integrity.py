"""What `covid-d clinic check` finds: rows changed, put in, taken away; roles; never a traceback."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from sqlalchemy import delete, text, update

from authenticator import enrol
from clinic_clock import Hands, today
from clinic_factory import PASSWORD, add_case, add_user
from covid_d.cli.main import cli
from covid_d.clinic.accounts import users
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.accounts.user_details import UserDetails
from covid_d.clinic.arrivals.network_user import network_user
from covid_d.clinic.cases import readings
from covid_d.clinic.cases.load_case import whole_case
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.cases import Case, FollowUp, Reading, StoredAssessment
from covid_d.clinic.database.sealed import table_of
from covid_d.clinic.database.shared import SharedNote
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import integrity
from covid_d.clinic.operations.integrity import Findings, check, last
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor

pytestmark = pytest.mark.postgres

People = dict[Role, Person]


@pytest.fixture
def place(installation: Installation, people: People) -> Installation:
    """Two cases, each with a reading and a result, and a person whom an administrator made."""
    doctor = people[Role.DOCTOR]
    for seed in (1, 2):
        number = add_case(installation, doctor, seed=seed)
        entry = Entry(EntryKind.RT_PCR, "negative", today())
        add(installation, doctor, Actor(doctor.id), number, entry)
        with installation.act(Actor(doctor.id)) as act:
            case = whole_case(act.session, doctor, number)
            readings.record_reading(act, case, doctor, finding="negative")
    details = UserDetails("luz.vera", "Luz Vera", Role.DOCTOR, doctor.unit_id)
    users.create(installation, Actor(people[Role.ADMINISTRATOR].id), details)
    return installation


def _number(place: Installation) -> int:
    return next(a.person.id for a in users.every(place) if a.person.username == "luz.vera")


def _sql(place: Installation, *statements: object) -> None:
    with place.engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


def test_a_clinic_that_nobody_touched_is_whole(place: Installation) -> None:
    found = check(place)
    assert found.sound
    assert (found.films, found.rows, found.trail) == ((), (), True)


def test_changed_rows_are_named(place: Installation) -> None:
    _sql(
        place,
        update(table_of(StoredAssessment)).where(StoredAssessment.id == 2).values(outcome="x"),
        update(table_of(FollowUp)).where(FollowUp.id == 1).values(value="positive"),
        update(table_of(Reading)).where(Reading.id == 2).values(finding="positive"),
        update(table_of(Case)).where(Case.id == 1).values(age_years=3),
    )
    found = check(place)
    assert found.altered == ("assessment:2", "follow_up:1", "patient_case:1", "reading:2")
    assert not found.sound


def test_what_was_taken_away_is_named(place: Installation) -> None:
    _sql(
        place,
        delete(table_of(Reading)).where(Reading.id == 1),
        delete(table_of(FollowUp)).where(FollowUp.id == 2),
    )
    found = check(place)
    assert (found.altered, found.removed) == ((), ("reading:1", "follow_up:2"))


def test_a_whole_case_taken_away_is_named(place: Installation) -> None:
    _sql(
        place,
        delete(table_of(Reading)).where(Reading.case_id == 1),
        delete(table_of(FollowUp)).where(FollowUp.case_id == 1),
        delete(table_of(StoredAssessment)).where(StoredAssessment.film_id == 1),
        text("DELETE FROM film WHERE case_id = 1"),
        delete(table_of(Case)).where(Case.id == 1),
    )
    assert check(place).removed == ("patient_case:1", "reading:1", "follow_up:1")


def test_a_role_put_back_with_its_old_seal_is_named(place: Installation) -> None:
    """The seal of an older row fits it: only the trail knows that the role was taken away."""
    number, unit = _number(place), users.one(place, _number(place)).person.unit_id
    chief = UserDetails("luz.vera", "Luz Vera", Role.ADMINISTRATOR, unit)
    users.edit(place, Actor(None), number, chief)
    with place.reading() as session:
        kept = {c.key: getattr(session.get_one(User, number), c.key) for c in table_of(User).c}
    users.edit(place, Actor(None), number, UserDetails("luz.vera", "Luz Vera", Role.DOCTOR, unit))
    assert check(place).sound
    _sql(place, update(table_of(User)).where(User.id == number).values(kept))
    found = check(place)
    assert (found.altered, found.roles) == ((), (f"user:{number}",))


def test_an_account_switched_on_again_is_named(place: Installation) -> None:
    number = _number(place)
    with place.reading() as session:
        kept = {c.key: getattr(session.get_one(User, number), c.key) for c in table_of(User).c}
    users.set_active(place, Actor(None), number, False)
    assert check(place).sound
    _sql(place, update(table_of(User)).where(User.id == number).values(kept))
    assert check(place).roles == (f"user:{number}",)


def test_the_account_of_the_pacs_is_no_finding_until_somebody_switches_it_on(
    place: Installation,
) -> None:
    number = network_user(place)
    assert check(place).sound
    with place.writing() as session:
        session.get_one(User, number).active = True
    assert check(place).roles == (f"user:{number}",)


def test_a_removed_person_is_named(place: Installation) -> None:
    number = _number(place)
    _sql(place, text("DELETE FROM one_time_link"), delete(table_of(User)).where(User.id == number))
    assert check(place).roles == (f"user:{number}",)


def test_a_person_of_an_older_version_is_not_held_to_a_trail_that_says_nothing(
    place: Installation,
) -> None:
    add_user(place, "before.the.trail", Role.RESEARCHER)
    assert check(place).roles == ()


@pytest.mark.only_on("sqlite")  # PostgreSQL holds no such values
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE patient_case SET created_at = 'garbage' WHERE id = 1",
        "UPDATE assessment SET answer = '{' WHERE id = 1",
        "UPDATE follow_up SET day = 'someday' WHERE id = 1",
        "UPDATE user_account SET created_at = 'garbage' WHERE id = 1",
        "UPDATE audit_entry SET detail = '{' WHERE sequence = 2",
        "UPDATE audit_entry SET at = 'garbage' WHERE sequence = 2",
        "UPDATE audit_entry SET subject = x'00ff' WHERE sequence = 2",
    ],
)
def test_garbage_is_a_finding_and_no_traceback(place: Installation, statement: str) -> None:
    _sql(place, text(statement))
    result = CliRunner().invoke(cli, ["clinic", "check", "--data", str(place.folder)])
    assert result.exit_code == 1, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    found = last(place)
    assert found is not None
    assert not found.sound


def test_what_was_found_is_kept_for_the_pages(place: Installation, client: TestClient) -> None:
    assert last(place) is None
    assert client.get("/readyz").json()["integrity"] is True
    _sql(place, update(table_of(Case)).where(Case.id == 1).values(age_years=3))
    check(place)
    found = last(place)
    assert found is not None
    assert found.altered == ("patient_case:1",)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["integrity"]) == (503, False)


def test_what_one_machine_found_the_other_shows(place: Installation, tmp_path: Path) -> None:
    other = replace(place, folder=tmp_path)
    _sql(place, update(table_of(Case)).where(Case.id == 1).values(age_years=3))
    check(place)
    found = last(other)
    assert found is not None
    assert found.altered == ("patient_case:1",)
    _sql(place, delete(SharedNote))  # whoever has the database alone takes the finding away
    assert last(other) is None
    assert last(place) == found, "where it was made it stays"


def test_the_newer_one_counts(place: Installation, tmp_path: Path, hands: Hands) -> None:
    other = replace(place, folder=tmp_path)
    _sql(place, update(table_of(Case)).where(Case.id == 1).values(age_years=3))
    check(place)
    hands.on(hours=1)
    _sql(place, delete(table_of(Case)).where(Case.id == -1))
    again = check(other)
    assert last(place) == last(other) == again


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"at": 1, "films": 3}'])
def test_a_spoilt_file_is_as_none(place: Installation, content: str) -> None:
    (place.folder / integrity.FILE).write_text(content)
    assert last(place) is None


def test_only_so_many_names_are_kept(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrity, "MOST_NAMED", 1)
    _sql(place, update(table_of(Case)).values(age_years=3))
    assert len(check(place).altered) == 2
    kept = json.loads((place.folder / integrity.FILE).read_text())
    assert kept["altered"] == ["patient_case:1"]


def test_each_finding_makes_it_unsound() -> None:
    assert Findings("2026-01-01").sound
    for name in ("films", "altered", "removed", "roles"):
        assert not Findings("2026-01-01", **{name: ("x",)}).sound  # type: ignore[arg-type]
    assert not Findings("2026-01-01", trail=False).sound


@pytest.mark.only_on("sqlite")
def test_the_command_says_it_in_words(place: Installation) -> None:
    arguments = ["clinic", "check", "--data", str(place.folder)]
    whole = CliRunner().invoke(cli, arguments)
    assert whole.exit_code == 0, whole.output
    assert "records: whole" in whole.output
    _sql(
        place,
        update(table_of(Case)).where(Case.id == 1).values(created_at=_before(place)),
        delete(table_of(Reading)).where(Reading.id == 1),
    )
    broken = CliRunner().invoke(cli, arguments)
    assert broken.exit_code == 1
    assert "changed in the database: patient_case:1" in broken.output
    assert "removed from the database: reading:1" in broken.output
    assert "records: not whole" in broken.output


def _before(place: Installation) -> object:
    with place.reading() as session:
        return session.get_one(Case, 1).created_at - timedelta(days=30)


def test_a_second_factor_taken_off_with_its_old_seal_is_named(
    place: Installation, people: People, hands: Hands
) -> None:
    """An account put back as it was before: seal and row fit, only the trail knows better."""
    doctor = people[Role.DOCTOR]
    with place.reading() as session:
        kept = {c.key: getattr(session.get_one(User, doctor.id), c.key) for c in table_of(User).c}
    enrol(place, doctor, PASSWORD, at=hands.moment)
    assert check(place).sound
    _sql(place, update(table_of(User)).where(User.id == doctor.id).values(kept))
    found = check(place)
    assert (found.altered, found.roles) == ((), (f"user:{doctor.id}",))


def test_a_second_factor_switched_off_in_order_is_no_finding(
    place: Installation, people: People, hands: Hands
) -> None:
    doctor = people[Role.DOCTOR]
    enrol(place, doctor, PASSWORD, at=hands.moment)
    users.reset_second_factor(place, Actor(None), doctor.id)
    assert check(place).sound
    enrol(place, doctor, PASSWORD, at=hands.moment)
    assert check(place).sound
    _sql(place, text(f"UPDATE user_account SET role = 'researcher' WHERE id = {doctor.id}"))
    assert check(place).altered == (f"user_account:{doctor.id}",)
    users.edit(
        place, Actor(None), doctor.id, UserDetails("doctor", "D", Role.DOCTOR, doctor.unit_id)
    )
    assert check(place).sound, "saving it took the second factor off, and the trail says so"


def test_figures_that_may_count_what_was_changed_say_so(
    place: Installation, people: People, client: TestClient
) -> None:
    def shown(role: Role, path: str) -> bool:
        client.post("/sign-in", data={"username": role.value, "password": PASSWORD})
        page = client.get(path).text
        client.cookies.clear()
        assert "<h1" in page
        return 'id="unsound"' in page

    pages = ((Role.DOCTOR, "/dashboard"), (Role.RESEARCHER, "/collection"))
    assert not any(shown(*one) for one in pages), "no check was made yet"
    check(place)
    assert not any(shown(*one) for one in pages)
    _sql(place, text("UPDATE follow_up SET value = 'positive' WHERE id = 1"))
    check(place)
    assert all(shown(*one) for one in pages)
    said = integrity.over_figures(place)
    assert said is not None
    assert said.in_language("es").startswith("Según la última comprobación, 1 registro")
