"""How much a parser would have to do for a DICOM data set: a walk through its bytes.

pydicom builds objects for each element and item, looks for the end of a value of undefined length
piece by piece, and where it finds none goes on from the value's beginning. The walk goes where
pydicom goes, also where it goes on wrongly, and into each sequence, asked for or not; it builds
nothing. Its steps bound both what is kept and what is done twice.

Source: PS3.5 7.1, 7.5 and A.4; ``pydicom.filereader``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from struct import Struct
from typing import Final

from pydicom._dicom_dict import DicomDictionary
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, VR

from covid_d.radiograph.readers.limits import MAX_BYTES
from covid_d.radiograph.refusal import RadiographError, RefusalCode

MOST_ELEMENTS: Final = 100_000
"""Elements, items and fragments together: films have some hundred."""
DEEPEST: Final = 100
"""Sequences within sequences: films have three or four, reports some ten."""
_PIECE: Final = 1 << 13
"""Bytes in which a delimiter is looked for at once."""
_MANY: Final = 1024
"""Bytes from which on a value of several parts counts for each eight of them."""
_VALUE: Final = 8
_SET: Final = 8
"""Steps for each value of a character set: it is looked up, and warned of if there is none."""
_UNDEFINED: Final = 0xFFFFFFFF
_ITEM: Final = 0xFFFEE000
_ITEM_END: Final = 0xFFFEE00D
_SEQUENCE_END: Final = 0xFFFEE0DD
_CHARACTER_SET: Final = 0x00080005
_KNOWN: Final = frozenset(vr.value.encode() for vr in VR)
_LONG: Final = frozenset(vr.value.encode() for vr in EXPLICIT_VR_LENGTH_32)
_KINDS: Final = {tag: known[0].encode() for tag, known in DicomDictionary.items()}
# Kinds of which each part is made an object, or gone through for words; of numbers more than
# explicit VR can hold at once.
_TEXTS: Final = (
    "AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI",
)  # fmt: skip
_NUMBERS: Final = ("AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV")
_SHORT: Final = 0xFFFF
_UNTOLD: Final = (b"", b"UN")  # the parser's dictionary tells
_WITHOUT_VR: Final = {True: Struct("<HHL"), False: Struct(">HHL")}
_WITH_VR: Final = {True: Struct("<HH2sH"), False: Struct(">HH2sH")}
_TAG: Final = {True: Struct("<HH"), False: Struct(">HH")}
_LENGTH: Final = {True: Struct("<L"), False: Struct(">L")}


class Content:
    """Bytes of a file, inflated no further than somebody reaches.

    Parameters
    ----------
    data
        What is there.
    more
        What else there is, piece by piece.
    """

    def __init__(self, data: bytes | bytearray, more: Iterable[bytes] = ()) -> None:
        self.data = data
        self._more = iter(more)

    def reach(self, end: int) -> int:
        """Return how many bytes there are, of so many wanted and any more that are at hand.

        Raises
        ------
        RadiographError
            ``TOO_LARGE`` beyond the limit of all files.
        """
        while len(self.data) < end:
            piece = next(self._more, None)
            if piece is None:
                break
            self.data += piece
            if len(self.data) > MAX_BYTES:
                raise RadiographError.of(RefusalCode.TOO_LARGE, f"> {MAX_BYTES >> 20} MB")
        return len(self.data)


class Walk:
    """Counts steps through one file, and refuses it at too many.

    Parameters
    ----------
    content
        The file, or its data set.

    Attributes
    ----------
    steps
        How many it has taken: one for each element, item, fragment, eight bytes of a long value and
        piece looked through, eight for each value of a character set.
    """

    def __init__(self, content: Content) -> None:
        self.steps = 0
        self._content = content
        self._depth = 0

    def data_set(
        self,
        at: int,
        *,
        implicit: bool,
        little: bool,
        group: int | None = None,
        end: int = sys.maxsize,
        length: int | None = None,
        inside: bool = False,
    ) -> int:
        """Go through the elements of a data set or an item; return where it ends.

        Parameters
        ----------
        at
            Where it begins.
        implicit, little
            How it is written, as far as is known.
        group
            The only one that it may hold; ``None`` for any.
        end
            Where the bytes end that the parser has before it.
        length
            Bytes in which an element may begin; ``None`` if only a delimiter ends it.
        inside
            Whether it is an item of a sequence.

        Raises
        ------
        RadiographError
            ``TOO_LARGE`` at too many steps.
        """
        data, start = self._content.data, at
        implicit = self._is_implicit(at, end, assumed=implicit, inside=inside)
        without_vr, with_vr = _WITHOUT_VR[little].unpack_from, _WITH_VR[little].unpack_from
        there = 0
        while length is None or at - start < length:
            if at + 12 > there:
                there = min(end, self._content.reach(at + 12))
                if at + 8 > there:
                    return there
            self._step()
            vr, value = b"", at + 8
            if implicit:
                first, second, size = without_vr(data, at)
            else:
                first, second, vr, size = with_vr(data, at)
                if vr in _LONG:
                    if at + 12 > there:
                        return there
                    (size,) = _LENGTH[little].unpack_from(data, value)
                    value += 4
                elif vr not in _KNOWN and not b"AA" <= vr <= b"ZZ":
                    vr, (first, second, size) = b"", without_vr(data, at)
            tag = first << 16 | second
            if tag == _ITEM_END:
                return value
            if group is not None and first != group:
                return at
            if size == _UNDEFINED:
                if self._is_sequence(tag, vr, value, end, little):
                    at = self._sequence(value, end, None, implicit=implicit, little=little)
                else:
                    at = self._behind_value(value, end, little)
                    if at == value:  # pydicom leaves the data set there, and goes on outside
                        return at
                continue
            there = min(end, self._content.reach(value + size))
            at = ending = min(value + size, there)
            if tag == _CHARACTER_SET:
                self._step(_SET * (data.count(b"\\", value, ending) + 1))
            elif size >= _VALUE and (
                vr == b"SQ" or self._may_become_one(tag, vr, value, ending, little)
            ):
                self._sequence(value, ending, ending - value, implicit=implicit, little=little)
            elif size > _MANY and _has_values(tag, vr, size):
                self._step((ending - value) // _VALUE)
        return at

    def _step(self, steps: int = 1) -> None:
        self.steps += steps
        if self.steps > MOST_ELEMENTS:
            raise RadiographError.of(RefusalCode.TOO_LARGE, f"> {MOST_ELEMENTS} DICOM elements")

    def _is_implicit(self, at: int, end: int, *, assumed: bool, inside: bool) -> bool:
        """Return whether value representations are left out; what is stated is often wrong."""
        if (inside and assumed) or min(end, self._content.reach(at + 6)) < at + 6:
            return assumed
        first, second = self._content.data[at + 4 : at + 6]
        return not (0x40 < first < 0x5B and 0x40 < second < 0x5B)

    def _tag(self, at: int, end: int, little: bool) -> int | None:
        if min(end, self._content.reach(at + 4)) < at + 4:
            return None
        first, second = _TAG[little].unpack_from(self._content.data, at)
        return int(first) << 16 | int(second)

    def _is_sequence(self, tag: int, vr: bytes, value: int, end: int, little: bool) -> bool:
        """Return whether a value of undefined length is read as a sequence at once."""
        if vr or tag in _KINDS:
            return vr in (b"SQ", b"UN") or (not vr and _KINDS[tag] == b"SQ")
        return self._tag(value, end, little) == _ITEM

    def _may_become_one(self, tag: int, vr: bytes, value: int, end: int, little: bool) -> bool:
        """Return whether a value of stated length is a sequence once it is asked for."""
        if vr not in _UNTOLD:
            return False
        return _KINDS.get(tag) == b"SQ" or self._tag(value, end, little) == _ITEM

    def _sequence(
        self, at: int, end: int, length: int | None, *, implicit: bool, little: bool
    ) -> int:
        """Go through the items of a sequence; return where it ends."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise RadiographError.of(RefusalCode.TOO_LARGE, f"> {DEEPEST} DICOM sequences deep")
        start = at
        while length is None or at - start < length:
            there = min(end, self._content.reach(at + 8))
            if at + 8 > there:
                at = there
                break
            self._step()
            first, second, size = _WITHOUT_VR[little].unpack_from(self._content.data, at)
            at += 8
            if first << 16 | second == _SEQUENCE_END:
                break
            at = self.data_set(  # whatever the tag of the item is
                at,
                implicit=implicit,
                little=little,
                end=end,
                length=None if size == _UNDEFINED else size,
                inside=True,
            )
        self._depth -= 1
        return at

    def _behind_value(self, start: int, end: int, little: bool) -> int:
        """Return where a value of undefined length ends; without a delimiter, where it starts."""
        at = start
        while (tag := self._tag(at, end, little)) is not None:
            self._step()
            if tag == _SEQUENCE_END:
                return at + 8
            if tag != _ITEM or min(end, self._content.reach(at + 8)) < at + 8:
                break
            at += 8 + int(_LENGTH[little].unpack_from(self._content.data, at + 4)[0])
        there = min(end, self._content.reach(end))
        delimiter = _TAG[little].pack(_SEQUENCE_END >> 16, _SEQUENCE_END & 0xFFFF)
        found = self._content.data.find(delimiter, start, there)
        self._step(((there if found < 0 else found) - start) // _PIECE + 1)
        return start if found < 0 else found + 8


def _has_values(tag: int, vr: bytes, size: int) -> bool:
    """Return whether a long value is made objects of; private ones are asked for by nobody."""
    if tag >> 16 & 1:
        return False
    kind = (_KINDS.get(tag, vr) if vr in _UNTOLD else vr).decode("latin-1")
    return kind in _TEXTS or (kind in _NUMBERS and size > _SHORT)
