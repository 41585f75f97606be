"""What a film costs beside an older version, another bundle and OpenVINO: ratios, film by film.

    python benchmarks/beside.py --films DIR [--before SRC] [--bundle B ...] [--openvino]
        [--count N] [--json FILE]

Each film is answered by all of them in turn, in processes of their own on one thread, so that
whatever else the machine does falls on all; the least of two processor times counts. ``--before``
is the ``src`` folder of an older checkout with its own built-in bundle, ``--bundle`` another bundle
for this version (one in eight bits, by ``int8.py --keep``). ``--openvino`` compares the two
networks alone, for which the package openvino must be importable; COVID-D does not need it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

_PICTURES = {".png", ".jpg", ".jpeg"}
_WARM = 5
_TRIES = 2
_SOURCE = Path(__file__).resolve().parents[1] / "src"

# As both this version and older ones understand it.
_WORKER = """
import sys, time
from covid_d.detector import Detector
detector = Detector.load(sys.argv[1] if len(sys.argv) > 1 else None)
for line in sys.stdin:
    start = time.process_time()
    detector.assess(line.strip())
    print(time.process_time() - start, flush=True)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time of a film, and its ratio to this version's: median and quartiles."""

    name: str
    milliseconds: float
    ratio: float
    low: float
    high: float
    films: int


class Answering:
    """A process that answers films and tells the processor time each took."""

    def __init__(self, source: Path, bundle: Path | None = None) -> None:
        words = [sys.executable, "-c", _WORKER, *([] if bundle is None else [str(bundle)])]
        surroundings = os.environ | {"PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=surroundings
        )

    def __call__(self, film: Path) -> float:
        """Return the seconds that a film took."""
        ends = self._process.stdin, self._process.stdout
        assert ends[0] is not None
        assert ends[1] is not None
        ends[0].write(f"{film}\n")
        ends[0].flush()
        return float(ends[1].readline())

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


def main() -> None:
    """Measure, print a table, write JSON when asked."""
    options = _options()
    films = _films(options.films, options.count)
    costs = [*_whole(films, options), *(_networks(films) if options.openvino else [])]
    print(f"{len(films)} films; processor time on one thread, ratio to the first row above")
    for cost in costs:
        print(
            f"{cost.name:44}{cost.milliseconds:7.1f} ms  {cost.ratio:5.2f} "
            f"({cost.low:.2f}-{cost.high:.2f})  n={cost.films}"
        )
    if options.json:
        record = [asdict(cost) for cost in costs]
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _whole(films: Sequence[Path], options: argparse.Namespace) -> list[Cost]:
    """Return what whole films cost, from the file on."""
    answering = {"this version": Answering(_SOURCE)}
    if options.before is not None:
        answering["before"] = Answering(options.before)
    for bundle in options.bundle:
        answering[bundle.name] = Answering(_SOURCE, bundle)
    try:
        for film in films[:_WARM]:
            for ask in answering.values():
                ask(film)
        times: dict[str, list[float]] = {name: [] for name in answering}
        for film in films:
            for name, ask in answering.items():
                times[name].append(min(ask(film) for _ in range(_TRIES)))
    finally:
        for ask in answering.values():
            ask.close()
    return [_cost(name, own, times["this version"]) for name, own in times.items()]


def _networks(films: Sequence[Path]) -> list[Cost]:
    """Return what the built-in bundle's two networks cost alone, by either runtime."""
    import numpy as np

    from covid_d.detector import Bundle
    from covid_d.detector.onnx import open_session

    openvino = importlib.import_module("openvino")  # no dependency of ours
    bundle = Bundle.load("builtin")
    spec, lungs = bundle.spec, bundle.spec.lungs
    parts = [(bundle.model_bytes, (1, 3, spec.preprocessing.size, spec.preprocessing.size))]
    if lungs is not None:
        side = lungs.preprocessing.size
        parts.append((bundle.files[lungs.file], (1, 1, side, side)))
    rng = np.random.default_rng(1)
    runs: dict[str, list[Callable[[Any], object]]] = {"ONNX Runtime": [], "OpenVINO": []}
    asked = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    for content, shape in parts:
        session = open_session(content)
        runs["ONNX Runtime"].append(partial(_by_onnx, session))
        model = openvino.Core().read_model(content)
        model.reshape(shape)
        request = openvino.Core().compile_model(model, "CPU", asked).create_infer_request()
        runs["OpenVINO"].append(partial(_by_openvino, request))
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(_WARM + len(films)):
        inputs = [rng.random(shape, dtype=np.float32) for _, shape in parts]
        for name, each in runs.items():
            start = time.process_time()
            for run, film in zip(each, inputs, strict=True):
                run(film)
            if number >= _WARM:
                times[name].append(time.process_time() - start)
    return [
        _cost(f"both networks alone, {name}", own, times["ONNX Runtime"])
        for name, own in times.items()
    ]


def _by_onnx(session: Any, film: Any) -> None:
    session.run(None, {"film": film})


def _by_openvino(request: Any, film: Any) -> None:
    request.infer({0: film})


def _cost(name: str, own: Sequence[float], first: Sequence[float]) -> Cost:
    low, ratio, high = statistics.quantiles(
        [mine / other for mine, other in zip(own, first, strict=True)], n=4
    )
    return Cost(name, 1000 * statistics.median(own), ratio, low, high, len(own))


def _films(folder: Path, count: int) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _PICTURES)
    if not found:
        sys.exit(f"There is no PNG or JPEG film in {folder}.")
    return found[:: max(1, len(found) // count)][:count]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--films", type=Path, required=True, help="folder with films")
    parser.add_argument("--count", type=int, default=150, help="films to use at most")
    parser.add_argument("--before", type=Path, help="src folder of an older checkout")
    parser.add_argument("--bundle", type=Path, action="append", default=[], help="another bundle")
    parser.add_argument("--openvino", action="store_true", help="compare the networks alone")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
