"""The input gate on the bundle's own heads: it lets through and refuses what Python does."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.gate import Gate, PictureKind, split_marks
from on_node import Ask, Facts, typed

_GATE = """
import { Gate, splitMarks } from "@web/detector/gate.mjs";
export default ({ facts, files, change, looks, marks }) => {
  const spec = { ...facts.bundle.spec.gate, ...change };
  const changed = { ...facts, bundle: { spec: { gate: spec } } };
  const gate = new Gate(bytesOf(files), changed);
  const { centre } = gate.heads;
  return {
    kinds: looks.map((look) => gate.judge(look)),
    shares: looks.map((look) => gate.heads.probabilities(look)),
    distances: looks.map((look) => gate.heads.distance(look)),
    reasons: looks.map((look) => gate.reasons.probabilities(look)),
    whole: looks.map((look) => {
      const features = look.slice(0, look.length - spec.grid ** 2);
      const side = 2 * spec.grid;
      const pixels = Float32Array.from({ length: side * side }, (_, at) =>
        look[features.length + (at / side >> 1) * spec.grid + (at % side >> 1)]);
      return [gate.refuse({ pixels, side }, features), gate.name({ pixels, side }, features)];
    }),
    marks: marks.map((shares) => splitMarks(shares, gate.kinds, true)),
  };
};
const bytesOf = (files) => Object.fromEntries(Object.entries(files).map(([name, text]) =>
  [name, Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))]));
"""
_BROKEN = """
import { Heads } from "@web/detector/gate.mjs";
export default (texts) => texts.map((text) => {
  try {
    new Heads(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
    return null;
  } catch (error) {
    return error.message;
  }
});
"""


@pytest.fixture(scope="module")
def gate(built_in: Bundle) -> Gate:
    return Gate.load(built_in)


def _looks(gate: Gate, films: int = 60) -> npt.NDArray[np.float32]:
    """Looks near the films trained on, and farther and farther off; some of each kind."""
    chance = np.random.default_rng(11)
    heads = gate.heads
    away = np.linspace(0.2, 4.0, films)[:, None]
    looks = heads.centre + away * heads.scale * chance.normal(size=(films, len(heads.centre)))
    towards = heads.weights[np.arange(films) % len(heads.bias)]
    looks += 6 * towards / (towards**2).sum(axis=1, keepdims=True)
    return looks.astype(np.float32)


def _files(bundle: Bundle) -> dict[str, str]:
    spec = bundle.spec.gate
    return {n: base64.b64encode(bundle.files[n]).decode() for n in (spec.file, spec.reasons)}


def _asked(bundle: Bundle, facts: Any, looks: Any, **more: Any) -> dict[str, Any]:
    given = {"facts": {"kinds": facts["kinds"], "bundle": facts["bundle"]}, "change": {}}
    return {
        **given,
        "files": _files(bundle),
        "looks": [typed(look) for look in looks],
        "marks": [],
        **more,
    }


def test_every_look_is_judged_as_python_judges_it(
    ask: Ask, built_in: Bundle, facts: Facts, gate: Gate
) -> None:
    looks = _looks(gate)
    found = ask(_GATE, _asked(built_in, facts, looks))
    told = gate.judge(looks)
    assert found["kinds"] == [kind and kind.value for kind in told]
    assert np.allclose(found["shares"], gate.heads.probabilities(looks), rtol=1e-9, atol=1e-300)
    assert np.allclose(found["distances"], gate.heads.distance(looks), rtol=1e-9)
    assert np.allclose(found["reasons"], gate.reasons.probabilities(looks), rtol=1e-9, atol=1e-300)
    assert len(set(told)) >= 5, "looks by chance should meet several kinds"


def test_a_film_is_refused_and_named_by_the_same_codes(
    ask: Ask, built_in: Bundle, facts: Facts, gate: Gate
) -> None:
    looks = _looks(gate)
    found = ask(_GATE, _asked(built_in, facts, looks))["whole"]
    cells = gate.grid**2
    for look, (refused, named) in zip(looks, found, strict=True):
        features, coarse = look[:-cells], look[-cells:].reshape(gate.grid, gate.grid)
        whole = np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)
        told = gate.refuse(whole, features)
        assert refused == (told and told.code.value)
        kind = gate.name(whole, features)
        assert named == (kind and kind.code.value)


@pytest.mark.parametrize("change", [{"marks": None}, {"threshold": 0.9}, {"distance": 0.01}])
def test_with_other_limits_too(
    ask: Ask, built_in: Bundle, facts: Facts, gate: Gate, change: dict[str, Any]
) -> None:
    looks = _looks(gate, 30)
    found = ask(_GATE, _asked(built_in, facts, looks, change=change))
    told = replace(gate, **change).judge(looks)
    assert found["kinds"] == [kind and kind.value for kind in told]


def test_numbers_that_are_none_are_refused(
    ask: Ask, built_in: Bundle, facts: Facts, gate: Gate
) -> None:
    looks = _looks(gate, 2)
    looks[:, 3] = np.nan
    found = ask(_GATE, _asked(built_in, facts, looks))
    assert None not in found["kinds"]


def test_marks_are_split_off_alike(ask: Ask, built_in: Bundle, facts: Facts, gate: Gate) -> None:
    shares = np.zeros((3, len(gate.kinds)))
    annotated = gate.kinds.index(PictureKind.ANNOTATED)
    shares[:, 0] = (0.5, 0.0, 0.2)
    shares[:, annotated] = (0.3, 1.0, 0.0)
    given = _asked(built_in, facts, [], marks=shares.tolist())
    told = np.stack(split_marks(shares, gate.kinds), axis=1)
    assert ask(_GATE, given)["marks"] == told.tolist()


def test_a_damaged_file_of_weights_is_no_gate(ask: Ask, built_in: Bundle, gate: Gate) -> None:
    whole = built_in.files[built_in.spec.gate.file]
    arrays = {name: getattr(gate.heads, name) for name in ("weights", "bias", "centre", "scale")}
    other, compressed, doubles = io.BytesIO(), io.BytesIO(), io.BytesIO()
    components = gate.heads.components
    kept = {name: array.astype(np.float32) for name, array in arrays.items()}
    np.savez(other, components=components[:, 1:].astype(np.float32), **kept)
    np.savez_compressed(compressed, components=components.astype(np.float32), **kept)
    np.savez(doubles, components=components, **arrays)
    nan = (
        replace(gate.heads)
        .to_bytes()
        .replace(np.float32(gate.heads.bias[0]).tobytes(), np.float32("nan").tobytes())
    )
    broken = [b"", whole[: len(whole) // 2], *(f.getvalue() for f in (other, compressed, doubles))]
    texts = [base64.b64encode(content).decode() for content in (whole, *broken, nan)]
    found = ask(_BROKEN, texts)
    assert found[0] is None
    assert all(found[1:])
    assert "do not agree" in found[3]
    assert "compressed" in found[4]
    assert "not a number" in found[6]
