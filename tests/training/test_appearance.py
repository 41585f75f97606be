"""From films graded by appearance to a bundle that answers with it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from covid_d.appearance import CATEGORIES, Appearance
from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import COLUMNS
from covid_d.detector import Bundle, Detector
from covid_d.detector.bundle.spec import AppearanceCalibration, AppearanceConformal
from covid_d.radiograph.phantom import draw_phantom
from covid_d.radiograph.prepare import Window, prepare
from covid_d.radiograph.read import read
from covid_d.training.machine import Machine
from covid_d.training.network import OnnxNetwork
from covid_d.training.recipes import Recipe
from covid_d.training.run import train
from lung_factory import TWO, box_network, make_lungs

pytestmark = pytest.mark.train

# What a film of each category shows, so that a tiny network can learn it: waves down, across, both;
# too soft for the gate to take them for ink.
_LINES = {
    Appearance.NEGATIVE: (0.0, 0.0),
    Appearance.ATYPICAL: (0.2, 0.0),
    Appearance.INDETERMINATE: (0.0, 0.2),
    Appearance.TYPICAL: (0.2, 0.2),
}


def _film(seed: int, category: Appearance) -> Image.Image:
    pixels = np.array(draw_phantom(seed, opacities=False, size=144).pixels)
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    down, across = _LINES[category]
    pixels = pixels + down * np.sin(columns * 0.4) + across * np.sin(rows * 0.4)
    return Image.fromarray(np.rint(pixels.clip(0, 1) * 255).astype(np.uint8))


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """128 films: 16 of each category in each of two splits."""
    folder = tmp_path_factory.mktemp("graded")
    rows: list[dict[str, object]] = []
    for split in ("train", "validation"):
        for category in CATEGORIES:
            for _ in range(16):
                seed = len(rows)
                path = folder / split / category.value / f"{seed:03}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                _film(seed, category).save(path)
                known = {
                    "path": path.relative_to(folder).as_posix(),
                    "appearance": category.value,
                    "split": split,
                    "source": "drawn",
                    "patient": f"p{seed}",
                    "group": f"g{seed}",
                    "license": "CC0",
                    "width": 144,
                    "height": 144,
                    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                    "original_sha256": hashlib.sha256(path.name.encode()).hexdigest(),
                }
                rows.append({column: known.get(column, "") for column in COLUMNS})
    pd.DataFrame(rows).to_csv(folder / "manifest.csv", index=False)
    digest = hashlib.sha256((folder / "manifest.csv").read_bytes()).hexdigest()
    record = {"sha256": digest, "protocol": "grouped", "counts": {}}
    (folder / "dataset.json").write_text(json.dumps(record))
    return Dataset.open(folder)


@pytest.fixture(scope="module")
def run(graded: Dataset, tiny: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    recipe = tiny.changed(
        name="graded",
        target="appearance",
        frame="lungs",
        fit="squash",
        surround=0.1,
        jitter=0.1,
        frozen_epochs=0,
        epochs=8,
        lr_max=1e-2,
        rotate=0.0,  # the lines' direction tells the categories of these films
        warp=0.0,
        blur=0.0,
        label_smoothing=0.1,
        smoothing="ordinal",
        average=0.8,
        keep="last",
        sampling="uniform",
    )
    folder = tmp_path_factory.mktemp("run") / "run"
    lungs = make_lungs(tmp_path_factory.mktemp("lungs") / "lungs", model=box_network(parts=TWO))
    machine = Machine("cpu", threads=1)
    train(graded, folder, recipe, machine=machine, gate=False, lungs=lungs)
    return folder


def test_the_bundle_says_what_it_answers_and_carries_its_lungs(run: Path) -> None:
    spec = Bundle.load(run / "bundle").spec
    assert spec.has_appearance
    assert (spec.preprocessing.frame, spec.preprocessing.surround) == ("lungs", 0.1)
    assert isinstance(spec.calibration, AppearanceCalibration)
    assert isinstance(spec.conformal, AppearanceConformal)
    assert sum(spec.conformal.films) + spec.calibration.films == 64
    assert spec.verdict.status == "demonstration"
    assert (run / "bundle" / "lungs.onnx").is_file()


def test_an_answer_is_the_network_s_on_the_very_input_of_training(
    run: Path, graded: Dataset
) -> None:
    detector = Detector.load(run / "bundle")
    network = OnnxNetwork((run / "bundle" / "model.onnx").read_bytes())
    row = graded.manifest[graded.manifest["split"] == "validation"].iloc[0]
    film = read(graded.folder / row["path"])
    box = Window(8 / 64, 8 / 64, 56 / 64, 56 / 64)  # around the two lungs that the model draws
    logits, features, activation = network(
        prepare(film, detector.bundle.spec.preprocessing, box)[None]
    )
    assert logits.shape == (1, 4)
    assert activation.shape[:2] == (1, 4)
    assert features.ndim == 2
    examination = detector.examine(film)
    assert examination.refusal is None, examination.refusal
    assert examination.logits == pytest.approx(tuple(logits[0].tolist()), abs=1e-5)


def test_categories_are_learnt_in_their_own_order(run: Path, graded: Dataset) -> None:
    detector = Detector.load(run / "bundle")
    rows = graded.manifest[graded.manifest["split"] == "validation"]
    right = 0
    for path, grade in zip(rows["path"], rows["appearance"], strict=True):
        answer = detector.assess(graded.folder / path)
        right += answer.most_likely is not None and answer.most_likely.value == grade
    assert right / len(rows) > 0.6  # by chance a quarter


def test_the_card_speaks_of_appearance_and_of_the_weights_own_licence(run: Path) -> None:
    card = (run / "bundle" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "does not rule COVID-19 out" in card
    assert "| drawn | train | 64 | 64 | 16 | 16 | 16 | 16 |" in card
    assert "no se ha hecho todavía: es una demostración (`demonstration`)" in card
    assert "64 films" not in card.split("## Data")[0]
    assert "128 films of 128 patients" in card
    assert "not under the licence of COVID-D's code" in card
    assert "Vector scaling on 32 validation films" in card


def test_a_record_of_the_run_names_its_lung_model(run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    model = (run / "bundle" / "lungs.onnx").read_bytes()
    assert record["lungs"] == hashlib.sha256(model).hexdigest()
    assert record["films"]["train"] == dict.fromkeys([c.value for c in CATEGORIES], 16)
    assert record["refused"] == {"train": 0, "validation": 0}
    history = pd.read_csv(run / "history.csv")
    assert {"typical_auroc", "opacity_auroc", "kappa"} <= set(history.columns)
