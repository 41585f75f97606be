"""Messages of an association as bytes: commands (PS3.7 6.3), and PDUs (PS3.8 9.3)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final

# Elements of a command (PS3.7 E.1), all of group 0000.
SOP_CLASS: Final = 0x0002
ASKED_CLASS: Final = 0x0003
KIND: Final = 0x0100
ID: Final = 0x0110
ANSWERED_ID: Final = 0x0120
PRIORITY: Final = 0x0700
DATA_SET: Final = 0x0800
STATUS: Final = 0x0900
SOP_INSTANCE: Final = 0x1000
ASKED_INSTANCE: Final = 0x1001
EVENT_TYPE: Final = 0x1002
ACTION_TYPE: Final = 0x1008

STORE: Final = 0x0001
ACTION: Final = 0x0130
EVENT: Final = 0x0100
ANSWERS: Final = 0x8000
WITH_DATA, WITHOUT_DATA = 0x0001, 0x0101

DATA_PDU: Final = 4
HEAD: Final = struct.Struct(">BxI")
"""Of a PDU: its kind, and the length of what follows."""
PART: Final = struct.Struct(">IBB")
"""Of a part in it: its length from here on, context, flags."""
COMMAND, LAST = 0b01, 0b10
"""Flags of a part (PS3.8 E.2): of a command, not of a data set; and the last one of it."""
_ELEMENT: Final = struct.Struct("<HHI")
_MOST_PARTS: Final = 1024

Fields = Mapping[int, str | int]
PduPart = tuple[int, int, memoryview]
"""Context, flags and content of a part."""


def written(command: Fields) -> bytes:
    """Return a command's elements: implicit VR, little endian; texts are UIDs, numbers US."""
    body = b""
    for element in sorted(command):
        value = command[element]
        if isinstance(value, int):
            content = struct.pack("<H", value)
        else:
            content = value.encode("ascii")
            content += b"\0" * (len(content) % 2)
        body += _ELEMENT.pack(0, element, len(content)) + content
    return _ELEMENT.pack(0, 0, 4) + struct.pack("<I", len(body)) + body


def read(command: bytes | memoryview) -> dict[int, bytes]:
    """Return a command's elements by their number."""
    found, at = {}, 0
    while at + _ELEMENT.size <= len(command):
        _, element, length = _ELEMENT.unpack_from(command, at)
        at += _ELEMENT.size
        found[element] = bytes(command[at : at + length])
        at += length
    return found


def number(command: Mapping[int, bytes], element: int) -> int | None:
    """Return a number of a command; ``None`` where it has none."""
    value = command.get(element, b"")
    return int.from_bytes(value, "little") if len(value) == 2 else None


def text(command: Mapping[int, bytes], element: int) -> str:
    """Return a text of a command; empty where it has none."""
    return command.get(element, b"").decode("ascii", "replace").rstrip("\0 ")


def pdus(context: int, whole: bytes | memoryview, most: int, flags: int) -> list[bytes]:
    """Return command or data set in as many PDUs as it takes.

    Parameters
    ----------
    context
        Number of the presentation context.
    whole
        What is sent.
    most
        Bytes of it in one PDU.
    flags
        ``COMMAND`` or 0; the last one is marked here.
    """
    made = []
    for start in range(0, len(whole) or 1, most):
        part = whole[start : start + most]
        last = LAST if start + most >= len(whole) else 0
        made.append(packed((context, flags | last, memoryview(part))))
    return made


def packed(part: PduPart) -> bytes:
    """Return a part in a PDU of its own."""
    context, flags, content = part
    head = PART.pack(len(content) + 2, context, flags)
    return b"".join((HEAD.pack(DATA_PDU, len(content) + len(head)), head, content))


def parts_of(body: bytes | bytearray) -> list[PduPart]:
    """Return the parts in a PDU.

    Raises
    ------
    OSError
        If it is cut off, or made of more parts than anybody sends.
    """
    parts: list[PduPart] = []
    at, whole = 0, memoryview(body)
    while at < len(whole):
        if len(whole) < at + PART.size:
            raise OSError("a PDU that is cut off")
        size, context, flags = PART.unpack_from(whole, at)
        end = at + 4 + size
        if size < 2 or end > len(whole):
            raise OSError("a PDU that is cut off")
        if len(parts) == _MOST_PARTS:  # each costs more than the six bytes that it may hold
            raise OSError("a PDU of too many parts")
        parts.append((context, flags, whole[at + PART.size : end]))
        at = end
    return parts
