"""The conformance statement says what the code does, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from covid_d.pacs import receive
from covid_d.pacs.conformance import STRUCTURE, statement
from covid_d.pacs.results import codes
from covid_d.pacs.results.report import report
from covid_d.pacs.send import OBJECTS
from covid_d.pacs.triage import CAPTURES, FILMS
from pacs_factory import answered, content_items

HEADS = {"es": "## En los visores", "en": "## In viewers"}


@pytest.mark.parametrize("language", ["es", "en"])
class TestStatement:
    def test_every_class_code_and_status_is_in_it(self, language: Any) -> None:
        text = statement(language)
        for uid in (*FILMS, *CAPTURES, *OBJECTS):
            assert f"`{uid}`" in text
        for code in codes.table():
            assert f"| {code.scheme_designator} | `{code.value}` | {code.meaning} |" in text
        for status in receive.STATUSES:
            assert f"`0x{status:04X}`" in text

    def test_its_tables_are_whole(self, language: Any) -> None:
        rows = [line for line in statement(language).splitlines() if line.startswith("|")]
        assert len(rows) > 40
        widths = [row.count("|") for row in rows]
        for row, width, before in zip(rows[1:], widths[1:], widths[:-1], strict=True):
            if row.startswith("|---"):
                assert width == before

    def test_the_structure_that_viewers_read_is_that_of_the_reports(self, language: Any) -> None:
        section = statement(language).partition(HEADS[language])[2].partition("\n## ")[0]
        assert "OHIF" in section
        made = report(answered())
        named = {str(item.ConceptNameCodeSequence[0].CodeValue) for item in content_items(made)}
        rows = [line.split(" | ")[1].strip("`") for line in section.splitlines() if "`" in line]
        assert len(rows) == len(STRUCTURE) > 0
        assert set(rows) <= named, "a row that no report has"

    def test_it_says_what_it_is_not(self, language: Any) -> None:
        assert {"es": "no es un diagnóstico", "en": "no diagnosis"}[language] in statement(language)


def test_every_status_that_the_door_may_say_is_told() -> None:
    said = {
        value for name, value in vars(receive).items() if name.isupper() and isinstance(value, int)
    }
    assert said == set(receive.STATUSES)


def test_the_languages_differ_in_words_and_agree_in_facts() -> None:
    spanish, english = statement("es"), statement("en")
    assert spanish != english
    assert spanish.count("`") == english.count("`")
    assert spanish.count("\n") == english.count("\n")
