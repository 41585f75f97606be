"""No answer by files that are not what was built, nor by a bundle that may not answer alone."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.bundle.contents import SUMS
from on_node import Ask

_LOAD = """
import { loadBundle, sha256 } from "@web/detector/bundle.mjs";
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
export default async ({ facts, files }) => {
  const load = async (path) => {
    if (!(path in files)) throw new Error(`no ${path}`);
    return bytes(files[path]);
  };
  try {
    const loaded = await loadBundle(load, facts);
    const names = Object.keys(loaded).sort();
    return { names, hashes: await Promise.all(names.map((name) => sha256(loaded[name]))) };
  } catch (error) {
    return { error: error.message };
  }
};
"""
Small = tuple[dict[str, Any], dict[str, str]]
_SMALL = ("bundle.json", "gate.npz", "gate-reasons.npz", "lungs.onnx", SUMS)


@pytest.fixture
def small(built_in: Bundle, facts: dict[str, Any]) -> Small:
    """The bundle as the page fetches it, its lung model standing for the large network too."""
    spec = facts["bundle"]["spec"]
    network = {**spec["network"], "file": "lungs.onnx"}
    told = {**facts["bundle"], "spec": {**spec, "network": network}}
    files = {f"bundle/{n}": base64.b64encode(built_in.files[n]).decode() for n in _SMALL}
    return {"bundle": told}, files


def test_a_whole_bundle_is_loaded_with_its_checksums(
    ask: Ask, built_in: Bundle, small: Small
) -> None:
    told, files = small
    found = ask(_LOAD, {"facts": told, "files": files})
    names = sorted(set(_SMALL) - {SUMS})
    assert found["names"] == names
    assert found["hashes"] == [hashlib.sha256(built_in.files[name]).hexdigest() for name in names]


@pytest.mark.parametrize("name", _SMALL)
def test_one_changed_byte_anywhere_and_nothing_is_loaded(
    ask: Ask, built_in: Bundle, small: Small, name: str
) -> None:
    told, files = small
    changed = bytearray(built_in.files[name])
    changed[len(changed) // 2] ^= 1
    files = {**files, f"bundle/{name}": base64.b64encode(changed).decode()}
    said = ask(_LOAD, {"facts": told, "files": files})["error"]
    assert said == ("another bundle" if name == SUMS else f"{name} fails its checksum")


def test_a_missing_file_or_an_unlisted_one_is_not_loaded(ask: Ask, small: Small) -> None:
    told, files = small
    fewer = {path: text for path, text in files.items() if path != "bundle/lungs.onnx"}
    assert ask(_LOAD, {"facts": told, "files": fewer})["error"] == "no bundle/lungs.onnx"
    gate = {**told["bundle"]["spec"]["gate"], "file": "other.npz"}
    spec = {**told["bundle"]["spec"], "gate": gate}
    other = {"bundle": {**told["bundle"], "spec": spec}}
    files = {**files, "bundle/other.npz": files["bundle/gate.npz"]}
    assert ask(_LOAD, {"facts": other, "files": files})["error"] == "other.npz fails its checksum"


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": {"status": "demonstration", "reasons": [], "audited": None}},
        {"lungs": None},
        {"gate": None},
        {"conformal": None},
        {"calibration": {"slope": 1.0, "intercept": 0.0, "prevalence": 0.5, "films": 10}},
    ],
    ids=["demonstration", "no lungs", "no gate", "no thresholds", "old kind"],
)
def test_a_bundle_that_may_not_answer_alone_does_not(
    ask: Ask, small: Small, change: dict[str, Any]
) -> None:
    told, files = small
    spec = {**told["bundle"]["spec"], **change}
    asked = {"facts": {"bundle": {**told["bundle"], "spec": spec}}, "files": files}
    assert ask(_LOAD, asked)["error"] == "this bundle may not answer offline"
