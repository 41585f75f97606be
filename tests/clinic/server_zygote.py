"""Starts the clinic's real server again and again, fast: everything is imported once, then forked.

Each line on standard input starts one server as a child and prints its process id; the test kills
it as it likes. Run as ``python server_zygote.py PORT``, settings in the environment.
"""

from __future__ import annotations

import os
import sys

import uvicorn

from covid_d.clinic.app import create_app
from covid_d.clinic.installation import Installation


def main(port: int) -> None:
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            uvicorn.run(create_app(Installation.open()), port=port, log_level="critical")
            os._exit(0)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
