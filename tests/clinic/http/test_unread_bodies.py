"""An early refusal reaches whoever is still sending, by a real server and real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from covid_d.clinic.http.unread_bodies import UnreadBodies

MOST, LONG = 4_000_000, 60.0
"""Bytes that are read, and seconds that a machine may take that does much else."""


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse without reading, or read all and tell how much."""
    if scope["path"] == "/refused":
        await PlainTextResponse("no", status_code=401)(scope, receive, send)
    elif scope["path"] == "/begun":
        await receive()
        await PlainTextResponse("no", status_code=401)(scope, receive, send)
    else:
        body = await Request(scope, receive).body()
        await PlainTextResponse(f"{len(body)} bytes")(scope, receive, send)


@contextmanager
def _served(seconds: float) -> Iterator[int]:
    door = socket.create_server(("127.0.0.1", 0))
    app = UnreadBodies(_app, most=MOST, seconds=seconds)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
    thread.start()
    yield door.getsockname()[1]
    server.should_exit = True
    thread.join(LONG)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where the rest of a body is waited for as long as it may take to come."""
    with _served(LONG) as port:
        yield port


@pytest.fixture(scope="module")
def impatient() -> Iterator[int]:
    """Where it is waited for shortly."""
    with _served(0.5) as port:
        yield port


def _head(path: str, length: int, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {length}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


def _answer(client: socket.socket) -> tuple[int, bytes]:
    """Return the status of the next answer, and its head."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = client.recv(1)
        assert piece, "hung up on without an answer"
        head += piece
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
    while length:
        length -= len(client.recv(length))
    return int(head.split()[1]), head.lower()


def _client(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=LONG)


@pytest.mark.parametrize("path", ["/refused", "/begun"])
@pytest.mark.parametrize("length", [0, 1, 100_000, MOST])
def test_the_refusal_comes_after_the_body_and_the_connection_goes_on(
    port: int, path: str, length: int
) -> None:
    """As a proxy does it: all is sent before anybody looks for an answer."""
    with _client(port) as client:
        for _ in range(2):
            client.sendall(_head(path, length) + b"x" * length)
            status, head = _answer(client)
            assert status == 401
            assert b"connection: close" not in head


def test_what_is_read_whole_is_left_alone(port: int) -> None:
    with _client(port) as client:
        client.sendall(_head("/read", 1000) + b"x" * 1000)
        assert _answer(client)[0] == 200


def test_no_more_is_read_than_is_allowed(port: int) -> None:
    # What is left unread resets the connection, on a busy machine before the answer was taken.
    for _ in range(10):
        with _client(port) as client, suppress(ConnectionError):
            client.sendall(_head("/refused", 50 * MOST) + b"x" * (MOST + 200_000))
            status, head = _answer(client)
            assert status == 401
            assert b"connection: close" in head
            return
    pytest.fail("never answered")


def test_who_sends_nothing_more_is_answered_all_the_same(impatient: int) -> None:
    with _client(impatient) as client:
        start = time.monotonic()
        client.sendall(_head("/refused", 1000) + b"half")
        status, head = _answer(client)
        assert status == 401
        assert b"connection: close" in head
        assert time.monotonic() - start < LONG / 2


def test_who_waits_to_be_told_to_go_on_is_told_no_at_once(port: int) -> None:
    with _client(port) as client:
        start = time.monotonic()
        client.sendall(_head("/refused", 1000, "Expect: 100-continue"))
        status, _ = _answer(client)
        assert status == 401, "not 100: nothing needs to be sent"
        assert time.monotonic() - start < LONG / 2


def test_who_goes_away_breaks_nothing(port: int) -> None:
    with _client(port) as client:
        client.sendall(_head("/refused", 1000) + b"half")
    with _client(port) as client:
        client.sendall(_head("/refused", 4) + b"full")
        assert _answer(client)[0] == 401


def test_a_question_without_a_body_is_not_touched(port: int) -> None:
    with _client(port) as client:
        client.sendall(b"GET /refused HTTP/1.1\r\nHost: x\r\n\r\n")
        assert _answer(client)[0] == 401
