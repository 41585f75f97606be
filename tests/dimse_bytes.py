"""Messages of an association written by hand (PS3.7, PS3.8), for what no library would send."""

from __future__ import annotations

import struct
from typing import Any, Final

CONTEXT: Final = 3
_NUMBERS: Final = {
    "sop_class": 0x0002,
    "kind": 0x0100,
    "number": 0x0110,
    "answers": 0x0120,
    "priority": 0x0700,
    "data": 0x0800,
    "status": 0x0900,
    "instance": 0x1000,
    "event": 0x1002,
}


def element(number: int, value: int | str | bytes) -> bytes:
    """One element of a command (PS3.5 7.1.3)."""
    if isinstance(value, int):
        value = struct.pack("<H", value)
    elif isinstance(value, str):
        value = value.encode() + b"\0" * (len(value) % 2)
    return struct.pack("<HHI", 0, number, len(value)) + value


def command(**fields: Any) -> bytes:
    """A command's elements, in the order in which they are named."""
    return b"".join(element(_NUMBERS[name], value) for name, value in fields.items())


def part(flags: int, content: bytes, context: int = CONTEXT) -> bytes:
    """A part of a PDU: message control header (PS3.8 E.2) and content."""
    return struct.pack(">IBB", len(content) + 2, context, flags) + content


def pdu(*parts: tuple[int, bytes], context: int = CONTEXT, kind: int = 4) -> bytes:
    """A PDU of parts."""
    return bare_pdu(b"".join(part(*each, context) for each in parts), kind=kind)


def bare_pdu(body: bytes, *, kind: int = 4) -> bytes:
    """A PDU of whatever bytes."""
    return struct.pack(">BBI", kind, 0, len(body)) + body


def pdus(stream: bytes) -> list[bytes]:
    """The PDUs in what came over a connection."""
    found = []
    while stream:
        length = 6 + struct.unpack(">I", stream[2:6])[0]
        found.append(stream[:length])
        stream = stream[length:]
    return found
