"""Tests that share what is made once a file are run by one process of several."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="module")
def made() -> list[str]:
    return []


@pytest.mark.parametrize("number", range(4))
def test_one_process_makes_it_for_all(
    made: list[str], number: int, request: pytest.FixtureRequest
) -> None:
    """Each finds what those before it left; xdist reads a test's group from its name."""
    assert len(made) == number
    made.append(request.node.name)
    assert request.node.get_closest_marker("xdist_group").args == ("test_groups.py",)
    if "PYTEST_XDIST_WORKER" in os.environ:
        assert request.node.nodeid.endswith("@test_groups.py")


def test_who_shares_nothing_goes_anywhere(request: pytest.FixtureRequest, tmp_path: object) -> None:
    assert request.node.get_closest_marker("xdist_group") is None
