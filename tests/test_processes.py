"""Processes of our own: their pipes, their ends, and callers without a guard."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from covid_d.processes import begin, how_it_ended

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")


def _echo(order: str, pipe: Connection) -> None:
    pipe.send((order, pipe.recv(), sys.modules["__main__"].__name__))


def _die(order: int, pipe: Connection) -> None:
    os.kill(os.getpid(), order)


def test_it_knows_its_order_and_answers() -> None:
    process, pipe = begin(_echo, "order")
    pipe.send("question")
    assert pipe.recv()[:2] == ("order", "question")
    process.join()
    assert process.exitcode == 0


def test_its_death_closes_the_pipe() -> None:
    process, pipe = begin(_die, signal.SIGKILL)
    with pytest.raises(EOFError):
        pipe.recv()
    process.join()
    assert how_it_ended(process.exitcode) == "SIGKILL"


def test_nobody_waits_for_one_that_could_not_start_whatever_its_order(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os; os._exit(3)")
    script = (
        "import os\n"
        "from covid_d.processes import begin, how_it_ended\n"
        f"os.environ['PYTHONPATH'] = {str(tmp_path)!r}\n"
        "process, pipe = begin(print, b'x' * 2**21)\n"  # more than a pipe or a socket holds
        "try:\n    pipe.recv()\n"
        "except (EOFError, OSError):\n    process.join()\n"
        "print(how_it_ended(process.exitcode))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300
    )
    assert done.stdout == "exit code 3\n", done.stderr


def test_a_large_order_arrives() -> None:
    process, pipe = begin(_echo, b"x" * 2**21)
    pipe.send("question")
    assert pipe.recv()[0] == b"x" * 2**21
    process.join()


@pytest.mark.parametrize(
    ("code", "said"),
    [(-11, "SIGSEGV"), (-9, "SIGKILL"), (1, "exit code 1"), (None, "exit code None")],
)
def test_ends_in_words(code: int | None, said: str) -> None:
    assert how_it_ended(code) == said


def test_a_script_without_a_guard_is_not_run_again(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_processes import _echo\n"
        "from covid_d.processes import begin\n"
        "print('once')\n"
        "process, pipe = begin(_echo, 'order')\n"
        "pipe.send('x')\n"
        "print(pipe.recv()[0])\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=300
    )
    assert done.stdout == "once\norder\n", done.stderr
