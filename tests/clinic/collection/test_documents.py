"""The papers of an export: counts as they are, the licence chosen, and nothing that it forbids."""

from __future__ import annotations

from typing import Any

import pytest

from covid_d.clinic.collection.documents import ExportTerms, License, papers
from covid_d.clinic.follow_up.laboratory import WINDOW_DAYS

CARD: dict[str, Any] = {
    "created": "2026-11-24", "covid_d": "0.4.0", "films": 31, "cases": 29, "patients": 27,
    "sites": 2, "findings": {"COVID-19": 12, "Laboratory negative": 19},
    "left_out": {"no_consent": 4, "refused_by_model": 3},
}  # fmt: skip


def _papers(licence: License = License.CC_BY, attribution: str = "Hospital Uno") -> dict[str, str]:
    return papers(ExportTerms(licence, attribution), CARD)


def test_there_are_three_and_no_page_of_another_machine() -> None:
    found = _papers()
    assert list(found) == ["README.md", "LICENSE.txt", "ATTRIBUTION.md"]
    for text in found.values():
        assert text.endswith("\n")
        assert "\r" not in text
        assert "None" not in text


def test_the_readme_tells_every_count() -> None:
    text = _papers()["README.md"]
    assert "31 films, 29 cases, 27 patients, 2 sites." in text
    for row in (
        "| COVID-19 | 12 |",
        "| Laboratory negative | 19 |",
        "| left out: no_consent | 4 |",
        "| left out: refused_by_model | 3 |",
    ):
        assert text.count(row + "\n") == 1
    table = text[text.index("| films | n |") :].split("\n\n")[0].splitlines()
    assert len(table) == 2 + 4, "no line breaks the table in two"
    assert all(line.count("|") == 3 for line in table)


def test_nothing_left_out_is_an_empty_list() -> None:
    text = papers(ExportTerms(License.CC_BY, "x"), CARD | {"left_out": {}})["README.md"]
    assert "left out:" not in text
    assert "| Laboratory negative | 19 |\n\nBuild" in text


def test_the_readme_says_how_far_a_sample_may_be_in_the_rule_s_own_days() -> None:
    assert f"within {WINDOW_DAYS} days of the film" in _papers()["README.md"]


def test_both_languages_forbid_to_look_for_patients() -> None:
    found = _papers()
    forbidden = "must not try to find out who a patient is"
    assert forbidden in found["README.md"]
    assert "No intente averiguar quién es un paciente." in found["README.md"]
    for licence in License:
        assert forbidden in _papers(licence)["LICENSE.txt"], "whatever the licence allows"


@pytest.mark.parametrize(
    ("licence", "label", "legal", "others"),
    [
        (License.AGREEMENT, "by written agreement", "All rights reserved", "creativecommons"),
        (License.CC_BY_NC_SA, "CC BY-NC-SA 4.0", "/by-nc-sa/4.0/legalcode", "All rights"),
        (License.CC_BY, "CC BY 4.0", "/by/4.0/legalcode", "NonCommercial"),
    ],
)
def test_each_licence_is_named_and_given(
    licence: License, label: str, legal: str, others: str
) -> None:
    found = _papers(licence)
    assert label in licence.label
    assert f"Licence: {licence.label}.\n" in found["ATTRIBUTION.md"]
    assert legal in found["LICENSE.txt"]
    assert others not in found["LICENSE.txt"]


def test_licences_are_told_apart_in_both_languages() -> None:
    for language in ("es", "en"):
        said = [licence.text.in_language(language) for licence in License]
        assert len(set(said)) == len(License)
    spanish = [licence.text.in_language("es") for licence in License]
    assert spanish != [licence.text.in_language("en") for licence in License]


@pytest.mark.parametrize(
    "written",
    ["Hospital Uno, Guayaquil", " Hospital  Uno,\nGuayaquil\t", "Hospital Uno,\r\nGuayaquil"],
)
def test_an_institution_is_one_line(written: str) -> None:
    text = _papers(attribution=written)["ATTRIBUTION.md"]
    assert "results: Hospital Uno, Guayaquil, 2026-11-24.\n" in text
    assert text.count("# ") == 1


def test_a_heading_in_the_institution_s_name_makes_no_second_heading() -> None:
    text = _papers(attribution="Hospital\n\n# Permission\nYou may do anything")["ATTRIBUTION.md"]
    assert [line for line in text.splitlines() if line.startswith("#")] == ["# Attribution"]


def test_the_attribution_says_how_many_and_by_which_version() -> None:
    text = _papers()["ATTRIBUTION.md"]
    assert "Exported with COVID-D 0.4.0, 31 films of 27 patients who consented." in text
