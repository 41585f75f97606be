"""The hash of the package's own source: the same wherever the same code lies."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import covid_d
from covid_d.provenance import described, source_sha256, this_code

PACKAGE = Path(covid_d.__file__).parent


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second copy of the package, which a test may change."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(
        PACKAGE, folder / "covid_d", ignore=shutil.ignore_patterns("__pycache__", "models")
    )
    return folder


def _hash_in(folder: Path) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", "from covid_d import provenance as p; print(p.source_sha256())"],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return ran.stdout.strip()


def test_it_is_what_sha256sum_says(copy: Path) -> None:
    # Reckoned apart: sha256sum over each file, and over its own list in the documented shape.
    listing = "find . -name '*.py' -printf '%P\\n' | LC_ALL=C sort | while read -r f; do "
    listing += 'echo "$f $(sha256sum < "$f" | cut -d\' \' -f1)"; done | sha256sum'
    ran = subprocess.run(
        ["bash", "-c", listing], cwd=PACKAGE, capture_output=True, text=True, check=True
    )
    assert source_sha256() == ran.stdout.split()[0] == _hash_in(copy)


def test_what_is_no_source_does_not_count(copy: Path) -> None:
    before = _hash_in(copy)
    (copy / "covid_d" / "__pycache__").mkdir(exist_ok=True)
    (copy / "covid_d" / "__pycache__" / "files.cpython-311.pyc").write_bytes(b"x")
    (copy / "covid_d" / "notes.txt").write_text("x")
    assert _hash_in(copy) == before


@pytest.mark.parametrize("name", ["errors.py", "clinic/roles.py"])
def test_one_changed_byte_counts_and_line_ends_do_not(copy: Path, name: str) -> None:
    file = copy / "covid_d" / name
    kept, before = file.read_bytes(), _hash_in(copy)
    file.write_bytes(kept.replace(b"\n", b"\r\n"))
    assert _hash_in(copy) == before
    file.write_bytes(kept + b"#")
    assert _hash_in(copy) != before
    file.write_bytes(kept)


def test_a_moved_file_counts(copy: Path) -> None:
    before = _hash_in(copy)
    file = copy / "covid_d" / "clinic" / "roles.py"
    moved = file.rename(file.with_name("ranks.py"))
    assert _hash_in(copy) != before
    moved.rename(file)


def test_it_is_said_in_short() -> None:
    assert described("0.3.1", "0123456789abcdef" * 4) == "0.3.1 (source 0123456789ab)"
    assert described("0.1.0", "") == "0.1.0 (source not recorded)"
    assert re.fullmatch(rf"{re.escape(covid_d.__version__)} \(source [0-9a-f]{{12}}\)", this_code())


def test_the_changelog_begins_with_this_version() -> None:
    changelog = PACKAGE.parents[1] / "CHANGELOG.md"
    versions = re.findall(r"^## \[([\d.]+)\]", changelog.read_text(encoding="utf-8"), re.MULTILINE)
    assert versions[0] == covid_d.__version__
    numbers = [tuple(map(int, version.split("."))) for version in versions]
    assert numbers == sorted(numbers, reverse=True)
