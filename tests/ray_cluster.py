"""A Ray cluster of a test's own: two nodes in a network that leads nowhere."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from covid_d.screen.ray_engine import QUIET
from own_network import OwnNetwork

ADDRESS: Final = "127.0.0.1:6379"  # the network is our own: nobody else listens there
TOKEN: Final = {"RAY_AUTH_TOKEN": "a token of the tests, long enough to be one"}
# A run on one machine in this same process says that there are no clusters: here there is one.
_CLUSTERS: Final = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1"}
_ENVIRONMENT: Final = dict(QUIET) | TOKEN | _CLUSTERS | {"RAY_AUTH_MODE": "token"}
_STARTS: Final = 5
_LONGEST: Final = 300.0  # seconds of a start
_LIST: Final = (
    "import ray, sys; ray.init(sys.argv[1], log_to_driver=False, logging_level='ERROR')\n"
    "print('alive:', *[node['NodeID'] for node in ray.nodes() if node['Alive']])"
)


@dataclass(slots=True)
class RayNode:
    """One node, of one processor.

    Parameters
    ----------
    network
        Where it listens.
    folder
        Of its session and its log.
    words
        How it is started.
    """

    network: OwnNetwork
    folder: Path
    words: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until the cluster has a node that it had not.

        One that was killed a moment ago still counts as alive, so how many there are tells nothing.
        A busy machine may be too slow for Ray's own limit (30 s): then it is started once more.
        """
        before = set() if "--head" in self.words else nodes(self.network)
        with (self.folder / "node.log").open("ab") as log:
            for _ in range(_STARTS):
                self.process = subprocess.Popen(
                    self.network.command(
                        *(sys.executable, "-c", "from ray.scripts.scripts import main; main()"),
                        *("start", "--block", "--node-ip-address=127.0.0.1", "--num-cpus=1"),
                        *("--disable-usage-stats", "--object-store-memory=100000000", *self.words),
                    ),
                    stdout=log,
                    stderr=log,
                    env=os.environ | _ENVIRONMENT,
                    start_new_session=True,
                )
                began = time.monotonic()
                while self.process.poll() is None and time.monotonic() - began < _LONGEST:
                    if nodes(self.network) - before:
                        return
                self.kill()
        raise AssertionError((self.folder / "node.log").read_text()[-3000:])

    def kill(self) -> None:
        """Kill it with everything that it started, as a machine without power goes."""
        if self.process is None:
            return
        for pid in [self.process.pid, *below(self.process.pid)]:
            kill(pid)
        self.process.wait()
        self.process = None

    def actors(self) -> list[int]:
        """Return its processes that answer films; others of Ray's would take the node along."""
        found = [] if self.process is None else below(self.process.pid)
        return [pid for pid in found if b"LotActor" in _command_of(pid)]


@dataclass(frozen=True, slots=True)
class RayCluster:
    """Two nodes.

    Parameters
    ----------
    network
        Where they listen; drivers are started inside it.
    head, second
        The nodes. All ends with the first.
    """

    network: OwnNetwork
    head: RayNode
    second: RayNode

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[RayCluster]:
        """Run one while the block lasts."""
        folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # a socket's path is short
        port = ADDRESS.partition(":")[2]
        head = ("--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={folder}")
        with OwnNetwork.made() as network:
            cluster = cls(
                network,
                RayNode(network, folder, head),
                RayNode(network, folder, (f"--address={ADDRESS}",)),
            )
            try:
                cluster.head.start()
                cluster.second.start()
                yield cluster
            finally:
                cluster.second.kill()
                cluster.head.kill()
                shutil.rmtree(folder, ignore_errors=True)

    def command(self, *words: object) -> list[str]:
        """Return a command of ``covid-d`` inside the network, the cluster's address behind it."""
        asked = ("--engine", "ray", "--address", ADDRESS)
        return self.network.command(sys.executable, "-m", "covid_d", *words, *asked)


def nodes(network: OwnNetwork) -> set[str]:
    """Return the nodes that the cluster takes for alive, as a process of its own sees them."""
    soon = {"RAY_gcs_rpc_server_reconnect_timeout_s": "5"}
    done = network.run(sys.executable, "-c", _LIST, ADDRESS, env=os.environ | _ENVIRONMENT | soon)
    # Ray itself may have something to say, before it and after.
    told = re.search(r"^alive:(.*)$", done.stdout, re.MULTILINE)
    return set(told[1].split()) if told else set()


def below(pid: int) -> list[int]:
    """Return a process's children, and theirs."""
    found: list[int] = []
    look = [pid]
    while look:
        parent = look.pop()
        with suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                children = [int(word) for word in (task / "children").read_text().split()]
                found += children
                look += children
    return found


def kill(pid: int) -> None:
    """Kill a process, if it is still there."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
