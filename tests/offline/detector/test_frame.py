"""What the network sees of a film, and where the lungs lie in it: Python's cuts and shares."""

from __future__ import annotations

from typing import Any

import numpy as np

from covid_d.detector.frame import Framed, _cut
from covid_d.radiograph.prepare import Window
from on_node import Ask, typed

_FRAME = """
import { cut, lungsOn } from "@web/detector/frame.mjs";
export default ({ pictures, boxes, masks, grids }) => ({
  cuts: pictures.flatMap((picture) => boxes.map((box) => cut(picture, box))),
  shares: masks.flatMap((mask) => grids.map(([rows, columns]) => lungsOn(mask, rows, columns))),
});
"""


def _picture(pixels: Any, kind: str) -> dict[str, Any]:
    return {"pixels": typed(pixels, kind), "height": pixels.shape[0], "width": pixels.shape[1]}


def test_a_part_is_cut_where_python_cuts_it(ask: Ask) -> None:
    chance = np.random.default_rng(4)
    pictures = [chance.random(shape, dtype=np.float32) for shape in [(31, 17), (256, 256)]]
    boxes = [Window(*sorted_) for sorted_ in [(0, 0, 1, 1), (0.11, 0.23, 0.87, 0.9)]]
    boxes += [Window(0.5, 0.5, 0.5001, 0.5001), Window(0.25, 0.125, 0.75, 0.5)]
    given = {"pictures": [_picture(p, "Float32Array") for p in pictures], "masks": [], "grids": []}
    found = ask(_FRAME, {**given, "boxes": [box._asdict() for box in boxes]})["cuts"]
    told = [_cut(picture, box) for picture in pictures for box in boxes]
    for part, expected in zip(found, told, strict=True):
        assert (part["height"], part["width"]) == expected.shape
        assert np.array_equal(np.array(part["pixels"], np.float32), expected.ravel())


def test_the_share_of_lung_in_each_cell_is_pythons(ask: Ask) -> None:
    chance = np.random.default_rng(6)
    masks = [chance.random(shape) < 0.4 for shape in [(199, 143), (7, 7), (5, 9)]]
    grids = [(7, 7), (4, 6)]
    given = {"pictures": [], "boxes": [], "grids": grids}
    found = ask(_FRAME, {**given, "masks": [_picture(m, "Uint8Array") for m in masks]})["shares"]
    film = np.zeros((3, 8, 8), dtype=np.float32)
    told = [Framed(film, lungs=mask).lungs_on(grid) for mask in masks for grid in grids]
    for shares, expected in zip(found, told, strict=True):
        assert np.array_equal(np.array(shares, np.float32), expected.ravel())
