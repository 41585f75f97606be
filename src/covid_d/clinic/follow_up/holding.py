"""Which entries of a follow-up hold: the one rule, for every query that reads them.

An entry that another one supersedes was corrected; one entered by mistake says nothing.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists
from sqlalchemy.orm import aliased

from covid_d.clinic.database.cases import FollowUp
from covid_d.clinic.follow_up.terms import VOID, EntryKind


def corrected() -> ColumnElement[bool]:
    """Return the condition on ``FollowUp`` that a correction took its place."""
    newer = aliased(FollowUp)
    return exists().where(newer.supersedes_id == FollowUp.id)


def holds() -> ColumnElement[bool]:
    """Return the condition on ``FollowUp`` that it is neither corrected nor a mistake."""
    return and_(FollowUp.value != VOID, ~corrected())


def is_test() -> ColumnElement[bool]:
    """Return the condition on ``FollowUp`` that it is a result of the laboratory."""
    return FollowUp.kind.in_([kind.value for kind in EntryKind if kind.is_test])
