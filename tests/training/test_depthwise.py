"""Gradients of depthwise convolutions under bfloat16, against float64 computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from covid_d.training import depthwise
from covid_d.training.depthwise import WholeDepthwiseGradients

# channels, side, kernel, stride: each kind that is taken over, and those that are left.
TAKEN = [(8, 12, 3, 2), (8, 12, 5, 1), (6, 11, 5, 2)]
LEFT = [(8, 12, 3, 1), (8, 12, 1, 1)]


def _by_hand(
    film: np.ndarray, weight: np.ndarray, stride: int, upstream: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return output and both gradients of a padded depthwise convolution, cell by cell."""
    kernel = weight.shape[-1]
    edge = kernel // 2
    padded = np.pad(film, ((0, 0), (0, 0), (edge, edge), (edge, edge)))
    out = np.zeros_like(upstream)
    of_padded, of_weight = np.zeros_like(padded), np.zeros_like(weight)
    for row in range(out.shape[2]):
        for column in range(out.shape[3]):
            top, left = row * stride, column * stride
            cells = (..., slice(top, top + kernel), slice(left, left + kernel))
            out[:, :, row, column] = (padded[cells] * weight[None, :, 0]).sum(axis=(2, 3))
            here = upstream[:, :, row, column, None, None]
            of_padded[cells] += here * weight[None, :, 0]
            of_weight[:, 0] += (here * padded[cells]).sum(axis=0)
    return out, of_padded[:, :, edge : -edge or None, edge : -edge or None], of_weight


def _case(channels: int, side: int, kernel: int, stride: int) -> tuple[Tensor, nn.Conv2d, Tensor]:
    torch.manual_seed(channels + side + kernel + stride)
    layer = nn.Conv2d(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False)
    # Values that bfloat16 holds, so that only sums are rounded.
    layer.weight.data = layer.weight.data.bfloat16().float()
    film = torch.randn(3, channels, side, side).bfloat16().float().requires_grad_()
    cells = (side + 2 * (kernel // 2) - kernel) // stride + 1
    upstream = torch.randn(3, channels, cells, cells).bfloat16().float()
    return film, layer, upstream


@pytest.mark.parametrize("shape", [*TAKEN, *LEFT])
def test_output_and_gradients_are_those_computed_by_hand(shape: tuple[int, int, int, int]) -> None:
    film, layer, upstream = _case(*shape)
    with torch.autocast("cpu", torch.bfloat16), WholeDepthwiseGradients():
        out = layer(film)
    assert out.dtype == torch.bfloat16
    out.backward(upstream.bfloat16())
    wanted = _by_hand(
        film.detach().double().numpy(),
        layer.weight.detach().double().numpy(),
        shape[3],
        upstream.double().numpy(),
    )
    assert film.grad is not None
    assert layer.weight.grad is not None
    assert layer.weight.grad.dtype == torch.float32
    for found, value in zip((out, film.grad, layer.weight.grad), wanted, strict=True):
        # bfloat16 has 8 bits: half a step is 1/512 of a value.
        scale = np.abs(value).max()
        assert np.abs(found.detach().double().numpy() - value).max() <= scale / 128


@pytest.mark.parametrize(
    ("shape", "taken"), [(s, True) for s in TAKEN] + [(s, False) for s in LEFT]
)
def test_only_what_is_slow_is_taken_over(
    shape: tuple[int, int, int, int], taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, layer, _ = _case(*shape)
    seen: list[Tensor] = []
    real = depthwise._Depthwise.apply

    def spied(film: Tensor, *rest: object) -> object:
        seen.append(film)
        return real(film, *rest)

    monkeypatch.setattr(depthwise._Depthwise, "apply", spied)
    with torch.autocast("cpu", torch.bfloat16), WholeDepthwiseGradients():
        layer(film)
    assert bool(seen) is taken


def test_without_half_the_bits_nothing_is_taken_over() -> None:
    film, layer, _ = _case(*TAKEN[0])
    plain = layer(film)
    with WholeDepthwiseGradients():
        assert torch.equal(layer(film), plain)
    assert plain.dtype == torch.float32


def test_dense_and_pointwise_convolutions_pass() -> None:
    film = torch.randn(2, 6, 9, 9)
    for layer in (nn.Conv2d(6, 6, 5, 2), nn.Conv2d(6, 12, 5, 2, groups=6), nn.Conv2d(6, 4, 1)):
        with torch.autocast("cpu", torch.bfloat16):
            plain = layer(film)
            with WholeDepthwiseGradients():
                assert torch.equal(layer(film), plain)


def test_a_bias_is_added_and_learns() -> None:
    film, _, upstream = _case(*TAKEN[1])
    layer = nn.Conv2d(8, 8, 5, 1, 2, groups=8)
    with torch.autocast("cpu", torch.bfloat16), WholeDepthwiseGradients():
        out = layer(film)
    alone = nnf.conv2d(film, layer.weight, layer.bias, 1, 2, 1, 8)
    assert (out.float() - alone).abs().max() < 0.05
    out.backward(upstream.bfloat16())
    assert layer.bias is not None
    assert layer.bias.grad is not None
    wanted = upstream.sum(dim=(0, 2, 3))
    assert (layer.bias.grad - wanted).abs().max() <= wanted.abs().max() / 64


def test_what_asks_for_no_gradient_gets_none() -> None:
    film, layer, upstream = _case(*TAKEN[2])
    layer.weight.requires_grad_(False)
    with torch.autocast("cpu", torch.bfloat16), WholeDepthwiseGradients():
        layer(film).backward(upstream.bfloat16())
    assert layer.weight.grad is None
    assert film.grad is not None
