"""What could be learnt better from the same films: heads on frozen ImageNet features, compared.

    python benchmarks/frozen_heads.py DATASET [--cache DIR]

DATASET must hold a publisher out (``--hold-out radiopaedia.org``). Each head is a logistic
regression on pooled EfficientNet-Lite0 features of the training and validation films; it is judged
on the films of that publisher, none of whose patients it was fitted on, and by patient-grouped
cross-validation over both together. The other test films take no part. Some heads see the film
cropped to the lungs that the built-in bundle's lung model finds; some have the directions that tell
sources of one class apart projected out first. Needs the extra ``train``. Intervals are DeLong's by
patient, 95 %. Because heads are compared on it, the publisher's figures are development evidence.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

from covid_d.cli.held_out import imagenet_features
from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import SET_ASIDE, Split
from covid_d.detector import Bundle
from covid_d.detector.lungs import LungModel
from covid_d.evaluation.intervals import auroc
from covid_d.radiograph import read
from covid_d.training.data import sampling_weights

Floats = npt.NDArray[np.floating]
_MARGIN = 0.05  # of the lungs' box, kept on each side
_LEAST_LUNG = 0.05


@dataclass(frozen=True)
class Head:
    """One way to fit: on which features and films, how regularised and weighted."""

    name: str
    lungs: bool = False
    strength: float = 1e-3
    balanced: bool = True
    erase: bool = False
    normals: bool = True


HEADS = (
    Head("as shipped: C 0.001, balanced by source"),
    Head("C 0.0001", strength=1e-4),
    Head("C 0.01", strength=1e-2),
    Head("every film alike", balanced=False),
    Head("source directions projected out", erase=True),
    Head("without normal films", normals=False),
    Head("without normal films, C 0.0001", normals=False, strength=1e-4),
    Head("cropped to the lungs", lungs=True),
    Head("cropped to the lungs, C 0.0001", lungs=True, strength=1e-4),
)


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("dataset", type=Path, help="folder that covid-d dataset build wrote")
    parser.add_argument("--cache", type=Path, default=Path("runs/frozen-heads"))
    options = parser.parse_args()
    dataset = Dataset.open(options.dataset)
    (publisher,) = dataset.record["options"]["hold_out"]
    films = dataset.manifest[~dataset.manifest["split"].isin(SET_ASIDE)]
    chosen = films["split"].ne(Split.TEST.value) | (
        films["source"].eq("cohen") & films["subsource"].eq(publisher)
    )
    options.cache.mkdir(parents=True, exist_ok=True)
    films = films[chosen].reset_index(drop=True)
    features = {
        False: imagenet_features(dataset, films, options.cache),
        True: _lung_features(dataset, films, options.cache),
    }
    judged = films["split"].eq(Split.TEST.value).to_numpy()
    positive = films["label"].eq("covid").to_numpy()
    groups = films["group"].to_numpy()
    print(
        f"{publisher}: {(positive & judged).sum()} with COVID-19, {(~positive & judged).sum()} "
        f"without; fitted on {(~judged).sum()} other films"
    )
    print(f"{'':42}{'held out':>20}{'cross-validated':>22}{'all, cross-validated':>22}")
    for head in HEADS:
        held_out = _fit(head, features[head.lungs], films, ~judged)(features[head.lungs][judged])
        crossed = _cross_validated(head, features[head.lungs], films, judged)
        shown = [
            auroc(held_out, positive[judged], groups[judged]),
            auroc(crossed[judged], positive[judged], groups[judged]),
            auroc(crossed, positive, groups),
        ]
        told = (f"{e.value:.2f} ({e.low:.2f}-{e.high:.2f})" for e in shown)
        print(f"{head.name:42}" + "".join(f"{text:>21}" for text in told), flush=True)


def _fit(
    head: Head, features: Floats, films: pd.DataFrame, training: npt.NDArray[np.bool_]
) -> Callable[[Floats], npt.NDArray[np.float64]]:
    if not head.normals:
        training = training & ~_normal(films)
    rows, given = films[training], features[training]
    scaler = StandardScaler().fit(given)
    kept = _without_sources(scaler.transform(given), rows) if head.erase else None

    def seen(some: Floats) -> Floats:
        scaled = scaler.transform(some)
        return scaled if kept is None else scaled - (scaled @ kept) @ kept.T

    weights = sampling_weights(rows) * len(rows) if head.balanced else np.ones(len(rows))
    model = LogisticRegression(C=head.strength, max_iter=1000)
    model.fit(seen(given), rows["label"].eq("covid"), sample_weight=weights)
    return lambda some: model.decision_function(seen(some))


def _cross_validated(
    head: Head, features: Floats, films: pd.DataFrame, judged: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    strata = films["label"].eq("covid").to_numpy() * 2 + judged
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=7)
    scores = np.zeros(len(films))
    for inside, outside in folds.split(features, strata, films["group"]):
        training = np.zeros(len(films), dtype=np.bool_)
        training[inside] = True
        scores[outside] = _fit(head, features, films, training)(features[outside])
    return scores


def _without_sources(scaled: Floats, rows: pd.DataFrame) -> Floats:
    """Return an orthonormal basis of the directions between sources of one class."""
    found = []
    for _, of_class in rows.reset_index(drop=True).groupby("label"):
        means = [scaled[part.index].mean(axis=0) for _, part in of_class.groupby("source")]
        found += [mean - means[0] for mean in means[1:]]
    return np.linalg.qr(np.array(found).T)[0]


def _normal(films: pd.DataFrame) -> npt.NDArray[np.bool_]:
    return films["finding"].str.contains("Normal|No Finding").to_numpy()


def _lung_features(dataset: Dataset, films: pd.DataFrame, cache: Path) -> npt.NDArray[np.float32]:
    """Return features of the films cropped to the lungs' box, computed once."""
    path = cache / f"lungs-{dataset.sha256[:16]}.npy"
    if path.is_file():
        kept: npt.NDArray[np.float32] = np.load(path)
        return kept
    model = LungModel.load(Bundle.load())
    folder = cache / "lung-crops"

    def crop(row: object) -> dict[str, str]:
        film = read(dataset.path(row))
        top, bottom, left, right = _box(model.mask(film))
        return _written(film.pixels[top:bottom, left:right], folder, row)

    with ThreadPoolExecutor(2) as pool:
        written = pd.DataFrame(pool.map(crop, films.itertuples()))
    cropped = Dataset(folder, films.assign(**written.to_dict("list")), dataset.record)
    found = imagenet_features(cropped, cropped.manifest, cache)
    np.save(path, found)
    return found


def _written(pixels: Floats, folder: Path, row: object) -> dict[str, str]:
    import hashlib
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(buffer, "PNG")
    name = f"{row.sha256}.png"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(buffer.getvalue())
    return {"path": name, "sha256": hashlib.sha256(buffer.getvalue()).hexdigest()}


def _box(mask: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return the box of the two largest parts of a lung mask with a margin, or the whole film."""
    rows, columns = mask.shape
    parts, count = ndimage.label(mask)
    sizes = ndimage.sum_labels(mask, parts, range(1, count + 1))
    largest = 1 + np.argsort(sizes)[::-1][:2]
    if sum(sizes[at - 1] for at in largest) < _LEAST_LUNG * mask.size:
        return 0, rows, 0, columns
    edges = list(_spans(np.isin(parts, largest)))
    return edges[0][0], edges[0][1], edges[1][0], edges[1][1]


def _spans(mask: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    for axis, side in ((1, mask.shape[0]), (0, mask.shape[1])):
        inside = np.flatnonzero(mask.any(axis=axis))
        reach = _MARGIN * (inside[-1] + 1 - inside[0])
        yield max(0, int(inside[0] - reach)), min(side, int(inside[-1] + 1 + reach))


if __name__ == "__main__":
    main()
