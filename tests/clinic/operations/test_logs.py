"""A fault of ours is logged once, with a number and its place, and without what it says."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select

from clinic_factory import PASSWORD, add_case
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import StoredAssessment
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations.logs import WithoutValues, without_values
from covid_d.clinic.roles import Role

SECRET = "Pérez Ana"


def _raise(value: str) -> None:
    try:
        int(value)
    except ValueError as error:
        raise LookupError(f"no such patient: {value}") from error


def _failure(value: str) -> LookupError:
    with pytest.raises(LookupError) as caught:
        _raise(value)
    return caught.value


def test_an_exception_is_its_type_and_its_place() -> None:
    told = without_values(_failure(SECRET))
    assert told["exception"] == "builtins.LookupError <- builtins.ValueError"
    assert SECRET not in str(told)
    assert all(re.search(r"test_logs\.py:\d+ \w+$", frame) for frame in told["frames"])
    assert [frame.rpartition(" ")[2] for frame in told["frames"]] == [
        "_raise",
        "_failure",
        "_raise",
    ]


def test_exceptions_that_cause_each_other_come_to_an_end() -> None:
    one, two = ValueError(SECRET), KeyError(SECRET)
    one.__cause__, two.__cause__ = two, one
    assert without_values(one)["exception"] == "builtins.ValueError <- builtins.KeyError"


def _record(name: str, message: str, error: Exception | None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord(name, logging.ERROR, __file__, 1, message, None, info)


def test_no_librarys_trace_reaches_the_log() -> None:
    record = _record("asyncio", "Task failed", _failure(SECRET))
    assert WithoutValues().filter(record)
    assert (record.exc_info, record.exc_text) == (None, None)
    assert record.__dict__["exception"] == "builtins.LookupError <- builtins.ValueError"


def test_only_the_servers_second_word_is_left_out() -> None:
    failure, name = _failure(SECRET), "uvicorn.error"
    assert not WithoutValues().filter(_record(name, "Exception in ASGI application\n", failure))
    assert WithoutValues().filter(_record(name, "Invalid HTTP request received.", None))
    assert WithoutValues().filter(_record(name, "Address in use", failure))


@pytest.fixture
def served(installation: Installation, tmp_path: Path) -> Iterator[tuple[httpx2.Client, Path]]:
    """A browser at the real server process, and what the server prints."""
    console = tmp_path / "console.txt"
    environment = dict(os.environ)
    if installation.settings.database_url is not None:
        environment["COVID_D_DATABASE_URL"] = installation.settings.database_url.get_secret_value()
    with (
        console.open("w") as stream,
        subprocess.Popen(
            [sys.executable, "-u", "-m", "covid_d", "serve", "--port", "0"],
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environment,
        ) as process,
    ):
        try:
            with httpx2.Client(base_url=_address(console, process), timeout=300) as browser:
                yield browser, console
        finally:
            process.terminate()


def _address(console: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 300
    # It listens before it prints, and keeps whoever comes early waiting.
    while (found := re.search(r"http://127\.0\.0\.1:\d+(?=/)", console.read_text())) is None:
        assert process.poll() is None, console.read_text()
        assert time.monotonic() < deadline, "the server does not print its address"
        time.sleep(0.1)
    return found[0]


def test_the_server_prints_no_trace_and_the_page_names_the_line(
    installation: Installation, people: dict[Role, Person], served: tuple[httpx2.Client, Path]
) -> None:
    browser, console = served
    case_id = add_case(installation, people[Role.DOCTOR])
    with installation.writing() as session:  # a fault that speaks of the patient
        session.scalars(select(StoredAssessment)).one().outcome = SECRET
    browser.post("/sign-in", data={"username": "doctor", "password": PASSWORD})
    page = browser.get(f"/cases/{case_id}")
    told = browser.get(f"/cases/{case_id}", headers={"x-requested-with": "fetch"})
    assert (page.status_code, told.status_code) == (500, 500)
    assert "Algo falló en el servidor" in page.text
    assert "no-store" in page.headers["cache-control"]
    # The server closes the connection of a fault; unsaid, the next request would be lost in it.
    assert page.headers["connection"] == told.headers["connection"] == "close"
    assert told.json()["error"]["code"] == "internal_error"
    assert browser.get("/healthz").text == "ok"
    printed = console.read_text(encoding="utf-8")
    for words in (SECRET, json.dumps(SECRET)[1:-1], "Traceback"):
        assert words not in printed
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    faults = [line for line in lines if line["level"] == "ERROR"]
    assert len(faults) == 2, "each once"
    for answer, fault in zip((page, told), faults, strict=True):
        assert fault["error_id"] in answer.text
        assert fault["error_id"] == answer.headers["x-request-id"]
        assert fault["route"] == "/cases/{case_id}"
        assert fault["exception"] == "builtins.ValueError"
        assert any("clinic/cases" in frame for frame in fault["frames"])
