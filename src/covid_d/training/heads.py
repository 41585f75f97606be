"""Heads, walked backwards by hand: where in the feature map the logit comes from.

For a head of linear layers, ReLU and pooling in evaluation mode, the logit is piecewise linear in
the feature map, and gradient times feature, summed over channels, attributes it to positions
(HiResCAM; Draelos and Carin 2020). The gradient is written out here as ordinary operations, so
that it can be exported to ONNX; for average pooling and one linear layer it is the class
activation map (Zhou et al. 2016), and its spatial sum is the logit less the bias.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from fastai.layers import AdaptiveConcatPool2d, Flatten
from torch import Tensor, nn

from covid_d.detector.bundle.spec import POSITIVE
from covid_d.errors import TrainingError
from covid_d.language import N_
from covid_d.training.data import VOCABULARY

_COVID = VOCABULARY.index(POSITIVE)

_POOLS = (AdaptiveConcatPool2d, nn.AdaptiveAvgPool2d)
_NEUTRAL = (Flatten, nn.Flatten, nn.Dropout, nn.Identity)
_DENSE = (nn.Linear, nn.BatchNorm1d, nn.ReLU)


def layers_of(head: nn.Module) -> list[nn.Module]:
    """Return a head's layers in order, nested ``Sequential`` opened up."""
    return list(_flat(head))


def check_supported(head: nn.Module) -> None:
    """Raise TrainingError unless every layer of ``head`` can be walked backwards."""
    layers = layers_of(head)
    if not layers or not isinstance(layers[0], _POOLS):
        name = type(layers[0]).__name__ if layers else "nothing"
        raise TrainingError(
            N_("The head starts with %(name)s, not with a pooling of the feature map.", name=name),
            N_("Use a head of fastai's create_head with pool=True."),
        )
    if isinstance(layers[0], nn.AdaptiveAvgPool2d) and layers[0].output_size not in (1, (1, 1)):
        raise TrainingError(
            N_(
                "The head pools to %(size)s, not to one value a channel.",
                size=layers[0].output_size,
            ),
            N_("Use nn.AdaptiveAvgPool2d(1)."),
        )
    for layer in layers[1:]:
        if not isinstance(layer, _NEUTRAL + _DENSE):
            raise TrainingError(
                N_("Head layer %(layer)s has no activation map.", layer=type(layer).__name__),
                N_("Use Linear, BatchNorm1d, ReLU, Dropout and Flatten after the pooling."),
            )


class AttributedHead(nn.Module):
    """A head in evaluation mode that also says where its logits come from.

    Of two classes there is one logit, the log-odds of COVID-19 (N), with its activation (Nxhxw),
    whose spatial sum is the evidence; of K categories there are K (NxK) with theirs (NxKxhxw),
    whose spatial mean is the evidence of each.

    Parameters
    ----------
    head
        Layers from feature map to class scores.
    categories
        Number of categories; 0 for the two classes of COVID-19.

    Raises
    ------
    TrainingError
        If a layer is not supported.
    """

    def __init__(self, head: nn.Module, categories: int = 0) -> None:
        super().__init__()
        check_supported(head)
        self.categories = categories
        self.layers = nn.ModuleList(layers_of(head)).eval()

    @property
    def is_smooth(self) -> bool:
        """Whether small changes of the features change the activation little (no maximum pool)."""
        return not isinstance(self.layers[0], AdaptiveConcatPool2d)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and activations, of the shapes told above.

        Parameters
        ----------
        features
            N x C x h x w, the body's output.
        """
        scores, inputs = self._scores(features)
        if not self.categories:
            gradient = torch.zeros_like(scores) - 1.0
            gradient[:, _COVID] = 1.0
            activation = self._activation(features, inputs, gradient)
            return scores[:, _COVID] - scores[:, 1 - _COVID], activation
        cells = features.shape[2] * features.shape[3]
        maps = []
        for category in range(self.categories):
            gradient = torch.zeros_like(scores)
            gradient[:, category] = 1.0
            maps.append(cells * self._activation(features, inputs, gradient))
        return scores, torch.stack(maps, dim=1)

    def _scores(self, features: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the class scores, and what each layer was given."""
        x = features
        inputs = []
        for layer in self.layers:
            inputs.append(x)
            # Training leaves ReLU in place, which would overwrite the inputs kept here.
            x = torch.relu(x) if isinstance(layer, nn.ReLU) else layer(x)
        return x, inputs

    def _activation(self, features: Tensor, inputs: list[Tensor], gradient: Tensor) -> Tensor:
        """Return where what the gradient weighs comes from: N x h x w."""
        for layer, before in zip(reversed(self.layers[1:]), reversed(inputs[1:]), strict=True):
            gradient = _backward(layer, before, gradient)
        return _unpool(self.layers[0], features, gradient)


def _flat(module: nn.Module) -> Iterator[nn.Module]:
    if isinstance(module, nn.Sequential):
        for child in module:
            yield from _flat(child)
    else:
        yield module


def _backward(layer: nn.Module, before: Tensor, gradient: Tensor) -> Tensor:
    if isinstance(layer, nn.Linear):
        return gradient @ layer.weight
    if isinstance(layer, nn.BatchNorm1d):
        return gradient * _batchnorm_scale(layer)
    if isinstance(layer, nn.ReLU):
        return gradient * (before > 0).to(gradient.dtype)
    return gradient


def _batchnorm_scale(layer: nn.BatchNorm1d) -> Tensor:
    if layer.running_var is None:
        raise TrainingError(N_("A BatchNorm1d without running statistics has no activation map."))
    scale = torch.rsqrt(layer.running_var + layer.eps)
    return scale * layer.weight if layer.affine else scale


def _unpool(pool: nn.Module, features: Tensor, gradient: Tensor) -> Tensor:
    """Spread the gradient of the pooled values over the map, times the map, over channels."""
    height, width = features.shape[2], features.shape[3]
    flat = features.flatten(2)
    if isinstance(pool, AdaptiveConcatPool2d):
        of_maximum, of_average = gradient.chunk(2, dim=1)  # fastai's order
        positions = torch.arange(height * width, device=flat.device)
        at_maximum = positions[None, None] == flat.argmax(dim=2)[..., None]
        spread = of_maximum[..., None] * at_maximum.to(flat.dtype)
        spread = spread + of_average[..., None] / (height * width)
    else:
        spread = gradient[..., None] / (height * width)
    return (spread * flat).sum(dim=1).reshape(-1, height, width)
