"""Parameters that several routes of the API share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from covid_d.clinic.api.words import _
from covid_d.clinic.cases.worklist import HIGHEST_NUMBER

CaseNumber = Annotated[int, Path(ge=1, le=HIGHEST_NUMBER, description=_("Number of the case."))]
