"""Fixtures shared by every room's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

_REAL_DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the clinic's tests run on either database."""
    parser.addoption(
        "--database",
        choices=["sqlite", "postgresql"],
        default="sqlite",
        help="Database of the clinic's tests; postgresql starts a real server.",
    )


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
