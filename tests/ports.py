"""A port for a server that is started later, or stopped and started again.

One that the system gives away (port 0) is anybody's again as soon as it is closed: of the next
test in another process, or of any connection that is made meanwhile.
"""

from __future__ import annotations

import random
import socket
from typing import Final

_OURS: Final = range(20_000, 30_000)
"""Below those that Linux (from 32768), macOS and Windows (from 49152) give away by themselves."""
_CHANCE: Final = random.SystemRandom()  # tests that fix the seed would meet at one port


def own_port() -> int:
    """Return a port of 127.0.0.1 at which nobody listens and that nobody gets by chance."""
    while True:
        port = _CHANCE.choice(_OURS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
