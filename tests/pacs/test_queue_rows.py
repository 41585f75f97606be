"""Rows of the queue's tables, and the reasons that stand in them."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from covid_d.language import N_, Message
from covid_d.pacs.queue_rows import (
    AnsweredFilm,
    Delivery,
    QueuedFilm,
    delivery_of,
    film_of,
    kept,
    told,
)
from covid_d.pacs.tables import ANSWER, DeliveryState, FilmState, deliveries, films

FILM: dict[str, Any] = {
    "id": 4,
    "fingerprint": "f" * 64,
    "sop_instance": "1.2.3",
    "study": "1.2",
    "caller": "CT1",
    "file": "films/ff/f.dcm",
    "received": 12.5,
    "state": "received",
    "outcome": None,
    "reason": None,
    "bundle": None,
    "assessment": None,
    "assessed": None,
    "copies": 2,
}
DELIVERY: dict[str, Any] = {
    "id": 9,
    "film": 4,
    "destination": "dicom:PACS@10.0.0.5:104",
    "what": "answer",
    "state": "waiting",
    "attempts": 3,
    "next_try": 20.0,
    "changed": 15.0,
    "transaction": None,
    "reason": '{"es": "Lleno", "en": "Full"}',
}


def test_a_film_is_its_row() -> None:
    film = film_of(FILM)
    assert film.state is FilmState.RECEIVED
    assert (film.id, film.caller, film.copies, film.reason) == (4, "CT1", 2, None)


def test_a_delivery_is_its_row() -> None:
    delivery = delivery_of(DELIVERY)
    assert delivery.state is DeliveryState.WAITING
    assert delivery.reason == Message("Lleno", "Full")
    assert (delivery.film, delivery.attempts, delivery.what) == (4, 3, ANSWER)


@pytest.mark.parametrize(("row", "table"), [(QueuedFilm, films), (Delivery, deliveries)])
def test_fields_are_the_columns(row: type, table: Any) -> None:
    assert {each.name for each in fields(row)} == {column.name for column in table.columns}


@pytest.mark.parametrize(
    ("make", "row"), [(film_of, FILM), (delivery_of, DELIVERY)], ids=["film", "delivery"]
)
def test_a_state_that_nobody_knows_is_an_error(make: Any, row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="elsewhere"):
        make({**row, "state": "elsewhere"})


def test_a_reason_is_kept_in_both_languages() -> None:
    reason = N_("Its file is gone: %(reason)s.", reason="No such file")
    stored = json.loads(kept(reason))
    assert sorted(stored) == ["en", "es"]
    assert stored["en"] == "Its file is gone: No such file."
    assert stored["es"] != stored["en"]
    read = told(kept(reason))
    assert read is not None
    assert (read.en, read.es) == (stored["en"], stored["es"])


def test_no_reason_is_none() -> None:
    assert told(None) is None


def test_an_answer_goes_at_once_unless_it_is_held() -> None:
    answer = AnsweredFilm(film_of(FILM), "positive", "b" * 64, "{}", ["dicom:A"])
    assert answer.held is False
    with pytest.raises(FrozenInstanceError):
        answer.held = True  # type: ignore[misc]
