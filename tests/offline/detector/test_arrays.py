"""What is asked of arrays again and again."""

from __future__ import annotations

import base64

import numpy as np

from on_node import Ask, typed

_REST = """
import { allFinite, argmax, float64FromBase64 } from "@web/detector/arrays.mjs";
export default ({ text, rows }) => ({
  numbers: float64FromBase64(text),
  finite: rows.map(allFinite),
  best: rows.map(argmax),
});
"""


def test_numbers_come_whole_out_of_base64_and_what_is_no_number_is_seen(ask: Ask) -> None:
    numbers = np.random.default_rng(5).random(40)
    rows = [[1.0, 3.0, 3.0], [2.0, 1.0], [0.0]]
    given = {
        "text": base64.b64encode(numbers.astype("<f8").tobytes()).decode(),
        "rows": [typed(row) for row in rows] + [typed([1.0, float("nan")])],
    }
    found = ask(_REST, given)
    assert found["numbers"] == numbers.tolist()
    assert found["finite"] == [True, True, True, False]
    assert found["best"][:3] == [1, 0, 0]
