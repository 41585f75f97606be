"""Parameters that several pages share."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Path, Query

_MOST: Final = 2**31 - 1  # what a key's column holds, on either database

RowId = Annotated[int, Path(ge=1, le=_MOST)]
"""A unit's, a person's or a token's number."""
CaseId = Annotated[int, Path(ge=1, le=_MOST)]
FilmId = Annotated[int, Path(ge=1, le=_MOST)]
ChosenFilm = Annotated[int | None, Query(alias="film", ge=1, le=_MOST)]
