"""One network trained by several processes: each step's films are shared out among them.

fastai does it through accelerate (:class:`fastai.distributed.DistributedTrainer`); here a step has
the very films that it has in one process, so that the result is the same but for rounding, and for
what is drawn at random in each process. fastai's own loader gives each process a batch of the
recipe's size, and sends the films' order through CUDA devices, which a CPU has none of.
"""

from __future__ import annotations

import random
from typing import Any

import torch
from fastai.data.core import TfmdDL
from fastai.distributed import DistributedDL, DistributedTrainer

from covid_d.errors import TrainingError
from covid_d.language import N_
from covid_d.training.group import group_size


def check_shares(batch: int) -> None:
    """Refuse steps whose films cannot be shared out evenly.

    Parameters
    ----------
    batch
        Films a step.

    Raises
    ------
    TrainingError
        If they are no multiple of the processes.
    """
    if batch % group_size():
        raise TrainingError(
            N_(
                "%(films)s films a step cannot be shared by %(processes)s processes.",
                films=batch,
                processes=group_size(),
            ),
            N_("Choose --batch as a multiple of the processes, or other --processes."),
        )


class SharedLoader(DistributedDL):  # type: ignore[misc]
    """A loader that gives one process its share of each step.

    Parameters
    ----------
    dl
        The whole loader, of the recipe's films a step; while it is shared, of this process's.
    device
        Where batches go.

    Raises
    ------
    TrainingError
        If training steps cannot be shared evenly.
    """

    def __init__(self, dl: TfmdDL, device: torch.device) -> None:
        self.whole = dl.bs
        if dl.drop_last:
            check_shares(dl.bs)
        dl.bs = max(1, dl.bs // group_size())
        super().__init__(dl, device=device)

    def restore(self) -> None:
        """Let the whole loader give whole steps again."""
        self.dl.bs = self.whole

    @property
    def rng(self) -> random.Random:
        """What the order of films is drawn from."""
        drawn: random.Random = self.dl.rng
        return drawn

    @rng.setter
    def rng(self, value: random.Random) -> None:
        """Let it be drawn from another one."""
        self.dl.rng = value

    def __len__(self) -> int:
        """Return the steps of an epoch."""
        films = self.dl.n
        if self.drop_last:
            return int(films // self.whole)
        share = -(-films // self.world_size)
        return int(-(-share // self.bs))

    def get_idxs(self) -> list[int]:
        """Return this process's films of an epoch, step by step."""
        if not self.drop_last:
            mine: list[int] = super().get_idxs()  # validation: order says nothing
            return mine
        order = self._broadcast(list(self.dl.get_idxs()), 0)
        films = len(order) // self.whole * self.whole
        self.n = self.n_padded = films
        first = self.rank * self.bs
        return [
            index
            for step in range(0, films, self.whole)
            for index in order[step + first : step + first + self.bs]
        ]

    def _broadcast(self, order: list[int], rank: int) -> list[int]:
        """Return the order that the first process drew."""
        told = torch.tensor(order, dtype=torch.int64, device=self.device)
        torch.distributed.broadcast(told, rank)
        found: list[int] = told.tolist()
        return found


class SharedTraining(DistributedTrainer):  # type: ignore[misc]
    """Share a fit among the processes of the group.

    Batch normalisation that a recipe trains counts the films of its own process; torch's shared
    one works on CUDA devices alone, and an exported network could not hold it.

    Parameters
    ----------
    device
        Of this process.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__(sync_bn=False, cpu=device.type == "cpu")

    def after_fit(self) -> None:
        """Give network and loaders back as they were."""
        for loader in self.learn.dls.loaders:
            if isinstance(loader, SharedLoader):
                loader.restore()
        super().after_fit()

    def _wrap_dl(self, dl: Any) -> SharedLoader:
        if isinstance(dl, SharedLoader):
            return dl
        return SharedLoader(dl, device=self.learn.model.device)
