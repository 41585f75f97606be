"""The wheel as a user gets it: built, installed into an empty environment, assessing a film."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from covid_d import __version__
from covid_d.provenance import source_sha256, this_code

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def _run(*words: object, cwd: Path) -> str:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("COVID_D_") and name != "PYTHONPATH"
    }
    ran = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    return ran.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make dist` builds."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def python(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an empty environment with the wheel, and the sample film, in it."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    venv.create(folder, with_pip=True)
    program = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    (wheel,) = dist.glob("*.whl")
    pip = (program, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    _run(*pip, "--constraint", ROOT / "constraints.txt", f"{wheel}[demo]", cwd=folder.parent)
    return program


def test_the_archives_carry_the_version_and_nothing_private(dist: Path) -> None:
    names = {path.name for path in dist.iterdir()}
    wheel, source = f"covid_d-{__version__}-py3-none-any.whl", f"covid_d-{__version__}.tar.gz"
    assert {wheel, source} <= names
    with zipfile.ZipFile(dist / wheel) as opened:
        inside = opened.namelist()
    assert "covid_d/models/cxr-appearance/bundle.json" in inside
    assert "covid_d/py.typed" in inside
    assert {name.partition("/")[0] for name in inside} == {
        "covid_d",
        f"covid_d-{__version__}.dist-info",
    }
    with tarfile.open(dist / source) as packed:
        members = [name.partition("/")[2] for name in packed.getnames()]
    assert "src/covid_d/__init__.py" in members
    assert not [name for name in members if name.startswith((".venv", "runs/", "data/", ".git/"))]


def test_it_is_the_same_code(python: Path, tmp_path: Path) -> None:
    script = "from covid_d.provenance import source_sha256; print(source_sha256())"
    assert _run(python, "-c", script, cwd=tmp_path).strip() == source_sha256()


def test_it_assesses_a_real_film(python: Path, tmp_path: Path) -> None:
    said = _run(python, "-m", "covid_d", "demo", "--out", "demo", "--lang", "en", cwd=tmp_path)
    assert "%" in said
    assert len(list((tmp_path / "demo").glob("*.png"))) == 1
    version = _run(python.with_name("covid-d"), "--version", cwd=tmp_path)
    assert version.strip().endswith(this_code())


def test_an_extra_that_is_absent_is_asked_for_by_path(python: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [str(python), "-m", "covid_d", "serve"], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 1
    assert f"covid_d-{__version__}-py3-none-any.whl[clinic]" in ran.stderr
