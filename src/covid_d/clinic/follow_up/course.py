"""How patients fared, and how long results took: plain rows for lists and figures of many cases."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, DateTime, func, select, type_coerce
from sqlalchemy.orm import Session

from covid_d.clinic.database.cases import Case, FollowUp
from covid_d.clinic.follow_up.holding import holds, is_test
from covid_d.clinic.follow_up.terms import EntryKind

GRAVEST: Final = ("died", "icu", "admitted", "discharged")
"""Outcomes, the gravest first."""


def courses(session: Session, chosen: ColumnElement[bool]) -> dict[int, str]:
    """Return, by case, the gravest outcome that holds.

    Parameters
    ----------
    session
        Reading.
    chosen
        Condition on ``Case``.
    """
    query = (
        select(FollowUp.case_id, FollowUp.value)
        .join(Case, Case.id == FollowUp.case_id)
        .where(FollowUp.kind == EntryKind.OUTCOME.value, holds(), chosen)
    )
    found: dict[int, str] = {}
    for case_id, value in session.connection().execute(query).all():
        found[case_id] = min(value, found.get(case_id, value), key=GRAVEST.index)
    return found


def first_results(session: Session, chosen: ColumnElement[bool]) -> dict[int, datetime]:
    """Return, by case, when its first laboratory result that holds was entered.

    Parameters
    ----------
    session
        Reading.
    chosen
        Condition on ``Case``.
    """
    query = (
        select(
            FollowUp.case_id,
            # No zone is added: a difference of two such moments needs none.
            type_coerce(func.min(FollowUp.created_at), DateTime()),
        )
        .join(Case, Case.id == FollowUp.case_id)
        .where(is_test(), holds(), chosen)
        .group_by(FollowUp.case_id)
    )
    return {row[0]: row[1] for row in session.connection().execute(query).all()}
