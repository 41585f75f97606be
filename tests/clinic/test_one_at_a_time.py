"""What one process does at a time: on one machine by a file, on several by their database."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from covid_d.clinic.file_lock import TakenError, file_lock
from covid_d.clinic.installation import Installation
from covid_d.clinic.one_at_a_time import one_at_a_time

LONG = 300.0
HOLDS = """
import sys, time
from pathlib import Path
from covid_d.clinic.file_lock import file_lock
with file_lock(Path(sys.argv[1])):
    print("holds", flush=True)
    time.sleep(600)
"""


@pytest.mark.postgres
def test_the_second_waits_for_the_first(installation: Installation, tmp_path: Path) -> None:
    """Of another machine where the database is PostgreSQL: its folder is another one."""
    other = installation
    if installation.engine.dialect.name == "postgresql":
        other = replace(installation, folder=tmp_path)
    inside, go_on, done = Event(), Event(), list[str]()

    def first() -> None:
        with one_at_a_time(installation, "notices"):
            inside.set()
            assert go_on.wait(LONG)
            done.append("first")

    def second() -> None:
        with one_at_a_time(other, "notices"):
            done.append("second")

    with ThreadPoolExecutor(2) as threads:
        began = threads.submit(first)
        assert inside.wait(LONG)
        waits = threads.submit(second)
        with one_at_a_time(other, "something else"):
            assert not waits.done()
        go_on.set()
        began.result(LONG)
        waits.result(LONG)
    assert done == ["first", "second"]


@pytest.mark.postgres
def test_what_fails_lets_the_next_in(installation: Installation) -> None:
    with pytest.raises(ZeroDivisionError), one_at_a_time(installation, "notices"):
        _ = 1 / 0
    with one_at_a_time(installation, "notices"):
        pass


def test_nobody_waits_who_does_not_want_to(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with file_lock(path), pytest.raises(TakenError), file_lock(path, wait=False):
        pass
    with file_lock(path, wait=False):
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.name == "nt", reason="kills by POSIX signals")
def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "holds\n"
    with pytest.raises(TakenError), file_lock(path, wait=False):
        pass
    process.kill()
    process.communicate()
    with file_lock(path, wait=False):
        pass
