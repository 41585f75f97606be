"""Every table of the clinic, so that one import makes the metadata whole."""

from __future__ import annotations

from covid_d.clinic.database.accounts import ApiToken, OneTimeLink, SignInSession, Unit, User
from covid_d.clinic.database.base import TableBase
from covid_d.clinic.database.cases import (
    AnswerShown,
    Case,
    Film,
    FollowUp,
    Reading,
    StoredAssessment,
)
from covid_d.clinic.database.operations import (
    AuditEntry,
    CollectionExport,
    FilmReview,
    InstalledBundle,
    StagedFilm,
)

__all__ = [
    "AnswerShown",
    "ApiToken",
    "AuditEntry",
    "Case",
    "CollectionExport",
    "Film",
    "FilmReview",
    "FollowUp",
    "InstalledBundle",
    "OneTimeLink",
    "Reading",
    "SignInSession",
    "StagedFilm",
    "StoredAssessment",
    "TableBase",
    "Unit",
    "User",
]
