"""A connection keeps nobody waiting: not the node that was called, nor the node that calls."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from pydicom.uid import UID
from pynetdicom import AE
from pynetdicom.association import Association

from covid_d.pacs.line import _LONGEST_PDU, Hold, received, received_whole
from covid_d.pacs.peer import Peer
from covid_d.pacs.send import CallOptions, Transient, _associate, _caller, echo
from pacs_factory import Archive, wait_until

LIMIT_S = 1.0
PATIENT_S = 20.0  # a machine under load; without a limit it would be for ever


@pytest.fixture
def pair() -> Iterator[tuple[Any, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield SimpleNamespace(socket=ours), theirs


class TestReceived:
    def test_what_comes_in_pieces_comes_whole(self, pair: Any) -> None:
        line, theirs = pair
        content = bytes(range(256)) * 1000

        def send() -> None:
            for start in range(0, len(content), 50_000):
                theirs.sendall(content[start : start + 50_000])

        sending = threading.Thread(target=send)
        sending.start()
        assert received(line, len(content), 10) == content
        sending.join()

    def test_no_more_is_taken_than_was_asked_for(self, pair: Any) -> None:
        line, theirs = pair
        theirs.sendall(b"abcdef")
        assert received(line, 4, 10) == b"abcd"
        assert received(line, 2, 10) == b"ef"

    def test_who_hangs_up_leaves_what_came(self, pair: Any) -> None:
        line, theirs = pair
        theirs.sendall(b"abc")
        theirs.close()
        assert received(line, 6, 10) == b"abc"
        assert received(line, 6, 10) == b""

    def test_who_must_send_all_and_hangs_up_is_an_error(self, pair: Any) -> None:
        line, theirs = pair
        theirs.sendall(b"abcdefgh")
        theirs.close()
        assert received_whole(line, 6, 10) == b"abcdef"
        with pytest.raises(OSError, match="hung up"):
            received_whole(line, 6, 10)

    def test_what_does_not_come_in_time_is_an_error(self, pair: Any) -> None:
        line, theirs = pair
        theirs.sendall(b"abc")
        with pytest.raises(OSError, match="timed out"):
            received(line, 6, 0.05)

    def test_drops_do_not_stretch_the_time(self, pair: Any) -> None:
        line, theirs = pair
        ending = threading.Event()

        def drip() -> None:
            while not ending.wait(0.02):
                theirs.send(b".")

        dripping = threading.Thread(target=drip)
        dripping.start()
        began = time.monotonic()
        try:
            with pytest.raises(OSError, match="timed out"):
                received(line, 100_000, 0.3)
        finally:
            ending.set()
            dripping.join()
        assert time.monotonic() - began < PATIENT_S

    def test_a_length_that_nobody_may_send_is_not_believed(self, pair: Any) -> None:
        line, _ = pair
        with pytest.raises(OSError, match="PDU of"):
            received(line, _LONGEST_PDU + 1, 10)

    def test_a_line_that_was_closed_meanwhile(self) -> None:
        with pytest.raises(OSError, match="closed"):
            received(SimpleNamespace(socket=None), 6, 10)  # type: ignore[arg-type]


@contextmanager
def destination(answers: Callable[[socket.socket], None]) -> Iterator[Peer]:
    """A node that takes a call, and does something else than DICOM."""
    ending = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as door:

        def run() -> None:
            call, _ = door.accept()
            with call:
                call.recv(65536)
                try:
                    answers(call)
                    ending.wait(60)
                except OSError:
                    pass

        running = threading.Thread(target=run)
        running.start()
        try:
            yield Peer("ARCHIVE", "127.0.0.1", door.getsockname()[1])
        finally:
            ending.set()
            running.join()


def nothing(call: socket.socket) -> None:
    del call


def half(call: socket.socket) -> None:
    call.sendall(b"\x02\x00" + struct.pack(">I", 500) + b"abc")


def giant(call: socket.socket) -> None:
    call.sendall(b"\x02\x00" + struct.pack(">I", 0xFFFFFFF0))
    for _ in range(1000):
        call.sendall(bytes(100_000))


def another_protocol(call: socket.socket) -> None:
    call.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 5)


def hang_up(call: socket.socket) -> None:
    call.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("answers", [nothing, half, giant, another_protocol, hang_up])
def test_a_destination_that_is_no_node_is_given_up_for_now(
    answers: Callable[[socket.socket], None],
) -> None:
    began = time.monotonic()
    with destination(answers) as peer, pytest.raises(Transient):
        echo(peer, CallOptions("COVID-D", LIMIT_S))
    assert time.monotonic() - began < PATIENT_S


class TestHold:
    """The answers that a caller waits for are left to it, however busy the machine is."""

    @pytest.fixture
    def archive(self) -> Iterator[Archive]:
        with Archive().running() as running:
            yield running

    def association(self, archive: Archive) -> Association:
        caller = AE("COVID-D")
        caller.add_requested_context(UID("1.2.840.10008.1.1"))
        made = caller.associate("127.0.0.1", archive.port, ae_title="ARCHIVE")
        assert made.is_established
        return made

    def test_the_reactor_rests_through_every_request(self, archive: Archive) -> None:
        association = self.association(archive)
        hold = Hold(association)
        try:
            for _ in range(20):
                assert association._is_paused
                assert association.send_c_echo().Status == 0x0000
                assert not hold.is_set(), "a request that ended does not wake it"
        finally:
            association.release()
            hold.end()

    def test_it_ends_with_the_association(self, archive: Archive) -> None:
        association = self.association(archive)
        hold = Hold(association)
        association.release()
        assert association.is_alive(), "it rests still"
        hold.end()
        association.join(timeout=30)
        assert not association.is_alive()
        assert not association.dul.is_alive()

    def test_what_is_written_in_two_parts_waits_for_nothing_between_them(
        self, archive: Archive
    ) -> None:
        """Each object took 100 ms to an archive of dcmtk's, 80 of them in the kernels' waiting."""
        peer = Peer("ARCHIVE", "127.0.0.1", archive.port)
        options = CallOptions("COVID-D", 10)
        caller = _caller(options)
        caller.add_requested_context(UID("1.2.840.10008.1.1"))
        association, hold = _associate(caller, peer, options)
        line = association.dul.socket
        try:
            assert line is not None
            assert line.socket is not None
            assert line.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert line.socket.gettimeout() == 10
        finally:
            association.release()
            hold.end()

    def test_no_connection_leaves_a_thread_behind(self, archive: Archive) -> None:
        for _ in range(3):
            echo(Peer("ARCHIVE", "127.0.0.1", archive.port), CallOptions("COVID-D", 10))
        wait_until(lambda: not [t for t in threading.enumerate() if "Requestor" in t.name])

    def test_an_archive_that_hangs_up_in_between_is_no_reason_to_wait(
        self, archive: Archive
    ) -> None:
        association = self.association(archive)
        hold = Hold(association)
        try:
            began = time.monotonic()
            association.dul.socket._shutdown_socket()  # type: ignore[union-attr]
            wait_until(association.acse.is_aborted)
            association.dimse_timeout = PATIENT_S
            assert "Status" not in association.send_c_echo()
            association.release()
        finally:
            hold.end()
        assert time.monotonic() - began < 2 * PATIENT_S
        association.join(timeout=30)
        assert not association.is_alive()
