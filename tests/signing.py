"""The key that the tests trust, so that a bundle made by one may be more than a demonstration."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest

SETTING = "COVID_D_TRUSTED_KEY"


@cache
def key() -> Path:
    """Return a private key (PEM), made once a run; programs that tests start trust it too.

    Where its setting names one already, that one was made by the test that started this program.
    """
    # The base install cannot sign; the quick tests, whose install can, run these too.
    pytest.importorskip("cryptography")
    from covid_d.detector.bundle.signature import make_key
    from covid_d.settings import settings

    folder = Path(tempfile.mkdtemp(prefix="covid-d-key-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[SETTING] = str(make_key(folder / "key"))
    settings.cache_clear()
    return folder / "key"


def sign_as_tests(bundle: Path) -> Path:
    """Sign a bundle with the tests' key, and return it."""
    from covid_d.detector.bundle.signature import sign

    sign(bundle, key())
    return bundle
