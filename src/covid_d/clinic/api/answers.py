"""Shapes of the API's answers; every field says what it is."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.api.words import _
from covid_d.clinic.cases.consensus import Consensus, consensus_of
from covid_d.clinic.cases.film_terms import BodySide, Height
from covid_d.clinic.cases.marks import Mark
from covid_d.clinic.cases.structured import Structured
from covid_d.clinic.cases.worklist import WorklistPage, WorklistRow
from covid_d.clinic.clock import Clock
from covid_d.clinic.database.cases import Case, Film, Reading, StoredAssessment
from covid_d.clinic.follow_up.facts import Fact, Told, summary
from covid_d.clinic.follow_up.laboratory import Laboratory, ResultToDate, Standard, Why
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.roles import Permission, Role
from covid_d.detector import Appearance, Assessment, Bundle, Outcome
from covid_d.language import INTENDED_USE


class InBothLanguages(BaseModel):
    """A sentence in both languages."""

    es: str = Field(description=_("In Spanish."))
    en: str = Field(description=_("In English."))


class Fault(BaseModel):
    """What went wrong."""

    code: str = Field(description=_("Name of the error, for programs; it does not change."))
    message: InBothLanguages = Field(description=_("What went wrong."))
    next_step: InBothLanguages | None = Field(description=_("What to do about it."))
    fields: dict[str, InBothLanguages] | None = Field(
        default=None, description=_("What is wrong with each field, where fields are at fault.")
    )


class Problem(BaseModel):
    """The one shape of every error."""

    error: Fault = Field(description=_("The error."))


class TokenHolder(BaseModel):
    """Whom a token acts for."""

    id: int = Field(description=_("Number of the person."))
    username: str = Field(description=_("User name."))
    full_name: str = Field(description=_("Full name."))
    role: Role = Field(description=_("Role."))
    permissions: list[Permission] = Field(description=_("What the role may do."))
    unit_id: int | None = Field(description=_("Number of the health unit."))
    unit_name: str | None = Field(description=_("Name of the health unit."))

    @classmethod
    def of(cls, person: Person) -> TokenHolder:
        """Return what a person may know of themselves."""
        return cls(
            id=person.id,
            username=person.username,
            full_name=person.full_name,
            role=person.role,
            permissions=sorted(person.role.permissions),
            unit_id=person.unit_id,
            unit_name=person.unit_name,
        )


class BundleInfo(BaseModel):
    """Which bundle answered, or answers now."""

    name: str = Field(description=_("Name of the bundle."))
    version: str = Field(description=_("Version of the bundle."))
    sha256: str = Field(description=_("SHA-256 over all files of the bundle."))
    verdict: str = Field(description=_("demonstration, or audit-passed."))

    @classmethod
    def of(cls, bundle: Bundle) -> BundleInfo:
        """Return what is said of a bundle."""
        return cls(
            name=bundle.spec.name,
            version=bundle.spec.version,
            sha256=bundle.id.sha256,
            verdict=bundle.spec.verdict.status,
        )


class ActiveBundle(BundleInfo):
    """The bundle that answers now."""

    intended_use: InBothLanguages = Field(
        description=_("What an answer is for, and what it is not.")
    )

    @classmethod
    def of(cls, bundle: Bundle) -> ActiveBundle:
        """Return what is said of the active bundle."""
        return cls(
            **BundleInfo.of(bundle).model_dump(),
            intended_use=InBothLanguages(**INTENDED_USE.to_dict()),
        )


class RefusalReason(BaseModel):
    """Why a film is not answered."""

    code: str = Field(description=_("Name of the reason, for programs."))
    message: InBothLanguages = Field(description=_("The reason."))
    next_step: InBothLanguages = Field(description=_("What to do about it."))


class Warned(BaseModel):
    """Something to know beside the answer."""

    code: str = Field(description=_("Name of the warning, for programs."))
    message: InBothLanguages = Field(description=_("The warning."))


class CovidAt(BaseModel):
    """How probable COVID-19 is at a prevalence, given how the film looks."""

    low: float = Field(description=_("Lower end of the 95 % range that the table supports."))
    value: float = Field(description=_("Its middle."))
    high: float = Field(description=_("Upper end of the range."))
    prevalence: float = Field(description=_("Share of COVID-19 that was assumed."))
    table: str = Field(
        description=_("Name of the table of likelihood ratios: published studies, or a local one.")
    )


class AssessmentAnswer(BaseModel):
    """What the model says of one film. It does not rule out COVID-19; a test decides."""

    outcome: Outcome = Field(description=_("The answer."))
    outcome_text: InBothLanguages = Field(description=_("The answer in words."))
    appearance: dict[Appearance, float] | None = Field(
        description=_(
            "Calibrated probability of each appearance, summing to 1; null when refused, and from "
            "bundles that do not know appearances."
        )
    )
    most_likely: Appearance | None = Field(description=_("The most probable appearance."))
    opacity: float | None = Field(
        description=_("Probability of any lung opacity: 1 minus that of negative.")
    )
    probability: float | None = Field(
        description=_(
            "Of bundles that do not know appearances: calibrated probability of COVID-19 among "
            "the films it was calibrated on, 0 to 1."
        )
    )
    conformal_set: list[str] = Field(
        description=_("Appearances that cannot be ruled out at the bundle's error rate.")
    )
    covid: CovidAt | None = Field(
        description=_(
            "How probable COVID-19 is at a prevalence, by the table named; null without a "
            "prevalence, and from bundles that did not pass their audit."
        )
    )
    refusal: RefusalReason | None = Field(description=_("Why there is no answer."))
    warnings: list[Warned] = Field(description=_("What must be known beside the answer."))
    bundle: BundleInfo = Field(description=_("What answered."))
    note: InBothLanguages = Field(description=_("What an answer is for, and what it is not."))

    @classmethod
    def of(cls, assessment: Assessment) -> AssessmentAnswer:
        """Return what is told of an answer: all of it but its name and its map."""
        told = assessment.to_dict()
        return cls.model_validate(
            {name: told[name] for name in cls.model_fields if name in told}
            | {
                "outcome_text": assessment.headline.to_dict(),
                "bundle": {**told["bundle"], "verdict": told["verdict"]},
                "note": INTENDED_USE.to_dict(),
            }
        )


class StoredAnswer(AssessmentAnswer):
    """What the model said of a stored film."""

    film_id: int = Field(description=_("Number of the film."))
    created_at: datetime = Field(description=_("When it was given."))

    @classmethod
    def of_stored(cls, stored: StoredAssessment) -> StoredAnswer:
        """Return a stored answer."""
        said = AssessmentAnswer.of(stored.assessment)
        return cls(**said.model_dump(), film_id=stored.film_id, created_at=stored.created_at)


class FilmInfo(BaseModel):
    """One radiograph of a case."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description=_("Number of the film."))
    sha256: str = Field(description=_("SHA-256 of the file as it was sent."))
    format: str | None = Field(description=_("Format of the file; null when it cannot be read."))
    width: int | None = Field(description=_("Width in pixels."))
    height: int | None = Field(description=_("Height in pixels."))
    projection: str | None = Field(description=_("PA, AP or AP Supine, as the file or you say."))
    taken_on: date | None = Field(description=_("Day of the film, as the file or you say."))
    was_straightened: bool = Field(
        description=_("Whether its user straightened it from a photograph.")
    )


class FollowUpFact(BaseModel):
    """One entry of a case's follow-up."""

    id: int = Field(description=_("Number of the entry; a correction names it."))
    kind: EntryKind = Field(description=_("What the entry is about."))
    value: str = Field(description=_("What it says; void where it was made by mistake."))
    text: InBothLanguages = Field(description=_("What it says, in words."))
    day: date | None = Field(description=_("Day of the sample, or of the outcome."))
    notes: str = Field(description=_("Free words."))
    author: str = Field(description=_("Who recorded it."))
    at: datetime = Field(description=_("When it was recorded."))
    supersedes: int | None = Field(description=_("Number of the entry that it corrects."))
    reason: str = Field(description=_("Why it corrects it."))
    superseded: bool = Field(description=_("Whether a later entry corrected it."))

    @classmethod
    def of(cls, fact: Fact) -> FollowUpFact:
        """Return an entry."""
        names = ("id", "kind", "value", "day", "notes", "author", "at", "supersedes", "reason")
        return cls(
            **{name: getattr(fact, name) for name in names},
            superseded=fact.superseded,
            text=InBothLanguages(**fact.text.to_message().to_dict()),
        )


class ReferenceAnswer(BaseModel):
    """What the model is judged by, and why that is not the laboratory's result to date."""

    standard: Standard = Field(
        description=_("From samples near the case: RT-PCR where conclusive, else antigen.")
    )
    why: Why | None = Field(
        description=_("Why it differs from what the laboratory says so far; null if it does not.")
    )
    text: InBothLanguages | None = Field(description=_("The reason in words."))

    @classmethod
    def of(cls, said: Laboratory) -> ReferenceAnswer:
        """Return what counts of a case's results."""
        words = InBothLanguages(**said.why.text.to_message().to_dict()) if said.why else None
        return cls(standard=said.reference, why=said.why, text=words)


class FollowUpAnswer(BaseModel):
    """A case's follow-up: what holds, and every entry."""

    withheld: bool = Field(
        description=_("Whether what others entered is told only after your own reading.")
    )
    laboratory: ResultToDate | None = Field(
        description=_("What the laboratory says so far; null when withheld.")
    )
    reference: ReferenceAnswer | None = Field(
        description=_("What counts as reference standard; null when withheld.")
    )
    research_consent: bool = Field(description=_("Whether the case may be used for research now."))
    current: list[FollowUpFact] = Field(description=_("What holds now."))
    history: list[FollowUpFact] = Field(description=_("Every entry, corrected ones too."))

    @classmethod
    def of(cls, told: Told, case: Case, clock: Clock) -> FollowUpAnswer:
        """Return what may be told of a case's follow-up."""
        holding = summary(told.facts, case, clock)
        return cls(
            withheld=told.withheld,
            laboratory=None if told.withheld else holding.laboratory.to_date,
            reference=None if told.withheld else ReferenceAnswer.of(holding.laboratory),
            research_consent=holding.research_consent,
            current=[FollowUpFact.of(fact) for fact in holding.facts],
            history=[FollowUpFact.of(fact) for fact in told.facts],
        )


class SignAnswer(BaseModel):
    """One sign that a reader named."""

    code: str = Field(description=_("Name of the sign, for programs."))
    side: BodySide | None = Field(description=_("The patient's side; null where it has none."))
    heights: list[Height] = Field(description=_("Thirds of the lung in which it lies."))


class ReadingAnswer(BaseModel):
    """What a person read from a case's films. Never changed; a newer one follows it."""

    id: int = Field(description=_("Number of the reading."))
    reader: str = Field(description=_("Full name of who read."))
    at: datetime = Field(description=_("When it was recorded."))
    kind: str = Field(
        description=_("blind, open, second, informed, or third: it settles a disagreement.")
    )
    finding: str = Field(description=_("For COVID-19: positive, negative or inconclusive."))
    appearance: Appearance | None = Field(description=_("The category that the reader named."))
    signs: list[SignAnswer] = Field(description=_("Signs, each with side and thirds of the lung."))
    extent: list[int] | None = Field(
        description=_("Brixia score by zone, each 0 to 3: right lung from above, then the left.")
    )
    brixia: int | None = Field(description=_("Sum of the Brixia score, 0 to 18."))
    notes: str = Field(description=_("Free words."))

    @classmethod
    def of(cls, reading: Reading) -> ReadingAnswer:
        """Return a reading."""
        seen = Structured.of(reading)
        return cls(
            **{name: getattr(reading, name) for name in ("id", "kind", "finding", "notes")},
            **seen.columns,
            reader=reading.user.full_name,
            at=reading.created_at,
            brixia=seen.brixia,
        )


class ConsensusAnswer(BaseModel):
    """What holds of several readings of a case."""

    finding: str = Field(description=_("For COVID-19: positive, negative or inconclusive."))
    appearance: Appearance | None = Field(description=_("The category, if one was named."))
    settled: bool = Field(
        description=_("Whether a third reader settled a disagreement; else the readers agree.")
    )
    readers: list[str] = Field(description=_("Full names of the third reader, or of who agree."))
    at: datetime = Field(description=_("When it was reached."))

    @classmethod
    def of(cls, found: Consensus) -> ConsensusAnswer:
        """Return a consensus."""
        own = ("finding", "appearance", "settled", "at")
        return cls(**{name: getattr(found, name) for name in own}, readers=list(found.who))


class CaseRow(BaseModel):
    """One case in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description=_("Number of the case."))
    created_at: datetime = Field(description=_("When it was entered."))
    patient_code: str = Field(description=_("The unit's code of the patient."))
    age_years: int | None = Field(description=_("Age in whole years."))
    sex: str | None = Field(description=_("F, M or O."))
    province: str = Field(description=_("Where the patient lives."))
    entered_by: str = Field(description=_("Who entered it."))
    films: int = Field(description=_("How many films it has."))
    withheld: bool = Field(
        description=_("Whether the model's answer is told only after your own reading.")
    )
    outcome: Outcome | None = Field(
        description=_("The most telling answer over its films; null when withheld.")
    )
    laboratory: ResultToDate | None = Field(
        description=_("What the laboratory says so far; null when there is a withheld result.")
    )
    reference: ReferenceAnswer | None = Field(
        description=_("What counts as reference standard; null when there is a withheld result.")
    )
    marks: list[Mark] = Field(description=_("Marks: urgent; second, a second reading wanted."))

    @classmethod
    def of(cls, row: WorklistRow) -> CaseRow:
        """Return a row of the worklist."""
        own = {"laboratory", "reference", "marks"}
        said = row.laboratory
        return cls(
            **{name: getattr(row, name) for name in cls.model_fields if name not in own},
            laboratory=said.to_date if said else None,
            reference=ReferenceAnswer.of(said) if said else None,
            marks=sorted(row.marks),
        )


class CasePage(BaseModel):
    """One page of cases."""

    cases: list[CaseRow] = Field(description=_("The cases."))
    page: int = Field(description=_("Number of the page; past the end, the last one."))
    pages: int = Field(description=_("How many pages there are."))
    total: int = Field(description=_("How many cases match."))

    @classmethod
    def of(cls, page: WorklistPage) -> CasePage:
        """Return a page of the worklist."""
        rows = [CaseRow.of(row) for row in page.rows]
        return cls(cases=rows, page=page.number, pages=page.pages, total=page.total)


class CaseAnswer(BaseModel):
    """A whole case. A cédula is never given out."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description=_("Number of the case."))
    unit_id: int = Field(description=_("Number of the health unit."))
    created_at: datetime = Field(description=_("When it was entered."))
    patient_code: str = Field(description=_("The unit's code of the patient."))
    age_years: int | None = Field(description=_("Age in whole years."))
    adult: bool | None = Field(description=_("Whether the patient is an adult, without an age."))
    sex: str | None = Field(description=_("F, M or O."))
    province: str = Field(description=_("Where the patient lives."))
    symptom_onset: date | None = Field(description=_("Day on which the first symptom began."))
    symptoms: list[str] = Field(description=_("Codes of symptoms."))
    comorbidities: list[str] = Field(description=_("Codes of other illnesses."))
    spo2: int | None = Field(description=_("Oxygen saturation in per cent."))
    on_oxygen: bool | None = Field(
        description=_("Whether it was measured on oxygen; false when breathing air.")
    )
    vaccine_doses: int | None = Field(description=_("Doses against COVID-19 so far."))
    notes: str = Field(description=_("Free words."))
    films: list[FilmInfo] = Field(description=_("Its films."))
    withheld: bool = Field(
        description=_("Whether the model's answer is told only after your own reading.")
    )
    assessments: list[StoredAnswer] = Field(
        description=_("What the model said, film by film; empty when withheld.")
    )
    readings: list[ReadingAnswer] = Field(
        description=_("What people read, oldest first; empty when withheld.")
    )
    consensus: ConsensusAnswer | None = Field(
        description=_("What holds of several readings; null of one, in dispute, when withheld.")
    )
    follow_up: FollowUpAnswer = Field(description=_("What was learnt later."))

    @classmethod
    def of(cls, case: Case, told: Told, clock: Clock) -> CaseAnswer:
        """Return a case as :func:`~covid_d.clinic.cases.load_case.whole_case` loads it."""
        own = {"films", "withheld", "assessments", "readings", "consensus", "follow_up"}
        found = None if told.withheld else consensus_of(case.readings)
        return cls(
            **{name: getattr(case, name) for name in cls.model_fields if name not in own},
            films=[FilmInfo.model_validate(film) for film in case.films],
            withheld=told.withheld,
            assessments=[] if told.withheld else stored_answers(case.films),
            readings=[]
            if told.withheld
            else [ReadingAnswer.of(one) for one in case.readings if not one.altered],
            consensus=None if found is None else ConsensusAnswer.of(found),
            follow_up=FollowUpAnswer.of(told, case, clock),
        )


def stored_answers(films: list[Film]) -> list[StoredAnswer]:
    """Return every answer about several films, oldest first within each film."""
    return [StoredAnswer.of_stored(stored) for film in films for stored in film.assessments]
