"""Lock each install set: every dependency in one version, with the hashes of its files.

``make locks`` runs it. Versions that ``constraints.txt`` names are kept.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
SETS: Final[dict[str, tuple[str, ...]]] = {
    "base": (),
    "clinic": ("clinic",),
    "clinic-postgres": ("clinic", "postgres"),
    "data": ("data",),
    "pacs": ("pacs",),
    "screen": ("screen",),
    "ray": ("ray",),
    "train": ("train",),
    "dev": ("dev",),
}
"""Name of the lock to the extras that it holds."""
_OLDEST: Final = "3.11.5"


def main() -> int:
    """Write every lock; 1 where one cannot be resolved."""
    failed = 0
    for name, extras in SETS.items():
        words = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--quiet"]
        words += ["--universal", "--generate-hashes", "--no-header", "--no-annotate"]
        words += ["--no-emit-index-url", "--constraint", "constraints.txt"]
        words += ["--python-version", _OLDEST, "--output-file", f"locks/{name}.txt"]
        words += [word for extra in extras for word in ("--extra", extra)]
        failed |= subprocess.run(words, cwd=ROOT, check=False, env=os.environ).returncode
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
