"""What bundles reach on films that none of them learnt from, beside each other.

    python benchmarks/elsewhere.py SCORES SCORES ... [--json FILE]

SCORES are the ``scores.csv`` of ``covid-d evaluate BUNDLE DATASET --split all``, on one data set of
several collections, the first one what the others are compared with. Prints the areas that can be
had without radiologists' grades (pneumonia against normal at NIH and COVID-19 against normal films
of NIH, by opacity; COVID-19 against normal films of RSNA, by typical against negative), or, of
graded films, both against the grades, on the films that all answer and that no bundle lists among
those that made it (``--allow-seen`` evaluates such a data set). Says how they differ, by a paired
bootstrap over groups of films, what the mean of all bundles reaches, and what is called positive,
negative and inconclusive. 95 %.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score

from covid_d.appearance import CATEGORIES
from covid_d.evaluation.figures.bootstrap import percentile_interval, resample_weights

_NAMES = [category.value for category in CATEGORIES]
_LEAST = 1e-6  # of a probability, before its logarithm
_RESAMPLES = 500

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def questions(films: pd.DataFrame) -> dict[str, tuple[Mask, Mask, str]]:
    """Return, by name: the films that take part, which are positive, and by which score."""
    covid = (films["label"] == "covid").to_numpy()
    finding = films["finding"].astype(str)
    healthy = (finding.eq("No Finding") | finding.str.contains("RSNA Normal")).to_numpy()
    nih, rsna = ((films["source"] == source).to_numpy() for source in ("nih", "rsna"))
    appearance = films["appearance"]
    graded = appearance.isin(_NAMES).to_numpy()
    typical, negative = (appearance.eq(name).to_numpy() for name in (_NAMES[-1], _NAMES[0]))
    asked = {
        "pneumonia v normal, NIH": (nih, ~healthy, "opacity"),
        "COVID-19 v normal, NIH": (covid | (nih & healthy), covid, "opacity"),
        "COVID-19 v normal, RSNA": (covid | (rsna & healthy), covid, "typical"),
        "typical v negative, as graded": (typical | negative, typical, "typical"),
        "any opacity v negative, as graded": (graded, ~negative, "opacity"),
    }
    return {
        name: (chosen, positive, score)
        for name, (chosen, positive, score) in asked.items()
        if positive[chosen].any() and not positive[chosen].all()
    }


def scores(probabilities: Floats) -> dict[str, Floats]:
    """Return both scores of n x 4 probabilities."""
    logs = np.log(np.clip(probabilities, _LEAST, 1.0))
    return {"opacity": 1.0 - probabilities[:, 0], "typical": logs[:, -1] - logs[:, 0]}


def mean_of(each: list[Floats]) -> Floats:
    """Return what networks answer together: the mean of their logits, n x 4."""
    product = np.exp(np.mean([np.log(np.clip(one, _LEAST, 1.0)) for one in each], axis=0))
    together: Floats = product / product.sum(axis=1, keepdims=True)
    return together


def told(named: dict[str, Floats], films: pd.DataFrame) -> list[dict[str, Any]]:
    """Print and return each area and its difference from the first bundle's."""
    first = next(iter(named))
    groups = films["group"].to_numpy()
    rows: list[dict[str, Any]] = []
    for question, (chosen, positive, score) in questions(films).items():
        print(
            f"{question}, by {score}: {positive[chosen].sum()} and {(~positive[chosen]).sum()} "
            f"films, {len(set(groups[chosen]))} groups"
        )
        own = {name: scores(each)[score][chosen] for name, each in named.items()}
        truth = positive[chosen]
        for name, values in own.items():
            drawn = [
                roc_auc_score(truth, values, sample_weight=weights)
                - roc_auc_score(truth, own[first], sample_weight=weights)
                for block in resample_weights(groups[chosen], resamples=_RESAMPLES)
                for weights in block
            ]
            area = float(roc_auc_score(truth, values))
            low, high = percentile_interval(np.array(drawn))
            change = area - float(roc_auc_score(truth, own[first]))
            print(f"  {name:30} {area:.3f}, {change:+.3f} ({low:+.3f} to {high:+.3f})")
            rows.append(
                {"of": question, "bundle": name, "auroc": area, "change": [change, low, high]}
            )
    return rows


def called(name: str, films: pd.DataFrame) -> dict[str, Any]:
    """Print and return what a bundle calls normal films and those of COVID-19."""
    finding = films["finding"].astype(str)
    healthy = finding.eq("No Finding") | finding.str.contains("RSNA Normal")
    counts = {
        kind: films[rows]["outcome"].value_counts().to_dict()
        for kind, rows in (
            ("normal, RSNA and NIH", healthy & films["source"].isin(["rsna", "nih"])),
            ("COVID-19", films["label"] == "covid"),
            ("all", films["outcome"].notna()),
        )
    }
    print(name)
    for kind, found in counts.items():
        print(f"  {kind:22} {found} of {sum(found.values())}")
    return {"bundle": name, **counts}


def main() -> None:
    """Compare, print, write JSON when asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("scores", nargs="+", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    tables = {path.parent.name: pd.read_csv(path).set_index("sha256") for path in options.scores}
    tables = {name: table[~table["seen"]] for name, table in tables.items()}
    shared = sorted(set.intersection(*(set(table.index) for table in tables.values())))
    films = next(iter(tables.values())).loc[shared]
    named = {name: table.loc[shared, _NAMES].to_numpy() for name, table in tables.items()}
    if len(named) > 1:
        named["mean of all"] = mean_of(list(named.values()))
    record = {
        "films": len(shared),
        "areas": told(named, films),
        "called": [called(name, table) for name, table in tables.items()],
    }
    if options.json:
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
