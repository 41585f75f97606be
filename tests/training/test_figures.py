from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from covid_d.html_report import png_of
from covid_d.training import figures


def _texts(figure: Figure) -> list[str]:
    found = [text.get_text() for axes in figure.axes for text in axes.texts]
    found += [axes.get_title() for axes in figure.axes]
    return found


def _draws(figure: Figure) -> None:
    picture = Image.open(io.BytesIO(png_of(figure)))
    assert min(picture.size) > 100
    assert np.asarray(picture.convert("L")).std() > 5


def test_confusion_matrix_shows_counts_and_shares() -> None:
    figure = figures.confusion_matrix(np.array([[3, 1], [0, 6]]), ("covid", "nocovid"))
    texts = _texts(figure)
    assert {"3\n75%", "1\n25%", "0\n0%", "6\n100%"} <= set(texts)
    assert "10 validation films" in texts[-1]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["covid", "nocovid"]
    _draws(figure)


def test_confusion_matrix_of_a_class_without_films() -> None:
    assert "0\n0%" in _texts(figures.confusion_matrix(np.array([[0, 0], [1, 1]]), ("a", "b")))


@pytest.mark.parametrize("count", [1, 3, 9])
def test_top_losses_title_each_film(count: int) -> None:
    worst = pd.DataFrame(
        {
            "prediction": ["covid"] * count,
            "actual": ["nocovid"] * count,
            "loss": np.linspace(3, 1, count),
            "probability": np.linspace(0.05, 0.4, count),
        }
    )
    films = [np.full((32, 32), value, np.uint8) for value in range(count)]
    figure = figures.top_losses(films, worst)
    titles = [title for title in _texts(figure) if title]
    assert len(titles) == count
    assert titles[0] == "covid / nocovid / 3.00 / 0.05"
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert [int(array[0, 0]) for array in shown] == list(range(count))
    _draws(figure)


def test_curves_put_validation_at_the_end_of_each_epoch() -> None:
    steps = [{"loss": 1 / (i + 1), "lr": i / 10} for i in range(10)]
    figure = figures.curves(steps, [{"valid_loss": 0.5}, {"valid_loss": 0.4}])
    training, validation = figure.axes[0].lines
    assert len(np.asarray(training.get_ydata())) == 10
    assert list(np.asarray(validation.get_xdata())) == [4, 9]
    assert list(np.asarray(validation.get_ydata())) == [0.5, 0.4]
    assert list(np.asarray(figure.axes[1].lines[0].get_ydata())) == [s["lr"] for s in steps]
    _draws(figure)


def test_finder_is_not_flattened_by_its_diverging_end() -> None:
    table = pd.DataFrame({"lr": np.logspace(-7, 1, 50), "loss": [0.7] * 40 + [1e3] * 10})
    figure = figures.learning_rate_finder(table, 1e-6, 1e-4)
    assert figure.axes[0].get_ylim()[1] < 2
    assert figure.axes[0].get_xscale() == "log"
    assert "1e-06 to 0.0001" in figure.axes[0].get_legend().get_texts()[0].get_text()
    _draws(figure)
