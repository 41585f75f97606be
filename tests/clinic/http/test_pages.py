"""Which addresses a GET answers, and the nearest one above that does."""

from __future__ import annotations

import pytest
from fastapi import APIRouter
from hypothesis import given, settings
from hypothesis import strategies as st

from covid_d.clinic.http.way_back import Pages

router = APIRouter()


@router.get("/")
@router.get("/cases")
@router.get("/cases/{number}")
@router.post("/cases/{number}/readings")
@router.get("/cases/{number}/films/{film}")
@router.post("/cases/{number}/films/{film}/readings")
@router.post("/cases/search")
@router.get("/account")
@router.post("/account")
@router.post("/account/sessions/{name}/end")
def _nothing() -> None:
    """Is never called."""


PAGES = Pages((str(getattr(route, "path")), route) for route in router.routes)  # noqa: B009


@pytest.mark.parametrize(
    ("path", "answered"),
    [
        ("/", True),
        ("/cases", True),
        ("/cases/3", True),
        ("/cases/3/readings", False),
        ("/cases/search", False),  # a word, though a number would fit there
        ("/account", True),  # by one of its two routes
        ("/account/sessions/abc/end", False),
        ("/nothing", None),
        ("/cases/3/4", None),
        ("/cases/", None),
        ("", None),
    ],
)
def test_what_a_get_answers(path: str, answered: bool | None) -> None:
    assert PAGES.answers(path) is answered


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("/cases/3/readings", "/cases/3"),
        ("/cases/3/films/4/readings", "/cases/3/films/4"),
        ("/cases/search", "/cases"),
        ("/account/sessions/abc/end", "/account"),
        ("/cases/3", "/cases/3"),
        ("/nothing/at/all", "/"),
        ("//evil.example/x", "/"),
        ("", "/"),
        ("/", "/"),
    ],
)
def test_the_nearest_page_above(path: str, above: str) -> None:
    assert PAGES.above(path) == above


parts = st.sampled_from(
    ["cases", "3", "films", "readings", "account", "", "..", "x", "evil.example"]
)


@given(st.lists(parts, max_size=7))
@settings(max_examples=100, deadline=None)
def test_the_way_up_ends_at_a_page_of_ours(found: list[str]) -> None:
    path = "/" + "/".join(found)
    above = PAGES.above(path)
    assert PAGES.answers(above)
    assert above == "/" or path == above or path.startswith(f"{above}/")
    assert not above.startswith("//")
