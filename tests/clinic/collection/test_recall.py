"""Consent withdrawn after an export: marked, listed for whoever has it, taken back when given."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import delete, select

from clinic_clock import today
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.collection import recall
from covid_d.clinic.collection.recall import Recalled
from covid_d.clinic.database.operations import AuditEntry, ExportedFilm
from covid_d.clinic.errors import NotFoundError
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import VOID, EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations.erase import erase
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor

from .conftest import Enter, Exported

pytestmark = pytest.mark.postgres

POSITIVE = {"rt_pcr": "positive"}


def _consent(
    installation: Installation, person: Person, case: int, value: str, supersedes: int | None = None
) -> int:
    entry = Entry(
        EntryKind.CONSENT, value, today(), supersedes=supersedes, reason="x" if supersedes else ""
    )
    return add(installation, person, Actor(person.id, "127.0.0.1"), case, entry)


def _every(installation: Installation) -> list[Recalled]:
    with installation.reading() as session:
        return recall.every(session, installation)


def _rows(files: dict[str, bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files["metadata.csv"].decode())))


def _trail(installation: Installation, action: str) -> list[tuple[str, dict[str, object]]]:
    with installation.reading() as session:
        rows = session.execute(
            select(AuditEntry.subject, AuditEntry.detail)
            .where(AuditEntry.action == action)
            .order_by(AuditEntry.sequence)
        )
        return [(subject, detail) for subject, detail in rows]


def test_an_export_notes_what_left(
    installation: Installation, enter: Enter, exported: Exported
) -> None:
    enter(1, POSITIVE)
    enter(2)  # no result: stays
    enter(3, POSITIVE)
    files, _ = exported()
    with installation.reading() as session:
        noted = session.scalars(select(ExportedFilm).order_by(ExportedFilm.id)).all()
    assert [(film.filename, film.patient) for film in noted] == [
        (row["filename"], row["patientid"]) for row in _rows(files)
    ]
    assert [film.case_id for film in noted] == [1, 3]
    assert _every(installation) == []


def test_a_withdrawal_marks_every_export_that_had_the_films(
    installation: Installation, doctor: Person, enter: Enter, exported: Exported
) -> None:
    case, _ = enter(1, POSITIVE), enter(2, POSITIVE)
    files, _ = exported()
    exported()
    _consent(installation, doctor, case, "withdrawn")
    newest, first = _every(installation)
    assert [newest.export.id, first.export.id] == [2, 1]
    (film,) = first.films
    (left,) = [row for row in _rows(files) if row["filename"] == film.filename]
    assert (film.patient, film.certain) == (left["patientid"], True)
    assert film.filename == newest.films[0].filename
    marked = _trail(installation, "export.recall")
    assert marked == [
        ("export:1", {"case": case, "films": 1}),
        ("export:2", {"case": case, "films": 1}),
    ]
    files, _ = exported()
    assert len(_rows(files)) == 1
    assert len(_every(installation)) == 2  # the third export never had it


def test_consent_given_again_takes_the_mark_back(
    installation: Installation, doctor: Person, enter: Enter, exported: Exported
) -> None:
    case = enter(1, POSITIVE)
    exported()
    _consent(installation, doctor, case, "withdrawn")
    _consent(installation, doctor, case, "given")
    assert _every(installation) == []
    assert _trail(installation, "export.recall_lifted") == [
        ("export:1", {"case": case, "films": 1})
    ]


def test_a_withdrawal_entered_by_mistake_takes_the_mark_back(
    installation: Installation, doctor: Person, enter: Enter, exported: Exported
) -> None:
    case = enter(1, POSITIVE)
    exported()
    mistaken = _consent(installation, doctor, case, "withdrawn")
    _consent(installation, doctor, case, VOID, supersedes=mistaken)
    assert _every(installation) == []


def test_a_case_that_never_left_marks_nothing(
    installation: Installation, doctor: Person, enter: Enter, exported: Exported
) -> None:
    enter(1, POSITIVE)
    exported()
    never = enter(2)
    _consent(installation, doctor, never, "withdrawn")
    assert _every(installation) == []
    assert _trail(installation, "export.recall") == []


def test_of_an_older_export_what_may_have_left_is_named(
    installation: Installation, doctor: Person, enter: Enter, exported: Exported
) -> None:
    case, _ = enter(1, POSITIVE), enter(2, POSITIVE)
    files, _ = exported()
    with installation.writing() as session:  # as a version before this one left it
        session.execute(delete(ExportedFilm))
    later = enter(3, POSITIVE)
    for one in (case, later):
        _consent(installation, doctor, one, "withdrawn")
    (found,) = _every(installation)
    (film,) = found.films  # the later case cannot have been in it
    assert not film.certain
    assert film.filename in {row["filename"] for row in _rows(files)}


def test_all_films_of_a_case_are_named(
    installation: Installation, doctor: Person, enter: Enter, exported: Exported
) -> None:
    from clinic_factory import phantom_png

    case = enter(1, POSITIVE, films=[phantom_png(1), phantom_png(2)])
    exported()
    with installation.writing() as session:
        session.execute(delete(ExportedFilm))
    _consent(installation, doctor, case, "withdrawn")
    (found,) = _every(installation)
    assert len(found.films) == 2


def test_the_list_for_the_receivers(
    installation: Installation,
    people: dict[Role, Person],
    doctor: Person,
    enter: Enter,
    exported: Exported,
) -> None:
    case = enter(1, POSITIVE, patient_code="SECRETO-1")
    files, _ = exported()
    actor = Actor(people[Role.RESEARCHER].id)
    with pytest.raises(NotFoundError):
        recall.one(installation, actor, 1)
    _consent(installation, doctor, case, "withdrawn")
    found = recall.one(installation, actor, 1)
    (row,) = csv.DictReader(io.StringIO(recall.as_csv(found.films)))
    (left,) = _rows(files)
    assert row["filename"] == left["filename"]
    assert row["patientid"] == left["patientid"]
    assert row["withdrawn"] == f"{found.films[0].since:%Y-%m}"
    assert row["certain"] == "Y"
    assert "SECRETO" not in recall.as_csv(found.films)
    assert _trail(installation, "export.recall_list") == [("export:1", {"films": 1})]


def test_of_an_erased_patient_what_left_stays_named(
    installation: Installation, doctor: Person, exported: Exported, enter: Enter
) -> None:
    case = enter(1, POSITIVE)
    files, _ = exported()
    erase(installation, Actor(doctor.id), [case])
    (found,) = _every(installation)
    assert [film.filename for film in found.films] == [row["filename"] for row in _rows(files)]
