"""Gradients of depthwise convolutions in half the bits, where the processor's own are slow.

oneDNN, which torch computes convolutions with on a CPU, has no fast kernels in bfloat16 for two of
them: of the input where a stride skips, and of kernels of more than three cells. They take three to
five times as long as in float32; computed in float32 they cost the whole step a third less time
(``benchmarks/depthwise.py``). What goes forward stays in bfloat16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional as nnf
from torch.overrides import TorchFunctionMode

_WIDE = 3  # kernels above this have no fast weight gradient
_ARGUMENTS = 7  # of a convolution, as torch's and timm's layers call it: all by place


class WholeDepthwiseGradients(TorchFunctionMode):
    """While entered, depthwise convolutions on the CPU take slow gradients in float32."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Take over depthwise convolutions; let all else pass."""
        if func is nnf.conv2d and not kwargs and len(args) == _ARGUMENTS and _is_slow(*args):
            film, weight, bias, stride, padding, dilation, _ = args
            out = _Depthwise.apply(film.as_subclass(Tensor), weight, stride, padding, dilation)
            return out if bias is None else out + bias[:, None, None].to(out.dtype)
        return func(*args, **(kwargs or {}))


def _is_slow(
    film: Tensor, weight: Tensor, bias: object, stride: object, padding: object, *rest: Any
) -> bool:
    _, groups = rest
    return (
        film.device.type == "cpu"
        and groups == film.shape[1] == weight.shape[0] > 1
        and isinstance(stride, tuple)
        and isinstance(padding, tuple)
        and (_skips(stride) or _is_wide(weight))
        and torch.is_autocast_enabled("cpu")
    )


def _skips(stride: tuple[int, ...]) -> bool:
    return max(stride) > 1


def _is_wide(weight: Tensor) -> bool:
    return bool(max(weight.shape[2:]) > _WIDE)  # without torch's types it is anything


class _Depthwise(torch.autograd.Function):
    """A depthwise convolution: forward in bfloat16, what is slow of backward in float32."""

    @staticmethod
    def forward(
        ctx: Any,
        film: Tensor,
        weight: Tensor,
        stride: tuple[int, int],
        padding: tuple[int, int],
        dilation: tuple[int, int],
    ) -> Tensor:
        film, half = film.bfloat16(), weight.bfloat16()
        ctx.save_for_backward(film, weight)
        ctx.places = (stride, padding, dilation)
        with torch.autocast("cpu", enabled=False):
            return nnf.conv2d(film, half, None, stride, padding, dilation, film.shape[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        film, weight = ctx.saved_tensors
        stride, padding, dilation = ctx.places
        (gradient,) = gradients

        def backward(whole: bool, wanted: list[bool]) -> tuple[Tensor, ...]:
            kind = torch.float32 if whole else torch.bfloat16
            found = torch.ops.aten.convolution_backward(
                gradient.to(kind), film.to(kind), weight.to(kind), None, stride, padding, dilation,
                False, [0, 0], film.shape[1], wanted,
            )  # fmt: skip
            return cast(tuple[Tensor, ...], found)

        of_film = of_weight = None
        if ctx.needs_input_grad[0]:
            of_film = backward(_skips(stride), [True, False, False])[0].bfloat16()
        if ctx.needs_input_grad[1]:
            of_weight = backward(_is_wide(weight), [False, True, False])[1].to(weight.dtype)
        return of_film, of_weight, None, None, None
