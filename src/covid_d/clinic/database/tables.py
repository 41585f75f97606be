"""Every table of the clinic, so that one import makes the metadata whole."""

from __future__ import annotations

from covid_d.clinic.database.accounts import ApiToken, OneTimeLink, SignInSession, Unit, User
from covid_d.clinic.database.arrivals import Arrival, ReadingOrder
from covid_d.clinic.database.base import TableBase
from covid_d.clinic.database.cases import (
    AnswerShown,
    Case,
    CaseMark,
    Film,
    FollowUp,
    Reading,
    StoredAssessment,
    StoredPrint,
)
from covid_d.clinic.database.figures import (
    CalibrationCheck,
    FederationReport,
    LocalCalibration,
    SavedView,
)
from covid_d.clinic.database.operations import (
    AuditEntry,
    CollectionExport,
    ExportedFilm,
    FilmReview,
    InstalledBundle,
    SentForm,
    StagedFilm,
    WaitingImport,
)
from covid_d.clinic.database.shared import RateCount, SharedNote
from covid_d.clinic.database.studies import (
    ReadingStudy,
    StudyFilm,
    StudyOpening,
    StudyRating,
    StudyReader,
)

__all__ = [
    "AnswerShown",
    "ApiToken",
    "Arrival",
    "AuditEntry",
    "CalibrationCheck",
    "Case",
    "CaseMark",
    "CollectionExport",
    "ExportedFilm",
    "FederationReport",
    "Film",
    "FilmReview",
    "FollowUp",
    "InstalledBundle",
    "LocalCalibration",
    "OneTimeLink",
    "RateCount",
    "Reading",
    "ReadingOrder",
    "ReadingStudy",
    "SavedView",
    "SentForm",
    "SharedNote",
    "SignInSession",
    "StagedFilm",
    "StoredAssessment",
    "StoredPrint",
    "StudyFilm",
    "StudyOpening",
    "StudyRating",
    "StudyReader",
    "TableBase",
    "Unit",
    "User",
    "WaitingImport",
]
