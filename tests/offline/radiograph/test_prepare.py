"""A film made the network's input on the page: the same bytes as Python makes of it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import on_node
from covid_d.radiograph import Preprocessing, Window, prepare, standardise
from covid_d.radiograph.frame import film_box
from covid_d.radiograph.percentiles import outer_percentiles
from covid_d.radiograph.phantom import draw_phantom
from offline_films import facts, film_of

pytestmark = pytest.mark.slow  # wants Node

_SCRIPT = """
import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { filmBox } from "@web/radiograph/frame.mjs";
import { outerPercentiles } from "@web/radiograph/percentiles.mjs";
import { prepare, standardise, widened } from "@web/radiograph/prepare.mjs";
import { nearest, reducedBytes, resize } from "@web/radiograph/resize.mjs";

const sha256 = (numbers) => {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  return createHash("sha256").update(bytes).digest("hex");
};

export default function ({ cases, facts }) {
  return cases.map(({ path, width, height, preprocessing, window, resized }) => {
    const bytes = readFileSync(path);
    const pixels = new Float32Array(Uint8Array.from(bytes).buffer);
    const film = { pixels, width, height };
    const { size, ...options } = resized;
    const box = filmBox(film, facts.radiograph);
    return {
      grey: sha256(standardise(film, preprocessing, window)),
      input: sha256(prepare(film, preprocessing, window)),
      resized: sha256(resize(film, size, options).pixels),
      box: [box.top, box.left, box.bottom, box.right],
      percentiles: outerPercentiles(pixels, [1, 99]),
    };
  });
}
"""


def _cases(count: int) -> list[dict[str, Any]]:
    """Return films of many shapes, with how they are to be prepared and resized."""
    rng = np.random.default_rng(8)
    cases = []
    for number in range(count):
        width, height = (int(side) for side in rng.integers(100, 900, 2))
        drawn = Image.fromarray(draw_phantom(number, size=200).pixels).resize((width, height))
        pixels = np.clip(np.asarray(drawn) + rng.normal(0, 0.01, (height, width)), 0, 1)
        pixels = pixels.astype(np.float32)
        if number % 3 == 0:  # margins
            pixels[: int(rng.integers(1, 20))] = 0.25
            pixels[:, -int(rng.integers(1, 20)) :] = 1.0
        preprocessing: dict[str, Any] = {
            "size": (224, 64, 260, 100)[number % 4],
            "fit": ("pad", "squash", "crop")[number % 3],
            "intensity": ("full", "percentile")[number % 2],
            "crop_border": (0.0, 0.1, 0.03)[number % 3],
        }
        window = None
        if number % 2:
            preprocessing |= {"frame": "lungs", "fit": "squash", "crop_border": 0.0}
            preprocessing["surround"] = (0.0, 0.1)[number % 4 == 1]
            ends = [*rng.uniform(0, 0.3, 2), *rng.uniform(0.6, 1, 2)]
            window = Window(*(float(end) for end in ends))
        size = [int(side) for side in rng.integers(20, 400, 2)]
        box = None
        if number % 5 == 0:
            box = [width * 0.1, height * 0.05, width * 0.8, height * 0.93]
        cases.append(
            {
                "pixels": pixels,
                "preprocessing": Preprocessing(**preprocessing),
                "window": window,
                "resized": {
                    "size": size,
                    "filter": ("bilinear", "box")[number % 2],
                    "box": box,
                    "reducingGap": (None, 3.0, 2.0)[number % 3],
                },
            }
        )
    return cases


def test_films_of_many_shapes(tmp_path: Path) -> None:
    cases = _cases(24)
    given, ours = [], []
    for number, case in enumerate(cases):
        pixels, how = case["pixels"], case["resized"]
        path = tmp_path / f"{number}.f32"
        path.write_bytes(pixels.tobytes())
        window = case["window"]
        given.append(
            {
                "path": str(path),
                "width": pixels.shape[1],
                "height": pixels.shape[0],
                "preprocessing": case["preprocessing"].model_dump(),
                "window": window and window._asdict(),
                "resized": how,
            }
        )
        film = film_of(pixels.copy())
        resized = Image.fromarray(pixels).resize(
            how["size"],
            Image.Resampling[how["filter"].upper()],
            box=how["box"] and tuple(how["box"]),
            reducing_gap=how["reducingGap"],
        )
        ours.append(
            {
                "grey": _sha256(standardise(film, case["preprocessing"], window)),
                "input": _sha256(prepare(film, case["preprocessing"], window)),
                "resized": _sha256(np.asarray(resized)),
                "box": film_box(pixels).to_list(),
                "percentiles": list(outer_percentiles(pixels, (1, 99))),
            }
        )
    assert on_node.run(tmp_path, _SCRIPT, {"cases": given, "facts": facts()}) == ours


def test_a_window_is_needed_where_lungs_are_framed_and_only_there(tmp_path: Path) -> None:
    source = """
    import { framed, widened } from "@web/radiograph/prepare.mjs";
    const fails = (made) => { try { made(); return false; } catch { return true; } };
    export default ({ window }) => [
      fails(() => framed({ frame: "lungs", surround: 0 }, null)),
      fails(() => framed({ frame: "film", surround: 0 }, window)),
      framed({ frame: "film", surround: 0 }, null),
      framed({ frame: "lungs", surround: 0.1 }, window),
      widened(window, [0, 0.5, 0.25, -0.1]),
    ];
    """
    window = Window(0.2, 0.05, 0.7, 0.95)
    found = on_node.run(tmp_path, source, {"window": window._asdict()})
    assert found[:3] == [True, True, None]
    assert found[3] == window.widened(0.1)._asdict()
    assert found[4] == window.widened((0, 0.5, 0.25, -0.1))._asdict()


def test_bytes_and_cells_are_thinned_as_pillow_does(tmp_path: Path) -> None:
    source = """
    import { nearest, reducedBytes } from "@web/radiograph/resize.mjs";
    export default ({ pictures, sides }) => ({
      reduced: pictures.map(({ pixels, width, height, factor }) =>
        Array.from(reducedBytes({ pixels: Uint8Array.from(pixels), width, height }, factor).pixels),
      ),
      nearest: sides.map(([cells, side]) => Array.from(nearest(cells, side))),
    });
    """
    rng = np.random.default_rng(4)
    shapes = [(37, 50, 8), (64, 64, 8), (33, 41, 4), (9, 130, 3), (100, 7, 5), (16, 16, 2)]
    pictures = [(rng.integers(0, 256, shape[:2]).astype(np.uint8), shape[2]) for shape in shapes]
    sides = [(64, 640), (64, 413), (32, 33), (7, 500), (64, 64), (100, 37)]
    given = {
        "pictures": [
            {
                "pixels": pixels.ravel().tolist(),
                "width": pixels.shape[1],
                "height": pixels.shape[0],
                "factor": factor,
            }
            for pixels, factor in pictures
        ],
        "sides": sides,
    }
    found = on_node.run(tmp_path, source, given)
    for (pixels, factor), reduced in zip(pictures, found["reduced"], strict=True):
        assert reduced == np.asarray(Image.fromarray(pixels).reduce(factor)).ravel().tolist()
    for (cells, side), near in zip(sides, found["nearest"], strict=True):
        numbers = Image.fromarray(np.arange(cells, dtype=np.int32)[None])
        assert near == np.asarray(numbers.resize((side, 1), Image.Resampling.NEAREST))[0].tolist()


def _sha256(numbers: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(numbers).tobytes()).hexdigest()
