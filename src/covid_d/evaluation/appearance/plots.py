"""Pictures of an evaluation of appearance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.evaluation.appearance import texts
from covid_d.evaluation.appearance.evaluation import AppearanceEvaluation
from covid_d.evaluation.appearance.figures import OUTCOMES
from covid_d.evaluation.appearance.outside import OutsideSource
from covid_d.evaluation.appearance.table import (
    OPACITY,
    graded,
    is_category,
    known,
    numbers,
    probabilities,
    truth,
    typical_score,
)
from covid_d.evaluation.figures.estimate import BoolArray, FloatArray
from covid_d.evaluation.figures.intervals import wilson
from covid_d.evaluation.report.drawing import (
    GREY,
    LINES,
    decimal_axes,
    legend_below,
    matrix,
    new_axes,
    plain,
    unit_square,
)
from covid_d.evaluation.report.texts import percent, shown
from covid_d.html_report import png_of
from covid_d.language import Language, Message
from covid_d.radiograph import read

TOP = 9
_SIDE = 360  # pixels of a shown film's longer side
_COLOURS = {"positive": "#D55E00", "inconclusive": "#BBBBBB", "negative": "#0072B2"}
_WORDS = {
    "positive": texts.POSITIVE,
    "inconclusive": texts.INCONCLUSIVE,
    "negative": texts.NEGATIVE,
}
_FALSE_RATE = Message("1 − especificidad", "1 − specificity")
_SENSITIVITY = Message("Sensibilidad", "Sensitivity")
_SAID = Message("Probabilidad que dice el modelo", "Probability the model states")
_OBSERVED = Message("Proporción de esa categoría", "Share of that category")
_READ = Message("Radiólogo", "Radiologist")
_LIKELY = Message("Categoría más probable", "Most likely category")
_ANSWER = Message("Respuesta", "Answer")
_SHARE = Message("Proporción de radiografías", "Share of films")
_CAPTION = Message(
    "{read}\nel modelo le da {p} · {source}", "{read}\nthe model gives it {p} · {source}"
)


def draw_plots(
    evaluation: AppearanceEvaluation, folder: Path | None, language: Language
) -> dict[str, bytes]:
    """Return every plot that the evaluation allows as PNG, by the name the report knows it by.

    Parameters
    ----------
    evaluation
        What was measured.
    folder
        The data set's; the worst errors are drawn from it. ``None`` draws none.
    language
        Of the texts.
    """
    films = graded(evaluation.scores.films)
    figures: dict[str, Figure | None] = {
        "roc": _roc(films, evaluation, language),
        "confusion": _confusion(films, language),
        "calibration": _calibration(evaluation, language),
        "outside": _outside(evaluation.outside, language),
        "worst_errors": None if folder is None else _worst(films, folder, language),
    }
    return {name: png_of(figure) for name, figure in figures.items() if figure is not None}


def _roc(
    films: pd.DataFrame, evaluation: AppearanceEvaluation, language: Language
) -> Figure | None:
    if evaluation.pool is None:
        return None
    negative = is_category(films, Appearance.NEGATIVE)
    pair = negative | is_category(films, Appearance.TYPICAL)
    curves: list[tuple[str, FloatArray | None, BoolArray]] = [
        ("auroc_typical", typical_score(films[pair]), ~negative[pair]),
        ("auroc_opacity", numbers(films, OPACITY), ~negative),
    ]
    drawn = [(name, s, y) for name, s, y in curves if name in evaluation.pool.figures]
    if not drawn:
        return None
    figure, axes = new_axes()
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
    for k, (name, score, positive) in enumerate(drawn):
        false_rate, recall, _ = roc_curve(positive, score)
        told = shown("auroc", evaluation.pool.figures[name], language)
        label = f"{texts.FIGURES[name].in_language(language)}: {told}"
        axes.plot(false_rate, recall, color=LINES[k], drawstyle="steps-post", label=label)
    unit_square(axes)
    axes.set_xlabel(_FALSE_RATE.in_language(language))
    axes.set_ylabel(_SENSITIVITY.in_language(language))
    decimal_axes(axes, language)
    legend_below(figure, axes)
    return figure


def _confusion(films: pd.DataFrame, language: Language) -> Figure | None:
    p = None if films.empty else probabilities(films)
    if p is None:
        return None
    grades, called = truth(films), p.argmax(axis=1)
    rows = [grades == k for k in range(len(CATEGORIES))]
    counts = np.array([[(called[own] == k).sum() for k in range(len(CATEGORIES))] for own in rows])
    has_outcome = known(films, "outcome")
    widths = (4, 3) if has_outcome else (4,)
    figure = Figure(figsize=(2.2 + 1.3 * sum(widths), 4.4), layout="constrained")
    parts = figure.subplots(1, len(widths), squeeze=False, width_ratios=widths)[0]
    short = [texts.SHORT[category].in_language(language) for category in CATEGORIES]
    matrix(parts[0], counts, short, short, language)
    parts[0].set_title(_LIKELY.in_language(language), fontsize=10)
    parts[0].set_ylabel(_READ.in_language(language))
    if has_outcome:
        answers = films["outcome"].to_numpy()
        table = np.array([[(answers[own] == k).sum() for k in OUTCOMES] for own in rows])
        words = [_WORDS[name].in_language(language) for name in OUTCOMES]
        matrix(parts[1], table, words, [""] * len(CATEGORIES), language)
        parts[1].set_title(_ANSWER.in_language(language), fontsize=10)
    return figure


def _calibration(evaluation: AppearanceEvaluation, language: Language) -> Figure | None:
    curves = evaluation.curves
    if not curves:
        return None
    figure = Figure(figsize=(8.4, 8.0), layout="constrained")
    grid = figure.subplots(2, 2, sharex=True, sharey=True)
    for axes, (category, bins) in zip(grid.ravel(), curves.items(), strict=True):
        plain(axes)
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
        for item in bins:
            low, high = wilson(item.observed * item.n, item.n)
            axes.plot([item.mean_probability] * 2, [low, high], color=LINES[0], linewidth=1.2)
            axes.plot(item.mean_probability, item.observed, "o", color=LINES[0], markersize=5)
            axes.annotate(f"n={item.n}", (item.mean_probability, high), xytext=(0, 3),
                          textcoords="offset points", ha="center", fontsize=7,
                          color=GREY)  # fmt: skip
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.1))
        axes.set_title(category.message.in_language(language), fontsize=10)
        decimal_axes(axes, language)
    figure.supxlabel(_SAID.in_language(language), fontsize=10)
    figure.supylabel(_OBSERVED.in_language(language), fontsize=10)
    return figure


def _outside(sources: tuple[OutsideSource, ...], language: Language) -> Figure | None:
    rows = [(source.name, row) for source in sources for row in source.rows if row.figures]
    if not rows:
        return None
    figure, axes = new_axes(7.2, 1.4 + 0.45 * len(rows))
    starts = np.zeros(len(rows))
    places = np.arange(len(rows))[::-1]
    for outcome in OUTCOMES:
        shares = np.array([row.figures[outcome].value for _, row in rows])
        axes.barh(places, shares, left=starts, color=_COLOURS[outcome],
                  label=_WORDS[outcome].in_language(language))  # fmt: skip
        for place, start, share in zip(places, starts, shares, strict=True):
            if share >= 0.07:
                axes.text(start + share / 2, place, percent(float(share), language), ha="center",
                          va="center", fontsize=8)  # fmt: skip
        starts = starts + shares
    axes.set_yticks(
        places,
        [
            f"{name}: {row.finding.message.in_language(language)} "
            f"({row.count.films}/{row.count.patients})"
            for name, row in rows
        ],
        fontsize=8,
    )
    axes.set(xlim=(0, 1), xlabel=_SHARE.in_language(language))
    decimal_axes(axes, language, y=False)
    legend_below(figure, axes, columns=3)
    return figure


def worst_films(films: pd.DataFrame, top: int = TOP) -> pd.DataFrame:
    """Return the graded films whose true category got least probability, worst first.

    A film whose most likely category is the radiologist's is no error.
    """
    p = None if films.empty else probabilities(films)
    if p is None:
        return films.iloc[:0].assign(given=[])
    grades = truth(films)
    wrong = films.assign(given=p[np.arange(len(films)), grades])[p.argmax(axis=1) != grades]
    ranked: pd.DataFrame = wrong.sort_values(["given", "path"])
    return ranked.head(top)


def _worst(films: pd.DataFrame, folder: Path, language: Language) -> Figure | None:
    worst = worst_films(films)
    if worst.empty:
        return None
    columns = min(3, len(worst))
    rows = -(-len(worst) // columns)
    figure = Figure(figsize=(3.1 * columns, 3.55 * rows), layout="constrained")
    grid = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, (_, film) in zip(grid, worst.iterrows(), strict=False):
        _draw_film(axes, folder / str(film["path"]))
        read_as = Appearance(film["appearance"]).message.in_language(language)
        told = _CAPTION.format(
            read="{read}", p=percent(float(film["given"]), language), source=film["source"]
        ).in_language(language)
        axes.set_title(told.replace("{read}", read_as), fontsize=9)
    return figure


def _draw_film(axes: Axes, path: Path) -> None:
    film = read(path)
    step = max(1, max(film.height, film.width) // _SIDE)
    axes.imshow(film.pixels[::step, ::step], cmap="gray", vmin=0, vmax=1)
