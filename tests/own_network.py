"""A network of a test's own: programs may listen on every address and nobody hears them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import real_parts

# Brings the loopback up (SIOCSIFFLAGS, IFF_UP | IFF_RUNNING) and stays, so that others can enter.
_HOLDER = """
import fcntl, socket, struct, sys
door = socket.socket()
fcntl.ioctl(door, 0x8914, struct.pack("16sh", b"lo", 0x41))
print("up", flush=True)
sys.stdin.read()
"""
_FETCH = """
import json, sys, urllib.request
request = urllib.request.Request(sys.argv[1], method=sys.argv[2])
with urllib.request.urlopen(request, timeout=20) as answer:
    sys.stdout.buffer.write(answer.read())
"""


@dataclass(frozen=True, slots=True)
class OwnNetwork:
    """A network namespace; programs are started inside it."""

    holder: int

    def command(self, *words: object) -> list[str]:
        """Return a command that runs inside."""
        return ["nsenter", "--target", str(self.holder), "--net", *map(str, words)]

    def run(self, *words: object, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a program inside to its end."""
        return subprocess.run(
            self.command(*words),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            **options,
        )

    @contextmanager
    def running(
        self, *words: object, log: Path, env: dict[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a program inside until the block ends."""
        with log.open("ab") as out:
            process = subprocess.Popen(self.command(*words), stdout=out, stderr=out, env=env)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def fetch(self, address: str, method: str = "GET") -> Any:
        """Ask a web server inside; return its JSON, or ``None`` while it does not answer."""
        ran = self.run(sys.executable, "-c", _FETCH, address, method)
        return json.loads(ran.stdout) if ran.returncode == 0 and ran.stdout else None

    @classmethod
    @contextmanager
    def made(cls) -> Iterator[OwnNetwork]:
        """Make one, and take it down after the block; see ``real_parts.lacking``."""
        if shutil.which("unshare") is None or shutil.which("nsenter") is None:
            real_parts.lacking("unshare and nsenter are not installed")
        if os.geteuid() != 0:
            real_parts.lacking("a network of its own needs root")
        holder = subprocess.Popen(
            ["unshare", "--net", sys.executable, "-c", _HOLDER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            assert holder.stdout is not None
            if holder.stdout.readline().strip() != b"up":
                real_parts.lacking("this machine makes no network of its own")
            yield cls(holder.pid)
        finally:
            assert holder.stdin is not None
            holder.stdin.close()
            holder.wait(timeout=30)


def program(name: str) -> str:
    """Return a program's path; see ``real_parts.lacking``."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        real_parts.lacking(f"{name} is not installed")
    return found
