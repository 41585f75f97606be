"""What somebody sends must not take more memory than it looks like."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from covid_d.errors import CovidDError
from covid_d.pacs.intake import SentObject
from covid_d.pacs.parse import parsed, swells
from covid_d.pacs.queue import Queue
from covid_d.pacs.receive import SUCCESS, TOO_LARGE, Receiver
from covid_d.pacs.results.encode import file_head
from covid_d.pacs.store import NodeStore
from covid_d.radiograph.readers.items import MOST_ITEMS
from films import part10
from pacs_factory import hospital_film

CR = "1.2.840.10008.5.1.4.1.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
ITEM = b"\xfe\xff\x00\xe0" + bytes(4)
ITEM_BIG = b"\xff\xfe\xe0\x00" + bytes(4)
MB = 1 << 20


def of_items(count: int) -> bytes:
    """The data set of a film with a sequence of so many empty items."""
    whole = part10(hospital_film())
    end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    sequence = b"\x99\x7f\x10\x00SQ\0\0\xff\xff\xff\xff" + ITEM * count + end
    return whole[144 + struct.unpack_from("<I", whole, 140)[0] :] + sequence


def deflated(data: bytes, more: int = 0) -> bytes:
    """A file of a deflated data set, and so many megabytes of zeros behind it."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = [squeeze.compress(data)]
    packed += [squeeze.compress(bytes(MB)) for _ in range(more)]
    return file_head(CR, "1.2", DeflatedExplicitVRLittleEndian) + b"".join(packed) + squeeze.flush()


def big(data: bytes) -> bytes:
    return file_head(CR, "1.2", "1.2.840.10008.1.2.2") + data


def plain(data: bytes) -> bytes:
    return file_head(CR, "1.2", "1.2.840.10008.1.2.1") + data


def far(film: bytes) -> bytes:
    """A file that states its syntax behind six thousand bytes of its head."""
    version = struct.pack("<HH2sHI", 0x0002, 0x0001, b"OB", 0, 6000) + bytes(6000)
    (length,) = struct.unpack_from("<I", film, 140)
    return film[:140] + struct.pack("<I", length + len(version)) + version + film[144:]


BOMBS = {
    "items": lambda: plain(of_items(MOST_ITEMS + 1)),
    "big-endian items": lambda: big(ITEM_BIG * (MOST_ITEMS + 1)),
    "deflated items": lambda: deflated(of_items(MOST_ITEMS + 1)),
    "zeros": lambda: deflated(of_items(0), more=300),
    "deflated items, said late": lambda: far(deflated(of_items(MOST_ITEMS + 1))),
    "big-endian items, said late": lambda: far(big(ITEM_BIG * (MOST_ITEMS + 1))),
}


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    queue = Queue.open(tmp_path)
    yield Receiver(queue, NodeStore(tmp_path), [], 256 * MB)
    queue.close()


@pytest.mark.parametrize("name", BOMBS)
def test_what_swells_is_told_without_swelling(name: str) -> None:
    bomb = BOMBS[name]()
    tracemalloc.start()
    try:
        assert swells(bomb)
        with pytest.raises(CovidDError, match="no DICOM file"):
            parsed(bomb)
        assert tracemalloc.get_traced_memory()[1] < 60 * MB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "content",
    [
        part10(hospital_film()),
        plain(of_items(1000)),
        deflated(of_items(1000)),
        # A film's words may name the syntax.
        part10(hospital_film(StudyDescription=DeflatedExplicitVRLittleEndian)),
    ],
)
def test_what_does_not_is_parsed_as_ever(content: bytes) -> None:
    assert not swells(content)
    assert parsed(content).PatientID == hospital_film().PatientID


def test_a_film_that_names_another_syntax_swells_all_the_same() -> None:
    named = hospital_film(StudyDescription="1.2.840.10008.1.2.2")
    assert swells(part10(named) + ITEM * (MOST_ITEMS + 1))


@pytest.mark.parametrize("left", [0, 100, 132, 200, 300, 301, 1000])
def test_what_is_cut_off_does_not_swell(left: int) -> None:
    assert not swells(deflated(of_items(1000))[:left])


@pytest.mark.parametrize("name", BOMBS)
def test_a_film_that_swells_is_refused_and_a_stack_of_slices_goes_by(
    receiver: Receiver, name: str
) -> None:
    """As with what is too large at once: the study that it is of goes on."""
    bomb = BOMBS[name]()
    told = [
        receiver.answer(SentObject("STATION", "127.0.0.1", sop_class, "1.2", bomb))
        for sop_class in (CR, CT)
    ]
    assert told == [TOO_LARGE, SUCCESS]
    assert not list((receiver._store.folder / "films").glob("**/*.dcm"))
