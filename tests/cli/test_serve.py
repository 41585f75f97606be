"""``covid-d serve``: the first start's link is on the console and nowhere else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

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


def _answer(client: httpx2.Client, link: str) -> int:
    for _ in range(600):
        try:
            return client.get(link).status_code
        except httpx2.ConnectError:  # it prints before it listens
            import time

            time.sleep(0.1)
    raise AssertionError("the server does not answer")


def test_each_start_shows_a_new_link_until_one_was_used(tmp_path: Path) -> None:
    folder, port = tmp_path / "clinic", _free_port()
    with _serving(folder, port, 3) as first:
        assert first[0] == f"http://127.0.0.1:{port}/"
        assert re.fullmatch(rf"http://127\.0\.0\.1:{port}/first-start/[\w-]{{43}}", first[2])
        with httpx2.Client() as client:
            assert _answer(client, first[2]) == 200
    token = first[2].rpartition("/")[2].encode()
    assert not [path for path in folder.rglob("*") if path.is_file() and token in path.read_bytes()]
    with _serving(folder, port, 3) as second, httpx2.Client() as client:
        assert _answer(client, first[2]) == 410
        form = {"username": "ana", "full_name": "Ana", "password": "una frase larga de prueba"}
        assert client.post(second[2], data=form).status_code == 303
    with _serving(folder, port, 1) as third, httpx2.Client() as client:
        assert third == [f"http://127.0.0.1:{port}/"]
        assert _answer(client, second[2]) == 404
