"""Start the processes of a group on this machine and wait for what the first one returns."""

from __future__ import annotations

import logging
import pickle
import signal
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from covid_d.errors import CovidDError, TrainingError
from covid_d.language import N_

_T = TypeVar("_T")
_HERE: Final = "127.0.0.1"
_GRACE: Final = 10  # seconds that a stopped process gets before it is killed
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def together(processes: int, work: Callable[..., _T], *args: Any, **kwargs: Any) -> _T:
    """Call a function in so many processes that know of each other; return what the first returns.

    If one fails, all are ended. They die with this process too.

    Parameters
    ----------
    processes
        How many.
    work
        A function that another process can import.
    args, kwargs
        Its arguments; they are sent by pickle.

    Raises
    ------
    CovidDError
        The one that a process raised.
    TrainingError
        If a process died otherwise.
    KeyboardInterrupt
        If this process is told to stop.
    """
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    with tempfile.TemporaryDirectory(prefix="covid-d-") as folder, _as_before():
        fault = Path(folder) / "fault"
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=processes,
            run_id=uuid.uuid4().hex,
            rdzv_backend="c10d",
            # Any free port, of this machine alone: no name is looked up, nothing leaves it.
            rdzv_endpoint=f"{_HERE}:0",
            local_addr=_HERE,
            max_restarts=0,
            logs_specs=DefaultLogsSpecs(log_dir=folder),
            shutdown_timeout=_GRACE,
        )
        _be_quiet()
        try:
            returned: dict[int, _T] = elastic_launch(config, _member)(fault, work, args, kwargs)
        except SignalException as error:
            raise KeyboardInterrupt from error
        except ChildFailedError as error:
            if fault.is_file():
                raise CovidDError(*pickle.loads(fault.read_bytes())) from None  # noqa: S301 - ours
            _, first = error.get_first_failure()
            raise TrainingError(
                N_(
                    "A process of the training died (%(how)s).",
                    how=first.signal_name() if first.exitcode < 0 else f"exit {first.exitcode}",
                ),
                N_("Look whether memory suffices, then go on with --resume."),
            ) from error
    return returned[0]


def _member(fault: Path, work: Callable[..., _T], args: Any, kwargs: Any) -> _T:
    try:
        return work(*args, **kwargs)
    except CovidDError as error:
        # What it says must not be lost in the end of the others.
        if not fault.exists():
            fault.write_bytes(pickle.dumps(error.sentences))
        sys.exit(1)


def _be_quiet() -> None:
    """Keep torch from telling in its own words what is told in ours."""
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("torch.distributed.elastic"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


@contextmanager
def _as_before() -> Iterator[None]:
    """Undo what torch does to this process's signals."""
    kept = {each: signal.getsignal(each) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in kept.items():
            signal.signal(each, handler)
