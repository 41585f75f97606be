"""Starts the clinic's real server again and again, fast: imported and warmed once, then forked.

Each line on standard input starts one server as a child and prints its process id; the test kills
it as it likes. Run as ``python server_zygote.py PORT``, settings in the environment.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from pathlib import Path

import uvicorn

from covid_d.clinic.app import create_app
from covid_d.clinic.installation import Installation
from covid_d.clinic.settings import ClinicSettings
from covid_d.detector import Detector
from covid_d.radiograph.sample import sample_film


def main(port: int) -> None:
    _warm()
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            uvicorn.run(create_app(Installation.open()), port=port, log_level="critical")
            os._exit(0)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


def _warm() -> None:
    """Do once what costs a first server half a second, and each child would do again."""
    Detector.load().assess(sample_film())
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation.open(ClinicSettings(data=Path(folder), database_url=None))
        create_app(installation)
        installation.close()
    gc.freeze()


if __name__ == "__main__":
    main(int(sys.argv[1]))
