"""File names: unique, and valid on every system."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covid_d.dataset.build.names import film_names, film_suffix


def test_the_source_stands_in_front() -> None:
    assert film_names([("nih", "nih/00001568_001.jpg", ".jpg")]) == ["nih-00001568_001.jpg"]


def test_names_that_meet_are_numbered() -> None:
    films = [
        ("cohen", "images/a.png", ".png"),
        ("cohen", "images/A.png", ".png"),
        ("cohen", "other/a.png", ".png"),
        ("nih", "a.png", ".png"),
    ]
    assert film_names(films) == ["cohen-a.png", "cohen-A-2.png", "cohen-a-3.png", "nih-a.png"]


def test_a_numbered_name_may_be_taken_too() -> None:
    films = [("s", "a-2.png", ".png"), ("s", "a.png", ".png"), ("s", "b/a.png", ".png")]
    assert film_names(films) == ["s-a-2.png", "s-a.png", "s-a-3.png"]


@pytest.mark.parametrize(
    ("original", "name"),
    [
        ("images/con.png", "s-con.png"),
        ("a b:c*?.png", "s-a_b_c.png"),
        ("radiografía nº 1.png", "s-radiograf_a_n_1.png"),
        ("1-s2.0-S1684.pdf-002.png", "s-1-s2.0-S1684.pdf-002.png"),
        ("trailing. .png", "s-trailing.png"),
        (".png", "s-.png"),
    ],
)
def test_names_suit_every_system(original: str, name: str) -> None:
    assert film_names([("s", original, ".png")]) == [name.replace("s-.png", "s-.png.png")]


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.text(max_size=150)), max_size=12))
def test_names_are_always_unique_and_plain(films: list[tuple[str, str]]) -> None:
    names = film_names((source, original, ".png") for source, original in films)
    assert len({name.lower() for name in names}) == len(films)
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*\.png", name)
        assert len(name) <= 120


@pytest.mark.parametrize(
    ("original", "container", "rendered", "suffix"),
    [
        ("a.JPG", "JPEG", False, ".jpg"),
        ("a.jpeg", "JPEG", False, ".jpeg"),
        ("a.png", "JPEG", False, ".jpg"),
        ("a.dcm", "DICOM", True, ".png"),
        ("a.jpg", "JPEG", True, ".png"),
        ("a.tiff", "TIFF", False, ".tiff"),
        ("a", "WEBP", False, ".webp"),
        ("a.bmp", "BMP", False, ".bmp"),
        ("a.j2k", "JPEG 2000", False, ".j2k"),
        ("a.png", "JPEG 2000", False, ".jp2"),
    ],
)
def test_the_suffix_tells_what_the_file_is(
    original: str, container: str, rendered: bool, suffix: str
) -> None:
    assert film_suffix(original, container, rendered=rendered) == suffix
