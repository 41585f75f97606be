"""A film with text inside leaves only after a person of its unit has looked at it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import select, update

from clinic_factory import add_unit, add_user, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.collection import review
from covid_d.clinic.collection.documents import ExportTerms, License
from covid_d.clinic.collection.export import Export
from covid_d.clinic.collection.review import Decision
from covid_d.clinic.collection.selection import NotExported
from covid_d.clinic.database.operations import AuditEntry, FilmReview
from covid_d.clinic.errors import ClinicError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.radiograph import read

from .conftest import Enter, Exported

POSITIVE = {"rt_pcr": "positive"}
NAME = (250, 330)


def film_with_name(seed: int = 2) -> bytes:
    """Return a phantom film with a name across the lungs."""
    with Image.open(io.BytesIO(phantom_png(seed))) as small:
        picture = small.resize((800, 800))
    ImageDraw.Draw(picture).text(NAME, "PEREZ LOPEZ", fill=255, font=ImageFont.load_default(30))
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.fixture
def waiting(enter: Enter, exported: Exported) -> int:
    """A clean film, and the number of one with a name, found by a first export."""
    enter(1, POSITIVE)
    enter(2, POSITIVE, films=[film_with_name()])
    files, made = exported()
    assert made.result is not None
    assert made.result.left_out == {NotExported.UNREVIEWED: 1}
    assert len(_rows(files)) == 1
    return 2


def _rows(files: dict[str, bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files["metadata.csv"].decode())))


def _list(installation: Installation, person: Person) -> tuple[int, list[int]]:
    with installation.reading() as session:
        count, films = review.waiting(session, person)
    return count, [film.film_id for film in films]


def _decide(installation: Installation, person: Person, film: int, decision: Decision) -> None:
    review.decide(installation, person, Actor(person.id), film, decision)


def test_it_waits_for_its_own_unit(
    waiting: int, installation: Installation, doctor: Person
) -> None:
    assert _list(installation, doctor) == (1, [waiting])
    add_unit(installation, "Centro Dos")
    stranger = add_user(installation, "otra", Role.DOCTOR, unit="Centro Dos")
    assert _list(installation, stranger) == (0, [])
    with pytest.raises(NotFoundError):
        _decide(installation, stranger, waiting, Decision.CLEAR)


@pytest.mark.parametrize(
    ("decision", "films", "left_out"),
    [
        (Decision.CLEAR, 2, {}),
        (Decision.MASK, 2, {}),
        (Decision.KEEP_BACK, 1, {NotExported.KEPT_BACK: 1}),
    ],
)
def test_a_decision_holds_for_every_export(
    waiting: int,
    installation: Installation,
    doctor: Person,
    exported: Exported,
    decision: Decision,
    films: int,
    left_out: dict[NotExported, int],
) -> None:
    _decide(installation, doctor, waiting, decision)
    assert _list(installation, doctor) == (0, [])
    for _ in range(2):
        files, made = exported()
        assert len(_rows(files)) == films
        assert made.result is not None
        assert made.result.left_out == left_out
    if films == 2:
        picture = read(files[f"images/{_rows(files)[1]['filename']}"]).pixels
        name = picture[NAME[1] + 5 : NAME[1] + 30, NAME[0] : NAME[0] + 150]
        assert (float(name.max()) == 0) == (decision is Decision.MASK)
        assert float(np.median(picture)) > 0


@pytest.mark.postgres
def test_other_boxes_need_another_decision(
    waiting: int, installation: Installation, doctor: Person, exported: Exported
) -> None:
    _decide(installation, doctor, waiting, Decision.CLEAR)
    with installation.writing() as session:
        session.execute(update(FilmReview).values(boxes=[[1, 2, 3, 4]]))
    _, made = exported()
    assert made.result is not None
    assert made.result.left_out == {NotExported.UNREVIEWED: 1}
    assert _list(installation, doctor) == (1, [waiting])


def test_the_decision_is_in_the_audit_trail(
    waiting: int, installation: Installation, doctor: Person
) -> None:
    _decide(installation, doctor, waiting, Decision.MASK)
    with installation.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "film.review")).one()
    assert (entry.user_id, entry.subject) == (doctor.id, f"film:{waiting}")
    assert entry.detail["decision"] == "mask"


def test_when_every_film_waits_it_says_so(enter: Enter, exported: Exported) -> None:
    enter(2, POSITIVE, films=[film_with_name()])
    with pytest.raises(ClinicError, match="1 film pending review"):
        exported()


def test_every_film_is_looked_at_unless_the_hospital_says_otherwise(
    installation: Installation,
    people: dict[Role, Person],
    enter: Enter,
) -> None:
    enter(1, {"rt_pcr": "positive"})
    strict = replace(
        installation,
        settings=installation.settings.model_copy(update={"collection_review": "every"}),
    )
    researcher, doctor = people[Role.RESEARCHER], people[Role.DOCTOR]
    terms = ExportTerms(License.AGREEMENT, "Hospital Uno")

    def names() -> list[str]:
        made = Export(strict, researcher, Actor(researcher.id, ""), terms)
        return [name for name, _ in made.files() if name.endswith(".png")]

    assert ClinicSettings.model_fields["collection_review"].default == "every"
    with pytest.raises(ClinicError, match="1 film pending review"):
        names()
    with strict.reading() as session:
        count, (film,) = review.waiting(session, doctor)
    assert (count, film.boxes) == (1, ())
    review.decide(strict, doctor, Actor(doctor.id, ""), film.film_id, Decision.CLEAR)
    assert len(names()) == 1
