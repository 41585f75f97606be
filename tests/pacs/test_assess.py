"""One film's fault is its own: the others are answered, and it is set aside with its reason."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import OperationalError

from covid_d.detector import Detector
from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.pacs import assess
from covid_d.pacs.assess import _TRIES, Assessor
from covid_d.pacs.parse import parsed
from covid_d.pacs.queue import Queue, QueuedFilm
from covid_d.pacs.results.identity import fingerprint
from covid_d.pacs.store import NodeStore
from covid_d.pacs.tables import FilmState
from covid_d.pacs.ward import ArrivedFilm, NotReadHereError, Release, WardClosedError
from films import part10
from pacs_factory import hospital_film


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    opened = Queue.open(tmp_path / "node")
    yield opened
    opened.close()


@pytest.fixture
def store(tmp_path: Path) -> NodeStore:
    return NodeStore(tmp_path / "node")


class FixedWard:
    """A ward that says what a test wants of each film."""

    def __init__(self, detector: Detector, arrive: Callable[[ArrivedFilm], bool]) -> None:
        self._detector, self._arrive = detector, arrive
        self.came: list[str] = []

    def detector(self) -> Detector:
        return self._detector

    def prevalence(self, caller: str) -> float | None:
        del caller
        return None

    def arrive(self, film: ArrivedFilm) -> bool:
        held = self._arrive(film)
        self.came.append(film.caller)
        return held

    def settle(self) -> int:
        return 0

    def releases(self, fingerprints: Any) -> dict[str, Release]:
        del fingerprints
        return {}

    def readings(self) -> list[Any]:
        return []

    def reading_taken(self, number: int) -> None:
        del number


@pytest.fixture
def assessor(queue: Queue, store: NodeStore, detector: Detector) -> Iterator[Any]:
    made: list[Assessor] = []

    def make(ward: FixedWard | None = None) -> Assessor:
        zone = ZoneInfo("America/Guayaquil")
        found = Assessor(queue, store, detector, (), secret=b"s", time_zone=zone, ward=ward)
        made.append(found)
        return found

    yield make
    for each in made:
        each.close()


def receive(queue: Queue, store: NodeStore, *seeds: int, caller: str = "CT1") -> list[str]:
    found = []
    for seed in seeds:
        film = hospital_film(seed)
        key = fingerprint(film)
        queue.receive(
            fingerprint=key,
            sop_instance=str(film.SOPInstanceUID),
            study="1.2",
            caller=caller,
            file=store.keep(key, part10(film)),
        )
        found.append(key)
    return found


def states(queue: Queue) -> list[FilmState]:
    return [film.state for film in reversed(queue.listed())]


def reason(queue: Queue, key: str) -> str:
    film = queue.known(key)
    assert film is not None
    assert film.reason is not None
    assert film.reason.es != film.reason.en
    return film.reason.en


def failing(wrong: str, error: BaseException) -> Callable[..., Any]:
    """Return what examines films, and fails with one of them."""
    whole = assess.examined

    def examined(detector: Detector, content: bytes) -> Any:
        if fingerprint(parsed(content)) == wrong:
            raise error
        return whole(detector, content)

    return examined


class TestWhatNobodyForesaw:
    def test_it_is_tried_thrice_and_set_aside_and_the_others_are_answered(
        self, queue: Queue, store: NodeStore, assessor: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keys = receive(queue, store, 1, 2, 3)
        monkeypatch.setattr(assess, "examined", failing(keys[0], TypeError("Quishpe")))
        desk = assessor()
        assert desk.run_once() == 2
        assert states(queue) == [FilmState.RECEIVED, FilmState.ASSESSED, FilmState.ASSESSED]
        for _ in range(_TRIES - 1):
            assert desk.run_once() == 0
        assert states(queue)[0] is FilmState.FAILED
        assert reason(queue, keys[0]) == "It cannot be answered: TypeError."

    def test_tried_again_it_begins_anew(
        self, queue: Queue, store: NodeStore, assessor: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keys = receive(queue, store, 1)
        desk = assessor()
        with monkeypatch.context() as patched:
            patched.setattr(assess, "examined", failing(keys[0], TypeError("x")))
            for _ in range(_TRIES):
                desk.run_once()
        assert queue.retry() == 1
        assert desk.run_once() == 1
        assert states(queue) == [FilmState.ASSESSED]
        assert list((store.folder / "begun").iterdir()) == []

    @pytest.mark.parametrize(
        "error",
        [
            MemoryError(),
            OperationalError("SELECT", {}, Exception()),
            OSError(errno.EMFILE, "Too many open files"),
            OSError(errno.ENOMEM, "Cannot allocate memory"),
        ],
        ids=str,
    )
    def test_what_is_the_machines_fault_is_no_films(
        self,
        queue: Queue,
        store: NodeStore,
        assessor: Any,
        monkeypatch: pytest.MonkeyPatch,
        error: Exception,
    ) -> None:
        keys = receive(queue, store, 1)
        now = [1000.0]
        monkeypatch.setattr(assess, "monotonic", lambda: now[0])
        desk = assessor()
        with monkeypatch.context() as patched:
            patched.setattr(assess, "examined", failing(keys[0], error))
            for _ in range(2 * _TRIES):
                assert desk.run_once() == 0
                now[0] += 60
        assert states(queue) == [FilmState.RECEIVED]
        assert desk.run_once() == 1


class TestAFilmThatEndsTheProcess:
    def test_it_is_read_apart_once_it_was_begun_too_often(
        self, queue: Queue, store: NodeStore, assessor: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keys = receive(queue, store, 1, 2)
        read: list[bytes] = []

        def ends(content: bytes) -> None:
            read.append(content)
            raise CovidDError(N_("The film ends the program that reads it (%(how)s).", how="X"))

        monkeypatch.setattr(assess, "read_apart", ends)
        for _ in range(_TRIES):  # as that many processes that died over it
            store.begin(keys[0])
        assert assessor().run_once() == 1
        assert read == [part10(hospital_film(1))]
        assert states(queue) == [FilmState.FAILED, FilmState.ASSESSED]
        assert "ends the program" in reason(queue, keys[0])

    def test_one_that_was_only_there_when_the_process_was_killed_is_answered(
        self, queue: Queue, store: NodeStore, assessor: Any
    ) -> None:
        (key,) = receive(queue, store, 1)
        for _ in range(3 * _TRIES):
            store.begin(key)
        assert assessor().run_once() == 1
        assert states(queue) == [FilmState.ASSESSED]

    def test_a_film_that_is_answered_at_once_is_read_nowhere_else(
        self, queue: Queue, store: NodeStore, assessor: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        receive(queue, store, 1)

        def never(_: bytes) -> None:
            raise AssertionError

        monkeypatch.setattr(assess, "read_apart", never)
        assert assessor().run_once() == 1


class TestAWard:
    def test_a_sender_whose_films_nobody_reads_stops_nobody_else(
        self, queue: Queue, store: NodeStore, assessor: Any, detector: Detector
    ) -> None:
        """Forty of them stood at the head of the queue, and no other film was ever answered."""
        strange = receive(queue, store, *range(1, 41), caller="CT2")
        receive(queue, store, 50, caller="CT1")

        def arrive(film: ArrivedFilm) -> bool:
            if film.caller == "CT2":
                raise NotReadHereError(
                    N_("No health unit reads the films of %(caller)s.", caller="CT2")
                )
            return False

        ward = FixedWard(detector, arrive)
        desk = assessor(ward)
        while queue.to_assess(1):
            desk.run_once()
        assert ward.came == ["CT1"]
        assert reason(queue, strange[0]) == "No health unit reads the films of CT2."
        assert states(queue) == [FilmState.FAILED] * 40 + [FilmState.ASSESSED]

    def test_one_that_is_closed_lets_all_wait_without_a_film_being_blamed(
        self,
        queue: Queue,
        store: NodeStore,
        assessor: Any,
        detector: Detector,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        receive(queue, store, 1)
        now, closed = [1000.0], [True]
        monkeypatch.setattr(assess, "monotonic", lambda: now[0])

        def arrive(film: ArrivedFilm) -> bool:
            del film
            if closed[0]:
                raise WardClosedError(N_("The disk is full."))
            return True

        desk = assessor(FixedWard(detector, arrive))
        for _ in range(2 * _TRIES):
            assert desk.run_once() == 0
            now[0] += 60
        closed[0] = False
        assert desk.run_once() == 1
        assert states(queue) == [FilmState.ASSESSED]

    def test_it_is_not_asked_again_at_once_whatever_the_wall_clock_does(
        self,
        queue: Queue,
        store: NodeStore,
        assessor: Any,
        detector: Detector,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        receive(queue, store, 1)
        now = [1000.0]
        asked: list[str] = []
        monkeypatch.setattr(assess, "monotonic", lambda: now[0])

        def arrive(film: ArrivedFilm) -> bool:
            asked.append(film.caller)
            raise WardClosedError(N_("The disk is full."))

        desk = assessor(FixedWard(detector, arrive))
        queue.clock = lambda: 5e9
        for _ in range(3):
            desk.run_once()
        assert len(asked) == 1
        queue.clock = lambda: 5.0  # set back by a century
        now[0] += 11
        desk.run_once()
        assert len(asked) == 2


def test_a_film_whose_file_is_gone_is_set_aside(
    queue: Queue, store: NodeStore, assessor: Any
) -> None:
    (key,) = receive(queue, store, 1)
    film = queue.known(key)
    assert isinstance(film, QueuedFilm)
    (store.folder / film.file).unlink()
    assert assessor().run_once() == 0
    assert "Its file is gone" in reason(queue, key)
