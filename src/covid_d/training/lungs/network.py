"""The lung segmentation network: a small U-Net on the first stages of EfficientNet-Lite0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

BACKBONE = "tf_efficientnet_lite0"
# Stages end at strides 2, 4, 8 and 16; the deeper ones would not fit in 2 MB.
_CHANNELS = (16, 24, 40, 80)


@dataclass(frozen=True, slots=True)
class LungShape:
    """How much of the network there is.

    Parameters
    ----------
    reduce
        By how much a film's side is divided before the network sees it; the map it gives is
        enlarged again, so that whoever uses it need not know.
    blocks
        Blocks of the backbone that each of its four stages keeps.
    widths
        Channels of the decoder at strides 8, 4 and 2.
    """

    reduce: int = 1
    blocks: tuple[int, ...] = (1, 2, 2, 3)
    widths: tuple[int, ...] = (40, 24, 16)


FULL = LungShape()
# ONNX Runtime computes in blocks of 16 channels: 24 cost as much as 32.
STUDENT = LungShape(reduce=2, blocks=(1, 1, 1, 2), widths=(32, 16, 16))


class LungNetwork(nn.Module):
    """U-Net (Ronneberger et al. 2015) with a truncated EfficientNet-Lite0 encoder (Liu 2020).

    Input ``film``: float32 Nx1xSxS in [0, 1]. Output: logits of "lung", NxSxS.

    Parameters
    ----------
    state
        ImageNet weights of the whole three-channel backbone (its ``state_dict``); those of the
        stages used are kept, the first convolution summed over its channels because a film is
        grey. ``None`` starts from random weights.
    shape
        How much of the network there is.
    """

    def __init__(self, state: Mapping[str, Tensor] | None = None, shape: LungShape = FULL) -> None:
        super().__init__()
        self.shape = shape
        whole: Any = timm.create_model(BACKBONE, pretrained=False, in_chans=1)
        if state is not None:
            stem = state["conv_stem.weight"].sum(dim=1, keepdim=True)
            whole.load_state_dict({**state, "conv_stem.weight": stem})
        self.stem = nn.Sequential(whole.conv_stem, whole.bn1)
        self.stages = nn.ModuleList(
            stage[:kept] for stage, kept in zip(whole.blocks, shape.blocks, strict=False)
        )
        below = _CHANNELS[-1]
        self.decoder = nn.ModuleList()
        for width, skip in zip(shape.widths, reversed(_CHANNELS[:-1]), strict=True):
            self.decoder.append(_Up(below, skip, width))
            below = width
        self.head = nn.Conv2d(below, 1, kernel_size=1)

    def forward(self, film: Tensor) -> Tensor:
        """Return the logits of "lung", NxSxS, for films Nx1xSxS in [0, 1]."""
        reduce = self.shape.reduce
        small = film if reduce == 1 else nnf.avg_pool2d(film, reduce)
        return enlarged(self.cells(small), 2 * reduce)

    def cells(self, small: Tensor) -> Tensor:
        """Return the logits of "lung" at half the side, Nx1xs/2xs/2, of reduced films Nx1xsxs."""
        deep = self.stem(small * 2.0 - 1.0)  # EfficientNet-Lite was trained on [-1, 1]
        skips = []
        for stage in self.stages:
            deep = stage(deep)
            skips.append(deep)
        for step, skip in zip(self.decoder, reversed(skips[:-1]), strict=True):
            deep = step(deep, skip)
        logits: Tensor = self.head(deep)
        return logits

    def take_over(self, exported: bytes) -> None:
        """Take the weights of an exported network, of which this one may be a part.

        In the file each normalisation is part of the convolution before it; here it is left to
        add that convolution's bias and change nothing else, which asks that it be frozen where
        training goes on (:meth:`freeze`).

        Parameters
        ----------
        exported
            An ONNX file of :class:`LungProbability`.

        Raises
        ------
        ValueError
            If the file is of another network.
        """
        graph = onnx.load_from_string(exported).graph
        kept = {
            tensor.name: torch.from_numpy(np.array(onnx.numpy_helper.to_array(tensor)))
            for tensor in graph.initializer
        }
        # Equal biases may share one tensor under any name; a bias of nought may be left out.
        shifts = {node.input[1]: node.input[2:] for node in graph.node if node.op_type == "Conv"}
        shift = torch.zeros(0)
        with torch.no_grad():
            for place, part in self.named_modules():
                if isinstance(part, nn.Conv2d):
                    name = f"network.{place}"
                    weight = kept.get(f"{name}.weight")
                    joined = _SKIPS.get(place, 0)
                    part.weight.copy_(_part_of(weight, part.weight.shape, joined, name))
                    shift = torch.zeros(part.out_channels)
                    for bias in shifts[f"{name}.weight"]:
                        shift = kept[bias][: part.out_channels]
                    if part.bias is not None:
                        part.bias.copy_(shift)
                elif isinstance(part, nn.BatchNorm2d):
                    if part.running_mean is None or part.running_var is None:
                        raise ValueError(f"{place} keeps no statistics")
                    part.running_mean.zero_()
                    part.running_var.fill_(1.0 - part.eps)
                    part.weight.fill_(1.0)
                    part.bias.copy_(shift)

    def freeze(self) -> None:
        """Let normalisations use the statistics they have; they learn scale and shift alone."""
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()


# Channels of the encoder that the decoder's first convolutions join to their own.
_SKIPS = {f"decoder.{at}.mix.0": _CHANNELS[2 - at] for at in range(3)}


def _part_of(weight: Tensor | None, shape: torch.Size, joined: int, name: str) -> Tensor:
    """Return the weights of fewer channels: the first ones, and of the inputs the joined ones."""
    if (
        weight is None
        or weight.shape[2:] != shape[2:]
        or any(theirs < own for theirs, own in zip(weight.shape, shape, strict=True))
    ):
        raise ValueError(f"the file holds no weights of {name}")
    own = shape[1] - joined
    first = weight[: shape[0], :own]
    return torch.cat([first, weight[: shape[0], weight.shape[1] - joined :]], dim=1)


def enlarged(cells: Tensor, times: int) -> Tensor:
    """Return maps Nx1xhxw so many times larger, bilinearly: Nx(times h)x(times w).

    As two products of matrices: ONNX Runtime enlarges one channel as if it were sixteen.
    """
    rows, columns = (_enlarging(side, times).to(cells) for side in cells.shape[2:])
    return torch.matmul(torch.matmul(rows, cells[:, 0]), columns.T)


def _enlarging(side: int, times: int) -> Tensor:
    """Return the matrix of bilinear enlargement, (times side) x side; edges are repeated."""
    places = ((torch.arange(side * times) + 0.5) / times - 0.5).clamp(0, side - 1)
    distances = (places[:, None] - torch.arange(side)[None]).abs()
    return (1.0 - distances).clamp(min=0.0)


class LungProbability(nn.Module):
    """The network as exported: probability of "lung" instead of its logit."""

    def __init__(self, network: LungNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, film: Tensor) -> Tensor:
        """Return the probability of "lung", NxSxS, for films Nx1xSxS in [0, 1]."""
        return torch.sigmoid(self.network(film))


class _Up(nn.Module):
    """One step up: double, join the encoder's features of that scale, convolve."""

    def __init__(self, below: int, skip: int, width: int) -> None:
        super().__init__()
        joined = below + skip
        self.mix = nn.Sequential(
            nn.Conv2d(joined, width, kernel_size=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        doubled = nnf.interpolate(deep, scale_factor=2.0, mode="bilinear")
        mixed: Tensor = self.mix(torch.cat([doubled, skip], dim=1))
        return mixed


def soft_dice_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Return one minus the mean soft Dice of a batch (Milletari et al. 2016, V-Net).

    Parameters
    ----------
    logits, masks
        NxSxS; masks are 0 or 1.
    """
    share = torch.sigmoid(logits)
    overlap = (share * masks).sum(dim=(1, 2))
    total = share.sum(dim=(1, 2)) + masks.sum(dim=(1, 2))
    return 1.0 - ((2.0 * overlap + 1.0) / (total + 1.0)).mean()
