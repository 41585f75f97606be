"""A forest plot as SVG: every clinic's figure with its interval, and the middle of all.

Colours and sizes are attributes, not styles, so that the clinic's content policy lets it be shown;
lines and letters take the colour of the page around them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from covid_d.evaluation.figures.estimate import Estimate
from covid_d.language import Language, localised

_LABELS: Final = 230
_PLOT: Final = 300
_NUMBERS: Final = 190
_ROW: Final = 28
_TOP: Final = 34
_LONGEST: Final = 32
WIDTH: Final = _LABELS + _PLOT + _NUMBERS


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One line of the plot.

    Parameters
    ----------
    label
        Of the clinic.
    figure
        A share with its interval.
    """

    label: str
    figure: Estimate


def forest(
    title: str,
    rows: Sequence[ForestRow],
    middle: Estimate,
    middle_label: str,
    language: Language,
) -> str:
    """Return the plot.

    Parameters
    ----------
    title
        What it shows; also its text for readers who see no picture.
    rows
        A line each, top to bottom; squares are the larger, the more cases.
    middle, middle_label
        The figure of all, drawn as a diamond; without an interval as a line.
    language
        Of numbers.
    """
    height = _TOP + _ROW * (len(rows) + 1) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label={quoteattr(title)} font-family="sans-serif" font-size="13" '
        f'fill="currentColor" stroke="none">',
        _text(0, 16, title, bold=True),
    ]
    most = max((row.figure.n for row in rows), default=1)
    bottom = _TOP + _ROW * (len(rows) + 1)
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(_line(_x(tick), _TOP, _x(tick), bottom, width=0.5, opacity=0.35))
        parts.append(_text(_x(tick), bottom + 18, _percent(tick, language), anchor="middle"))
    if math.isfinite(middle.value):
        x = _x(middle.value)
        parts.append(_line(x, _TOP, x, bottom, width=1, opacity=0.6, dashes="4 4"))
    for place, row in enumerate(rows):
        y = _TOP + _ROW * place + _ROW / 2
        side = 5 + 7 * math.sqrt(row.figure.n / most)
        x = _x(row.figure.value)
        parts += [
            _text(0, y + 4, _short(row.label)),
            _line(_x(row.figure.low), y, _x(row.figure.high), y),
            f'<rect x="{x - side / 2:.1f}" y="{y - side / 2:.1f}" width="{side:.1f}" '
            f'height="{side:.1f}"/>',
            _text(WIDTH, y + 4, _said(row.figure, language), anchor="end"),
        ]
    parts += _middle(middle, middle_label, _TOP + _ROW * len(rows) + _ROW / 2, language)
    return "".join([*parts, "</svg>"])


def _middle(middle: Estimate, label: str, y: float, language: Language) -> list[str]:
    parts = [_text(0, y + 4, _short(label), bold=True)]
    if math.isfinite(middle.low) and math.isfinite(middle.high):
        left, top, right = _x(middle.low), _x(middle.value), _x(middle.high)
        parts.append(
            f'<polygon points="{left:.1f},{y} {top:.1f},{y - 8} {right:.1f},{y} '
            f'{top:.1f},{y + 8}"/>'
        )
    parts.append(_text(WIDTH, y + 4, _said(middle, language), anchor="end", bold=True))
    return parts


def _x(share: float) -> float:
    return _LABELS + 10 + (_PLOT - 20) * share


def _line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    *,
    width: float = 1.5,
    opacity: float = 1.0,
    dashes: str = "",
) -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="currentColor" '
        f'stroke-width="{width}" stroke-opacity="{opacity}"{dashed}/>'
    )


def _text(x: float, y: float, said: str, *, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight}>{escape(said)}</text>'


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"


def _said(figure: Estimate, language: Language) -> str:
    if not math.isfinite(figure.low):
        return _percent(figure.value, language)
    low, high = (_percent(x, language, sign=False) for x in (figure.low, figure.high))
    return f"{_percent(figure.value, language)} ({low} – {high}), n = {figure.n}"


def _percent(share: float, language: Language, *, sign: bool = True) -> str:
    return localised(f"{100 * share:.0f}" + (" %" if sign else ""), language)
