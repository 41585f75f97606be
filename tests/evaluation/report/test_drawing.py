"""What every plot shares: numbers as the language writes them, and counts with their shares."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from covid_d.evaluation.report import drawing
from covid_d.language import Language


def _ticks(language: Language, *, y: bool = True) -> tuple[list[str], list[str]]:
    figure, axes = drawing.new_axes()
    axes.plot([0, 1], [0, 1])
    axes.set(xticks=[0, 0.25, 1], yticks=[0, 0.5, 0.125])
    drawing.decimal_axes(axes, language, y=y)
    figure.canvas.draw()
    return (
        [tick.get_text() for tick in axes.get_xticklabels()],
        [tick.get_text() for tick in axes.get_yticklabels()],
    )


def test_spanish_axes_have_decimal_commas() -> None:
    across, up = _ticks("es")
    assert across == ["0", "0,25", "1"]
    assert up == ["0", "0,5", "0,125"]
    assert not any("." in tick for tick in across + up)


def test_english_axes_have_decimal_points() -> None:
    across, up = _ticks("en")
    assert not any("," in tick for tick in across + up)
    assert across[1] == "0.25"


def test_an_axis_of_names_is_left_alone() -> None:
    across, up = _ticks("es", y=False)
    assert across[1] == "0,25"
    assert "0.500" in up or "0.5" in up


def _texts(axes: object) -> list[Text]:
    return [text for text in axes.texts if isinstance(text, Text)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("language", "cells"),
    [
        ("es", ["9\n90 %", "1\n10 %", "0\n0 %", "4\n100 %"]),
        ("en", ["9\n90%", "1\n10%", "0\n0%", "4\n100%"]),
    ],
)
def test_a_table_of_counts_shows_each_with_its_share_of_the_row(
    language: Language, cells: list[str]
) -> None:
    _, axes = drawing.new_axes()
    counts = np.array([[9, 1], [0, 4]])
    drawing.matrix(axes, counts, ["yes", "no"], ["COVID-19", "other"], language)
    assert [text.get_text() for text in _texts(axes)] == cells
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["yes", "no"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["COVID-19", "other"]


def test_a_row_without_films_has_no_share() -> None:
    _, axes = drawing.new_axes()
    drawing.matrix(axes, np.array([[0, 0], [1, 1]]), ["a", "b"], ["c", "d"], "en")
    assert [text.get_text() for text in _texts(axes)][:2] == ["0\n0%", "0\n0%"]


def test_dark_cells_have_light_letters() -> None:
    _, axes = drawing.new_axes()
    drawing.matrix(axes, np.array([[9, 1]]), ["a", "b"], ["c"], "en")
    assert [text.get_color() for text in _texts(axes)] == ["white", "black"]


def _luminance(colour: str) -> float:
    """Of WCAG 2.1: how light a colour is."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_grey_lines_are_seen_on_white() -> None:
    # WCAG 2.1, 1.4.3: 4.5 to 1 for text.
    assert 1.05 / (_luminance(drawing.GREY) + 0.05) >= 4.5


def test_no_two_lines_have_one_colour() -> None:
    assert len(set(drawing.LINES)) == len(drawing.LINES)


def test_the_legend_lies_below_the_axes() -> None:
    figure, axes = drawing.new_axes()
    axes.plot([0, 1], [0, 1], label="model")
    drawing.legend_below(figure, axes, columns=2)
    figure.canvas.draw()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["model"]
    assert legend.get_window_extent().y1 <= axes.get_window_extent().y0


def test_a_square_of_shares_has_one_scale() -> None:
    _, axes = drawing.new_axes()
    drawing.unit_square(axes)
    assert axes.get_xlim() == axes.get_ylim() == (-0.01, 1.01)
    assert axes.get_aspect() == 1.0
