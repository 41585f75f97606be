"""Films answered in a process that may die of them: what is left knows which one it was."""

from __future__ import annotations

import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from covid_d.errors import CovidDError
from covid_d.processes import begin, how_it_ended
from covid_d.screen.listing import ListedFilm

if TYPE_CHECKING:
    from covid_d.screen.screener import ScreenerOrder


class Died(Exception):  # noqa: N818 - what happened, not what is wrong here
    """The process died over a film.

    Parameters
    ----------
    how
        The signal's name, or the exit code.
    """

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Alone:
    """Answers films one by one in a process of their own, started anew where it dies.

    Parameters
    ----------
    order
        As of the screener.
    """

    def __init__(self, order: ScreenerOrder) -> None:
        self._order = order
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def row(self, number: int, film: ListedFilm) -> dict[str, Any]:
        """Return a film's row.

        Raises
        ------
        Died
            If the process died over it.
        CovidDError
            If the film's store does not answer.
        """
        pipe = self._started()
        try:
            pipe.send((number, film))
            told, value = pipe.recv()
        except (EOFError, OSError):
            raise Died(self._how()) from None
        if told == "fault":
            raise CovidDError(*value)
        row: dict[str, Any] = value
        return row

    def _started(self) -> Connection:
        if self._pipe is None:
            self._process, self._pipe = begin(_answer, self._order, daemon=True)
        return self._pipe

    def _how(self) -> str:
        process = self._process
        code = None
        if process is not None:
            process.join()
            code = process.exitcode
        self._end()
        return how_it_ended(code)

    def _end(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.terminate()
            self._process.join()
        self._pipe = self._process = None


def _answer(order: ScreenerOrder, pipe: Connection) -> None:
    from covid_d.screen.job import ScreenJob
    from covid_d.screen.screener import FilmScreener

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that began it all
    screener: FilmScreener | None = None
    with suppress(EOFError, OSError):
        while True:
            number, film = pipe.recv()
            try:
                screener = screener or FilmScreener(order, ScreenJob.open(order.job))
                pipe.send(("row", screener.row(number, film)))
            except CovidDError as error:
                pipe.send(("fault", error.sentences))
