"""What is wrong is found exactly while it is, and no sentence names a patient."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr
from sqlalchemy import update

from clinic_clock import Hands, today
from clinic_factory import add_case, add_unit, add_user
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.alerts.found import alerts, machine_of
from covid_d.clinic.arrivals import node_queue
from covid_d.clinic.cases.national_id import normalise
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import Case
from covid_d.clinic.database.figures import CalibrationCheck, LocalCalibration
from covid_d.clinic.database.operations import AuditEntry, FilmReview
from covid_d.clinic.database.sealed import table_of
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import health, integrity, last_backup
from covid_d.clinic.operations.backup import back_up
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.statistics import alarm
from covid_d.clinic.statistics.drift import REFERENCE, WINDOW
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import CovidDError
from covid_d.language import N_, said
from covid_d.pacs.queue import AnsweredFilm, Queue, QueuedFilm
from episode_factory import Told, write

pytestmark = pytest.mark.postgres
People = dict[Role, Person]
CEDULA = "1710034065"


def _keys(place: Installation) -> set[str]:
    return {alert.key for alert in alerts(place)}


def _set(place: Installation, **values: Any) -> Installation:
    return replace(place, settings=place.settings.model_copy(update=values))


@pytest.fixture
def roomy(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Say how many bytes are free."""

    def free(count: int) -> None:
        usage = shutil._ntuple_diskusage(10**13, 0, count)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    free(10**12)
    return free


@pytest.fixture
def place(installation: Installation, roomy: object) -> Installation:
    """A clinic on a disk with room, which one machine serves alone."""
    return replace(installation, settings=_alone(installation.settings))


def _alone(chosen: ClinicSettings) -> ClinicSettings:
    """Settings that name no PostgreSQL, whatever the database is: alerts bear no machine's name."""
    return chosen.model_copy(update={"database_url": None})


def test_a_new_clinic_has_nothing_to_tell(place: Installation) -> None:
    assert alerts(place) == ()


def test_a_clinic_of_a_day_neither(place: Installation, people: People) -> None:
    add_case(place, people[Role.DOCTOR])
    assert alerts(place) == ()


def test_a_disk_that_fills(place: Installation, roomy: Callable[[int], None]) -> None:
    roomy(4_999_999_999)
    (alert,) = alerts(place)
    assert alert.key == "disk"
    assert "4999 MB" in str(alert.text)
    roomy(5_000_000_000)
    assert alerts(place) == ()
    assert _keys(_set(place, notice_free_gb=6.0)) == {"disk"}


def test_a_backup_that_is_too_old(
    place: Installation, people: People, hands: Hands, tmp_path: Any
) -> None:
    add_case(place, people[Role.DOCTOR])
    hands.on(hours=35)
    assert "backup_old" not in _keys(place)
    hands.on(hours=2)
    assert "backup_old" in _keys(place), "there never was one"
    back_up(place, tmp_path / "one.zip")
    assert "backup_old" not in _keys(place)
    hands.on(hours=35)
    assert "backup_old" not in _keys(place)
    hands.on(hours=2)
    assert "backup_old" in _keys(place)


def test_a_backup_that_failed(place: Installation, people: People, tmp_path: Any) -> None:
    add_case(place, people[Role.DOCTOR])
    back_up(place, tmp_path / "good.zip")
    made = last_backup.read(place).made_at
    with pytest.raises(CovidDError):
        back_up(place, tmp_path / "good.zip" / "below-a-file.zip")
    assert _keys(place) == {"backup_failed"}
    assert last_backup.read(place).made_at == made, "the good one is still known"
    back_up(place, tmp_path / "again.zip")
    assert _keys(place) == set()


def test_a_backup_that_lacks_films(place: Installation, people: People, tmp_path: Any) -> None:
    add_case(place, people[Role.DOCTOR])
    for path in (place.folder / "films").rglob("*"):
        if path.is_file():
            path.unlink()
    back_up(place, tmp_path / "one.zip")
    assert _keys(place) == {"backup_missing", "part:films"}
    (alert,) = (one for one in alerts(place) if one.key == "backup_missing")
    assert alert.text.in_language("es").startswith("Al último respaldo le falta 1 radiografía")


def test_what_the_last_check_found(place: Installation, people: People) -> None:
    number = add_case(place, people[Role.DOCTOR])
    integrity.check(place)
    assert _keys(place) == set()
    with place.engine.begin() as connection:
        connection.execute(
            update(table_of(Case)).where(table_of(Case).c.id == number).values(age_years=3)
        )
    integrity.check(place)
    (alert,) = alerts(place)
    assert alert.key == "check"
    assert str(alert.text) == "Not whole, by the last check: films 0, records 1."
    with place.engine.begin() as connection:
        connection.execute(update(table_of(AuditEntry)).values(action="case.view"))
    integrity.check(place)
    (alert,) = alerts(place)
    assert "la pista de auditoría; radiografías 0, registros 1" in alert.text.in_language("es")


def test_a_check_that_is_too_old(place: Installation, people: People, hands: Hands) -> None:
    add_case(place, people[Role.DOCTOR])
    later = _set(place, notice_backup_hours=10**6)
    hands.on(days=7)
    assert _keys(later) == set()
    hands.on(days=2)
    assert _keys(later) == {"check_old"}
    integrity.check(place)
    assert _keys(later) == set()


@pytest.mark.parametrize("shifted", [False, True])
def test_the_drift_alarm_of_a_unit(place: Installation, people: People, shifted: bool) -> None:
    unit = people[Role.DOCTOR].unit_id
    assert unit is not None
    add_unit(place, "Hospital Dos")
    rng = np.random.default_rng(20)
    scores = rng.uniform(0.1, 0.5, REFERENCE + WINDOW)
    if shifted:
        scores[REFERENCE:] = 0.95
    told = [
        Told(
            day=date(2026, 1, 1) + timedelta(days=number // 10),
            unit_id=unit,
            patient=f"P-{number}",
            answers=(float(score),),
            bundle=place.active_detector.detector.bundle.id.sha256,
        )
        for number, score in enumerate(scores)
    ]
    write(place, told, user_id=people[Role.DOCTOR].id)
    alarm.forget(place)
    found = [alert for alert in alerts(place) if alert.key.startswith("drift")]
    assert [alert.key for alert in found] == ([f"drift:{unit}"] if shifted else [])
    assert all("Hospital Uno" in str(alert.text) for alert in found)


def test_results_that_are_missing_for_long(
    place: Installation, people: People, hands: Hands
) -> None:
    doctor = people[Role.DOCTOR]
    add_unit(place, "Hospital Dos")
    other = add_user(place, "otra", Role.DOCTOR, unit="Hospital Dos")
    numbers = [add_case(place, doctor, seed=seed) for seed in (1, 2)]
    add_case(place, other, seed=3)
    quiet = _set(place, notice_backup_hours=10**6, notice_check_hours=10**6)
    hands.on(days=13)
    assert _keys(quiet) == set()
    hands.on(days=2)
    assert _keys(quiet) == {f"laboratory:{doctor.unit_id}", f"laboratory:{other.unit_id}"}
    (mine, _) = alerts(quiet)
    assert "2 cases of Hospital Uno" in str(mine.text)
    for number in numbers:
        entry = Entry(EntryKind.RT_PCR, "negative", today())
        add(place, doctor, Actor(doctor.id), number, entry)
    assert _keys(quiet) == {f"laboratory:{other.unit_id}"}


def test_films_that_wait_for_review(place: Installation, people: People, hands: Hands) -> None:
    doctor = people[Role.DOCTOR]
    number = add_case(place, doctor)
    add(place, doctor, Actor(doctor.id), number, Entry(EntryKind.RT_PCR, "negative", today()))
    with place.writing() as session:
        (film,) = session.get_one(Case, number).films
        session.add(FilmReview(sha256=film.sha256, boxes=[[1, 2, 3, 4]], found_at=now()))
    quiet = _set(
        place,
        notice_backup_hours=10**6,
        notice_check_hours=10**6,
    )
    hands.on(days=6)
    assert _keys(quiet) == set()
    hands.on(days=2)
    assert _keys(quiet) == {"review"}
    with place.writing() as session:
        session.get_one(FilmReview, film.sha256).decision = "clear"
    assert _keys(quiet) == set()


def test_the_clinics_own_calibration(place: Installation, people: People) -> None:
    with place.writing() as session:
        kept = LocalCalibration(
            bundle_sha256="a" * 64,
            record={},
            signature="b" * 64,
            created_at=now(),
            created_by_id=people[Role.DOCTOR].id,
        )
        session.add(kept)
        session.flush()
        for raised in (False, True):
            session.add(
                CalibrationCheck(calibration_id=kept.id, created_at=now(), alarm=raised, figures={})
            )
            session.flush()
        number = kept.id
    assert _keys(place) == {"calibration"}
    with place.writing() as session:
        session.get_one(LocalCalibration, number).ended_at = now()
    assert _keys(place) == set()


def test_every_part_of_the_clinic_has_its_sentence(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = dict.fromkeys(health.checks(place), False)
    monkeypatch.setattr(health, "checks", lambda _: parts)
    told_apart = {"disk_space", "integrity"}
    assert _keys(place) == {f"part:{name}" for name in parts if name not in told_apart}


def test_no_sentence_names_a_patient(
    place: Installation, people: People, hands: Hands, roomy: Callable[[int], None]
) -> None:
    number = add_case(place, people[Role.DOCTOR], patient_code="HC-SECRETO", national_id=CEDULA)
    with place.engine.begin() as connection:
        connection.execute(
            update(table_of(Case)).where(table_of(Case).c.id == number).values(age_years=3)
        )
    hands.on(days=40)
    integrity.check(place)
    hands.on(days=40)
    roomy(1)
    found = alerts(place)
    assert len(found) >= 5
    for alert in found:
        for language in ("es", "en"):
            said = alert.text.in_language(language) + alert.remedy.in_language(language)
            assert "HC-SECRETO" not in said
            assert normalise(CEDULA) not in said
            assert f"case:{number}" not in said


class TestTheNodeOnTheHospitalsNetwork:
    @pytest.fixture
    def queue(self, place: Installation) -> Iterator[Queue]:
        opened = Queue.open(node_queue.node_folder(place), node_queue.queue_url(place))
        yield opened
        opened.close()

    def receive(self, queue: Queue, number: int = 1) -> QueuedFilm:
        queue.receive(
            fingerprint=f"{number:064d}",
            sop_instance=f"1.2.{number}",
            study="1.2",
            caller="QUISHPE",
            file=f"films/{number}.dcm",
        )
        return queue.listed()[0]

    def test_without_one_there_is_nothing_to_tell(self, place: Installation) -> None:
        assert node_queue.trouble(place) == (0, None)
        assert _keys(place) == set()

    def test_what_was_answered_and_sent_is_no_trouble(
        self, place: Installation, queue: Queue
    ) -> None:
        film = self.receive(queue)
        queue.assessed(
            [
                AnsweredFilm(
                    film,
                    outcome="x",
                    bundle="b",
                    assessment="{}",
                    destinations=["dicom:A@127.0.0.1:1"],
                )
            ]
        )
        queue.sent(queue.due("dicom:A@127.0.0.1:1", 1), transaction=None)
        assert _keys(place) == set()

    def test_what_has_waited_for_more_than_an_hour(self, place: Installation, queue: Queue) -> None:
        queue.clock = lambda: time.time() - 3599 + 60
        self.receive(queue, 1)
        assert _keys(place) == set()
        queue.clock = lambda: time.time() - 3660
        self.receive(queue, 2)
        (alert,) = alerts(place)
        assert alert.key == "pacs_waits"
        assert "60" in said(alert.text, "en")
        assert "QUISHPE" not in said(alert.text, "en")

    def test_what_failed(self, place: Installation, queue: Queue) -> None:
        queue.cannot_be_answered(self.receive(queue, 1), N_("Its files are gone."))
        (alert,) = alerts(place)
        assert (alert.key, said(alert.text, "en")[0]) == ("pacs_failed", "1")
        second = self.receive(queue, 2)
        queue.assessed(
            [
                AnsweredFilm(
                    second, outcome="x", bundle="b", assessment="{}", destinations=["dicom:A"]
                )
            ]
        )
        queue.failed(queue.due("dicom:A", 1)[0], N_("Its files are gone."))
        assert node_queue.trouble(place)[0] == 2
        queue.retry()
        assert _keys(place) == set()


def test_what_is_one_machines_own_bears_its_name(installation: Installation) -> None:
    """Where several serve one clinic; what all see alike bears none."""
    url = SecretStr("postgresql://clinic@database/clinic")
    several = installation.settings.model_copy(
        update={"database_url": url, "notice_free_gb": 10.0**9}
    )
    here = socket.gethostname()
    assert machine_of(_alone(several)) == ""
    assert machine_of(several) == here
    found = {alert.key: alert for alert in alerts(replace(installation, settings=several))}
    assert f"disk@{here}" in found
    told = found[f"disk@{here}"].text.in_language("es")
    assert told.startswith(f"{here}: El disco de los datos")
