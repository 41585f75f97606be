"""Films answered in processes beside the server, so that its pages always have a processor.

Python runs one thread at a time, and reading a film, framing it and comparing it with others keeps
that one busy: pages of twenty doctors waited for seconds. These processes step back behind whatever
else the machine has to do, each has one film at a time, and films wait for them in line. One that
dies costs nobody a film: another takes its place, and the film is tried anew.
"""

from __future__ import annotations

import logging
import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from covid_d.processes import begin, how_it_ended

if TYPE_CHECKING:  # a new process steps back before it imports them
    from covid_d.clinic.active_detector import ActiveDetector
    from covid_d.clinic.film_work import Examined
    from covid_d.detector import Bundle

LONGEST_S: Final = 120.0
"""That a film may take; the process that has it is then ended."""
_TRIES: Final = 3
"""Of one film, while its processes die: somebody may end one by chance, hardly three."""
_NICENESS: Final = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Examine:
    """Examine a film with the bundle of this SHA-256."""

    sha256: str
    content: bytes = field(repr=False)
    preview: bool


@dataclass(frozen=True, slots=True)
class _Prepare:
    """Be ready for films with the bundle of this SHA-256."""

    sha256: str


@dataclass(frozen=True, slots=True)
class _Compare:
    """Compare a film's print with others'."""

    film: bytes = field(repr=False)
    others: tuple[bytes, ...] = field(repr=False)


_Task = _Examine | _Prepare | _Compare


class FilmProcesses:
    """Processes that answer films, and the line of films before them.

    Parameters
    ----------
    count
        How many; at least one. Each begins with its first film, or by :meth:`begin`.
    """

    def __init__(self, count: int) -> None:
        self._lock = Lock()
        self._desks = [_Desk() for _ in range(count)]
        self._idle = list(self._desks)
        self._line: deque[Future[_Desk]] = deque()
        self._is_closed = False

    @property
    def numbers(self) -> list[int]:
        """Numbers of the processes, as the system calls them."""
        found = [desk.process.pid for desk in self._desks if desk.process is not None]
        return [number for number in found if number is not None]

    def begin(self, bundle: Bundle) -> None:
        """Have every process ready before its first film; one that is at work already is.

        Parameters
        ----------
        bundle
            With which films are answered now.
        """
        for _ in range(len(self._desks)):
            with self._lock:
                if self._is_closed or not self._idle:
                    return
                desk = self._idle.pop(0)
            try:
                with suppress(_EndedError):  # the next film begins another
                    desk.ask(_Prepare(bundle.id.sha256), bundle)
            finally:
                self._give_back(desk)

    def examine(self, bundle: Bundle, content: bytes, *, preview: bool = False) -> Examined:
        """Examine one film; films are taken in the order in which they came.

        Parameters
        ----------
        bundle
            With which.
        content
            The film's bytes.
        preview
            Whether its preview is wanted.

        Raises
        ------
        UnavailableError
            If the film ends every process that tries it, or the server stops.
        """
        examined: Examined = self._done(_Examine(bundle.id.sha256, content, preview), bundle)
        return examined

    def compare(self, film: bytes, others: Sequence[bytes]) -> list[float]:
        """As :func:`covid_d.clinic.film_work.compare`; goes before films, which it is the rest of.

        Raises
        ------
        UnavailableError
            As :meth:`examine`.
        """
        alike: list[float] = self._done(_Compare(film, tuple(others)), first=True)
        return alike

    def close(self) -> None:
        """End all processes; whoever waits is told that the server stops."""
        with self._lock:
            self._is_closed = True
            waiting, self._line = self._line, deque()
            idle, self._idle = self._idle, []
        for ticket in waiting:
            ticket.set_exception(_stopping())
        for desk in self._desks:
            if desk in idle:
                desk.end()
            elif desk.process is not None:
                desk.process.kill()  # whoever waits for it sees to the rest

    def _done(self, task: _Task, bundle: Bundle | None = None, *, first: bool = False) -> Any:
        desk = self._taken(first=first)
        try:
            for _ in range(_TRIES):
                try:
                    return desk.ask(task, bundle)
                except _EndedError as ended:
                    if self._is_closed:
                        raise _stopping() from ended
                    how = ended.how
                    _log.warning("a process that answers films ended (%s): another begins", how)
                    if ended.is_too_long:
                        break
        finally:
            self._give_back(desk)
        raise _ended(how)

    def _taken(self, *, first: bool) -> _Desk:
        """Return a desk that is free, after whoever was there before."""
        with self._lock:
            if self._is_closed:
                raise _stopping()
            if self._idle:
                return self._idle.pop(0)
            ticket: Future[_Desk] = Future()
            (self._line.appendleft if first else self._line.append)(ticket)
        return ticket.result()

    def _give_back(self, desk: _Desk) -> None:
        with self._lock:
            if self._line:
                self._line.popleft().set_result(desk)
                return
            if not self._is_closed:
                self._idle.append(desk)
                return
        desk.end()


class _EndedError(Exception):
    """A process ended over what it was asked.

    Parameters
    ----------
    how
        The signal's name, or the exit code.
    is_too_long
        Whether we ended it.
    """

    def __init__(self, how: str, *, is_too_long: bool = False) -> None:
        super().__init__(how)
        self.how, self.is_too_long = how, is_too_long


class _Desk:
    """A place for one process, and one film."""

    def __init__(self) -> None:
        self.process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def begin(self) -> Connection:
        """Have a process there; return our end of its pipe."""
        if self._pipe is None:
            self.process, self._pipe = begin(_answer, None, daemon=True)
        return self._pipe

    def ask(self, task: _Task, bundle: Bundle | None) -> Any:
        """Return what the process makes of a task.

        Raises
        ------
        _EndedError
            If it ended over it.
        CovidDError
            If the bundle cannot be used.
        """
        from covid_d.errors import BundleError

        pipe = self.begin()
        try:
            pipe.send(task)
            told, value = self._told(pipe)
            if told == "bundle":
                pipe.send(bundle)
                told, value = self._told(pipe)
        except (EOFError, OSError):
            raise _EndedError(self.end()) from None
        if told == "bundle error":
            raise BundleError(*value)
        if told == "fault":
            raise RuntimeError(f"a film's process failed: {value}")
        return value

    def end(self) -> str:
        """End the process, if there is one, and return how it ended."""
        process, pipe = self.process, self._pipe
        self.process = self._pipe = None
        if process is None:
            return ""
        if pipe is not None:
            pipe.close()  # it ends by itself where it waits for a film
        process.join(timeout=1)
        process.kill()
        process.join()
        return how_it_ended(process.exitcode)

    def _told(self, pipe: Connection) -> tuple[str, Any]:
        if not pipe.poll(LONGEST_S):
            self.end()
            raise _EndedError(f"{LONGEST_S:.0f} s", is_too_long=True)
        told: tuple[str, Any] = pipe.recv()
        return told


@contextmanager
def beside(detector: ActiveDetector, count: int | None = None) -> Iterator[None]:
    """Have films answered beside this process for as long as the block lasts.

    Parameters
    ----------
    detector
        Whose films.
    count
        Processes; 0 means none. By default one fewer than cores, at least one.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    wanted = max(1, (cores or 1) - 1) if count is None else count
    if not wanted:
        yield
        return
    detector.processes = FilmProcesses(wanted)
    try:
        yield
    finally:
        detector.processes.close()
        detector.processes = None


def _ended(how: str) -> Exception:
    from covid_d.clinic.errors import UnavailableError
    from covid_d.language import N_

    return UnavailableError(
        N_("The radiograph ends the program that reads it (%(how)s). Nothing was saved.", how=how),
        N_("Try again; if it stays so, leave this file out and tell the administrator."),
        code="film_ends_process",
    )


def _stopping() -> Exception:
    from covid_d.clinic.errors import UnavailableError
    from covid_d.language import N_

    return UnavailableError(
        N_("The server is being stopped. Nothing was saved."),
        N_("Send the form again in a moment."),
        code="server_stops",
    )


def _answer(_: None, pipe: Connection) -> None:
    """Answer films until nobody asks."""
    # Whoever stops the server may tell every process of it; ours go on until the server, which
    # still has answers to give, lets go of the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    from covid_d.clinic import film_work
    from covid_d.detector import Detector
    from covid_d.errors import BundleError

    detector: Detector | None = None
    with suppress(EOFError, OSError):
        while True:
            task = pipe.recv()
            try:
                if isinstance(task, _Compare):
                    pipe.send(("done", film_work.compare(task.film, task.others)))
                    continue
                if detector is None or detector.bundle.id.sha256 != task.sha256:
                    pipe.send(("bundle", None))
                    detector = None  # the one before and the new one need not both be in memory
                    detector = Detector(pipe.recv(), threads=1)
                if isinstance(task, _Prepare):
                    pipe.send(("done", None))
                    continue
                done = film_work.examine(detector, task.content, preview=task.preview)
                pipe.send(("done", done))
            except BundleError as error:
                pipe.send(("bundle error", error.sentences))
            except (EOFError, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - told to whoever asked, and there logged
                pipe.send(("fault", repr(error)))
