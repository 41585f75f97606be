"""``covid-d serve``: the first start's link is on the console and nowhere else."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from covid_d.cli.main import cli
from covid_d.errors import CovidDError
from ports import own_port

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")

LONG = 300.0  # seconds that a machine may take that does much else


@contextmanager
def _serving(folder: Path, port: int, lines: int) -> Iterator[list[str]]:
    words = ("serve", "--port", str(port), "--data", str(folder))
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "covid_d", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield [process.stdout.readline().strip() for _ in range(lines)]
    finally:
        process.terminate()
        process.communicate(timeout=LONG)


@pytest.mark.slow
def test_each_start_shows_a_new_link_until_one_was_used(tmp_path: Path) -> None:
    folder, port = tmp_path / "clinic", own_port()
    with _serving(folder, port, 3) as first:
        assert first[0] == f"http://127.0.0.1:{port}/"
        assert re.fullmatch(rf"http://127\.0\.0\.1:{port}/first-start/[\w-]{{43}}", first[2])
        with httpx2.Client() as client:
            assert client.get(first[2], timeout=LONG).status_code == 200
    token = first[2].rpartition("/")[2].encode()
    assert not [path for path in folder.rglob("*") if path.is_file() and token in path.read_bytes()]
    with _serving(folder, port, 3) as second, httpx2.Client() as client:
        assert client.get(first[2], timeout=LONG).status_code == 410
        form = {"username": "ana", "full_name": "Ana", "password": "una frase larga de prueba"}
        assert client.post(second[2], data=form, timeout=LONG).status_code == 303
    key = (folder / "secret.key").read_bytes()
    with _serving(folder, port, 1) as third, httpx2.Client() as client:
        assert third == [f"http://127.0.0.1:{port}/"]
        assert client.get(second[2], timeout=LONG).status_code == 404
        # Nor is the key changed under a server that is at work.
        refused = CliRunner().invoke(cli, ["clinic", "rotate-key", "--data", str(folder)])
        assert isinstance(refused.exception, CovidDError)
        assert "is in use" in str(refused.exception)
        assert (folder / "secret.key").read_bytes() == key
        assert client.get(f"{third[0]}healthz", timeout=LONG).status_code == 200


def test_a_free_port_is_chosen_and_told(tmp_path: Path) -> None:
    with _serving(tmp_path / "clinic", 0, 3) as lines, httpx2.Client() as client:
        assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d+/", lines[0])
        assert client.get(lines[0] + "healthz", timeout=LONG).text == "ok"
        assert lines[2].startswith(lines[0])


@pytest.mark.slow
@pytest.mark.kill
@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
def test_the_processes_that_answer_films_end_with_a_killed_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVID_D_FILM_PROCESSES", "2")
    words = ("serve", "--port", "0", "--data", str(tmp_path / "clinic"))
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "covid_d", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        # Two, and the one by which Python clears up after them.
        _wait_until(lambda: len(_begun_by(process.pid)) == 3)
        begun = _begun_by(process.pid)
    finally:
        process.kill()
        process.communicate(timeout=LONG)
    _wait_until(lambda: not any(map(_runs, begun)))


def _begun_by(number: int) -> list[int]:
    """Return the processes that one began, whichever of its threads did."""
    told = [task.joinpath("children") for task in Path(f"/proc/{number}/task").iterdir()]
    return [int(child) for each in told for child in each.read_text().split()]


def _runs(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_taken_port_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        words = ["serve", "--port", str(port), "--data", str(tmp_path / "clinic")]
        result = CliRunner().invoke(cli, words)
    assert isinstance(result.exception, CovidDError)
    assert f"port {port}" in str(result.exception)
    assert "--port" in str(result.exception.next_step)
    assert not (tmp_path / "clinic").exists()
