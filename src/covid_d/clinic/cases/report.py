"""The report of a case: everything that the printed page says, for either face that draws it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import pictures, readings
from covid_d.clinic.cases.consensus import Consensus, consensus_of, is_open_dispute
from covid_d.clinic.cases.film_date import date_warning
from covid_d.clinic.cases.load_case import whole_case
from covid_d.clinic.cases.patient import Patient
from covid_d.clinic.cases.result import Result, result_of
from covid_d.clinic.cases.structured import Structured
from covid_d.clinic.clock import now
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.errors import UnavailableError
from covid_d.clinic.follow_up.facts import Fact, current
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import Text

SIDE = 900
"""Longest side of the report's pictures, pixels: 300 dots per inch at 7.6 cm."""


@dataclass(frozen=True, slots=True)
class ReportedFilm:
    """One film of a report.

    Parameters
    ----------
    number
        From 1, in the order of the case.
    id
        The film's key, for its pictures' addresses.
    projection
        As stated.
    result
        The newest answer; ``None`` when there is none.
    readable
        Whether there is a picture of it.
    taken_on
        Its day, where it is known.
    odd_date
        What is odd about that day.
    straightened
        Whether the user straightened it from a photograph.
    """

    number: int
    id: int
    projection: str | None
    result: Result | None
    readable: bool
    taken_on: date | None = None
    odd_date: Text | None = None
    straightened: bool = False

    @property
    def refused(self) -> bool:
        """Whether the model gave no answer about it, and said why."""
        return self.result is not None and self.result.assessment.refusal is not None


@dataclass(frozen=True, slots=True)
class ReportedReading:
    """What a person read."""

    at: datetime
    who: str
    finding: Text
    kind: Text
    notes: str
    seen: Structured


@dataclass(frozen=True, slots=True)
class Report:
    """A case's report.

    Parameters
    ----------
    case_id, patient
        Whose.
    national_id
        The cédula in clear, only when the doctor asked for it and it is kept.
    films, readings
        In order; of each person their newest reading.
    consensus
        What holds of several readings; ``None`` of one, and where they disagree.
    disputed
        Whether two of them disagree and nobody settled it.
    facts
        What holds of the follow-up now: laboratory results, diagnosis, outcome.
    made_at, made_by
        When and for whom.
    """

    case_id: int
    patient: Patient
    national_id: str | None
    films: tuple[ReportedFilm, ...]
    readings: tuple[ReportedReading, ...]
    consensus: Consensus | None
    disputed: bool
    facts: tuple[Fact, ...]
    made_at: datetime
    made_by: str


def make_report(
    installation: Installation,
    person: Person,
    actor: Actor,
    case_id: int,
    *,
    with_national_id: bool = False,
) -> tuple[Report, Case]:
    """Return a case's report and the case itself, for its pictures; the view is recorded.

    Parameters
    ----------
    installation
        Where.
    person, actor
        Who asks.
    case_id
        Which case.
    with_national_id
        Whether the cédula is printed in clear, if it is kept so that it can be read.

    Raises
    ------
    NotFoundError
        If the person may not see the case.
    ReadingFirstError
        If their own reading comes first.
    """
    with installation.act(actor) as act:
        case = whole_case(act.session, person, case_id)
        if not readings.may_see_answer(act.session, case, person):
            raise readings.ReadingFirstError
        readings.note_answer_shown(act.session, case, person)
        facts = current(act.session, case, installation.clock).facts
        act.record("case.report", case, national_id=with_national_id)
    kept = case.national_id_encrypted if with_national_id else None
    report = Report(
        case_id=case.id,
        patient=Patient.of(case, installation.clock),
        national_id=installation.keys.decrypt(kept) if kept else None,
        films=tuple(
            _film(installation, number, film) for number, film in enumerate(case.films, start=1)
        ),
        readings=_newest(case),
        consensus=consensus_of(case.readings),
        disputed=is_open_dispute(case.readings),
        facts=tuple(fact for fact in facts if fact.kind is not EntryKind.CONSENT),
        made_at=now(),
        made_by=person.full_name,
    )
    return report, case


def pictures_of(installation: Installation, film: Film) -> tuple[bytes | None, bytes | None]:
    """Return a film's small picture and the one under its evidence, as PNG; ``None`` for neither.

    A demonstration's evidence is not printed, as it is not offered on the screen.
    A report is printed without the picture of a film that is gone; it says so in its place.
    """
    plain: bytes | None = None
    covered: bytes | None = None
    try:
        plain = pictures.picture(installation.films, film.sha256, SIDE)
        result = result_of(installation, film)
        if result is not None and result.offers_map:
            covered = pictures.under_evidence(installation, film, film.assessments[-1], SIDE)
    except UnavailableError:
        return plain, None
    return plain, covered


def _film(installation: Installation, number: int, film: Film) -> ReportedFilm:
    return ReportedFilm(
        number,
        film.id,
        film.projection,
        result_of(installation, film),
        film.width is not None,
        film.taken_on,
        date_warning(film.taken_on, installation.clock.day_of(film.created_at)),
        film.straightened is not None,
    )


def _newest(case: Case) -> tuple[ReportedReading, ...]:
    newest = {reading.user_id: reading for reading in case.readings if not reading.altered}
    return tuple(
        ReportedReading(
            reading.created_at,
            reading.user.full_name,
            readings.FINDINGS[reading.finding],
            readings.KINDS[reading.kind],
            reading.notes,
            Structured.of(reading),
        )
        for reading in sorted(newest.values(), key=lambda reading: reading.id)
    )
