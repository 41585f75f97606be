"""What every plot of the room shares.

Colours of Okabe and Ito (2008): colour-blind readers can tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from covid_d.evaluation.report.texts import percent
from covid_d.language import Language

GREY: Final = "#767676"
LINES: Final = ("#000000", "#E69F00", "#009E73", "#CC79A7", "#56B4E9")


def new_axes(width: float = 5.2, height: float = 4.6) -> tuple[Figure, Axes]:
    """Return a figure with one plain set of axes; inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    plain(axes)
    return figure, axes


def plain(axes: Axes) -> None:
    """Take away what is no data, and draw a faint grid behind."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e4e4e4", linewidth=0.6)
    axes.set_axisbelow(True)


def unit_square(axes: Axes) -> None:
    """Show both axes from 0 to 1 at the same scale."""
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")


def decimal_axes(axes: Axes, language: Language, *, y: bool = True) -> None:
    """Write the axes' numbers as the language does."""
    if language == "es":
        for axis in (axes.xaxis, axes.yaxis) if y else (axes.xaxis,):
            axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.4g}".replace(".", ",")))


def legend_below(figure: Figure, axes: Axes, *, columns: int = 1) -> None:
    """Put the legend below the axes, where it covers nothing."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False,
                  fontsize=8.5)  # fmt: skip


def matrix(
    axes: Axes,
    counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    columns: Sequence[str],
    rows: Sequence[str],
    language: Language,
) -> None:
    """Draw a table of counts, each with its share of the row."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.15, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        share = float(shares[row, column])
        axes.text(
            column,
            row,
            f"{count}\n{percent(share, language)}",
            ha="center",
            va="center",
            color="white" if share > 0.6 else "black",
            fontsize=11,
        )
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
