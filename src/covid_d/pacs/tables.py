"""The queue's tables: films that came, answers to be delivered, and what was let go."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

VERSION: Final = 1
"""Of the tables; a queue of a later one is not opened."""


class Triage(StrEnum):
    """What is done with an object that arrives."""

    FILM = "film"
    OURS = "ours"
    OTHER_CLASS = "other-class"
    OTHER_MODALITY = "other-modality"
    OTHER_BODY_PART = "other-body-part"
    FOR_PROCESSING = "for-processing"


class FilmState(StrEnum):
    """How far a film has come."""

    RECEIVED = "received"
    ASSESSED = "assessed"
    FAILED = "failed"
    """It cannot be answered to a PACS at all, as one without UIDs."""


class DeliveryState(StrEnum):
    """How far something of a film has come on its way to one destination."""

    HELD = "held"
    """Whoever reads the film must say first what they see."""
    WITHHELD = "withheld"
    """It never goes: the film was set aside in the clinic."""
    WAITING = "waiting"
    SENT = "sent"
    COMMITTED = "committed"
    FAILED = "failed"


ANSWER: Final = "answer"
"""The model's answer to a film; anything else that goes out about it has a name of its own."""

METADATA: Final = MetaData()

node = Table(
    "node",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)

films = Table(
    "films",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", String(64), nullable=False, unique=True),
    Column("sop_instance", String(64), nullable=False, index=True),
    Column("study", String(64), nullable=False),
    Column("caller", String(16), nullable=False),
    Column("file", String(80), nullable=False),
    Column("received", Float, nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("outcome", String(16)),
    Column("reason", Text),
    Column("bundle", String(64)),
    Column("assessment", Text),
    Column("assessed", Float),
    Column("copies", Integer, nullable=False, server_default="1"),
)

deliveries = Table(
    "deliveries",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("film", ForeignKey("films.id"), nullable=False, index=True),
    Column("destination", String(300), nullable=False),
    Column("what", String(40), nullable=False, server_default=ANSWER),
    Column("state", String(12), nullable=False, index=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try", Float, nullable=False),
    Column("changed", Float, nullable=False),
    Column("transaction", String(64)),
    Column("reason", Text),
    UniqueConstraint("film", "destination", "what"),
    Index("ix_due", "state", "destination", "next_try"),
)

lost = Table(
    "lost",
    METADATA,
    Column("delivery", ForeignKey("deliveries.id"), primary_key=True),
    Column("count", Integer, nullable=False),
)
"""How often a destination took something and then did not confirm that it keeps it."""

let_go = Table(
    "let_go",
    METADATA,
    Column("triage", String(20), primary_key=True),
    Column("sop_class", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last", Float, nullable=False),
)
