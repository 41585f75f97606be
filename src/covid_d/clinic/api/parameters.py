"""Parameters that several routes of the API share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from covid_d.clinic.api.words import _
from covid_d.clinic.cases.worklist import HIGHEST_NUMBER
from covid_d.clinic.fields import Whole

CaseNumber = Annotated[int, Whole(1, HIGHEST_NUMBER), Path(description=_("Number of the case."))]
