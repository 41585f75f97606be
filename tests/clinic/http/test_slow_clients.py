"""Half-sent requests are hung up on, by real sockets; whole ones are answered meanwhile."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from covid_d.clinic.http.slow_clients import BodyDeadline, PatientProtocol

LONG = 60.0
"""Seconds that a machine may take that does much else; nobody here is hung up on so late."""


class Impatient(PatientProtocol):
    head_seconds = 0.5
    at_once: ClassVar[list[int]] = []

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        door = transport.get_extra_info("socket")
        self.at_once.append(door.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(f"{len(body)} bytes")(scope, receive, send)


@contextmanager
def _served(seconds: float) -> Iterator[int]:
    """Serve, and wait so long for the next piece of a body."""
    door = socket.create_server(("127.0.0.1", 0), backlog=512)
    app = BodyDeadline(_echo, seconds=seconds)
    config = uvicorn.Config(app, http=Impatient, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
    thread.start()
    yield door.getsockname()[1]
    server.should_exit = True
    thread.join(30)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with _served(0.5) as port:
        yield port


@pytest.fixture(scope="module")
def patient() -> Iterator[int]:
    """Where a piece may be seconds late on a busy machine, and a body takes longer than one."""
    with _served(3.0) as port:
        yield port


def _send(port: int, text: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=LONG)
    client.sendall(text)
    return client


def _seconds_until_closed(client: socket.socket) -> float:
    start = time.monotonic()
    try:
        while client.recv(4096):
            pass
    except ConnectionResetError:
        pass
    client.close()
    return time.monotonic() - start


def _answer(client: socket.socket) -> bytes:
    """Return all that is sent, however many packets it comes in."""
    with client:
        return b"".join(iter(lambda: client.recv(4096), b""))


@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n",
    ],
)
def test_half_a_request_is_hung_up_on(port: int, half: bytes) -> None:
    assert _seconds_until_closed(_send(port, half)) < LONG


def test_a_letter_at_a_time_wins_nothing(port: int) -> None:
    client = _send(port, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    for _ in range(80):
        try:
            client.sendall(b"a")
        except OSError:  # reset or broken pipe, as the system likes
            break
        time.sleep(0.1)
    else:
        pytest.fail("held for eight seconds")
    client.close()


def test_three_hundred_do_not_keep_others_out(port: int) -> None:
    held = [_send(port, b"GET / HTTP/1.1\r\nHost: x\r\n") for _ in range(300)]
    whole = _send(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b"0 bytes" in _answer(whole)
    assert max(_seconds_until_closed(client) for client in held) < LONG


def test_a_slow_but_steady_body_is_taken(patient: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8\r\n\r\n"
    client = _send(patient, head)
    began = time.monotonic()
    for _ in range(8):
        time.sleep(0.5)
        client.sendall(b"x")
    assert time.monotonic() - began > 3.0, "longer than a piece may take"
    assert b"8 bytes" in _answer(client)


def test_an_answer_leaves_at_once(port: int) -> None:
    Impatient.at_once.clear()
    for _ in range(2):
        assert b"0 bytes" in _answer(
            _send(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        )
    assert all(Impatient.at_once)
    assert len(Impatient.at_once) == 2
