"""Forms as dependencies: read after the visitor is let in, from the body or the address."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.testclient import TestClient
from pydantic import BaseModel

from covid_d.clinic.fields import Day, Filled, Whole
from covid_d.clinic.http.forms import asked, sent


class Form(BaseModel):
    """A form of two fields."""

    day: Annotated[date | None, Day()] = None
    age: Annotated[int | None, Whole(0, 120)] = None


def _nobody() -> None:
    raise HTTPException(401)


@pytest.fixture
def browser() -> TestClient:
    """A browser at an application of three routes."""
    app = FastAPI()

    def told(form: Filled[Form]) -> dict[str, object]:
        errors = {name: str(text) for name, text in form.errors.items()}
        return {"typed": form.typed, "age": form.value and form.value.age, "errors": errors}

    @app.post("/sent")
    def post(form: Annotated[Filled[Form], Depends(sent(Form))]) -> dict[str, object]:
        return told(form)

    @app.get("/asked")
    def get(form: Annotated[Filled[Form], Depends(asked(Form))]) -> dict[str, object]:
        return told(form)

    @app.post("/guarded")
    def guarded(
        visitor: Annotated[None, Depends(_nobody)],
        form: Annotated[Filled[Form], Depends(sent(Form))],
    ) -> None:
        raise AssertionError("nobody is let in")

    return TestClient(app)


def test_a_body_and_an_address_are_read_alike(browser: TestClient) -> None:
    given = {"age": "61", "day": "2026-01-31", "other": "x"}
    read = {"typed": {"day": "2026-01-31", "age": "61"}, "age": 61, "errors": {}}
    assert browser.post("/sent", data=given).json() == read
    assert browser.get("/asked", params=given).json() == read


def test_what_cannot_be_read_is_the_routes_to_show(browser: TestClient) -> None:
    for answer in (
        browser.post("/sent", data={"age": "old", "day": ""}),
        browser.get("/asked?age=old&day="),
    ):
        assert answer.status_code == 200
        assert answer.json() == {
            "typed": {"day": "", "age": "old"},
            "age": None,
            "errors": {"age": "Enter a whole number from 0 to 120."},
        }


def test_a_file_where_a_text_belongs_counts_as_empty(browser: TestClient) -> None:
    answer = browser.post("/sent", files={"age": ("61", b"61")})
    assert answer.json() == {"typed": {"day": "", "age": ""}, "age": None, "errors": {}}


def test_who_may_not_send_the_form_is_turned_away_before_it_is_read(browser: TestClient) -> None:
    answer = browser.post(
        "/guarded", content=b"no form", headers={"content-type": "multipart/form-data"}
    )
    assert answer.status_code == 401
