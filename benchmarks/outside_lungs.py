"""How often an answer is to be disregarded as its evidence lies outside the lungs, and if rightly.

    python benchmarks/outside_lungs.py DATASET ... [--bundle B] [--json FILE]

Films that took no part in making the bundle go the whole way of an answer: of a source that it
learnt from, those that it does not list (a data set built anew may be split otherwise); of another
source, those of the split test. Says of the answers how many are to be disregarded, by source and
by outcome, and of the films graded typical or negative how well the model tells one from the other,
apart for the answers that count and for those that do not: a caution that falls on answers as good
as the rest is a false alarm.
Shares have Wilson's intervals on the number of patients, areas DeLong's by patient, 95 %. Needs the
extra ``train``, for its tables.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd

from covid_d.dataset.dataset import Dataset
from covid_d.detector import Appearance, Detector
from covid_d.evaluation.figures.intervals import auroc, proportion


def answered(data: Dataset, detector: Detector) -> pd.DataFrame:
    """Return one row a film that gets an answer: what it is, and what is said of it."""
    listed = csv.DictReader(detector.bundle.training_films.splitlines())
    manifest = data.manifest
    frontal = manifest[manifest["split"].isin(["train", "validation", "test"])]
    known = frontal["sha256"].isin({film["sha256"] for film in listed})
    learnt_from = frontal["source"].isin(frontal.loc[known, "source"])
    chosen = frontal[~known & (learnt_from | (frontal["split"] == "test"))]
    rows: list[dict[str, Any]] = []
    for film in chosen.itertuples():
        answer = detector.assess(data.folder / str(film.path))
        if answer.appearance is None:
            continue
        rows.append(
            {
                "source": film.source,
                "grade": film.appearance,
                "group": film.group,
                "outcome": answer.outcome.value,
                "void": answer.is_void,
                "typical": answer.appearance[Appearance.TYPICAL],
            }
        )
    return pd.DataFrame(rows)


def told(name: str, part: pd.DataFrame) -> dict[str, Any]:
    """Print and return the share that is to be disregarded."""
    void = part["void"].to_numpy(dtype=bool)
    found = proportion(void, part["group"].to_numpy())
    print(
        f"{name:28} {void.sum():5}/{len(part):<5} {found.value:6.1%} "
        f"({found.low:.1%} to {found.high:.1%}), {part['group'].nunique()} patients"
    )
    return {"name": name, "void": int(void.sum()), "films": len(part), **found.to_dict()}


def area(name: str, part: pd.DataFrame) -> dict[str, Any] | None:
    """Print and return how well typical films are told from negative ones."""
    graded = part[part["grade"].isin(["typical", "negative"])]
    positive = (graded["grade"] == "typical").to_numpy()
    if positive.all() or not positive.any():
        return None
    found = auroc(graded["typical"].to_numpy(), positive, graded["group"].to_numpy())
    print(
        f"{name:28} {found.value:.2f} ({found.low:.2f} to {found.high:.2f}), "
        f"{positive.sum()} typical and {(~positive).sum()} negative films"
    )
    return {"name": name, "films": len(graded), **found.to_dict()}


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("datasets", nargs="+", type=Path)
    parser.add_argument("--bundle", default="builtin")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    detector = Detector.load(args.bundle)
    films = pd.concat([answered(Dataset.open(folder), detector) for folder in args.datasets])
    print("Answers to be disregarded")
    shares = [told(str(source), part) for source, part in films.groupby("source")]
    shares += [told(str(outcome), part) for outcome, part in films.groupby("outcome")]
    shares.append(told("all", films))
    print("Typical against negative, AUROC")
    void = films["void"].to_numpy(dtype=bool)
    areas = [area("of answers that count", films[~void]), area("of the others", films[void])]
    if args.json:
        result = {"shares": shares, "areas": [one for one in areas if one]}
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
