"""How coarsely a JPEG keeps the means of its blocks, on the offline page: as in Python."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import films
import on_node
from covid_d.offline.facts_radiograph import radiograph_facts
from covid_d.radiograph.readers.quantisation import mean_step
from quantised_films import apart, behind_frame, in_words, with_tables

pytestmark = pytest.mark.slow  # wants Node

_LOOK = """
import { meanStep } from "@web/radiograph/readers/quantisation.mjs";
export default ({ streams, tables }) =>
  streams.map((stream) => {
    try {
      return meanStep(new Uint8Array(Buffer.from(stream, "base64")), tables);
    } catch {
      return null;
    }
  });
"""


def test_tables_are_read_or_refused_alike(tmp_path: Path) -> None:
    grey = films.grey8(size=160, height=120)
    colour = Image.fromarray(grey).convert("RGB")
    usual = [with_tables(grey, 7), with_tables(colour, 7, 21), with_tables(colour, 30, 2)]
    streams = [films.picture(colour, "JPEG", quality=quality) for quality in (5, 30, 90, 100)]
    streams += [films.picture(grey, "JPEG", quality=30, progressive=True)]
    streams += usual + [kept(data) for data in usual for kept in (apart, in_words, behind_frame)]
    whole = len(streams)
    rng = np.random.default_rng(3)
    for _ in range(400):  # header bytes at random, and the end cut off
        data = bytearray(usual[int(rng.integers(len(usual)))])
        data[int(rng.integers(2, 330))] = int(rng.integers(256))
        streams.append(bytes(data[: int(rng.integers(100, 1500))]))
    encoded = [b64encode(stream).decode() for stream in streams]
    facts = {"streams": encoded, "tables": radiograph_facts()}
    found = on_node.run(tmp_path, _LOOK, facts)
    assert found == [_step(stream) for stream in streams]
    assert all(found[:whole])
    assert 20 < found.count(None) < 380


def _step(stream: bytes) -> int | None:
    try:
        return mean_step(stream)
    except ValueError:
        return None
