"""A served clinic and a real Chromium."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import uvicorn

from browsing import SECONDS, running_chromium
from covid_d.clinic.app import create_app
from covid_d.clinic.installation import Installation

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A real Chromium; skips where there is none."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def address(installation: Installation) -> Iterator[str]:
    """A served clinic."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(create_app(installation), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=SECONDS)
