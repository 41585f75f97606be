"""Where and how a run computes."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from covid_d.errors import TrainingError
from covid_d.language import N_
from covid_d.training.group import group_size, join_group


@dataclass(frozen=True, slots=True)
class Machine:
    """Where and how a run computes; none of it changes what is learnt, up to rounding.

    Parameters
    ----------
    device
        ``auto`` takes a CUDA device if there is one (with mixed precision), else the CPU.
    threads
        For torch on the CPU; 0 leaves its own choice.
    workers
        Processes that collate batches.
    distributed
        Train in several processes: those that ``accelerate launch`` or ``torchrun`` started, else
        ``processes`` that are started on this machine.
    processes
        How many; 0 means one a CUDA device.
    """

    device: str = "auto"
    threads: int = 0
    workers: int = 0
    distributed: bool = False
    processes: int = 0

    def to_start(self) -> int:
        """Return how many processes are to be started; 0 where this one is to train.

        Raises
        ------
        TrainingError
            If it cannot be known, or there are fewer devices; or if others wait for this process,
            which was not told to train with them.
        """
        if not self.distributed:
            if group_size() > 1:
                raise TrainingError(
                    N_("This is one of %(processes)s processes.", processes=group_size()),
                    N_("Add --distributed, or start the training without a launcher."),
                )
            return 0
        if group_size() > 1:
            return 0
        devices = 0 if self.device == "cpu" else torch.cuda.device_count()
        if not (self.processes or devices):
            raise TrainingError(
                N_("How many processes train together on processors is not said."),
                N_("Say it: --processes 2."),
            )
        if devices and self.processes > devices:
            raise TrainingError(
                N_(
                    "%(processes)s processes need a CUDA device each; there are %(devices)s.",
                    processes=self.processes,
                    devices=devices,
                ),
                N_("Ask for fewer --processes, or --device cpu."),
            )
        wanted = self.processes or devices
        return wanted if wanted > 1 else 0

    def prepare(self) -> torch.device:
        """Set the threads, meet the other processes and return the device.

        Raises
        ------
        TrainingError
            If ``cuda`` is asked for and there is none.
        """
        available = torch.cuda.is_available()
        cpu = not available or self.device == "cpu"
        if self.threads:
            torch.set_num_threads(self.threads)
        elif cpu and group_size() > 1:
            here = int(os.environ.get("LOCAL_WORLD_SIZE", group_size()))
            torch.set_num_threads(max(1, (os.cpu_count() or 1) // here))
        if self.device == "cuda" and not available:
            raise TrainingError(
                N_("No CUDA device is available to torch on this machine."),
                N_("Use --device cpu, or install a CUDA build of torch."),
            )
        if not cpu and group_size() > 1:
            # fastai and torch take the current one where "cuda" is all that is said.
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        join_group(cpu=cpu)
        return torch.device("cpu" if cpu else "cuda")
