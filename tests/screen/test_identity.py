"""What a job keeps of a patient: hashes that count and name nobody."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest

from covid_d.radiograph.readers.walk import MOST_ELEMENTS
from covid_d.screen.identity import FilmOrigin, columns_of, hashed, origin_of
from dicom_bombs import OF_COUNT, before_pixels
from dicom_bombs import film as sound
from films import dicom, grey8, grey16, picture

STATED = {
    "PatientID": "17-4",
    "PatientName": "Pérez^Ana",
    "StudyInstanceUID": "1.2.3",
    "SeriesInstanceUID": "1.2.3.4",
    "InstitutionName": "Hospital del Sur",
}


@pytest.fixture(scope="module")
def film() -> bytes:
    return dicom(grey16(bits=12, size=64), **STATED)


def test_what_a_film_says(film: bytes, tmp_path: Path) -> None:
    expected = FilmOrigin("17-4", "1.2.3", "1.2.3.4", "Hospital del Sur")
    assert origin_of(film) == expected
    (tmp_path / "film").write_bytes(film)
    assert origin_of(tmp_path / "film") == expected


def test_the_issuer_is_read(tmp_path: Path) -> None:
    assert origin_of(dicom(grey16(bits=12, size=64), IssuerOfPatientID="MSP")).issuer == "MSP"


def test_pictures_and_damaged_files_say_nothing(film: bytes, tmp_path: Path) -> None:
    for content in (picture(grey8(size=64)), b"", b"\0" * 128 + b"DICM" + b"\xff" * 40, film[:140]):
        assert origin_of(content) == FilmOrigin()
    assert origin_of(tmp_path / "none") == FilmOrigin()


def test_what_is_dear_to_parse_says_nothing(film: bytes, tmp_path: Path) -> None:
    """The elements stand before those that are asked for, which are read without the rest."""
    dear = before_pixels(film, OF_COUNT["items of no kind"](MOST_ELEMENTS)[len(sound()) :])
    (tmp_path / "film").write_bytes(dear)
    assert origin_of(dear) == origin_of(tmp_path / "film") == FilmOrigin()


def test_a_hash_is_keyed_and_short() -> None:
    expected = hmac.new(b"salt", "17-4ñ".encode(), hashlib.sha256).hexdigest()[:32]
    assert hashed("17-4ñ", b"salt") == expected
    assert hashed("17-4ñ", b"other") != expected
    assert hashed("", b"salt") is None


def test_columns_name_nobody(film: bytes) -> None:
    columns = columns_of(origin_of(film), b"salt")
    assert set(columns) == {"patient", "study", "series", "unit"}
    assert columns["study"] == hashed("1.2.3", b"salt")
    assert columns["unit"] == "Hospital del Sur"
    said = " ".join(map(str, columns.values()))
    assert "17-4" not in said
    assert "1.2.3" not in said
    assert "Ana" not in said


def test_one_number_of_two_hospitals_is_two_patients() -> None:
    one, other = (FilmOrigin(patient_id="17", unit=unit) for unit in ("Norte", "Sur"))
    assert columns_of(one, b"s")["patient"] != columns_of(other, b"s")["patient"]
    shared = [FilmOrigin(patient_id="17", unit=unit, issuer="MSP") for unit in ("Norte", "Sur")]
    first, second = (columns_of(origin, b"s")["patient"] for origin in shared)
    assert first == second


def test_what_a_film_does_not_say_is_none() -> None:
    assert set(columns_of(FilmOrigin(), b"s").values()) == {None}
