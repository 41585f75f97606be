"""A process that is imported once and forked again and again, each child to be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


class Zygote:
    """A script that forks a child for each line it is sent, says its number, and when it ended.

    Parameters
    ----------
    script, arguments
        What runs.
    environment
        Its settings, beside those of this process.
    """

    def __init__(self, script: Path, *arguments: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self._child = 0

    def start(self) -> None:
        """Have it fork a child."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self._child = int(self._process.stdout.readline())

    def kill(self) -> None:
        """Kill the child (SIGKILL), and wait until it is gone."""
        assert self._process.stdout
        os.kill(self._child, signal.SIGKILL)
        assert self._process.stdout.readline() == "ended\n"
        self._child = 0

    def close(self) -> None:
        """End both for good."""
        if self._child:
            with suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
