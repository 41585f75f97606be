"""What lies in the queue's tables, as the rest of the node handles it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from covid_d.language import LANGUAGES, Message, Sentence, said
from covid_d.pacs.tables import ANSWER, DeliveryState, FilmState


@dataclass(frozen=True, slots=True)
class QueuedFilm:
    """A film in the queue; fields as the columns of ``films``."""

    id: int
    fingerprint: str
    sop_instance: str
    study: str
    caller: str
    file: str
    received: float
    state: FilmState
    outcome: str | None
    reason: Message | None
    bundle: str | None
    assessment: str | None
    assessed: float | None
    copies: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something of a film on its way to one destination; fields as the columns."""

    id: int
    film: int
    destination: str
    state: DeliveryState
    attempts: int
    next_try: float
    changed: float
    transaction: str | None
    reason: Message | None
    what: str = ANSWER


@dataclass(frozen=True, slots=True)
class AnsweredFilm:
    """A film with its answer, to be entered.

    Parameters
    ----------
    film
        As it was taken from the queue.
    outcome, bundle, assessment
        As the columns.
    destinations
        Names of those that get it.
    held
        Whether it waits for :meth:`Queue.decide`.
    """

    film: QueuedFilm
    outcome: str
    bundle: str
    assessment: str
    destinations: Sequence[str]
    held: bool = False


def film_of(row: Any) -> QueuedFilm:
    """Return a row of the films."""
    return QueuedFilm(**{**row, "state": FilmState(row["state"]), "reason": told(row["reason"])})


def delivery_of(row: Any) -> Delivery:
    """Return a row of the deliveries."""
    return Delivery(**{**row, "state": DeliveryState(row["state"]), "reason": told(row["reason"])})


def kept(reason: Sentence) -> str:
    """Return a reason as it is stored: in both languages, for whoever reads the queue."""
    return json.dumps({language: said(reason, language) for language in LANGUAGES})


def told(stored: str | None) -> Message | None:
    """Return a stored reason."""
    return None if stored is None else Message(**json.loads(stored))
