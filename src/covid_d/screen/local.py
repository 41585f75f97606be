"""The local engine: one process a core, each with a lot of its own."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.processes import begin, how_it_ended
from covid_d.screen.job import ScreenJob
from covid_d.screen.screener import Screener, ScreenerOrder

OnFilms = Callable[[int], object]
"""Called with how many more films are answered; fewer than none where a lot begins anew."""

_DEATHS: Final = 20
"""Times that a lot may end its worker before the run gives up: something else is wrong then."""
_STILLBORN: Final = 10
"""Workers in a row that die before they are ready: kills may hit some by chance, not so many."""


def run_local(
    job: ScreenJob, order: ScreenerOrder, lots: Iterable[int], workers: int, on_films: OnFilms
) -> None:
    """Answer lots with processes of this machine.

    Parameters
    ----------
    job
        Whose lots they are.
    order
        As of the workers.
    lots
        Their numbers.
    workers
        Processes; 0 means one a core.
    on_films
        As above.

    Raises
    ------
    CovidDError
        If the films' store does not answer, a part cannot be written, or workers keep dying.
    """
    waiting = deque(lots)
    crew = _Crew(order, min(workers or os.cpu_count() or 1, len(waiting)))
    deaths: Counter[int] = Counter()
    try:
        while waiting or crew.busy:
            for worker in crew.idle():
                if waiting:
                    worker.take(waiting.popleft())
            for worker in crew.told():
                for kind, value in worker.messages():
                    if kind == "fault":
                        raise CovidDError(*value)
                    on_films(1 if kind == "film" else 0)
                if worker.is_dead:
                    on_films(-worker.films)
                    if worker.lot is not None:
                        deaths[worker.lot] += 1
                        waiting.appendleft(worker.lot)
                    crew.replace(worker)
                    _require_life(worker, deaths, crew)
    finally:
        for lot in crew.end():
            job.forget(lot)  # it was stopped, and died of nothing


class _Worker:
    """A process, the lot that it has, and how far it is.

    ``films`` counts the lot's answered films, which are lost with it.
    """

    def __init__(self, order: ScreenerOrder) -> None:
        self.process, self.pipe = begin(_work, order)
        self.lot: int | None = None
        self.films = 0
        self.is_dead = self.was_ready = False

    def take(self, lot: int) -> None:
        """Give it a lot."""
        self.lot, self.films = lot, 0
        with suppress(OSError):  # dead: its pipe says so next
            self.pipe.send(lot)

    def messages(self) -> Iterable[tuple[str, Any]]:
        """Yield what it says; note how far it is, and whether it died."""
        try:
            while self.pipe.poll():
                kind, value = self.pipe.recv()
                if kind == "ready":
                    self.was_ready = True
                elif kind == "film":
                    self.films += 1
                elif kind == "lot":
                    self.lot, self.films = None, 0
                yield kind, value
        except (EOFError, OSError):
            self.is_dead = True


class _Crew:
    """The workers; one that dies is replaced."""

    def __init__(self, order: ScreenerOrder, count: int) -> None:
        self._order = order
        self._workers = [_Worker(order) for _ in range(count)]
        self.stillborn = 0

    @property
    def busy(self) -> bool:
        """Whether anyone has a lot."""
        return any(worker.lot is not None for worker in self._workers)

    def idle(self) -> list[_Worker]:
        """Return those without a lot."""
        return [worker for worker in self._workers if worker.lot is None]

    def told(self) -> list[_Worker]:
        """Wait until someone says something or dies; return who."""
        pipes = {worker.pipe: worker for worker in self._workers}
        return [pipes[ready] for ready in wait(list(pipes)) if isinstance(ready, Connection)]

    def replace(self, dead: _Worker) -> None:
        """Put a new worker in the place of a dead one."""
        dead.pipe.close()
        dead.process.join()
        self.stillborn = 0 if dead.was_ready else self.stillborn + 1
        self._workers[self._workers.index(dead)] = _Worker(self._order)

    def end(self) -> list[int]:
        """End all; return the lots that they had."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(timeout=5)
            worker.process.kill()
            worker.process.join()
            # Whatever it said last: a lot that it ended is not one that it had.
            list(worker.messages())
            worker.pipe.close()
        return [worker.lot for worker in self._workers if worker.lot is not None]


def _require_life(worker: _Worker, deaths: Counter[int], crew: _Crew) -> None:
    often = deaths and max(deaths.values()) >= _DEATHS
    if often or crew.stillborn >= _STILLBORN:
        raise CovidDError(
            N_(
                "The processes that answer films keep dying (%(how)s).",
                how=how_it_ended(worker.process.exitcode),
            ),
            N_("Look whether memory and disk suffice, then run the same command again."),
        )


def _work(order: ScreenerOrder, pipe: Connection) -> None:
    """Answer lots until there are none, or nobody who asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that began it all
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what it was writing is cleared away
    begun_by = parent_process()

    def on_film() -> None:
        # Whoever began the run was killed: another run may have the lot by now.
        if begun_by is not None and not begun_by.is_alive():
            os._exit(1)
        pipe.send(("film", None))

    with suppress(EOFError, OSError):
        try:
            screener = Screener(order)
            pipe.send(("ready", None))
            while True:
                screener(pipe.recv(), on_film)
                pipe.send(("lot", None))
        except CovidDError as error:
            pipe.send(("fault", error.sentences))
