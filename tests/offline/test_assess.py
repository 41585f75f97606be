"""The whole chain in Node against Python's own: from a file's bytes to the answer or refusal."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import golden_films as golden
import on_node
from covid_d.detector.assessment import Assessment
from covid_d.detector.detector import Detector
from covid_d.detector.stated import Stated
from covid_d.offline.build import build
from covid_d.offline.site import Site
from covid_d.radiograph.film import Projection, Sex

CLOSE = 1e-4
"""Of a probability: runtimes add in another order."""
_ASSESS = """
import { assess } from "@web/assess.mjs";
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
export default async ({ films, asked }) => {
  console.error = () => undefined; // a film's own fault is told by its refusal
  const answers = [];
  for (const { name, content } of films) {
    for (const each of asked) {
      answers.push(await assess(bytes(content), { name, activation: true, ...each }));
    }
  }
  return answers;
};
"""
_WRONG = """
import { assess } from "@web/assess.mjs";
export default async (asked) => Promise.all(asked.map(async (each) => {
  try {
    return (await assess(new Uint8Array(8), each)).outcome;
  } catch (error) {
    return error.constructor.name;
  }
}));
"""
SAID: list[dict[str, Any]] = [
    {"prevalence": 0.07, "stated": {"age_years": 64, "sex": "F", "projection": "PA"}},
]
MUCH_SAID: list[dict[str, Any]] = [
    {},
    *SAID,
    {"stated": {"adult": True, "projection": "AP Supine"}},
    {"stated": {"adult": False}},
    {"stated": {"age_years": 12}},
    {"stated": {"projection": "L"}},
]


@pytest.fixture(scope="session")
def built(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page in a folder, whose modules load their files from beside them."""
    folder = tmp_path_factory.mktemp("page") / "page"
    build(site, folder)
    return folder


def _asked_of_the_page(
    folder: Path, built: Path, films: dict[str, bytes], said: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    sent = [
        {"name": name, "content": base64.b64encode(content).decode()}
        for name, content in films.items()
    ]
    given = {"films": sent, "asked": said}
    answers: list[dict[str, Any]] = on_node.run(folder, _ASSESS, given, web=built)
    return answers


def _asked_of_python(
    detector: Detector, content: bytes, name: str, said: dict[str, Any]
) -> Assessment:
    stated = dict(said.get("stated", {}))
    for key, kind in (("projection", Projection), ("sex", Sex)):
        if key in stated:
            stated[key] = kind(stated[key])
    return detector.assess(
        content,
        name=name,
        stated=Stated(**stated),
        prevalence=said.get("prevalence"),
        activation=True,
    )


def _alike(found: dict[str, Any], told: dict[str, Any]) -> None:
    """Hold two answers against each other: words and codes to the letter, numbers closely."""
    for name in ("appearance", "covid"):
        mine, theirs = found.pop(name), told.pop(name)
        assert (mine is None) == (theirs is None)
        if mine is not None:
            assert mine.pop("table", "") == theirs.pop("table", "")
            assert mine == pytest.approx(theirs, abs=CLOSE)
            assert list(mine) == list(theirs)
    assert found.pop("opacity") == pytest.approx(told.pop("opacity"), abs=CLOSE)
    mine, theirs = found.pop("activation"), told.pop("activation")
    assert (mine is None) == (theirs is None)
    if mine is not None:
        assert np.allclose(mine, theirs, atol=2e-3)
        assert found.pop("box") == pytest.approx(told.pop("box"), abs=1e-12)
    assert found == told


def _held(detector: Detector, folder: Path, built: Path, films: dict[str, bytes], said: Any) -> Any:
    """Return every answer of the page, each like Python's."""
    answers = _asked_of_the_page(folder, built, films, said)
    asked = [(name, content, each) for name, content in films.items() for each in said]
    kept = json.loads(json.dumps(answers))
    for (name, content, each), answer in zip(asked, answers, strict=True):
        _alike(answer, _asked_of_python(detector, content, name, each).to_dict(activation=True))
    return kept


def test_a_film_a_refused_one_and_none_are_answered_as_python_answers(
    detector: Detector, tmp_path: Path, built: Path
) -> None:
    answers = _held(detector, tmp_path, built, golden.few(), SAID)
    assert [answer["outcome"] == "refused" for answer in answers] == [False, True, True]
    assert answers[0]["covid"]["prevalence"] == 0.07


@pytest.mark.slow
def test_films_of_every_fate_are_answered_as_python_answers(
    detector: Detector, tmp_path: Path, built: Path
) -> None:
    films = golden.many()
    answers = _held(detector, tmp_path, built, films, SAID)
    codes = {(answer["refusal"] or {}).get("code") for answer in answers}
    assert len(codes) >= 12, codes
    assert sum(answer["refusal"] is None for answer in answers) >= 3


@pytest.mark.slow
def test_whatever_is_said_of_a_film_has_the_same_answer(
    detector: Detector, tmp_path: Path, built: Path
) -> None:
    answers = _held(detector, tmp_path, built, {"film.dcm": golden.small_dicom()}, MUCH_SAID)
    codes = [(answer["refusal"] or {}).get("code") for answer in answers]
    assert codes == [None, None, None, "child", "child", "not_frontal"]


def test_what_cannot_be_asked_throws_and_is_no_refusal(tmp_path: Path, built: Path) -> None:
    asked: list[dict[str, Any]] = [
        {"prevalence": 0},
        {"prevalence": 1.5},
        {"stated": {"age_years": -3}},
        {"stated": {"projection": "frontal"}},
        {"stated": {"height": 170}},
        {},
    ]
    found = on_node.run(tmp_path, _WRONG, asked, web=built)
    assert found == ["RangeError"] * 5 + ["refused"]


def test_a_changed_file_anywhere_answers_nothing(tmp_path: Path, site: Site) -> None:
    folder = tmp_path / "page"
    build(site, folder)
    model = folder / "bundle" / "lungs.onnx"
    changed = bytearray(model.read_bytes())
    changed[1000] ^= 1
    model.write_bytes(changed)
    assert on_node.run(tmp_path, _WRONG, [{}], web=folder) == ["CannotAnswer"]
