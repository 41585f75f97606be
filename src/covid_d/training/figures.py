"""The pictures of a training report, each a matplotlib ``Figure``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

_WRONG = "#b3261e"
_RIGHT = "#1b6e3c"


def confusion_matrix(counts: npt.NDArray[np.int64], classes: Sequence[str]) -> Figure:
    """Draw counts (rows actual, columns predicted), shaded by the share of the row."""
    figure = Figure(figsize=(4.4, 4.0), layout="constrained")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    for row, column in np.ndindex(*counts.shape):
        axes.text(
            column,
            row,
            f"{counts[row, column]}\n{shares[row, column]:.0%}",
            ha="center",
            va="center",
            color="white" if shares[row, column] > 0.5 else "black",
        )
    axes.set_xticks(range(len(classes)), classes)
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("predicted")
    axes.set_ylabel("actual")
    axes.set_title(f"Confusion matrix, {int(counts.sum())} validation films")
    return figure


def top_losses(films: Sequence[npt.NDArray[np.uint8]], worst: pd.DataFrame) -> Figure:
    """Draw the films answered worst, three a row, with prediction/actual/loss/probability."""
    rows = max(1, -(-len(films) // 3))
    figure = Figure(figsize=(6.8, 2.5 * rows + 0.4), layout="constrained")
    figure.suptitle(
        "Top losses: prediction / actual / loss / probability of the actual class", fontsize=9
    )
    grid = figure.subplots(rows, 3, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, film, (_, row) in zip(grid.flat, films, worst.iterrows(), strict=False):
        axes.imshow(film, cmap="gray", vmin=0, vmax=255)
        axes.set_title(
            f"{row['prediction']} / {row['actual']} / {row['loss']:.2f} / {row['probability']:.2f}",
            fontsize=8,
            color=_RIGHT if row["prediction"] == row["actual"] else _WRONG,
        )
    return figure


def curves(steps: Sequence[dict[str, Any]], epochs: Sequence[dict[str, Any]]) -> Figure:
    """Draw a stage's losses and learning rate against the training step."""
    figure = Figure(figsize=(5.2, 5.4), layout="constrained")
    loss, rate = figure.subplots(2, 1, sharex=True)
    loss.plot([s["loss"] for s in steps], label="training (smoothed)")
    per_epoch = len(steps) / max(1, len(epochs))
    loss.plot(
        [per_epoch * (i + 1) - 1 for i in range(len(epochs))],
        [e["valid_loss"] for e in epochs],
        marker="o",
        label="validation",
    )
    loss.set_ylabel("loss")
    loss.set_ylim(bottom=0.0)
    loss.set_title("Loss")
    loss.legend()
    rate.plot([s["lr"] for s in steps])
    rate.set_xlabel("step")
    rate.set_ylabel("learning rate, last layers")
    rate.set_title("Learning rate (one cycle)")
    rate.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    return figure


def learning_rate_finder(table: pd.DataFrame, low: float, high: float) -> Figure:
    """Draw the finder's loss against learning rate, and the range that was chosen."""
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.plot(table["lr"], table["loss"])
    axes.axvspan(low, high, alpha=0.15, label=f"used: {low:g} to {high:g}")
    axes.set_xscale("log")
    # The end of the search diverges on purpose; it must not flatten the part that matters.
    lowest, first = float(table["loss"].min()), float(table["loss"].iloc[0])
    axes.set_ylim(max(0.0, lowest * 0.9), max(first, lowest) * 1.6)
    axes.set_xlabel("learning rate")
    axes.set_ylabel("loss (smoothed)")
    axes.set_title("Learning-rate finder")
    axes.legend()
    return figure
