"""The real things beside Python that some tests need: a browser, a database, a disk of their own.

Where one is absent such a test is skipped and says so. On the machine whose word counts
(``CI=true``, or ``--require-real-parts``) it fails instead: a green run has seen everything.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

_required = False


def require(config: pytest.Config) -> None:
    """Remember whether this run may skip for want of a real part."""
    global _required
    asked = bool(config.getoption("--require-real-parts"))
    _required = asked or os.environ.get("CI", "").lower() in {"1", "true"}


def are_required() -> bool:
    """Return whether a missing real part is a failure."""
    return _required


def lacking(what: str) -> NoReturn:
    """Skip the test that needs a part this machine lacks; fail it where every part is wanted."""
    if _required:
        pytest.fail(f"{what}; this run may not skip for want of it", pytrace=False)
    pytest.skip(what)
