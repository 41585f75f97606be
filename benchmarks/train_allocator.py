"""How much training on a CPU gains from an allocator that keeps its memory.

    python benchmarks/train_allocator.py DATASET [--limit 160] [--allocator FILE] [--json FILE]

Trains the same epochs twice in turn, each in a process of its own: with the system's allocator and
with jemalloc preloaded (Linux). glibc gives large blocks back to the kernel after every step and
takes them again, page by page, at the next. Reports the seconds of each unfrozen epoch and the page
faults of each run. Needs the extra ``train``.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

JEMALLOC = Path("/usr/lib/x86_64-linux-gnu/libjemalloc.so.2")
KEEP = "dirty_decay_ms:-1,muzzy_decay_ms:-1,retain:true"


def train(dataset: Path, out: Path, limit: int, allocator: Path | None) -> dict[str, Any]:
    """Train one run; return its epochs' seconds and its page faults."""
    environment = dict(os.environ)
    if allocator is not None:
        environment |= {"LD_PRELOAD": str(allocator), "MALLOC_CONF": KEEP}
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
    subprocess.run(
        [
            sys.executable, "-m", "covid_d", "train", str(dataset), "--out", str(out),
            "--limit", str(limit), "--frozen-epochs", "0", "--epochs", "3", "--no-lr-finder",
            "--batchnorm", "train",
        ],
        check=True, env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    faults = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt - before
    with (out / "history.csv").open(encoding="utf-8", newline="") as stream:
        seconds = [float(row["seconds"]) for row in csv.DictReader(stream)]
    return {"seconds_per_epoch": seconds, "page_faults": faults}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--limit", type=int, default=160)
    parser.add_argument("--allocator", type=Path, default=JEMALLOC)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if not options.allocator.is_file():
        parser.error(f"{options.allocator} is not there; install jemalloc or name --allocator FILE")
    figures: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, allocator in (("system", None), ("jemalloc", options.allocator)):
            figures[name] = train(options.dataset, Path(folder) / name, options.limit, allocator)
    medians = {}
    for name, found in figures.items():
        seconds = found["seconds_per_epoch"]
        medians[name] = statistics.median(seconds)
        print(f"{name:>9}: {seconds} s an epoch, {found['page_faults']:,} page faults")
    print(f"ratio of medians: {medians['system'] / medians['jemalloc']:.1f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
