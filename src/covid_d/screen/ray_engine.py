"""The Ray engine: the same screener as an actor of Ray Data, on one machine or a cluster.

Ray is told everything that it would else find out over the network: which address is this
machine's, that nobody counts its use, and that there is no dashboard. It hands out lots, starts
actors anew where one dies or its machine does, and gives their lots to others; what a lot's
death means is the screener's business.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.screen.job import ScreenJob
from covid_d.screen.screener import Screener, ScreenerOrder

if TYPE_CHECKING:
    from covid_d.screen.local import OnFilms

QUIET: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",  # it would report to its makers
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",  # our own is shown
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # what it will do by default; else it warns
}
"""Set before Ray is imported, unless the user set them."""
_TOKENS: Final = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
_HERE: Final = "127.0.0.1"
_STARTS: Final = 4
_ALONE: Final = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Of a run on one machine: else Ray asks which of its addresses leads to a public one."""


class LotActor:
    """A screener in a process of Ray's.

    Parameters
    ----------
    order
        As of the screener.
    """

    def __init__(self, order: ScreenerOrder) -> None:
        self._screener = Screener(order)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Answer the lots of a batch; their parts are written when it returns.

        Parameters
        ----------
        batch
            Ray's: column ``item``, lots.

        Returns
        -------
        Columns ``item`` and ``films``.
        """
        films = [self._screener(int(lot)) for lot in batch["item"]]
        return {"item": batch["item"], "films": np.asarray(films, dtype=np.int64)}


def run_ray(
    job: ScreenJob,
    order: ScreenerOrder,
    lots: Iterable[int],
    workers: int,
    on_films: OnFilms,
    address: str | None = None,
) -> None:
    """Answer lots with actors of Ray Data.

    Parameters
    ----------
    job
        Whose lots they are; its place, the films' and the bundle's must be those of every machine.
    order
        As of the actors.
    lots
        Their numbers.
    workers
        Actors; 0 means one a core of the cluster.
    on_films
        As of the local engine.
    address
        Of a cluster that runs; by default Ray starts on this machine, for this run alone.

    Raises
    ------
    CovidDError
        If the cluster does not answer, or an actor cannot go on.
    """
    for name, value in (QUIET | _key() if address else QUIET | _ALONE).items():
        os.environ.setdefault(name, value)
    import ray
    from ray.data import ActorPoolStrategy, DataContext

    _begin(address)
    try:
        logging.getLogger("ray.data").setLevel(logging.ERROR)  # sets itself up when imported
        context = DataContext.get_current()
        context.enable_progress_bars = False
        context.execution_options.verbose_progress = False
        # A store that does not answer, a full disk: said at once, not tried for ever.
        context.max_errored_blocks = 0
        waiting = list(lots)
        count = min(workers or int(ray.cluster_resources().get("CPU", 1)), len(waiting))
        found = ray.data.from_items(waiting, override_num_blocks=len(waiting)).map_batches(
            LotActor,
            fn_constructor_args=(order,),
            batch_size=1,
            compute=ActorPoolStrategy(size=count),
            num_cpus=1,
        )
        for row in found.iter_rows():
            on_films(int(row["films"]))
    except ray.exceptions.RayError as error:
        raise _as_ours(error) from error
    finally:
        ray.shutdown()


def _key() -> dict[str, str]:
    """Return what makes Ray show a cluster the token that it keeps.

    From 2.61 on it does so by itself; before, ``ray start`` demands the token where there is one,
    and whoever connects shows none.
    """
    kept = Path("~/.ray/auth_token").expanduser()
    there = any(os.environ.get(name) for name in _TOKENS) or kept.is_file()
    return {"RAY_AUTH_MODE": "token"} if there else {}


def _begin(address: str | None) -> None:
    """Connect to a cluster, or start Ray here; a busy machine may be too slow for its first try.

    Raises
    ------
    CovidDError
        If it does not answer.
    """
    import ray

    if address is None:
        known: dict[str, Any] = {
            "address": "local",
            "include_dashboard": False,
            "_node_ip_address": _HERE,
        }
    else:
        known = {"address": address}
    for left in reversed(range(1 if address else _STARTS)):
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **known)
            return
        except Exception as error:
            # Ray raises Exception itself where a node is too slow to start.
            ray.shutdown()
            if left:
                continue
            raise CovidDError(
                N_(
                    "No Ray cluster answers at %(address)s: %(reason)s.",
                    address=address or _HERE,
                    reason=_last_line(error.__cause__ or error),
                ),
                N_("Start one with: ray start --head; see the guide's page on whole archives."),
            ) from error


def _as_ours(error: Exception) -> CovidDError:
    """Return our own error where an actor raised one, else Ray's in a sentence."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, CovidDError):
            return CovidDError(*cause.sentences)
        cause = getattr(cause, "cause", None) or cause.__cause__
    return CovidDError(
        N_("Ray could not go on: %(reason)s.", reason=_last_line(error)),
        N_("See the logs of Ray's session, then run the same command again."),
    )


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1][:300].rstrip(".")
