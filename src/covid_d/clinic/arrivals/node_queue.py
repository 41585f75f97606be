"""The queue of the node that works for this clinic, if one does."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from covid_d.clinic.errors import UnavailableError
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_, Message, Text
from covid_d.pacs import queue_engine
from covid_d.pacs.queue import Delivery, Queue, QueuedFilm
from covid_d.pacs.store import NodeStore
from covid_d.pacs.tables import DeliveryState, FilmState

FOLDER: Final = "pacs"
"""In the clinic's folder: where its node keeps films and answers, and its queue under SQLite."""
_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One film of the queue, without its patient and its answer.

    Parameters
    ----------
    number
        Of the film in the queue.
    received
        When it came.
    caller
        Title of who sent it.
    copies
        How often it came.
    state
        How far it is.
    reason
        Why it cannot be answered.
    deliveries
        What of it goes where, and how far that is.
    """

    number: int
    received: datetime
    caller: str
    copies: int
    state: FilmState
    reason: Message | None
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class QueueView:
    """What a page shows of the queue.

    Parameters
    ----------
    films, deliveries, let_go
        How many, by state; by what they were.
    lines
        The newest films.
    oldest
        Since when the oldest one waits.
    """

    films: Mapping[str, int] = field(default_factory=dict)
    deliveries: Mapping[str, int] = field(default_factory=dict)
    let_go: Mapping[str, int] = field(default_factory=dict)
    lines: tuple[QueueLine, ...] = ()
    oldest: datetime | None = None


FILM_STATES: Final[Mapping[FilmState, Text]] = {
    FilmState.RECEIVED: N_("received, waits for its answer"),
    FilmState.ASSESSED: N_("assessed"),
    FilmState.FAILED: N_("set aside: cannot be answered"),
}
FILMS_IN: Final[Mapping[FilmState, Text]] = {
    FilmState.RECEIVED: N_("films received, not yet answered"),
    FilmState.ASSESSED: N_("films assessed"),
    FilmState.FAILED: N_("films set aside: they cannot be answered"),
}
DELIVERIES_IN: Final[Mapping[DeliveryState, Text]] = {
    DeliveryState.HELD: N_("answers held until the film is read"),
    DeliveryState.WITHHELD: N_("answers not sent: set aside"),
    DeliveryState.WAITING: N_("answers waiting"),
    DeliveryState.SENT: N_("answers sent"),
    DeliveryState.COMMITTED: N_("answers committed"),
    DeliveryState.FAILED: N_("answers failed"),
}
DELIVERY_STATES: Final[Mapping[DeliveryState, Text]] = {
    DeliveryState.HELD: N_("held until the film is read"),
    DeliveryState.WITHHELD: N_("not sent: set aside"),
    DeliveryState.WAITING: N_("waiting"),
    DeliveryState.SENT: N_("sent"),
    DeliveryState.COMMITTED: N_("committed"),
    DeliveryState.FAILED: N_("failed"),
}


def node_folder(installation: Installation) -> Path:
    """Return the folder of the clinic's node."""
    return installation.folder / FOLDER


def queue_url(installation: Installation) -> str | None:
    """Return where the queue lies: in the clinic's PostgreSQL; ``None`` for SQLite of its own."""
    url = installation.settings.database_url
    if url is None or not installation.settings.on_postgresql:
        return None
    return url.get_secret_value()


def is_joined(installation: Installation) -> bool:
    """Return whether a node has ever worked for this clinic."""
    return node_folder(installation).is_dir()


def view(installation: Installation, *, state: str | None = None) -> QueueView | None:
    """Return what is in the queue; ``None`` without a node.

    Raises
    ------
    UnavailableError
        If it cannot be read.
    """
    with _opened(installation) as queue:
        if queue is None:
            return None
        counts, oldest = queue.counts(), queue.oldest_waiting()
        lines = tuple(_line(queue, film) for film in queue.listed(state=state, limit=_SHOWN))
    return QueueView(
        counts["films"],
        counts["deliveries"],
        counts["let_go"],
        lines,
        _moment(oldest),
    )


def trouble(installation: Installation) -> tuple[int, datetime | None]:
    """Return how many films and answers failed, and since when the oldest one waits.

    Raises
    ------
    UnavailableError
        If the queue cannot be read.
    """
    with _opened(installation) as queue:
        if queue is None:
            return 0, None
        counts, oldest = queue.counts(), queue.oldest_waiting()
    failed = counts["films"].get(FilmState.FAILED, 0)
    failed += counts["deliveries"].get(DeliveryState.FAILED, 0)
    return failed, _moment(oldest)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def deliveries_of(
    installation: Installation, fingerprints: Collection[str]
) -> dict[str, list[Delivery]]:
    """Return what of some films goes where, by fingerprint; empty without a node.

    Raises
    ------
    UnavailableError
        If the queue cannot be read.
    """
    with _opened(installation) as queue:
        return {} if queue is None else queue.states_of(fingerprints)


def retry(installation: Installation, actor: Actor, film: int | None = None) -> int:
    """Try again what failed or waits, of one film or of all; return how much that is.

    What is held until its film is read stays held.

    Raises
    ------
    UnavailableError
        If the queue cannot be written.
    """
    with _opened(installation) as queue:
        if queue is None:
            return 0
        with installation.act(actor) as act:
            act.record("queue.retry", "queue" if film is None else f"queue:{film}")
        return queue.retry(film)


def forget(installation: Installation, fingerprints: Collection[str]) -> None:
    """Remove films, and the answers to them, from the node: their patient was erased."""
    if not fingerprints:
        return
    store = NodeStore(node_folder(installation))
    with _opened(installation) as queue:
        for fingerprint in fingerprints:
            film = None if queue is None else queue.known(fingerprint)
            if queue is not None and film is not None:
                queue.erase(film)
                if film.file:
                    store.forget(film.file, film.fingerprint)


def _line(queue: Queue, film: QueuedFilm) -> QueueLine:
    return QueueLine(
        film.id,
        datetime.fromtimestamp(film.received, UTC),
        film.caller,
        film.copies,
        film.state,
        film.reason,
        tuple(queue.deliveries_of(film.id)),
    )


@contextmanager
def _opened(installation: Installation) -> Iterator[Queue | None]:
    folder, url = node_folder(installation), queue_url(installation)
    if not folder.is_dir():
        yield None
        return
    try:
        if not queue_engine.is_there(folder, url):
            yield None
            return
        queue = Queue.open(folder, url)
        try:
            yield queue
        finally:
            queue.close()
    except SQLAlchemyError as error:
        raise UnavailableError(
            N_("The queue of the PACS node cannot be read now."), N_("Try again in a while.")
        ) from error
