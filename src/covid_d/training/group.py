"""Several processes that train one network: who is among them, and who works for all.

Whatever started them (``covid-d train --distributed``, ``accelerate launch``, ``torchrun``) says so
in their environment, where fastai and accelerate look too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, TypeVar

import torch
from fastai.torch_core import distrib_barrier, num_distrib, rank_distrib
from torch import nn
from torch.nn.parallel import DistributedDataParallel

_T = TypeVar("_T")
_SAID: Final = ("RANK", "WORLD_SIZE")
_LONGEST: Final = timedelta(days=1)
"""How long processes wait while the first one works for all: films are decoded, features fitted."""


def group_size() -> int:
    """Return how many processes train together; 1 of one that is by itself."""
    return max(1, int(num_distrib()))


def is_first() -> bool:
    """Return whether this process is the one that writes; so is any that is by itself."""
    return bool(rank_distrib() == 0)


def join_group(*, cpu: bool) -> None:
    """Meet the other processes; without any, do nothing.

    Parameters
    ----------
    cpu
        Whether the group computes on processors (gloo) rather than CUDA devices (NCCL).
    """
    if group_size() == 1:
        return
    from accelerate import PartialState

    PartialState(cpu=cpu, timeout=_LONGEST)


def leave_group() -> None:
    """Part from the other processes: from now on none waits for another."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


@contextmanager
def first_before_others() -> Iterator[None]:
    """Let the first process do the block before the others: they find what it has written."""
    if not is_first():
        distrib_barrier()
    yield
    if is_first():
        distrib_barrier()


def by_first(work: Callable[[], _T]) -> _T | None:
    """Let the first process do something as if it were by itself; the others get ``None``.

    fastai would else gather every prediction from processes that make none, and wait for ever.
    """
    if not is_first():
        return None
    kept = {name: os.environ.pop(name) for name in _SAID if name in os.environ}
    try:
        return work()
    finally:
        os.environ.update(kept)


def bare(model: nn.Module) -> nn.Module:
    """Return the network itself, without what shares its gradients while a group trains it."""
    if isinstance(model, DistributedDataParallel):
        inner: nn.Module = model.module
        return inner
    return model
