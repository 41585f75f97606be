"""Tables: cases, their films, what the model said and what people read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from covid_d.clinic.database.accounts import Unit, User
from covid_d.clinic.database.base import TableBase
from covid_d.clinic.database.sealed import SealedTable
from covid_d.detector import CATEGORIES, Assessment, BundleId, Outcome
from covid_d.detector.assessment import OUTSIDE_LUNGS_CODE
from covid_d.language import Message
from covid_d.radiograph import Refusal, RefusalCode


class Case(SealedTable):
    """One patient's episode. What was entered at intake; what came later is in ``FollowUp``.

    The cédula is kept encrypted (``national_id_encrypted``) and as a keyed hash to find it
    (``national_id_hash``), or only as the hash, or not at all, by the setting
    ``COVID_D_NATIONAL_ID``.
    """

    __tablename__ = "patient_case"
    __table_args__ = (Index("ix_patient_case_unit_created", "unit_id", "created_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(index=True)
    # What the browser sent with the form, so that a form sent twice makes one case.
    submission: Mapped[str | None] = mapped_column(String(64), unique=True)

    patient_code: Mapped[str] = mapped_column(String(40), index=True)
    national_id_encrypted: Mapped[str | None] = mapped_column(Text)
    national_id_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    age_years: Mapped[int | None]
    adult: Mapped[bool | None]
    """What was said where the age is not known; ``None`` when the age says it, or nobody did."""
    sex: Mapped[str | None] = mapped_column(String(1))
    province: Mapped[str] = mapped_column(String(40), index=True)
    symptom_onset: Mapped[date | None]
    symptoms: Mapped[list[str]] = mapped_column(JSON)
    comorbidities: Mapped[list[str]] = mapped_column(JSON)
    spo2: Mapped[int | None]
    on_oxygen: Mapped[bool | None]
    """Whether ``spo2`` was measured on oxygen, not breathing air; ``None`` when nobody said."""
    vaccine_doses: Mapped[int | None]
    research_consent: Mapped[bool] = mapped_column(default=False)
    notes: Mapped[str] = mapped_column(Text, default="")
    sample: Mapped[bool] = mapped_column(default=False)
    """Whether it is the sample film, to try the program with: nobody, counted nowhere."""
    blind: Mapped[bool] = mapped_column(default=False)
    """Whether the unit was in blind mode when the case was entered."""

    unit: Mapped[Unit] = relationship()
    created_by: Mapped[User] = relationship()
    films: Mapped[list[Film]] = relationship(back_populates="case", order_by="Film.id")
    follow_ups: Mapped[list[FollowUp]] = relationship(back_populates="case", order_by="FollowUp.id")
    readings: Mapped[list[Reading]] = relationship(back_populates="case", order_by="Reading.id")


class Film(SealedTable):
    """One radiograph of a case; its file, without its patient, lies in the film store.

    It lies there under ``sha256``.
    """

    __tablename__ = "film"
    __table_args__ = (UniqueConstraint("case_id", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("patient_case.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    received_sha256: Mapped[str | None] = mapped_column(String(64))
    """Of the file as it was sent; ``None`` until a film of an older version is stripped.

    Of a photograph that was straightened, the photograph's.
    """
    identity_encrypted: Mapped[str | None] = mapped_column(Text)
    """Its identifiers, which a structured report must name (``cases.keeping``)."""
    format: Mapped[str | None] = mapped_column(String(8))
    width: Mapped[int | None]
    height: Mapped[int | None]
    projection: Mapped[str | None] = mapped_column(String(10))
    """As the file states it, or as the doctor did where it does not."""
    taken_on: Mapped[date | None]
    """As the file stated it, or as the doctor did where it did not."""
    straightened: Mapped[list[list[float]] | None] = mapped_column(JSON(none_as_null=True))
    """Where the user put the film's corners on the photograph that was sent, in shares of its
    sides: upper left, upper right, lower right, lower left. ``None`` for a film kept as sent."""
    created_at: Mapped[datetime]
    at_intake: Mapped[bool]
    """Whether it came with the case: only such films give the case's index test."""

    @property
    def was_straightened(self) -> bool:
        """Whether it was made of a photograph by its user."""
        return self.straightened is not None

    case: Mapped[Case] = relationship(back_populates="films")
    film_print: Mapped[StoredPrint | None] = relationship(
        cascade="all, delete-orphan", passive_deletes=True
    )
    assessments: Mapped[list[StoredAssessment]] = relationship(
        back_populates="film", order_by="StoredAssessment.id"
    )


class StoredPrint(TableBase):
    """A film's :class:`~covid_d.likeness.film_print.FilmPrint`, to find its copies.

    Reckoned of the film alone, so that no backup holds it: it is made anew.
    """

    __tablename__ = "film_print"

    film_id: Mapped[int] = mapped_column(
        ForeignKey("film.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    proposes: Mapped[bytes] = mapped_column(LargeBinary)
    """What proposes films to compare with (``FilmPrint.index``)."""
    thumbnail: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    """``FilmPrint.packed``."""


class StoredAssessment(SealedTable):
    """A detector's :class:`~covid_d.detector.Assessment` of a film, as it was given."""

    __tablename__ = "assessment"

    id: Mapped[int] = mapped_column(primary_key=True)
    film_id: Mapped[int] = mapped_column(ForeignKey("film.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The whole of it, map included (not the film). Every column below, but the last two, is a copy
    that queries need."""
    outcome: Mapped[str] = mapped_column(String(12))
    probability: Mapped[float | None]
    negative: Mapped[float | None]
    atypical: Mapped[float | None]
    indeterminate: Mapped[float | None]
    typical: Mapped[float | None]
    refusal_code: Mapped[str | None] = mapped_column(String(40))
    bundle_name: Mapped[str] = mapped_column(String(80))
    bundle_version: Mapped[str] = mapped_column(String(40))
    bundle_sha256: Mapped[str] = mapped_column(String(64), index=True)
    bundle_verdict: Mapped[str] = mapped_column(String(20))
    prevalence: Mapped[float | None]
    """Of the unit when the film was answered, whether or not the answer could use it."""
    milliseconds: Mapped[float]

    film: Mapped[Film] = relationship(back_populates="assessments")

    @property
    def assessment(self) -> Assessment:
        """The answer, as it was given; one that was changed since is no answer."""
        return _altered() if self.altered else Assessment.from_dict(self.answer)

    @property
    def said(self) -> Outcome:
        """The outcome that may be told."""
        return Outcome.REFUSED if self.altered else Outcome(self.outcome)

    @property
    def is_void(self) -> bool:
        """Whether the answer is to be disregarded, without reading the whole of it."""
        if self.altered or self.outcome == Outcome.REFUSED:
            return False
        codes = {one["code"] for one in self.answer.get("warnings", ())}
        return OUTSIDE_LUNGS_CODE in codes

    @property
    def headline(self) -> Message:
        """The answer in words, without reading the whole of it."""
        if self.altered:
            return Outcome.REFUSED.message
        return headline(self.outcome, [getattr(self, c.value) for c in CATEGORIES])


def _altered() -> Assessment:
    """Return what is said in the place of an answer that was changed in the database."""
    return Assessment(
        path="",
        outcome=Outcome.REFUSED,
        bundle=BundleId("?", "?", ""),
        refusal=Refusal.of(RefusalCode.ALTERED),
    )


def headline(outcome: str, appearance: Sequence[float | None]) -> Message:
    """Return an answer in words, from its columns.

    Parameters
    ----------
    outcome
        Of the answer.
    appearance
        The four probabilities, in the order of ``CATEGORIES``; ``None`` where there is none.
    """
    known = [(p, c) for p, c in zip(appearance, CATEGORIES, strict=True) if p is not None]
    # The first of equals, as the answer itself has it.
    category = max(known, key=lambda entry: entry[0])[1] if known else None
    return Outcome(outcome).headline(category)


def assessment_columns(
    assessment: Assessment, *, prevalence: float | None, milliseconds: float
) -> dict[str, Any]:
    """Return the columns of :class:`StoredAssessment` that hold an answer.

    Parameters
    ----------
    assessment
        As the detector gave it.
    prevalence
        Of the unit, if it has one.
    milliseconds
        That the film's examination took.
    """
    appearance, refusal, bundle = assessment.appearance, assessment.refusal, assessment.bundle
    return {
        "answer": assessment.to_dict(activation=True),
        "outcome": assessment.outcome.value,
        "probability": assessment.probability,
        **{c.value: appearance[c] if appearance else None for c in CATEGORIES},
        "refusal_code": refusal.code.value if refusal else None,
        "bundle_name": bundle.name,
        "bundle_version": bundle.version,
        "bundle_sha256": bundle.sha256,
        "bundle_verdict": assessment.verdict,
        "prevalence": prevalence,
        "milliseconds": milliseconds,
    }


class Reading(SealedTable):
    """What a person read from a case's films. Never changed; a newer one follows it.

    ``kind`` is ``blind`` (before the model's answer was shown), ``open`` (after), ``second``,
    ``informed`` (before it was shown, by whoever had entered a result of the case), or ``third``
    (by a third reader, who settles what two others disagree on).
    """

    __tablename__ = "reading"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("patient_case.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    kind: Mapped[str] = mapped_column(String(8))
    finding: Mapped[str] = mapped_column(String(12))
    """``positive``, ``negative`` or ``inconclusive`` for COVID-19."""
    appearance: Mapped[str | None] = mapped_column(String(13))
    """A category of ``CATEGORIES``; ``None`` where none was said, and before version 0.4."""
    signs: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    """As ``cases.structured.SeenSign`` keeps them."""
    extent: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    """The six zones of the Brixia score."""
    notes: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]

    case: Mapped[Case] = relationship(back_populates="readings")
    user: Mapped[User] = relationship()


class CaseMark(TableBase):
    """What a case is marked with, by whom: ``urgent``, or ``second`` (a second reading wanted)."""

    __tablename__ = "case_mark"

    case_id: Mapped[int] = mapped_column(ForeignKey("patient_case.id"), primary_key=True)
    mark: Mapped[str] = mapped_column(String(8), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]

    user: Mapped[User] = relationship()


class AnswerShown(TableBase):
    """When the model's answer of a case was first shown to a person."""

    __tablename__ = "answer_shown"

    case_id: Mapped[int] = mapped_column(ForeignKey("patient_case.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    shown_at: Mapped[datetime]


class FollowUp(SealedTable):
    """One later fact about a case. Never changed: a correction supersedes it and keeps it.

    ``kind``: ``rt_pcr``, ``antigen`` (``value`` positive, negative, indeterminate; ``day`` the
    sample's), ``diagnosis`` (``value`` a code, ``notes`` its words), ``outcome`` (``value``
    discharged, admitted, icu, died), ``consent`` (``value`` given, withdrawn).
    """

    __tablename__ = "follow_up"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("patient_case.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12), index=True)
    value: Mapped[str] = mapped_column(String(40))
    day: Mapped[date | None]
    notes: Mapped[str] = mapped_column(Text, default="")
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("follow_up.id"), unique=True)
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why a correction was made."""

    case: Mapped[Case] = relationship(back_populates="follow_ups")
    user: Mapped[User] = relationship()
