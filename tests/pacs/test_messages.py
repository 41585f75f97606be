"""Messages as bytes, held against pynetdicom and against what is written by hand."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import pytest
from pynetdicom.dimse_messages import C_STORE_RQ, DIMSEMessage
from pynetdicom.dsutils import decode
from pynetdicom.pdu import P_DATA_TF

from covid_d.pacs import messages
from dimse_bytes import CONTEXT, command, element, part, pdu
from dimse_bytes import pdus as apart

CLASS = "1.2.840.10008.5.1.4.1.1.1"
REQUEST: messages.Fields = {
    messages.SOP_CLASS: CLASS,
    messages.KIND: messages.STORE,
    messages.ID: 77,
    messages.PRIORITY: 0,
    messages.DATA_SET: messages.WITH_DATA,
    messages.SOP_INSTANCE: "2.25.1234",
}


class TestCommands:
    def test_pynetdicom_reads_what_is_written(self) -> None:
        found = decode(BytesIO(messages.written(REQUEST)), True, True)
        assert (found.AffectedSOPClassUID, found.AffectedSOPInstanceUID) == (CLASS, "2.25.1234")
        assert (found.CommandField, found.MessageID, found.Priority) == (1, 77, 0)
        assert found.CommandGroupLength == len(messages.written(REQUEST)) - 12

    def test_elements_come_in_the_order_of_their_numbers(self) -> None:
        turned = {each: REQUEST[each] for each in reversed(list(REQUEST))}
        assert messages.written(turned) == messages.written(REQUEST)

    def test_it_is_read_as_it_was_written(self) -> None:
        found = messages.read(messages.written(REQUEST))
        assert messages.text(found, messages.SOP_CLASS) == CLASS
        assert messages.text(found, messages.SOP_INSTANCE) == "2.25.1234"
        assert messages.number(found, messages.ID) == 77

    def test_what_is_not_there_is_none_or_empty(self) -> None:
        assert messages.number({}, messages.STATUS) is None
        assert messages.number({messages.STATUS: b"\1\2\3"}, messages.STATUS) is None
        assert messages.text({}, messages.SOP_CLASS) == ""

    def test_a_text_that_is_none_is_one_all_the_same(self) -> None:
        assert messages.text({2: b"1.2\xff \0"}, 2) == "1.2\N{REPLACEMENT CHARACTER}"

    def test_one_of_a_length_that_is_not_there_is_read_as_far_as_it_goes(self) -> None:
        whole = element(2, CLASS) + struct.pack("<HHI", 0, 0x900, 1000) + b"\0\0"
        found = messages.read(whole)
        assert messages.text(found, 2) == CLASS
        assert messages.number(found, 0x900) == 0
        assert messages.read(whole[:5]) == {}


class TestPdus:
    def test_one_holds_what_fits(self) -> None:
        assert messages.pdus(CONTEXT, b"abc", 100, 0) == [pdu((2, b"abc"))]
        assert messages.pdus(CONTEXT, b"abc", 3, messages.COMMAND) == [pdu((3, b"abc"))]

    def test_more_takes_several_and_the_last_is_marked(self) -> None:
        assert messages.pdus(CONTEXT, b"abcdefg", 3, 0) == [
            pdu((0, b"abc")),
            pdu((0, b"def")),
            pdu((2, b"g")),
        ]

    def test_nothing_is_said_too(self) -> None:
        assert messages.pdus(CONTEXT, b"", 3, 0) == [pdu((2, b""))]

    def test_pynetdicom_puts_them_together(self) -> None:
        data = bytes(range(256)) * 10
        stream = b"".join(
            messages.pdus(CONTEXT, messages.written(REQUEST), 1000, messages.COMMAND)
            + messages.pdus(CONTEXT, data, 777, 0)
        )
        message: Any = DIMSEMessage()
        for each in apart(stream):
            read = P_DATA_TF()
            read.decode(each)
            message.decode_msg(read.to_primitive())
        assert isinstance(message, C_STORE_RQ)
        assert message.data_set is not None
        assert message.data_set.getvalue() == data

    def test_their_parts_are_found_again(self) -> None:
        body = part(3, b"abc", 1) + part(0, b"", 5) + part(2, b"defg", 255)
        found = [(context, flags, bytes(held)) for context, flags, held in messages.parts_of(body)]
        assert found == [(1, 3, b"abc"), (5, 0, b""), (255, 2, b"defg")]
        assert messages.parts_of(b"") == []

    def test_a_part_can_go_in_one_of_its_own_again(self) -> None:
        (found,) = messages.parts_of(bytearray(part(3, b"abc")))
        assert messages.packed(found) == pdu((3, b"abc"))

    @pytest.mark.parametrize(
        "body", [b"\0", b"\0\0\0\x02\x01", part(0, b"abc")[:-1], struct.pack(">IBB", 1, 1, 0)]
    )
    def test_one_that_is_cut_off_is_an_error(self, body: bytes) -> None:
        with pytest.raises(OSError, match="cut off"):
            messages.parts_of(part(0, b"before") + body)

    def test_one_of_more_parts_than_anybody_sends_is_an_error(self) -> None:
        assert len(messages.parts_of(part(0, b"") * 1024)) == 1024
        with pytest.raises(OSError, match="too many"):
            messages.parts_of(part(0, b"") * 1025)

    def test_a_command_written_by_hand_is_the_same(self) -> None:
        by_hand = command(
            sop_class=CLASS, kind=1, number=77, priority=0, data=1, instance="2.25.1234"
        )
        length = element(0, struct.pack("<I", len(by_hand)))
        assert messages.written(REQUEST) == length + by_hand
