"""A film is read where it can do no harm."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from covid_d.errors import CovidDError
from covid_d.pacs import apart
from covid_d.pacs.apart import read_apart
from films import part10
from pacs_factory import hospital_film


def test_a_film_can_be_read() -> None:
    read_apart(part10(hospital_film()))


@pytest.mark.parametrize("content", [b"", b"no film", bytes(128) + b"DICM" + b"\xff" * 300])
def test_one_that_cannot_is_refused_like_any_other_and_ends_nothing(content: bytes) -> None:
    read_apart(content)


def test_one_that_ends_its_reader_is_told_on(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = f"import os; os.kill(os.getpid(), {int(signal.SIGSEGV)})"
    monkeypatch.setattr(apart, "_READ", ends)
    with pytest.raises(CovidDError, match="SIGSEGV") as raised:
        read_apart(b"film")
    assert "send it again" in raised.value.next_step


def test_one_that_takes_for_ever_is_told_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    note = tmp_path / "pid"
    waits = f"import os,pathlib,time; pathlib.Path({str(note)!r}).write_text(str(os.getpid())); "
    monkeypatch.setattr(apart, "_READ", waits + "time.sleep(600)")
    began = time.monotonic()
    with pytest.raises(CovidDError, match="more than 3 seconds"):
        read_apart(b"film", longest_s=3.0)
    assert time.monotonic() - began < 60
    if note.exists():  # it had begun; under load it may not even have
        with pytest.raises(ProcessLookupError):
            os.kill(int(note.read_text()), 0)


def test_a_signal_without_a_name_is_told_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def ran(*_: object, **__: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess([], -250)

    monkeypatch.setattr(subprocess, "run", ran)
    with pytest.raises(CovidDError, match=r"\(250\)"):
        read_apart(b"film")
