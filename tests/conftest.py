"""Tiers, what a run needs of the machine, and fixtures shared by every room's tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import real_parts
import tiers

_REAL_DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the clinic's tests run on either database, and a run insist on every real part."""
    parser.addoption(
        "--database",
        choices=["sqlite", "postgresql"],
        default="sqlite",
        help="Database of the clinic's tests; postgresql starts a real server.",
    )
    parser.addoption(
        "--require-real-parts",
        action="store_true",
        help="Fail, rather than skip, where a browser or a database is missing; so does CI=true.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Note what this run insists on; help and errors are English where a test says nothing."""
    os.environ["LANGUAGE"] = "en"  # what stands first in the locale; programs started here too
    real_parts.require(config)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files whose packages are absent, in a run that leaves their tier out anyway."""
    if not (collection_path.suffix == ".py" and collection_path.name.startswith("test_")):
        return None
    tier = tiers.tier_of(collection_path)
    if tier is None or tiers.is_installed(tier):
        return None
    return True if tiers.is_left_out(tier, config.getoption("markexpr")) else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test with the tier that its file and its fixtures put it in."""
    found = {tiers.tier_of(item.path)}
    asked = set(getattr(item, "fixturenames", ()))
    found |= {tier for tier, names in tiers.FIXTURES.items() if names & asked}
    found |= {tiers.ALSO.get(mark.name) for mark in item.iter_markers()}
    for tier in sorted(tier for tier in found if tier):
        item.add_marker(tier)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with the real films beside the project; skips the test when it is absent."""
    if not (_REAL_DATA / "README.md").is_file():
        pytest.skip("real films (../shared/data) are not beside this project")
    return _REAL_DATA


@pytest.fixture(scope="session")
def hostile_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """More than 200 broken or hostile files, named like films; see ``tests/hostile.py``."""
    from hostile import make_hostile_files

    return make_hostile_files(tmp_path_factory.mktemp("hostile"))
