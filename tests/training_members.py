"""What the processes of a group do in tests: functions that another process can import."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from covid_d.errors import TrainingError


def nothing(value: int) -> int:
    return value + int(os.environ["RANK"])


def second_fails() -> None:
    """Fail in the second process while the first one would go on for ever."""
    if os.environ["RANK"] == "1":
        raise TrainingError("The second has no films.", "Give it some.")
    while True:
        time.sleep(0.05)


def second_is_killed() -> None:
    """Die in the second process while the first one would go on for ever."""
    if os.environ["RANK"] == "1":
        os.kill(os.getpid(), signal.SIGKILL)
    while True:
        time.sleep(0.05)


def facts_of_a_group(folder: Path, films: int, batch: int) -> list[dict[str, Any]]:
    """Return what each process of a group sees of loaders over ``films`` numbers.

    Training's are drawn in a random order, of which the first process decides.
    """
    import random

    import torch
    from fastai.data.core import TfmdDL
    from torch import nn
    from torch.nn.parallel import DistributedDataParallel

    from covid_d.training.group import (
        bare,
        by_first,
        first_before_others,
        group_size,
        is_first,
        join_group,
        leave_group,
    )
    from covid_d.training.shared import SharedLoader

    join_group(cpu=True)
    cpu = torch.device("cpu")
    written = folder / "written"
    with first_before_others():
        found = written.exists()
        written.touch()
    whole = TfmdDL(list(range(films)), bs=batch, shuffle=True, drop_last=True)
    shared = SharedLoader(whole, cpu)
    shared.rng = random.Random(torch.distributed.get_rank())  # each would draw another order
    training = [part.tolist() for part in shared]
    validation = SharedLoader(TfmdDL(list(range(films)), bs=batch), cpu)
    valid = [part.tolist() for part in validation]
    lengths = [len(shared), len(validation)]
    shared.restore()
    network = nn.Linear(2, 1)
    wrapped = DistributedDataParallel(network)
    ours = {
        "first": is_first(),
        "size": group_size(),
        "found": found,
        "training": training,
        "validation": valid,
        "lengths": lengths,
        "whole": (whole.bs, len(whole)),
        "bare": bare(wrapped) is network,
        "alone": by_first(lambda: (group_size(), is_first(), "RANK" in os.environ)),
        "after": "RANK" in os.environ,
    }
    told: list[Any] = [None] * group_size()
    torch.distributed.all_gather_object(told, ours)
    leave_group()
    return told
