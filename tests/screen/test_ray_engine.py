"""Ray: the same answers as the local engine gives, also where no network is."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from covid_d.detector import Detector, expand
from covid_d.errors import CovidDError
from covid_d.radiograph.phantom import draw_phantom
from covid_d.screen import ScreenJob
from covid_d.screen.ray_engine import QUIET, _as_ours, _key
from covid_d.screen.table import answer_of
from own_network import OwnNetwork

slow = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray comes with the extra ray"),
    pytest.mark.skipif(sys.platform != "linux", reason="Ray's nodes are Linux machines"),
]
LONGEST = 400.0


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four lots, with a torn film in each."""
    folder = tmp_path_factory.mktemp("ray") / "films"
    folder.mkdir()
    draw_phantom(1, size=128).to_image().save(folder / "000.png")
    content = (folder / "000.png").read_bytes()
    for number in range(1, 230):
        (folder / f"{number:03}.png").write_bytes(content if number % 64 else content[:2000])
    return folder


def command(films: Path, job: Path, bundle: Path, *words: str) -> list[str]:
    begun = ["screen", "run", films, "--out", job, "--bundle", bundle, "--engine", "ray", *words]
    return [sys.executable, "-m", "covid_d", *map(str, begun)]


def check(films: Path, job: Path, bundle: Path) -> None:
    expected = [answer.to_dict() for answer in Detector.load(bundle).assess_many(expand([films]))]
    kept: list[dict[str, Any]] = [row for part in ScreenJob.open(job).rows() for row in part]
    assert [row["number"] for row in kept] == list(range(len(expected)))
    assert [answer_of(row) for row in kept] == expected


class TestOneNode:
    pytestmark = slow

    def test_the_same_answers_without_any_network(
        self, films: Path, bundle: Path, tmp_path: Path
    ) -> None:
        job = tmp_path / "job"
        with OwnNetwork.made() as network:
            done = subprocess.run(
                network.command(*command(films, job, bundle, "--workers", "2")),
                capture_output=True,
                text=True,
                timeout=LONGEST,
            )
        assert done.returncode == 0, done.stderr[-3000:]
        check(films, job, bundle)
        assert ScreenJob.open(job).place.names("trying") == []


def test_an_actors_own_error_is_told_as_ours() -> None:
    wrapped = RuntimeError("task failed")
    wrapped.__cause__ = CovidDError("The disk is full.", "Free some space.")
    found = _as_ours(wrapped)
    assert (found.message, found.next_step) == ("The disk is full.", "Free some space.")


def test_rays_own_error_is_one_line() -> None:
    found = _as_ours(RuntimeError("first\nsecond\nThe node died."))
    assert found.message == "Ray could not go on: The node died."
    assert "run the same command again" in found.next_step


def test_nothing_is_reported_to_anybody() -> None:
    assert QUIET["RAY_USAGE_STATS_ENABLED"] == "0"


class TestToken:
    """A token that is kept is shown to the cluster; Ray 2.60 itself does so from 2.61 on."""

    @pytest.fixture(autouse=True)
    def at_home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE"):
            monkeypatch.delenv(name, raising=False)

    def test_none(self) -> None:
        assert _key() == {}

    def test_in_its_place(self, tmp_path: Path) -> None:
        (tmp_path / ".ray").mkdir()
        (tmp_path / ".ray" / "auth_token").write_text("secret")
        assert _key() == {"RAY_AUTH_MODE": "token"}

    @pytest.mark.parametrize("name", ["RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"])
    def test_in_the_environment(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(name, "x")
        assert _key() == {"RAY_AUTH_MODE": "token"}
