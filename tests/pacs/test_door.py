"""What comes to the door before, beside and after DICOM: it holds no place and no memory."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import UID
from pynetdicom import AE
from pynetdicom.association import Association

from certificates import Authority
from covid_d.pacs import receive, tls
from covid_d.pacs.door import _CONNECTIONS, _LONGEST_COMMAND, Overflow
from covid_d.pacs.node import Node
from dimse_bytes import command, element, pdu
from pacs_factory import hospital_film, send, wait_until

P_DATA = b"\x04\x00"
ABORT = 0x07


@pytest.fixture
def node(start_node: Any) -> Node:
    made: Node = start_node(timeout_s=1, max_associations=2)
    return made


@contextmanager
def calls(node: Node, count: int) -> Iterator[list[socket.socket]]:
    """Connections on which nobody has said anything yet."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", node.port), timeout=30))
            for _ in range(count)
        ]


@contextmanager
def associations(node: Node, count: int) -> Iterator[list[tuple[Association, Any]]]:
    """Associations, each with its socket, for what no library would send."""
    caller = AE("STATION")
    caller.add_requested_context(UID("1.2.840.10008.1.1"))
    made = [caller.associate("127.0.0.1", node.port, ae_title="COVID-D") for _ in range(count)]
    try:
        assert all(each.is_established for each in made)
        yield [(each, each.dul.socket.socket) for each in made]  # type: ignore[union-attr]
    finally:
        for each in made:
            each.abort()


def takes_films(node: Node) -> bool:
    return send(node.port, hospital_film()) == [0x0000]


class TestSilence:
    def test_who_connects_and_says_nothing_holds_no_place(self, node: Node) -> None:
        with calls(node, 5):
            wait_until(lambda: takes_films(node))

    @pytest.mark.parametrize(
        "start", [b"\x01", b"\x01\x00\x00\x00\x01", b"\x01\x00\x00\x00\x01\x00abc"]
    )
    def test_nor_who_says_half_of_a_request(self, node: Node, start: bytes) -> None:
        with calls(node, 5) as opened:
            for each in opened:
                each.sendall(start)
            wait_until(lambda: takes_films(node))

    def test_nor_who_stops_in_the_middle_of_a_film(self, node: Node) -> None:
        """As a station does that loses power: every place was held for ever by such."""
        with associations(node, 2) as held:
            for _, line in held:
                line.sendall(P_DATA + struct.pack(">I", 1000) + b"abc")
            wait_until(lambda: takes_films(node))

    def test_nor_who_is_connected_and_asks_for_nothing(self, node: Node) -> None:
        with associations(node, 2):
            wait_until(lambda: takes_films(node))

    def test_more_connections_than_anybody_needs_are_turned_away(self, node: Node) -> None:
        with calls(node, _CONNECTIONS * 2 + 6) as opened:
            wait_until(lambda: any(_is_closed(each) for each in opened[-6:]))
        wait_until(lambda: takes_films(node))


class TestTls:
    def test_who_does_not_shake_hands_keeps_nobody_waiting(
        self, start_node: Any, tmp_path: Path
    ) -> None:
        """The hand was shaken before the next call was taken: one silent one closed the node."""
        hospital = Authority(tmp_path, "hospital")
        mine, station = hospital.issue("node"), hospital.issue("station")
        node = start_node(
            timeout_s=20,
            certificate=mine.certificate,
            key=mine.key,
            authorities=hospital.file,
        )
        context: ssl.SSLContext = tls.context(
            station.certificate, station.key, hospital.file, server=False
        )
        with calls(node, 3):
            sent = send(node.port, hospital_film(), tls_args=(context, "127.0.0.1"))
        assert sent == [0x0000]


class TestTooMuch:
    def test_a_pdu_of_four_gigabytes_is_not_waited_for(self, node: Node) -> None:
        with calls(node, 1) as (line,):
            line.sendall(b"\x01\x00" + struct.pack(">I", 0xFFFFFFF0))
            wait_until(lambda: _is_closed(line))
        wait_until(lambda: takes_films(node))

    @pytest.mark.parametrize("words", [b"GET / HTTP/1.0\r\n\r\n", bytes(64), b"\xff" * 64])
    def test_another_protocol_is_hung_up_on(self, node: Node, words: bytes) -> None:
        with calls(node, 1) as (line,):
            line.sendall(words)
            assert line.recv(10)[0] == ABORT
        wait_until(lambda: takes_films(node))

    def test_a_command_without_end(self, node: Node) -> None:
        with associations(node, 1) as ((association, line),):
            part = b"\x01\x01" + bytes(30_000)
            packed = P_DATA + struct.pack(">I", len(part) + 4) + struct.pack(">I", len(part)) + part
            for _ in range(_LONGEST_COMMAND // 30_000 + 3):
                line.sendall(packed)
            wait_until(lambda: not association.is_established)
        wait_until(lambda: takes_films(node))

    def test_requests_without_waiting_for_an_answer(self, node: Node) -> None:
        with associations(node, 1) as ((association, line),):
            line.sendall(_echo_request(1) * 500)
            wait_until(lambda: not association.is_established)
        wait_until(lambda: takes_films(node))

    def test_of_an_object_that_is_too_large_the_rest_is_let_go(self) -> None:
        kept = Overflow()
        assert kept.write(bytes(1000)) == 1000
        assert kept.getbuffer().nbytes == 0

    def test_a_large_object_that_is_no_film_does_not_end_the_study(self, start_node: Any) -> None:
        """A forwarding PACS gives a whole study up at the first refusal."""
        node = start_node(max_film_mb=1)
        series = hospital_film(3, SOPClassUID="1.2.840.10008.5.1.4.1.1.3.1", Modality="US")
        film = hospital_film(4)
        for each in (series, film):
            each.add_new(0x00091001, "OB", bytes(3_000_000))
        sent = send(node.port, series, film, hospital_film(5))
        assert sent == [0x0000, receive.TOO_LARGE, 0x0000]
        assert node.queue.counts()["let_go"] == {"other-class": 1}
        assert len(node.queue.listed()) == 1


def test_a_node_that_stops_ends_what_is_under_way(node: Node) -> None:
    with associations(node, 2) as held:
        node.stop()
        wait_until(lambda: not any(each.is_established for each, _ in held))


def _is_closed(line: socket.socket) -> bool:
    """Return whether the other side hung up; ours may learn of it by a reset."""
    line.settimeout(0.05)
    try:
        return line.recv(100) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def _echo_request(message: int) -> bytes:
    """A C-ECHO request (PS3.7 9.3.5.1) in a PDU, over the first presentation context."""
    said = command(sop_class="1.2.840.10008.1.1", kind=0x30, number=message, data=0x0101)
    return pdu((3, element(0, struct.pack("<I", len(said))) + said), context=1)
