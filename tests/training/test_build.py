from __future__ import annotations

from pathlib import Path

import pytest
import torch
from fastai.data.core import DataLoaders
from fastai.losses import CrossEntropyLossFlat, LabelSmoothingCrossEntropyFlat
from safetensors.torch import save_file

from covid_d.dataset.dataset import Dataset
from covid_d.errors import TrainingError
from covid_d.training.build import OrdinalCrossEntropy, learner
from covid_d.training.data import dataloaders
from covid_d.training.heads import layers_of
from covid_d.training.recipes import Recipe


@pytest.fixture(scope="module")
def dls(phantoms: Dataset, tiny: Recipe, tmp_path_factory: pytest.TempPathFactory) -> DataLoaders:
    return dataloaders(phantoms, tiny, cache=tmp_path_factory.getbasetemp() / "shared-cache")


def test_body_is_frozen_and_head_is_not(dls: DataLoaders, tiny: Recipe) -> None:
    learn = learner(dls, tiny)
    body = [p.requires_grad for m in learn.model[0].modules() for p in m.parameters(recurse=False)]
    assert not all(body)  # batch norms do train, as in fastai
    assert all(p.requires_grad for p in learn.model[1].parameters())
    convolutions = [m for m in learn.model[0].modules() if isinstance(m, torch.nn.Conv2d)]
    assert not any(m.weight.requires_grad for m in convolutions)
    learn.unfreeze()
    assert all(p.requires_grad for p in learn.model.parameters())


@pytest.mark.parametrize(
    ("head", "linear_layers", "pool"),
    [("linear", 1, "AdaptiveAvgPool2d"), ("concat", 2, "AdaptiveConcatPool2d")],
)
def test_heads(dls: DataLoaders, tiny: Recipe, head: str, linear_layers: int, pool: str) -> None:
    layers = layers_of(learner(dls, tiny.changed(head=head)).model[1])
    assert type(layers[0]).__name__ == pool
    assert sum(isinstance(layer, torch.nn.Linear) for layer in layers) == linear_layers
    drops = [layer.p for layer in layers if isinstance(layer, torch.nn.Dropout)]
    assert drops[-1] == tiny.dropout


def test_loss_follows_the_recipe(dls: DataLoaders, tiny: Recipe) -> None:
    smoothed = learner(dls, tiny.changed(label_smoothing=0.2)).loss_func
    assert isinstance(smoothed, LabelSmoothingCrossEntropyFlat)
    assert smoothed.eps == 0.2
    plain = learner(dls, tiny.changed(label_smoothing=0.0)).loss_func
    assert isinstance(plain, CrossEntropyLossFlat)


def test_seed_fixes_the_first_weights(dls: DataLoaders, tiny: Recipe) -> None:
    def weights(seed: int) -> torch.Tensor:
        last = layers_of(learner(dls, tiny.changed(seed=seed)).model[1])[-1]
        return last.get_parameter("weight").detach()

    assert torch.equal(weights(7), weights(7))
    assert not torch.equal(weights(7), weights(8))


def test_a_weights_file_is_what_training_starts_from(
    dls: DataLoaders, tiny: Recipe, tmp_path: Path
) -> None:
    import timm

    torch.manual_seed(42)
    source = timm.create_model(tiny.backbone, pretrained=False)
    save_file(source.state_dict(), tmp_path / "own.safetensors")
    learn = learner(dls, tiny, weights=tmp_path / "own.safetensors")
    assert learn.origin == "file: own.safetensors"
    for name, value in learn.model[0].model.state_dict().items():
        assert torch.equal(value, source.state_dict()[name]), name


def test_the_loaders_normalisation_is_kept(dls: DataLoaders, tiny: Recipe) -> None:
    before = [type(t).__name__ for t in dls.valid.after_batch.fs]
    learn = learner(dls, tiny)
    assert [type(t).__name__ for t in learn.dls.valid.after_batch.fs] == before
    assert before.count("Normalize") == 1


def test_a_body_without_feature_map_is_refused(dls: DataLoaders, tiny: Recipe) -> None:
    with pytest.raises(TrainingError, match="'test_vit'"):
        learner(dls, tiny.changed(backbone="test_vit", size=64))


@pytest.mark.train
@pytest.mark.parametrize("name", ["resnet18", "alexnet", "tf_efficientnet_lite0"])
def test_networks_users_name_can_be_built(dls: DataLoaders, tiny: Recipe, name: str) -> None:
    learn = learner(dls, tiny.changed(backbone=name, head="concat"))
    films, _ = next(iter(dls.valid))
    assert learn.model.eval()(films[:2]).shape == (2, 2)


class TestOrdinalCrossEntropy:
    def test_targets_by_hand(self) -> None:
        # Of the spread 0.14, distances 1 2 3 get 4/7, 2/7, 1/7; from an inner class 1 1 2: 2/5...
        targets = OrdinalCrossEntropy(4, 0.14).targets
        assert targets[0].tolist() == pytest.approx([0.86, 0.08, 0.04, 0.02])
        assert targets[1].tolist() == pytest.approx([0.056, 0.86, 0.056, 0.028])
        assert torch.allclose(targets, targets.flip(0, 1))

    def test_is_cross_entropy_with_these_targets(self) -> None:
        torch.manual_seed(0)
        loss, scores, labels = OrdinalCrossEntropy(4, 0.2), torch.randn(6, 4), torch.arange(6) % 4
        wanted = torch.nn.functional.cross_entropy(scores, loss.targets[labels])
        assert loss(scores, labels).item() == pytest.approx(wanted.item())

    def test_without_a_share_it_is_plain_cross_entropy(self) -> None:
        scores, labels = torch.tensor([[1.0, 0.0, -1.0]]), torch.tensor([2])
        wanted = torch.nn.functional.cross_entropy(scores, labels)
        assert OrdinalCrossEntropy(3, 0.0)(scores, labels).item() == pytest.approx(wanted.item())
