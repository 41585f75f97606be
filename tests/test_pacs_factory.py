"""The callers that other tests rely on are themselves to be relied on."""

from __future__ import annotations

import threading
import time
from typing import Any

from pynetdicom import evt

from pacs_factory import Archive, hospital_film, send


class Dawdles(threading.Event):
    """A checkpoint that an association leaves late: on a busy machine any thread may.

    It still counts as resting meanwhile, and then takes the answer that its caller waits for.
    """

    def wait(self, timeout: float | None = None) -> bool:
        is_set = super().wait(timeout)
        time.sleep(0.2)
        return is_set


def dawdle(event: evt.Event) -> None:
    """Let its reader be late, and its caller later still to look for the answer."""
    association: Any = event.assoc
    association._reactor_checkpoint = Dawdles()
    association._reactor_checkpoint.set()
    send_at_once = association.dimse.send_msg

    def send_and_doze(*message: Any) -> None:
        send_at_once(*message)
        time.sleep(0.5)

    association.dimse.send_msg = send_and_doze


def test_an_answer_is_its_callers_however_busy_the_machine_is() -> None:
    films = [hospital_film(seed) for seed in range(1, 4)]
    call: Any = {"called": "ARCHIVE", "evt_handlers": [(evt.EVT_CONN_OPEN, dawdle)]}
    with Archive().running() as archive:
        assert send(archive.port, *films, **call) == [0, 0, 0]
