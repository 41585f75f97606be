"""Parameters that several pages share."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Path, Query

_MOST: Final = 2**31 - 1  # what a key's column holds, on either database

CaseId = Annotated[int, Path(ge=1, le=_MOST)]
FilmId = Annotated[int, Path(ge=1, le=_MOST)]
ChosenFilm = Annotated[int | None, Query(alias="film", ge=1, le=_MOST)]
