"""The plots of an evaluation by label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, roc_curve

from covid_d.dataset.manifest import Label
from covid_d.detector.assessment import Outcome
from covid_d.evaluation.figures.bootstrap import resample_weights
from covid_d.evaluation.figures.calibration import BINS, reliability
from covid_d.evaluation.figures.decision import THRESHOLDS, net_benefit, net_benefit_of_treating_all
from covid_d.evaluation.figures.estimate import BoolArray, FloatArray
from covid_d.evaluation.figures.intervals import wilson
from covid_d.evaluation.figures.metrics import THRESHOLD
from covid_d.evaluation.figures.subgroups import members
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
from covid_d.evaluation.report.texts import WITH_COVID, WITHOUT_COVID
from covid_d.language import Language, Message

COVID_COLOUR = "#D55E00"
NOCOVID_COLOUR = "#0072B2"

_FALSE_RATE = Message("1 − especificidad", "1 − specificity")
_SENSITIVITY = Message("Sensibilidad", "Sensitivity")
_PRECISION = Message("Precisión (VPP en estos datos)", "Precision (PPV in these data)")
_SAID = Message("Probabilidad que dice el modelo", "Probability the model states")
_OBSERVED = Message("Proporción con COVID-19", "Share with COVID-19")
_FILMS = Message("Radiografías", "Films")
_ACTUAL = Message("Real", "Actual")
_ANSWER = Message("Respuesta del modelo", "The model's answer")
_TWO_WAY = Message("Forzada: umbral 0,5", "Forced: threshold 0.5")
_THREE_WAY = Message("De tres vías", "Three-way")
_THRESHOLD = Message("Umbral de probabilidad para actuar", "Threshold probability for acting")
_BENEFIT = Message("Beneficio neto", "Net benefit")
_MODEL = Message("actuar según el modelo", "act on the model")
_ALL = Message("actuar sobre todos", "act on everyone")
_NONE = Message("actuar sobre nadie", "act on no one")
_COUNTS = Message(
    "{name}: {covid} con COVID-19, {nocovid} sin",
    "{name}: {covid} with COVID-19, {nocovid} without",
)
_IDEAL = Message("ideal", "ideal")
_CHANCE = Message("azar", "chance")


def _truth(films: pd.DataFrame) -> BoolArray:
    return films["label"].eq(Label.COVID.value).to_numpy(dtype=bool)


def _probability(films: pd.DataFrame) -> FloatArray:
    return films["probability"].to_numpy(dtype=np.float64)


def roc(curves: Mapping[str, pd.DataFrame], language: Language) -> Figure:
    """Draw the ROC curve of each named set of films, the first one heaviest.

    Parameters
    ----------
    curves
        Legend text to films; each with both classes.
    language
        Of the axes.
    """
    figure, axes = new_axes()
    axes.plot(
        [0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":", label=_CHANCE.in_language(language)
    )
    for k, (name, films) in enumerate(curves.items()):
        false_rate, recall, _ = roc_curve(_truth(films), _probability(films))
        axes.plot(false_rate, recall, drawstyle="steps-post", **_line(k), label=name)
    unit_square(axes)
    axes.set_xlabel(_FALSE_RATE.in_language(language))
    axes.set_ylabel(_SENSITIVITY.in_language(language))
    decimal_axes(axes, language)
    legend_below(figure, axes)
    return figure


def precision_recall(curves: Mapping[str, pd.DataFrame], language: Language) -> Figure:
    """Draw precision against recall for each named set, with its share of positives dotted."""
    figure, axes = new_axes()
    for k, (name, films) in enumerate(curves.items()):
        truth = _truth(films)
        precision, recall, _ = precision_recall_curve(truth, _probability(films))
        axes.plot(recall, precision, drawstyle="steps-post", **_line(k), label=name)
        axes.axhline(truth.mean(), color=_line(k)["color"], linewidth=0.8, linestyle=":")
    unit_square(axes)
    axes.set_xlabel(_SENSITIVITY.in_language(language))
    axes.set_ylabel(_PRECISION.in_language(language))
    decimal_axes(axes, language)
    legend_below(figure, axes)
    return figure


def _line(k: int) -> dict[str, Any]:
    return {
        "color": LINES[k % len(LINES)],
        "linewidth": 2.4 if k == 0 else 1.3,
        "linestyle": ("-", "--", "-.", (0, (5, 1)), (0, (3, 1, 1, 1)))[k % 5],
    }


def reliability_diagram(films: pd.DataFrame, language: Language) -> Figure:
    """Draw observed against stated probability with Wilson bars, over a histogram by class."""
    truth, p = _truth(films), _probability(films)
    figure = Figure(figsize=(5.2, 5.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    plain(upper)
    plain(lower)
    upper.plot(
        [0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":", label=_IDEAL.in_language(language)
    )
    for item in reliability(p, truth):
        low, high = wilson(item.observed * item.n, item.n)
        upper.plot([item.mean_probability] * 2, [low, high], color=LINES[0], linewidth=1.2)
        upper.plot(item.mean_probability, item.observed, "o", color=LINES[0], markersize=5)
        upper.annotate(
            f"n={item.n}",
            (item.mean_probability, high),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=7,
            color=GREY,
        )
    upper.set(ylim=(-0.02, 1.1), ylabel=_OBSERVED.in_language(language))
    upper.legend(frameon=False, fontsize=8.5, loc="upper left")
    edges = np.linspace(0, 1, 2 * BINS + 1)
    lower.hist(
        [p[truth], p[~truth]],
        bins=edges,
        stacked=True,
        color=[COVID_COLOUR, NOCOVID_COLOUR],
        hatch=["///", ""],
        edgecolor="white",
        linewidth=0.4,
        label=_class_names(language),
    )
    lower.set(xlim=(0, 1), xlabel=_SAID.in_language(language), ylabel=_FILMS.in_language(language))
    lower.legend(frameon=False, fontsize=8, loc="upper center")
    decimal_axes(upper, language)
    decimal_axes(lower, language)
    return figure


def _class_names(language: Language) -> list[str]:
    return [WITH_COVID.in_language(language), WITHOUT_COVID.in_language(language)]


def confusion(films: pd.DataFrame, language: Language) -> Figure:
    """Draw the forced two-way answer and the three-way answer, counts and row percentages."""
    truth, calls = _truth(films), _probability(films) >= THRESHOLD
    answers = films["outcome"].to_numpy()
    kinds = (Outcome.POSITIVE, Outcome.INCONCLUSIVE, Outcome.NEGATIVE)
    two = np.array([[(calls & own).sum(), (~calls & own).sum()] for own in (truth, ~truth)])
    three = np.array([[((answers == k) & own).sum() for k in kinds] for own in (truth, ~truth)])
    figure = Figure(figsize=(9.2, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(2, 3))
    words = [_ANSWERS[kind].in_language(language) for kind in kinds]
    matrix(left, two, [words[0], words[2]], _class_names(language), language)
    matrix(right, three, words, ["", ""], language)
    for axes, title in ((left, _TWO_WAY), (right, _THREE_WAY)):
        axes.set_xlabel(_ANSWER.in_language(language))
        axes.set_title(title.in_language(language), fontsize=10)
    return figure


_ANSWERS = {
    Outcome.POSITIVE: Message("positivo", "positive"),
    Outcome.INCONCLUSIVE: Message("no concluyente", "inconclusive"),
    Outcome.NEGATIVE: Message("negativo", "negative"),
}


def score_histograms(films: pd.DataFrame, language: Language, largest: int = 8) -> Figure:
    """Draw the probabilities of each source, one row a source, by class.

    Parameters
    ----------
    films
        A score table.
    language
        Of the texts.
    largest
        At most so many sources, the largest ones.
    """
    names = members(films, "source")
    chosen = list(names.value_counts().index[:largest])
    figure = Figure(figsize=(6.4, 1.0 + 1.15 * len(chosen)), layout="constrained")
    rows = np.atleast_1d(figure.subplots(len(chosen), 1, sharex=True))
    edges = np.linspace(0, 1, 2 * BINS + 1)
    for axes, name in zip(rows, chosen, strict=True):
        own = films[names == name]
        truth, p = _truth(own), _probability(own)
        plain(axes)
        axes.hist(
            [p[truth], p[~truth]],
            bins=edges,
            stacked=True,
            color=[COVID_COLOUR, NOCOVID_COLOUR],
            hatch=["///", ""],
            edgecolor="white",
            linewidth=0.4,
            label=_class_names(language),
        )
        axes.axvline(THRESHOLD, color=GREY, linewidth=0.8, linestyle=":")
        title = _COUNTS.format(name=name, covid=int(truth.sum()), nocovid=int((~truth).sum()))
        axes.set_title(title.in_language(language), fontsize=9, loc="left")
        axes.set_xlim(0, 1)
    rows[-1].set_xlabel(_SAID.in_language(language))
    decimal_axes(rows[-1], language)
    handles, labels = rows[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    figure.supylabel(_FILMS.in_language(language), fontsize=10)
    return figure


def decision_curve(
    films: pd.DataFrame, language: Language, *, resamples: int = 500, seed: int = 7
) -> Figure:
    """Draw net benefit against the threshold, with a patient-bootstrap band, all and none."""
    truth, p = _truth(films), _probability(films)
    ones = np.ones((1, len(films)))
    value = net_benefit(p, truth, THRESHOLDS, ones)[0]
    draws = np.concatenate(
        [
            net_benefit(p, truth, THRESHOLDS, weights)
            for weights in resample_weights(films["group"], resamples=resamples, seed=seed)
        ]
    )
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    figure, axes = new_axes(6.0, 4.4)
    axes.fill_between(THRESHOLDS, low, high, color=LINES[4], alpha=0.3, linewidth=0)
    axes.plot(THRESHOLDS, value, color=LINES[0], linewidth=2.2, label=_MODEL.in_language(language))
    everyone = net_benefit_of_treating_all(float(truth.mean()), THRESHOLDS)
    axes.plot(
        THRESHOLDS,
        everyone,
        color=COVID_COLOUR,
        linewidth=1.3,
        linestyle="--",
        label=_ALL.in_language(language),
    )
    axes.axhline(0, color=GREY, linewidth=1.3, linestyle=":", label=_NONE.in_language(language))
    top = float(truth.mean())
    axes.set(xlim=(0, 1), ylim=(-0.25 * top - 0.02, 1.08 * top + 0.01))
    axes.set_xlabel(_THRESHOLD.in_language(language))
    axes.set_ylabel(_BENEFIT.in_language(language))
    decimal_axes(axes, language)
    axes.legend(frameon=False, fontsize=8.5, loc="upper right")
    return figure
