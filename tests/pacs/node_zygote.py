"""Starts the real command again and again, fast: it is imported and warmed once, then forked.

Each line on standard input starts ``covid-d pacs serve`` as a child and prints its process id; the
test kills it as it likes. Run as ``python node_zygote.py``, settings in the environment.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from pathlib import Path

import covid_d.clinic.arrivals.desk
import covid_d.pacs.results.report  # noqa: F401
from covid_d.cli.main import main as command
from covid_d.pacs.node import Node
from covid_d.pacs.peer import Peer
from covid_d.pacs.send import CallOptions, echo
from covid_d.pacs.settings import PacsSettings


def main() -> None:
    _warm()
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nowhere, stream)
            command(["pacs", "serve"])
            os._exit(0)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


def _warm() -> None:
    """Do once what costs a first node 200 ms, and each of 200 children would do again."""
    with tempfile.TemporaryDirectory() as folder:
        node = Node(PacsSettings(data=Path(folder), port=0, send_to=(), clinic=None))
        node.start()
        echo(Peer("COVID-D", "127.0.0.1", node.port), CallOptions("TEST", 30))
        node.stop()
    gc.freeze()


if __name__ == "__main__":
    main()
