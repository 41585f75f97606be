"""Of several films the most telling answer is the case's: in words, and as a condition."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import ColumnElement, and_, exists
from sqlalchemy.orm import aliased

from covid_d.clinic.database.cases import Case, Film, StoredAssessment
from covid_d.detector import Outcome

_MOST_TELLING_FIRST: Final = (
    Outcome.POSITIVE,
    Outcome.INCONCLUSIVE,
    Outcome.NEGATIVE,
    Outcome.REFUSED,
)


def leading(outcomes: Collection[Outcome | None]) -> Outcome | None:
    """Return the most telling of several films' answers; ``None`` of none."""
    return next((outcome for outcome in _MOST_TELLING_FIRST if outcome in outcomes), None)


def leading_is(outcome: Outcome) -> ColumnElement[bool]:
    """Return the condition on ``Case`` that its most telling answer is ``outcome``."""
    better = _MOST_TELLING_FIRST[: _MOST_TELLING_FIRST.index(outcome)]
    return and_(_has(outcome), *(~_has(other) for other in better))


def _has(outcome: Outcome) -> ColumnElement[bool]:
    newer = aliased(StoredAssessment)
    superseded = exists().where(
        newer.film_id == StoredAssessment.film_id, newer.id > StoredAssessment.id
    )
    return exists().where(
        Film.case_id == Case.id,
        StoredAssessment.film_id == Film.id,
        StoredAssessment.outcome == outcome.value,
        ~superseded,
    )
