"""The box around both lungs, or why there is none: as Python says, for any mask."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from covid_d.detector.lung_field import find_lungs
from covid_d.radiograph.refusal import RefusalCode
from on_node import Ask, Facts, typed

_FIND = """
import { findLungs } from "@web/detector/lung_field.mjs";
export default ({ masks, limits }) =>
  masks.map(({ mask, shape }) => findLungs(mask, ...shape, limits));
"""
Mask = npt.NDArray[np.bool_]


def _blocks(*boxes: tuple[int, int, int, int], size: int = 64) -> Mask:
    mask = np.zeros((size, size), dtype=bool)
    for top, left, bottom, right in boxes:
        mask[top:bottom, left:right] = True
    return mask


def _by_chance(seed: int) -> Mask:
    """A few ellipses anywhere: lungs, halves of them, specks, too many."""
    chance = np.random.default_rng(seed)
    rows, columns = np.mgrid[:48, :48]
    mask = np.zeros((48, 48), dtype=bool)
    for _ in range(chance.integers(0, 6)):
        y, x = chance.integers(4, 44, 2)
        high, wide = chance.integers(2, 18), chance.integers(2, 10)
        mask |= ((rows - y) / high) ** 2 + ((columns - x) / wide) ** 2 < 1
    return mask


def _told(mask: Mask) -> dict[str, object]:
    found = find_lungs(mask)
    return {"code": found.value} if isinstance(found, RefusalCode) else {"window": found._asdict()}


def test_every_reason_and_a_box_are_the_same(ask: Ask, facts: Facts) -> None:
    pair = [(10, 8, 50, 26), (12, 36, 48, 56)]
    masks = {
        "two lungs": _blocks(*pair),
        "one lung": _blocks(pair[0]),
        "nothing": _blocks(),
        "touching lungs": _blocks(*pair, (20, 26, 23, 36)),
        "a lung in two": _blocks((10, 8, 28, 26), (31, 9, 50, 26), pair[1]),
        "cut at the side": _blocks((10, 0, 50, 18), pair[1]),
        "cut at the foot": _blocks((10, 8, 64, 26), pair[1]),
        "a third beside": _blocks((10, 4, 50, 16), (10, 24, 50, 36), (10, 44, 50, 56)),
        "one far smaller": _blocks(pair[0], (30, 40, 36, 46)),
        "not side by side": _blocks((2, 8, 20, 26), (30, 36, 60, 56)),
    }
    given = [{"mask": typed(m, "Uint8Array"), "shape": m.shape} for m in masks.values()]
    found = ask(_FIND, {"masks": given, "limits": facts["limits"]["lung_field"]})
    assert dict(zip(masks, found, strict=True)) == {n: _told(m) for n, m in masks.items()}
    codes = {answer.get("code") for answer in found}
    assert codes == {None, "no_lungs", "part_of_chest", "several_films"}


def test_masks_by_chance_are_judged_alike(ask: Ask, facts: Facts) -> None:
    masks = [_by_chance(seed) for seed in range(150)]
    given = [{"mask": typed(m, "Uint8Array"), "shape": m.shape} for m in masks]
    found = ask(_FIND, {"masks": given, "limits": facts["limits"]["lung_field"]})
    assert found == [_told(mask) for mask in masks]
    assert len({str(answer.get("code")) for answer in found}) >= 3  # chance met several of them
