"""The forest plot: where things lie, what it says, and nothing that a content policy forbids."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from covid_d.clinic.federation.forest import WIDTH, ForestRow, forest
from covid_d.evaluation.figures.estimate import Estimate

SVG = "{http://www.w3.org/2000/svg}"
ROWS = (
    ForestRow("Hospital <Uno> & Dos", Estimate(0.5, 0.25, 0.75, 100, "wilson")),
    ForestRow("A" * 60, Estimate(0.9, 0.85, 0.95, 400, "wilson")),
)
MIDDLE = Estimate(0.75, 0.5, 1.0, 500, "reml")


@pytest.fixture(scope="module")
def plot() -> ElementTree.Element:
    return ElementTree.fromstring(forest("Sensitivity", ROWS, MIDDLE, "All", "en"))


def _texts(plot: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in plot.iter(f"{SVG}text")]


def test_it_says_what_it_shows(plot: ElementTree.Element) -> None:
    assert plot.get("role") == "img"
    assert plot.get("aria-label") == "Sensitivity"
    texts = _texts(plot)
    assert "Hospital <Uno> & Dos" in texts
    assert "50 % (25 – 75), n = 100" in texts
    assert "75 % (50 – 100), n = 500" in texts
    assert any(text.endswith("…") and len(text) == 32 for text in texts), "long names are cut"


def test_squares_lie_at_the_figures_and_are_larger_for_more_cases(
    plot: ElementTree.Element,
) -> None:
    first, second = plot.iter(f"{SVG}rect")
    centre = [float(one.get("x", 0)) + float(one.get("width", 0)) / 2 for one in (first, second)]
    # The scale runs from 240 (0 %) to 520 (100 %).
    assert centre[0] == pytest.approx(240 + 0.5 * 280, abs=0.2)
    assert centre[1] == pytest.approx(240 + 0.9 * 280, abs=0.2)
    assert float(second.get("width", 0)) > float(first.get("width", 0))


def test_whiskers_are_the_intervals_and_the_diamond_the_middle(plot: ElementTree.Element) -> None:
    level = [line for line in plot.iter(f"{SVG}line") if line.get("y1") == line.get("y2")]
    ends = [(float(line.get("x1", 0)), float(line.get("x2", 0))) for line in level]
    assert ends[0] == (240 + 0.25 * 280, 240 + 0.75 * 280)
    (diamond,) = plot.iter(f"{SVG}polygon")
    xs = [float(point.split(",")[0]) for point in diamond.get("points", "").split()]
    assert xs == [240 + 0.5 * 280, 240 + 0.75 * 280, 520, 240 + 0.75 * 280]


def test_everything_lies_within(plot: ElementTree.Element) -> None:
    _, _, width, height = map(float, plot.get("viewBox", "").split())
    assert width == WIDTH
    for text in plot.iter(f"{SVG}text"):
        assert 0 <= float(text.get("x", 0)) <= width
        assert 0 <= float(text.get("y", 0)) <= height


def test_without_an_interval_there_is_no_diamond() -> None:
    alone = Estimate(0.6, math.nan, math.nan, 30, "reml")
    plot = ElementTree.fromstring(forest("x", ROWS[:1], alone, "All", "es"))
    assert list(plot.iter(f"{SVG}polygon")) == []
    assert "60 %" in _texts(plot)


def test_a_strict_content_policy_lets_it_be_shown() -> None:
    said = forest("x", ROWS, MIDDLE, "All", "en")
    assert "style" not in said
    assert "<script" not in said
    assert "href" not in said
