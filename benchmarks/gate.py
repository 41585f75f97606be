"""What the input gate refuses, rightly and wrongly, and what it costs.

    python benchmarks/gate.py DATASET [--bundle B] [--pictures DIR ...] [--json FILE]

Every rate is of pictures that the judging heads were not fitted on: frontal films of each source by
heads fitted without that source (a source held out of the data set by heads fitted without it
anyway), lateral films by heads fitted without their publisher, CT slices by heads that saw none at
all, packaged photographs by heads that saw drawings only, drawings of other seeds, and what
pydicom, pydicom-data and each ``--pictures`` folder hold; all in grey. The two limits are the
bundle's: they were chosen on the training sources, so only the rates of a held-out source and of
what is to be refused are news.
Needs the extras ``train`` and ``demo``. Intervals are Wilson's, 95 %.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom.data

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import SET_ASIDE, Split
from covid_d.detector import Detector
from covid_d.detector.gate import Gate, PictureKind
from covid_d.evaluation.figures.intervals import wilson
from covid_d.radiograph import RadiographError, prepare, read
from covid_d.radiograph.film import Facts, FloatImage, Radiograph
from covid_d.training.gate.data import (
    GatePicture,
    aside_for_gate,
    gate_pictures,
    gate_samples,
    samples_of,
)
from covid_d.training.gate.fit import Samples, fit_heads, kinds_of
from covid_d.training.gate.pictures import ALTERATIONS, drawn, packaged, pictures_in

_DRAWN = 280
_TIMES = 2000
_CHECKED = 20


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of some pictures the gate refused, and which it let through or refused wrongly."""

    name: str
    refused: int
    pictures: int
    low: float
    high: float
    named: int
    wrong: tuple[str, ...]


def main() -> None:
    """Measure, print tables, write JSON when asked."""
    options = _options()
    detector = Detector.load(options.bundle)
    if detector.gate is None:
        raise SystemExit(f"Bundle {detector.bundle.path} has no input gate.")
    dataset = Dataset.open(options.dataset)
    bench = Bench(detector, dataset, options.cache)
    rates = {
        "Frontal films refused wrongly": list(bench.frontal()),
        "Films put wrong, refused": list(bench.altered()),
        "Lateral films and CT slices, refused": list(bench.aside()),
        "Pictures, refused": list(bench.pictures(options.pictures)),
    }
    cost = bench.cost()
    for title, found in rates.items():
        _print(title, found, wrongly="wrongly" in title)
    print(f"Cost of the gate: {cost:.3f} ms a film (median of {_TIMES})")
    if options.json:
        told = {title: [asdict(rate) for rate in found] for title, found in rates.items()}
        record = {"bundle": detector.bundle.id.to_dict(), "rates": told, "cost_ms": cost}
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


class Bench:
    """The bundle's gate and its refits on one data set."""

    def __init__(self, detector: Detector, dataset: Dataset, cache: Path) -> None:
        assert detector.gate is not None
        self.gate: Gate = detector.gate
        self.dataset = dataset
        self._cache = cache
        self._network = detector.network
        self._preprocessing = detector.bundle.spec.preprocessing
        manifest = dataset.manifest
        self._films = manifest[~manifest["split"].isin(SET_ASIDE)].reset_index(drop=True)
        self._held_out = tuple(dataset.record.get("options", {}).get("hold_out", ()))
        training = self._films[self._films["split"] == Split.TRAIN.value]
        # What the bundle's own gate was fitted to.
        self._fitted_on = gate_pictures(dataset, training)
        self._fitted = self._looks(self._fitted_on)
        others = self._films[self._films["split"] != Split.TRAIN.value]
        # Films of the other splits and their alterations; one film gives three pictures.
        judged = [p for p in gate_pictures(dataset, others) if p.kind in _FILMS]
        self._pictures = self._fitted_on + judged
        self._samples = _joined(self._fitted, self._looks(judged))
        self._publishers = dict(zip(self._films["path"], self._films["subsource"], strict=True))
        self._refits: dict[str, Gate] = {}

    def frontal(self) -> Iterable[Rate]:
        """Yield the wrong refusals of each source, by heads that never saw it."""
        for name, pictures, verdicts in self._by_source([PictureKind.FRONTAL]):
            yield _rate(name, pictures, verdicts, wrong=lambda verdict: verdict is not None)

    def altered(self) -> Iterable[Rate]:
        """Yield how many altered films are refused, by heads that never saw their source."""
        for kind in ALTERATIONS:
            parts = list(self._by_source([kind]))
            pictures = [picture for _, some, _ in parts for picture in some]
            verdicts = [verdict for _, _, some in parts for verdict in some]
            yield _rate(kind.value, pictures, verdicts)

    def aside(self) -> Iterable[Rate]:
        """Yield how many lateral films and slices are refused.

        Those that the gate was fitted on are judged by heads fitted on the held-out ones instead:
        no slice is held out, so slices are judged by heads that saw none at all.
        """
        everything = _everything(self.dataset)
        fitted = set(aside_for_gate(self.dataset)["path"])
        aside = [p for p in gate_pictures(everything, self._films[:0]) if p.kind in _ASIDE]
        looks = self._looks(aside)
        strangers = np.array([picture.name not in fitted for picture in aside])
        films = np.array([p.kind not in _ASIDE for p in self._fitted_on])
        swapped = _joined(self._fitted.of(films), looks.of(strangers))
        refit = self._refitted(swapped)
        for kind in _ASIDE:
            pictures, verdicts = [], []
            for gate, of in ((self.gate, strangers), (refit, ~strangers)):
                # The first of a picture's variants is the picture itself.
                first = [at for at in np.flatnonzero(of) if aside[at].kind is kind][::_VARIANTS]
                pictures += [aside[at] for at in first]
                verdicts += gate.judge(looks.looks[first]) if first else []
            yield _rate(kind.value, pictures, verdicts)

    def pictures(self, folders: Sequence[Path]) -> Iterable[Rate]:
        """Yield how many pictures are refused that are no films at all."""
        drawings: dict[str, Callable[[], npt.NDArray[np.float32]]] = {
            f"drawing {seed}": partial(drawn, seed) for seed in range(_DRAWN, 2 * _DRAWN)
        }
        yield self._of_pictures("drawings, other seeds", self.gate, drawings)
        packages = {name for name, _ in packaged()}
        kept = np.array([picture.name not in packages for picture in self._fitted_on])
        refit = self._refitted(self._fitted.of(kept))
        yield self._of_pictures("packaged photographs, fitted without", refit, _loads(packaged()))
        yield self._of_pictures("pydicom-data and pydicom", self.gate, _loads(_dicom_pictures()))
        for folder in folders:
            yield self._of_pictures(folder.name, self.gate, _loads(pictures_in(folder)))

    def cost(self) -> float:
        """Return the median time of one judgement, ms."""
        film = prepare(
            Radiograph(self._fitted_on[0].load(), Facts("PNG", "", 8), ""), self._preprocessing
        )
        features, times = self._network.run(film[None], ("features",))["features"][0], []
        for _ in range(_TIMES):
            start = time.perf_counter()
            self.gate.refuse(film, features)
            times.append(1000 * (time.perf_counter() - start))
        return statistics.median(times)

    def _of_pictures(
        self, name: str, gate: Gate, loads: dict[str, Callable[[], FloatImage]]
    ) -> Rate:
        pictures = [GatePicture(name, PictureKind.PICTURE, load) for name, load in loads.items()]
        return _rate(name, pictures, gate.judge(self._looks(pictures).looks))

    def _by_source(
        self, kinds: Sequence[PictureKind]
    ) -> Iterable[tuple[str, list[GatePicture], list[PictureKind | None]]]:
        """Yield each source's pictures of some kinds, judged by heads without the source."""
        places: dict[str, list[int]] = {}
        for at, picture in enumerate(self._pictures):
            if picture.kind in kinds and picture.source:
                places.setdefault(self._source(picture), []).append(at)
        for source, chosen in sorted(places.items()):
            gate = self.gate if source in self._held_out else self._without(source)
            verdicts = gate.judge(self._samples.looks[chosen])
            yield source, [self._pictures[at] for at in chosen], verdicts

    def _source(self, picture: GatePicture) -> str:
        """Return a film's source, or its publisher where that is held out."""
        publisher = self._publishers[picture.name.partition(", ")[0]]
        return publisher if publisher in self._held_out else picture.source

    def _without(self, source: str) -> Gate:
        if source not in self._refits:
            groups = set(self._fitted.groups[self._fitted.sources == source]) - {""}
            barred = (self._fitted.sources == source) | np.isin(self._fitted.groups, sorted(groups))
            self._refits[source] = self._refitted(self._fitted.of(~barred))
        return self._refits[source]

    def _refitted(self, samples: Samples) -> Gate:
        kinds = kinds_of(samples)
        return replace(self.gate, heads=fit_heads(samples, kinds), kinds=kinds)

    def _looks(self, pictures: Sequence[GatePicture]) -> Samples:
        """Return the pictures' looks; those of an earlier run where a few of them still hold."""
        names = "\n".join(f"{picture.name} {picture.kind}" for picture in pictures)
        file = self._cache / f"{hashlib.sha256(names.encode()).hexdigest()[:16]}.npy"
        if self._cache.is_dir() and file.is_file():
            kept = np.load(file)
            some = np.linspace(0, len(pictures) - 1, _CHECKED).round().astype(int)
            fresh = self._run([pictures[at] for at in some])
            if np.allclose(fresh.looks, kept[some], atol=1e-3):
                return samples_of(pictures, kept)
        found = self._run(pictures)
        if self._cache.is_dir():
            np.save(file, found.looks)
        return found

    def _run(self, pictures: Sequence[GatePicture]) -> Samples:
        def see(film: Radiograph) -> tuple[FloatImage, FloatImage]:
            prepared = prepare(film, self._preprocessing)
            return prepared, self._network.run(prepared[None], ("features",))["features"][0]

        return gate_samples(pictures, see)


_FILMS = (PictureKind.FRONTAL, *ALTERATIONS)
_ASIDE = (PictureKind.LATERAL, PictureKind.CT)
_VARIANTS = 6


def _everything(dataset: Dataset) -> Dataset:
    """Return the data set as if nothing were held out."""
    return Dataset(dataset.folder, dataset.manifest, {**dataset.record, "options": {}})


def _joined(one: Samples, other: Samples) -> Samples:
    def both(name: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(one, name), getattr(other, name)])

    return Samples(both("looks"), both("kinds"), both("sources"), both("groups"), one.grid)


def _loads(found: Iterable[tuple[str, FloatImage]]) -> dict[str, Callable[[], FloatImage]]:
    return {name: partial(np.array, pixels) for name, pixels in found}


def _dicom_pictures() -> Iterable[tuple[str, FloatImage]]:
    """Yield the different pictures among pydicom's DICOM files that are no chest films."""
    seen = set()
    folders = [Path(pydicom.data.__file__).parent / "test_files"]
    if find_spec("data_store"):  # what the package pydicom-data installs
        folders.append(Path(str(resources.files("data_store"))) / "data")
    for path in sorted(path for folder in folders for path in folder.glob("*.dcm")):
        try:
            film = read(path)
        except RadiographError:
            continue
        chest = "CHEST" in (film.facts.body_part or "")
        key = np.round(film.pixels[::7, ::7] * 20).tobytes()
        # What is blank is refused before the gate; the same picture comes in many encodings.
        if chest or key in seen or min(film.pixels.shape) < 64 or np.ptp(film.pixels) < 0.2:
            continue
        seen.add(key)
        yield path.name, film.pixels


def _rate(
    name: str,
    pictures: Sequence[GatePicture],
    verdicts: Sequence[PictureKind | None],
    *,
    wrong: Callable[[PictureKind | None], bool] = lambda verdict: verdict is None,
) -> Rate:
    refused = sum(verdict is not None for verdict in verdicts)
    named = sum(v is p.kind for v, p in zip(verdicts, pictures, strict=True))
    low, high = wilson(refused, len(pictures))
    missed = [p.name for p, v in zip(pictures, verdicts, strict=True) if wrong(v)]
    return Rate(name, refused, len(pictures), low, high, named, tuple(missed))


def _print(title: str, rates: Sequence[Rate], *, wrongly: bool) -> None:
    print(title)
    for rate in rates:
        named = "" if wrongly else f"  named rightly {rate.named}"
        print(f"  {rate.name:40}{_told(rate.refused, rate.pictures)}{named}")
    refused, pictures = (sum(getattr(r, name) for r in rates) for name in ("refused", "pictures"))
    print(f"  {'all':40}{_told(refused, pictures)}")
    for rate in rates:
        for name in rate.wrong[:40]:
            print(f"    {'refused' if wrongly else 'let through'}: {rate.name}: {name}")


def _told(refused: int, pictures: int) -> str:
    low, high = (100 * share for share in wilson(refused, pictures))
    share = f"{100 * refused / pictures:.1f} % ({low:.1f}-{high:.1f})"
    return f"{refused:>5} of {pictures:<5}{share:>22}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("dataset", type=Path, help="folder that covid-d dataset build wrote")
    parser.add_argument("--bundle", type=Path, help="default: the built-in one")
    parser.add_argument("--pictures", type=Path, action="append", default=[], help="more pictures")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path("runs/gate-looks"),
        help="folder of looks, if it exists: later runs check a few and reuse them",
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
