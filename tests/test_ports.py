"""Ports of servers that tests stop and start again."""

from __future__ import annotations

import random
import socket

import pytest

import ports
from ports import own_port


def test_one_that_the_system_gives_nobody() -> None:
    with socket.create_server(("127.0.0.1", own_port())) as door:
        with socket.create_server(("127.0.0.1", 0)) as given:
            assert given.getsockname()[1] > max(ports._OURS)
        with socket.create_connection(door.getsockname()) as call:
            assert call.getsockname()[1] > max(ports._OURS)


def test_a_taken_one_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, free = own_port(), own_port()
    monkeypatch.setattr(ports, "_OURS", [taken, free])
    with socket.create_server(("127.0.0.1", taken)):
        assert {own_port() for _ in range(20)} == {free}


def test_a_fixed_seed_does_not_make_two_processes_choose_alike() -> None:
    found = set()
    for _ in range(3):
        random.seed(1)
        found.add(own_port())
    assert len(found) > 1
