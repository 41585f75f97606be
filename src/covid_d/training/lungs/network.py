"""The lung segmentation network: a small U-Net on the first stages of EfficientNet-Lite0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

BACKBONE = "tf_efficientnet_lite0"
# Stages end at strides 2, 4, 8 and 16; the deeper ones would not fit in 2 MB.
_CHANNELS = (16, 24, 40, 80)
_WIDTHS = (40, 24, 16)  # decoder channels at strides 8, 4, 2


class LungNetwork(nn.Module):
    """U-Net (Ronneberger et al. 2015) with a truncated EfficientNet-Lite0 encoder (Liu 2020).

    Input ``film``: float32 Nx1xSxS in [0, 1]. Output: logits of "lung", NxSxS.

    Parameters
    ----------
    state
        ImageNet weights of the whole three-channel backbone (its ``state_dict``); those of the
        stages used are kept, the first convolution summed over its channels because a film is
        grey. ``None`` starts from random weights.
    """

    def __init__(self, state: Mapping[str, Tensor] | None = None) -> None:
        super().__init__()
        whole: Any = timm.create_model(BACKBONE, pretrained=False, in_chans=1)
        if state is not None:
            stem = state["conv_stem.weight"].sum(dim=1, keepdim=True)
            whole.load_state_dict({**state, "conv_stem.weight": stem})
        self.stem = nn.Sequential(whole.conv_stem, whole.bn1)
        self.stages = nn.ModuleList(whole.blocks[: len(_CHANNELS)])
        below = _CHANNELS[-1]
        self.decoder = nn.ModuleList()
        for width, skip in zip(_WIDTHS, reversed(_CHANNELS[:-1]), strict=True):
            self.decoder.append(_Up(below, skip, width))
            below = width
        self.head = nn.Conv2d(below, 1, kernel_size=1)

    def forward(self, film: Tensor) -> Tensor:
        """Return the logits of "lung", NxSxS, for films Nx1xSxS in [0, 1]."""
        deep = self.stem(film * 2.0 - 1.0)  # EfficientNet-Lite was trained on [-1, 1]
        skips = []
        for stage in self.stages:
            deep = stage(deep)
            skips.append(deep)
        for step, skip in zip(self.decoder, reversed(skips[:-1]), strict=True):
            deep = step(deep, skip)
        logits: Tensor = self.head(deep)
        return nnf.interpolate(logits, scale_factor=2.0, mode="bilinear")[:, 0]


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
