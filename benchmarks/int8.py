"""What eight-bit numbers would cost in answers and save in time.

    python benchmarks/int8.py DATASET [--bundle B] [--calibrate N] [--films N] [--only NAME ...]
        [--keep DIR] [--json FILE]

The bundle's network is quantised by ONNX Runtime's own tools (static, QDQ, weights by channel),
with the ranges of its activations taken from films that the network learnt from; then both answer
the films that set its thresholds (its validation films, by its own list), from the file on. No test
film takes part. It prints, for each way, how the AUROC falls, how many outcomes stay, and the
processor time of the network alone, both in turn. Needs the extra ``train``.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pandas as pd
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from covid_d.dataset.dataset import Dataset
from covid_d.detector import Assessment, Bundle, Detector, Outcome
from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.detector.bundle.bundle import located
from covid_d.detector.bundle.contents import update
from covid_d.evaluation.figures.intervals import auroc, wilson
from covid_d.radiograph import RadiographError, read
from covid_d.radiograph.film import FloatImage

SEED = 11
_TIMED = 60
_TYPICAL = CATEGORIES.index(Appearance.TYPICAL)
_NEGATIVE = CATEGORIES.index(Appearance.NEGATIVE)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to quantise.

    Parameters
    ----------
    name
        What it is called in the table.
    float_ends
        Convolutions at each end that stay in float.
    float_depthwise
        Whether convolutions of one channel each stay in float.
    average
        Whether the range of an activation is a moving average over films, not the widest.
    percentile
        Share of an activation's values that its range holds, where it is not all of them.
    """

    name: str
    float_ends: int = 0
    float_depthwise: bool = False
    average: bool = False
    percentile: float | None = None


WAYS = (
    Way("widest range"),
    Way("widest range, ends in float", float_ends=2),
    Way("average range, ends in float", float_ends=2, average=True),
    Way("average range, ends and depthwise in float", 2, float_depthwise=True, average=True),
    Way("99.99 %, ends in float", float_ends=2, percentile=99.99),
)
# Percentiles keep every activation of every film: more would fill the memory.
_FEW = 40


@dataclass(frozen=True, slots=True)
class Found:
    """What one way costs and saves; falls of the AUROC are float less eight bits."""

    name: str
    megabytes: float
    films: int
    typical_fall: float
    opacity_fall: float
    agreeing: int
    answered_both: int
    low: float
    high: float
    opposed: int
    largest_change: float
    time_share: float


class _Films(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, inputs: Sequence[FloatImage]) -> None:
        self._left: Iterator[FloatImage] = iter(inputs)

    def get_next(self) -> dict[str, FloatImage] | None:
        film = next(self._left, None)
        return None if film is None else {"film": film[None]}


def main() -> None:
    """Quantise, compare, print a table, write JSON when asked."""
    options = _options()
    logging.getLogger().setLevel(logging.ERROR)  # the tools advise at length
    detector = Detector.load(options.bundle)
    learnt, chosen = _films(Dataset.open(options.dataset), detector.bundle)
    chosen = chosen.iloc[: options.films]
    inputs = _inputs(detector, [Path(file) for file in learnt["file"]], options.calibrate)
    plain = [detector.assess(file) for file in chosen["file"]]
    print(f"{len(chosen)} validation films, {len(inputs)} to calibrate; {detector.bundle.id}")
    found = []
    with tempfile.TemporaryDirectory() as work:
        for way in WAYS:
            if options.only and way.name not in options.only:
                continue
            bundle = _quantised(detector.bundle, way, inputs, Path(work) / way.name)
            if options.keep:
                shutil.copytree(bundle, options.keep / way.name.replace(",", "").replace(" ", "-"))
            found.append(_compared(way, detector, Detector.load(bundle), chosen, plain, inputs))
            _print(found[-1])
    if options.json:
        record = {
            "bundle": detector.bundle.id.to_dict(),
            "calibrated_by": len(inputs),
            "ways": [asdict(each) for each in found],
        }
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _films(dataset: Dataset, bundle: Bundle) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the films that the bundle learnt from, and those that set its thresholds."""
    listed = csv.DictReader(bundle.training_films.splitlines())
    splits = {row["sha256"]: row["split"] for row in listed}
    rows = dataset.manifest[dataset.manifest["appearance"].ne("")]
    rows = rows.assign(
        part=rows["sha256"].map(splits),
        file=[str(dataset.path(row)) for row in rows.itertuples()],
    ).sort_values("sha256")
    return rows[rows["part"].eq("train")], rows[rows["part"].eq("validation")]


def _inputs(detector: Detector, files: Sequence[Path], count: int) -> list[FloatImage]:
    inputs: list[FloatImage] = []
    order = np.random.default_rng(SEED).permutation(len(files))
    for at in order:
        if len(inputs) == count:
            break
        try:
            inputs.append(detector.frame.of(read(files[at])).prepared)
        except RadiographError:  # no two lungs: never learnt from either
            continue
    return inputs


def _quantised(bundle: Bundle, way: Way, inputs: Sequence[FloatImage], folder: Path) -> Path:
    """Return a copy of a bundle with its network in eight bits."""
    shutil.copytree(located(bundle.path), folder)
    network = folder / bundle.spec.network.file
    prepared, made = folder.parent / "prepared.onnx", folder.parent / "made.onnx"
    quant_pre_process(str(network), str(prepared), skip_symbolic_shape=True)
    graph = onnx.load(str(prepared)).graph
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    ends = way.float_ends
    kept = [*convolutions[:ends], *(convolutions[-ends:] if ends else [])]
    if way.float_depthwise:
        kept += [node for node in convolutions if _groups(node) > 1]
    told: dict[str, Any] = {"CalibMovingAverage": way.average}
    if way.percentile is not None:
        told["CalibPercentile"] = way.percentile
    quantize_static(
        str(prepared),
        str(made),
        _Films(inputs if way.percentile is None else inputs[:_FEW]),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv", "Add", "Clip"],
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=[node.name for node in kept],
        calibrate_method=(
            CalibrationMethod.MinMax if way.percentile is None else CalibrationMethod.Percentile
        ),
        extra_options=told,
    )
    update(folder, {bundle.spec.network.file: made.read_bytes()})
    return folder


def _groups(node: Any) -> int:
    return next((int(found.i) for found in node.attribute if found.name == "group"), 1)


def _compared(
    way: Way,
    before: Detector,
    after: Detector,
    films: pd.DataFrame,
    plain: Sequence[Assessment],
    inputs: Sequence[FloatImage],
) -> Found:
    answers = [after.assess(file) for file in films["file"]]
    pairs = list(zip(plain, answers, strict=True))
    agreeing = sum(a.outcome is b.outcome for a, b in pairs)
    both = np.array([a.appearance is not None and b.appearance is not None for a, b in pairs])
    tables = [_table(each, both) for each in (plain, answers)]
    grades = films["appearance"].to_numpy()[both]
    typical, opacity = (
        _area(tables[0], grades, typical=which) - _area(tables[1], grades, typical=which)
        for which in (True, False)
    )
    low, high = wilson(agreeing, len(pairs))
    return Found(
        name=way.name,
        megabytes=len(after.bundle.model_bytes) / 1e6,
        films=len(films),
        typical_fall=typical,
        opacity_fall=opacity,
        agreeing=agreeing,
        answered_both=int(both.sum()),
        low=low,
        high=high,
        opposed=sum(
            {a.outcome, b.outcome} == {Outcome.POSITIVE, Outcome.NEGATIVE} for a, b in pairs
        ),
        largest_change=float(np.abs(tables[0] - tables[1]).max()),
        time_share=_time_share(before, after, inputs),
    )


def _table(answers: Sequence[Assessment], both: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    return np.array(
        [
            [answer.appearance[category] for category in CATEGORIES]
            for answer, wanted in zip(answers, both, strict=True)
            if wanted and answer.appearance is not None
        ]
    )


def _area(table: npt.NDArray[np.float64], grades: npt.NDArray[Any], *, typical: bool) -> float:
    """Return the AUROC of typical, or of any opacity, against negative."""
    negative = grades == Appearance.NEGATIVE.value
    if typical:
        some = negative | (grades == Appearance.TYPICAL.value)
        score = table[:, _TYPICAL] / (table[:, _TYPICAL] + table[:, _NEGATIVE])
        return auroc(score[some], ~negative[some]).value
    return auroc(1.0 - table[:, _NEGATIVE], ~negative).value


def _time_share(before: Detector, after: Detector, inputs: Sequence[FloatImage]) -> float:
    """Return the network's processor time as a share of what it was: median of films in turn."""
    shares = []
    for film in inputs[: _TIMED + 5]:
        times = []
        for detector in (before, after):
            start = time.process_time()
            detector.network.run(film[None], (detector.network.logits, "features", "activation"))
            times.append(time.process_time() - start)
        shares.append(times[1] / times[0])
    return float(np.median(shares[5:]))  # the first few warm up


def _print(found: Found) -> None:
    share = 100 * found.agreeing / found.films
    print(
        f"{found.name:28}{found.megabytes:5.1f} MB  AUROC falls by {found.typical_fall:+.4f} "
        f"(typical), {found.opacity_fall:+.4f} (opacity); outcomes alike {found.agreeing} of "
        f"{found.films}, {share:.1f} % ({100 * found.low:.1f}-{100 * found.high:.1f}), opposed "
        f"{found.opposed}; probabilities move by {found.largest_change:.2f} at most; time "
        f"{found.time_share:.2f}",
        flush=True,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("dataset", type=Path, help="folder of covid-d dataset build --siim")
    parser.add_argument("--bundle", type=Path, help="default: the built-in one")
    parser.add_argument("--calibrate", type=int, default=200, help="films for the ranges")
    parser.add_argument("--films", type=int, default=10_000, help="most films to compare")
    parser.add_argument("--only", action="append", help="one way, by its name; may be repeated")
    parser.add_argument("--keep", type=Path, help="folder for the bundles in eight bits")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
