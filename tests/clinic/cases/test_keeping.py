"""What is kept of a film's file: hashes of both files, the film without its patient, its print."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import pytest

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import staging
from covid_d.clinic.cases.keeping import Kept, Straightening, identifiers, keep, stored_print
from covid_d.clinic.database.operations import StagedFilm
from covid_d.clinic.film_work import FilmSight
from covid_d.clinic.installation import Installation
from covid_d.clinic.keys import Keys
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import CovidDError
from covid_d.likeness.film_print import FilmPrint
from covid_d.radiograph import read
from federation_factory import keys_of
from films import dicom, grey8, picture

KEYS = keys_of("Uno")
NAMED: dict[str, Any] = {
    "PatientName": "QUISPE^ROSA",
    "PatientID": "HC-9",
    "AccessionNumber": "A-55",
}
CORNERS = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _kept(content: bytes, keys: Keys = KEYS, straightening: Straightening | None = None) -> Kept:
    return keep(keys, content, FilmSight.of(read(content)), straightening)


class TestPicture:
    def test_it_is_kept_as_it_came(self) -> None:
        content = picture(grey8())
        kept = _kept(content)
        assert kept.content == content
        assert kept.sha256 == kept.received_sha256 == _sha256(content)
        assert (kept.identity_encrypted, kept.taken_on, kept.straightened) == (None, None, None)
        assert kept.thumbnail == FilmPrint.of(read(content)).packed()

    def test_of_a_straightened_photograph_the_photograph_is_named(self) -> None:
        content = picture(grey8())
        kept = _kept(content, straightening=Straightening("ee" * 32, CORNERS))
        assert kept.sha256 == _sha256(content)
        assert kept.received_sha256 == "ee" * 32
        assert kept.straightened == CORNERS

    def test_what_cannot_be_read_has_no_print(self) -> None:
        kept = keep(KEYS, b"no film at all", None)
        assert kept.content == b"no film at all"
        assert (kept.thumbnail, kept.taken_on) == (None, None)
        assert stored_print(kept.thumbnail) is None


class TestDicom:
    def test_the_patient_stays_behind_and_the_number_is_found_again(self) -> None:
        content = dicom(**NAMED)
        kept = _kept(content)
        assert kept.content is not None
        assert b"QUISPE" not in kept.content
        assert b"HC-9" not in kept.content
        assert kept.sha256 == _sha256(kept.content)
        assert kept.received_sha256 == _sha256(content) != kept.sha256
        assert "HC-9" not in (kept.identity_encrypted or "")
        found = identifiers(KEYS, kept.identity_encrypted)
        assert found == {"PatientID": "HC-9", "SOPInstanceUID": "1.2.826.0.1.3680043.8.498.1"}

    def test_two_patients_with_one_film_have_one_kept_file(self) -> None:
        one, other = _kept(dicom(**NAMED)), _kept(dicom(**NAMED | {"PatientID": "HC-10"}))
        assert one.sha256 == other.sha256
        assert one.received_sha256 != other.received_sha256

    def test_the_day_of_the_film_is_kept_beside_it(self) -> None:
        assert _kept(dicom(StudyDate="20260228")).taken_on == date(2026, 2, 28)
        assert _kept(dicom()).taken_on is None

    def test_one_that_cannot_be_read_is_not_kept_at_all(self) -> None:
        content = dicom(**NAMED)[:-40_000]
        kept = keep(KEYS, content, None)
        assert kept.content is not None
        assert b"QUISPE" not in kept.content
        assert len(kept.content) < 2000
        assert kept.received_sha256 == _sha256(content)
        assert kept.thumbnail is None

    def test_identifiers_are_read_with_their_own_key_alone(self) -> None:
        sealed = _kept(dicom(**NAMED)).identity_encrypted
        with pytest.raises(CovidDError):
            identifiers(keys_of("Dos"), sealed)
        assert identifiers(keys_of("Dos"), None) == {}

    def test_the_same_film_is_never_sealed_alike(self) -> None:
        one, other = (_kept(dicom(**NAMED)).identity_encrypted for _ in range(2))
        assert one != other, "whoever reads the table cannot tell who is whom"
        assert identifiers(KEYS, one) == identifiers(KEYS, other)


class TestRows:
    def test_columns_are_those_of_a_film_without_its_bytes(self) -> None:
        kept = _kept(dicom(**NAMED))
        assert kept.columns() == {
            "sha256": kept.sha256, "received_sha256": kept.received_sha256,
            "identity_encrypted": kept.identity_encrypted, "taken_on": None, "straightened": None,
        }  # fmt: skip

    def test_neither_bytes_nor_thumbnail_are_shown(self) -> None:
        shown = repr(_kept(picture(grey8())))
        assert "content" not in shown
        assert "thumbnail" not in shown

    def test_a_print_finds_its_copies(self) -> None:
        film = FilmPrint.of(read(picture(grey8(3))))
        row = stored_print(film.packed())
        assert row is not None
        assert row.proposes == film.index()
        assert FilmPrint.unpacked(row.thumbnail).index() == film.index()

    def test_a_film_sent_ahead_is_kept_as_it_was_staged(
        self, installation: Installation, people: dict[Role, Person]
    ) -> None:
        doctor, content = people[Role.DOCTOR], dicom(**NAMED)
        staged = staging.stage(installation, doctor, Actor(doctor.id), content)
        with installation.reading() as session:
            row = session.get_one(StagedFilm, staged.token)
        again, direct = Kept.of(row), _kept(content, installation.keys)
        assert again.content is None, "it lies on the disk already"
        for name in ("sha256", "received_sha256", "taken_on", "straightened", "thumbnail"):
            assert getattr(again, name) == getattr(direct, name), name
        named = identifiers(installation.keys, again.identity_encrypted)
        assert named == identifiers(installation.keys, direct.identity_encrypted)
        assert named["PatientID"] == "HC-9"
