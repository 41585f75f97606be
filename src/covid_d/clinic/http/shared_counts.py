"""Counts of requests in PostgreSQL, so that several servers of one clinic count as one.

A store for the ``limits`` library. A time is cut into slices: what a slice counted is forgotten as
a whole, at the latest a twelfth of the time after it might be, never before.
"""

from __future__ import annotations

import time
from typing import Final

from limits.storage import MovingWindowSupport, Storage
from sqlalchemy import Engine, bindparam, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import Float, Integer, String

_LOCKS: Final = 0xC071D
"""PostgreSQL advisory locks of two numbers: this one, and one that is made of a name."""
_SLICES: Final = 12
_SWEEP_SECONDS: Final = 300.0
_CLOCK: Final = "SELECT extract(epoch FROM clock_timestamp())::double precision AS t"
_ACQUIRE: Final = text(
    f"""
    INSERT INTO rate_count AS kept (name, slice, hits, until)
    SELECT :name, floor(t / :width)::bigint, :amount, t + :expiry + :width FROM ({_CLOCK}) AS clock
    WHERE :amount + (
        SELECT coalesce(sum(hits), 0) FROM rate_count
        WHERE name = :name AND slice >= floor(t / :width)::bigint - {_SLICES}
    ) <= :limit
    ON CONFLICT (name, slice) DO UPDATE SET hits = kept.hits + excluded.hits
    RETURNING hits
    """  # noqa: S608 - numbers of ours
).bindparams(
    bindparam("name", type_=String),
    bindparam("amount", type_=Integer),
    bindparam("limit", type_=Integer),
    bindparam("expiry", type_=Float),
    bindparam("width", type_=Float),
)
_WINDOW: Final = text(
    f"""
    SELECT min(slice) AS oldest, coalesce(sum(hits), 0) AS hits, max(t) AS moment
    FROM ({_CLOCK}) AS clock LEFT JOIN rate_count
        ON name = :name AND slice >= floor(t / :width)::bigint - {_SLICES}
    """  # noqa: S608 - numbers of ours
).bindparams(bindparam("name", type_=String), bindparam("width", type_=Float))
_SWEEP: Final = text(
    "DELETE FROM rate_count WHERE until < extract(epoch FROM clock_timestamp())::double precision"
)


class SharedCounts(Storage, MovingWindowSupport):
    """Counts of requests that every server of a clinic adds to.

    What the database cannot do now is a ``limits.errors.StorageError``.

    Parameters
    ----------
    engine
        Of a PostgreSQL database with this version's tables. Its clock is everybody's.
    """

    STORAGE_SCHEME = None

    def __init__(self, engine: Engine) -> None:
        super().__init__(wrap_exceptions=True)
        self._engine = engine
        self._swept = time.monotonic()

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What a database raises that is away."""
        return SQLAlchemyError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count, unless it would be more than the limit; one at a time under one name."""
        with self._engine.begin() as connection:
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:locks, hashtext(:name))"),
                {"locks": _LOCKS, "name": key},
            )
            taken = connection.execute(
                _ACQUIRE,
                {
                    "name": key,
                    "amount": amount,
                    "limit": limit,
                    "expiry": float(expiry),
                    "width": expiry / _SLICES,
                },
            ).first()
        if time.monotonic() - self._swept > _SWEEP_SECONDS:
            self.sweep()
        return taken is not None

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return since when is counted, and how much; the first so that all is over in time."""
        width = expiry / _SLICES
        with self._engine.connect() as connection:
            row = connection.execute(_WINDOW, {"name": key, "width": width}).one()
        # A slice is forgotten when the last moment of it is as old as the limit's time.
        started = row.moment if row.oldest is None else (row.oldest + 1) * width
        return float(started), int(row.hits)

    def sweep(self) -> None:
        """Remove what nobody needs any more."""
        self._swept = time.monotonic()
        with self._engine.begin() as connection:
            connection.execute(_SWEEP)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count without a limit: no rule of ours does."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """Return a count of fixed windows: no rule of ours has them."""
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        """Return the end of a fixed window: no rule of ours has them."""
        raise NotImplementedError

    def check(self) -> bool:
        """Return whether the database answers."""
        try:
            with self._engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True

    def reset(self) -> int | None:
        """Forget every count, and return how many there were."""
        with self._engine.begin() as connection:
            return connection.execute(text("DELETE FROM rate_count")).rowcount

    def clear(self, key: str) -> None:
        """Forget what was counted under one name."""
        with self._engine.begin() as connection:
            connection.execute(text("DELETE FROM rate_count WHERE name = :name"), {"name": key})


def counts_of(engine: Engine) -> SharedCounts | None:
    """Return where a clinic's requests are counted; ``None`` where one process may do it alone."""
    return SharedCounts(engine) if engine.dialect.name == "postgresql" else None
