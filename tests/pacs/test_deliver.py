"""Carrying answers: what is sent in which form, and what each kind of refusal leads to."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import pytest
from pydicom import Dataset
from pynetdicom import _config
from pynetdicom.presentation import build_context

from covid_d.pacs.deliver import Deliverer, enter_confirmation, uids_of
from covid_d.pacs.peer import Destination
from covid_d.pacs.queue import AnsweredFilm, Queue, QueuedFilm
from covid_d.pacs.results import make
from covid_d.pacs.send import CallOptions, Sender, Transient
from covid_d.pacs.store import NodeStore
from covid_d.pacs.tables import DeliveryState, FilmState
from pacs_factory import Archive, answered, wait_until

REPORT = "1.2.840.10008.5.1.4.1.1.88.34"
PICTURE = "1.2.840.10008.5.1.4.1.1.7"
PLAIN = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"


@pytest.fixture(autouse=True)
def _strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node switches this on for its process; the archives here are to be choosy."""
    monkeypatch.setattr(_config, "UNRESTRICTED_STORAGE_SERVICE", False)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    opened = Queue.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def store(tmp_path: Path) -> NodeStore:
    return NodeStore(tmp_path)


def enter(queue: Queue, store: NodeStore, destination: Destination, seed: int = 1) -> int:
    """Put an answered film into the queue; return its number."""
    shown = answered(seed=seed)
    queue.receive(
        fingerprint=shown.film,
        sop_instance=str(shown.header.SOPInstanceUID),
        study="1",
        caller="CT1",
        file="f",
    )
    film = queue.to_assess(100)[0]
    bundle = shown.assessment.bundle.sha256
    for made in make(shown):
        store.keep_answer(shown.film, bundle, f"inside/{made.name}.dcm", made.content)
    queue.assessed(
        [
            AnsweredFilm(
                film,
                outcome="positive",
                bundle=bundle,
                assessment="{}",
                destinations=[destination.name],
            )
        ]
    )
    return film.id


def carry(queue: Queue, store: NodeStore, destination: Destination, **options: Any) -> int:
    line = CallOptions("COVID-D", 5)
    return Deliverer(destination, queue, store, line, **options).run_once()


def state(queue: Queue, film: int) -> DeliveryState:
    return queue.deliveries_of(film)[0].state


def named(archive: Archive) -> Destination:
    return Destination("dicom", f"ARCHIVE@127.0.0.1:{archive.port}")


@contextmanager
def takes_all() -> Iterator[str]:
    """A web server that takes whatever is sent to it; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}/studies"
    finally:
        listening.shutdown()
        listening.server_close()


def _items_of(store: NodeStore, film: QueuedFilm) -> list[Dataset]:
    """What a destination names of an answer that it keeps."""
    items = []
    for uid in sorted(uids_of(store, film, "answer", outside=False)):
        item = Dataset()
        item.ReferencedSOPInstanceUID = uid
        items.append(item)
    return items


def test_nothing_due_makes_no_call(queue: Queue, store: NodeStore) -> None:
    assert carry(queue, store, Destination("dicom", "NOBODY@127.0.0.1:1")) == 0


def test_the_report_goes_before_its_picture(queue: Queue, store: NodeStore) -> None:
    with Archive().running() as archive:
        enter(queue, store, named(archive))
        assert carry(queue, store, named(archive)) == 1
    assert [archive.objects[uid].Modality for uid in archive.arrivals] == ["SR", "OT"]


def test_who_takes_no_jpeg_gets_the_picture_unpacked(queue: Queue, store: NodeStore) -> None:
    taken = [build_context(REPORT, PLAIN), build_context(PICTURE, PLAIN)]
    with Archive().running(contexts=taken) as archive:
        film = enter(queue, store, named(archive))
        carry(queue, store, named(archive))
    assert state(queue, film) is DeliveryState.SENT
    (picture,) = archive.kept("OT")
    size = picture.Rows * picture.Columns * 3
    assert len(picture.PixelData) == size + size % 2
    assert picture.file_meta.TransferSyntaxUID == PLAIN


def test_who_takes_implicit_vr_alone_gets_the_report_so(queue: Queue, store: NodeStore) -> None:
    taken = [
        build_context(REPORT, IMPLICIT),
        build_context(PICTURE, "1.2.840.10008.1.2.4.50"),
    ]
    with Archive().running(contexts=taken) as archive:
        enter(queue, store, named(archive))
        carry(queue, store, named(archive))
    (report,) = archive.kept("SR")
    assert report.file_meta.TransferSyntaxUID == IMPLICIT
    assert report.PatientName == "Quishpe^María José"


@pytest.mark.parametrize(
    ("taken", "lacks"), [(PICTURE, "Comprehensive 3D SR"), (REPORT, "Secondary Capture")]
)
def test_who_lacks_a_class_is_a_failure_that_names_it(
    queue: Queue, store: NodeStore, taken: str, lacks: str
) -> None:
    with Archive().running(contexts=[build_context(taken, PLAIN)]) as archive:
        film = enter(queue, store, named(archive))
        carry(queue, store, named(archive))
    assert state(queue, film) is DeliveryState.FAILED
    (delivery,) = queue.deliveries_of(film)
    assert delivery.reason is not None
    assert lacks in delivery.reason.en
    assert len(archive.kept("SR")) == (taken == REPORT), "a report goes without its picture"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0x0000, DeliveryState.SENT),
        (0xB000, DeliveryState.SENT),  # coercion of data elements: a warning
        (0xB006, DeliveryState.SENT),
        (0x0111, DeliveryState.SENT),  # duplicate: it is there
        (0xA700, DeliveryState.WAITING),
        (0xA7FF, DeliveryState.WAITING),
        (0x0110, DeliveryState.WAITING),  # processing failure
        (0xA900, DeliveryState.FAILED),
        (0xC123, DeliveryState.FAILED),
        (0x0122, DeliveryState.FAILED),
        (0x0124, DeliveryState.FAILED),
    ],
)
def test_what_a_status_leads_to(
    queue: Queue, store: NodeStore, status: int, expected: DeliveryState
) -> None:
    archive = Archive()
    archive.status = status
    with archive.running():
        film = enter(queue, store, named(archive))
        carry(queue, store, named(archive))
    assert state(queue, film) is expected


def files_of(store: NodeStore, seed: int = 1) -> list[Path]:
    shown = answered(seed=seed)
    return store.answers(shown.film, shown.assessment.bundle.sha256, outside=False)


@pytest.mark.parametrize("damage", ["gone", "report gone", "empty", "torn", 132, 140, 158, 300])
def test_an_answer_whose_files_are_gone_is_made_again_and_harms_no_other(
    queue: Queue, store: NodeStore, damage: str | int
) -> None:
    with Archive().running() as archive:
        first, second = (enter(queue, store, named(archive), seed) for seed in (1, 2))
        for file in files_of(store)[-1:]:
            if damage == "gone":
                for each in files_of(store):
                    each.unlink()
            elif damage == "report gone":  # it is written last: without it nothing is whole
                files_of(store)[0].unlink()
            elif isinstance(damage, int):  # it begins as one, and ends in the middle of its head
                file.write_bytes(file.read_bytes()[:damage])
            else:
                file.write_bytes(b"" if damage == "empty" else bytes(500))
        assert carry(queue, store, named(archive)) == 1
        assert state(queue, first) is DeliveryState.WAITING
        assert state(queue, second) is DeliveryState.SENT
        assert queue.film(first).state is FilmState.RECEIVED
        assert len(archive.objects) == 2, "no part of the damaged one went"


def test_so_is_one_whose_picture_cannot_be_unpacked(queue: Queue, store: NodeStore) -> None:
    taken = [build_context(REPORT, PLAIN), build_context(PICTURE, PLAIN)]
    with Archive().running(contexts=taken) as archive:
        first, second = (enter(queue, store, named(archive), seed) for seed in (1, 2))
        for each in files_of(store):
            if each.stem == "picture":
                content = each.read_bytes()
                each.write_bytes(content[: content.index(b"\xff\xd8\xff") + 20])
        assert carry(queue, store, named(archive)) == 1
        assert state(queue, first) is DeliveryState.WAITING
        assert state(queue, second) is DeliveryState.SENT
        assert queue.film(first).state is FilmState.RECEIVED


@pytest.mark.parametrize("kind", ["dicom", "stow"])
def test_a_file_that_the_disk_no_longer_gives_harms_no_other(
    queue: Queue, store: NodeStore, kind: Literal["dicom", "stow"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its head can be read, as a sector behind it cannot."""
    with Archive().running() as archive, takes_all() as address:
        place = named(archive) if kind == "dicom" else Destination("stow", address)
        first, second = (enter(queue, store, place, seed) for seed in (1, 2))
        bad, whole = set(files_of(store)), Path.read_bytes

        def read_bytes(path: Path) -> bytes:
            if path in bad:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return whole(path)

        monkeypatch.setattr(Path, "read_bytes", read_bytes)
        assert carry(queue, store, place) == 1
        assert state(queue, first) is DeliveryState.WAITING
        assert state(queue, second) is DeliveryState.SENT
        assert queue.film(first).state is FilmState.RECEIVED


def test_one_whose_film_is_gone_too_has_failed(queue: Queue, store: NodeStore) -> None:
    with Archive().running() as archive:
        number = enter(queue, store, named(archive))
        queue.forget_file(queue.film(number))
        for file in files_of(store):
            file.unlink()
        assert carry(queue, store, named(archive)) == 0
    (delivery,) = queue.deliveries_of(number)
    assert delivery.state is DeliveryState.FAILED
    assert delivery.reason is not None
    assert "gone" in delivery.reason.en
    assert queue.film(number).state is FilmState.ASSESSED


def test_a_line_that_breaks_leaves_the_rest_waiting(queue: Queue, store: NodeStore) -> None:
    archive = Archive()
    archive.status = 0xA700
    with archive.running():
        films = [enter(queue, store, named(archive), seed) for seed in (1, 2, 3)]
        carry(queue, store, named(archive))
    assert [state(queue, film) for film in films] == [DeliveryState.WAITING] * 3
    assert [queue.deliveries_of(film)[0].attempts for film in films] == [1, 1, 1]


def test_each_answer_on_the_way_is_entered_once_it_is_there(
    queue: Queue, store: NodeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several together: each of these steps waits for the disk."""
    entered: list[int] = []
    whole = queue.sent

    def sent(some: Any, **options: Any) -> None:
        entered.append(len(some))
        whole(some, **options)

    monkeypatch.setattr(queue, "sent", sent)
    with Archive().running() as archive:
        films = [enter(queue, store, named(archive), seed) for seed in range(1, 20)]
        assert carry(queue, store, named(archive)) == 19
    assert {state(queue, film) for film in films} == {DeliveryState.SENT}
    assert entered == [8, 8, 3]


class TestOneConnection:
    @pytest.fixture
    def made(self, monkeypatch: pytest.MonkeyPatch) -> list[Sender]:
        """The connections that were made."""
        found: list[Sender] = []
        whole = Sender.__enter__

        def enter(self: Sender) -> Sender:
            found.append(self)
            return whole(self)

        monkeypatch.setattr(Sender, "__enter__", enter)
        return found

    def test_carries_what_comes_a_moment_later_too(
        self,
        queue: Queue,
        store: NodeStore,
        made: list[Sender],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with Archive().running() as archive:
            waits: list[float] = []

            def listen(self: Sender, seconds: float) -> bool:
                del self
                waits.append(seconds)
                if len(waits) == 1:
                    enter(queue, store, named(archive), 2)
                return False

            monkeypatch.setattr(Sender, "listen", listen)
            enter(queue, store, named(archive), 1)
            assert carry(queue, store, named(archive)) == 2
            assert len(made) == 1
            assert len(archive.kept("SR")) == 2

    def test_that_hung_up_meanwhile_is_made_anew(
        self, queue: Queue, store: NodeStore, made: list[Sender], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def listen(self: Sender, seconds: float) -> bool:
            del seconds
            raise self._given_up(OSError("it hung up"))

        monkeypatch.setattr(Sender, "listen", listen)
        with Archive().running() as archive:
            films = [enter(queue, store, named(archive), 1)]
            assert carry(queue, store, named(archive)) == 1
            films.append(enter(queue, store, named(archive), 2))
            assert carry(queue, store, named(archive)) == 1
        assert len(made) == 2
        assert [state(queue, film) for film in films] == [DeliveryState.SENT] * 2

    def test_ends_where_a_rejection_came(
        self, queue: Queue, store: NodeStore, made: list[Sender]
    ) -> None:
        archive = Archive()
        archive.status = 0xA900
        with archive.running():
            film = enter(queue, store, named(archive), 1)
            assert carry(queue, store, named(archive)) == 0
        assert len(made) == 1
        assert state(queue, film) is DeliveryState.FAILED

    def test_a_node_that_stops_begins_nothing_more_over_it(
        self, queue: Queue, store: NodeStore, made: list[Sender], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Archive().running() as archive:
            deliverer = Deliverer(named(archive), queue, store, CallOptions("COVID-D", 5))
            whole = Sender.store

            def store_and_stop(self: Sender, files: Any) -> Any:
                deliverer.stop()
                return whole(self, files)

            monkeypatch.setattr(Sender, "store", store_and_stop)
            enter(queue, store, named(archive), 1)
            assert deliverer.run_once() == 1
        assert len(made) == 1

    def test_its_archive_may_confirm_over_it(self, queue: Queue, store: NodeStore) -> None:
        archive = Archive()
        archive.says_over_same = True
        with archive.running(commits=True):
            films = [enter(queue, store, named(archive), seed) for seed in (1, 2)]
            assert carry(queue, store, named(archive)) == 2
            wait_until(lambda: archive.answered_word)
        assert archive.answered_word == [0x0000]
        assert [state(queue, film) for film in films] == [DeliveryState.COMMITTED] * 2


class TestConfirmation:
    def test_uids_of_an_answer_are_those_of_its_objects(
        self, queue: Queue, store: NodeStore
    ) -> None:
        film = queue.film(enter(queue, store, Destination("dicom", "A@127.0.0.1:104")))
        made = {each.sop_instance for each in make(answered())}
        assert uids_of(store, film, "answer", outside=False) == made
        assert uids_of(store, film, "answer", outside=True) == set()
        assert uids_of(store, film, "reading-7", outside=False) == set()

    def test_a_lost_reading_is_sent_again_and_the_answer_is_not(
        self, queue: Queue, store: NodeStore
    ) -> None:
        with Archive().running() as archive:
            where = named(archive)
            film = queue.film(enter(queue, store, where))
            reading = make(answered(seed=5))[0]  # any object will do
            store.keep_answer(film.fingerprint, "reading-7", "inside/report.dcm", reading.content)
            queue.add(film, "reading-7", [where.name])
            assert carry(queue, store, where) == 2
        assert reading.sop_instance in archive.objects
        sent = queue.deliveries_of(film.id)
        queue.sent(sent, transaction="1.9")
        item = Dataset()
        item.ReferencedSOPInstanceUID = reading.sop_instance
        report = Dataset()
        report.TransactionUID, report.FailedSOPSequence = "1.9", [item]
        report.ReferencedSOPSequence = _items_of(store, film)
        assert enter_confirmation(queue, store, report) == 1
        assert {each.what: each.state for each in queue.deliveries_of(film.id)} == {
            "answer": DeliveryState.COMMITTED,
            "reading-7": DeliveryState.WAITING,
        }

    @pytest.mark.parametrize("lost", [0, 1])
    def test_a_lost_report_or_picture_sends_the_answer_again(
        self, queue: Queue, store: NodeStore, lost: int
    ) -> None:
        with Archive().running() as archive:
            where = named(archive)
            films = [enter(queue, store, where, seed) for seed in (1, 2)]
            carry(queue, store, where)
        queue.sent([queue.deliveries_of(film)[0] for film in films], transaction="1.9")
        item = Dataset()
        item.ReferencedSOPInstanceUID = make(answered(seed=2))[lost].sop_instance
        report = Dataset()
        report.TransactionUID = "1.9"
        report.FailedSOPSequence = [item]
        report.ReferencedSOPSequence = _items_of(store, queue.film(films[0]))
        assert enter_confirmation(queue, store, report) == 1
        assert [state(queue, film) for film in films] == [
            DeliveryState.COMMITTED,
            DeliveryState.WAITING,
        ]

    def test_killed_before_it_asks_it_knows_what_to_ask_again(
        self, queue: Queue, store: NodeStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An answer that arrived and was never asked about would wait for its word for ever."""

        class Killed(BaseException):
            pass

        def kill(*_: object) -> None:
            raise Killed

        monkeypatch.setattr(Sender, "ask_commitment", kill)
        with Archive().running(commits=True) as archive:
            film = enter(queue, store, named(archive))
            with pytest.raises(Killed):
                carry(queue, store, named(archive))
        assert state(queue, film) is DeliveryState.SENT
        assert [each.film for each in queue.unconfirmed(0)] == [film]

    def test_who_takes_no_request_is_not_asked_again(
        self, queue: Queue, store: NodeStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise Transient("no")

        monkeypatch.setattr(Sender, "ask_commitment", refuse)
        with Archive().running(commits=True) as archive:
            film = enter(queue, store, named(archive))
            assert carry(queue, store, named(archive)) == 1
        assert state(queue, film) is DeliveryState.SENT
        assert queue.unconfirmed(0) == []

    def test_what_is_not_named_is_not_confirmed(self, queue: Queue, store: NodeStore) -> None:
        with Archive().running() as archive:
            where = named(archive)
            films = [enter(queue, store, where, seed) for seed in (1, 2, 3)]
            carry(queue, store, where)
        queue.sent([queue.deliveries_of(film)[0] for film in films], transaction="1.9")
        whole, half = (_items_of(store, queue.film(film)) for film in films[:2])
        report = Dataset()
        report.TransactionUID = "1.9"
        report.ReferencedSOPSequence = [*whole, half[0]]
        assert enter_confirmation(queue, store, report) == 1
        assert [state(queue, film) for film in films] == [
            DeliveryState.COMMITTED,
            DeliveryState.SENT,
            DeliveryState.SENT,
        ]
        report.ReferencedSOPSequence = half
        assert enter_confirmation(queue, store, report) == 1, "its own word comes later"

    def test_an_empty_word_confirms_nothing(self, queue: Queue, store: NodeStore) -> None:
        assert enter_confirmation(queue, store, Dataset()) == 0
