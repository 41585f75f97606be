"""Stacked bars as SVG: their widths are the shares, their words are escaped."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from covid_d.screen.charts import COLOURS, StackedBar, stacked

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*bars: StackedBar, names: tuple[str, ...] = ("a", "b")) -> ElementTree.Element:
    return ElementTree.fromstring(stacked("By <unit>", names, bars))


def test_a_bar_is_as_wide_as_its_share() -> None:
    root = drawn(StackedBar("Norte", (0.25, 0.5), "n = 4"))
    key, parts = root.findall(f"{SVG}rect")[:2], root.findall(f"{SVG}rect")[2:]
    assert [rect.get("fill") for rect in key] == [*COLOURS[:2]]
    widths = [float(rect.get("width", "")) for rect in parts]
    assert widths[1] == pytest.approx(2 * widths[0])
    starts = [float(rect.get("x", "")) for rect in parts]
    assert starts[1] == pytest.approx(starts[0] + widths[0])
    assert [rect.get("fill") for rect in parts] == [*COLOURS[:2]]


def test_an_empty_part_is_not_drawn() -> None:
    assert len(drawn(StackedBar("x", (0.0, 1.0), "")).findall(f"{SVG}rect")) == 3


def test_words_are_there_and_escaped() -> None:
    root = drawn(StackedBar("Norte & <Sur>", (1.0, 0.0), "n = 1"))
    said = [element.text for element in root.findall(f"{SVG}text")]
    assert said == ["By <unit>", "a", "b", "Norte & <Sur>", "n = 1"]
    assert root.get("aria-label") == "By <unit>"
    assert root.get("role") == "img"


def test_a_long_label_is_cut_and_a_key_is_not() -> None:
    root = drawn(StackedBar("x" * 99, (1.0, 0.0), ""), names=("y" * 40, "b"))
    said = [element.text or "" for element in root.findall(f"{SVG}text")]
    assert "y" * 40 in said
    assert max(len(text) for text in said if text.startswith("x")) == 30


def test_it_grows_with_its_bars() -> None:
    bars = [StackedBar(str(number), (0.5, 0.5), "") for number in range(9)]
    heights = [float(drawn(*bars[:count]).get("viewBox", "").split()[3]) for count in (1, 2, 9)]
    assert heights[2] - heights[1] == pytest.approx(7 * (heights[1] - heights[0]))
