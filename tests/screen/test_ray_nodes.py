"""Two nodes of a Ray cluster, in a network that leads nowhere; what is killed takes nothing along.

``COVID_D_TEST_KILLS=30`` kills thirty times: the driver, an answering process or a node, by chance.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from covid_d.detector import Detector, expand
from covid_d.radiograph.phantom import draw_phantom
from covid_d.screen import ScreenJob
from covid_d.screen.table import answer_of
from ray_cluster import TOKEN, RayCluster, kill

pytestmark = [
    pytest.mark.slow,
    pytest.mark.kill,
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray comes with the extra ray"),
    pytest.mark.skipif(sys.platform != "linux", reason="Ray's nodes are Linux machines"),
]
KILLS = int(os.environ.get("COVID_D_TEST_KILLS", "1"))
# A node takes some seconds to start: there is work for the others meanwhile.
LOTS = 7 if KILLS == 1 else 8 * KILLS
LONGEST = 400.0


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a cluster demands, and nothing that says so: the engine must find out by itself."""
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    for name, value in TOKEN.items():
        monkeypatch.setenv(name, value)


def until(met: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not met():
        assert time.monotonic() - began < LONGEST, "it hangs"
        time.sleep(0.05)


def make_films(folder: Path) -> Path:
    """Write some lots, with a torn film in each."""
    folder.mkdir()
    draw_phantom(1, size=128).to_image().save(folder / "00000.png")
    content = (folder / "00000.png").read_bytes()
    for number in range(1, 64 * LOTS - 10):
        (folder / f"{number:05}.png").write_bytes(content if number % 64 else content[:2000])
    return folder


def parts(job: Path) -> int:
    return sum(1 for _ in (job / "films").glob("*.parquet"))


def killed_on_the_way(cluster: RayCluster, words: list[str], job: Path, kills: int) -> None:
    """Run a job to its end; the node is killed first, then who is hit by chance."""
    chance = random.Random(20)
    left = kills
    while True:
        run = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        # Parts grow from kill to kill, so that the kills lie over the whole of the work.
        while left and run.poll() is None:
            wanted = 1 + LOTS * (kills - left) // (kills + 1)
            until(lambda: run.poll() is not None or parts(job) >= wanted)  # noqa: B023
            if run.poll() is not None:
                break
            left -= 1
            whom = "node" if left == kills - 1 else chance.choice(["driver", "actor", "node"])
            if whom == "driver":
                kill(run.pid)
                break
            if whom == "node":
                cluster.second.kill()
                if left:
                    cluster.second.start()
            elif actors := cluster.head.actors() + cluster.second.actors():
                kill(chance.choice(actors))
        _, said = run.communicate(timeout=LONGEST)
        if run.returncode == 0:
            assert not left, "it ended before all were killed"
            return
        # What a lost node or process took with it is done by the next run.
        assert run.returncode == -9 or b"Ray could not go on" in said, said[-3000:]


def answers(detector: Detector, films: Path) -> list[dict[str, Any]]:
    """Answer every film; of the same bytes once."""
    kept: dict[bytes, dict[str, Any]] = {}
    found = []
    for path in expand([films]):
        content = Path(path).read_bytes()
        if content not in kept:
            kept[content] = detector.assess(path).to_dict()
        found.append(kept[content] | {"path": str(path)})
    return found


def test_the_same_answers_though_a_node_is_lost(bundle: Path, tmp_path: Path) -> None:
    films, job = make_films(tmp_path / "films"), tmp_path / "job"
    # The tests' small bundle would be done before thirty are killed: then the shipped one answers.
    own = ["--bundle", bundle] if KILLS == 1 else []
    with RayCluster.started() as cluster:
        words = cluster.command("screen", "run", films, "--out", job, *own)
        killed_on_the_way(cluster, words, job, KILLS)
        if KILLS == 1:
            assert cluster.second.process is None  # it ended on the first alone
    expected = answers(Detector.load(bundle) if own else Detector.load(), films)
    kept: list[dict[str, Any]] = [row for part in ScreenJob.open(job).rows() for row in part]
    assert [row["number"] for row in kept] == list(range(len(expected)))
    assert [answer_of(row) for row in kept] == expected
    assert ScreenJob.open(job).place.names("trying") == []
