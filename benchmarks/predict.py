"""How fast and how small a prediction is, beside plain fastai on the same weights.

    python benchmarks/predict.py [--bundle B] [--films DIR] [--run RUN | --learner FILE]
                                 [--json FILE]

Reports one film end to end (decode to assessment), films a second over a folder, the cold start of
``covid-d predict one.png`` and the peak memory of both. With ``--run`` (a folder that
``covid-d train`` wrote) or ``--learner`` (an exported fastai learner, ``.pkl``) also fastai's
``learn.predict`` on the same films and weights, for which the extra ``train`` must be installed:
film by film in turn, so that whatever else the machine does falls on both, in time passed and in
processor time. Without ``--films``, phantoms are drawn. Figures are medians with their quartiles.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

PICTURES = {".png", ".jpg", ".jpeg"}

# Runs in a process of its own: it starts as users start it, and its peak memory is its own.
_WORKER = """
import sys
from covid_d.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    code = end.code
try:
    status = open("/proc/self/status").read()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
except OSError:
    import resource
    unit = 1024 ** 2 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
print(f"peak {peak}", file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure: median and quartiles of its repeats."""

    name: str
    unit: str
    median: float
    low: float
    high: float
    repeats: int
    aim: str = ""

    @classmethod
    def of(cls, name: str, unit: str, values: Sequence[float], aim: str = "") -> Figure:
        """Summarise repeats."""
        low, median, high = (
            statistics.quantiles(values, n=4, method="inclusive")
            if len(values) > 1
            else [values[0]] * 3
        )
        return cls(name, unit, median, low, high, len(values), aim)


def main() -> None:
    """Measure, print a table, write JSON when asked."""
    options = _options()
    with tempfile.TemporaryDirectory() as work:
        films = _films(options.films, options.count, Path(work))
        bundle = _bundle(options)
        # Processes first: this one is still small and has warmed nothing but the disk cache.
        figures = [*_cold_start(films[0], bundle, options.repeats), *_memory(films, bundle)]
        figures += _detector(films, bundle, options.repeats)
        if options.run or options.learner:
            figures += _side_by_side(films, bundle, options)
    _print(figures, films)
    if options.json:
        record = {
            "machine": {
                "system": platform.platform(),
                "python": platform.python_version(),
                "cores": os.cpu_count(),
            },
            "bundle": str(bundle or "built in"),
            "films": len(films),
            "figures": [asdict(figure) for figure in figures],
        }
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bundle", type=Path, help="default: RUN/bundle, else the built-in one")
    parser.add_argument("--films", type=Path, help="folder with PNG or JPEG films")
    parser.add_argument("--count", type=int, default=300, help="films to use at most")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--run", type=Path, help="folder that covid-d train wrote")
    parser.add_argument("--learner", type=Path, help="exported fastai learner (.pkl)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


def _films(folder: Path | None, count: int, work: Path) -> list[Path]:
    if folder is not None:
        found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)
        if not found:
            sys.exit(f"There is no PNG or JPEG film in {folder}.")
        # Every n-th, so that each source under the folder is there.
        return found[:: max(1, len(found) // count)][:count]
    from covid_d.radiograph.phantom import draw_phantom

    films = [work / f"phantom-{seed}.png" for seed in range(min(count, 64))]
    for seed, film in enumerate(films):
        draw_phantom(seed, size=512, opacities=bool(seed % 2)).to_image().save(film)
    return films


def _bundle(options: argparse.Namespace) -> Path | None:
    if options.bundle is None and options.run is not None and (options.run / "bundle").is_dir():
        found: Path = options.run / "bundle"
        return found
    chosen: Path | None = options.bundle
    return chosen


def _command(films: Sequence[Path], bundle: Path | None) -> list[str]:
    named = [] if bundle is None else ["--bundle", str(bundle)]
    return ["predict", *map(str, films), "--json", *named]


def _cold_start(film: Path, bundle: Path | None, repeats: int) -> list[Figure]:
    def start() -> None:
        words = [sys.executable, "-m", "covid_d", *_command([film], bundle)]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)

    start()  # writes byte code, fills the disk cache
    figures = [Figure.of("cold start, one film", "s", _times(start, repeats), "< 1.5 s")]
    if os.name == "posix":  # elsewhere a process does not know what its children took
        times = _times(start, repeats, lambda: sum(os.times()[2:4]))
        figures.append(Figure.of("cold start, processor time", "s", times))
    return figures


def _memory(films: Sequence[Path], bundle: Path | None) -> list[Figure]:
    figures = []
    for name, some in (("one film", films[:1]), (f"{len(films)} films", films)):
        done = subprocess.run(
            [sys.executable, "-c", _WORKER, *_command(some, bundle)],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        peak = float(done.stderr.split("peak ")[-1])
        figures.append(Figure.of(f"peak memory, {name}", "MB", [peak], "< 500 MB"))
    return figures


def _detector(films: Sequence[Path], bundle: Path | None, repeats: int) -> list[Figure]:
    from covid_d.detector import Detector

    detector = Detector.load(bundle)
    some = _sample(films)
    for film in some[:5]:
        detector.assess(film)
    alone = [statistics.median(_times(partial(detector.assess, film), 3)) for film in some]

    def folder() -> None:
        for _ in detector.assess_many(films):
            pass

    rates = [len(films) / seconds for seconds in _times(folder, repeats)]
    return [
        Figure.of("covid-d, one film", "ms", [1000 * seconds for seconds in alone]),
        Figure.of("covid-d, folder", "films/s", rates),
    ]


def _side_by_side(
    films: Sequence[Path], bundle: Path | None, options: argparse.Namespace
) -> list[Figure]:
    from covid_d.detector import Detector

    detector = Detector.load(bundle)
    learn = _load_learner(options.learner) if options.learner else _learner_of(options.run, films)
    figures = []
    for what, clock in (("time", time.perf_counter), ("processor time", time.process_time)):
        ours, theirs = [], []
        with learn.no_bar(), learn.no_logging():
            for number, film in enumerate([*_sample(films)[:5], *_sample(films)]):
                fast = _times(partial(detector.assess, film), 1, clock)
                slow = _times(partial(learn.predict, film), 1, clock)
                if number >= 5:  # the first few warm up
                    ours += fast
                    theirs += slow
        ratios = [slow / fast for slow, fast in zip(theirs, ours, strict=True)]
        figures += [
            Figure.of(f"covid-d in turn, {what}", "ms", [1000 * t for t in ours]),
            Figure.of(f"learn.predict in turn, {what}", "ms", [1000 * t for t in theirs]),
            Figure.of(f"times less {what}", "x", ratios, ">= 10 x"),
        ]
    return figures


def _sample(films: Sequence[Path]) -> Sequence[Path]:
    return films[:: max(1, len(films) // 60)][:60]


def _load_learner(file: Path) -> Any:
    from fastai.learner import load_learner

    return load_learner(file, cpu=True)


def _learner_of(run: Path, films: Sequence[Path]) -> Any:
    """Return a run's last weights in a learner as plain fastai would load its films."""
    import torch
    from fastai.vision.all import ImageDataLoaders, Normalize, Resize

    from covid_d.training import learner
    from covid_d.training.recipes import Recipe

    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    # Random first weights: the run's own replace them, and none need be fetched.
    recipe = Recipe.model_validate(record["recipe"] | {"pretrained": False})
    prepared = record["preprocessing"]
    few = list(films[:8])
    dls = ImageDataLoaders.from_lists(
        few[0].parent,
        few,
        ["covid" if number % 2 else "nocovid" for number in range(len(few))],
        bs=2,
        item_tfms=Resize(prepared["size"]),
        batch_tfms=Normalize.from_stats(prepared["mean"], prepared["std"]),
        device=torch.device("cpu"),
    )
    learn = learner(dls, recipe, path=run)
    weights = sorted(run.glob("stage-*.pth"))
    if not weights:
        sys.exit(f"There are no weights (stage-*.pth) in {run}.")
    learn.load(weights[-1].resolve().with_suffix(""), with_opt=False)
    return learn


def _times(
    work: Callable[[], object], repeats: int, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    times = []
    for _ in range(repeats):
        start = clock()
        work()
        times.append(clock() - start)
    return times


def _print(figures: Sequence[Figure], films: Sequence[Path]) -> None:
    print(f"{len(films)} films, {os.cpu_count()} cores")
    print(f"{'':34}{'median':>10}  {'quartiles':>20}  {'n':>4}  aim")
    for figure in figures:
        spread = f"{figure.low:.4g} to {figure.high:.4g}" if figure.repeats > 1 else ""
        print(
            f"{figure.name:34}{figure.median:>10.4g}  {spread:>20}  {figure.repeats:>4}  "
            f"{figure.unit}{'  (' + figure.aim + ')' if figure.aim else ''}"
        )


if __name__ == "__main__":
    main()
