"""How often one person's programs may ask; kept in memory, since one process answers."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from covid_d.clinic.errors import TooManyError
from covid_d.clinic.texts import N_


class Rate:
    """A moving window of one minute for each person.

    Parameters
    ----------
    per_minute
        Requests allowed in it.
    """

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, person_id: int) -> None:
        """Count one request.

        Raises
        ------
        TooManyError
            If the person's programs asked too often within the last minute.
        """
        key = str(person_id)
        if self._limiter.hit(self._item, key):
            return
        wait = self._limiter.get_window_stats(self._item, key).reset_time - time.time()
        raise TooManyError(
            N_("Too many requests in one minute."),
            N_("Wait for as many seconds as the header Retry-After says."),
            retry_after=max(1, math.ceil(wait)),
        )
