"""After a change of the key all is under the new one and nothing under the old, killed or not."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Event

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from authenticator import STEP, code_of, enrol
from clinic_clock import Hands
from clinic_factory import PASSWORD, add_case
from covid_d.cli.main import cli
from covid_d.clinic import key_change
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.accounts.sign_in import HalfWay, finish, sign_in
from covid_d.clinic.cases import national_id
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.cases import Case
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import FILE, NEXT, Keys
from covid_d.clinic.operations import integrity
from covid_d.clinic.operations.backup import back_up
from covid_d.clinic.operations.restore import restore
from covid_d.clinic.operations.rotate_key import rotate
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.shared_notes import OtherKeyError
from covid_d.clinic.trail import audit_trail
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import CovidDError

pytestmark = pytest.mark.postgres

CEDULA = "1710034065"


@pytest.fixture
def place(installation: Installation, people: dict[Role, Person]) -> Installation:
    """Two cases of one cédula."""
    for seed in (1, 2):
        add_case(installation, people[Role.DOCTOR], seed=seed, national_id=CEDULA)
    return installation


def _again(place: Installation) -> Installation:
    return Installation.open(place.settings)


def test_everything_is_under_the_new_key_and_nothing_under_the_old(place: Installation) -> None:
    old = place.keys
    new = rotate(place, Actor(None))
    assert new.secret != old.secret
    again = _again(place)
    assert again.keys == new
    found = integrity.check(again)
    assert (found.altered, found.removed, found.roles, found.trail) == ((), (), (), True)
    with again.reading() as session:
        assert not audit_trail.verify(session, old).sound
        cases = session.scalars(select(Case)).all()
        assert [new.decrypt(case.national_id_encrypted or "") for case in cases] == [CEDULA] * 2
        for case in cases:
            with pytest.raises(CovidDError):
                old.decrypt(case.national_id_encrypted or "")
        assert {case.national_id_hash for case in cases} == {national_id.hash_of(new, CEDULA)}
        assert national_id.hash_of(new, CEDULA) != national_id.hash_of(old, CEDULA)
    again.close()


def test_people_go_on_working(place: Installation, people: dict[Role, Person]) -> None:
    rotate(place, Actor(people[Role.ADMINISTRATOR].id))
    again = _again(place)
    assert sign_in(again, "doctor", PASSWORD, "127.0.0.1")
    number = add_case(again, people[Role.DOCTOR], seed=3, national_id=CEDULA)
    with again.reading() as session:
        unit = people[Role.DOCTOR].unit_id
        assert national_id.cases_of(session, again.keys, CEDULA, unit) == [1, 2, number]
    assert integrity.check(again).sound
    again.close()


def test_the_trail_says_the_same_and_tells_of_the_change(place: Installation) -> None:
    def said(one: Installation) -> list[tuple[object, ...]]:
        with one.reading() as session:
            rows = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence))
            return [(r.sequence, r.at, r.user_id, r.action, r.subject, r.detail) for r in rows]

    before, head = said(place), place.verify_trail().head
    rotate(place, Actor(None))
    again = _again(place)
    after = said(again)
    assert after[:-1] == before
    assert after[-1][3:] == ("key.rotate", "installation", {"head": head})
    again.close()


def test_what_was_altered_stays_altered(place: Installation) -> None:
    with place.engine.begin() as connection:
        connection.execute(text("UPDATE patient_case SET age_years = 3 WHERE id = 1"))
    rotate(place, Actor(None))
    again = _again(place)
    assert integrity.check(again).altered == ("patient_case:1",)
    again.close()


def test_a_broken_trail_is_not_chained_anew(place: Installation) -> None:
    with place.engine.begin() as connection:
        connection.execute(text("UPDATE audit_entry SET action = 'case.view' WHERE sequence = 1"))
    with pytest.raises(CovidDError, match="not whole"):
        rotate(place, Actor(None))
    assert not (place.folder / NEXT).exists()
    assert _again(place).keys == place.keys


def test_hashes_that_cannot_be_made_anew_stay_findable(
    clinic_settings: ClinicSettings, installation: Installation, people: dict[Role, Person]
) -> None:
    hashed = Installation.open(clinic_settings.model_copy(update={"national_id": "hashed"}))
    add_case(hashed, people[Role.DOCTOR], national_id=CEDULA)
    new = rotate(hashed, Actor(None))
    assert new.keeps_hashes
    second = _again(hashed)
    again = rotate(second, Actor(None))  # a second time: still the first key's
    assert (again.first, again.keeps_hashes) == (installation.keys.secret, True)
    with second.reading() as session:
        unit = people[Role.DOCTOR].unit_id
        assert national_id.cases_of(session, again, CEDULA, unit) == [1]
    hashed.close()
    second.close()


def test_names_that_must_last_do(place: Installation) -> None:
    old = place.keys
    new = rotate(place, Actor(None))
    for purpose in ("import", "patient code", "collection patient"):
        assert new.digest(purpose, "x") == old.digest(purpose, "x")
    for purpose in ("row", "audit trail", "national id", "backup", "trail anchor"):
        assert new.digest(purpose, "x") != old.digest(purpose, "x")


def test_the_key_file_is_read_as_it_was_written(place: Installation) -> None:
    for keys in (
        Keys(b"a" * 32),
        Keys(b"a" * 32, b"b" * 32),
        Keys(b"a" * 32, b"b" * 32, keeps_hashes=True),
    ):
        assert Keys.of_text(keys.text) == keys
    for wrong in ("", "ab", "hashes", f"{'ab' * 32} x", f"{'ab ' * 32}", f"{'ab' * 32}\n" * 3):
        assert Keys.of_text(wrong) is None
    rotate(place, Actor(None))
    assert stat.S_IMODE((place.folder / FILE).stat().st_mode) == 0o600


def test_a_new_backup_comes_back_with_the_new_key(place: Installation, tmp_path: Path) -> None:
    rotate(place, Actor(None))
    again = _again(place)
    back_up(again, tmp_path / "after.zip")
    again.close()
    if place.settings.database_url is not None:
        return  # the keys are the same there
    elsewhere = place.settings.model_copy(update={"data": tmp_path / "new"})
    restore(tmp_path / "after.zip", elsewhere)
    third = Installation.open(elsewhere)
    assert third.keys == again.keys
    assert integrity.check(third).sound
    third.close()


_SCRIPT = """
import os, signal, sys
from pathlib import Path
from covid_d.clinic import key_change
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import rotate_key
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail import audit_trail
from covid_d.clinic.trail.audit_trail import Actor

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

place = Installation.open(ClinicSettings(data=Path(sys.argv[1])))
where = sys.argv[2]
if where == "begun":
    rotate_key.acting = die
elif where == "rows written":
    audit_trail.chain_anew = die
elif where == "not committed":
    real = audit_trail.record
    audit_trail.record = lambda *a, **k: (real(*a, **k), die())
elif where == "committed":
    key_change.finish = die
elif where == "half finished":
    key_change.seals.note_begun = die
rotate_key.rotate(place, Actor(None))
"""


@pytest.mark.kill
@pytest.mark.only_on("sqlite")  # the steps are the same
@pytest.mark.parametrize(
    ("where", "changed"),
    [
        ("begun", False),
        ("rows written", False),
        ("not committed", False),
        ("committed", True),
        ("half finished", True),
    ],
)
def test_killed_anywhere_the_clinic_is_whole_and_it_can_be_run_again(
    place: Installation, where: str, changed: bool
) -> None:
    old = place.keys
    words = [sys.executable, "-c", _SCRIPT, str(place.folder), where]
    ran = subprocess.run(words, check=False, capture_output=True, env=os.environ)
    assert ran.returncode == -signal.SIGKILL, ran.stderr.decode()
    assert (place.folder / NEXT).exists()
    again = _again(place)
    assert (again.keys != old) is changed
    assert not (place.folder / NEXT).exists()
    assert integrity.check(again).sound
    newest = rotate(again, Actor(None))
    third = _again(place)
    assert third.keys == newest
    assert integrity.check(third).sound
    again.close()
    third.close()


def test_a_server_that_runs_on_elsewhere_writes_nothing_that_is_lost(
    place: Installation, people: dict[Role, Person]
) -> None:
    """Another machine's server is not held off: whatever it was told is kept is under the new key.

    It enters cases all the while, and is refused from the change on.
    """
    elsewhere, doctor = _again(place), people[Role.DOCTOR]
    begun, kept = Event(), []

    def work() -> int:
        for seed in count(10):
            try:
                kept.append(add_case(elsewhere, doctor, seed=seed, national_id=CEDULA))
            except OtherKeyError:
                return seed
            if seed == 12:
                begun.set()
        raise AssertionError

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        assert begun.wait(timeout=300)
        new = rotate(place, Actor(None))
        refused = working.result(timeout=300)
    assert refused == 10 + len(kept)
    again = _again(place)
    assert again.keys == new
    found = integrity.check(again)
    assert (found.altered, found.removed, found.trail) == ((), (), True)
    with again.reading() as session:
        cases = {case.id: case for case in session.scalars(select(Case))}
    assert set(kept) <= set(cases)
    assert len(cases) == 2 + len(kept), "nothing that was refused is there"
    for case in cases.values():
        assert new.decrypt(case.national_id_encrypted or "") == CEDULA
    elsewhere.close()
    again.close()


@pytest.mark.only_on("sqlite")
def test_the_command_wants_to_be_alone(place: Installation) -> None:
    words = ["clinic", "rotate-key", "--data", str(place.folder)]
    with key_change.at_work(place.folder):
        refused = CliRunner().invoke(cli, words)
        assert isinstance(refused.exception, CovidDError)
        assert "in use" in str(refused.exception)
    with key_change.at_work(place.folder, alone=True):
        check = CliRunner().invoke(cli, ["clinic", "check", "--data", str(place.folder)])
        assert "being changed" in str(check.exception)
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    again = _again(place)
    assert again.verify_trail().head in done.output
    again.close()


def test_a_second_factor_goes_on_under_the_new_key(
    place: Installation, people: dict[Role, Person], hands: Hands
) -> None:
    secret, codes = enrol(place, people[Role.DOCTOR], PASSWORD, at=hands.moment)
    old = place.keys
    rotate(place, Actor(None))
    again = _again(place)
    with again.reading() as session:
        held = session.get_one(User, people[Role.DOCTOR].id).totp_encrypted or ""
    assert again.keys.decrypt(held) == secret
    with pytest.raises(CovidDError):
        old.decrypt(held)
    hands.on(seconds=STEP)
    for code in (code_of(secret, hands.moment), codes[0]):
        half_way = sign_in(again, "doctor", PASSWORD, "127.0.0.1")
        assert isinstance(half_way, HalfWay)
        assert finish(again, half_way, code, "127.0.0.1")
    assert integrity.check(again).sound
    again.close()
