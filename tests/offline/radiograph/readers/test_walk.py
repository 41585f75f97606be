"""The walk through a data set's bytes on the offline page: as in Python, step by step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom._dicom_dict import DicomDictionary

import dicom_bombs
import on_node
from covid_d.offline.facts_radiograph import radiograph_facts
from covid_d.radiograph.readers.walk import DEEPEST, MOST_ELEMENTS, Content, Walk
from offline_films import by_page, by_python

pytestmark = pytest.mark.slow  # wants Node

_NOT_READ_HERE = ("deflated",)


def test_the_page_refuses_what_python_refuses(tmp_path: Path) -> None:
    bombs = {
        name: make(MOST_ELEMENTS + 1)
        for name, make in dicom_bombs.OF_COUNT.items()
        if name not in _NOT_READ_HERE
    }
    bombs["without preamble"] = bombs["plain"][128:]
    found = by_page(tmp_path, bombs | {"deep": dicom_bombs.deep(DEEPEST + 1)})
    deep = found.pop("deep")
    assert deep == {"code": "too_large", "detail": f"> {DEEPEST} DICOM sequences deep"}
    for name in bombs:
        refusal = {"code": "too_large", "detail": f"> {MOST_ELEMENTS} DICOM elements"}
        assert found[name] == refusal, name
        assert by_python(bombs[name])["code"] == "too_large", name


def test_the_page_reads_what_python_reads(tmp_path: Path) -> None:
    ways = ("plain", "big", "implicit", "in an item", "in an open item", "private", "items")
    sound = {name: dicom_bombs.OF_COUNT[name](10_000) for name in ways}
    found = by_page(tmp_path, sound)
    for name, film in sound.items():
        assert found[name] == by_python(film), name


def test_it_takes_the_steps_that_python_takes(tmp_path: Path) -> None:
    rng = np.random.default_rng(30)
    heaps = [dicom_bombs.heap_of(rng) for _ in range(500)]
    script = """
import { Walk } from "@web/radiograph/readers/walk.mjs";
export default ({ heaps, tables }) =>
  heaps.flatMap((heap) =>
    [true, false].map((implicit) => {
      const walk = new Walk(Uint8Array.from(heap), tables);
      walk.dataSet(0, { implicit, little: true });
      return walk.steps;
    }),
  );
"""
    # The page knows the elements that reading asks for, and is told of all here.
    known = {str(tag): [tag, entry[0]] for tag, entry in DicomDictionary.items()}
    tables = radiograph_facts() | {"dicom_elements": known}
    given = {"heaps": [list(heap) for heap in heaps], "tables": tables}
    expected = []
    for heap in heaps:
        for implicit in (True, False):
            walk = Walk(Content(heap))
            walk.data_set(0, implicit=implicit, little=True)
            expected.append(walk.steps)
    assert on_node.run(tmp_path, script, given) == expected
    assert sum(expected) > 3_000
