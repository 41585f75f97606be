"""The evidence, where it lies and how it is shown; and what becomes of a fault of ours."""

from __future__ import annotations

import numpy as np
import pytest

from covid_d.detector.examine import _evidence, _placed
from covid_d.detector.explain import colours
from covid_d.detector.frame import Framed
from covid_d.detector.reasons import is_vague, most_telling
from covid_d.radiograph.prepare import Window
from covid_d.radiograph.refusal import Refusal, RefusalCode
from on_node import Ask, Facts, typed

_EVIDENCE = """
import { evidence, refusalIn } from "@web/detector/examine.mjs";
import { Refusal } from "@web/radiograph/refusal.mjs";
export default ({ maps }) => ({
  evidence: maps.map(({ values, count }) => evidence(values, count)),
  faults: [new TypeError("x"), new Refusal("blank"), null].map((error) => {
    const { code, values } = refusalIn(error);
    return [code, values.detail];
  }),
});
"""
_FAULT = """
import { Examiner } from "@web/detector/examine.mjs";
console.error = () => undefined;
export default async ({ facts, film }) => {
  const broken = { find: async () => { throw new TypeError("broken"); } };
  const examiner = new Examiner(null, broken, null, facts);
  const { examination } = await examiner.examine(film, "film");
  return examination;
};
"""
_REASONS = """
import { isVague, mostTelling } from "@web/detector/reasons.mjs";
export default ({ facts, codes }) => codes.map((code) => ({
  vague: isVague(code, facts),
  telling: codes.map((other) => mostTelling(code, [null, other, "inverted"], facts)),
}));
"""
_PLACED = """
import { placed } from "@web/detector/examine.mjs";
export default ({ facts, maps, mask }) => {
  const told = placed(maps, mask, 7, 7, facts);
  return { inside: told.inside, sides: told.activation.map(({ rows, columns }) => [rows, columns]),
           shown: told.activation.map(({ values }) => Array.from(values)) };
};
"""
_LAYER = """
import { evidenceLayer } from "@web/detector/explain.mjs";
export default ({ facts, activation, box, height, width }) =>
  evidenceLayer(activation, box, height, width, facts);
"""


def test_evidence_is_what_each_category_gains_over_the_mean(ask: Ask) -> None:
    chance = np.random.default_rng(9)
    maps = [chance.normal(size=(4, 7, 7)).astype(np.float32), np.zeros((4, 3, 5), np.float32)]
    maps.append(np.tile(chance.normal(size=(1, 7, 7)).astype(np.float32), (4, 1, 1)))
    given = [{"values": typed(each), "count": 4} for each in maps]
    found = ask(_EVIDENCE, {"maps": given})
    for each, shown in zip(maps, found["evidence"], strict=True):
        assert np.array_equal(np.array(shown, np.float32), _evidence(each).reshape(4, -1))
    assert found["faults"] == [["internal_error", "TypeError"], ["blank", ""],
                               ["internal_error", "Error"]]  # fmt: skip


def test_what_is_shown_ends_with_the_lungs_as_in_python(ask: Ask, facts: Facts) -> None:
    chance = np.random.default_rng(5)
    maps = chance.random((4, 7, 7)).astype(np.float32)
    lungs = np.zeros((234, 256), dtype=bool)
    down, across = np.mgrid[0:234, 0:256]
    for column in (75, 180):  # two ovals
        lungs |= ((down - 120) / 95) ** 2 + ((across - column) / 42) ** 2 < 1
    mask = {"pixels": typed(lungs.astype(np.uint8), "Uint8Array"), "height": 234, "width": 256}
    told = ask(_PLACED, {"facts": facts, "maps": [typed(each) for each in maps], "mask": mask})
    framed = Framed(np.zeros((3, 8, 8), np.float32), Window(0.0, 0.0, 1.0, 1.0), lungs)
    expected = _placed(maps, framed, kept=True)
    assert told["inside"] == pytest.approx(expected["inside"], abs=1e-6)
    assert told["sides"] == [[32, 32]] * 4
    shown = np.array(told["shown"], np.float32).reshape(4, 32, 32)
    assert np.array_equal(shown, expected["activation"])
    assert 0.2 < (shown > 0).mean() < 0.5


def test_a_fault_of_ours_is_a_refusal_without_a_number(ask: Ask, facts: Facts) -> None:
    import golden_films

    film = typed(list(golden_films.few()["turned.png"]), "Uint8Array")
    found = ask(_FAULT, {"facts": facts, "film": film})
    assert found["refused"]["code"] == "internal_error"
    assert (found["logits"], found["activation"], found["inside"]) == ([], None, None)
    assert found["width"] > 0, "what was read is kept"


def test_the_most_telling_reason_is_pythons(ask: Ask, facts: Facts) -> None:
    codes = list(RefusalCode)
    found = ask(_REASONS, {"facts": facts, "codes": [code.value for code in codes]})
    for code, told in zip(codes, found, strict=True):
        refusal = Refusal.of(code)
        assert told["vague"] == is_vague(refusal)
        for other, better in zip(codes, told["telling"], strict=True):
            expected = most_telling(refusal, (None, other, RefusalCode.INVERTED)).code
            assert better == (None if expected is code else expected.value)


def test_the_layer_lies_over_the_box_in_the_colours_of_the_reports(ask: Ask, facts: Facts) -> None:
    activation = np.zeros((4, 4))
    activation[1, 2] = 1.0
    box = [0.25, 0.5, 0.75, 1.0]
    given = {"facts": facts, "activation": activation.tolist(), "box": box}
    flat = ask(_LAYER, {**given, "height": 80, "width": 40})
    layer = np.array(list(flat.values()) if isinstance(flat, dict) else flat).reshape(80, 40, 4)
    inside = np.zeros((80, 40), dtype=bool)
    inside[20:60, 20:40] = True
    assert not layer[~inside].any(), "nothing where the network did not look"
    row, column = np.unravel_index(layer[..., 3].argmax(), inside.shape)
    assert 20 + 10 <= row < 20 + 20
    assert 20 + 10 <= column < 20 + 15
    strongest = layer[row, column]
    strength = strongest[3] / 255
    least = facts["explain"]["weakest_colour"]
    shown = colours(np.array(least + (1 - least) * strength))
    assert strongest[:3] == pytest.approx(shown, abs=3)
