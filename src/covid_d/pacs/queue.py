"""The durable queue: what was acknowledged is in it, whatever happens to the process."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from covid_d.errors import CovidDError
from covid_d.language import N_, Sentence
from covid_d.pacs.queue_engine import claim, open_engine
from covid_d.pacs.queue_rows import (
    AnsweredFilm,
    Delivery,
    QueuedFilm,
    delivery_of,
    film_of,
    kept,
)
from covid_d.pacs.tables import (
    ANSWER,
    DeliveryState,
    FilmState,
    Triage,
    deliveries,
    films,
    let_go,
    lost,
    node,
)

__all__ = ["MOST_LOST", "AnsweredFilm", "Delivery", "Queue", "QueuedFilm"]

FIRST_PAUSE_S: Final = 5.0
LONGEST_PAUSE_S: Final = 900.0
"""A destination that is down is asked again after growing pauses, and never given up."""
MOST_LOST: Final = 8
"""One that takes something so often and never confirms it needs somebody to look."""


# Made once: what each costs to put together is most of what it costs to carry out.
_RECEIVED: Final = insert(films)
_ANSWERED: Final = (
    update(films)
    .where(films.c.id == bindparam("film"))
    .values(
        state=FilmState.ASSESSED,
        outcome=bindparam("of_outcome"),
        bundle=bindparam("of_bundle"),
        assessment=bindparam("of_assessment"),
        assessed=bindparam("now"),
        reason=None,
    )
)


class Queue:
    """Films and deliveries with their states.

    Parameters
    ----------
    engine
        Of the database.
    clock
        Seconds since 1970; tests give their own.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine, self.clock = engine, clock
        self._claim: Connection | None = None

    @classmethod
    def open(
        cls, folder: Path, url: str | None = None, clock: Callable[[], float] = time.time
    ) -> Queue:
        """Open the queue of a folder, or of a database elsewhere.

        Raises
        ------
        CovidDError
            If it is of a later version.
        """
        return cls(open_engine(folder, url), clock)

    def claim(self) -> None:
        """Work with this queue alone, until it is closed.

        Raises
        ------
        CovidDError
            If another node does.
        """
        self._claim = claim(self._engine)

    def close(self) -> None:
        """Let go of the database."""
        if self._claim is not None:
            self._claim.invalidate()  # not back into the pool: it would be held on
            self._claim.close()
            self._claim = None
        self._engine.dispose()

    def setting(self, name: str, default: str) -> str:
        """Return what is kept under a name; what was kept first stays."""
        with self._engine.begin() as connection:
            kept = connection.scalar(select(node.c.value).where(node.c.name == name))
            if kept is None:
                connection.execute(insert(node).values(name=name, value=default))
        return default if kept is None else str(kept)

    def receive(
        self, *, fingerprint: str, sop_instance: str, study: str, caller: str, file: str
    ) -> bool:
        """Enter a film; return whether it is new. One that is there is counted, nothing more."""
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    _RECEIVED,
                    {
                        "fingerprint": fingerprint,
                        "sop_instance": sop_instance,
                        "study": study,
                        "caller": caller,
                        "file": file,
                        "received": self.clock(),
                        "state": FilmState.RECEIVED,
                    },
                )
        except IntegrityError:
            with self._engine.begin() as connection:
                connection.execute(
                    update(films)
                    .where(films.c.fingerprint == fingerprint)
                    .values(copies=films.c.copies + 1)
                )
            return False
        return True

    def count_let_go(self, triage: Triage, sop_class: str) -> None:
        """Count an object that is no film for us."""
        if not self._count_one_more(triage, sop_class):
            try:
                with self._engine.begin() as connection:
                    connection.execute(
                        insert(let_go).values(
                            triage=triage, sop_class=sop_class, count=1, last=self.clock()
                        )
                    )
            except IntegrityError:  # another association counted the first one meanwhile
                self._count_one_more(triage, sop_class)

    def _count_one_more(self, triage: Triage, sop_class: str) -> bool:
        key = (let_go.c.triage == triage) & (let_go.c.sop_class == sop_class)
        with self._engine.begin() as connection:
            changed = connection.execute(
                update(let_go).where(key).values(count=let_go.c.count + 1, last=self.clock())
            )
        return bool(changed.rowcount)

    def to_assess(self, limit: int) -> list[QueuedFilm]:
        """Return films that wait for their answer, the oldest first."""
        return self._films(films.c.state == FilmState.RECEIVED, limit)

    def film(self, number: int) -> QueuedFilm:
        """Return a film by its number.

        Raises
        ------
        CovidDError
            If there is none.
        """
        found = self._films(films.c.id == number, 1)
        if not found:
            raise CovidDError(
                N_("There is no film %(number)d in the queue.", number=number),
                N_("See the numbers with: covid-d pacs queue list"),
            )
        return found[0]

    def films(self, numbers: Collection[int]) -> dict[int, QueuedFilm]:
        """Return films by their numbers."""
        return {film.id: film for film in self._films(films.c.id.in_(numbers), None)}

    def assessed(self, answers: Sequence[AnsweredFilm]) -> None:
        """Enter films' answers and the deliveries that they are due, in one transaction."""
        now = self.clock()
        with self._engine.begin() as connection:
            connection.execute(
                _ANSWERED,
                [
                    {
                        "film": each.film.id,
                        "of_outcome": each.outcome,
                        "of_bundle": each.bundle,
                        "of_assessment": each.assessment,
                        "now": now,
                    }
                    for each in answers
                ],
            )
            due = {
                (each.film.id, name): DeliveryState.HELD if each.held else DeliveryState.WAITING
                for each in answers
                for name in each.destinations
            }
            _deliver(connection, ANSWER, due, now)

    def add(self, film: QueuedFilm, what: str, destinations: Iterable[str]) -> None:
        """Enter that something else about a film is due; what is entered already stays so."""
        with self._engine.begin() as connection:
            due = {(film.id, name): DeliveryState.WAITING for name in destinations}
            _deliver(connection, what, due, self.clock())

    def held(self) -> list[QueuedFilm]:
        """Return films whose answers wait for whoever reads them."""
        waiting = select(deliveries.c.film).where(deliveries.c.state == DeliveryState.HELD)
        return self._films(films.c.id.in_(waiting), None)

    def decide(self, film: QueuedFilm, *, sent: bool) -> None:
        """Let a film's held answers go, or never."""
        state = DeliveryState.WAITING if sent else DeliveryState.WITHHELD
        now = self.clock()
        with self._engine.begin() as connection:
            connection.execute(
                update(deliveries)
                .where(deliveries.c.film == film.id, deliveries.c.state == DeliveryState.HELD)
                .values(state=state, next_try=now, changed=now)
            )

    def known(self, fingerprint: str) -> QueuedFilm | None:
        """Return a film by its fingerprint; ``None`` if there is none."""
        found = self._films(films.c.fingerprint == fingerprint, 1)
        return found[0] if found else None

    def states_of(self, fingerprints: Collection[str]) -> dict[str, list[Delivery]]:
        """Return the deliveries of some films, by fingerprint."""
        found: dict[str, list[Delivery]] = {}
        with self._engine.connect() as connection:
            rows = connection.execute(
                select(deliveries, films.c.fingerprint)
                .join(films, films.c.id == deliveries.c.film)
                .where(films.c.fingerprint.in_(fingerprints))
                .order_by(deliveries.c.id)
            ).mappings()
            for row in rows:
                values = dict(row)
                found.setdefault(values.pop("fingerprint"), []).append(delivery_of(values))
        return found

    def answer_again(self, film: QueuedFilm) -> None:
        """Let a film be answered anew, as its answer's files are gone; its deliveries stay."""
        with self._engine.begin() as connection:
            connection.execute(
                update(films)
                .where(films.c.id == film.id, films.c.file != "")
                .values(state=FilmState.RECEIVED)
            )

    def has_file(self, name: str) -> bool:
        """Return whether a film lies under a name."""
        with self._engine.connect() as connection:
            return connection.scalar(select(films.c.id).where(films.c.file == name)) is not None

    def cannot_be_answered(self, film: QueuedFilm, reason: Sentence) -> None:
        """Set a film aside for good, with the reason."""
        with self._engine.begin() as connection:
            connection.execute(
                update(films)
                .where(films.c.id == film.id)
                .values(state=FilmState.FAILED, reason=kept(reason))
            )

    def due(self, destination: str, limit: int) -> list[Delivery]:
        """Return what one destination should get now, the oldest first."""
        return self._deliveries(
            (deliveries.c.destination == destination)
            & (deliveries.c.state == DeliveryState.WAITING)
            & _is_now(deliveries.c.next_try, self.clock()),
            limit,
        )

    def only_to(self, destinations: Collection[str], reason: Sentence) -> int:
        """Give up what waits for destinations that are none any more; return how much that is."""
        chosen = self._deliveries(
            (deliveries.c.state == DeliveryState.WAITING)
            & deliveries.c.destination.not_in(destinations),
            None,
        )
        self._change(chosen, state=DeliveryState.FAILED, reason=kept(reason))
        return len(chosen)

    def sent(self, sent: Sequence[Delivery], *, transaction: str | None) -> None:
        """Enter that answers arrived; ``transaction`` asks the destination to confirm them."""
        self._change(sent, state=DeliveryState.SENT, transaction=transaction, reason=None)

    def committed(
        self, transaction: str, lost: Iterable[int] = (), unsaid: Iterable[int] = ()
    ) -> int:
        """Enter a destination's word on what it keeps; return how many it confirmed.

        What it does not keep (``lost``, by the deliveries' numbers) is sent again; of what it said
        nothing (``unsaid``), nothing is entered.
        """
        failed, left = set(lost), set(unsaid)
        found = self.of_transaction(transaction)
        good = [each for each in found if each.id not in failed | left]
        self._change(good, state=DeliveryState.COMMITTED, reason=None)
        for each in found:
            if each.id in failed:
                self.lost(each, N_("The destination did not keep it."))
        return len(good)

    def lost(self, delivery: Delivery, reason: Sentence) -> None:
        """Let a delivery wait again that was taken and not kept; too often, and it has failed."""
        key = lost.c.delivery == delivery.id
        with self._engine.begin() as connection:
            count = int(connection.scalar(select(lost.c.count).where(key)) or 0) + 1
            if count == 1:
                connection.execute(insert(lost).values(delivery=delivery.id, count=1))
            else:
                connection.execute(update(lost).where(key).values(count=count))
        if count < MOST_LOST:
            self.again(delivery, reason)
        else:
            self.failed(
                delivery,
                N_(
                    "The destination took it %(count)d times and never confirmed that it keeps it.",
                    count=count,
                ),
            )

    def of_transaction(self, transaction: str) -> list[Delivery]:
        """Return what a destination was asked to confirm under one UID."""
        return self._deliveries(deliveries.c.transaction == transaction, None)

    def again(self, delivery: Delivery, reason: Sentence) -> None:
        """Let a delivery wait, after a fault that may pass."""
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(delivery.attempts, 20))
        self._change(
            [delivery],
            state=DeliveryState.WAITING,
            attempts=delivery.attempts + 1,
            next_try=self.clock() + pause,
            transaction=None,
            reason=kept(reason),
        )

    def failed(self, delivery: Delivery, reason: Sentence) -> None:
        """Give a delivery up, after a rejection that will not pass by itself."""
        self._change(
            [delivery],
            state=DeliveryState.FAILED,
            attempts=delivery.attempts + 1,
            reason=kept(reason),
        )

    def retry(self, film: int | None = None) -> int:
        """Send what failed or waits again now; return how many deliveries that are.

        A film that could not be answered is tried again too.
        """
        chosen: ColumnElement[bool] = deliveries.c.state.in_(
            [DeliveryState.FAILED, DeliveryState.WAITING]
        )
        again: ColumnElement[bool] = films.c.state == FilmState.FAILED
        if film is not None:
            chosen &= deliveries.c.film == film
            again &= films.c.id == film
        with self._engine.begin() as connection:
            count = connection.execute(
                update(deliveries)
                .where(chosen)
                .values(state=DeliveryState.WAITING, next_try=self.clock(), attempts=0)
            ).rowcount
            if film is None:
                connection.execute(delete(lost))
            else:
                of_it = select(deliveries.c.id).where(deliveries.c.film == film)
                connection.execute(delete(lost).where(lost.c.delivery.in_(of_it)))
            count += connection.execute(
                update(films).where(again).values(state=FilmState.RECEIVED, reason=None)
            ).rowcount
        return int(count)

    def unconfirmed(self, older_than_s: float) -> list[Delivery]:
        """Return what was sent and never confirmed, though that was asked for."""
        return self._deliveries(
            (deliveries.c.state == DeliveryState.SENT)
            & deliveries.c.transaction.is_not(None)
            & (deliveries.c.changed <= self.clock() - older_than_s),
            None,
        )

    def deliveries_of(self, film: int) -> list[Delivery]:
        """Return a film's deliveries."""
        return self._deliveries(deliveries.c.film == film, None)

    def listed(self, *, state: str | None = None, limit: int = 50) -> list[QueuedFilm]:
        """Return the newest films; with ``state``, those in it, or with a delivery in it."""
        with self._engine.connect() as connection:
            chosen = select(films).order_by(films.c.id.desc()).limit(limit)
            if state is not None:
                having = select(deliveries.c.film).where(deliveries.c.state == state)
                chosen = chosen.where((films.c.state == state) | films.c.id.in_(having))
            return [film_of(row) for row in connection.execute(chosen).mappings()]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many films, deliveries and objects let go there are, by state."""
        asked = {
            "films": select(films.c.state, func.count()).group_by(films.c.state),
            "deliveries": select(deliveries.c.state, func.count()).group_by(deliveries.c.state),
            "let_go": select(let_go.c.triage, func.sum(let_go.c.count)).group_by(let_go.c.triage),
        }
        with self._engine.connect() as connection:
            return {
                name: {str(state): int(count) for state, count in connection.execute(each)}
                for name, each in asked.items()
            }

    def oldest_waiting(self) -> float | None:
        """Return when the oldest film came that is not answered or not delivered; else ``None``."""
        open_ones = select(deliveries.c.film).where(deliveries.c.state == DeliveryState.WAITING)
        with self._engine.connect() as connection:
            oldest: float | None = connection.scalar(
                select(func.min(films.c.received)).where(
                    (films.c.state == FilmState.RECEIVED) | films.c.id.in_(open_ones)
                )
            )
        return oldest

    def done_before(self, moment: float) -> list[QueuedFilm]:
        """Return films received before ``moment`` of which nothing is under way any more."""
        busy = select(deliveries.c.film).where(
            deliveries.c.state.in_(
                [DeliveryState.HELD, DeliveryState.WAITING, DeliveryState.FAILED]
            )
        )
        return self._films(
            (films.c.received < moment)
            & (films.c.state == FilmState.ASSESSED)
            & (films.c.file != "")
            & films.c.id.not_in(busy),
            None,
        )

    def erase(self, film: QueuedFilm) -> None:
        """Forget what was answered to a film; that one came, and its deliveries, stay.

        Nothing of it goes out any more.
        """
        with self._engine.begin() as connection:
            connection.execute(
                update(films)
                .where(films.c.id == film.id)
                .values(
                    file="",
                    assessment=None,
                    outcome=None,
                    sop_instance="",
                    study="",
                    state=FilmState.ASSESSED,
                )
            )
            connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.film == film.id,
                    deliveries.c.state.in_(
                        [DeliveryState.HELD, DeliveryState.WAITING, DeliveryState.FAILED]
                    ),
                )
                .values(state=DeliveryState.WITHHELD)
            )

    def forget_file(self, film: QueuedFilm) -> None:
        """Enter that a film's file was removed; that it was answered, and how, stays."""
        with self._engine.begin() as connection:
            connection.execute(update(films).where(films.c.id == film.id).values(file=""))

    def _change(self, chosen: Sequence[Delivery], **values: Any) -> None:
        if not chosen:
            return
        change = (
            update(deliveries)
            .where(deliveries.c.id == bindparam("delivery"))
            .values(changed=self.clock(), **values)
        )
        with self._engine.begin() as connection:
            connection.execute(change, [{"delivery": each.id} for each in chosen])

    def _films(self, chosen: Any, limit: int | None) -> list[QueuedFilm]:
        with self._engine.connect() as connection:
            rows = connection.execute(
                select(films).where(chosen).order_by(films.c.id).limit(limit)
            ).mappings()
            return [film_of(row) for row in rows]

    def _deliveries(self, chosen: Any, limit: int | None) -> list[Delivery]:
        with self._engine.connect() as connection:
            rows = connection.execute(
                select(deliveries).where(chosen).order_by(deliveries.c.id).limit(limit)
            ).mappings()
            return [delivery_of(row) for row in rows]


def _deliver(
    connection: Connection,
    what: str,
    due: Mapping[tuple[int, str], DeliveryState],
    now: float,
) -> None:
    """Enter what is due of films at destinations; what is entered already stays as it is."""
    if not due:
        return
    numbers = {film for film, _ in due}
    there = {
        (row.film, row.destination)
        for row in connection.execute(
            select(deliveries.c.film, deliveries.c.destination).where(
                deliveries.c.film.in_(numbers), deliveries.c.what == what
            )
        )
    }
    new = [
        {
            "film": film,
            "destination": name,
            "what": what,
            "state": state,
            "next_try": now,
            "changed": now,
        }
        for (film, name), state in due.items()
        if (film, name) not in there
    ]
    if new:
        connection.execute(insert(deliveries), new)


def _is_now(moment: Any, now: float) -> ColumnElement[bool]:
    """Return the condition that a moment has come; one that no pause reaches is of another clock.

    A machine's clock may be set back by years, and what waits must not wait for them.
    """
    came: ColumnElement[bool] = (moment <= now) | (moment > now + 2 * LONGEST_PAUSE_S)
    return came
