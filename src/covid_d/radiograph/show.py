"""How a film shows itself in a notebook: a small picture and what is known about it."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from covid_d.language import Language, Message, years

if TYPE_CHECKING:
    from covid_d.radiograph.film import Radiograph

_LONGEST: Final = 384  # pixels of the shown picture's longer side

_SPACING = Message("{n:.3g} mm por píxel", "{n:.3g} mm a pixel")
_UNKNOWN = Message(
    "proyección, edad y sexo no constan", "projection, age and sex are not on record"
)


def thumbnail(radiograph: Radiograph, longest: int = _LONGEST) -> Image.Image:
    """Return the film as an 8-bit grey picture, its longer side at most ``longest`` pixels."""
    picture = Image.fromarray(np.rint(radiograph.pixels * np.float32(255.0)).astype(np.uint8))
    picture.thumbnail((longest, longest), Image.Resampling.BILINEAR, reducing_gap=3.0)
    return picture


def png_bytes(picture: Image.Image) -> bytes:
    """Return a picture as PNG, without a time stamp (repeatable output)."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def picture_html(png: bytes, caption: str) -> str:
    """Return a ``<figure>`` that holds the PNG itself, so that it needs no other file."""
    text = escape(caption)
    uri = "data:image/png;base64," + base64.b64encode(png).decode("ascii")
    return (
        f'<figure style="margin:0"><img src="{uri}" alt="{text}" style="max-width:100%">'
        f"<figcaption>{text}</figcaption></figure>"
    )


def radiograph_html(radiograph: Radiograph, language: Language) -> str:
    """Return what a notebook shows of a film."""
    return picture_html(png_bytes(thumbnail(radiograph)), _caption(radiograph, language))


def _caption(radiograph: Radiograph, language: Language) -> str:
    facts = radiograph.facts
    known = [
        facts.projection and facts.projection.value,
        facts.age_years is not None and years(int(facts.age_years)).in_language(language),
        facts.sex and facts.sex.value,
    ]
    parts = [
        radiograph.name,
        " × ".join(map(str, radiograph.size)),
        f"{facts.format} {facts.modality or ''}".strip(),
        *([text for text in known if text] or [_UNKNOWN.in_language(language)]),
        facts.spacing_mm and _SPACING.format(n=facts.spacing_mm[0]).in_language(language),
    ]
    return " · ".join(str(part) for part in parts if part)
