"""The adults' films: ``screen`` answers each as ``predict --json`` does, row by row.

Of the 2,153 every fifteenth, but for ``COVID_D_TEST_FILMS=all``, which takes twenty minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from covid_d.screen import ScreenJob, screen
from covid_d.screen.run import Engine
from covid_d.screen.table import answer_of
from ray_cluster import TOKEN, RayCluster

pytestmark = [pytest.mark.real, pytest.mark.slow]
with_ray = pytest.mark.skipif(
    find_spec("ray") is None or sys.platform != "linux", reason="Ray: extra ray, on Linux"
)
ALL = 2153
STEP = 1 if os.environ.get("COVID_D_TEST_FILMS") == "all" else 15
FILMS = len(range(0, ALL, STEP))


@pytest.fixture(scope="module")
def films(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    adult, folder = real_data / "adult", tmp_path_factory.mktemp("films")
    found = sorted(adult.rglob("*.jpg"))
    assert len(found) == ALL
    for path in found[::STEP]:
        (folder / path.parent.relative_to(adult)).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / path.relative_to(adult))
    return folder


@pytest.fixture(scope="module")
def expected(films: Path) -> list[dict[str, Any]]:
    """What ``predict`` says of each, in its order."""
    words = ["predict", str(films), "--json", "--bundle", "builtin", "--prevalence", "0.1"]
    done = subprocess.run(
        [sys.executable, "-m", "covid_d", *words],
        capture_output=True,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if name != "COVID_D_LIKELIHOOD"},
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == FILMS
    assert not [each for each in answers if (each["refusal"] or {}).get("code") == "internal_error"]
    return answers


def answers_of(job: Path) -> list[dict[str, Any]]:
    return [answer_of(row) for part in ScreenJob.open(job).rows() for row in part]


@pytest.mark.parametrize("engine", ["local", pytest.param("ray", marks=with_ray)])
def test_every_answer_is_that_of_predict(
    films: Path, expected: list[dict[str, Any]], tmp_path: Path, engine: Engine
) -> None:
    counts = screen(films, tmp_path / "job", bundle="builtin", prevalence=0.1, engine=engine)
    assert counts.films == counts.numbers == FILMS
    assert answers_of(tmp_path / "job") == expected


@with_ray
def test_every_answer_of_two_nodes_is_that_of_predict(
    films: Path,
    expected: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in TOKEN.items():
        monkeypatch.setenv(name, value)
    asked = ("--bundle", "builtin", "--prevalence", "0.1")
    with RayCluster.started() as cluster:
        words = cluster.command("screen", "run", films, "--out", tmp_path / "job", *asked)
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert answers_of(tmp_path / "job") == expected
