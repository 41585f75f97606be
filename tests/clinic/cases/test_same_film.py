"""One film, two patients: stopped, told where it is, entered only with a reason that is kept."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from PIL import Image, ImageOps
from sqlalchemy import delete, func, select

import films
from clinic_factory import add_case, add_unit, add_user, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import staging
from covid_d.clinic.cases.intake import GivenFilm, NewCase, create_case
from covid_d.clinic.cases.same_film import (
    LONGEST_REASON,
    LookAlikes,
    SameFilmError,
    _thumbnails,
    look_alikes,
    propose,
)
from covid_d.clinic.database.cases import Case, Film, StoredPrint
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import InvalidInputError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.likeness.film_print import FilmPrint
from covid_d.radiograph import read

CEDULA = "1710034065"


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    """Who enters."""
    return people[Role.DOCTOR]


def _enter(place: Installation, person: Person, code: str, reason: str = "", **more: Any) -> int:
    return add_case(place, person, patient_code=code, same_film_reason=reason, **more)


def _count(place: Installation) -> int:
    with place.reading() as session:
        return session.scalar(select(func.count()).select_from(Case)) or 0


@pytest.mark.postgres
def test_another_patients_film_needs_a_reason(installation: Installation, doctor: Person) -> None:
    first = _enter(installation, doctor, "HC-1")
    with pytest.raises(SameFilmError) as raised:
        _enter(installation, doctor, "HC-2")
    assert raised.value.cases == (first,)
    assert str(first) in raised.value.fields["same_film_reason"].in_language("es")
    assert _count(installation) == 1
    second = _enter(installation, doctor, "HC-2", "código mal escrito antes")
    with installation.reading() as session:
        entry = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.action == "case.create")
            .order_by(AuditEntry.sequence.desc())
        ).first()
    assert entry is not None
    assert (entry.detail["same_film_as"], entry.detail["reason"]) == (
        [first],
        "código mal escrito antes",
    )
    assert second != first


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_blanks_are_no_reason(installation: Installation, doctor: Person, reason: str) -> None:
    _enter(installation, doctor, "HC-1")
    with pytest.raises(SameFilmError):
        _enter(installation, doctor, "HC-2", reason)


@pytest.mark.parametrize("reason", ["x" * (LONGEST_REASON + 1), "a\x00b"])
def test_a_reason_that_cannot_be_kept(
    installation: Installation, doctor: Person, reason: str
) -> None:
    with pytest.raises(InvalidInputError) as raised:
        _enter(installation, doctor, "HC-1", reason)
    assert set(raised.value.fields) == {"same_film_reason"}


def test_the_same_patient_is_not_stopped(installation: Installation, doctor: Person) -> None:
    _enter(installation, doctor, "HC-1", national_id=CEDULA)
    _enter(installation, doctor, "HC-1")
    _enter(installation, doctor, "HC-9", national_id=CEDULA)
    assert _count(installation) == 3


def test_a_copy_under_another_name_is_found(installation: Installation, doctor: Person) -> None:
    one, other = (
        films.dicom(PatientName=name, PatientID=code, ViewPosition="PA")
        for name, code in (("PEREZ^ANA", "1"), ("MORA^LUZ", "2"))
    )
    assert one != other
    first = _enter(installation, doctor, "HC-1", films=[one])
    with pytest.raises(SameFilmError) as raised:
        _enter(installation, doctor, "HC-2", films=[phantom_png(8), other])
    assert raised.value.cases == (first,)


def _picture(change: Callable[[Image.Image], Image.Image], seed: int = 1) -> bytes:
    """The film of a seed, changed and written anew as JPEG: no byte of it is the same."""
    with Image.open(io.BytesIO(phantom_png(seed))) as film:
        stream = io.BytesIO()
        change(film).save(stream, "JPEG", quality=85)
    return stream.getvalue()


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "written anew": lambda film: film,
    "smaller": lambda film: film.resize((film.width // 2, film.height // 2)),
    "cropped": lambda film: film.crop((12, 12, film.width - 16, film.height - 20)),
    "mirrored": ImageOps.mirror,
    "turned": lambda film: film.transpose(Image.Transpose.ROTATE_180),
}


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_by_its_looks_is_found(installation: Installation, doctor: Person, way: str) -> None:
    _enter(installation, doctor, "HC-0", films=[phantom_png(2), phantom_png(3)])
    first = _enter(installation, doctor, "HC-1")
    with pytest.raises(SameFilmError) as raised:
        _enter(installation, doctor, "HC-2", films=[_picture(COPIES[way])])
    assert raised.value.cases == (first,)
    (twin,) = raised.value.twins
    assert (twin.case_id, twin.same_file) == (first, False)
    words = raised.value.fields["same_film_reason"]
    assert "parece la misma" in words.in_language("es")
    assert _count(installation) == 2
    _enter(installation, doctor, "HC-2", "otra copia, revisada", films=[_picture(COPIES[way])])
    _enter(installation, doctor, "HC-1", "la misma, dos veces", films=[_picture(COPIES[way])])
    assert _count(installation) == 4


def test_the_same_patient_may_have_it_twice(installation: Installation, doctor: Person) -> None:
    _enter(installation, doctor, "HC-1")
    _enter(installation, doctor, "HC-1", films=[_picture(ImageOps.mirror)])
    assert _count(installation) == 2


def test_a_film_sent_ahead_is_compared_too(installation: Installation, doctor: Person) -> None:
    first = _enter(installation, doctor, "HC-1")
    actor = Actor(doctor.id)
    staged = staging.stage(installation, doctor, actor, _picture(ImageOps.mirror))
    case = NewCase(patient_code="HC-2", unit_id=doctor.unit_id or 0, province="Guayas")
    with pytest.raises(SameFilmError) as raised:
        create_case(installation, doctor, actor, case, [GivenFilm(token=staged.token)])
    assert [(twin.case_id, twin.sha256) for twin in raised.value.twins] == [(first, staged.sha256)]


def test_other_patients_films_are_not_stopped(installation: Installation, doctor: Person) -> None:
    for seed in range(1, 7):
        _enter(installation, doctor, f"HC-{seed}", films=[phantom_png(seed)])
    assert _count(installation) == 6


def test_of_another_units_look_alike_nothing_is_told(
    installation: Installation, doctor: Person
) -> None:
    add_unit(installation, "Hospital Dos")
    colleague = add_user(installation, "otra", Role.DOCTOR, unit="Hospital Dos")
    hidden = _enter(installation, colleague, "HC-1")
    with pytest.raises(SameFilmError) as raised:
        _enter(installation, doctor, "HC-1", films=[_picture(ImageOps.mirror)])
    assert raised.value.twins == ()
    words = raised.value.fields["same_film_reason"]
    assert "otra unidad" in words.in_language("es")
    assert "another health unit" in words.in_language("en")
    assert str(hidden) not in words.in_language("es") + words.in_language("en")


def test_only_films_entered_since_are_compared_again(
    installation: Installation, doctor: Person
) -> None:
    first = _enter(installation, doctor, "HC-1")
    sent = _picture(lambda film: film)
    prints = {"0" * 64: FilmPrint.of(read(sent)).packed()}
    with installation.reading() as session:
        before = look_alikes(session, prints)
        assert look_alikes(session, prints, before) == before
        assert look_alikes(session, {}) == LookAlikes()
    assert [(twin.case_id, twin.sha256) for twin in before.twins] == [(first, "0" * 64)]
    second = _enter(installation, doctor, "HC-1", films=[_picture(ImageOps.mirror)])
    with installation.reading() as session:
        after = look_alikes(session, prints, before)
    assert after.last > before.last
    assert [twin.case_id for twin in after.twins] == [first, second]


def test_a_file_of_many_cases_is_compared_once_and_named_in_all(
    installation: Installation, doctor: Person
) -> None:
    cases = [_enter(installation, doctor, "HC-1") for _ in range(3)]
    _enter(installation, doctor, "HC-3", films=[phantom_png(3)])
    print_ = FilmPrint.of(read(_picture(ImageOps.mirror)))
    with installation.reading() as session:
        found = look_alikes(session, {"0" * 64: print_.packed()})
        files = set(session.scalars(select(Film.sha256)))
        (same,) = set(session.scalars(select(Film.sha256).where(Film.case_id.in_(cases))))
    assert [twin.case_id for twin in found.twins] == cases
    assert len(files) == 2
    assert [other for (_, other), alike in found.decided.items() if alike] == [same]
    assert {other for _, other in found.decided} <= files
    later = _enter(installation, doctor, "HC-1")
    with installation.reading() as session:
        again = look_alikes(session, {"0" * 64: print_.packed()}, found)
    assert [twin.case_id for twin in again.twins] == [*cases, later]
    assert again.decided == found.decided, "the same file needs no second look"


def test_of_a_film_that_is_erased_meanwhile_its_file_in_another_case_speaks(
    installation: Installation, doctor: Person
) -> None:
    _enter(installation, doctor, "HC-1")
    second = _enter(installation, doctor, "HC-1")
    print_ = FilmPrint.of(read(_picture(ImageOps.mirror)))
    with installation.reading() as session:
        rows = session.execute(
            select(StoredPrint.film_id, Film.case_id, Film.sha256)
            .join(Film, Film.id == StoredPrint.film_id)
            .order_by(StoredPrint.film_id)
        ).all()
        stored = session.execute(select(StoredPrint.film_id, StoredPrint.thumbnail))
        prints_of = {row.film_id: row.thumbnail for row in stored}
    (kept,) = [row.film_id for row in rows if row.case_id == second]
    (sha256,) = {row.sha256 for row in rows}
    prints = {"0" * 64: print_.packed()}
    for left, thumbnails in (({kept}, {sha256: prints_of[kept]}), (set[int](), {})):
        with installation.writing() as session:
            session.execute(delete(StoredPrint).where(StoredPrint.film_id.not_in(left)))
        with installation.reading() as session:
            assert _thumbnails(session, rows) == thumbnails
            found = look_alikes(session, prints)
        assert [twin.film_id for twin in found.twins] == [*left]


def test_thumbnails_decide_without_a_database(installation: Installation, doctor: Person) -> None:
    first = _enter(installation, doctor, "HC-1")
    prints = {"0" * 64: FilmPrint.of(read(_picture(ImageOps.mirror))).packed()}
    with installation.reading() as session:
        proposed = propose(session, prints)
    asked: list[tuple[bytes, int]] = []

    def compare(film: bytes, others: Sequence[bytes]) -> list[float]:
        asked.append((film, len(others)))
        return [0.9 for _ in others]

    assert [twin.case_id for twin in proposed.decided(compare).twins] == [first]
    assert asked == [(prints["0" * 64], 1)]
    assert proposed.decided(lambda _, others: [0.0] * len(others)).twins == ()
    with installation.reading() as session:
        again = propose(session, prints, proposed.decided(compare))
    assert again.thumbnails == {}, "nobody is asked about what was compared"
    assert again.decided(compare).last == proposed.last


def test_another_units_case_is_not_named(installation: Installation, doctor: Person) -> None:
    add_unit(installation, "Hospital Dos")
    colleague = add_user(installation, "otra", Role.DOCTOR, unit="Hospital Dos")
    hidden = _enter(installation, colleague, "HC-1")
    with pytest.raises(SameFilmError) as raised:
        _enter(installation, doctor, "HC-1")
    assert raised.value.cases == ()
    assert str(hidden) not in raised.value.fields["same_film_reason"].in_language("en")


def test_the_sample_film_is_nobodys(installation: Installation, doctor: Person) -> None:
    _enter(installation, doctor, "M-1", sample=True, research_consent=False)
    _enter(installation, doctor, "M-2", sample=True, research_consent=False)
    _enter(installation, doctor, "HC-3")
    assert _count(installation) == 3
