"""What goes wrong is said in the shape of who asked, with nothing of the request in it."""

from __future__ import annotations

import errno
import logging
import re
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from covid_d.clinic import sentences
from covid_d.clinic.app import create_app
from covid_d.clinic.errors import (
    ClinicError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    TooLargeError,
    TooManyError,
    UnavailableError,
    UnknownHostError,
)
from covid_d.clinic.http.failures import headers_of, known, to_json
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.errors import BundleError
from covid_d.language import Text

SignIn = Callable[[Role], TestClient]
SECRET = "HC-0042 Ana Vera"


def _database(words: str) -> OperationalError:
    return OperationalError("SELECT :code", {"code": SECRET}, Exception(words))


@pytest.mark.parametrize(
    ("error", "code", "status", "es"),
    [
        (BundleError(Text("no")), "bundle_unusable", 503, "modelo"),
        (_database("disk I/O error"), "database_unavailable", 503, "base de datos"),
        (OSError(errno.ENOSPC, "No space left"), "storage_full", 503, "disco"),
        (OSError(errno.EDQUOT, "Quota exceeded"), "storage_full", 503, "disco"),
        (OSError(errno.EFBIG, "File too large"), "storage_full", 503, "disco"),
        (OSError(errno.EROFS, "Read-only"), "storage_full", 503, "disco"),
        (NotFoundError(), "not_found", 404, "nada"),
    ],
)
def test_failures_of_the_machine_mean_something(
    error: Exception, code: str, status: int, es: str
) -> None:
    found = known(error)
    assert found is not None
    assert (found.code, found.status) == (code, status)
    assert es in found.text.in_language("es")
    assert found.remedy is not None
    assert found.remedy.in_language("es") != found.remedy.in_language("en")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EACCES, "Permission denied"),
        OSError(errno.ENOENT, "No such file"),
        OSError("no number"),
        ValueError("x"),
        ZeroDivisionError(),
    ],
)
def test_a_fault_of_ours_is_not_explained_away(error: Exception) -> None:
    assert known(error) is None


def test_a_databases_failure_is_logged_without_the_patient(
    caplog: pytest.LogCaptureFixture,
) -> None:
    known(_database("disk I/O error"))
    assert "disk I/O error" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ClinicError(Text("x")), 400, "bad_request"),
        (UnknownHostError(), 400, "unknown_host"),
        (NotSignedInError(), 401, "not_signed_in"),
        (ForbiddenError(), 403, "forbidden"),
        (ForbiddenError(Text("x"), code="csrf"), 403, "csrf"),
        (NotFoundError(), 404, "not_found"),
        (ConflictError(Text("x")), 409, "conflict"),
        (TooLargeError(), 413, "too_large"),
        (InvalidInputError({}), 422, "invalid_input"),
        (TooManyError(Text("x")), 429, "too_many_requests"),
        (UnavailableError(Text("x")), 503, "unavailable"),
    ],
)
def test_every_error_has_its_number_and_its_name(
    error: ClinicError, status: int, code: str
) -> None:
    assert (error.status, error.code) == (status, code)
    body = to_json(error)["error"]
    assert body["code"] == code
    assert set(body["message"]) == {"es", "en"}
    assert ("fields" in body) is isinstance(error, InvalidInputError)
    step = body["next_step"]
    assert step is None or (set(step) == {"es", "en"} and step["es"] != step["en"])


def test_the_fields_of_a_form_are_said_in_both_languages() -> None:
    wrong = InvalidInputError({"age": sentences.no_whole_number(0, 9), "sex": sentences.MISSING})
    said = to_json(wrong)["error"]["fields"]
    assert list(said) == ["age", "sex"]
    for each in said.values():
        assert set(each) == {"es", "en"}
        assert each["es"] != each["en"]
    assert {"0", "9"} <= set(re.findall(r"\d", said["age"]["es"]))


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (NotSignedInError(), {"www-authenticate": "Bearer"}),
        (TooManyError(Text("x"), retry_after=7), {"retry-after": "7"}),
        (TooManyError(Text("x"), retry_after=0), {"retry-after": "0"}),
        (TooManyError(Text("x")), {}),
        (NotFoundError(), {}),
    ],
)
def test_what_programs_go_by_stands_in_the_headers(
    error: ClinicError, headers: dict[str, str]
) -> None:
    assert headers_of(error) == headers


# --- as browsers, scripts and programs see it -----------------------------------------------------


def test_who_is_not_signed_in_is_led_to_the_door_and_back(client: TestClient) -> None:
    page = client.get("/cases?q=a&page=2")
    assert (page.status_code, page.headers["location"]) == (
        303,
        "/sign-in?next=/cases%3Fq%3Da%26page%3D2",
    )
    form = client.post("/cases/new", headers={"x-requested-with": "fetch"})
    assert form.status_code == 401
    assert form.json()["error"]["code"] == "not_signed_in"
    program = client.get("/api/v1/me")
    assert (program.status_code, program.headers["www-authenticate"]) == (401, "Bearer")


def test_an_address_with_a_number_that_is_none_is_answered(signed_in: SignIn) -> None:
    browser = signed_in(Role.DOCTOR)
    # The largest that either database's key may be, and what is larger or no number at all.
    found = {number: browser.get(f"/cases/{number}") for number in ("2147483647", "2147483648")}
    found |= {number: browser.get(f"/cases/{number}") for number in ("0", "-1", "x", "1e3", "%20")}
    assert found.pop("2147483647").status_code == 404
    for number, page in found.items():
        assert page.status_code == 422, number


def test_a_method_that_nobody_answers_says_which_are(client: TestClient) -> None:
    answer = client.put("/sign-in")
    assert answer.status_code == 405
    assert "content-security-policy" in answer.headers
    assert set(answer.headers["allow"].split(", ")) & {"GET", "POST"}
    assert client.delete("/api/v1/me").json()["error"]["code"] in {"http_405", "not_found"}


@pytest.fixture
def failing(installation: Installation) -> Iterator[TestClient]:
    """A browser at a clinic with a page that fails."""
    app = create_app(installation)

    def boom() -> None:
        raise ValueError(SECRET)

    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for prefix in ("", "/api/v1"):
        app.add_api_route(f"{prefix}/boom", boom)
        app.add_api_route(f"{prefix}/full", full)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as browser:
        yield browser


def test_a_fault_of_ours_is_a_page_with_a_number_and_nothing_else(
    failing: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "covid_d"):
        page = failing.get("/boom")
    number = page.headers["x-request-id"]
    assert page.status_code == 500
    assert number in page.text
    assert SECRET not in page.text
    assert "ValueError" not in page.text
    (record,) = [each for each in caplog.records if each.message == "unexpected failure"]
    assert record.__dict__["error_id"] == number
    assert record.__dict__["route"] == "/boom"
    assert SECRET not in str(record.__dict__["exception"])


def test_a_fault_of_ours_is_json_for_a_program(failing: TestClient) -> None:
    answer = failing.get("/api/v1/boom")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (500, "internal_error")
    assert answer.headers["x-request-id"] in error["next_step"]["es"]
    assert answer.headers["x-request-id"] in error["next_step"]["en"]
    assert SECRET not in answer.text


def test_a_full_disk_is_no_fault_of_ours(failing: TestClient) -> None:
    page = failing.get("/full")
    assert page.status_code == 503
    assert "disco del servidor está lleno" in page.text
    assert failing.get("/api/v1/full").json()["error"]["code"] == "storage_full"
