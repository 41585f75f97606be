"""A film as pages send it, whoever asked: a plain picture, or its grey values at full depth."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query
from fastapi.responses import Response

from covid_d.clinic.cases import pictures
from covid_d.clinic.cases.pictures import LARGEST
from covid_d.clinic.films import FilmStore

Side = Annotated[int, Query(ge=pictures.SMALLEST, le=LARGEST)]
"""How long a picture's longer side may be, in pixels."""
_PRIVATE: Final = {"cache-control": "private, no-store"}


def png_answer(content: bytes) -> Response:
    """Return a picture of a patient, which nobody on the way keeps."""
    return Response(content, media_type="image/png", headers=_PRIVATE)


def picture_answer(films: FilmStore, sha256: str, side: int) -> Response:
    """Return a film as a plain picture: a first sight, paper, and browsers without JavaScript."""
    return png_answer(pictures.picture(films, sha256, side))


def values_answer(films: FilmStore, sha256: str) -> Response:
    """Return a film's grey values at full depth, for window and level in the browser."""
    grey = pictures.grey_film(films, sha256)
    height, width = grey.values.shape
    return Response(
        grey.packed(),
        media_type="application/octet-stream",
        headers=_PRIVATE
        | {
            "content-encoding": "gzip",
            "x-film-width": str(width),
            "x-film-height": str(height),
            "x-film-bits": str(grey.bits),
            "x-film-mm": "" if grey.millimetres is None else f"{grey.millimetres:.6g}",
        },
    )
