"""A node that works for a clinic, as other nodes meet it: what comes twice, strange or at once."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1

from arrival_factory import every_arrival, network_film, ward_of
from bundle_factory import AUDITED, make_appearance_bundle
from clinic_factory import add_unit, add_user, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.arrivals import lists, node_queue
from covid_d.clinic.arrivals.desk import ClinicWard
from covid_d.clinic.cases.intake import GivenFilm, create_case
from covid_d.clinic.cases.readings import record_reading
from covid_d.clinic.database.arrivals import Arrival
from covid_d.clinic.database.cases import Case
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.pacs.node import Node
from covid_d.pacs.queue import QueuedFilm
from covid_d.pacs.settings import PacsSettings
from covid_d.pacs.tables import FilmState
from covid_d.settings import settings
from films import encapsulated, part10
from pacs_factory import Archive, send, send_at_once, wait_until


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    bundle = make_appearance_bundle(tmp_path / "bundle", verdict=AUDITED)
    monkeypatch.setenv("COVID_D_BUNDLE", str(bundle))
    settings.cache_clear()  # another test of this process may have asked for them
    opened = Installation.open(ClinicSettings(data=tmp_path / "clinic"))
    add_unit(opened, "Hospital Uno")
    yield opened
    opened.close()
    settings.cache_clear()


@pytest.fixture
def archive() -> Iterator[Archive]:
    with Archive().running() as running:
        yield running


@pytest.fixture
def joined(clinic: Installation, archive: Archive) -> Iterator[Any]:
    started: list[Node] = []

    def start(ward: ClinicWard | None = None, **given: Any) -> Node:
        known: dict[str, Any] = {
            "data": node_queue.node_folder(clinic),
            "port": 0,
            "timeout_s": 20,
            "send_to": (f"ARCHIVE@127.0.0.1:{archive.port}",),
        }
        node = Node(PacsSettings(**{**known, **given}), ward=ward or ward_of(clinic))
        started.append(node)
        node.start()
        return node

    yield start
    for node in started:
        node.stop()


@pytest.fixture
def doctor(clinic: Installation) -> Person:
    return add_user(clinic, "doctora", Role.DOCTOR, unit="Hospital Uno")


def films_in(node: Node) -> dict[str, int]:
    return node.queue.counts()["films"]


def sent_of(node: Node) -> dict[str, int]:
    return node.queue.counts()["deliveries"]


class TestALoop:
    def test_a_study_that_comes_back_three_times_is_one_arrival_and_one_answer(
        self, joined: Any, clinic: Installation, archive: Archive
    ) -> None:
        node = joined()
        film = network_film()
        assert send(node.port, film) == [0x0000]
        wait_until(lambda: sent_of(node) == {"sent": 1})
        back = list(archive.objects.values())
        for _ in range(3):
            assert send(node.port, film, *back) == [0x0000] * 3
        assert node.queue.counts()["let_go"] == {"ours": 6}
        assert len(every_arrival(clinic)) == 1
        assert len(archive.arrivals) == 2
        assert node.queue.listed()[0].copies == 4

    def test_a_doctors_reading_that_comes_back_is_ours_too(
        self, joined: Any, clinic: Installation, archive: Archive, doctor: Person
    ) -> None:
        node = joined(ward_of(clinic, readings="always"))
        send(node.port, network_film())
        wait_until(lambda: len(every_arrival(clinic)) == 1)
        read(clinic, doctor, enter(clinic, doctor, every_arrival(clinic)[0]))
        wait_until(lambda: len(archive.kept("SR")) == 2)
        verified = [made for made in archive.kept("SR") if made.VerificationFlag == "VERIFIED"]
        assert send(node.port, *verified) == [0x0000]
        assert node.queue.counts()["let_go"] == {"ours": 1}
        assert len(every_arrival(clinic)) == 1


class TestWhatIsStrange:
    def test_a_mixed_study_goes_through_and_its_film_alone_arrives(
        self, joined: Any, clinic: Installation
    ) -> None:
        node = joined()
        study = [
            network_film(1, 9, SOPClassUID="1.2.840.10008.5.1.4.1.1.2", Modality="CT"),
            network_film(2, 9, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.67", Modality="SR"),
            network_film(3, 9, SOPClassUID="1.3.6.1.4.1.99999.1.2"),  # private
            network_film(4, 9, BodyPartExamined="KNEE"),
            network_film(5, 9),
        ]
        assert send(node.port, *study) == [0x0000] * 5
        wait_until(lambda: len(every_arrival(clinic)) == 1)
        assert node.queue.counts()["let_go"] == {"other-class": 3, "other-body-part": 1}

    def test_hostile_films_are_answered_with_a_reason_and_stop_nobody(
        self, joined: Any, clinic: Installation, archive: Archive
    ) -> None:
        node = joined()
        strange = hostile_films()
        assert send(node.port, *strange) == [0x0000] * len(strange)
        assert send(node.port, network_film(90)) == [0x0000]
        wait_until(lambda: films_in(node) == {"assessed": len(strange) + 1}, seconds=120)
        wait_until(lambda: sent_of(node) == {"sent": len(strange) + 1}, seconds=120)
        why = {film.sop_instance: _reason(film) for film in node.queue.listed()}
        refused = {uid for uid, reason in why.items() if reason}
        assert refused == {str(film.SOPInstanceUID) for film in strange}, why
        assert len(archive.kept("OT")) == 1, "no map of what cannot be read"
        assert len(every_arrival(clinic)) == len(strange) + 1
        assert clinic.verify_trail().sound

    def test_a_title_that_is_not_on_the_list_reaches_nothing(
        self, joined: Any, clinic: Installation
    ) -> None:
        node = joined(allow=("CT1",))
        assert send(node.port, network_film(), aet="CT2") == [None]
        assert send(node.port, network_film(), aet="CT1", called="OTHER") == [None]
        assert every_arrival(clinic) == []
        assert send(node.port, network_film(), aet="CT1") == [0x0000]
        wait_until(lambda: len(every_arrival(clinic)) == 1)

    def test_a_title_that_no_unit_reads_for_stops_nobody_else(
        self, joined: Any, clinic: Installation
    ) -> None:
        node = joined(ClinicWard(clinic, {"CT1": 1}))
        assert send(node.port, network_film(1), aet="CT2") == [0x0000]
        assert send(node.port, network_film(2), aet="CT1") == [0x0000]
        wait_until(lambda: films_in(node) == {"assessed": 1, "failed": 1})
        (arrival,) = every_arrival(clinic)
        assert arrival.caller == "CT1"
        view = node_queue.view(clinic, state="failed")
        assert view is not None
        (line,) = view.lines
        assert line.reason is not None
        assert "CT2" in line.reason.es


class TestAtOnce:
    def test_twenty_associations_are_twenty_arrivals(
        self, joined: Any, clinic: Installation
    ) -> None:
        node = joined()
        films = {
            f"CT{seed}": part10(network_film(seed, PatientID=f"HC-{seed}", PatientName=f"P^{seed}"))
            for seed in range(1, 21)
        }
        assert send_at_once(node.port, list(films.items())) == [[0x0000]] * 20
        wait_until(lambda: sent_of(node) == {"sent": 20}, seconds=120)
        arrivals = every_arrival(clinic)
        assert sorted(row.caller for row in arrivals) == sorted(films)
        assert len({row.number_hash for row in arrivals}) == 20
        assert clinic.verify_trail().sound

    def test_the_same_film_over_ten_of_them_is_one_arrival(
        self, joined: Any, clinic: Installation
    ) -> None:
        node = joined()
        film = part10(network_film())
        send_at_once(node.port, [("STATION", film)] * 10)
        wait_until(lambda: sent_of(node) == {"sent": 1})
        assert len(every_arrival(clinic)) == 1
        assert node.queue.listed()[0].copies == 10


class TestALateFilm:
    def test_it_is_answered_in_its_study_and_a_case_of_its_own(
        self, joined: Any, clinic: Installation, archive: Archive, doctor: Person
    ) -> None:
        """The first film's case was read: what comes later may not change what somebody read."""
        node = joined()
        send(node.port, network_film(1, 7))
        wait_until(lambda: len(every_arrival(clinic)) == 1)
        case = enter(clinic, doctor, every_arrival(clinic)[0])
        read(clinic, doctor, case)
        send(node.port, network_film(2, 7))
        wait_until(lambda: [bool(row.case_id) for row in every_arrival(clinic)] == [True] * 2)
        wait_until(lambda: sent_of(node) == {"sent": 2})
        first, late = every_arrival(clinic)
        assert first.case_id == case
        assert late.case_id != case
        with clinic.reading() as session:
            codes = {session.get_one(Case, row.case_id).patient_code for row in (first, late)}
        assert codes == {"HC-778"}
        assert len({report.StudyInstanceUID for report in archive.kept("SR")}) == 1

    def test_where_the_unit_reads_blind_its_answer_waits_for_its_own_reading(
        self, joined: Any, clinic: Installation, doctor: Person
    ) -> None:
        read_blind(clinic)
        node = joined()
        send(node.port, network_film(1, 7))
        wait_until(lambda: len(every_arrival(clinic)) == 1)
        case = enter(clinic, doctor, every_arrival(clinic)[0])
        read(clinic, doctor, case)
        wait_until(lambda: sent_of(node) == {"sent": 1})
        send(node.port, network_film(2, 7))
        wait_until(lambda: [bool(row.case_id) for row in every_arrival(clinic)] == [True] * 2)
        wait_until(lambda: sent_of(node) == {"sent": 1, "held": 1})
        (late,) = (row.case_id for row in every_arrival(clinic) if row.case_id != case)
        read(clinic, doctor, late or 0)
        wait_until(lambda: sent_of(node) == {"sent": 2})
        assert {film.state for film in node.queue.listed()} == {FilmState.ASSESSED}


def enter(clinic: Installation, doctor: Person, row: Arrival) -> int:
    """Enter the case of a study that waits, as a doctor does."""
    with clinic.reading() as session:
        study = lists.study_of(session, clinic, doctor, row.id)
        case = lists.form_of(session, clinic, doctor, study, same=False)
    return create_case(
        clinic, doctor, Actor(doctor.id), case, [GivenFilm(token=token) for token in study.tokens]
    )


def read(clinic: Installation, person: Person, case_id: int) -> None:
    with clinic.act(Actor(person.id)) as act:
        case = act.session.get_one(Case, case_id)
        record_reading(act, case, person, finding="negative", notes="")


def hostile_films() -> list[Dataset]:
    """Films whose header can be read, and whose pixels are not what it says."""
    short = network_film(11, PatientID="HC-11")
    short.PixelData = short.PixelData[:1000]
    bomb = network_film(12, PatientID="HC-12")
    bomb.Rows = bomb.Columns = 65535
    broken = b"\xff\xd8\xff\xc3" + bytes(range(256)) * 20 + b"\xff\xd9"
    torn = _packed(network_film(13, PatientID="HC-13"), broken, JPEGLosslessSV1)
    boxes = struct.pack(">I4s4s", 12, b"jP  ", b"\r\n\x87\n") + b"\xff" * 4000
    jpeg2000 = _packed(network_film(14, PatientID="HC-14"), boxes, JPEG2000Lossless)
    nothing = network_film(15, PatientID="HC-15")
    del nothing.PixelData
    frames = network_film(16, PatientID="HC-16")
    frames.NumberOfFrames = 2**31 - 1
    return [short, bomb, torn, jpeg2000, nothing, frames]


def _reason(film: QueuedFilm) -> str:
    """Return why a film has no answer; empty where it has one."""
    refusal = json.loads(film.assessment or "{}").get("refusal") or {}
    return str(refusal.get("code", ""))


def _packed(film: Dataset, frame: bytes, syntax: str) -> Dataset:
    return dcmread(BytesIO(encapsulated(film, frame, syntax)))
