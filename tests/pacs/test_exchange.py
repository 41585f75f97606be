"""What goes over an association, byte by byte: held against pynetdicom, and against bad manners."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.dimse_messages import C_STORE_RQ, N_ACTION_RQ, N_EVENT_REPORT_RSP, DIMSEMessage
from pynetdicom.dsutils import decode, encode
from pynetdicom.pdu import P_DATA_TF

from covid_d.pacs import exchange, messages
from covid_d.pacs.exchange import Exchange
from covid_d.pacs.line import Hold
from covid_d.radiograph.readers import walk
from dimse_bytes import CONTEXT, command, element, pdu, pdus
from pacs_factory import Archive, wait_until

CLASS = "1.2.840.10008.5.1.4.1.1.88.34"
COMMITMENT = "1.2.840.10008.1.20.1"
STORE_FIELDS: messages.Fields = {
    messages.SOP_CLASS: CLASS,
    messages.SOP_INSTANCE: "2.25.123",
    messages.PRIORITY: 0,
}
OTHER_CONTEXT = 7
LIMIT_S = 0.5


class Line:
    """An exchange over a socket whose other end a test writes and reads."""

    def __init__(self, most: int, on_report: Callable[[Dataset], int]) -> None:
        ours, self.theirs = socket.socketpair()
        contexts = {
            CONTEXT: SimpleNamespace(transfer_syntax=[ExplicitVRLittleEndian]),
            OTHER_CONTEXT: SimpleNamespace(transfer_syntax=[ImplicitVRLittleEndian]),
        }
        association: Any = SimpleNamespace(
            is_established=True,
            acceptor=SimpleNamespace(maximum_length=most),
            _accepted_cx=contexts,
            dul=SimpleNamespace(
                socket=SimpleNamespace(socket=ours),
                is_alive=lambda: False,
                _idle_timer=SimpleNamespace(restart=lambda: None),
            ),
        )
        self.exchange = Exchange(association, LIMIT_S, on_report)
        self.ours = ours

    def sent(self) -> bytes:
        """What came out so far."""
        self.theirs.settimeout(0.05)
        found = b""
        try:
            while part := self.theirs.recv(1 << 20):
                found += part
        except TimeoutError:
            pass
        return found

    def close(self) -> None:
        self.exchange.end()
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def line() -> Iterator[Callable[..., Line]]:
    made: list[Line] = []

    def make(most: int = 0, on_report: Callable[[Dataset], int] = lambda told: 0x0000) -> Line:
        made.append(Line(most, on_report))
        return made[-1]

    yield make
    for each in made:
        each.close()


def read_by_pynetdicom(stream: bytes) -> Any:
    """The message in some P-DATA-TF PDUs, as pynetdicom reads it."""
    message: Any = DIMSEMessage()
    for each in pdus(stream):
        pdu = P_DATA_TF()
        pdu.decode(each)
        message.decode_msg(pdu.to_primitive())
    return message


def answer(number: int = 1, status: int = 0, kind: int = 0x8001) -> bytes:
    return pdu((3, command(kind=kind, answers=number, data=0x0101, status=status)))


def word(number: int = 9, transaction: str = "1.9", context: int = CONTEXT) -> bytes:
    """An N-EVENT-REPORT with its data set, as an archive sends one."""
    told = Dataset()
    told.TransactionUID = transaction
    asked = command(sop_class=COMMITMENT, kind=0x0100, number=number, data=0x0001,
                    instance=f"{COMMITMENT}.1", event=1)  # fmt: skip
    written = encode(told, context == OTHER_CONTEXT, True)
    assert written is not None
    return pdu((3, asked), context=context) + pdu((2, written), context=context)


def store(on: Line, data: bytes = b"data set") -> int | None:
    return on.exchange.ask(CONTEXT, messages.STORE, STORE_FIELDS, data)


class TestWhatIsWritten:
    @pytest.mark.parametrize("most", [0, 64, 16384, 1 << 17, 1 << 20])
    @pytest.mark.parametrize("length", [0, 2, 58, 116, 40_000, 131_066, 300_000])
    def test_a_request_is_what_pynetdicom_reads(self, line: Any, most: int, length: int) -> None:
        if most == 64 and length > 200:
            length //= 100  # no thousands of PDUs
        on, data = line(most), bytes(index % 251 for index in range(length))
        on.theirs.sendall(answer())
        statuses: list[int | None] = []
        sending = threading.Thread(target=lambda: statuses.append(store(on, data)))
        sending.start()
        found = b""
        while sending.is_alive() or not found:
            found += on.sent()
        found += on.sent()
        assert statuses == [0]
        limit = min(most or 1 << 17, 1 << 17)
        assert all(len(each) - 6 <= limit for each in pdus(found)[1:])
        message = read_by_pynetdicom(found)
        assert type(message) is C_STORE_RQ
        request: Any = message.message_to_primitive()
        assert (request.AffectedSOPClassUID, request.AffectedSOPInstanceUID) == (CLASS, "2.25.123")
        assert (request.MessageID, request.Priority) == (1, 0)
        assert request.DataSet.getvalue() == data
        assert message.context_id == CONTEXT

    def test_an_action_too(self, line: Any) -> None:
        on, told = line(), Dataset()
        told.TransactionUID = "1.2.3"
        data = encode(told, False, True)
        on.theirs.sendall(answer(kind=0x8130))
        fields: messages.Fields = {
            messages.ASKED_CLASS: COMMITMENT,
            messages.ASKED_INSTANCE: f"{COMMITMENT}.1",
            messages.ACTION_TYPE: 1,
        }
        assert on.exchange.ask(CONTEXT, messages.ACTION, fields, data) == 0
        message = read_by_pynetdicom(on.sent())
        assert type(message) is N_ACTION_RQ
        request: Any = message.message_to_primitive()
        assert request.RequestedSOPClassUID == COMMITMENT
        assert request.RequestedSOPInstanceUID == f"{COMMITMENT}.1"
        assert request.ActionTypeID == 1
        assert decode(request.ActionInformation, False, True).TransactionUID == "1.2.3"

    def test_each_request_has_a_number_of_its_own_that_two_bytes_hold(self, line: Any) -> None:
        on = line()
        on.exchange._number = 0xFFFE
        for number in (0xFFFF, 1, 2):
            on.theirs.sendall(answer(number))
            assert store(on) == 0


class TestTheAnswer:
    @pytest.mark.parametrize("status", [0x0000, 0x0111, 0xA700, 0xB006, 0xC123])
    def test_its_status_comes_back(self, line: Any, status: int) -> None:
        on = line()
        on.theirs.sendall(answer(status=status))
        assert store(on) == status

    def test_one_without_a_status_has_none(self, line: Any) -> None:
        on = line()
        on.theirs.sendall(pdu((3, command(kind=0x8001, answers=1, data=0x0101))))
        assert store(on) is None

    @pytest.mark.parametrize("size", [1, 7, 30])
    def test_in_pieces_of_any_size(self, line: Any, size: int) -> None:
        on, whole = line(), answer(status=0xB000)[12:]
        pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
        for number, piece in enumerate(pieces):
            on.theirs.sendall(pdu((3 if number == len(pieces) - 1 else 1, piece)))
        assert store(on) == 0xB000

    def test_several_parts_in_one_pdu_are_read_one_after_the_other(self, line: Any) -> None:
        on = line()
        first, second = answer(1)[12:], answer(2, 0xB000)[12:]
        on.theirs.sendall(pdu((1, first[:5]), (3, first[5:]), (3, second)))
        assert (store(on), store(on)) == (0, 0xB000)

    def test_elements_that_nobody_asked_for_are_passed_over(self, line: Any) -> None:
        on = line()
        told = command(sop_class=CLASS, kind=0x8001, answers=1, data=0x0101, status=0)
        on.theirs.sendall(pdu((3, element(0, b"\0\0\0\0") + told + element(0x0902, "no room"))))
        assert store(on) == 0

    @pytest.mark.parametrize(
        "said",
        [
            answer(2),  # to another request
            answer(kind=0x8130),  # of another kind
            pdu((3, command(kind=0x0030, number=1, data=0x0101))),  # a request of its own
            pdu((2, b"data before any command")),
            pdu((3, answer()[12:]), context=5),  # a context that was not agreed
            pdu((3, b"\0\0")),
            struct.pack(">BBI", 4, 0, 3) + b"abc",  # a PDU that ends within its head
            struct.pack(">BBI", 4, 0, 6) + struct.pack(">IBB", 99, CONTEXT, 3),  # or a part
            struct.pack(">BBI", 4, 0, 6) + struct.pack(">IBB", 0, CONTEXT, 3),
            struct.pack(">BBI", 4, 0, 0xFFFFFFF0),
            struct.pack(">BBI", 5, 0, 4) + bytes(4),  # it releases
            struct.pack(">BBI", 7, 0, 4) + bytes(4),  # it aborts
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            struct.pack(">BBI", 4, 0, 500) + b"half of it",
            b"\x04",
            b"",
        ],
        ids=range(16),
    )
    def test_anything_else_ends_it(self, line: Any, said: bytes) -> None:
        on = line()
        on.theirs.sendall(said)
        on.theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(OSError, match=r".+"):
            store(on)

    def test_silence_ends_it_in_time(self, line: Any) -> None:
        on, began = line(), time.monotonic()
        with pytest.raises(TimeoutError):
            store(on)
        assert time.monotonic() - began >= LIMIT_S

    def test_a_message_without_end_does_not_fill_the_memory(
        self, line: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(exchange, "_THEIRS_AT_MOST", 1000)
        on = line()
        for _ in range(3):
            on.theirs.sendall(pdu((1, bytes(400))))
        with pytest.raises(OSError, match="1200 bytes"):
            store(on)

    def test_reports_without_end_are_no_answer(
        self, line: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(exchange, "_REPORTS_AT_ONCE", 5)
        on = line()
        for _ in range(6):
            on.theirs.sendall(word())
        with pytest.raises(OSError, match="answers nothing"):
            store(on)


class TestAReport:
    @pytest.mark.parametrize("context", [CONTEXT, OTHER_CONTEXT])
    @pytest.mark.parametrize("status", [0x0000, 0x0124])
    def test_before_the_answer_it_is_taken_and_answered(
        self, line: Any, context: int, status: int
    ) -> None:
        came: list[str] = []

        def taken(told: Dataset) -> int:
            came.append(told.TransactionUID)
            return status

        on = line(on_report=taken)
        on.theirs.sendall(word(77, "1.2.9", context) + answer())
        assert store(on) == 0
        assert came == ["1.2.9"]
        said = read_by_pynetdicom(b"".join(pdus(on.sent())[2:]))
        assert type(said) is N_EVENT_REPORT_RSP
        told: Any = said.message_to_primitive()
        assert (told.MessageIDBeingRespondedTo, told.Status) == (77, status)
        assert (told.AffectedSOPClassUID, told.EventTypeID) == (COMMITMENT, 1)
        assert said.context_id == context

    def test_nobody_waits_for_it(self, line: Any) -> None:
        came: list[str] = []

        def taken(told: Dataset) -> int:
            came.append(told.TransactionUID)
            return 0

        on = line(on_report=taken)
        assert not on.exchange.listen(0)
        on.theirs.sendall(word(transaction="1.5"))
        assert on.exchange.listen(0)
        assert came == ["1.5"]
        assert not on.exchange.listen(0)

    def test_one_that_cannot_be_read_is_told_so_and_harms_nothing(self, line: Any) -> None:
        def broken(told: Dataset) -> int:
            raise ValueError(told)

        on = line(on_report=broken)
        on.theirs.sendall(word(5) + answer())
        assert store(on) == 0
        said = read_by_pynetdicom(b"".join(pdus(on.sent())[2:])).message_to_primitive()
        assert (said.MessageIDBeingRespondedTo, said.Status) == (5, 0x0110)

    @pytest.mark.parametrize("context", [CONTEXT, OTHER_CONTEXT])
    def test_one_of_too_many_elements_is_not_parsed(
        self,
        line: Any,
        context: int,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(walk, "MOST_ELEMENTS", 0)

        def taken(told: Dataset) -> int:
            raise AssertionError(told)

        on = line(on_report=taken)
        on.theirs.sendall(word(5, context=context) + answer())
        assert store(on) == 0
        said = read_by_pynetdicom(b"".join(pdus(on.sent())[2:])).message_to_primitive()
        assert (said.MessageIDBeingRespondedTo, said.Status) == (5, 0x0110)
        assert "RadiographError" in caplog.text

    @pytest.mark.parametrize("said", [b"", answer(), struct.pack(">BBI", 5, 0, 4) + bytes(4)])
    def test_anything_else_ends_the_waiting(self, line: Any, said: bytes) -> None:
        on = line()
        on.theirs.sendall(said)
        on.theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(OSError, match=r".+"):
            on.exchange.listen(5)


class TestAnAssociation:
    """Beside pynetdicom's own threads."""

    @pytest.fixture
    def archive(self) -> Iterator[Archive]:
        with Archive().running() as running:
            yield running

    @pytest.fixture
    def association(self, archive: Archive) -> Iterator[Any]:
        caller = AE("COVID-D")
        caller.add_requested_context("1.2.840.10008.1.1")
        caller.add_requested_context(CLASS, ExplicitVRLittleEndian)
        made = caller.associate("127.0.0.1", archive.port, ae_title="ARCHIVE")
        assert made.is_established
        hold = Hold(made)
        yield made
        made.release()
        hold.end()
        wait_until(lambda: not made.is_alive() and not made.dul.is_alive())

    def test_objects_go_over_it_and_it_is_released_as_ever(
        self, archive: Archive, association: Any
    ) -> None:
        accepted = {str(c.abstract_syntax): c.context_id for c in association.accepted_contexts}
        over = Exchange(association, 10, lambda told: 0)
        for number in range(3):
            made = Dataset()
            made.SOPClassUID, made.SOPInstanceUID, made.Modality = CLASS, f"2.25.{number}", "SR"
            fields: messages.Fields = {**STORE_FIELDS, messages.SOP_INSTANCE: f"2.25.{number}"}
            data = encode(made, False, True)
            assert data is not None
            assert over.ask(accepted[CLASS], messages.STORE, fields, data) == 0
        over.end()
        assert archive.arrivals == ["2.25.0", "2.25.1", "2.25.2"]
        assert association.send_c_echo().Status == 0, "its own threads are at work again"

    def test_its_reader_rests_and_takes_nothing(self, association: Any) -> None:
        over = Exchange(association, 10, lambda told: 0)
        assert over._rests.is_set()
        waiting = association.dul._recv_pdu.qsize()
        assert over.ask(1, messages.STORE, STORE_FIELDS, b"no data set") is not None
        assert association.dul._recv_pdu.qsize() == waiting
        over.end()
        over.end()
        assert "_is_transport_event" not in vars(association.dul)

    def test_one_that_has_ended_already_is_an_error(self, archive: Archive) -> None:
        caller = AE("COVID-D")
        caller.add_requested_context("1.2.840.10008.1.1")
        made = caller.associate("127.0.0.1", archive.port, ae_title="ARCHIVE")
        made.abort()
        with pytest.raises(OSError, match="ended"):
            Exchange(made, 10, lambda told: 0)
