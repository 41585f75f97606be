"""The list of cases and the dashboard never disagree on a case unless both say why."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from clinic_clock import CLOCK
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.worklist import Filters, WorklistRow, list_cases
from covid_d.clinic.database.cases import Case, FollowUp
from covid_d.clinic.follow_up.facts import current
from covid_d.clinic.follow_up.laboratory import ResultToDate
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.statistics.dashboard import make
from covid_d.clinic.statistics.scope import Period, Scope
from covid_d.clinic.statistics.table import FigureTable, to_csv
from episode_factory import Told, follow_up, write
from row_seals import seal_rows

pytestmark = pytest.mark.postgres

DAY = date(2026, 11, 1)
PERIOD = Period(DAY, DAY, CLOCK)

# What may stand in a follow-up: results near and far, of no day, corrected, taken back; each in one
# draw, since Hypothesis stops a test that draws slowly, as on a busy machine.
RESULT = st.sampled_from(
    [
        {"kind": kind, "value": value, "days": days, "fate": fate}
        for kind, value, days, fate in product(
            ["rt_pcr", "antigen"],
            ["positive", "negative", "indeterminate"],
            [None, -8, -7, -1, 0, 3, 7, 8, 30],
            ["holds", "holds", "holds", "corrected", "void"],
        )
    ]
)
OTHER = st.sampled_from([("diagnosis", "U07.1"), ("outcome", "died"), ("consent", "withdrawn")])


@pytest.fixture
def case_id(installation: Installation, people: dict[Role, Person]) -> int:
    return write(installation, [Told()], user_id=people[Role.DOCTOR].id)[0]


def _enter(
    installation: Installation,
    case_id: int,
    user_id: int,
    results: list[dict[str, Any]],
    others: Any,
) -> list[tuple[str, str, int | None]]:
    """Replace the follow-up of a case; return the results that hold, told apart from the code."""
    holding = []
    with installation.writing() as session:
        session.execute(delete(FollowUp).where(FollowUp.supersedes_id.is_not(None)))
        session.execute(delete(FollowUp))
        for kind, value in others:
            session.execute(insert(FollowUp), [follow_up(case_id, kind, value, user_id, DAY)])
        for one in results:
            day = None if one["days"] is None else DAY + timedelta(days=one["days"])
            row = FollowUp(**follow_up(case_id, one["kind"], one["value"], user_id, day))
            session.add(row)
            session.flush()
            if one["fate"] == "holds":
                holding.append((one["kind"], one["value"], one["days"]))
                continue
            value = "void" if one["fate"] == "void" else "negative"
            new = follow_up(case_id, one["kind"], value, user_id, day, supersedes=row.id)
            session.execute(insert(FollowUp), [new])
            if value != "void":
                holding.append((one["kind"], value, one["days"]))
        seal_rows(session)
    return holding


def _expected(holding: list[tuple[str, str, int | None]]) -> tuple[str, str]:
    """Return result to date and reference standard, written down once more from the rule."""
    values = {value for _, value, _ in holding}
    to_date = "positive" if "positive" in values else "negative" if "negative" in values else ""
    for kind in ("rt_pcr", "antigen"):
        near = {v for k, v, days in holding if k == kind and (days is None or abs(days) <= 7)}
        if near & {"positive", "negative"}:
            return to_date, "positive" if "positive" in near else "negative"
    return to_date, ""


def _row(installation: Installation, person: Person) -> WorklistRow:
    with installation.reading() as session:
        (row,) = list_cases(session, person, Filters(), clock=CLOCK).rows
    return row


def _tables(installation: Installation, person: Person) -> dict[str, FigureTable]:
    with installation.reading() as session:
        return make(session, Scope.of(person), PERIOD).tables


@given(results=st.lists(RESULT, max_size=5), others=st.lists(OTHER, max_size=2))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_list_and_dashboard_agree_or_both_say_why(
    installation: Installation,
    people: dict[Role, Person],
    case_id: int,
    results: list[dict[str, Any]],
    others: list[tuple[str, str]],
) -> None:
    doctor = people[Role.DOCTOR]
    to_date, reference = _expected(_enter(installation, case_id, doctor.id, results, others))
    said = _row(installation, doctor).laboratory
    assert said is not None
    # Each face tells the thing that it is there to tell.
    assert said.to_date.value == (to_date or "pending")
    tables = _tables(installation, doctor)
    _, _, tested, positive, _ = tables["provinces"].rows[0]
    assert (tested, positive) == (int(reference != ""), int(reference == "positive"))
    # Where they differ, both say why, and the same; where they agree, neither does.
    ((shown, counted, why, number),) = tables["laboratory"].rows
    assert number == 1
    assert (shown, counted) == (said.to_date.text, said.reference.text)
    assert why == (said.why.text if said.why else None)
    assert (said.why is not None) == (to_date != reference)
    assert said.reference.value == reference or not said.reference.is_conclusive
    # The page of the case and the filter of the list go by the same rule.
    with installation.reading() as session:
        assert current(session, session.get_one(Case, case_id), CLOCK).laboratory == said
    for asked in ResultToDate:
        with installation.reading() as session:
            found = list_cases(session, doctor, Filters(laboratory=asked), clock=CLOCK).total
        assert found == (asked is said.to_date)


def test_a_late_positive_is_explained_on_every_face(
    installation: Installation, people: dict[Role, Person], signed_in: Any, case_id: int
) -> None:
    doctor = people[Role.DOCTOR]
    late = {"kind": "rt_pcr", "value": "positive", "days": 30, "fate": "holds"}
    _enter(installation, case_id, doctor.id, [late], [])
    why = "La muestra se tomó más de 7 días antes o después del caso."
    browser = signed_in(Role.DOCTOR)
    for path in ("/cases", f"/cases/{case_id}", f"/cases/{case_id}/follow-up"):
        page = browser.get(path).text
        assert "Laboratorio: positivo" in page, path
        assert why in page, path
    asked = {"first": DAY.isoformat(), "last": DAY.isoformat()}
    assert why in browser.get("/dashboard", params=asked).text
    assert why in browser.get("/dashboard/laboratory.csv", params=asked).text
    tables = _tables(installation, doctor)
    assert "sample was taken more than 7 days" in to_csv(tables["laboratory"], "en")


def test_a_withheld_result_is_told_by_neither_name(
    installation: Installation, people: dict[Role, Person]
) -> None:
    doctor, author = people[Role.DOCTOR], people[Role.RADIOLOGIST]
    (case_id,) = write(installation, [Told(columns={"blind": True})], user_id=author.id)
    for value, told in (("indeterminate", "none"), ("positive", None)):
        late = {"kind": "rt_pcr", "value": value, "days": 0, "fate": "holds"}
        _enter(installation, case_id, author.id, [late], [])
        said = _row(installation, doctor).laboratory
        assert (said.reference.value if said else None) == told


def test_a_case_is_of_the_clinics_day(
    installation: Installation, people: dict[Role, Person], case_id: int
) -> None:
    """Late in the evening it is the next day in UTC; the window is counted from here."""
    doctor = people[Role.DOCTOR]
    with installation.writing() as session:
        case = session.scalars(select(Case)).one()
        case.created_at = datetime(2026, 11, 2, 3, tzinfo=UTC)
    near = {"kind": "rt_pcr", "value": "positive", "days": -7, "fate": "holds"}
    _enter(installation, case_id, doctor.id, [near], [])
    said = _row(installation, doctor).laboratory
    assert said is not None
    assert said.reference.value == "positive"
