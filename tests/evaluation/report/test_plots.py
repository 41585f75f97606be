"""Plots draw the figures they claim to, in both languages, and repeat byte for byte."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from covid_d.evaluation.figures.decision import THRESHOLDS
from covid_d.evaluation.report import plots
from covid_d.html_report import png_of
from covid_d.language import Language

Draw = Callable[..., pd.DataFrame]


@pytest.fixture
def films(draw_scores: Draw) -> pd.DataFrame:
    return pd.concat(
        [
            draw_scores(30, 0, source="cxnet"),
            draw_scores(0, 40, source="rsna", seed=1),
            draw_scores(20, 20, source="cohen", separation=0.3, seed=2),
        ],
        ignore_index=True,
    )


def _texts(figure: Figure) -> str:
    return " ".join(found.get_text() for found in figure.findobj(Text) if isinstance(found, Text))


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize(
    "draw",
    [
        lambda f, lang: plots.roc({"cohen": f[f["source"] == "cohen"], "pool": f}, lang),
        lambda f, lang: plots.precision_recall({"pool": f}, lang),
        plots.reliability_diagram,
        plots.confusion,
        plots.score_histograms,
        plots.decision_curve,
    ],
)
def test_every_plot_is_a_picture_of_reasonable_size(
    draw: Callable[[pd.DataFrame, Language], Figure], films: pd.DataFrame, language: Language
) -> None:
    png = png_of(draw(films, language))
    assert png.startswith(b"\x89PNG")
    assert 5_000 < len(png) < 300_000
    assert png == png_of(draw(films, language))


def test_roc_passes_through_the_measured_points(films: pd.DataFrame) -> None:
    line = plots.roc({"pool": films}, "en").axes[0].lines[-1]
    truth, p = films["label"].eq("covid"), films["probability"]
    for threshold in (0.3, 0.5, 0.7):
        point = ((p[~truth] >= threshold).mean(), (p[truth] >= threshold).mean())
        gap = np.abs(np.asarray(line.get_xydata()) - point).sum(axis=1).min()
        assert gap < 0.06


def test_worst_source_is_drawn_heaviest(films: pd.DataFrame) -> None:
    lines = plots.roc({"worst": films, "pool": films}, "en").axes[0].lines
    width = {line.get_label(): line.get_linewidth() for line in lines}
    assert width["worst"] > width["pool"]


def test_confusion_counts_add_up(films: pd.DataFrame) -> None:
    figure = plots.confusion(films, "es")
    for axes in figure.axes:
        counts = [int(text.get_text().split("\n")[0]) for text in axes.texts]
        assert sum(counts) == len(films)
    assert "no concluyente" in _texts(figure)


def test_histogram_names_each_source_with_its_counts(films: pd.DataFrame) -> None:
    text = _texts(plots.score_histograms(films, "es"))
    for part in ("cxnet: 30 con COVID-19, 0 sin", "rsna: 0 con COVID-19, 40 sin"):
        assert part in text
    drawn = sum(
        patch.get_height()
        for axes in plots.score_histograms(films, "es").axes
        for patch in axes.patches
        if isinstance(patch, Rectangle)
    )
    assert drawn == len(films)


def test_histogram_keeps_to_the_largest_sources(films: pd.DataFrame) -> None:
    assert len(plots.score_histograms(films, "en", largest=2).axes) == 2
    assert len(plots.score_histograms(films, "en", largest=1).axes) == 1


def test_decision_curve_starts_at_the_prevalence(films: pd.DataFrame) -> None:
    lines = {line.get_label(): line for line in plots.decision_curve(films, "en").axes[0].lines}
    share = films["label"].eq("covid").mean()
    model = np.asarray(lines["act on the model"].get_ydata())
    everyone = np.asarray(lines["act on everyone"].get_ydata())
    assert model[0] == pytest.approx(share, abs=0.02)
    assert everyone[0] == pytest.approx(share - (1 - share) / 99)
    assert len(model) == len(THRESHOLDS)


def test_numbers_follow_the_language(films: pd.DataFrame) -> None:
    marks: dict[Language, str] = {"es": "0,5", "en": "0.5"}
    for language, mark in marks.items():
        figure = plots.decision_curve(films, language)
        figure.canvas.draw()
        labels = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
        assert any(label.startswith(mark[:2]) for label in labels)
