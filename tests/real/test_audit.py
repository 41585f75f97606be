"""The audit on real films: lungs are found, probes read the source, nothing passes by it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bundle_factory import make_bundle
from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import COLUMNS
from covid_d.detector import Bundle
from covid_d.detector.lungs import LungModel
from covid_d.errors import BundleError
from covid_d.evaluation.audit import audit
from covid_d.evaluation.audit.erase import lungs_found, only_lungs, without_lungs
from covid_d.radiograph import read

pytestmark = [pytest.mark.real, pytest.mark.slow]

SEED = 3


@pytest.fixture(scope="module")
def lungs() -> LungModel:
    try:
        return LungModel.load(Bundle.load())
    except BundleError as error:
        pytest.skip(f"the built-in bundle carries no lung model: {error}")


@pytest.fixture(scope="module")
def adults(real_data: Path) -> pd.DataFrame:
    table = pd.read_csv(real_data / "adult" / "manifest.csv", dtype=str, keep_default_na=False)
    return table.assign(file=[str(real_data / "adult" / name) for name in table["path"]])


def test_lung_model_agrees_with_drawn_masks(real_data: Path, lungs: LungModel) -> None:
    # Most of these films were in its training; the held-out Dice stands in the bundle's spec.
    collection = real_data / "covid-chestxray-dataset"
    table = pd.read_csv(collection / "metadata.csv", dtype=str, keep_default_na=False)
    frontal = {
        Path(str(row.filename)).stem: collection / "images" / str(row.filename)
        for row in table.itertuples()
        if row.view in ("PA", "AP", "AP Supine")
    }
    masks = sorted((collection / "annotations" / "lung-masks").glob("*.png"))
    chosen = [mask for mask in masks if mask.stem in frontal][::8]
    dice = []
    for path in chosen:
        film = read(frontal[path.stem])
        drawn = np.asarray(Image.open(path).convert("L"), dtype=np.float32)
        truth = (drawn if film.box is None else film.box.of(drawn)) > 127
        found = lungs.mask(film)
        dice.append(2 * (truth & found).sum() / (truth.sum() + found.sum()))
    assert len(dice) > 30
    assert np.mean(dice) > 0.93
    assert lungs.spec.dice > 0.93


def test_lungs_are_found_and_erased_on_other_collections(
    adults: pd.DataFrame, lungs: LungModel
) -> None:
    for row in adults.groupby("source").sample(8, random_state=SEED).itertuples():
        film = read(Path(str(row.file)))
        mask = lungs.mask(film)
        assert lungs_found(mask), row.path
        assert mask.mean() < 0.75, row.path
        for changed in (without_lungs(film, mask), only_lungs(film, mask)):
            assert changed.pixels.shape == film.pixels.shape
            assert not np.array_equal(changed.pixels, film.pixels)


def test_probes_read_the_source_and_nothing_passes(adults: pd.DataFrame, tmp_path: Path) -> None:
    # All COVID films from one collection, all others from another: as published sets are pooled.
    dataset = _two_collections(adults, tmp_path / "dataset")
    bundle = Bundle.load(make_bundle(tmp_path / "bundle"))
    result = audit(bundle, dataset, perturbed_films=5)
    assert result.verdict.status == "demonstration"
    best = result.evidence.pool.best_probe
    assert best is not None
    assert best[1].auroc.value > 0.85
    failed = {check.code for check in result.checks if not check.passed}
    assert {"within_source_evidence", "lung_model"} <= failed
    assert [source.model for source in result.evidence.sources] == [None, None]


def _two_collections(adults: pd.DataFrame, folder: Path) -> Dataset:
    rows = []
    patients = adults[adults["source"].isin(["cxnet", "rsna"])].drop_duplicates("patient")
    films = patients.groupby("source").sample(60, random_state=SEED)
    for number, row in enumerate(films.itertuples()):
        split = "test" if number % 3 == 0 else "train"
        content = Path(str(row.file)).read_bytes()
        path = folder / split / f"{number:03d}{Path(str(row.file)).suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        width, height = Image.open(path).size
        digest = hashlib.sha256(content).hexdigest()
        known = {
            "path": f"{split}/{path.name}",
            "label": "covid" if row.source == "cxnet" else "nocovid",
            "split": split,
            "source": row.source,
            "patient": row.patient,
            "group": row.patient,
            "width": width,
            "height": height,
            "sha256": digest,
            "original_sha256": digest,
        }
        rows.append([known.get(column, "") for column in COLUMNS])
    pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(folder / "manifest.csv", index=False)
    record = {"sha256": "6" * 64, "protocol": "grouped", "counts": {}}
    (folder / "dataset.json").write_text(json.dumps(record), encoding="utf-8")
    return Dataset.open(folder)
