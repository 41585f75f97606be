"""Processes of our own: started without the caller's script, and their ends in words."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Lock
from types import ModuleType
from typing import Any

_lock = Lock()


def begin(
    target: Callable[[Any, Connection], None], order: Any, *, daemon: bool = False
) -> tuple[BaseProcess, Connection]:
    """Start a process and return it with our end of its pipe.

    Its death closes the pipe, and so does ours.

    Parameters
    ----------
    target
        Called there with the order and its own end.
    order
        What it needs to know.
    daemon
        Whether it ends with us.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_with_order, args=(target, theirs), daemon=daemon)
    with _nobodys_script():
        process.start()
    theirs.close()
    # Not among the arguments: one larger than a pipe would be written for ever to a process that
    # died before it read them, since the pipe that Python itself makes stays open at both ends.
    with suppress(OSError):  # it died: its pipe says so to whoever reads
        ours.send(order)
    return process, ours


def _with_order(target: Callable[[Any, Connection], None], pipe: Connection) -> None:
    try:
        order = pipe.recv()
    except EOFError:  # whoever began it is gone
        return
    target(order, pipe)


@contextmanager
def _nobodys_script() -> Iterator[None]:
    """Keep Python from running the caller's script again in each new process.

    It does so for functions that lie there; ours do not, and a script need not have a guard.
    """
    with _lock:
        script = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = script


def how_it_ended(code: int | None) -> str:
    """Return a process's end in a word: ``SIGSEGV``, ``exit code 1``."""
    if code is not None and code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
