"""Ask a database of advisories about what is locked; say so where none can be reached.

``make audit`` runs it, in ``make test-all`` too: 1 where a dependency is known to be unsafe, 0
where none is, or where nobody could be asked, which is said.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
SETS: Final = ("base", "clinic-postgres", "train")


def verdict(told: str) -> tuple[int, str]:
    """Return the exit status and the words for what ``pip-audit --format json`` printed.

    Parameters
    ----------
    told
        Its standard output; empty where it failed.
    """
    try:
        found: list[dict[str, Any]] = json.loads(told)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 0, "no database of advisories could be reached: nothing was audited"
    unsafe = [one for one in found if one.get("vulns")]
    asked = [one for one in found if "skip_reason" not in one]
    if unsafe:
        named = (
            f"{one['name']} {one['version']}: {', '.join(v['id'] for v in one['vulns'])}"
            for one in unsafe
        )
        return 1, "known to be unsafe: " + "; ".join(named)
    if not asked:
        return 0, "the database knows none of the dependencies: nothing was audited"
    left = len(found) - len(asked)
    return 0, f"{len(asked)} dependencies without known advisories, {left} not known there"


def main() -> int:
    """Audit every lock."""
    worst = 0
    for name in SETS:
        words = [sys.executable, "-m", "pip_audit", "--requirement", f"locks/{name}.txt"]
        words += ["--require-hashes", "--disable-pip", "--progress-spinner", "off"]
        words += ["--format", "json"]
        try:
            ran = subprocess.run(
                words, cwd=ROOT, check=False, capture_output=True, text=True, timeout=300
            )
            told = ran.stdout
        except subprocess.TimeoutExpired:
            told = ""
        status, said = verdict(told)
        print(f"locks/{name}.txt: {said}")
        worst = max(worst, status)
    return worst


if __name__ == "__main__":
    sys.exit(main())
