"""What another lung model changes: maps, boxes, refusals and, above all, answers.

    python benchmarks/lungs.py DATASET ... (--lungs RUN | --side S | --one-cell) [--bundle B]
        [--films N] [--keep DIR] [--json FILE]

RUN is a folder of ``covid-d train-lungs``. The bundle, with its own lung model and with that one in
its place, all else unchanged, answers the same films from the file on. ``--side`` lets the bundle's
own lung network see films of so many pixels a side, untaught. ``--one-cell`` asks instead
what the least change does that a box can undergo: one of its sides, drawn by chance, lies one cell
of the map further in or out. Of a source that the bundle
learnt from these are the films that set its thresholds, by its own list; of another, those of the
split validation. No test film takes part. Shares have Wilson's intervals, areas DeLong's, the
mean Dice and the other figures a bootstrap's, all by patient, 95 %. Needs the extra ``train``.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch.nn import functional as nnf

from covid_d.dataset.dataset import Dataset
from covid_d.detector import Assessment, Bundle, Detector, Outcome
from covid_d.detector.bundle.bundle import located
from covid_d.detector.lungs import FoundLungs, LungModel, put_into_bundle
from covid_d.evaluation.appearance.coverage import coverage_by_category
from covid_d.evaluation.appearance.figures import measure_graded
from covid_d.evaluation.appearance.table import PROBABILITIES
from covid_d.evaluation.figures.intervals import wilson
from covid_d.radiograph import Radiograph, RadiographError, read
from covid_d.radiograph.film import FloatImage
from covid_d.radiograph.prepare import Window, standardise
from covid_d.training.lungs.network import LungNetwork

SEED = 11
_CELL = 1 / 128  # of a film's side: by so much boxes are told
_CONCLUSIVE = {Outcome.POSITIVE.value, Outcome.NEGATIVE.value}
_FIGURES = (
    "auroc_typical",
    "auroc_opacity",
    "kappa",
    *(f"calibration_error_{name}" for name in PROBABILITIES),
)


def main() -> None:
    """Compare, print, write JSON when asked."""
    options = _options()
    before = Detector.load(options.bundle)
    with tempfile.TemporaryDirectory() as work:
        folder = options.keep or Path(work) / "bundle"
        shutil.copytree(located(before.bundle.path), folder)
        if options.lungs is not None:
            put_into_bundle(options.lungs, folder)
        after = Detector.load(folder)
        if options.side:
            own = LungModel.load(after.bundle)
            after.frame._lungs = AtSide(own.content, own.spec).seeing(options.side)
        if options.one_cell:
            after.frame._lungs = OneCellOff.load(after.bundle)
        films = pd.concat(
            [
                pd.DataFrame(_compared(Dataset.open(each), before, after, options.films))
                for each in options.datasets
            ]
        ).reset_index(drop=True)
    record: dict[str, Any] = {"bundle": before.bundle.id.to_dict()}
    for name, part in [("all", films), *films.groupby("source")]:
        record[str(name)] = _told(str(name), part)
    graded = films[films["appearance"].isin(PROBABILITIES)]
    record["graded"] = _graded(graded, before.bundle)
    if options.json:
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


class AtSide(LungModel):
    """The same network, given smaller films; its map is enlarged again."""

    def seeing(self, side: int) -> AtSide:
        """Return itself, for films of so many pixels a side."""
        self._side = side
        self._network = LungNetwork()
        self._network.take_over(self.content)
        self._network.eval()
        return self

    def map(self, radiograph: Radiograph) -> tuple[FloatImage, FloatImage]:
        """Return the film as it was seen before, and the probability of lung."""
        grey = standardise(radiograph, self.spec.preprocessing)
        film = grey.astype(np.float32) / np.float32(255.0)
        small, size = (self._side,) * 2, film.shape
        with torch.inference_mode():
            seen = torch.from_numpy(film)[None, None]
            seen = nnf.interpolate(seen, size=small, mode="bilinear", antialias=True)
            cells = nnf.interpolate(self._network.cells(seen), size=size, mode="bilinear")
            lungs: FloatImage = torch.sigmoid(cells)[0, 0].numpy()
        return film, lungs


class OneCellOff(LungModel):
    """Finds the lungs, and moves one side of the box by a cell."""

    def find(self, radiograph: Radiograph) -> FoundLungs:
        """Return where the lungs are, and a box that is nearly theirs."""
        found = super().find(radiograph)
        if not isinstance(found.window, Window):
            return found
        rng = np.random.default_rng([SEED, int(found.mask.sum())])
        sides = list(found.window)
        sides[int(rng.integers(4))] += float(rng.choice([-1.0, 1.0])) * _CELL
        return replace(found, window=Window(*np.clip(sides, 0.0, 1.0).tolist()))


def chosen(dataset: Dataset, bundle: Bundle) -> pd.DataFrame:
    """Return the films to compare: those that set the thresholds, of other sources validation."""
    listed = csv.DictReader(bundle.training_films.splitlines())
    splits = {row["sha256"]: row["split"] for row in listed}
    manifest = dataset.manifest
    then = manifest["sha256"].map(splits)
    learnt_from = manifest["source"].isin(manifest.loc[then.notna(), "source"])
    now = manifest["split"] == "validation"
    return manifest[(then == "validation") | (~learnt_from & now)]


def _compared(
    dataset: Dataset, before: Detector, after: Detector, most: int
) -> Iterator[dict[str, Any]]:
    """Yield one row a film."""
    models = [each.frame._lungs for each in (before, after)]
    rows = chosen(dataset, before.bundle)
    rows = rows.sample(min(most, len(rows)), random_state=SEED).sort_index()
    for row in rows.itertuples(index=False):
        try:
            film = read(dataset.path(row))
        except RadiographError:
            continue
        found = [model.find(film) for model in models if model is not None]
        answers = [each.assess(film) for each in (before, after)]
        told = {
            f"{name}_{at}": value for at, each in enumerate(answers) for name, value in _row(each)
        }
        yield {
            "source": row.source,
            "group": row.group,
            "path": row.path,
            "appearance": row.appearance,
            "dice": _dice(found),
            "shift": _shift(found),
            "same_box": type(found[0].window) is type(found[1].window),
            **told,
        }


def _row(answer: Assessment) -> Iterator[tuple[str, Any]]:
    shares = answer.appearance or {}
    yield from ((category.value, share) for category, share in shares.items())
    yield "opacity", answer.opacity
    yield "outcome", answer.outcome.value
    yield "void", answer.is_void
    yield "code", answer.refusal.code.value if answer.refusal else ""
    yield "conformal_set", "|".join(answer.conformal_set)


def _dice(found: Sequence[FoundLungs]) -> float:
    first, second = (each.mask for each in found)
    both = first.sum() + second.sum()
    return float(2.0 * (first & second).sum() / both) if both else 1.0


def _shift(found: Sequence[FoundLungs]) -> float:
    """Return how far the side of a box moves that moves most, of the box's own side."""
    first, second = (each.window for each in found)
    if not isinstance(first, Window) or not isinstance(second, Window):
        return float("nan")
    high, wide = first.bottom - first.top, first.right - first.left
    moved = [abs(a - b) / by for a, b, by in zip(first, second, (high, wide) * 2, strict=True)]
    return max(moved)


def _told(name: str, films: pd.DataFrame) -> dict[str, Any]:
    """Print and return how much stays as it was."""
    alike = films["outcome_0"] == films["outcome_1"]
    pairs = zip(films["outcome_0"], films["outcome_1"], strict=True)
    opposed = sum({*pair} == _CONCLUSIVE for pair in pairs)
    refused = [films[f"outcome_{at}"] == Outcome.REFUSED.value for at in (0, 1)]
    answered = ~refused[0] & ~refused[1]
    void = films.loc[answered, "void_0"] == films.loc[answered, "void_1"]
    shift = films["shift"].dropna()
    record = {
        "films": len(films),
        "outcomes": _share(alike),
        "opposed": int(opposed),
        "refused_before": int(refused[0].sum()),
        "refused_after": int(refused[1].sum()),
        "newly_refused": Counter(films.loc[~refused[0] & refused[1], "code_1"]),
        "no_longer_refused": Counter(films.loc[refused[0] & ~refused[1], "code_0"]),
        "lungs_found_alike": _share(films["same_box"]),
        "to_be_disregarded": [int(films.loc[answered, f"void_{at}"].sum()) for at in (0, 1)],
        "to_be_disregarded_alike": _share(void),
        "dice_mean": float(films["dice"].mean()),
        "dice_quantiles": films["dice"].quantile([0.01, 0.05, 0.5]).tolist(),
        "shift_quantiles": shift.quantile([0.5, 0.9, 0.99]).tolist(),
    }
    print(f"{name}:")
    for figure, value in record.items():
        print(f"  {figure:24} {value}")
    return record


def _share(alike: pd.Series[bool]) -> dict[str, float]:
    count = int(alike.sum())
    low, high = wilson(count, len(alike))
    share = count / max(1, len(alike))
    return {"alike": count, "of": len(alike), "share": share, "low": low, "high": high}


def _graded(films: pd.DataFrame, bundle: Bundle) -> dict[str, Any]:
    """Print and return figures of the films that both answer, with each lung model."""
    answered = films[(films["code_0"] == "") & (films["code_1"] == "")]
    record: dict[str, Any] = {"films": len(answered)}
    error_rate = bundle.spec.conformal.error_rate if bundle.spec.conformal else float("nan")
    for at, name in enumerate(("before", "after")):
        table = answered[["group", "appearance"]].copy()
        for column in (*PROBABILITIES, "opacity", "conformal_set"):
            table[column] = answered[f"{column}_{at}"]
        table["outcome"] = answered[f"outcome_{at}"]
        figures = measure_graded(table, name).figures
        record[name] = {key: figures[key].to_dict() for key in _FIGURES if key in figures}
        record[name]["coverage"] = {
            each.name: each.by_patient.to_dict() for each in coverage_by_category(table, error_rate)
        }
    for key in _FIGURES:
        first, second = (record[name].get(key) for name in ("before", "after"))
        if first and second:
            print(f"{key:32}{first['value']:8.4f} {second['value']:8.4f}  n={len(answered)}")
    for key, first in record["before"]["coverage"].items():
        second = record["after"]["coverage"][key]
        print(f"coverage {key:23}{first['value']:8.4f} {second['value']:8.4f}")
    moved = _moved(answered)
    record["probabilities_move"] = moved
    print("probabilities move by (median, 90 %, most):", *(f"{value:.3f}" for value in moved))
    return record


def _moved(films: pd.DataFrame) -> list[float]:
    before, after = (
        films[[f"{name}_{at}" for name in PROBABILITIES]].to_numpy(dtype=np.float64)
        for at in (0, 1)
    )
    most: npt.NDArray[np.float64] = np.abs(before - after).max(axis=1)
    return [float(value) for value in np.quantile(most, [0.5, 0.9, 1.0])]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("datasets", type=Path, nargs="+", help="folders of covid-d dataset build")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--lungs", type=Path, help="folder of covid-d train-lungs")
    what.add_argument("--side", type=int, help="pixels that the bundle's own network is to see")
    what.add_argument("--one-cell", action="store_true", help="move each box by a cell instead")
    parser.add_argument("--bundle", type=Path, help="default: the built-in one")
    parser.add_argument("--films", type=int, default=10_000, help="most films of a data set")
    parser.add_argument("--keep", type=Path, help="folder to make for the bundle with that model")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
