from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from fastai.layers import AdaptiveConcatPool2d
from fastai.vision.learner import create_head
from torch import nn

from covid_d.errors import TrainingError
from covid_d.training.heads import AttributedHead, check_supported, layers_of

CHANNELS = 6


def _trained(head: nn.Module, seed: int) -> nn.Module:
    """Give every parameter and running statistic a random value, as after training."""
    torch.manual_seed(seed)
    for layer in layers_of(head):
        if isinstance(layer, nn.BatchNorm1d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.3, 3.0)
        for parameter in layer.parameters(recurse=False):
            nn.init.normal_(parameter)
    return head.eval()


def _by_autograd(head: nn.Module, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    features = features.clone().requires_grad_()
    scores = head(features)
    logit = scores[:, 0] - scores[:, 1]  # covid comes first
    (gradient,) = torch.autograd.grad(logit.sum(), features)
    return logit.detach(), (gradient * features).sum(dim=1).detach()


HEADS: dict[str, Callable[[], nn.Module]] = {
    "ours": lambda: create_head(
        CHANNELS, 2, concat_pool=False, lin_ftrs=[], first_bn=False, ps=0.2
    ),
    "fastai": lambda: create_head(CHANNELS, 2),
    "fastai, average pool": lambda: create_head(CHANNELS, 2, concat_pool=False),
    "fastai, deep": lambda: create_head(CHANNELS, 2, lin_ftrs=[16, 8], bn_final=True),
    "fastai, linear first": lambda: create_head(CHANNELS, 2, lin_first=True),
    "plain": lambda: nn.Sequential(
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Identity(), nn.Linear(CHANNELS, 2)
    ),
    "no affine": lambda: nn.Sequential(
        AdaptiveConcatPool2d(),
        nn.Flatten(),
        nn.BatchNorm1d(2 * CHANNELS, affine=False),
        nn.Linear(2 * CHANNELS, 4),
        nn.ReLU(inplace=True),
        nn.Linear(4, 2),
    ),
}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", [(4, CHANNELS, 7, 7), (1, CHANNELS, 3, 5)])
def test_activation_is_gradient_times_feature(
    name: str, seed: int, shape: tuple[int, int, int, int]
) -> None:
    head = _trained(HEADS[name](), seed)
    features = torch.randn(shape)
    wanted_logit, wanted = _by_autograd(head, features)
    logit, activation = AttributedHead(head)(features)
    assert activation.shape == (shape[0], shape[2], shape[3])
    torch.testing.assert_close(logit, wanted_logit, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(activation, wanted, rtol=1e-4, atol=1e-4)


def test_our_head_s_activation_sums_to_the_logit_less_the_bias() -> None:
    head = _trained(HEADS["ours"](), 5)
    bias = next(layer for layer in layers_of(head) if isinstance(layer, nn.Linear)).bias
    logit, activation = AttributedHead(head)(torch.randn(8, CHANNELS, 7, 7))
    torch.testing.assert_close(
        activation.sum(dim=(1, 2)), logit - (bias[0] - bias[1]), rtol=1e-4, atol=1e-5
    )


def test_dropout_is_off_whatever_the_head_s_mode_was() -> None:
    head = _trained(HEADS["fastai"](), 1).train()
    attributed, features = AttributedHead(head), torch.randn(2, CHANNELS, 4, 4)
    assert torch.equal(attributed(features)[0], attributed(features)[0])


def test_features_are_not_overwritten() -> None:
    features = torch.randn(2, CHANNELS, 4, 4)
    before = features.clone()
    AttributedHead(_trained(HEADS["no affine"](), 2))(features)
    assert torch.equal(features, before)


@pytest.mark.parametrize("name", ["ours", "fastai"])
def test_only_maximum_pooling_is_not_smooth(name: str) -> None:
    assert AttributedHead(HEADS[name]()).is_smooth == (name == "ours")


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), "starts with Flatten"),
        (nn.Sequential(), "starts with nothing"),
        (nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten()), "AdaptiveMaxPool2d"),
        (nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten()), "pools to 2"),
        (nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.GELU()), "GELU"),
        (nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LayerNorm(4)), "LayerNorm"),
    ],
)
def test_unsupported_heads_are_named(head: nn.Module, said: str) -> None:
    with pytest.raises(TrainingError, match=said):
        check_supported(head)


def test_a_batchnorm_without_statistics_is_refused() -> None:
    head = nn.Sequential(
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.BatchNorm1d(CHANNELS, track_running_stats=False),
        nn.Linear(CHANNELS, 2),
    )
    with pytest.raises(TrainingError, match="running statistics"):
        AttributedHead(head)(torch.randn(4, CHANNELS, 3, 3))


FOUR = {
    "ours": lambda: create_head(
        CHANNELS, 4, concat_pool=False, lin_ftrs=[], first_bn=False, ps=0.2
    ),
    "fastai": lambda: create_head(CHANNELS, 4),
}


@pytest.mark.parametrize("name", FOUR)
def test_four_categories_by_autograd(name: str) -> None:
    head = _trained(FOUR[name](), 3)
    features = torch.randn(5, CHANNELS, 4, 3)
    logits, activation = AttributedHead(head, 4)(features)
    assert torch.allclose(logits, head(features), atol=1e-5)
    assert activation.shape == (5, 4, 4, 3)
    for category in range(4):
        wanted = features.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(head(wanted)[:, category].sum(), wanted)
        by_position = 12 * (gradient * wanted).sum(dim=1)  # the mean of 12 positions is the sum
        assert torch.allclose(activation[:, category], by_position, rtol=1e-3, atol=1e-4)


def test_a_category_s_spatial_mean_is_its_logit_without_the_bias() -> None:
    head = _trained(FOUR["ours"](), 1)
    features = torch.randn(3, CHANNELS, 7, 7)
    logits, activation = AttributedHead(head, 4)(features)
    bias = layers_of(head)[-1].bias
    assert torch.allclose(activation.mean(dim=(2, 3)), logits - bias, atol=1e-4)
