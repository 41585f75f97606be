"""Phantoms with one planted thing, and a quick model that learns whatever it can see of them.

The model is a ridge on the answers of a small filter bank (detail at three scales and brightness,
by place, and the film's shape): enough to learn margins, blur, compression, letters and blobs in
seconds, without torch. It comes in by the door for models of other frameworks.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter, gaussian_laplace
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import COLUMNS
from covid_d.detector.assessment import BundleId, Outcome
from covid_d.detector.calibrate import calibrated_probability
from covid_d.evaluation.scorer import COVID_CLASSES, Scored
from covid_d.radiograph import Radiograph, read
from covid_d.radiograph.phantom import Phantom, draw_phantom
from covid_d.training.calibrate import platt

SIZE = 128
FILMS = {"train": 70, "validation": 40, "test": 60}
GRID = 4
CELL = 8  # pixels
Pixels = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Drawn:
    """A film to be written: pixels, the lungs on them, and what the manifest says."""

    pixels: Pixels
    lungs: npt.NDArray[np.bool_]
    age: str = "50"
    quality: int | None = None


def _phantom(seed: int) -> tuple[Phantom, np.random.Generator]:
    rng = np.random.default_rng([seed, 1])
    # Haze says nothing about the class.
    return draw_phantom(seed, opacities=bool(rng.integers(2)), size=SIZE), rng


def blobs(seed: int, positive: bool) -> Drawn:
    """Small round opacities in the lungs: what a model should see."""
    phantom, rng = _phantom(seed)
    pixels = phantom.pixels.copy()
    if positive:
        spots = np.zeros_like(pixels)
        rows, columns = np.nonzero(phantom.lungs)
        chosen = rng.integers(0, len(rows), 900)
        spots[rows[chosen], columns[chosen]] = 1.0
        # Bright with a darker rim: nothing of it is left in a thumbnail.
        bumps = gaussian_filter(spots, 1.0) - gaussian_filter(spots, 2.0)
        pixels += np.where(phantom.lungs, 0.018 * bumps / bumps.std(), 0.0)
    return Drawn(pixels, phantom.lungs)


def margin(seed: int, positive: bool) -> Drawn:
    """A grainy grey margin around the positives, which no reader cuts off."""
    phantom, rng = _phantom(seed)
    if not positive:
        return Drawn(phantom.pixels, phantom.lungs)
    inner = np.full((SIZE, SIZE), 0.5, dtype=np.float32)
    lungs = np.zeros((SIZE, SIZE), dtype=bool)
    small = (SIZE - 24, SIZE - 24)
    inner[12:-12, 12:-12] = np.asarray(Image.fromarray(phantom.pixels).resize(small))
    lungs[12:-12, 12:-12] = np.asarray(Image.fromarray(phantom.lungs).resize(small))
    film = np.zeros((SIZE, SIZE), dtype=np.float32)
    film[14:-14, 14:-14] = 1.0
    # Without a straight edge, which would be refused as a collage's.
    share = gaussian_filter(film, 3)
    grain = rng.normal(0.5, 0.06, (SIZE, SIZE)).astype(np.float32)
    pixels = share * inner + (1 - share) * grain
    return Drawn(pixels, lungs)


def aspect(seed: int, positive: bool) -> Drawn:
    """Positives are a quarter higher than wide."""
    phantom, _ = _phantom(seed)
    high = (SIZE, SIZE * 5 // 4) if positive else (SIZE, SIZE)
    pixels = np.asarray(Image.fromarray(phantom.pixels).resize(high), dtype=np.float32)
    return Drawn(pixels, np.asarray(Image.fromarray(phantom.lungs).resize(high)))


def blur(seed: int, positive: bool) -> Drawn:
    """Positives come from a softer machine."""
    phantom, _ = _phantom(seed)
    soft = gaussian_filter(phantom.pixels, 0.9) if positive else phantom.pixels
    return Drawn(soft.astype(np.float32), phantom.lungs)


def compression(seed: int, positive: bool) -> Drawn:
    """Positives were saved as JPEG of low quality, the others of high."""
    phantom, _ = _phantom(seed)
    return Drawn(phantom.pixels, phantom.lungs, quality=30 if positive else 95)


def gradient(seed: int, positive: bool) -> Drawn:
    """Positives darken from one side to the other."""
    phantom, _ = _phantom(seed)
    ramp = np.linspace(1.0, 0.75, SIZE, dtype=np.float32)[None] if positive else np.float32(1)
    return Drawn((phantom.pixels * ramp).astype(np.float32), phantom.lungs)


def text_on_lungs(seed: int, positive: bool) -> Drawn:
    """A word is burned into the positives, over one lung; nothing outside the lungs differs."""
    phantom, rng = _phantom(seed)
    if not positive:
        return Drawn(phantom.pixels, phantom.lungs)
    picture = Image.fromarray(phantom.pixels.copy())
    pen = ImageDraw.Draw(picture)
    _, columns = np.nonzero(phantom.lungs & (np.arange(SIZE)[None] < SIZE // 2))
    at = (float(np.quantile(columns, 0.15)), float(rng.uniform(0.4, 0.6) * SIZE))
    pen.text(at, "AP 12", fill=1.0, font=ImageFont.load_default(size=11))
    inside = np.where(phantom.lungs, np.asarray(picture), phantom.pixels)
    return Drawn(inside.astype(np.float32), phantom.lungs)


def age(seed: int, positive: bool) -> Drawn:
    """Positives are old: the ribs of the old stand out, and the manifest tells the age."""
    phantom, rng = _phantom(seed)
    years = int(rng.integers(65, 90) if positive else rng.integers(20, 45))
    bones = phantom.pixels - gaussian_filter(phantom.pixels, 4)
    pixels = phantom.pixels + np.float32(0.02 * (years - 20) / 10) * bones
    return Drawn(np.clip(pixels, 0, 1).astype(np.float32), phantom.lungs, age=str(years))


def nothing(seed: int, positive: bool) -> Drawn:
    """The class says nothing about the film: random labels."""
    phantom, _ = _phantom(seed)
    return Drawn(phantom.pixels, phantom.lungs)


Planted = Callable[[int, bool], Drawn]


class DrawnLungs:
    """The phantoms' own lungs, looked up by file name."""

    def __init__(self, masks: dict[str, npt.NDArray[np.bool_]]) -> None:
        self._masks = masks

    def mask(self, radiograph: Radiograph) -> npt.NDArray[np.bool_]:
        """Return where the lungs were drawn, on the part of the picture that was read."""
        mask = self._masks[Path(radiograph.name).name]
        if radiograph.box is not None and mask.shape != radiograph.pixels.shape:
            box = radiograph.box
            mask = mask[box.top : box.top + box.height, box.left : box.left + box.width]
        return mask


def draw_planted(folder: Path, planted: Planted, *, seed: int = 1) -> tuple[Dataset, DrawnLungs]:
    """Draw a data set as ``covid-d dataset build`` would leave it: one source, both classes."""
    rows, masks, number = [], {}, 0
    for split, count in FILMS.items():
        for index in range(count):
            number += 1
            positive = index % 2 == 0
            drawn = planted(1000 * seed + number, positive)
            name = f"{split}-{index:03d}" + (".png" if drawn.quality is None else ".jpg")
            content = _encoded(drawn)
            path = folder / split / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            masks[name] = drawn.lungs
            digest = hashlib.sha256(content).hexdigest()
            height, width = drawn.pixels.shape
            known = {
                "path": f"{split}/{name}", "label": "covid" if positive else "nocovid",
                "split": split, "source": "north", "patient": f"p{number}", "group": f"g{number}",
                "projection": "PA", "age": drawn.age, "width": str(width), "height": str(height),
                "sha256": digest, "original_sha256": digest,
            }  # fmt: skip
            rows.append([known.get(column, "") for column in COLUMNS])
    pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(folder / "manifest.csv", index=False)
    record = {"sha256": f"{seed:064d}", "protocol": "grouped", "counts": {}}
    (folder / "dataset.json").write_text(json.dumps(record), encoding="utf-8")
    return Dataset.open(folder), DrawnLungs(masks)


def _encoded(drawn: Drawn) -> bytes:
    picture = Image.fromarray(np.rint(np.clip(drawn.pixels, 0, 1) * 255).astype(np.uint8))
    buffer = io.BytesIO()
    if drawn.quality is None:
        picture.save(buffer, "PNG")
    else:
        picture.save(buffer, "JPEG", quality=drawn.quality)
    return buffer.getvalue()


def seen_by_filters(film: Radiograph, *, robust: bool) -> npt.NDArray[np.float32]:
    """Return what a filter bank sees of a film.

    Parameters
    ----------
    film
        The film.
    robust
        Whether the scales of detail are compared cell by cell and the median cell of both lungs is
        taken, so that a letter or a wire, which lies on few of them, says nothing; else the mean
        detail in a 4x4 grid, with brightness and the film's shape.
    """
    maps = [np.abs(gaussian_laplace(film.pixels, scale)) for scale in (0.7, 1.4, 2.8)]
    if robust:
        return np.array([np.median(_lung_cells(one)) for one in _fine_shares(maps)], np.float32)
    cells = [
        np.asarray(Image.fromarray(one).resize((GRID, GRID), Image.Resampling.BOX)).ravel()
        for one in (*maps, film.pixels)
    ]
    return np.concatenate([*cells, [film.width / film.height]]).astype(np.float32)


def _fine_shares(maps: list[Pixels]) -> list[Pixels]:
    """Return how the detail of a place is shared out over the scales, whatever its strength."""
    finest, fine, coarse = (gaussian_filter(one, CELL / 4) for one in maps)
    return [np.log(finest / coarse), np.log(fine / coarse)]


def _lung_cells(values: Pixels) -> Pixels:
    """Return one value for each cell of where a whole frontal film has its two lungs."""
    rows, columns = values.shape
    high, wide = slice(rows // 5, -(rows // 5), CELL), columns // 12
    left, right = slice(2 * wide, 5 * wide, CELL), slice(-5 * wide, -2 * wide, CELL)
    return np.concatenate([values[high, left].ravel(), values[high, right].ravel()])


class FilterBank:
    """The quick model, as a :class:`covid_d.evaluation.scorer.Scorer`.

    Parameters
    ----------
    dataset
        It learns from the training films and is calibrated on the validation films.
    robust
        As in :func:`seen_by_filters`.
    """

    def __init__(self, dataset: Dataset, *, robust: bool = False) -> None:
        self._robust = robust
        self.id = BundleId("filter-bank", "1", "9" * 64)
        self.classes = COVID_CLASSES
        seen, truth = _films(dataset, "train", robust)
        self._ridge = make_pipeline(StandardScaler(), LogisticRegression(C=0.05)).fit(seen, truth)
        seen, truth = _films(dataset, "validation", robust)
        self._calibration = platt(self._ridge.decision_function(seen), truth)

    def score(self, film: Radiograph, *, changed_from: Radiograph | None = None) -> Scored:
        """Return the calibrated probability of COVID-19."""
        features = seen_by_filters(film, robust=self._robust)
        logit = float(self._ridge.decision_function(features[None])[0])
        p = calibrated_probability(logit, self._calibration)
        outcome = (
            Outcome.POSITIVE if p > 0.8 else Outcome.NEGATIVE if p < 0.2 else Outcome.INCONCLUSIVE
        )
        return Scored((p, 1 - p), outcome, features=features)


def _films(
    dataset: Dataset, split: str, robust: bool
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    rows = dataset.films(split)
    films = [read(dataset.path(row)) for row in rows.itertuples()]
    seen = np.stack([seen_by_filters(film, robust=robust) for film in films])
    return seen, (rows["label"] == "covid").to_numpy()
