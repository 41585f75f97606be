"""The walk through a data set's bytes, held against what pydicom does with them."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread, filereader, fileutil
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

import dicom_bombs
from covid_d.radiograph import RadiographError
from covid_d.radiograph.readers.walk import MOST_ELEMENTS, Content, Walk


class Work:
    """Counts what pydicom makes: elements, items, and reads while it looks for a delimiter."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done = 0
        elements, item = filereader.data_element_generator, filereader.read_sequence_item
        fragments = fileutil._try_read_encapsulated_pixel_data

        def counted_elements(*given: Any, **named: Any) -> Iterator[Any]:
            for element in elements(*given, **named):
                self.done += 1
                yield element

        def counted_item(*given: Any, **named: Any) -> Any:
            self.done += 1
            return item(*given, **named)

        def counted_fragments(fp: Any, *given: Any) -> Any:
            start = fp.tell()
            reads = _Reads(fp)
            found = fragments(reads, *given)  # type: ignore[arg-type]
            self.done += reads.tags
            fp.seek(fp.tell() if found[0] else start)
            return found

        monkeypatch.setattr(filereader, "data_element_generator", counted_elements)
        monkeypatch.setattr(filereader, "read_sequence_item", counted_item)
        monkeypatch.setattr(fileutil, "_try_read_encapsulated_pixel_data", counted_fragments)

    def of(self, data: bytes, *, implicit: bool) -> int:
        """Parse a data set and each public sequence in it; return what that took."""
        self.done = 0
        with suppress(Exception):  # what is broken ends where it ends
            self._ask(filereader.read_dataset(BytesIO(data), implicit, True))
        return self.done

    def _ask(self, dataset: Dataset) -> None:
        for tag in list(dataset.keys()):
            if tag.is_private and tag not in (0x00551010,):
                continue
            try:
                element = dataset[tag]
            except Exception:  # noqa: BLE001 - of no known kind
                continue
            if element.VR == "SQ":
                for one in element.value:
                    self._ask(one)


class _Reads:
    """Counts tags of fragments: each is read by itself, and so is its length."""

    def __init__(self, fp: Any) -> None:
        self._fp, self.tags = fp, 0
        self.seek, self.tell = fp.seek, fp.tell

    def read(self, size: int) -> bytes:
        found: bytes = self._fp.read(size)
        self.tags += found in (b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0")
        return found


def walked(data: bytes, *, implicit: bool) -> int:
    walk = Walk(Content(data))
    try:
        walk.data_set(0, implicit=implicit, little=True)
    except RadiographError:
        return MOST_ELEMENTS
    return walk.steps


@pytest.mark.parametrize("implicit", [True, False])
def test_it_never_takes_fewer_steps_than_pydicom(
    implicit: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(20)
    work = Work(monkeypatch)
    logging.disable(logging.CRITICAL)
    asked = 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(1500):
                heap = dicom_bombs.heap_of(rng)
                done = work.of(heap, implicit=implicit)
                asked += done
                assert done <= walked(heap, implicit=implicit), heap.hex()
    finally:
        logging.disable(logging.NOTSET)
    assert asked > 5_000


@pytest.mark.parametrize("name", ["CT_small.dcm", "test-SR.dcm", "waveform_ecg.dcm"])
def test_of_a_sound_file_it_counts_elements_and_items(name: str) -> None:
    def parts_of(dataset: Dataset) -> int:
        items = [item for each in dataset if each.VR == "SQ" for item in each.value]
        return len(dataset) + sum(1 + parts_of(item) for item in items)

    file = get_testdata_file(name)
    assert isinstance(file, str)
    found = dcmread(file)
    stream = BytesIO()
    found.save_as(stream, enforce_file_format=True)
    _, data = dicom_bombs.parts(stream.getvalue())
    implicit = found.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian
    assert implicit or found.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    delimiters = data.count(b"\xfe\xff\x0d\xe0") + data.count(b"\xfe\xff\xdd\xe0")
    assert "SpecificCharacterSet" in found
    dear = 8  # for its one value
    assert walked(data, implicit=implicit) == parts_of(found) + delimiters + dear


def test_what_is_inflated_is_walked_as_if_it_were_there() -> None:
    _, data = dicom_bombs.parts(dicom_bombs.OF_COUNT["in an open item"](40))
    for size in (1, 7, 64, 5000):
        bits = (data[at : at + size] for at in range(0, len(data), size))
        walk = Walk(Content(bytearray(), bits))
        assert walk.data_set(0, implicit=False, little=True) == len(data)
        assert walk.steps == walked(data, implicit=False)


def test_a_character_set_is_dear() -> None:
    """Each is looked up, and warned of if unknown: 49,000 items with one took 4 s."""
    one = dicom_bombs.item(dicom_bombs.short(0x0008, 0x0005, b"CS", b"NONSENSE"))
    film = dicom_bombs.open_ended(0x7FE1, 0x0010, b"SQ") + one * 15_000 + dicom_bombs.end()
    assert walked(film, implicit=False) == MOST_ELEMENTS
    two = dicom_bombs.short(0x0008, 0x0005, b"CS", b"NONSENSE\\ANOTHER ")
    assert walked(two * 7_000, implicit=False) == MOST_ELEMENTS
    assert walked(two * 1_000, implicit=False) < MOST_ELEMENTS
