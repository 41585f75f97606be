"""Films as they come over real connections: from pynetdicom, and from who has no manners."""

from __future__ import annotations

import socket
import struct
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import BytesIO
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.presentation import build_context

from covid_d.pacs.door import Door, open_door
from covid_d.pacs.intake import FAULT, SentObject
from covid_d.pacs.send import told_by
from dimse_bytes import bare_pdu, command, element, part, pdu
from pacs_factory import hospital_film, send, wait_until

LARGEST = 400_000
ECHO, DX = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.1.1.1"
ECHO_CONTEXT, DX_CONTEXT, LATER = 1, 3, 5
ABORT, RELEASED = 7, 6


class Room:
    """A door, and what came through it: read here, or by pynetdicom."""

    def __init__(self) -> None:
        self.taken: list[SentObject] = []
        self.left: list[str] = []
        self.status: Callable[[SentObject], int] = lambda sent: 0x0000
        self.door: Door

    @property
    def port(self) -> int:
        return int(self.door.server_address[1])

    def take(self, sent: SentObject) -> int:
        self.taken.append(sent)
        return self.status(sent)

    def leave(self, event: Any) -> int:
        """Note what pynetdicom read."""
        self.left.append(str(event.request.AffectedSOPInstanceUID))
        return 0x0000

    def is_empty(self) -> bool:
        return not self.door.active_associations


@contextmanager
def a_room(silent_s: float) -> Iterator[Room]:
    """A door that gives up who is silent for so long."""
    made = Room()
    entity = AE("COVID-D")
    entity.network_timeout = entity.acse_timeout = entity.dimse_timeout = silent_s
    for uid in (ECHO, DX, "1.2.840.10008.5.1.4.1.1.1"):
        entity.add_supported_context(uid, [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
    handlers: list[tuple[Any, Callable[..., Any]]] = [
        (evt.EVT_C_STORE, made.leave),
        (evt.EVT_C_ECHO, lambda event: 0x0000),
    ]
    made.door = open_door(entity, ("127.0.0.1", 0), None, handlers, made.take, largest=LARGEST)
    try:
        yield made
    finally:
        if entity._servers:
            made.door.close()
        wait_until(made.is_empty)


@pytest.fixture(scope="module")
def shared_room() -> Iterator[Room]:
    with a_room(20.0) as made:
        yield made


@pytest.fixture
def room(shared_room: Room) -> Iterator[Room]:
    """What came before is forgotten, and nobody of it is left."""
    shared_room.taken, shared_room.left = [], []
    shared_room.status = lambda sent: 0x0000
    yield shared_room
    wait_until(shared_room.is_empty)


@contextmanager
def association(room: Room) -> Iterator[tuple[Association, Any]]:
    """An association whose first byte after it was made is a test's, and its socket."""
    caller = AE("STATION")
    caller.requested_contexts = [
        build_context(ECHO),
        build_context(DX, ExplicitVRLittleEndian),
        build_context(DX, ImplicitVRLittleEndian),
    ]
    made = caller.associate("127.0.0.1", room.port, ae_title="COVID-D")
    assert made.is_established
    rests, goes_on = threading.Event(), threading.Event()

    def rest() -> bool:
        """Keep its own reader away: what comes is for the test."""
        rests.set()
        goes_on.wait()
        return False

    made.dul._is_transport_event = rest  # type: ignore[method-assign]
    assert rests.wait(300)
    line: Any = made.dul.socket.socket  # type: ignore[union-attr]
    line.settimeout(30)
    try:
        yield made, line
    finally:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        del made.dul._is_transport_event
        made.abort(block=False)
        goes_on.set()


def request(
    instance: str = "2.25.7", *, sop_class: str = DX, number: int = 1, **other: Any
) -> bytes:
    """The command of a C-STORE request."""
    fields = {"sop_class": sop_class, "kind": 1, "number": number, "priority": 0, "data": 1}
    said = command(**{**fields, "instance": instance, **other})
    return element(0, struct.pack("<I", len(said))) + said


def store(instance: str = "2.25.7", data: bytes = b"data set", **other: Any) -> bytes:
    """A C-STORE request with its data set, each in a PDU of its own."""
    return pdu((3, request(instance, **other))) + pdu((2, data))


def answers(line: socket.socket, count: int) -> list[tuple[int, int, str]]:
    """Number, status and instance of the next answers."""
    found = []
    for _ in range(count):
        told = _told(line)
        found.append((told[0x120].value, told[0x900].value, str(told[0x1000].value)))
    return found


def ends_with(line: socket.socket) -> int:
    """Kind of the next PDU that comes; 0 for none."""
    try:
        return (line.recv(1) or b"\0")[0]
    except ConnectionResetError:
        return 0


def _told(line: socket.socket) -> Dataset:
    """Return the next command that comes."""
    head = _exactly(line, 6)
    assert head[0] == 4, f"a PDU of kind {head[0]}"
    body = _exactly(line, struct.unpack(">I", head[2:])[0])
    return dcmread(BytesIO(body[6:]), force=True)


def _exactly(line: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        more = line.recv(count - len(found))
        assert more, "the node hung up"
        found += more
    return found


class TestFilms:
    def test_they_come_whole_as_files_that_say_what_they_are(self, room: Room) -> None:
        film = hospital_film(3)
        assert send(room.port, film) == [0x0000]
        (taken,) = room.taken
        assert (taken.caller, taken.host) == ("STATION", "127.0.0.1")
        assert taken.sop_class == film.SOPClassUID
        assert taken.sop_instance == film.SOPInstanceUID
        assert taken.content is not None
        kept = dcmread(BytesIO(taken.content))
        assert kept == film
        assert kept.file_meta.TransferSyntaxUID == film.file_meta.TransferSyntaxUID
        assert kept.file_meta.MediaStorageSOPInstanceUID == film.SOPInstanceUID
        assert kept.file_meta.FileMetaInformationGroupLength > 0

    def test_a_data_set_is_kept_byte_by_byte(self, room: Room) -> None:
        data = bytes(range(256)) * 300
        with association(room) as (_, line):
            line.sendall(store(data=data))
            assert answers(line, 1) == [(1, 0, "2.25.7")]
        (taken,) = room.taken
        assert taken.content is not None
        assert taken.content.endswith(data)
        assert len(taken.content) - len(data) == told_by(taken.content).starts

    def test_in_the_syntax_of_their_context(self, room: Room) -> None:
        with association(room) as (_, line):
            said = request()
            line.sendall(pdu((3, said), context=LATER) + pdu((2, b"abcd"), context=LATER))
            answers(line, 1)
        assert room.taken[0].content is not None
        told = dcmread(BytesIO(room.taken[0].content[:-4]))
        assert told.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian

    def test_any_number_over_one_association(self, room: Room) -> None:
        films = [hospital_film(seed) for seed in range(1, 9)]
        assert send(room.port, *films) == [0x0000] * 8
        assert [each.sop_instance for each in room.taken] == [f.SOPInstanceUID for f in films]
        assert room.left == []

    def test_each_is_answered_with_what_became_of_it(self, room: Room) -> None:
        room.status = lambda sent: {"2.25.1": 0xA700, "2.25.2": 0, "2.25.3": 0xC000}[
            sent.sop_instance
        ]
        with association(room) as (_, line):
            for number in (1, 2, 3):
                line.sendall(store(f"2.25.{number}", number=100 + number))
            assert answers(line, 3) == [
                (101, 0xA700, "2.25.1"),
                (102, 0, "2.25.2"),
                (103, 0xC000, "2.25.3"),
            ]

    def test_nothing_is_answered_before_it_is_taken(self, room: Room) -> None:
        with association(room) as (_, line):
            seen: list[bool] = []

            def look(sent: SentObject) -> int:
                line.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    line.recv(1)
                seen.append(True)
                return 0

            room.status = look
            line.sendall(store())
            wait_until(lambda: seen)
            line.settimeout(30)
            assert answers(line, 1) == [(1, 0, "2.25.7")]

    def test_a_fault_that_nobody_foresaw_harms_that_one_alone(self, room: Room) -> None:
        def fail(sent: SentObject) -> int:
            if sent.sop_instance.endswith(".1"):
                raise RuntimeError
            return 0

        room.status = fail
        with association(room) as (_, line):
            line.sendall(store("2.25.1") + store("2.25.2", number=2))
            assert answers(line, 2) == [(1, FAULT, "2.25.1"), (2, 0, "2.25.2")]

    def test_of_one_that_is_too_large_nothing_comes_and_the_next_one_does(self, room: Room) -> None:
        film = hospital_film(1)
        film.add_new(0x00091001, "OB", bytes(LARGEST))
        assert send(room.port, film, hospital_film(2)) == [0x0000, 0x0000]
        assert [each.content is None for each in room.taken] == [True, False]

    def test_as_large_as_is_kept_is_kept(self, room: Room) -> None:
        with association(room) as (_, line):
            for number, size in ((1, LARGEST), (2, LARGEST + 1)):
                half = size // 2
                line.sendall(pdu((3, request(number=number))))
                line.sendall(pdu((0, bytes(half))) + pdu((2, bytes(size - half))))
            answers(line, 2)
        assert [each.content is None for each in room.taken] == [False, True]


class TestParts:
    def test_command_and_data_set_in_one_pdu(self, room: Room) -> None:
        with association(room) as (_, line):
            line.sendall(pdu((3, request()), (0, b"ab"), (0, b""), (2, b"cd")))
            assert answers(line, 1) == [(1, 0, "2.25.7")]
        assert room.taken[0].content is not None
        assert room.taken[0].content.endswith(b"abcd")

    def test_two_messages_in_one_pdu(self, room: Room) -> None:
        with association(room) as (_, line):
            two = [(3, request("2.25.1")), (2, b"ab"), (3, request("2.25.2", number=2))]
            line.sendall(pdu(*two) + pdu((2, b"cd")))
            assert answers(line, 2) == [(1, 0, "2.25.1"), (2, 0, "2.25.2")]

    def test_a_byte_at_a_time(self, room: Room) -> None:
        with association(room) as (_, line):
            for byte in store():
                line.sendall(bytes([byte]))
            assert answers(line, 1) == [(1, 0, "2.25.7")]

    def test_empty_pdus_are_nothing(self, room: Room) -> None:
        with association(room) as (_, line):
            line.sendall(bare_pdu(b"") + store() + bare_pdu(b""))
            assert answers(line, 1) == [(1, 0, "2.25.7")]


class TestGivenBack:
    """What is no plain request goes to pynetdicom, from its first byte."""

    def test_an_echo_before_films(self, room: Room) -> None:
        said = command(sop_class=ECHO, kind=0x30, number=9, data=0x0101)
        echo = element(0, struct.pack("<I", len(said))) + said
        with association(room) as (_, line):
            line.sendall(store("2.25.1"))
            assert answers(line, 1) == [(1, 0, "2.25.1")]
            line.sendall(pdu((3, echo), context=ECHO_CONTEXT))
            told = _told(line)
            assert (told[0x100].value, told[0x120].value, told[0x900].value) == (0x8030, 9, 0)
            line.sendall(store("2.25.2", number=10))
            assert answers(line, 1) == [(10, 0, "2.25.2")]
        assert ([each.sop_instance for each in room.taken], room.left) == (["2.25.1"], ["2.25.2"])

    @pytest.mark.parametrize(
        "odd",
        [
            pdu((1, request()[:20]), (3, request()[20:])) + pdu((2, b"ab")),
            pdu((1, request()[:20])) + pdu((3, request()[20:]), (2, b"ab")),
            store("2.25.x"),
            store(sop_class="1.2.840.10008.5.1.4.1.1.1"),
        ],
        ids=["in two parts", "in two PDUs", "no UID", "of another class than its context"],
    )
    def test_odd_requests_are_answered_all_the_same(self, room: Room, odd: bytes) -> None:
        with association(room) as (_, line):
            line.sendall(store("2.25.1") + odd + store("2.25.3", number=3))
            (first, odd_one, third) = answers(line, 3)
        assert (first[2], third[2]) == ("2.25.1", "2.25.3")
        assert odd_one[1] == 0
        assert [each.sop_instance for each in room.taken] == ["2.25.1"]
        assert room.left[1:] == ["2.25.3"]

    def test_who_releases_is_let_go(self, room: Room) -> None:
        with association(room) as (_, line):
            line.sendall(store() + bare_pdu(bytes(4), kind=5))
            answers(line, 1)
            assert ends_with(line) == RELEASED
            wait_until(room.is_empty)

    def test_so_is_who_releases_at_once(self, room: Room) -> None:
        with association(room) as (_, line):
            line.sendall(bare_pdu(bytes(4), kind=5))
            assert ends_with(line) == RELEASED

    @pytest.mark.parametrize("before", [b"", store(), pdu((3, request()))])
    @pytest.mark.parametrize("end", [bare_pdu(bytes(4), kind=7), b""], ids=["aborts", "hangs up"])
    def test_who_goes_away_holds_nothing(self, room: Room, before: bytes, end: bytes) -> None:
        with association(room) as (_, line):
            line.sendall(before + end)
            line.shutdown(socket.SHUT_WR)
            wait_until(room.is_empty)


class TestManners:
    @pytest.mark.parametrize(
        "bad",
        [
            pdu((3, request()), (3, request())),
            pdu((3, request())) + pdu((2, b"ab"), context=LATER),
            pdu((3, b"no command at all")),
            pdu((3, request()), context=77) + pdu((2, b"ab"), context=77),
            bare_pdu(part(3, request())[:-5]),
            bare_pdu(b"abc"),
            bare_pdu(b"", kind=9),
        ],
        ids=[
            "a command for a data set",
            "a data set of another context",
            "no command",
            "a context that was not agreed",
            "a part that is cut off",
            "no part",
            "another protocol",
        ],
    )
    def test_who_has_none_is_hung_up_on(self, room: Room, bad: bytes) -> None:
        with association(room) as (_, line):
            line.sendall(store("2.25.1") + bad)
            assert answers(line, 1) == [(1, 0, "2.25.1")]
            assert ends_with(line) == ABORT
            wait_until(room.is_empty)
        assert [each.sop_instance for each in room.taken] == ["2.25.1"]

    def test_nor_who_sends_a_pdu_of_a_hundred_thousand_parts(self, room: Room) -> None:
        """Each costs more in memory than on the line."""
        with association(room) as (_, line):
            line.sendall(pdu((3, request())) + bare_pdu(part(0, b"") * 100_000))
            assert ends_with(line) in (0, ABORT)
        assert room.taken == []

    def test_an_object_costs_what_it_holds_in_however_many_parts(self, room: Room) -> None:
        """Kept part by part, each byte of one cost two hundred."""
        with association(room) as (_, line):
            line.sendall(pdu((3, request())))
            tracemalloc.start()
            try:
                for _ in range(30):
                    line.sendall(bare_pdu(part(0, b"") * 500 + part(0, b"x") * 500))
                line.sendall(pdu((2, b"y")))
                assert answers(line, 1) == [(1, 0, "2.25.7")]
                _, most = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
        assert room.taken[0].content is not None
        assert room.taken[0].content.endswith(b"x" * 15_000 + b"y")
        assert most < 3_000_000

    def test_who_falls_silent_holds_no_place(self) -> None:
        whole = store()
        with a_room(2.0) as room, ExitStack() as stack:
            for start in (b"", whole[:3], whole[:40], pdu((3, request())), whole[:-3], whole):
                _, line = stack.enter_context(association(room))
                began = time.monotonic()
                line.sendall(start)
            wait_until(room.is_empty)
            assert time.monotonic() - began > 0.5
            assert len(room.taken) == 1

    def test_a_pdu_of_four_gigabytes_is_not_waited_for(self, room: Room) -> None:
        with association(room) as (_, line):
            line.sendall(b"\x04\0" + struct.pack(">I", 0xFFFFFFF0))
            assert ends_with(line) in (0, ABORT)


def test_a_door_that_closes_ends_those_that_rest() -> None:
    with a_room(20.0) as room, association(room) as (_, line):
        line.sendall(store())
        answers(line, 1)
        room.door.close()
        assert ends_with(line) == ABORT
        wait_until(room.is_empty)


def test_several_at_once_do_not_wait_for_each_other(room: Room) -> None:
    with association(room) as (_, first), association(room) as (_, second):
        first.sendall(store("2.25.1")[:-2])
        second.sendall(store("2.25.2"))
        assert answers(second, 1) == [(1, 0, "2.25.2")]
        first.sendall(store("2.25.1")[-2:])
        assert answers(first, 1) == [(1, 0, "2.25.1")]
    assert [each.sop_instance for each in room.taken] == ["2.25.2", "2.25.1"]


def test_a_film_is_the_same_whoever_reads_it(room: Room) -> None:
    """Kept by way of pynetdicom or not, its data set is the same to the byte."""
    film: Dataset = hospital_film(5)
    assert send(room.port, film) == [0x0000]
    kept = room.taken[0].content
    assert kept is not None
    file = BytesIO()
    film.save_as(file, enforce_file_format=True)
    data = file.getvalue()[told_by(file.getvalue()).starts :]
    assert kept[told_by(kept).starts :] == data
    assert len(data) > film.Rows * film.Columns
