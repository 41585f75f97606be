"""Entering follow-up: checked, appended, never overwritten; a correction names what it corrects."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from covid_d.clinic import sentences
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.access import case_of
from covid_d.clinic.clock import Clock
from covid_d.clinic.collection import recall
from covid_d.clinic.database.cases import Case, FollowUp
from covid_d.clinic.errors import ConflictError, InvalidInputError
from covid_d.clinic.fields import is_text
from covid_d.clinic.follow_up.facts import Current, Fact, history, summary
from covid_d.clinic.follow_up.terms import DIED, GIVEN, OTHER_DIAGNOSIS, VOID, EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.act import Act
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_, Text

LONGEST_NOTES: Final = 2000
LONGEST_REASON: Final = 500
BEFORE_ONSET: Final = timedelta(days=14)
"""How long before the onset a contact may have been tested: the longest usual incubation."""
BEFORE_CASE: Final = timedelta(days=60)
"""How long before its case a fact may lie when the onset is not known."""
AFTER_CASE: Final = timedelta(days=60)
"""How long after its case a sample still belongs to the same episode."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a person wants to record.

    Parameters
    ----------
    kind, value
        See :mod:`covid_d.clinic.follow_up.terms`; ``void`` only in a correction.
    day
        Needed for tests and outcomes.
    notes
        The author's words; needed for another diagnosis.
    supersedes
        The entry that this one corrects.
    reason
        Why; needed in a correction.
    """

    kind: EntryKind
    value: str
    day: date | None = None
    notes: str = ""
    supersedes: int | None = None
    reason: str = ""


def add(
    installation: Installation, person: Person, actor: Actor, case_id: int, entry: Entry
) -> int:
    """Record an entry or a correction in an act of its own and return its number.

    Raises
    ------
    NotFoundError
        If the person may not see the case.
    InvalidInputError, ConflictError
        As :func:`record`.
    """
    with installation.act(actor) as act:
        # Locked, so that of two corrections at once the second one sees the first.
        case = case_of(act.session, person, case_id, lock=True)
        return record(act, case, person, entry, installation.clock)


def record(act: Act, case: Case, person: Person, entry: Entry, clock: Clock) -> int:
    """Record an entry or a correction and return its number.

    Parameters
    ----------
    act
        The unit of work.
    case
        Of what, locked.
    person, entry
        Who records what.
    clock
        The installation's.

    Raises
    ------
    InvalidInputError
        If a field cannot be accepted.
    ConflictError
        If it is recorded already, or somebody else corrected the entry in the meantime.
    """
    facts = history(act.session, case.id)
    _check_fields(case, entry, clock)
    if entry.supersedes is None:
        _check_new(summary(facts, case, clock), entry)
    else:
        _check_correction(facts, entry)
    row = FollowUp(
        case_id=case.id,
        kind=entry.kind.value,
        value=entry.value,
        day=entry.day,
        notes=entry.notes.strip(),
        user_id=person.id,
        created_at=act.now,
        supersedes_id=entry.supersedes,
        reason=entry.reason.strip(),
    )
    act.session.add(row)
    act.session.flush()
    act.record(
        "follow_up.add" if entry.supersedes is None else "follow_up.correct",
        case,
        follow_up=row.id,
        kind=row.kind,
        supersedes=row.supersedes_id,
    )
    if entry.kind is EntryKind.CONSENT:
        now = summary(history(act.session, case.id), case, clock)
        recall.settle(act, case.id, agreed=now.research_consent)
    return row.id


def _check_fields(case: Case, entry: Entry, clock: Clock) -> None:
    wrong: dict[str, Text] = {}
    if entry.value != VOID:
        wrong = _wrong_value(entry) | _wrong_day(case, entry, clock)
    elif entry.supersedes is None:
        wrong["value"] = sentences.NOT_OFFERED
    for name, text, longest in (
        ("notes", entry.notes, LONGEST_NOTES),
        ("reason", entry.reason, LONGEST_REASON),
    ):
        if len(text) > longest:
            wrong[name] = sentences.too_long(longest)
        elif not is_text(text):
            wrong[name] = sentences.UNREADABLE
    if entry.supersedes is not None and not entry.reason.strip():
        wrong["reason"] = N_("Say why it is corrected; both values are kept.")
    if wrong:
        raise InvalidInputError(wrong)


def _wrong_value(entry: Entry) -> dict[str, Text]:
    if entry.value not in entry.kind.values:
        return {"value": sentences.NOT_OFFERED}
    if entry.value == OTHER_DIAGNOSIS and not entry.notes.strip():
        return {"notes": N_("Write which diagnosis.")}
    return {}


def _wrong_day(case: Case, entry: Entry, clock: Clock) -> dict[str, Text]:
    if entry.day is None:
        needed = entry.kind.is_test or entry.kind is EntryKind.OUTCOME
        return {"day": N_("State the day.")} if needed else {}
    fault = wrong_day(case, entry.kind, entry.day, clock)
    return {"day": fault} if fault else {}


def wrong_day(case: Case, kind: EntryKind, day: date, clock: Clock) -> Text | None:
    """Return why something of this kind and day cannot belong to a case; ``None`` if it can."""
    entered = clock.day_of(case.created_at)
    if day > clock.today():
        return sentences.IN_THE_FUTURE
    earliest = entered - BEFORE_CASE
    if case.symptom_onset is not None:
        earliest = case.symptom_onset - (BEFORE_ONSET if kind.is_test else timedelta())
    if day < earliest:
        return N_(
            "This day is too early for this case: not before %(day)s.", day=earliest.isoformat()
        )
    if kind.is_test and day > entered + AFTER_CASE:
        return N_(
            "A sample more than %(n)d days after the case belongs to a new case.",
            n=AFTER_CASE.days,
        )
    return None


def _check_new(holding: Current, entry: Entry) -> None:
    """Refuse what is recorded already, so that a form sent twice counts once."""
    same_kind = [fact for fact in holding.facts if fact.kind is entry.kind]
    _check_test(same_kind, entry)
    if entry.kind is EntryKind.DIAGNOSIS and same_kind:
        raise ConflictError(
            N_("A final diagnosis is recorded already."),
            N_("If it is wrong, correct that entry; the old value is kept."),
        )
    if entry.kind is EntryKind.OUTCOME and holding.outcome is not None:
        _check_outcome(holding.outcome, entry)
    if entry.kind is EntryKind.CONSENT and (entry.value == GIVEN) == holding.research_consent:
        raise ConflictError(N_("The consent is recorded in this way already."))


def _check_test(same_kind: Collection[Fact], entry: Entry) -> None:
    if entry.kind.is_test and any(fact.day == entry.day for fact in same_kind):
        raise ConflictError(
            N_("A result of this test with this sample day is recorded already."),
            N_("If it is wrong, correct that entry; the old value is kept."),
        )


def _check_outcome(latest: Fact, entry: Entry) -> None:
    if (latest.value, latest.day) == (entry.value, entry.day):
        raise ConflictError(N_("This outcome is recorded already."))
    if latest.value == DIED and latest.day and entry.day and entry.day >= latest.day:
        raise ConflictError(
            N_("The patient is recorded as having died before this day."),
            N_("If it is wrong, correct that entry; the old value is kept."),
        )


def _check_correction(facts: Collection[Fact], entry: Entry) -> None:
    old = next((fact for fact in facts if fact.id == entry.supersedes), None)
    if old is None:
        raise InvalidInputError({"supersedes": N_("This case has no such entry.")})
    if old.superseded:
        raise ConflictError(
            N_("Somebody else corrected this entry in the meantime."),
            N_("Look at the newer value; correct that one if it is still wrong."),
            code="corrected_already",
        )
    if old.kind is not entry.kind and not (old.kind.is_test and entry.kind.is_test):
        raise InvalidInputError(
            {"kind": N_("A correction is of the same kind as what it corrects.")}
        )
    if (old.kind, old.value, old.day, old.notes) == (
        entry.kind,
        entry.value,
        entry.day,
        entry.notes.strip(),
    ):
        raise InvalidInputError({"value": N_("Nothing is different from what is recorded.")})
    if entry.value != VOID:
        others = [fact for fact in facts if fact.holds and fact is not old]
        _check_test([fact for fact in others if fact.kind is entry.kind], entry)
