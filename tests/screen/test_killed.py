"""Whatever is killed, however often: run again, every film has one row, and it is the right one.

``COVID_D_TEST_KILLS=30`` kills thirty times over an archive of 3,000 films.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from covid_d.detector import Detector, expand
from covid_d.radiograph.phantom import draw_phantom
from covid_d.screen import ScreenJob
from covid_d.screen.table import answer_of

pytestmark = [
    pytest.mark.kill,
    pytest.mark.skipif(sys.platform != "linux", reason="finds its processes in /proc"),
]
KILLS = int(os.environ.get("COVID_D_TEST_KILLS", "5"))
FILMS = max(400, 100 * KILLS)
LONGEST = 600.0  # seconds: a run that hangs is a failure, not a wait


def make_films(folder: Path, count: int) -> Path:
    folder.mkdir()
    contents = []
    for seed in range(8):
        draw_phantom(seed, size=160).to_image().save(folder / "film.png")
        contents.append((folder / "film.png").read_bytes())
    (folder / "film.png").unlink()
    for number in range(count):
        content = contents[number % 8]
        torn = content[:2000] if number % 37 == 0 else content
        (folder / f"{number:05}.png").write_bytes(torn)
    return folder


def workers_of(driver: int) -> list[int]:
    """Return a run's workers, and theirs."""
    found, look = [], [driver]
    while look:
        parent = look.pop()
        try:
            text = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
        except OSError:
            continue
        children = [int(word) for word in text.split()]
        found += children
        look += children
    return found


def begin(films: Path, job: Path, bundle: Path) -> subprocess.Popen[bytes]:
    words = ["screen", "run", films, "--out", job, "--bundle", bundle, "--workers", "2"]
    return subprocess.Popen(
        [sys.executable, "-m", "covid_d", *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def parts(job: Path) -> int:
    folder = job / "films"
    return sum(1 for _ in folder.glob("*.parquet")) if folder.is_dir() else 0


def until(run: subprocess.Popen[bytes], job: Path, wanted: int) -> None:
    """Wait until so many parts are there, or the run has ended."""
    began = time.monotonic()
    while parts(job) < wanted and run.poll() is None:
        assert time.monotonic() - began < LONGEST, "it hangs"
        time.sleep(0.01)


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def screened_with_kills(films: Path, job: Path, bundle: Path, kills: int, seed: int) -> None:
    """Run a job to its end and kill ``kills`` of its processes on the way."""
    chance = random.Random(seed)
    left = kills
    while True:
        run = begin(films, job, bundle)
        lots = len(list(films.iterdir())) // 64
        while left and run.poll() is None:
            # The kills lie over the whole of the work, wherever in it they fall.
            until(run, job, int(lots * (kills - left) / kills))
            time.sleep(chance.uniform(0, 0.3))
            others = workers_of(run.pid)
            if chance.random() < 0.4 or not others:
                kill(run.pid)
                left -= 1
                break
            kill(chance.choice(others))
            left -= 1
        _, said = run.communicate(timeout=LONGEST)
        if run.returncode == 0:
            return
        assert run.returncode == -signal.SIGKILL, said.decode()


def check(films: Path, job: Path, bundle: Path) -> None:
    expected = [answer.to_dict() for answer in Detector.load(bundle).assess_many(expand([films]))]
    kept = [row for rows in ScreenJob.open(job).rows() for row in rows]
    assert [row["number"] for row in kept] == list(range(len(expected)))
    assert [answer_of(row) for row in kept] == expected
    assert not [path for path in job.rglob("*.partial-*") if path.suffix == ".parquet"]


def test_killed_again_and_again(bundle: Path, tmp_path: Path) -> None:
    films = make_films(tmp_path / "films", FILMS)
    screened_with_kills(films, tmp_path / "job", bundle, KILLS, seed=20)
    check(films, tmp_path / "job", bundle)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_ends_cleanly_and_goes_on(
    bundle: Path, tmp_path: Path, how: signal.Signals
) -> None:
    films, job = make_films(tmp_path / "films", 600), tmp_path / "job"
    run = begin(films, job, bundle)
    until(run, job, 1)
    os.kill(run.pid, how)
    _, said = run.communicate(timeout=LONGEST)
    assert run.returncode == 130
    assert b"Traceback" not in said
    assert list((job / "trying").iterdir()) == []
    assert 0 < parts(job) < 10
    again = begin(films, job, bundle)
    again.communicate(timeout=LONGEST)
    assert again.returncode == 0
    check(films, job, bundle)


def test_ctrl_c_at_a_terminal_reaches_every_process(bundle: Path, tmp_path: Path) -> None:
    films, job = make_films(tmp_path / "films", 600), tmp_path / "job"
    run = begin(films, job, bundle)
    until(run, job, 1)
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=LONGEST)
    assert run.returncode == 130
    assert b"Traceback" not in said


def test_workers_of_a_killed_run_end_by_themselves(bundle: Path, tmp_path: Path) -> None:
    films, job = make_films(tmp_path / "films", 600), tmp_path / "job"
    run = begin(films, job, bundle)
    until(run, job, 1)
    workers = workers_of(run.pid)
    assert workers
    kill(run.pid)
    run.communicate(timeout=LONGEST)
    began = time.monotonic()
    while any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers):
        assert time.monotonic() - began < LONGEST
        time.sleep(0.05)
