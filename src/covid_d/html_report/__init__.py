"""Self-contained HTML pages: the look that every report shares (extra ``data``)."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from covid_d.language import INTENDED_USE, Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure


# Stands alone in a cell: "12", "-0.5", "50 %". Not "0-17" and not a number with its interval.
_NUMBER = re.compile(r"[-+−]?\d[\d.,\u202f]*\s?%?")
_NONE = ("", "–", "—", "-")


@dataclass(frozen=True, slots=True)
class Table:
    """A table; cells are shown as text, columns of numbers to the right."""

    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    caption: str = ""

    @property
    def numbers(self) -> tuple[bool, ...]:
        """Which columns hold numbers, and dashes where there is none, and nothing else."""
        columns = list(zip(*self.rows, strict=False))
        return tuple(
            any(_is_figure(cell) for cell in column)
            and all(_is_figure(cell) or str(cell) in _NONE for cell in column)
            for column in columns
        ) or (False,) * len(self.header)


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG picture with its caption, which doubles as alternative text."""

    png: bytes
    caption: str

    @property
    def uri(self) -> str:
        """The picture as a data URI, so that the page needs no other file."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


@dataclass(frozen=True, slots=True)
class Drawing:
    """An SVG drawing of our own making, shown as it is; texts in it are escaped already."""

    svg: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, paragraphs, then drawings, tables and pictures."""

    heading: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    drawings: Sequence[Drawing] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One report.

    Parameters
    ----------
    title
        Heading of the page.
    sections
        In reading order.
    notices
        Set apart at the top: a verdict, a stamp such as "seen films".
    language
        Of the fixed parts; callers write their texts in the same language.
    """

    title: str
    sections: Sequence[Section]
    notices: Sequence[str] = field(default=())
    language: Language = "en"

    def to_html(self) -> str:
        """Return the page as one HTML document that loads nothing from anywhere."""
        environment = Environment(
            loader=PackageLoader("covid_d.html_report", "."),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        template = environment.get_template("page.html")
        return template.render(page=self, intended_use=INTENDED_USE.in_language(self.language))


def _is_figure(cell: object) -> bool:
    return not isinstance(cell, bool) and _NUMBER.fullmatch(str(cell)) is not None


def png_of(figure: MatplotlibFigure, *, dpi: int = 110) -> bytes:
    """Return a matplotlib figure as PNG bytes, without a time stamp (repeatable output)."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight", metadata={"Software": None})
    return buffer.getvalue()
