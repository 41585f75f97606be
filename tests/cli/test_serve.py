"""``covid-d serve``: the first start's link is on the console and nowhere else."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from covid_d.cli.main import cli
from covid_d.errors import CovidDError
from postgres_server import _free_port

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


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
        process.communicate(timeout=60)


def test_each_start_shows_a_new_link_until_one_was_used(tmp_path: Path) -> None:
    folder, port = tmp_path / "clinic", _free_port()
    with _serving(folder, port, 3) as first:
        assert first[0] == f"http://127.0.0.1:{port}/"
        assert re.fullmatch(rf"http://127\.0\.0\.1:{port}/first-start/[\w-]{{43}}", first[2])
        with httpx2.Client() as client:
            assert client.get(first[2], timeout=60).status_code == 200
    token = first[2].rpartition("/")[2].encode()
    assert not [path for path in folder.rglob("*") if path.is_file() and token in path.read_bytes()]
    with _serving(folder, port, 3) as second, httpx2.Client() as client:
        assert client.get(first[2], timeout=60).status_code == 410
        form = {"username": "ana", "full_name": "Ana", "password": "una frase larga de prueba"}
        assert client.post(second[2], data=form, timeout=60).status_code == 303
    with _serving(folder, port, 1) as third, httpx2.Client() as client:
        assert third == [f"http://127.0.0.1:{port}/"]
        assert client.get(second[2], timeout=60).status_code == 404


def test_a_free_port_is_chosen_and_told(tmp_path: Path) -> None:
    with _serving(tmp_path / "clinic", 0, 3) as lines, httpx2.Client() as client:
        assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d+/", lines[0])
        assert client.get(lines[0] + "healthz", timeout=60).text == "ok"
        assert lines[2].startswith(lines[0])


def test_a_taken_port_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        words = ["serve", "--port", str(port), "--data", str(tmp_path / "clinic")]
        result = CliRunner().invoke(cli, words)
    assert isinstance(result.exception, CovidDError)
    assert f"port {port}" in str(result.exception)
    assert "--port" in str(result.exception.next_step)
    assert not (tmp_path / "clinic").exists()
