"""What the network sees of a film, and where the lungs lie in it: Python's cuts and shares."""

from __future__ import annotations

from typing import Any

import numpy as np

from covid_d.detector.frame import Framed, _cut
from covid_d.offline.facts_radiograph import radiograph_facts
from covid_d.radiograph import Facts, Radiograph
from covid_d.radiograph.prepare import Window
from lungs_drawn import fading, under, whole_film
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


_COVERED = """
import { isCovered, isMirrored } from "@web/detector/frame.mjs";
export default ({ films, facts }) =>
  films.map((framed) => [isCovered(framed, facts), isMirrored(framed, facts)]);
"""


def test_films_are_covered_or_mirrored_that_are_so_in_python(ask: Ask) -> None:
    levels, mask = whole_film(foot=4)
    rows, columns = np.nonzero(mask)
    patch = ((np.indices(levels.shape) - [[[130]], [[70]]]) ** 2).sum(axis=0) < 30**2
    box = Window(rows.min() / 256, columns.min() / 256, rows.max() / 256, columns.max() / 256)
    twin = np.concatenate([levels[:, :128], levels[:, 127::-1]], axis=1)
    greys = [levels, fading(levels, 0, 14), under(levels, patch, 0, 5.0), twin]
    smalls = [each.astype(np.float32) / np.float32(255) for each in greys]
    nothing = np.zeros((3, 8, 8), dtype=np.float32)
    lungs = np.zeros((4, 4), dtype=bool)  # of ink nothing is asked
    framed = [Framed(nothing, box, lungs, small, box, mask) for small in smalls]
    told = [
        [each.has_marks(Radiograph(small, Facts("PNG", "", 8))), each.is_mirrored()]
        for each, small in zip(framed, smalls, strict=True)
    ]
    films = [
        {"whole": {"pixels": typed(small)}, "mask": _picture(mask, "Uint8Array")}
        | {"window": {name: float(side) for name, side in box._asdict().items()}}
        for small in smalls
    ]
    found = ask(_COVERED, {"films": films, "facts": {"radiograph": radiograph_facts()}})
    assert found == told
    assert told == [[False, False], [True, False], [True, False], [False, True]]
