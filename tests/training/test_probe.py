from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from fastai.learner import Learner
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from covid_d.dataset.dataset import Dataset
from covid_d.errors import TrainingError
from covid_d.training.build import learner
from covid_d.training.data import VOCABULARY, dataloaders, sampling_weights
from covid_d.training.probe import fit_probe, training_features
from covid_d.training.recipes import Recipe
from covid_d.training.stages import fit

pytestmark = pytest.mark.train


@pytest.fixture
def recipe(tiny: Recipe) -> Recipe:
    return tiny.changed(probe=0.1, batchnorm="keep", sampling="balanced", flip=True)


@pytest.fixture
def learn(phantoms: Dataset, recipe: Recipe, tmp_path: Path) -> Learner:
    loaders = dataloaders(phantoms, recipe, cache=tmp_path / "cache")
    return learner(loaders, recipe, path=tmp_path)


def _log_odds(learn: Learner) -> np.ndarray:
    """Return logit(covid) - logit(nocovid) of the training films, as the network gives it."""
    learn.model.eval()
    loader = learn.dls.valid.new(dataset=learn.dls.train_ds)
    with loader.dataset.set_split_idx(1), torch.no_grad():
        logits = torch.cat([learn.model(films) for films, *_ in loader])
    covid = VOCABULARY.index("covid")
    difference: np.ndarray = (logits[:, covid] - logits[:, 1 - covid]).numpy()
    return difference


def test_the_network_answers_as_the_regression_does(learn: Learner, recipe: Recipe) -> None:
    fit_probe(learn, recipe)

    rows = learn.dls.films
    training = rows[rows["split"] == "train"]
    features = training_features(learn, mirrored=True)
    weights = np.tile(sampling_weights(training) * len(training), 2)
    labels = np.tile((training["label"] == "covid").to_numpy(), 2)
    regression = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=5000))
    regression.fit(features, labels, logisticregression__sample_weight=weights)
    wanted = regression.decision_function(features[: len(training)])
    np.testing.assert_allclose(_log_odds(learn), wanted, atol=2e-3)


def test_features_are_those_of_films_as_they_are_in_order(learn: Learner) -> None:
    once = training_features(learn, mirrored=False)
    again = training_features(learn, mirrored=True)

    count = int((learn.dls.films["split"] == "train").sum())
    assert once.shape[0] == count
    assert again.shape[0] == 2 * count
    np.testing.assert_array_equal(once, again[:count])
    assert not np.allclose(again[:count], again[count:]), "the mirrored films are other films"
    films = [learn.dls.train_ds[number][0] for number in range(count)]
    batch = learn.dls.valid.after_batch((torch.stack(films), torch.zeros(count)))[0]
    with torch.no_grad():
        wanted = learn.model[0].eval()(batch).mean(dim=(2, 3)).numpy()
    np.testing.assert_allclose(once, wanted, atol=1e-4)


def test_only_the_last_layer_changes(learn: Learner, recipe: Recipe) -> None:
    before = {name: value.clone() for name, value in learn.model.state_dict().items()}

    fit_probe(learn, recipe)

    changed = {
        name
        for name, value in learn.model.state_dict().items()
        if not torch.equal(value, before[name])
    }
    (number,) = [n for n, layer in enumerate(learn.model[1]) if _holds_linear(layer)]
    assert {name.rsplit(".", 1)[1] for name in changed} == {"weight", "bias"}
    assert all(name.startswith(f"1.{number}") for name in changed)


def _holds_linear(layer: nn.Module) -> bool:
    return any(isinstance(part, nn.Linear) for part in layer.modules())


def test_another_head_is_refused(phantoms: Dataset, tiny: Recipe, tmp_path: Path) -> None:
    other = tiny.changed(head="concat")
    loaders = dataloaders(phantoms, other, cache=tmp_path / "cache")

    with pytest.raises(TrainingError, match="one linear layer"):
        fit_probe(learner(loaders, other, path=tmp_path), other)
    with pytest.raises(TrainingError, match="probe needs head linear"):
        other.changed(probe=0.1)


def test_a_run_starts_from_the_regression(learn: Learner, recipe: Recipe, tmp_path: Path) -> None:
    still = recipe.changed(frozen_epochs=1, frozen_lr=1e-9, epochs=0, lr_finder=False)

    fit(learn, still, tmp_path)

    after_training = _log_odds(learn)
    fit_probe(learn, still)
    np.testing.assert_allclose(after_training, _log_odds(learn), atol=1e-3)


def test_kept_batch_normalisation_does_not_move(
    learn: Learner, recipe: Recipe, tmp_path: Path
) -> None:
    def norms() -> dict[str, torch.Tensor]:
        return {
            f"{name}.{key}": value.clone()
            for name, layer in learn.model[0].named_modules()
            if isinstance(layer, nn.BatchNorm2d)
            for key, value in layer.state_dict().items()
        }

    before = norms()
    fit(learn, recipe.changed(frozen_epochs=1, epochs=1, lr_finder=False), tmp_path)

    assert before
    for name, value in norms().items():
        assert torch.equal(value, before[name]), name
