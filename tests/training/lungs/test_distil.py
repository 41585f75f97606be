"""A smaller lung network taught by a larger one's maps: which films, what is done to them, how."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from appearance_factory import draw_graded
from covid_d.cli.main import main
from covid_d.dataset.dataset import Dataset
from covid_d.detector import Bundle
from covid_d.detector.lungs import LungModel
from covid_d.errors import TrainingError
from covid_d.radiograph import read
from covid_d.radiograph.phantom import draw_phantom
from covid_d.training.lungs.data import LungFilms, load_lung_films
from covid_d.training.lungs.distil import (
    DistilOptions,
    TaughtFilms,
    distil,
    fit,
    part_of,
    put_wrong,
    teach,
    teachable,
)
from covid_d.training.lungs.network import STUDENT
from lung_factory import TWO, box_network, lungs_spec

FEW = 18
QUICK = DistilOptions(epochs=1, every=3)
NOTHING = np.zeros((0, 256, 256), dtype=np.uint8)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("films")
    for number in range(FEW):
        draw_phantom(number, size=160).to_image().save(folder / f"film{number:02}.png")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def teacher() -> LungModel:
    """The built-in bundle's."""
    return LungModel.load(Bundle.load("builtin"))


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Twelve films of six patients with masks."""
    folder = tmp_path_factory.mktemp("masked")
    images, masks = folder / "images", folder / "masks"
    images.mkdir()
    masks.mkdir()
    rows = []
    for number in range(12):
        phantom = draw_phantom(100 + number, size=160)
        phantom.to_image().save(images / f"film{number}.png")
        Image.fromarray(phantom.lungs).save(masks / f"film{number}.png")
        rows.append({"filename": f"film{number}.png", "patientid": number // 2, "view": "PA"})
    pd.DataFrame(rows).to_csv(folder / "metadata.csv", index=False)
    return images, masks, folder / "metadata.csv"


@pytest.fixture(scope="module")
def films(masked: tuple[Path, Path, Path]) -> LungFilms:
    return load_lung_films(*masked)


@pytest.fixture(scope="module")
def taught(paths: list[Path], teacher: LungModel) -> TaughtFilms:
    return teach(paths, teacher, options=QUICK, held_out=NOTHING)


def draw_split(folder: Path, per_kind: int) -> Dataset:
    """Draw a data set of which each third film is for validation, the others teach."""
    draw_graded(folder, per_kind)
    table = pd.read_csv(folder / "manifest.csv", dtype=str, keep_default_na=False)
    table["split"] = ["validation" if at % 3 == 2 else "train" for at in range(len(table))]
    table.to_csv(folder / "manifest.csv", index=False)
    return Dataset.open(folder)


def boxes() -> LungModel:
    """A teacher that finds two boxes in whatever it sees."""
    return LungModel(box_network(parts=TWO), lungs_spec())


def listing(*rows: tuple[str, str]) -> str:
    return "split,sha256\n" + "".join(f"{split},{sha256}\n" for split, sha256 in rows)


def test_films_of_the_split_train_teach(tmp_path: Path) -> None:
    dataset = draw_split(tmp_path / "data", per_kind=4)
    train = dataset.manifest[dataset.manifest["split"] == "train"]
    found = teachable([dataset.folder], "")
    assert found == [dataset.path(row) for row in train.itertuples(index=False)]
    assert 0 < len(found) < len(dataset.manifest)


def test_what_the_teachers_bundle_was_judged_by_does_not_teach(tmp_path: Path) -> None:
    dataset = draw_split(tmp_path / "data", per_kind=4)
    train = dataset.manifest[dataset.manifest["split"] == "train"].reset_index(drop=True)
    assert train["source"][0] == train["source"][1] == "siim"
    learnt, judged = train["sha256"][0], train["sha256"][1]
    found = teachable([dataset.folder], listing(("train", learnt), ("validation", judged)))
    # Of a source that the bundle knows only what it learnt from; of another one, all.
    expected = [
        dataset.path(row)
        for row in train.itertuples(index=False)
        if row.sha256 == learnt or row.source != "siim"
    ]
    assert found == expected
    assert dataset.path(train.iloc[1]) not in found


def test_each_film_is_mapped_and_some_are_put_wrong(paths: list[Path]) -> None:
    taught = teach(paths, boxes(), options=replace(QUICK, every=6), held_out=NOTHING)
    assert len(taught) == FEW + 3
    assert taught.films.shape == taught.maps.shape == (FEW + 3, 32, 32)
    assert taught.films.dtype == taught.maps.dtype == np.uint8
    # The boxes are 0.9 lung; at half the side their edges lie between cells.
    expected = np.zeros((32, 32), dtype=np.uint8)
    expected[4:28, 4:14] = expected[4:28, 18:28] = round(0.9 * 255)
    assert (taught.maps == expected).all()


def test_a_map_lies_on_its_film(paths: list[Path], teacher: LungModel) -> None:
    taught = teach(paths, teacher, options=replace(QUICK, every=1000), held_out=NOTHING)
    for place, path in enumerate(paths, start=1):
        if place > 1:  # the first one is followed by itself put wrong
            seen, lungs = teacher.map(read(path))
            for kept, values in ((taught.films, seen), (taught.maps, lungs)):
                small = np.asarray(Image.fromarray(values).resize((128, 128), Image.Resampling.BOX))
                assert np.abs(kept[place] / 255.0 - small).max() <= 0.5 / 255 + 1e-5


def test_what_shows_a_held_out_film_does_not_teach(paths: list[Path]) -> None:
    seen, _ = boxes().map(read(paths[4]))
    held_out = np.asarray(Image.fromarray(np.rint(seen * 255).astype(np.uint8)).resize((256, 256)))
    options = replace(QUICK, every=1000)
    without = teach(paths, boxes(), options=options, held_out=held_out[None])
    everything = teach(paths, boxes(), options=options, held_out=NOTHING)
    small = np.rint(np.asarray(seen).reshape(32, 2, 32, 2).mean(axis=(1, 3)) * 255)
    assert len(without) < len(everything)
    assert any(np.array_equal(film, small) for film in everything.films)
    assert not any(np.array_equal(film, small) for film in without.films)


def test_what_cannot_be_read_is_left_out(paths: list[Path], tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    options = replace(QUICK, every=1000)
    found = teach([*paths, tmp_path / "broken.png"], boxes(), options=options, held_out=NOTHING)
    assert len(found) == FEW + 1


def test_too_few_films_teach_nothing(paths: list[Path]) -> None:
    with pytest.raises(TrainingError, match="Only 3 films"):
        teach(paths[:2], boxes(), options=replace(QUICK, every=2), held_out=NOTHING)


def test_films_are_put_wrong_in_many_ways() -> None:
    film = draw_phantom(5, size=120).pixels
    other = draw_phantom(6, size=120).pixels
    drawn = [put_wrong(film, np.random.default_rng(seed), other) for seed in range(80)]
    for changed in drawn:
        assert changed.dtype == np.float32
        assert changed.flags.c_contiguous
        assert 0.0 <= changed.min() <= changed.max() <= 1.0
    rows, columns = film.shape
    unlike = [each for each in drawn if each.shape != film.shape or (each != film).any()]
    assert len(unlike) >= 78
    assert any(min(each.shape) > rows for each in drawn)  # margins
    assert any(each.shape[1] < 0.6 * columns or each.shape[0] < 0.6 * rows for each in drawn)
    assert any(each.shape[1] > 1.8 * each.shape[0] for each in drawn)  # two films
    turned = np.ascontiguousarray(1.0 - film)
    assert any(np.array_equal(each, turned) for each in drawn)
    same = [each for each in drawn if each.shape == film.shape]
    covered = [np.unique(each[:, : columns // 3]).size == 1 for each in same]
    assert any(covered)  # one lung


def test_putting_wrong_leaves_the_film_as_it_was() -> None:
    film = draw_phantom(5, size=120).pixels
    before = film.copy()
    for seed in range(40):
        put_wrong(film, np.random.default_rng(seed))
    assert np.array_equal(film, before)


def test_the_smaller_network_comes_nearer_to_the_maps(
    films: LungFilms, taught: TaughtFilms, teacher: LungModel
) -> None:
    # Maps that the teacher does not give: what is bright in the middle of a film.
    bright = ((taught.films > 110) * 255).astype(np.uint8)
    bright[:, :16] = bright[:, -16:] = bright[:, :, :12] = bright[:, :, -12:] = 0
    options = DistilOptions(epochs=6, learning_rate=5e-3)
    history = fit(part_of(teacher), replace(taught, maps=bright), films, options=options)
    assert [row["epoch"] for row in history] == list(range(6))
    assert set(history[0]) == {"epoch", "loss", "validation_dice"}
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]


def test_the_part_begins_with_the_teachers_weights(teacher: LungModel) -> None:
    part, again = part_of(teacher), part_of(teacher)
    assert part.shape == STUDENT
    pairs = zip(part.state_dict().values(), again.state_dict().values(), strict=True)
    assert all(torch.equal(first, second) for first, second in pairs)  # nothing left to chance


def test_the_run_is_what_a_bundle_takes(
    films: LungFilms, taught: TaughtFilms, teacher: LungModel, paths: list[Path]
) -> None:
    run = distil(films, taught, teacher, options=QUICK)
    model = LungModel(run.onnx, run.spec)  # checks the contract: the film's side is the teacher's
    seen, lungs = model.map(read(paths[0]))
    assert seen.shape == lungs.shape == (256, 256)
    assert np.array_equal(seen, teacher.map(read(paths[0]))[0])
    assert run.spec.license == teacher.spec.license
    assert run.spec.data_sha256 == films.sha256
    assert run.spec.films == len(films.split(7)["test"])


def test_broken_off_it_goes_on_to_the_same_end(
    films: LungFilms,
    taught: TaughtFilms,
    teacher: LungModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = DistilOptions(epochs=2)
    whole, broken, again = (part_of(teacher) for _ in range(3))
    history = fit(whole, taught, films, options=options)
    kept = tmp_path / "kept.state"

    def killed(path: Path, content: bytes) -> None:
        path.write_bytes(content)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("covid_d.training.lungs.distil.write_atomically", killed)
        with pytest.raises(KeyboardInterrupt):
            fit(broken, taught, films, options=options, kept=kept)
    assert fit(again, taught, films, options=options, kept=kept) == history
    pairs = zip(whole.state_dict().values(), again.state_dict().values(), strict=True)
    assert all(torch.equal(first, second) for first, second in pairs)


def test_a_state_of_another_training_is_not_taken_up(
    films: LungFilms, taught: TaughtFilms, teacher: LungModel, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.state"
    fit(part_of(teacher), taught, films, options=QUICK, kept=kept)
    others = replace(QUICK, learning_rate=1e-4)
    with pytest.raises(TrainingError, match="of another training"):
        fit(part_of(teacher), taught, films, options=others, kept=kept)
    fewer = TaughtFilms(taught.films[:-1], taught.maps[:-1])
    with pytest.raises(TrainingError, match="of another training"):
        fit(part_of(teacher), fewer, films, options=QUICK, kept=kept)
    smaller = replace(STUDENT, blocks=(1, 1, 1, 1))
    with pytest.raises(TrainingError, match="of another training"):
        fit(part_of(teacher, smaller), taught, films, options=QUICK, kept=kept)


def test_the_command_teaches_by_the_built_in_bundle(
    masked: tuple[Path, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = draw_split(tmp_path / "data", per_kind=4)
    teacher = Bundle.load("builtin")
    out = tmp_path / "out"
    words = ["train-lungs", "--images", masked[0], "--masks", masked[1], "--metadata", masked[2]]
    words += ["--out", out, "--epochs", 1, "--films", dataset.folder]
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    assert left.value.code == 2
    assert "--teacher" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in [*words, "--teacher", teacher.path]])
    assert not left.value.code
    assert "Dice" in capsys.readouterr().out
    model = LungModel.open(out)
    assert model.sha256 != LungModel.load(teacher).sha256
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".state"] == []
