"""Tests that wait for what goes on beside them are tried a second time; no other test is."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import tiers

HERE = Path(__file__).parent


def test_this_file_waits_for_a_thread_and_gets_a_second_try(
    request: pytest.FixtureRequest,
) -> None:
    assert threading.__name__ in tiers.imports(Path(__file__))
    has_plugin = request.config.pluginmanager.hasplugin("rerunfailures")
    marked = request.node.get_closest_marker("flaky")
    assert (marked is not None) == has_plugin
    assert marked is None or marked.kwargs == {"reruns": 1}


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("pacs/test_intake.py", True),  # connections
        ("offline/test_browser.py", True),  # a browser
        ("clinic/test_film_processes.py", True),
        ("guide/test_notebooks.py", True),  # a kernel
        ("test_groups.py", False),
        ("detector/test_result_sentences.py", False),
        ("evaluation/audit/test_run.py", False),
        ("radiograph/readers/test_items.py", False),
    ],
)
def test_who_waits(file: str, expected: bool) -> None:
    assert (HERE / file).is_file()
    assert tiers.waits(HERE / file) == expected


def test_most_tests_are_not_tried_again() -> None:
    files = sorted(HERE.rglob("test_*.py"))
    assert sum(map(tiers.waits, files)) < len(files) / 4
