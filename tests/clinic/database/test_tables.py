"""What the tables themselves refuse, and that every code of the clinic fits its column.

SQLite takes a text of any length where PostgreSQL refuses it: without these tests a code that is
too long would fail in the hospital alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from sqlalchemy import String, Table
from sqlalchemy.exc import IntegrityError

from case_rows import add_row, answer
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.accounts.tokens import LONGEST_NAME
from covid_d.clinic.accounts.user_details import LONGEST_NAME as LONGEST_FULL_NAME
from covid_d.clinic.cases import value_sets
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import ApiToken, OneTimeLink, Unit, User
from covid_d.clinic.database.base import TableBase
from covid_d.clinic.database.cases import (
    AnswerShown,
    Case,
    Film,
    FollowUp,
    Reading,
    StoredAssessment,
    headline,
)
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.follow_up.terms import VOID, EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations.audit_actions import ACTIONS
from covid_d.clinic.roles import Role
from covid_d.detector import CATEGORIES, Outcome
from covid_d.radiograph import Projection, RefusalCode

pytestmark = pytest.mark.postgres

VALUES = [value for kind in EntryKind for value in kind.values] + [VOID]


@pytest.mark.parametrize(
    ("table", "column", "codes"),
    [
        (User, "role", Role),
        (Unit, "province", value_sets.PROVINCES),
        (Case, "province", value_sets.PROVINCES),
        (Case, "sex", value_sets.SEXES),
        (Film, "projection", Projection),
        (Film, "format", ["DICOM", "PNG", "JPEG", "JPEG2000", "TIFF", "BMP", "WEBP"]),
        (StoredAssessment, "outcome", Outcome),
        (StoredAssessment, "refusal_code", RefusalCode),
        (StoredAssessment, "bundle_verdict", ["demonstration", "audit-passed"]),
        (FollowUp, "kind", EntryKind),
        (FollowUp, "value", VALUES),
        (Reading, "kind", ["blind", "open", "second", "informed"]),
        (Reading, "finding", ["positive", "negative", "inconclusive"]),
        (AuditEntry, "action", ACTIONS),
        (OneTimeLink, "purpose", ["first_administrator", "password"]),
        (User, "full_name", ["x" * LONGEST_FULL_NAME]),
        (Unit, "name", ["x" * LONGEST_FULL_NAME]),
        (ApiToken, "name", ["x" * LONGEST_NAME]),
    ],
)
def test_every_code_fits_its_column(
    table: type[TableBase], column: str, codes: Iterable[str]
) -> None:
    assert isinstance(table.__table__, Table)
    kind = table.__table__.columns[column].type
    assert isinstance(kind, String)
    assert kind.length is not None
    assert max(map(len, codes)) <= kind.length


def _film(case_id: int, sha256: str = "a" * 64) -> Film:
    return Film(case_id=case_id, sha256=sha256, created_at=now(), at_intake=True)


def _follow_up(case_id: int, user_id: int, supersedes: int | None = None) -> FollowUp:
    return FollowUp(
        case_id=case_id,
        kind="rt_pcr",
        value="positive",
        user_id=user_id,
        created_at=now(),
        supersedes_id=supersedes,
    )


def _refused(installation: Installation, *rows: TableBase) -> bool:
    try:
        with installation.writing() as session:
            session.add_all(rows)
    except IntegrityError:
        return True
    return False


@pytest.fixture
def case(installation: Installation, people: dict[Role, Person]) -> int:
    return add_row(installation, people[Role.DOCTOR], "positive")


def test_a_film_belongs_to_a_case_once(installation: Installation, case: int) -> None:
    assert not _refused(installation, _film(case))
    assert _refused(installation, _film(case)), "the same film again"
    assert not _refused(installation, _film(case, "b" * 64))
    assert _refused(installation, _film(case + 1)), "a case that is not there"


def test_one_film_may_be_of_two_cases(
    installation: Installation, people: dict[Role, Person], case: int
) -> None:
    other = add_row(installation, people[Role.DOCTOR])
    assert not _refused(installation, _film(case), _film(other))


def test_a_form_sent_twice_makes_one_case(
    installation: Installation, people: dict[Role, Person]
) -> None:
    doctor = people[Role.DOCTOR]
    add_row(installation, doctor, submission="form")
    with pytest.raises(IntegrityError):
        add_row(installation, doctor, submission="form")
    add_row(installation, doctor)
    add_row(installation, doctor)  # forms without a name are not one form


def test_an_entry_is_corrected_once(
    installation: Installation, people: dict[Role, Person], case: int
) -> None:
    """Two corrections of one entry would be two truths; the second corrects the first."""
    who = people[Role.DOCTOR].id
    with installation.writing() as session:
        first = _follow_up(case, who)
        session.add(first)
    assert not _refused(installation, _follow_up(case, who, first.id))
    assert _refused(installation, _follow_up(case, who, first.id))
    assert not _refused(installation, _follow_up(case, who)), "another entry is no correction"


def test_an_answer_is_first_shown_once_to_each(
    installation: Installation, people: dict[Role, Person], case: int
) -> None:
    doctor, radiologist = people[Role.DOCTOR].id, people[Role.RADIOLOGIST].id
    rows = [
        AnswerShown(case_id=case, user_id=user, shown_at=now()) for user in (doctor, radiologist)
    ]
    assert not _refused(installation, *rows)
    assert _refused(installation, AnswerShown(case_id=case, user_id=doctor, shown_at=now()))


def test_who_acted_exists(installation: Installation, case: int) -> None:
    assert _refused(installation, _follow_up(case, 999))
    reading = Reading(case_id=case, user_id=999, kind="open", finding="positive", created_at=now())
    assert _refused(installation, reading)


def test_films_answers_and_entries_come_in_the_order_in_which_they_were_made(
    installation: Installation, people: dict[Role, Person], case: int
) -> None:
    moment = now()
    with installation.writing() as session:
        films = [_film(case, letter * 64) for letter in "cb"]
        session.add_all(films)
        session.flush()
        # Made later, though of an earlier moment: the number counts.
        for number, outcome in enumerate(("negative", "positive", "refused")):
            at = moment - timedelta(days=number)
            session.add(StoredAssessment(film_id=films[0].id, **answer(outcome, at)))
            session.flush()
    with installation.reading() as session:
        found = session.get_one(Case, case)
        assert [film.sha256[0] for film in found.films[1:]] == ["c", "b"]
        told = [each.outcome for each in found.films[1].assessments]
    assert told == ["negative", "positive", "refused"]


@pytest.mark.parametrize(
    ("outcome", "appearance", "es", "en"),
    [
        ("positive", (0.1, 0.1, 0.2, 0.6), "típic", "typical"),
        ("negative", (0.7, 0.1, 0.1, 0.1), "sin", "no "),
        ("inconclusive", (0.3, 0.3, 0.2, 0.2), "", "inconclusive"),
        ("refused", (None,) * 4, "", ""),
    ],
)
def test_an_answers_columns_say_it_in_words(
    outcome: str, appearance: tuple[float | None, ...], es: str, en: str
) -> None:
    said = headline(outcome, appearance)
    assert es in said.es.casefold()
    assert en in said.en.casefold()
    best = max(range(4), key=lambda place: appearance[place] or 0)
    category = None if appearance[0] is None else CATEGORIES[best]
    assert said == Outcome(outcome).headline(category)
