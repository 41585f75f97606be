"""Which films may leave the clinic: every film gets a use or a reason, and all are counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from covid_d.clinic.clock import Clock
from covid_d.clinic.database.cases import Case, Film, FollowUp, StoredAssessment
from covid_d.clinic.follow_up.holding import holds
from covid_d.clinic.follow_up.laboratory import Laboratory, Standard, samples
from covid_d.clinic.follow_up.terms import GIVEN, EntryKind
from covid_d.clinic.keys import Keys
from covid_d.clinic.patients import Identity, same_patient
from covid_d.detector import Outcome
from covid_d.language import N_, Text

OLDEST: Final = 89
POSITIVE: Final = "COVID-19"
# No word that a reader of the collection may take for a disease.
NEGATIVE: Final = "Laboratory negative"


class NotExported(StrEnum):
    """Why a film is left out."""

    CONSENT = "no_consent"
    RESULT = "no_conclusive_result"
    REFUSED = "refused_by_model"
    UNREVIEWED = "waits_for_review"
    KEPT_BACK = "kept_back_by_reviewer"
    UNREADABLE = "cannot_be_read"

    @property
    def text(self) -> Text:
        """The reason in words."""
        return _REASONS[self]


_REASONS: Final = {
    NotExported.CONSENT: N_("No consent, or consent withdrawn"),
    NotExported.RESULT: N_("No conclusive laboratory result"),
    NotExported.REFUSED: N_("Not analysed by the model"),
    NotExported.UNREVIEWED: N_("Waits for the review of somebody of its unit"),
    NotExported.KEPT_BACK: N_("Kept back by the reviewer"),
    NotExported.UNREADABLE: N_("Cannot be read from the film folder"),
}


@dataclass(frozen=True, slots=True)
class ExportCandidate:
    """One film of the clinic as the collection would describe it: nothing identifies the patient.

    Parameters
    ----------
    case_id, sha256
        To find it here; never exported.
    reason
        Why it is left out; ``None`` when it may leave.
    cells
        Its row of ``metadata.csv``.
    """

    case_id: int
    sha256: str
    reason: NotExported | None
    cells: dict[str, str]


def candidates(session: Session, keys: Keys, clock: Clock) -> list[ExportCandidate]:
    """Return every film of every case, oldest first.

    The label is the RT-PCR's where it is conclusive. A positive antigen test stands for itself;
    a negative one alone does not rule COVID-19 out, so it labels nothing.
    """
    cases = session.execute(
        select(
            Case.id,
            Case.created_at,
            Case.research_consent,
            Case.age_years,
            Case.sex,
            Case.symptom_onset,
            Case.sample,
            Case.unit_id,
            Case.patient_code,
            Case.national_id_hash,
        ).order_by(Case.id)
    ).all()
    first = same_patient(
        [Identity(row.unit_id, row.patient_code, row.national_id_hash) for row in cases]
    )
    consent = consents(session)
    results = samples(session, true())
    found: dict[int, tuple[NotExported | None, dict[str, str]]] = {}
    for case, patient in zip(cases, first, strict=True):
        day = clock.day_of(case.created_at)
        said = Laboratory.of(results.get(case.id, ()), day)
        finding = _finding(said)
        agreed = consent.get(case.id, case.research_consent) and not case.sample
        reason = (
            None if agreed and finding else NotExported.RESULT if agreed else NotExported.CONSENT
        )
        found[case.id] = (
            reason,
            {
                # Keyed: whoever knows a patient's code or a case's number cannot find their films.
                "patientid": keys.digest("collection patient", str(cases[patient].id))[:16],
                "site": keys.digest("collection site", str(case.unit_id))[:8],
                "finding": finding,
                **_described(case),
                **_tests(said),
            },
        )
    days = {case.id: (clock.day_of(case.created_at), case.symptom_onset) for case in cases}
    return [
        _candidate(keys, row, *found[row.case_id], _offset(row.taken_on, *days[row.case_id]))
        for row in _films(session)
    ]


def _offset(taken_on: date | None, entered_on: date, onset: date | None) -> str:
    """Return the days from the first symptom to the film; to its entry where its day is unknown."""
    if onset is None:
        return ""
    day = entered_on if taken_on is None or taken_on > entered_on else taken_on
    return str((day - onset).days)


def _candidate(
    keys: Keys, row: Any, reason: NotExported | None, cells: dict[str, str], offset: str
) -> ExportCandidate:
    if reason is None and row.outcome == Outcome.REFUSED.value:
        reason = NotExported.REFUSED
    name = keys.digest("collection film", f"{row.case_id} {row.sha256}")[:20]
    own = {"view": row.projection or "", "filename": f"{name}.png", "offset": offset}
    return ExportCandidate(row.case_id, row.sha256, reason, cells | own)


def _films(session: Session) -> list[Any]:
    """Return every film with the outcome of its first assessment."""
    rows = session.execute(
        select(
            Film.id,
            Film.case_id,
            Film.sha256,
            Film.projection,
            Film.taken_on,
            StoredAssessment.outcome,
        )
        .outerjoin(StoredAssessment, StoredAssessment.film_id == Film.id)
        .order_by(Film.id, StoredAssessment.id)
    )
    once: dict[int, Any] = {}
    for row in rows:
        once.setdefault(row.id, row)
    return list(once.values())


def consents(session: Session) -> dict[int, bool]:
    """Return the latest statement on research of each case that has one after its intake."""
    rows = session.execute(
        select(FollowUp.case_id, FollowUp.value)
        .where(FollowUp.kind == EntryKind.CONSENT.value, holds())
        .order_by(FollowUp.id)
    )
    return {row.case_id: row.value == GIVEN for row in rows}  # the latest one stays


def withdrawn_at(session: Session) -> dict[int, datetime]:
    """Return the cases whose consent was withdrawn, each with when that was recorded."""
    rows = session.execute(
        select(FollowUp.case_id, FollowUp.value, FollowUp.created_at)
        .where(FollowUp.kind == EntryKind.CONSENT.value, holds())
        .order_by(FollowUp.id)
    )
    latest = {case_id: (value, moment) for case_id, value, moment in rows}
    return {case_id: moment for case_id, (value, moment) in latest.items() if value != GIVEN}


def _finding(said: Laboratory) -> str:
    if said.reference is Standard.POSITIVE:
        return POSITIVE
    return NEGATIVE if said.rt_pcr is Standard.NEGATIVE else ""


def _tests(said: Laboratory) -> dict[str, str]:
    letters = {Standard.POSITIVE: "Y", Standard.NEGATIVE: "N"}
    return {
        "RT_PCR_positive": letters.get(said.rt_pcr, ""),
        "antigen_positive": letters.get(said.antigen, ""),
    }


def _described(case: Any) -> dict[str, str]:
    age = case.age_years
    return {
        "sex": case.sex or "",
        "age": "" if age is None else str(min(age, OLDEST)),
    }
