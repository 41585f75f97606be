"""Forwarded addresses: only from configured proxies, bounded and checked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from covid_d.clinic.app import create_app
from covid_d.clinic.http.proxies import ForwardedAddress, trusted
from covid_d.clinic.installation import Installation


async def _who(scope: Scope, receive: Receive, send: Send) -> None:
    client = Request(scope).client
    await PlainTextResponse(client.host if client else "")(scope, receive, send)


def _told(peer: str, forwarded: str | None, setting: str, *, behind_https: bool = False) -> str:
    app = ForwardedAddress(_who, trusted(setting, behind_https=behind_https))
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    return TestClient(app, client=(peer, 5)).get("/", headers=headers).text


@pytest.mark.parametrize(
    ("peer", "forwarded", "setting", "expected"),
    [
        ("127.0.0.1", "203.0.113.9", "", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("10.1.2.3", "203.0.113.9", "127.0.0.1", "10.1.2.3"),
        ("10.1.2.3", "203.0.113.9", "10.0.0.0/8", "203.0.113.9"),
        ("10.1.2.3", "1.1.1.1, 203.0.113.9, 10.9.9.9", "10.0.0.0/8", "203.0.113.9"),
        ("127.0.0.1", "2001:db8::7", "127.0.0.1", "2001:db8::7"),
        ("127.0.0.1", "evil<script>", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9:4444", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", ",".join(["1.1.1.1"] * 21), "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "1.1.1.1," + "x" * 2000, "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", None, "127.0.0.1", "127.0.0.1"),
    ],
)
def test_whose_word_is_taken(peer: str, forwarded: str, setting: str, expected: str) -> None:
    assert _told(peer, forwarded, setting) == expected


def test_behind_https_this_machine_is_the_proxy() -> None:
    assert _told("127.0.0.1", "203.0.113.9", "", behind_https=True) == "203.0.113.9"
    assert _told("192.0.2.4", "203.0.113.9", "", behind_https=True) == "192.0.2.4"


def test_the_clinic_takes_the_settings(installation: Installation) -> None:
    behind = replace(
        installation,
        settings=installation.settings.model_copy(
            update={"behind_https": True, "rate_limit_factor": 0}
        ),
    )
    with TestClient(create_app(behind), client=("127.0.0.1", 1)) as browser:
        asked = browser.get("/metrics", headers={"x-forwarded-for": "203.0.113.9"})
    assert asked.status_code == 404


@pytest.mark.parametrize("trace", ["x-forwarded-for", "forwarded", "x-real-ip", "via"])
def test_figures_are_not_given_through_a_proxy(installation: Installation, trace: str) -> None:
    """A proxy on this machine that nobody told the clinic of: its requests look like ours."""
    with TestClient(create_app(installation), client=("127.0.0.1", 1)) as browser:
        assert browser.get("/metrics").status_code == 200
        assert browser.get("/metrics", headers={trace: "127.0.0.1"}).status_code == 404


def test_figures_are_not_given_to_a_proxy_that_leaves_no_trace(installation: Installation) -> None:
    settings = installation.settings.model_copy(update={"behind_https": True})
    with TestClient(
        create_app(replace(installation, settings=settings)), client=("127.0.0.1", 1)
    ) as browser:
        assert browser.get("/metrics").status_code == 404
