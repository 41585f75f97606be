"""Bars as SVG, for pages that load nothing: lines and letters take the page's own colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

_LABEL: Final = 210
_BAR: Final = 400
_NUMBER: Final = 110
_ROW: Final = 26
_TOP: Final = 30
_KEY: Final = 22
_NAME: Final = 300
_LONGEST: Final = 30
_WIDTH: Final = _LABEL + _BAR + _NUMBER
# Told apart by people who see no red or green, on light and dark pages (Okabe and Ito, 2008).
COLOURS: Final = ("#0072b2", "#56b4e9", "#e69f00", "#d55e00", "#8a8f94")


@dataclass(frozen=True, slots=True)
class StackedBar:
    """One bar of several parts.

    Parameters
    ----------
    label
        To its left.
    parts
        Shares of the whole bar, each 0 or more, together at most 1.
    said
        To its right.
    """

    label: str
    parts: Sequence[float]
    said: str


def stacked(title: str, names: Sequence[str], bars: Sequence[StackedBar]) -> str:
    """Return bars under one another, each of the same parts.

    Parameters
    ----------
    title
        What they show; also their text for readers who see no picture.
    names
        Of the parts, at most as many as there are colours.
    bars
        Top to bottom.
    """
    per_row = _WIDTH // _NAME
    key_rows = -(-len(names) // per_row)
    height = _TOP + _KEY * key_rows + _ROW * len(bars) + 6
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label={quoteattr(title)} font-family="sans-serif" font-size="13" '
        'fill="currentColor">',
        f'<text x="0" y="16" font-weight="bold">{escape(title)}</text>',
    ]
    for place, name in enumerate(names):
        x, y = _NAME * (place % per_row), _TOP + _KEY * (place // per_row)
        parts.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{COLOURS[place]}"/>')
        parts.append(f'<text x="{x + 18}" y="{y + 11}">{escape(name)}</text>')
    for row, bar in enumerate(bars):
        parts += _bar(bar, _TOP + _KEY * key_rows + _ROW * row)
    return "".join([*parts, "</svg>"])


def _bar(bar: StackedBar, top: float) -> list[str]:
    drawn = [f'<text x="0" y="{top + 16}">{escape(_short(bar.label))}</text>']
    x = float(_LABEL)
    for place, share in enumerate(bar.parts):
        width = _BAR * share
        if width > 0:
            drawn.append(
                f'<rect x="{x:.1f}" y="{top + 3}" width="{width:.1f}" height="{_ROW - 8}" '
                f'fill="{COLOURS[place]}"/>'
            )
        x += width
    drawn.append(f'<text x="{_WIDTH}" y="{top + 16}" text-anchor="end">{escape(bar.said)}</text>')
    return drawn


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"
