"""One server on SQLite, as many as are wanted on PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from covid_d.clinic.serving import LOCK, serving
from covid_d.clinic.settings import ClinicSettings
from covid_d.errors import CovidDError

HOLDS = """
import sys, time
from pathlib import Path
from covid_d.clinic.serving import serving
from covid_d.clinic.settings import ClinicSettings
with serving(Path(sys.argv[1]), ClinicSettings()):
    print("serves", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def alone() -> ClinicSettings:
    return ClinicSettings(database_url=None)


def test_a_second_server_on_sqlite_is_refused(tmp_path: Path, alone: ClinicSettings) -> None:
    with (
        serving(tmp_path, alone),
        pytest.raises(CovidDError, match=r"serves the clinic in .* already") as caught,
        serving(tmp_path, alone),
    ):
        pass
    assert "PostgreSQL" in str(caught.value.next_step)
    with serving(tmp_path, alone):  # the first has ended
        assert (tmp_path / LOCK).stat().st_mode & 0o077 == 0


def test_other_folders_are_others(tmp_path: Path, alone: ClinicSettings) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with serving(tmp_path / "a", alone), serving(tmp_path / "b", alone):
        pass


@pytest.mark.parametrize("url", ["postgresql://a@b/c", "postgresql+psycopg://a@b/c"])
def test_several_servers_may_share_postgresql(tmp_path: Path, url: str) -> None:
    several = ClinicSettings(database_url=SecretStr(url))
    with serving(tmp_path, several), serving(tmp_path, several):
        assert not (tmp_path / LOCK).exists()


@pytest.mark.skipif(os.name == "nt", reason="kills by POSIX signals")
def test_a_killed_server_keeps_nobody_out(tmp_path: Path, alone: ClinicSettings) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "serves\n"
        with pytest.raises(CovidDError), serving(tmp_path, alone):
            pass
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    with serving(tmp_path, alone):
        pass
