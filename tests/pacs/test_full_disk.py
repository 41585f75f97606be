"""A node whose disk is really full: it says so, loses nothing, and goes on when there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import real_parts
from covid_d.pacs import receive
from pacs_factory import hospital_film, send, wait_until


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        real_parts.lacking("a disk of its own needs root and mount")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_it_is_told_to_the_sender_and_recovered_from(start_node: Any, small_disk: Path) -> None:
    node = start_node(data=small_disk / "node")
    ballast = small_disk / "ballast"
    with ballast.open("wb") as out:
        free = os.statvfs(small_disk)
        out.write(bytes(free.f_bavail * free.f_frsize))
    assert send(node.port, hospital_film(1)) == [receive.OUT_OF_RESOURCES]
    assert node.queue.listed() == []
    ballast.unlink()
    assert send(node.port, hospital_film(1)) == [0x0000]
    wait_until(lambda: node.queue.counts()["films"] == {"assessed": 1})


def test_a_film_whose_answer_has_no_room_waits(start_node: Any, small_disk: Path) -> None:
    """The film fits, its answer does not: it is assessed when there is room again."""
    node = start_node(data=small_disk / "node", send_to=("NOBODY@127.0.0.1:9",), timeout_s=1)
    ballast = small_disk / "ballast"
    with ballast.open("wb") as out:
        free = os.statvfs(small_disk)
        # A film of 52 kB and the queue's entry fit; its report and picture are larger.
        out.write(bytes(free.f_bavail * free.f_frsize - 110_000))
    assert send(node.port, hospital_film(1)) == [0x0000]
    wait_until(lambda: node.queue.counts()["films"] in ({"received": 1}, {"assessed": 1}))
    ballast.unlink()
    wait_until(lambda: node.queue.counts()["films"] == {"assessed": 1})
    (film,) = node.queue.listed()
    assert len(node.store.answers(film.fingerprint, film.bundle, outside=False)) == 2
