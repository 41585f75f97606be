"""How long a training step in bfloat16 takes with slow depthwise gradients in float32, and without.

    python benchmarks/depthwise.py [--backbone tf_efficientnet_lite0] [--batch 32] [--threads 2]
        [--repeats 8] [--json FILE]

Steps of random films in turn: as torch computes them, by
:class:`covid_d.training.depthwise.WholeDepthwiseGradients`, and in float32 throughout. Prints the
median seconds of each and the ratio to the first, with quartiles of the ratios of each turn. Needs
the extra ``train``.
"""

from __future__ import annotations

import argparse
import json
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import timm
import torch

from covid_d.training.depthwise import WholeDepthwiseGradients


def step(
    network: torch.nn.Module, films: torch.Tensor, mode: AbstractContextManager[object], half: bool
) -> float:
    """Return the seconds of one step, forward and back."""
    network.zero_grad()
    began = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=half), mode:
        scores = network(films)
    scores.float().square().mean().backward()  # type: ignore[no-untyped-call, unused-ignore]
    return time.perf_counter() - began


def main() -> None:
    """Time, print, write JSON when asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--backbone", default="tf_efficientnet_lite0")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=8)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    network = timm.create_model(options.backbone, num_classes=4).train()
    network = network.to(memory_format=torch.channels_last)
    films = torch.randn(options.batch, 3, 224, 224).contiguous(memory_format=torch.channels_last)
    ways: dict[str, tuple[AbstractContextManager[object], bool]] = {
        "bfloat16, as torch computes it": (nullcontext(), True),
        "bfloat16, slow depthwise gradients in float32": (WholeDepthwiseGradients(), True),
        "float32": (nullcontext(), False),
    }
    turns = [
        [step(network, films, mode, half) for mode, half in ways.values()]
        for _ in range(options.repeats + 1)
    ][1:]  # the first one warms up
    seconds = np.array(turns)
    record = {}
    for name, taken, ratios in zip(ways, seconds.T, (seconds / seconds[:, :1]).T, strict=True):
        low, middle, high = np.percentile(ratios, (25, 50, 75))
        record[name] = {"seconds": float(np.median(taken)), "ratio": middle}
        print(
            f"{name}: {np.median(taken):.2f} s a step of {options.batch} films, "
            f"{middle:.2f} times ({low:.2f}-{high:.2f})"
        )
    if options.json:
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
