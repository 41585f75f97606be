"""Every notice is said by some route, in both languages, and no route says another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import covid_d.clinic
from covid_d.clinic.http.notices import NOTICES

SOURCE = Path(covid_d.clinic.__file__).parent


def test_every_notice_is_said_somewhere() -> None:
    """By its name alone in quotes, or in an address that a script or a page opens."""
    files = [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.js"), *SOURCE.rglob("*.html")]
    told = "".join(file.read_text("utf-8") for file in files if file.name != "notices.py")
    said = set(re.findall(r"[\"'=]([a-z_]+)[\"'&]", told))
    assert set(NOTICES) - said == set()


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_is_a_sentence_in_both_languages(name: str) -> None:
    es, en = (NOTICES[name].in_language(language) for language in ("es", "en"))
    assert es.endswith(".")
    assert en.endswith(".")
    assert es != en


@pytest.mark.parametrize("language", ["es", "en"])
def test_no_two_notices_read_alike(language: str) -> None:
    said = [text.in_language(language) for text in NOTICES.values()]  # type: ignore[arg-type]
    assert len(set(said)) == len(said)
