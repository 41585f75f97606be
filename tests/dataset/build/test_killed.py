"""A build that is killed, or stopped with Ctrl-C, leaves nothing half-made."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from collection_factory import draw, write_csv

pytestmark = [
    pytest.mark.kill,
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
]

_LONG = 300.0  # seconds that a slow machine may take


# The real command; with one job its writing is slowed down, so that it can be caught at work.
_SLOW = """
import time
from covid_d.cli.main import main
from covid_d.dataset.build import films
from covid_d.dataset.build import output

def slowly(order):
    written = films.write_film(order)
    time.sleep(0.5)
    return written

output.write_film = slowly
main()
"""
_PLAIN = "from covid_d.cli.main import main; main()"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("films")
    rows = []
    for number in range(16):
        draw(root / f"{number}.png", number)
        rows.append({"path": f"{number}.png", "label": "covid" if number % 2 else "normal"})
    return write_csv(root / "manifest.csv", ["path", "label"], rows)


def start(code: str, manifest: Path, out: Path, jobs: int) -> subprocess.Popen[str]:
    arguments = [
        *("dataset", "build", "--manifest", str(manifest), "--out", str(out)),
        *("--jobs", str(jobs), "--no-progress"),
    ]
    # Threads as elsewhere would only crowd a small machine.
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def wait_for(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _LONG
    while not happened():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.002)


def writing(out: Path) -> bool:
    return any(out.parent.glob(f".{out.name}.partial-*/train/*/*.png"))


def children(process: int) -> set[int]:
    path = Path(f"/proc/{process}/task/{process}/children")
    return {int(number) for number in path.read_text().split()} if path.exists() else set()


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    # A process that ended but was not collected by its new parent still answers.
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def assert_the_next_build_succeeds(manifest: Path, out: Path) -> None:
    again = start(_PLAIN, manifest, out, jobs=1)
    _, errors = again.communicate(timeout=_LONG)
    assert again.returncode == 0, errors
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    assert (out / "dataset.json").is_file()


def test_killed_while_writing_it_leaves_no_data_set(manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build = start(_SLOW, manifest, out, jobs=1)
    wait_for(lambda: writing(out), "the first film")
    build.kill()
    build.communicate(timeout=_LONG)
    assert build.returncode == -signal.SIGKILL
    assert not out.exists()
    assert_the_next_build_succeeds(manifest, out)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to see processes")
def test_killed_it_leaves_no_process(manifest: Path, tmp_path: Path) -> None:
    build = start(_PLAIN, manifest, tmp_path / "out", jobs=2)
    # Two helpers, and the process that collects what they share.
    wait_for(lambda: len(children(build.pid)) >= 3, "the helpers")
    helpers = children(build.pid)
    build.kill()
    build.communicate(timeout=_LONG)
    assert not (tmp_path / "out").exists()
    wait_for(lambda: not any(alive(helper) for helper in helpers), "the helpers' end")


def test_ctrl_c_cleans_up(manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build = start(_SLOW, manifest, out, jobs=1)
    wait_for(lambda: writing(out), "the first film")
    os.killpg(build.pid, signal.SIGINT)  # as a terminal does: to the whole group
    _, errors = build.communicate(timeout=_LONG)
    assert build.returncode == 130
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to see processes")
def test_ctrl_c_ends_the_helpers(manifest: Path, tmp_path: Path) -> None:
    build = start(_PLAIN, manifest, tmp_path / "out", jobs=2)
    wait_for(lambda: len(children(build.pid)) >= 3, "the helpers")
    helpers = children(build.pid)
    build.send_signal(signal.SIGINT)
    _, errors = build.communicate(timeout=_LONG)
    assert build.returncode == 130, errors
    assert list(tmp_path.iterdir()) == []
    wait_for(lambda: not any(alive(helper) for helper in helpers), "the helpers' end")
