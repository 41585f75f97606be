"""Blocks of a JPEG that go on at another level, on the offline page: refused as in Python."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pydicom.uid import JPEGBaseline8Bit

import films
import on_node
from covid_d.offline.facts_radiograph import radiograph_facts
from covid_d.radiograph.readers.blocks import require_level
from offline_films import by_page, by_python
from slipped_films import coded, film, moved, slipped

pytestmark = pytest.mark.slow  # wants Node

KINDS = ("grey", "progressive", "colour", "colour 4:4:4")
_LOOK = """
import { requireLevel } from "@web/radiograph/readers/blocks.mjs";
export default ({ cases, rules }) =>
  cases.map(({ samples, width, height, unit, step }) => {
    try {
      requireLevel(samples, { width, height, unit, step, rules });
      return false;
    } catch (error) {
      if (error.name !== "Error") throw error;
      return true;
    }
  });
"""


def test_files_are_read_or_refused_alike(tmp_path: Path) -> None:
    cases = {f"sound {kind}": coded(kind) for kind in KINDS}
    cases |= {f"damaged {kind}": slipped(kind) for kind in KINDS}
    cases |= {
        f"sound at {quality}": films.picture(film(), "JPEG", quality=quality)
        for quality in (10, 50)
    }
    for name, kind in (("sound", coded), ("damaged", slipped)):
        held = films.encapsulated(films.dataset(film()), kind("grey"), JPEGBaseline8Bit)
        cases[f"{name} dicom"] = held
    found = by_page(tmp_path, cases)
    for name, data in cases.items():
        assert ("code" in found[name]) == name.startswith("damaged"), name
        if name.startswith("sound"):
            assert found[name] == by_python(data), name
        else:
            assert found[name]["code"] == by_python(data)["code"] == "truncated", name


def coarse(quality: int) -> npt.NDArray[np.uint8]:
    """Return a smooth film as it is after it was saved coarsely."""
    rows, columns = np.indices((320, 256))
    waves = 127 + 60 * np.sin(rows / 21) + 25 * np.cos(columns / 30)
    data = films.picture(waves.astype(np.uint8), "JPEG", quality=quality)
    with Image.open(BytesIO(data)) as picture:
        return np.asarray(picture)


def test_samples_are_judged_alike(tmp_path: Path) -> None:
    """Near the limits too: by half levels, of films with more texture and with less."""
    rng = np.random.default_rng(6)
    cases = []
    for number in range(60):
        unit = [(8, 8), (8, 16), (16, 16)][number % 3]
        size = int(rng.integers(250, 420)), int(rng.integers(250, 420))
        picture = Image.fromarray(film(number % 4 + 1)).resize(size, Image.Resampling.BICUBIC)
        samples = np.asarray(picture)
        samples = np.clip(samples + rng.normal(0, rng.uniform(0, 2), samples.shape), 0, 255)
        row, column = int(rng.integers(1, 12)), int(rng.integers(15))
        levels = int(rng.integers(-12, 13))
        step = int(rng.integers(1, 20))
        cases.append((moved(samples.astype(np.uint8), unit, row, column, levels), unit, step))
    wide = np.asarray(Image.fromarray(film()).resize((1400, 1100), Image.Resampling.BICUBIC))
    cases += [(wide, (8, 8), 1), (moved(wide, (8, 8), 4, 80, 9), (8, 8), 1)]
    cases += [(coarse(quality), (8, 8), 3) for quality in (10, 20, 30, 50)]
    given = [
        {
            "samples": on_node.typed(samples, "Uint8Array"),
            "width": samples.shape[1],
            "height": samples.shape[0],
            "unit": unit,
            "step": step,
        }
        for samples, unit, step in cases
    ]
    rules = radiograph_facts()["blocks"]
    found = on_node.run(tmp_path, _LOOK, {"cases": given, "rules": rules})
    ours = []
    for samples, unit, step in cases:
        try:
            require_level(samples, unit, step)
            ours.append(False)
        except ValueError:
            ours.append(True)
    assert found == ours
    assert 10 < sum(ours) < len(ours) - 10
