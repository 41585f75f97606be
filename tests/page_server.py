"""The offline page's own small server, as it lies in the folder, at a port that is free."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from covid_d.offline.build import PORT, server_source


@contextmanager
def served(folder: Path, port: int = 0) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run it without opening a browser; yields its address and its process."""
    source = server_source().replace(str(PORT), str(port))
    source = source.replace("webbrowser.open(address)", "pass")
    script = folder / "serve.py"
    script.write_text(source, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-I", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip(), server
        finally:
            server.kill()
