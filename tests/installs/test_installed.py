"""What holds in every install, with whichever extras: nothing breaks for want of one.

Run in the light environment, and by `make base` and `make clinic` in installs that have no extra
or the clinic's alone.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import covid_d
from covid_d.cli.lazy import EXTRA_OF
from covid_d.cli.main import cli

PACKAGE = Path(covid_d.__file__).parent
BASE = ("radiograph", "detector", "models")


def _base_modules() -> list[str]:
    found = []
    for room in BASE:
        for path in sorted((PACKAGE / room).rglob("*.py")):
            parts = path.relative_to(PACKAGE).with_suffix("").parts
            found.append(".".join(("covid_d", *(part for part in parts if part != "__init__"))))
    return found


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


def test_every_module_of_the_base_rooms_can_be_imported() -> None:
    modules = _base_modules()
    assert len(modules) > 30
    ran = _run("-c", f"import {', '.join(modules)}")
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("name", sorted(cli.lazy))
def test_a_command_explains_itself_or_names_the_extra_it_lacks(name: str) -> None:
    ran = _run("-m", "covid_d", name, "--help")
    if ran.returncode == 0:
        assert name in ran.stdout
        return
    assert "Traceback" not in ran.stderr
    missing = {extra for module, extra in EXTRA_OF.items() if find_spec(module) is None}
    assert any(f".[{extra}]" in ran.stderr for extra in missing), ran.stderr
