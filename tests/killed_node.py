"""The real node, killed and started again, and a station that sends to it."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Final

from pydicom import Dataset

from pacs_factory import Archive, send, wait_until
from ports import own_port
from zygote import Zygote

_SCRIPT: Final = Path(__file__).parent / "pacs" / "node_zygote.py"


class KilledNode:
    """``covid-d pacs serve``, to be killed and started again.

    Parameters
    ----------
    archive
        Where its answers go.
    bundle
        Folder of the bundle that answers.
    settings
        Others of the node, by name.
    """

    def __init__(self, archive: Archive, bundle: Path, **settings: str | Path) -> None:
        self.port = own_port()
        self._zygote = Zygote(
            _SCRIPT,
            environment={
                "COVID_D_BUNDLE": str(bundle),
                "COVID_D_PACS_PORT": str(self.port),
                "COVID_D_PACS_SEND_TO": f"ARCHIVE@127.0.0.1:{archive.port}",
                "COVID_D_PACS_TIMEOUT_S": "10",
                **{f"COVID_D_PACS_{name.upper()}": str(each) for name, each in settings.items()},
            },
        )
        self.kill, self.close = self._zygote.kill, self._zygote.close

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._zygote.start()
        wait_until(self._listens, seconds=120)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Station(threading.Thread):
    """Sends each film until it is acknowledged, as a router does."""

    def __init__(self, node: KilledNode, films: list[Dataset]) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[Dataset] = []
        self.ending = threading.Event()
        self._node, self._films = node, films

    def run(self) -> None:
        for film in self._films:
            while not self.ending.is_set():
                if send(self._node.port, film, aet="STATION") == [0x0000]:
                    self.acknowledged.append(film)
                    break
                time.sleep(0.02)
