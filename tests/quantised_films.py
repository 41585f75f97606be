"""JPEG whose quantisation tables are written otherwise than libjpeg writes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import films

_TABLE = 65  # bytes: its number and 64 entries


def with_tables(picture: Any, *first: int, **options: Any) -> bytes:
    """Return a JPEG of tables that begin with these entries: grey's, then the colours'."""
    tables = [[entry] + [9] * 63 for entry in first]
    return films.picture(picture, "JPEG", qtables=tables, **options)


def apart(data: bytes) -> bytes:
    """Return a JPEG whose tables all lie in one segment, or in one each where they did."""
    head, tables, rest = _split(data)
    joined = b"".join(tables)
    once = _segment(joined) if len(tables) > 1 else _segment(tables[0] + tables[0])
    return head + once + rest


def in_words(data: bytes) -> bytes:
    """Return a JPEG whose tables are of 16 bits, as extended sequential JPEG may have them."""
    head, tables, rest = _split(data)
    wide = b"".join(
        _segment(bytes([0x10 | table[0]]) + b"".join(bytes([0, each]) for each in table[1:]))
        for table in tables
    )
    return head + wide + rest.replace(b"\xff\xc0", b"\xff\xc1", 1)


def behind_frame(data: bytes) -> bytes:
    """Return a JPEG whose tables lie behind its frame header."""
    head, tables, rest = _split(data)
    stop = rest.index(b"\xff\xc4")
    moved = b"".join(_segment(table) for table in tables)
    return head + rest[:stop] + moved + rest[stop:]


def _segment(body: bytes) -> bytes:
    return b"\xff\xdb" + (len(body) + 2).to_bytes(2, "big") + body


def _split(data: bytes) -> tuple[bytes, list[bytes], bytes]:
    start = data.index(b"\xff\xdb")
    tables, at = [], start
    while data[at : at + 2] == b"\xff\xdb":
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        tables += list(_tables(data[at + 4 : at + 2 + length]))
        at += 2 + length
    return data[:start], tables, data[at:]


def _tables(body: bytes) -> Iterator[bytes]:
    for at in range(0, len(body), _TABLE):
        yield body[at : at + _TABLE]
