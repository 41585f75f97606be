"""What is locked is what is declared, by hash, in the versions that the tests pass with."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "locks"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SETS = {
    "base": [],
    "clinic": ["clinic"],
    "clinic-postgres": ["clinic", "postgres"],
    "data": ["data"],
    "pacs": ["pacs"],
    "screen": ["screen"],
    "ray": ["ray"],
    "train": ["train"],
    "dev": ["dev"],
}
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>[^ ;\\]+)")


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"locks_{name}", LOCKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _locked(name: str) -> dict[str, list[str]]:
    """Versions by canonical name: more than one where markers tell systems apart."""
    found: dict[str, list[str]] = {}
    for line in (LOCKS / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        pin = PIN.match(line)
        if pin:
            found.setdefault(canonicalize_name(pin["name"]), []).append(pin["version"])
    return found


def _declared(extras: list[str]) -> list[Requirement]:
    """What an install with these extras asks for, extras of our own followed."""
    found = [Requirement(one) for one in PROJECT["dependencies"]]
    waiting = list(extras)
    while waiting:
        for one in map(Requirement, PROJECT["optional-dependencies"][waiting.pop()]):
            if one.name == "covid-d":
                waiting.extend(one.extras)
            else:
                found.append(one)
    return found


def test_there_is_a_lock_for_each_install_set() -> None:
    assert {path.stem for path in LOCKS.glob("*.txt")} == set(SETS)
    assert {name: list(extras) for name, extras in _script("lock").SETS.items()} == SETS


@pytest.mark.parametrize("name", SETS)
def test_everything_declared_is_locked_in_a_version_that_fits(name: str) -> None:
    locked = _locked(name)
    for wanted in _declared(SETS[name]):
        versions = locked.get(canonicalize_name(wanted.name))
        assert versions, f"{wanted.name}: run `make locks`"
        assert all(wanted.specifier.contains(one, prereleases=True) for one in versions), wanted


@pytest.mark.parametrize("name", SETS)
def test_every_line_is_a_pin_or_a_hash_and_names_no_host(name: str) -> None:
    text = (LOCKS / f"{name}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text
    pinned = 0
    for line in text.splitlines():
        if line.startswith("    --hash=sha256:"):
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), line
            pinned += 1
        else:
            assert PIN.match(line), line
            assert line.endswith("\\"), f"no hash: {line}"
    assert pinned >= len(_locked(name))


@pytest.mark.parametrize("name", SETS)
def test_the_versions_are_those_that_the_tests_pass_with(name: str) -> None:
    constraints: dict[str, str] = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        pin = PIN.match(line)
        if pin:
            constraints[canonicalize_name(pin["name"])] = pin["version"]
    for package, versions in _locked(name).items():
        if package in constraints:
            assert versions == [constraints[package]], package


def test_the_clinic_needs_no_torch() -> None:
    for name in ("base", "clinic", "clinic-postgres"):
        assert "torch" not in _locked(name)
    assert "torch" in _locked("train")


def test_the_bill_of_materials_names_what_is_locked(tmp_path: Path) -> None:
    pytest.importorskip("cyclonedx_py", reason="`make dist` installs it")
    target = tmp_path / "clinic.cdx.json"
    words = [sys.executable, "-m", "cyclonedx_py", "requirements", str(LOCKS / "clinic.txt")]
    words += ["--output-reproducible", "--output-format", "JSON", "--output-file", str(target)]
    subprocess.run(words, check=True, capture_output=True)
    told = json.loads(target.read_text(encoding="utf-8"))
    assert told["bomFormat"] == "CycloneDX"
    named = {canonicalize_name(one["name"]) for one in told["components"]}
    assert set(_locked("clinic")) <= named


def test_make_builds_the_bills_and_the_audit() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.partition("\ndist:")[2].partition("\n\n")[0]
    assert "cyclonedx_py requirements locks/" in recipe
    rest = makefile.partition("\nrest:")[2].partition("\n\n")[0]
    assert re.search(r"\binstalls$", rest, re.MULTILINE)
    assert re.search(r"^installs:.*\baudit\b", makefile, re.MULTILINE), "`make test-all` audits"


@pytest.mark.parametrize(
    ("told", "status", "said"),
    [
        ("", 0, "no database of advisories could be reached"),
        ("{", 0, "no database of advisories could be reached"),
        ('{"dependencies": [{"name": "a", "skip_reason": "unknown"}]}', 0, "knows none"),
        (
            '{"dependencies": [{"name": "a", "version": "1", "vulns": []},'
            ' {"name": "b", "skip_reason": "unknown"}]}',
            0,
            "1 dependencies without known advisories, 1 not known there",
        ),
        (
            '{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}]}]}',
            1,
            "known to be unsafe: a 1: PYSEC-1",
        ),
    ],
)
def test_the_audit_says_what_it_could_not_ask(told: str, status: int, said: str) -> None:
    found, words = _script("audit").verdict(told)
    assert found == status
    assert said in words
