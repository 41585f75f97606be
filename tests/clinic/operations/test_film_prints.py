"""Films kept before get their prints, once, and then find their copies."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, ImageOps
from sqlalchemy import delete, func, select

from clinic_factory import add_case, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.same_film import SameFilmError
from covid_d.clinic.database.cases import Film, StoredAssessment, StoredPrint
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations.film_prints import is_print_due, make_prints
from covid_d.clinic.roles import Role

pytestmark = pytest.mark.postgres


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    return people[Role.DOCTOR]


def _prints(place: Installation) -> dict[int, bytes]:
    with place.reading() as session:
        rows = session.execute(select(StoredPrint.film_id, StoredPrint.proposes))
        return {row.film_id: row.proposes for row in rows}


def _forget(place: Installation) -> None:
    with place.writing() as session:
        session.execute(delete(StoredPrint))


def _mirrored(seed: int) -> bytes:
    stream = io.BytesIO()
    with Image.open(io.BytesIO(phantom_png(seed))) as film:
        ImageOps.mirror(film).save(stream, "PNG")
    return stream.getvalue()


def test_what_was_made_at_entry_is_made_again_alike(
    installation: Installation, doctor: Person
) -> None:
    add_case(installation, doctor, films=[phantom_png(1), phantom_png(2)])
    add_case(installation, doctor, films=[phantom_png(1)])
    before = _prints(installation)
    assert len(before) == 3
    assert not is_print_due(installation)
    _forget(installation)
    assert is_print_due(installation)
    assert (make_prints(installation), make_prints(installation)) == (3, 0)
    assert _prints(installation) == before
    assert not is_print_due(installation)


def test_then_copies_are_found(installation: Installation, doctor: Person) -> None:
    add_case(installation, doctor, films=[phantom_png(1)], patient_code="HC-1")
    _forget(installation)
    entered: dict[str, Any] = {"films": [_mirrored(1)], "same_film_reason": ""}
    add_case(installation, doctor, patient_code="HC-2", **entered)  # an older version's film
    make_prints(installation)
    with pytest.raises(SameFilmError):
        add_case(installation, doctor, patient_code="HC-3", **entered)


def test_a_film_that_is_gone_stays_without(installation: Installation, doctor: Person) -> None:
    add_case(installation, doctor, films=[phantom_png(1), phantom_png(2)])
    _forget(installation)
    with installation.reading() as session:
        first = session.scalars(select(Film.sha256).order_by(Film.id)).first()
    installation.films.remove(first or "")
    assert make_prints(installation) == 1
    assert is_print_due(installation), "it is tried again once it is restored"


def test_what_cannot_be_read_needs_none(installation: Installation, doctor: Person) -> None:
    add_case(installation, doctor, films=[b"no film"])
    assert _prints(installation) == {}
    assert not is_print_due(installation)
    assert make_prints(installation) == 0


def test_a_print_goes_with_its_film(installation: Installation, doctor: Person) -> None:
    add_case(installation, doctor, films=[phantom_png(1), phantom_png(2)])
    with installation.writing() as session:
        number = session.scalars(select(Film.id).order_by(Film.id)).first()
        session.execute(delete(StoredAssessment).where(StoredAssessment.film_id == number))
        session.execute(delete(Film).where(Film.id == number))
    with installation.reading() as session:
        assert session.scalar(select(func.count()).select_from(Film)) == 1
    assert len(_prints(installation)) == 1
    assert number not in _prints(installation)
