from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from covid_d.dataset.dataset import Dataset
from covid_d.detector.lungs import LungModel
from covid_d.errors import TrainingError
from covid_d.radiograph.prepare import Window, prepare, standardise
from covid_d.radiograph.read import read
from covid_d.training.data import (
    chosen_films,
    dataloaders,
    jittered,
    preprocessing_of,
    sampling_weights,
)
from covid_d.training.recipes import APPEARANCE, ARTICLE, DEFAULT, Recipe
from lung_factory import TWO, box_network, lungs_spec


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "shared-cache"


@pytest.mark.parametrize(
    "recipe",
    [DEFAULT.changed(size=64), ARTICLE.changed(size=64), DEFAULT.changed(size=64, fit="squash")],
    ids=["default", "article", "squash"],
)
def test_validation_input_is_what_prepare_gives(
    phantoms: Dataset, recipe: Recipe, cache: Path
) -> None:
    dls = dataloaders(phantoms, recipe, cache=cache)
    films, labels = next(iter(dls.valid))
    rows = dls.films[dls.films["split"] == "validation"].reset_index(drop=True)
    assert films.shape == (recipe.batch_size, 3, 64, 64)
    for index, film in enumerate(films):
        wanted = prepare(read(phantoms.folder / rows["path"][index]), dls.preprocessing)
        assert np.abs(film.numpy() - wanted).max() <= 1e-4
        assert dls.vocab[labels[index]] == rows["label"][index]


def test_every_film_is_seen_once_an_epoch_when_uniform(
    phantoms: Dataset, tiny: Recipe, cache: Path
) -> None:
    dls = dataloaders(phantoms, tiny.changed(sampling="uniform"), cache=cache)
    assert sorted(dls.train.get_idxs()) == list(range(24))
    assert list(dls.valid.get_idxs()) == list(range(24))
    assert len(dls.train) == 3


def test_balanced_sampling_draws_classes_alike_and_leaves_validation_alone(
    phantoms: Dataset, tiny: Recipe, cache: Path
) -> None:
    dls = dataloaders(phantoms, tiny, cache=cache)
    labels = dls.films.loc[dls.films["split"] == "train", "label"].to_numpy()
    np.random.seed(0)  # fastai draws from the global source
    drawn = np.concatenate([labels[dls.train.get_idxs()] for _ in range(60)])
    assert (drawn == "covid").mean() == pytest.approx(0.5, abs=0.04)
    assert list(dls.valid.get_idxs()) == list(range(24))


def test_sampling_weights_by_hand() -> None:
    # covid: 9 of source a, 1 of b: shares 3 to 1. nocovid: 4 of a only.
    rows = pd.DataFrame(
        {"label": ["covid"] * 10 + ["nocovid"] * 4, "source": ["a"] * 9 + ["b"] + ["a"] * 4}
    )
    weights = sampling_weights(rows)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[:9].sum() == pytest.approx(0.5 * 3 / 4)
    assert weights[9] == pytest.approx(0.5 * 1 / 4)
    assert weights[10:].sum() == pytest.approx(0.5)
    assert np.ptp(weights[:9]) == 0


def test_training_films_are_augmented_and_validation_films_are_not(
    phantoms: Dataset, tiny: Recipe, cache: Path
) -> None:
    dls = dataloaders(phantoms, tiny, cache=cache)
    film = dls.train_ds[0][0][None]
    assert film.dtype == torch.uint8
    torch.manual_seed(0)
    for loader in (dls.train, dls.valid):
        loader.before_iter()  # tells the transforms which split they serve
    as_trained = dls.train.after_batch((film,))[0]
    as_validated = dls.valid.after_batch((film,))[0]
    assert as_trained.shape == as_validated.shape == (1, 3, 64, 64)
    assert not torch.allclose(as_trained, as_validated, atol=0.05)


def test_a_batch_smaller_than_the_recipe_s_is_still_trained_on(
    phantoms: Dataset, tiny: Recipe, cache: Path
) -> None:
    dls = dataloaders(phantoms, tiny.changed(batch_size=1000), cache=cache)
    assert len(dls.train) == 1


def test_preprocessing_has_the_backbone_s_statistics() -> None:
    assert preprocessing_of(DEFAULT).mean == (0.5, 0.5, 0.5)
    assert preprocessing_of(ARTICLE).mean == (0.485, 0.456, 0.406)
    assert preprocessing_of(ARTICLE).fit == "crop"


class TestChosenFilms:
    def test_all_of_both_splits(self, phantoms: Dataset) -> None:
        rows = chosen_films(phantoms, DEFAULT)
        assert len(rows) == 48
        assert list(rows.index) == list(range(48))

    def test_limit_keeps_every_cell(self, phantoms: Dataset) -> None:
        rows = chosen_films(phantoms, DEFAULT, limit=24)
        assert set(rows.groupby(["split", "label"]).size()) == {6}
        assert set(chosen_films(phantoms, DEFAULT, limit=1).groupby(["split", "label"]).size()) == {
            3
        }

    def test_limit_is_fixed_by_the_seed(self, phantoms: Dataset) -> None:
        def paths(seed: int) -> list[str]:
            return list(chosen_films(phantoms, DEFAULT.changed(seed=seed), limit=24)["path"])

        assert paths(1) == paths(1) != paths(2)

    def test_limit_above_the_number_keeps_all(self, phantoms: Dataset) -> None:
        assert len(chosen_films(phantoms, DEFAULT, limit=1000)) == 48

    def test_test_and_ct_films_are_never_taken(self, own_dataset: Callable[..., Path]) -> None:
        folder = own_dataset(train=4, validation=4)
        manifest = pd.read_csv(folder / "manifest.csv", dtype=str, keep_default_na=False)
        manifest.loc[0, "split"] = "test"
        manifest.loc[1, "split"] = "CT"
        manifest.to_csv(folder / "manifest.csv", index=False)
        assert set(chosen_films(Dataset.open(folder), DEFAULT)["split"]) == {"train", "validation"}
        assert len(chosen_films(Dataset.open(folder), DEFAULT)) == 14

    def test_a_missing_class_is_named(self, own_dataset: Callable[..., Path]) -> None:
        folder = own_dataset(train=4, validation=4)
        manifest = pd.read_csv(folder / "manifest.csv", dtype=str, keep_default_na=False)
        kept = (manifest["split"] == "train") | (manifest["label"] == "nocovid")
        manifest[kept].to_csv(folder / "manifest.csv", index=False)
        with pytest.raises(TrainingError, match="no 'covid' film in its validation split"):
            chosen_films(Dataset.open(folder), DEFAULT)


@pytest.mark.train
def test_workers_give_the_same_films(phantoms: Dataset, tiny: Recipe, cache: Path) -> None:
    alone = dataloaders(phantoms, tiny, cache=cache)
    helped = dataloaders(phantoms, tiny, cache=cache, workers=1)
    for (one, a), (other, b) in zip(alone.valid, helped.valid, strict=True):
        assert torch.equal(one, other)
        assert torch.equal(a, b)


class TestLungs:
    """Films cut to the lungs: the same in training as in answering."""

    # Without surround: the drawn lungs fill the film, and every box would be cut to it.
    RECIPE = APPEARANCE.changed(
        size=64, target="covid", smoothing="uniform", batch_size=8, surround=0.05
    )

    @pytest.fixture(scope="class")
    def lungs(self) -> LungModel:
        return LungModel(box_network(parts=TWO), lungs_spec())

    def test_validation_input_is_what_answering_prepares(
        self, phantoms: Dataset, cache: Path, lungs: LungModel
    ) -> None:
        dls = dataloaders(phantoms, self.RECIPE, cache=cache, lungs=lungs)
        films, _ = next(iter(dls.valid))
        rows = dls.films[dls.films["split"] == "validation"].reset_index(drop=True)
        for index, film in enumerate(films):
            radiograph = read(phantoms.folder / rows["path"][index])
            window = lungs.find(radiograph).window
            assert isinstance(window, Window)
            wanted = prepare(radiograph, dls.preprocessing, window)
            assert np.abs(film.numpy() - wanted).max() <= 1e-4

    def test_a_training_film_whose_box_is_not_moved_is_too(
        self,
        phantoms: Dataset,
        cache: Path,
        lungs: LungModel,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("covid_d.training.data.random.uniform", lambda low, high: 0.0)
        dls = dataloaders(phantoms, self.RECIPE, cache=cache, lungs=lungs)
        rows = dls.films[dls.films["split"] == "train"].reset_index(drop=True)
        for index in range(4):
            film = np.asarray(dls.train_ds[index][0])[0]
            radiograph = read(phantoms.folder / rows["path"][index])
            window = lungs.find(radiograph).window
            assert isinstance(window, Window)
            wanted = standardise(radiograph, dls.preprocessing, window)
            # The film was made smaller first: up to twice the network's side is kept.
            assert np.abs(film.astype(int) - wanted.astype(int)).mean() < 2.0

    def test_each_draw_moves_the_box_of_a_training_film_only(
        self, phantoms: Dataset, cache: Path, lungs: LungModel
    ) -> None:
        dls = dataloaders(phantoms, self.RECIPE, cache=cache, lungs=lungs)
        draws = [np.asarray(dls.train_ds[0][0]) for _ in range(3)]
        assert not np.array_equal(draws[0], draws[1])
        assert np.array_equal(np.asarray(dls.valid_ds[0][0]), np.asarray(dls.valid_ds[0][0]))

    def test_a_box_moves_by_no_more_than_it_may(self) -> None:
        window = Window(0.3, 0.3, 0.7, 0.8)
        drawn = np.array([jittered(window, 0.2) for _ in range(500)])
        moved = (drawn - window) * [-1, -1, 1, 1] / [0.4, 0.5, 0.4, 0.5]
        assert np.abs(moved).max() <= 0.2 + 1e-9
        assert (np.abs(moved).max(axis=0) > 0.15).all()
        top, left = moved[:, 0], moved[:, 1]
        assert np.corrcoef(top, left)[0, 1] == pytest.approx(0.5, abs=0.15)  # half is common

    def test_films_that_answering_would_refuse_are_left_out_and_counted(
        self, phantoms: Dataset, cache: Path
    ) -> None:
        one = LungModel(box_network(parts=TWO[:1]), lungs_spec())
        with pytest.raises(TrainingError, match="no 'covid' film in its train split"):
            dataloaders(phantoms, self.RECIPE, cache=cache, lungs=one)

    def test_without_a_lung_model_nothing_is_guessed(self, phantoms: Dataset, cache: Path) -> None:
        with pytest.raises(TrainingError, match="no lung model"):
            dataloaders(phantoms, self.RECIPE, cache=cache)

    def test_classes_keep_their_order_whatever_the_alphabet_says(
        self, own_dataset: Callable[..., Path], cache: Path, lungs: LungModel
    ) -> None:
        folder = own_dataset(train=8, validation=8)
        manifest = pd.read_csv(folder / "manifest.csv", dtype=str, keep_default_na=False)
        grades = ["negative", "atypical", "indeterminate", "typical"]
        manifest["appearance"] = [grades[row % 4] for row in range(len(manifest))]
        manifest.to_csv(folder / "manifest.csv", index=False)
        recipe = self.RECIPE.changed(target="appearance")
        dls = dataloaders(Dataset.open(folder), recipe, cache=cache, lungs=lungs)
        rows = dls.films[dls.films["split"] == "validation"].reset_index(drop=True)
        _, labels = next(iter(dls.valid))
        assert [grades[label] for label in labels] == list(rows["appearance"][: len(labels)])
