"""The door: sources of every kind, errors, names, silence."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import films
from covid_d.radiograph import RadiographError, RefusalCode, read
from covid_d.radiograph.readers import limits, reader_for


def refusal_of(source: str | Path | bytes) -> RefusalCode:
    with pytest.raises(RadiographError) as caught:
        read(source)
    return caught.value.refusal.code


def test_path_text_bytes_and_stream_give_the_same_film(tmp_path: Path) -> None:
    data = films.picture(films.grey8())
    path = tmp_path / "film.png"
    path.write_bytes(data)
    with path.open("rb") as stream:
        readings = [read(path), read(str(path)), read(data), read(BytesIO(data)), read(stream)]
    for film in readings:
        assert np.array_equal(film.pixels, readings[0].pixels)
        assert film.facts == readings[0].facts
    assert readings[0].facts.sha256 == hashlib.sha256(data).hexdigest()


def test_name_is_the_path_unless_one_is_given(tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    path.write_bytes(films.picture(films.grey8()))
    assert read(path).name == str(path)
    assert read(path, name="case 7").name == "case 7"
    assert read(path.read_bytes()).name == ""


def test_pixels_are_on_the_fixed_scale_and_read_only() -> None:
    film = read(films.picture(films.grey8()))
    assert film.pixels.dtype == np.float32
    assert film.pixels.shape == (160, 160)
    with pytest.raises(ValueError, match="read-only"):
        film.pixels[0, 0] = 0.5


@pytest.mark.parametrize("suffix", [".dcm", ".jpg", ".txt", ""])
def test_the_suffix_says_nothing(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film{suffix}"
    path.write_bytes(films.picture(films.grey8()))
    assert read(path).facts.format == "PNG"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert refusal_of(tmp_path / "absent.png") is RefusalCode.NOT_FOUND
    assert refusal_of(tmp_path) is RefusalCode.NOT_A_FILE
    assert refusal_of("a\0b.png") is RefusalCode.UNREADABLE
    assert refusal_of("x" * 5_000) is RefusalCode.UNREADABLE
    assert refusal_of(b"") is RefusalCode.EMPTY


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_called_film_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "film.png")
    assert refusal_of(tmp_path / "film.png") is RefusalCode.NOT_A_FILE


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    path.write_bytes(films.picture(films.grey8()))
    path.chmod(0)
    assert refusal_of(path) is RefusalCode.UNREADABLE


def test_a_file_beyond_the_byte_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "film.dcm"
    with path.open("wb") as stream:
        stream.truncate(limits.MAX_BYTES + 1)  # sparse: takes no room
    assert refusal_of(path) is RefusalCode.TOO_LARGE


def test_a_closed_stream_and_a_text_stream_are_told_apart(tmp_path: Path) -> None:
    closed = BytesIO(b"x")
    closed.close()
    assert refusal_of(closed) is RefusalCode.UNREADABLE  # type: ignore[arg-type]
    path = tmp_path / "film.txt"
    path.write_text("x")
    with path.open() as text, pytest.raises(TypeError, match="reading bytes"):
        read(text)  # type: ignore[arg-type]


def test_the_error_carries_cause_and_next_step() -> None:
    with pytest.raises(RadiographError) as caught:
        read(films.picture(films.grey8())[:900])
    assert "incomplete" in caught.value.message
    assert caught.value.next_step
    assert caught.value.refusal.to_dict()["message"]["es"].startswith("El archivo está")
    assert "0x" not in str(caught.value)


def test_every_container_has_its_reader() -> None:
    names = {
        reader_for(data).__name__.rpartition(".")[2]  # type: ignore[attr-defined]
        for data in (films.picture(films.grey8(), "WEBP"), films.dicom(), b"GIF89a", b"?")
    }
    assert names == {"picture", "dicom", "foreign"}


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_random_bytes_are_refused_and_never_crash(data: bytes) -> None:
    with pytest.raises(RadiographError):
        read(data)


def test_warnings_of_libraries_stay_inside(capfd: pytest.CaptureFixture[str]) -> None:
    data = films.dicom(BodyPartExamined="much longer than sixteen characters", PatientAge="x")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        read(data)
        before = list(warnings.filters)
    assert seen == []
    assert capfd.readouterr().err == ""
    assert before[0][0] == "always", "the caller's filters are back"


def test_filters_survive_readers_in_many_threads() -> None:
    data = films.dicom(BodyPartExamined="much longer than sixteen characters")
    before = list(warnings.filters)
    threads = [threading.Thread(target=read, args=(data,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


def test_pictures_are_read_without_importing_pydicom(tmp_path: Path) -> None:
    """It takes half a second to import, which a folder of PNGs need not pay."""
    path = tmp_path / "film.png"
    path.write_bytes(films.picture(films.grey8()))
    code = (
        "import sys; from covid_d.radiograph import check, read; "
        f"assert check(read({str(path)!r})) is None; "
        "print([name for name in ('pydicom', 'gdcm', 'torch', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
