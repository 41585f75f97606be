"""Fixtures shared by every room's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

_REAL_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with the real films beside the project; skips the test when it is absent."""
    if not (_REAL_DATA / "README.md").is_file():
        pytest.skip("real films (../shared/data) are not beside this project")
    return _REAL_DATA
