"""Browsers by their coarse names; what they say of themselves is anything, from anybody."""

from __future__ import annotations

import time

import pytest

from covid_d.clinic.accounts.browsers import LONGEST, name_of

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/142.0.0.0 Safari/537.36",
         "Chrome · Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/142.0 Safari/537.36 Edg/142.0",
         "Edge · Windows"),
        (f"Mozilla/5.0 (Linux; Android 14; A14) {WEBKIT} Chrome/130.0.0.0 Mobile Safari/537.36",
         "Chrome Mobile · Android"),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
         "Firefox · Ubuntu"),
        ("curl/8.0", "curl"),
        ("", None),
        ("<script>alert(1)</script>", None),
    ],
)  # fmt: skip
def test_a_browser_is_named_without_its_version(agent: str, name: str | None) -> None:
    assert name_of(agent) == name


@pytest.mark.parametrize(
    "agent", ["x" * 10**6, "Mozilla/5.0 " + "(" * 10**5, "a/1 " * 10**5, "\0\n\x7f"]
)
def test_nonsense_is_read_shortly(agent: str) -> None:
    name_of("")  # the patterns are compiled once
    begin = time.process_time()
    name = name_of(agent)
    assert time.process_time() - begin < 1
    assert name is None or (len(name) <= LONGEST and name.isprintable())
