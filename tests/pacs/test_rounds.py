"""Node and ward: nothing goes before it may, readings go once, and a closed ward loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread

from covid_d.detector import Detector, Outcome
from covid_d.language import N_
from covid_d.pacs.node import Node
from covid_d.pacs.peer import Destination
from covid_d.pacs.queue import AnsweredFilm, Queue
from covid_d.pacs.results.header import header_of
from covid_d.pacs.results.identity import fingerprint
from covid_d.pacs.rounds import Rounds
from covid_d.pacs.settings import PacsSettings
from covid_d.pacs.store import NodeStore
from covid_d.pacs.tables import DeliveryState, FilmState
from covid_d.pacs.ward import ArrivedFilm, ConfirmedReading, Release, WardClosedError
from pacs_factory import MOMENT, Archive, hospital_film, send, wait_until


@dataclass
class PaperWard:
    """A ward of one desk, without a database: what the clinic does, in memory."""

    answers_by: Detector
    blind: bool = True
    closed: bool = False
    arrived: dict[str, ArrivedFilm] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    decided: dict[str, Release] = field(default_factory=dict)
    waiting: list[ConfirmedReading] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)

    def _open(self) -> None:
        if self.closed:
            raise WardClosedError(N_("The disk is full."))

    def detector(self) -> Detector:
        self._open()
        return self.answers_by

    def prevalence(self, caller: str) -> float | None:
        return 0.25

    def arrive(self, film: ArrivedFilm) -> bool:
        self._open()
        self.told.append(film.fingerprint)
        self.arrived[film.fingerprint] = film
        return self.blind

    def settle(self) -> int:
        self._open()
        return 0

    def releases(self, fingerprints: Collection[str]) -> Mapping[str, Release]:
        return {each: self.decided.get(each, Release.WAITS) for each in fingerprints}

    def readings(self) -> Sequence[ConfirmedReading]:
        return [each for each in self.waiting if each.number not in self.taken]

    def reading_taken(self, number: int) -> None:
        self.taken.append(number)


def confirmed(number: int = 3, seed: int = 1) -> ConfirmedReading:
    film = hospital_film(seed)
    return ConfirmedReading(
        number,
        fingerprint(film),
        header_of(film),
        "Ana Vera",
        "Hospital Uno",
        MOMENT,
        Outcome.NEGATIVE,
        sentences=["Sin signos"],
    )


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    opened = Queue.open(tmp_path)
    yield opened
    opened.close()


HOSPITAL = Destination("dicom", "PACS@127.0.0.1:104")
ELSEWHERE = Destination("stow", "https://elsewhere.example", outside=True)
MINISTRY = Destination("fhir", "https://fhir.example")
EVERYBODY = (HOSPITAL, ELSEWHERE, MINISTRY)


def enter(queue: Queue, seed: int, *, held: bool) -> int:
    film = hospital_film(seed)
    queue.receive(
        fingerprint=fingerprint(film), sop_instance="1", study="1", caller="CT1", file="f"
    )
    known = queue.known(fingerprint(film))
    assert known is not None
    queue.assessed(
        [
            AnsweredFilm(
                known,
                outcome="negative",
                bundle="b" * 64,
                assessment="{}",
                destinations=[each.name for each in EVERYBODY],
                held=held,
            )
        ]
    )
    return known.id


def states(queue: Queue, film: int, what: str = "answer") -> set[DeliveryState]:
    return {each.state for each in queue.deliveries_of(film) if each.what == what}


class TestWhatIsHeld:
    @pytest.mark.parametrize(
        ("release", "state"),
        [
            (Release.WAITS, DeliveryState.HELD),
            (Release.GOES, DeliveryState.WAITING),
            (Release.NEVER, DeliveryState.WITHHELD),
        ],
    )
    def test_the_ward_decides(
        self, queue: Queue, tmp_path: Path, detector: Detector, release: Release, state: str
    ) -> None:
        ward = PaperWard(detector)
        first, second = (enter(queue, seed, held=True) for seed in (1, 2))
        ward.decided[fingerprint(hospital_film(1))] = release
        Rounds(ward, queue, NodeStore(tmp_path), EVERYBODY).run_once()
        assert states(queue, first) == {state}
        assert states(queue, second) == {DeliveryState.HELD}

    def test_nothing_held_asks_the_ward_nothing(
        self, queue: Queue, tmp_path: Path, detector: Detector
    ) -> None:
        film = enter(queue, 1, held=False)
        ward = PaperWard(detector)
        ward.decided[fingerprint(hospital_film(1))] = Release.NEVER
        assert Rounds(ward, queue, NodeStore(tmp_path), EVERYBODY).run_once() == 0
        assert states(queue, film) == {DeliveryState.WAITING}

    def test_a_closed_ward_changes_nothing(
        self, queue: Queue, tmp_path: Path, detector: Detector
    ) -> None:
        film = enter(queue, 1, held=True)
        ward = PaperWard(detector, closed=True, waiting=[confirmed()])
        assert Rounds(ward, queue, NodeStore(tmp_path), EVERYBODY).run_once() == 0
        assert states(queue, film) == {DeliveryState.HELD}
        assert ward.taken == []


class TestReadings:
    def test_one_goes_to_the_hospital_itself_and_nowhere_else(
        self, queue: Queue, tmp_path: Path, detector: Detector
    ) -> None:
        film = enter(queue, 1, held=False)
        ward, store = PaperWard(detector, waiting=[confirmed()]), NodeStore(tmp_path)
        assert Rounds(ward, queue, store, EVERYBODY).run_once() == 1
        sent = [each for each in queue.deliveries_of(film) if each.what == "reading-3"]
        assert [each.destination for each in sent] == [HOSPITAL.name]
        (file,) = store.answers(fingerprint(hospital_film(1)), "reading-3", outside=False)
        made = dcmread(BytesIO(file.read_bytes()))
        assert made.VerificationFlag == "VERIFIED"
        assert ward.taken == [3]

    def test_told_again_after_a_kill_it_is_one_and_the_same(
        self, queue: Queue, tmp_path: Path, detector: Detector
    ) -> None:
        film = enter(queue, 1, held=False)
        ward, store = PaperWard(detector, waiting=[confirmed()]), NodeStore(tmp_path)
        rounds = Rounds(ward, queue, store, EVERYBODY)
        rounds.run_once()
        (file,) = store.answers(fingerprint(hospital_film(1)), "reading-3", outside=False)
        before = file.read_bytes()
        ward.taken.clear()
        rounds.run_once()
        assert file.read_bytes() == before
        assert len([each for each in queue.deliveries_of(film) if each.what != "answer"]) == 1

    def test_a_reading_of_two_films_is_taken_once_both_are_there(
        self,
        queue: Queue,
        tmp_path: Path,
        detector: Detector,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        films = [enter(queue, seed, held=False) for seed in (1, 2)]
        ward = PaperWard(detector, waiting=[confirmed(seed=1), confirmed(seed=2)])
        rounds = Rounds(ward, queue, NodeStore(tmp_path), EVERYBODY)
        kept: list[int] = []
        real: Callable[..., None] = queue.add

        def killed_at_the_second(film: object, *rest: object) -> None:
            if kept:
                raise KeyboardInterrupt
            kept.append(1)
            real(film, *rest)

        monkeypatch.setattr(queue, "add", killed_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            rounds.run_once()
        assert ward.taken == []
        monkeypatch.undo()
        rounds.run_once()
        assert ward.taken == [3]
        assert all(states(queue, film, "reading-3") for film in films)

    def test_of_a_film_that_the_node_never_had_nothing_goes(
        self, queue: Queue, tmp_path: Path, detector: Detector
    ) -> None:
        ward = PaperWard(detector, waiting=[confirmed(seed=9)])
        Rounds(ward, queue, NodeStore(tmp_path), EVERYBODY).run_once()
        assert ward.taken == [3]
        assert queue.listed() == []


class TestANodeWithAWard:
    def start(self, ward: PaperWard, tmp_path: Path, archive: Archive) -> Node:
        address = (f"ARCHIVE@127.0.0.1:{archive.port}",)
        node = Node(
            PacsSettings(data=tmp_path / "node", port=0, send_to=address, timeout_s=10), ward=ward
        )
        node.start()
        return node

    def test_nothing_of_a_blind_film_leaves_before_it_is_read(
        self, tmp_path: Path, detector: Detector
    ) -> None:
        ward = PaperWard(detector)
        film = hospital_film(1)
        with Archive().running() as archive:
            node = self.start(ward, tmp_path, archive)
            try:
                assert send(node.port, film) == [0x0000]
                wait_until(lambda: node.queue.counts()["deliveries"] == {"held": 1})
                came = ward.arrived[fingerprint(film)]
                assert came.header.PatientID == film.PatientID
                assert came.examination.bundle == detector.bundle.id
                assert archive.objects == {}
                ward.decided[fingerprint(film)] = Release.GOES
                wait_until(lambda: node.queue.counts()["deliveries"] == {"sent": 1})
                ward.waiting.append(confirmed())
                wait_until(lambda: node.queue.counts()["deliveries"] == {"sent": 2})
            finally:
                node.stop()
            flags = {report.VerificationFlag for report in archive.kept("SR")}
            assert flags == {"UNVERIFIED", "VERIFIED"}

    def test_the_prevalence_of_the_ward_is_stated(self, tmp_path: Path, detector: Detector) -> None:
        with Archive().running() as archive:
            node = self.start(PaperWard(detector, blind=False), tmp_path, archive)
            try:
                send(node.port, hospital_film(1))
                wait_until(lambda: len(archive.kept("SR")) == 1)
            finally:
                node.stop()
            (report,) = archive.kept("SR")
            assert "prevalence" in str(report)
            assert "0.25" in str(report)

    def test_films_wait_for_a_ward_that_is_closed(
        self, tmp_path: Path, detector: Detector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("covid_d.pacs.assess._REST_S", 0.2)
        ward = PaperWard(detector, blind=False)
        with Archive().running() as archive:
            node = self.start(ward, tmp_path, archive)
            try:
                ward.closed = True
                assert send(node.port, hospital_film(1)) == [0x0000]
                wait_until(lambda: node._assessor._closed_until > 0)
                (film,) = node.queue.listed()
                assert film.state is FilmState.RECEIVED
                ward.closed = False
                wait_until(lambda: len(archive.kept("SR")) == 1)
            finally:
                node.stop()
