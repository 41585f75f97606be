"""A photograph is straightened: what comes of it is examined, kept, and said to be straightened."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from clinic_factory import phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import staging
from covid_d.clinic.cases.intake import GivenFilm, NewCase, create_case
from covid_d.clinic.cases.straightening import picture_of, propose, straighten_film
from covid_d.clinic.database.cases import Film
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import InvalidInputError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from films import dicom
from photographs import SHARES, photograph_of

CORNERS = [list(corner) for corner in SHARES]


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    return people[Role.DOCTOR]


def _sent(place: Installation, person: Person, content: bytes) -> staging.Staged:
    return staging.stage(place, person, Actor(person.id), content)


@pytest.mark.postgres
def test_the_straightened_picture_is_what_the_case_keeps(
    installation: Installation, doctor: Person
) -> None:
    content = photograph_of(phantom_png(2))
    sent = _sent(installation, doctor, content)
    film = straighten_film(installation, doctor, Actor(doctor.id), sent.token, CORNERS)
    assert film.token != sent.token
    assert film.examination.refusal is None
    case = NewCase(patient_code="HC-1", unit_id=doctor.unit_id or 0, province="Guayas")
    create_case(installation, doctor, Actor(doctor.id), case, [GivenFilm(token=film.token)])
    with installation.reading() as session:
        row = session.scalars(select(Film)).one()
        said = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.action == "film.stage")
            .order_by(AuditEntry.sequence)
        ).all()
    original = hashlib.sha256(content).hexdigest()
    assert row.received_sha256 == original
    assert row.sha256 == film.sha256 != original
    assert row.straightened == CORNERS
    assert row.format == "PNG"
    assert installation.films.get(row.sha256).startswith(b"\x89PNG")
    assert [entry.detail.get("straightened") for entry in said] == [None, original]


def test_its_answer_is_that_of_the_film_alone(installation: Installation, doctor: Person) -> None:
    sent = _sent(installation, doctor, photograph_of(phantom_png(2)))
    film = straighten_film(installation, doctor, Actor(doctor.id), sent.token, CORNERS)
    detector = installation.active_detector.detector
    alone = detector.examine(installation.films.get(film.sha256))
    assert film.examination.logits == pytest.approx(alone.logits)


def test_a_film_kept_as_sent_says_nothing_of_corners(
    installation: Installation, doctor: Person
) -> None:
    sent = _sent(installation, doctor, phantom_png(1))
    assert sent.kept.straightened is None
    assert sent.kept.received_sha256 == sent.sha256


def test_the_corners_are_proposed(installation: Installation, doctor: Person) -> None:
    sent = _sent(installation, doctor, photograph_of(phantom_png(2)))
    proposal = propose(installation, doctor, sent.token)
    assert proposal.found
    for found, there in zip(proposal.corners, SHARES, strict=True):
        assert found == pytest.approx(there, abs=0.02)
    plain = propose(installation, doctor, _sent(installation, doctor, phantom_png(1)).token)
    assert not plain.found
    assert plain.corners == ((0.08, 0.08), (0.92, 0.08), (0.92, 0.92), (0.08, 0.92))


def test_the_photograph_is_shown_whole(installation: Installation, doctor: Person) -> None:
    sent = _sent(installation, doctor, photograph_of(phantom_png(2)))
    picture = picture_of(installation, doctor, sent.token, 320)
    assert isinstance(picture, Image.Image)
    assert picture.size == (320, 270)


@pytest.mark.parametrize(
    "corners",
    [
        [CORNERS[0], CORNERS[2], CORNERS[1], CORNERS[3]],
        CORNERS[:3],
        [*CORNERS, CORNERS[0]],
        [[0.2, 0.1]] * 4,
        [[0.2], [0.8, 0.1], [0.8, 0.9], [0.2, 0.9]],
        [["a", "b"]] * 4,
        [[1e300, 0.1], *CORNERS[1:]],
        [[float("nan"), 0.1], *CORNERS[1:]],
    ],
)
def test_corners_that_are_none(installation: Installation, doctor: Person, corners: Any) -> None:
    sent = _sent(installation, doctor, photograph_of(phantom_png(2)))
    with pytest.raises(InvalidInputError) as raised:
        straighten_film(installation, doctor, Actor(doctor.id), sent.token, corners)
    assert set(raised.value.fields) == {"corners"}


def test_only_a_picture_of_ones_own_is_straightened(
    installation: Installation, people: dict[Role, Person], doctor: Person
) -> None:
    actor = Actor(doctor.id)
    film = _sent(installation, doctor, dicom())
    photograph = _sent(installation, doctor, photograph_of(phantom_png(2)))
    other = people[Role.RADIOLOGIST]
    for person, token in ((doctor, film.token), (other, photograph.token), (doctor, "none")):
        with pytest.raises(NotFoundError):
            straighten_film(installation, person, actor, token, CORNERS)
        with pytest.raises(NotFoundError):
            propose(installation, person, token)
        with pytest.raises(NotFoundError):
            picture_of(installation, person, token, 100)


def test_what_was_straightened_is_made_of_the_photograph_alone(
    installation: Installation, doctor: Person
) -> None:
    """Its corners are kept for the photograph: of a straightened one they would mean nothing."""
    actor = Actor(doctor.id)
    sent = _sent(installation, doctor, photograph_of(phantom_png(2)))
    film = straighten_film(installation, doctor, actor, sent.token, CORNERS)
    with pytest.raises(InvalidInputError):
        straighten_film(installation, doctor, actor, film.token, CORNERS)
    again = straighten_film(installation, doctor, actor, sent.token, CORNERS)
    assert again.sha256 == film.sha256
