"""The network as a bundle holds it: one graph from film to logit, features and activation."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from covid_d.errors import TrainingError
from covid_d.language import N_
from covid_d.training.heads import AttributedHead

OUTPUTS = ("logit", "features", "activation")
APPEARANCE_OUTPUTS = ("logits", "features", "activation")
TOLERANCE = 1e-4

# What ONNX Runtime 1.20, the oldest one COVID-D installs with, can load.
_OPSET = 18
_IR_VERSION = 10

Floats = npt.NDArray[np.float32]


class DetectorNetwork(nn.Module):
    """Body and head of a Learner's model, copied, on the CPU, in evaluation mode.

    Parameters
    ----------
    model
        ``nn.Sequential(body, head)`` as fastai builds it; left as it is.
    categories
        Number of categories of appearance; 0 for a network of COVID-19.

    Raises
    ------
    TrainingError
        If the head has no activation map.
    """

    def __init__(self, model: nn.Sequential, categories: int = 0) -> None:
        super().__init__()
        body, head = (copy.deepcopy(part).cpu().float() for part in model)
        self.body = body.to(memory_format=torch.contiguous_format)
        self.head = AttributedHead(head, categories)
        self.eval()

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what :meth:`forward` returns."""
        return APPEARANCE_OUTPUTS if self.head.categories else OUTPUTS

    def forward(self, film: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits, features (N x C) and activation of N x 3 x S x S films.

        Of COVID-19 these are N and N x h x w, of K categories N x K and N x K x h x w.
        """
        features = self.body(film)
        logit, activation = self.head(features)
        return logit, features.mean(dim=(2, 3)), activation


def to_onnx(network: DetectorNetwork, size: int) -> bytes:
    """Return the network as an ONNX file for any number of films of ``size`` pixels."""
    with _quiet():
        program = torch.onnx.export(
            network,
            (torch.zeros(2, 3, size, size),),
            input_names=["film"],
            output_names=list(network.outputs),
            dynamic_shapes={"film": {0: torch.export.Dim("films")}},
            opset_version=_OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        if program is None:
            raise TrainingError(N_("The ONNX exporter returned nothing."), N_("Update torch."))
        model = program.model_proto
    model.ir_version = min(model.ir_version, _IR_VERSION)
    # Names of source files and of the machine's folders do not belong in a published file.
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


class OnnxNetwork:
    """An ONNX file, run.

    Parameters
    ----------
    content
        From :func:`to_onnx`.
    """

    def __init__(self, content: bytes) -> None:
        options = onnxruntime.SessionOptions()
        # Callers bring their own threads; by default waiting ones would burn their cores.
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, films: Floats) -> tuple[Floats, Floats, Floats]:
        """Return logits, features and activation of N x 3 x S x S films."""
        logits, features, activation = self.session.run(None, {"film": films})
        return logits, features, activation


def check_parity(network: DetectorNetwork, exported: OnnxNetwork, films: Floats) -> float:
    """Compare the ONNX file with the network on films; return the largest difference.

    Differences are relative to the largest value of each output, where that exceeds 1. Where a
    head pools by maximum, two positions may tie within rounding, so its activation is compared by
    spatial sum.

    Raises
    ------
    TrainingError
        If they differ by more than ``TOLERANCE``.
    """
    with torch.no_grad():
        wanted = [value.numpy() for value in network(torch.from_numpy(films))]
    given = list(exported(films))
    if not network.head.is_smooth:
        wanted[2], given[2] = wanted[2].sum(axis=(-2, -1)), given[2].sum(axis=(-2, -1))
    worst = 0.0
    for name, one, other in zip(network.outputs, wanted, given, strict=True):
        difference = float(np.abs(one - other).max()) / max(1.0, float(np.abs(one).max()))
        # Not "difference > TOLERANCE": NaN must fail too.
        if not difference <= TOLERANCE:
            raise TrainingError(
                N_(
                    "The exported network differs from the trained one: %(name)s by "
                    "%(difference).2g on %(films)s films (allowed: %(allowed)g).",
                    name=name,
                    difference=difference,
                    films=len(films),
                    allowed=TOLERANCE,
                ),
                N_(
                    "Nothing was exported. Update torch, onnx and onnxruntime, then run "
                    "again with --resume."
                ),
            )
        worst = max(worst, difference)
    return worst


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter's progress and its remarks on torch's own deprecations."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def batches(count: int, size: int = 32) -> Iterator[slice]:
    """Yield slices that cover ``count`` items in order."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
