"""The lung model: pairing films with masks, splits by patient, training, export, command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from bundle_factory import make_bundle
from covid_d.cli.main import main
from covid_d.detector import Bundle
from covid_d.detector.lungs import LungModel
from covid_d.errors import TrainingError
from covid_d.radiograph import Preprocessing, read
from covid_d.radiograph.phantom import draw_phantom
from covid_d.training.backbones import find_weights
from covid_d.training.lungs.data import LUNG_PREPROCESSING, LungFilms, load_lung_films
from covid_d.training.lungs.network import BACKBONE, LungNetwork, soft_dice_loss
from covid_d.training.lungs.report import write_lung_run
from covid_d.training.lungs.train import LungOptions, LungRun, export_onnx, score_masks, train_lungs

COUNT = 24
Folders = tuple[Path, Path, Path]


def draw_collection(folder: Path, count: int = COUNT) -> Folders:
    """Draw films of count / 2 patients with their masks, as Cohen's collection keeps them."""
    images, masks = folder / "images", folder / "masks"
    images.mkdir(parents=True)
    masks.mkdir()
    rows = []
    for number in range(count):
        phantom = draw_phantom(number, opacities=number % 2 == 0, size=160)
        phantom.to_image().save(images / f"film{number}.png")
        Image.fromarray(phantom.lungs).save(masks / f"film{number}.png")
        view = "AP Supine" if number % 3 == 0 else "PA"
        rows.append({"filename": f"film{number}.png", "patientid": number // 2, "view": view})
    pd.DataFrame(rows).to_csv(folder / "metadata.csv", index=False)
    return images, masks, folder / "metadata.csv"


@pytest.fixture
def collection(tmp_path: Path) -> Folders:
    return draw_collection(tmp_path / "collection")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> LungFilms:
    return load_lung_films(*draw_collection(tmp_path_factory.mktemp("lungs") / "collection"))


@pytest.fixture(scope="module")
def run(films: LungFilms) -> LungRun:
    return train_lungs(films, options=LungOptions(epochs=2))


def test_films_and_masks_are_paired(films: LungFilms) -> None:
    assert len(films) == COUNT
    assert films.films.shape == films.masks.shape == (COUNT, 256, 256)
    assert films.films.dtype == np.uint8
    assert films.masks.dtype == np.bool_
    # Lungs are darker than what surrounds them: masks of other films would not fit so well.
    for film, mask in zip(films.films, films.masks, strict=True):
        assert film[mask].mean() < film[64:192, 64:192][~mask[64:192, 64:192]].mean()
    assert films.excluded == {}


def test_what_cannot_be_used_is_named(collection: Folders) -> None:
    images, masks, metadata = collection
    table = pd.read_csv(metadata, dtype=str)
    table.loc[0, "view"] = "L"
    table = table[table["filename"] != "film1.png"]
    table.to_csv(metadata, index=False)
    (images / "film2.png").unlink()
    Image.new("1", (160, 160)).save(masks / "film3.png")
    (images / "film4.png").write_bytes(b"")
    found = load_lung_films(*collection)
    assert len(found) == COUNT - 5
    assert found.excluded["film0.png"] == "view is 'L', not frontal"
    assert found.excluded["film1.png"] == "no patient in the metadata"
    assert found.excluded["film2.png"] == "film is missing"
    assert found.excluded["film3.png"] == "mask is empty"
    assert "empty" in found.excluded["film4.png"]


def test_films_of_a_patient_share_a_group(films: LungFilms) -> None:
    for group in np.unique(films.groups):
        members = [films.patients[k] for k in np.flatnonzero(films.groups == group)]
        assert len(members) == 2
        assert len(set(members)) == 1


def test_copies_share_a_group_across_patients(collection: Folders) -> None:
    images, masks, _ = collection
    for folder in (images, masks):
        (folder / "film9.png").write_bytes((folder / "film2.png").read_bytes())
    found = load_lung_films(*collection)
    at = dict(zip(found.names, found.groups, strict=True))
    assert at["film9.png"] == at["film2.png"] == at["film8.png"] == at["film3.png"]


@pytest.mark.parametrize("seed", range(5))
def test_split_keeps_groups_together(films: LungFilms, seed: int) -> None:
    parts = films.split(seed)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(COUNT))
    groups = [set(films.groups[part]) for part in parts.values()]
    assert not groups[0] & groups[1]
    assert not groups[0] & groups[2]
    assert not groups[1] & groups[2]
    assert len(parts["train"]) > len(parts["test"]) > 0
    assert len(parts["validation"]) > 0
    again = films.split(seed)
    assert all(np.array_equal(parts[name], again[name]) for name in parts)


def test_hash_follows_the_content(collection: Folders) -> None:
    before = load_lung_films(*collection).sha256
    assert load_lung_films(*collection).sha256 == before
    mask = collection[1] / "film5.png"
    Image.fromarray(draw_phantom(99, size=160).lungs).save(mask)
    assert load_lung_films(*collection).sha256 != before


@pytest.mark.parametrize("position", range(3))
def test_missing_inputs(collection: Folders, position: int) -> None:
    paths = list(collection)
    paths[position] = collection[0] / "none"
    with pytest.raises(TrainingError, match="does not exist"):
        load_lung_films(paths[0], paths[1], paths[2])


def test_metadata_without_columns(collection: Folders) -> None:
    pd.DataFrame({"filename": ["a.png"]}).to_csv(collection[2], index=False)
    with pytest.raises(TrainingError, match=r"lacks the columns \['patientid', 'view'\]"):
        load_lung_films(*collection)


def test_too_few_pairs(collection: Folders) -> None:
    for mask in sorted(collection[1].iterdir())[:-9]:
        mask.unlink()
    with pytest.raises(TrainingError, match="Only 9 frontal films"):
        load_lung_films(*collection)


@pytest.mark.parametrize("change", [{"fit": "pad"}, {"crop_border": 0.1}])
def test_geometry_must_be_squash(collection: Folders, change: dict[str, Any]) -> None:
    with pytest.raises(TrainingError, match="fit='squash'"):
        load_lung_films(*collection, preprocessing=Preprocessing(**({"fit": "squash"} | change)))


def test_soft_dice_loss_of_known_overlaps() -> None:
    mask = torch.zeros(1, 10, 10)
    mask[:, :5] = 1
    sure = (mask * 2 - 1) * 50
    assert soft_dice_loss(sure, mask).item() == pytest.approx(0.0, abs=1e-6)
    # Nothing in common: (0 + 1) / (50 + 50 + 1) remains, the smoothing term.
    assert soft_dice_loss(-sure, mask).item() == pytest.approx(1 - 1 / 101, abs=1e-6)


def test_scores_of_known_masks(films: LungFilms) -> None:
    indices = np.arange(6)
    perfect = score_masks(films, indices, films.masks[:6], seed=0)
    assert (perfect.dice == 1).all()
    assert perfect.dice_interval == (1.0, 1.0)
    half = films.masks[:6].copy()
    half[:, ::2] = False
    found = score_masks(films, indices, half, seed=0)
    # Half of the lung and nothing else: IoU 1/2, Dice 2/3.
    assert found.iou == pytest.approx(np.full(6, 0.5), abs=0.02)
    assert found.dice == pytest.approx(np.full(6, 2 / 3), abs=0.02)
    assert found.dice_interval[0] <= found.dice.mean() <= found.dice_interval[1]
    empty = score_masks(films, indices, np.zeros_like(half), seed=0)
    assert (empty.dice == 0).all()


def test_interval_draws_whole_groups(films: LungFilms) -> None:
    # Alternately perfect and empty masks, by film or by patient: the same mean, but films of one
    # patient that agree carry less information.
    indices = np.arange(COUNT)
    by_film, by_patient = films.masks.copy(), films.masks.copy()
    by_film[::2] = False
    by_patient[np.asarray([int(p) % 2 == 0 for p in films.patients])] = False

    def width(masks: np.ndarray) -> float:
        low, high = score_masks(films, indices, masks, seed=0).dice_interval
        return high - low

    assert width(by_film) == 0.0  # each patient has one of each
    assert width(by_patient) > 0.3


def test_pretrained_encoder_takes_the_packages_weights() -> None:
    state = find_weights(BACKBONE).state
    assert state is not None
    network = LungNetwork(state)
    stem = network.stem[0].get_parameter("weight")
    assert stem.shape[1] == 1
    assert torch.equal(stem, state["conv_stem.weight"].sum(dim=1, keepdim=True))
    assert sum(p.numel() for p in network.parameters()) * 4 < 2_000_000


@pytest.mark.train
def test_training_learns_and_is_measured(films: LungFilms, run: LungRun) -> None:
    assert [row["epoch"] for row in run.history] == [0, 1]
    assert run.history[1]["loss"] < run.history[0]["loss"]
    held_out = run.scores["test"]
    assert run.spec.films == len(held_out.names) == len(run.test) == len(run.masks)
    assert run.spec.patients == len(set(held_out.patients))
    assert run.spec.dice == pytest.approx(held_out.dice.mean())
    assert run.spec.dice_interval[0] <= run.spec.dice <= run.spec.dice_interval[1]
    assert run.spec.data_sha256 == films.sha256
    assert run.spec.preprocessing == LUNG_PREPROCESSING
    trained_on = set(films.groups[films.split(7)["train"]])
    assert not trained_on & set(films.groups[run.test])


@pytest.mark.train
def test_onnx_gives_the_networks_masks(
    films: LungFilms, run: LungRun, tmp_path: Path, collection: Folders
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    write_lung_run(run, films, out)
    model = LungModel.open(out)
    for place, index in enumerate(run.test):
        film = read(collection[0] / films.names[index])
        mask = np.asarray(Image.fromarray(model.mask(film)).resize((256, 256)))
        agreement = (mask == run.masks[place]).mean()
        assert agreement > 0.97
    assert len(run.onnx) < 2_000_000


@pytest.mark.train
def test_report_and_tables(films: LungFilms, run: LungRun, tmp_path: Path) -> None:
    write_lung_run(run, replace(films, excluded={"a.png": "mask is empty"}), tmp_path)
    scores = pd.read_csv(tmp_path / "scores.csv")
    assert set(scores["split"]) == {"validation", "test"}
    assert scores.loc[scores["split"] == "test", "dice"].mean() == pytest.approx(run.spec.dice)
    assert len(pd.read_csv(tmp_path / "history.csv")) == 2
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "mask is empty" in html
    assert html.count("data:image/png") == 2
    assert films.sha256 in html


@pytest.mark.train
def test_same_seed_same_model(films: LungFilms) -> None:
    first = train_lungs(films, options=LungOptions(epochs=1, seed=3))
    again = train_lungs(films, options=LungOptions(epochs=1, seed=3))
    assert first.history == again.history
    assert np.array_equal(first.masks, again.masks)
    assert first.spec == again.spec


@pytest.mark.train
def test_export_refuses_a_network_that_differs(
    films: LungFilms, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No difference is below this tolerance, so any network must be refused.
    monkeypatch.setattr("covid_d.training.lungs.train._PARITY", -1.0)
    with pytest.raises(TrainingError, match="exported lung model differs from the network"):
        export_onnx(LungNetwork(), films.films[:2])


def test_too_few_patients_to_split(films: LungFilms) -> None:
    one = replace(films, groups=np.zeros(COUNT, dtype=np.int64))
    with pytest.raises(TrainingError, match="of too few patients"):
        train_lungs(one)


@pytest.mark.train
def test_command(collection: Folders, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images, masks, metadata = collection
    out = tmp_path / "out"
    words = ["train-lungs", "--images", images, "--masks", masks, "--metadata", metadata]
    bundle = make_bundle(tmp_path / "bundle")
    words += ["--out", out, "--epochs", "1", "--license", "CC0", "--bundle", bundle]
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    assert not left.value.code
    assert "Dice" in capsys.readouterr().out
    assert sorted(path.name for path in out.iterdir()) == [
        "history.csv",
        "lungs.json",
        "lungs.onnx",
        "report.html",
        "scores.csv",
    ]
    assert json.loads((out / "lungs.json").read_text(encoding="utf-8"))["license"] == "CC0"
    assert LungModel.load(Bundle.load(bundle)).spec.license == "CC0"
    # A second run does not touch the first.
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    assert left.value.code == 1
