"""What somebody sends must not take more memory than it looks like."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

import dicom_bombs
from covid_d.errors import CovidDError
from covid_d.pacs.intake import SentObject
from covid_d.pacs.parse import parsed, swells
from covid_d.pacs.queue import Queue
from covid_d.pacs.receive import SUCCESS, TOO_LARGE, Receiver
from covid_d.pacs.store import NodeStore
from covid_d.radiograph.readers import walk
from covid_d.radiograph.readers.walk import DEEPEST
from films import part10
from pacs_factory import hospital_film

CR = "1.2.840.10008.5.1.4.1.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
MB = 1 << 20
MANY = 5_000
"""Elements at most, in place of what is too many in truth, so that tests are quick."""


def bombs() -> dict[str, bytes]:
    return {name: make(MANY + 1) for name, make in dicom_bombs.OF_COUNT.items()} | {
        "deep": dicom_bombs.deep(DEEPEST + 1)
    }


BOMBS = bombs()
HEADED = [name for name in BOMBS if name != "headless"]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MOST_ELEMENTS", MANY)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    queue = Queue.open(tmp_path)
    yield Receiver(queue, NodeStore(tmp_path), [], 256 * MB)
    queue.close()


@pytest.mark.parametrize("name", BOMBS)
def test_what_swells_is_told_without_swelling(name: str) -> None:
    bomb = BOMBS[name]
    tracemalloc.start()
    try:
        assert swells(bomb)
        with pytest.raises(CovidDError, match="no DICOM file"):
            parsed(bomb)
        assert tracemalloc.get_traced_memory()[1] < 20 * MB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "content",
    [
        part10(hospital_film()),
        part10(hospital_film()) + dicom_bombs.empty_elements(1000),
        # A film's words may name the syntax.
        part10(hospital_film(StudyDescription=DeflatedExplicitVRLittleEndian)),
    ],
)
def test_what_does_not_is_parsed_as_ever(content: bytes) -> None:
    assert not swells(content)
    assert parsed(content).PatientID == hospital_film().PatientID


@pytest.mark.parametrize("left", [0, 100, 132, 200, 300, 301, 1000])
def test_what_is_cut_off_does_not_swell(left: int) -> None:
    assert not swells(dicom_bombs.OF_COUNT["deflated"](1000)[:left])


@pytest.mark.parametrize("name", HEADED)
def test_a_film_that_swells_is_refused_and_a_stack_of_slices_goes_by(
    receiver: Receiver, name: str
) -> None:
    """As with what is too large at once: the study that it is of goes on."""
    bomb = BOMBS[name]
    told = [
        receiver.answer(SentObject("STATION", "127.0.0.1", sop_class, "1.2", bomb))
        for sop_class in (CR, CT)
    ]
    assert told == [TOO_LARGE, SUCCESS]
    assert not list((receiver._store.folder / "films").glob("**/*.dcm"))
