"""Every reading of a unit as a table: one row a reading, without free text and without identity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.access import of_unit
from covid_d.clinic.cases.film_terms import EXTENT_ZONES, SIGNS
from covid_d.clinic.cases.readings import answer_visible_to
from covid_d.clinic.cases.structured import Structured
from covid_d.clinic.clock import Clock
from covid_d.clinic.database.accounts import User
from covid_d.clinic.database.cases import Case, Reading
from covid_d.clinic.statistics.table import Cell, Column, FigureTable
from covid_d.language import N_

_ZONES: Final = tuple(
    Column(f"brixia_{side}_{height}", N_("Brixia by zone"), "count")
    for side, height in EXTENT_ZONES
)
_COLUMNS: Final = (
    Column("case", N_("Case"), "count"),
    Column("entered_on", N_("Entered"), "day"),
    Column("reading", N_("Reading"), "count"),
    Column("reader", N_("Reader")),
    Column("read_at", N_("Read at")),
    Column("kind", N_("Kind of reading")),
    Column("finding", N_("Finding")),
    Column("appearance", N_("Category")),
    Column("brixia", N_("Extent (Brixia score)"), "count"),
    *_ZONES,
    *(Column(f"sign_{code}", term.text) for code, term in SIGNS.items()),
)


def readings_table(session: Session, person: Person, clock: Clock) -> FigureTable:
    """Return the readings of a person's unit that they may know, oldest first.

    Of cases that they have yet to read blind there is none, nor one that was changed in the
    database. Codes stay codes, so that a file means
    the same in every language: of a sign its side and thirds (``right upper lower``), ``yes``
    where it has no side, empty where it was not named.

    Parameters
    ----------
    session
        Reading.
    person
        Who asks.
    clock
        Tells the day of a case and the local time of a reading.
    """
    rows = session.execute(
        select(Reading, Case.created_at, User.full_name)
        .join(Case, Case.id == Reading.case_id)
        .join(User, User.id == Reading.user_id)
        .where(of_unit(person), answer_visible_to(person), Case.sample.is_(False))
        .order_by(Reading.id)
    )
    return FigureTable(
        "readings",
        N_("Readings"),
        _COLUMNS,
        [
            (
                reading.case_id,
                clock.day_of(entered),
                reading.id,
                reader,
                clock.local(reading.created_at).isoformat(timespec="seconds"),
                reading.kind,
                reading.finding,
                *_seen(Structured.of(reading)),
            )
            for reading, entered, reader in rows
            if not reading.altered
        ],
    )


def _seen(seen: Structured) -> Iterator[Cell]:
    yield seen.appearance.value if seen.appearance else None
    yield seen.brixia
    yield from seen.extent or (None,) * len(EXTENT_ZONES)
    named = {sign.code: sign for sign in seen.signs}
    for code in SIGNS:
        sign = named.get(code)
        if sign is None:
            yield None
        else:
            places = [sign.side, *sign.heights] if sign.side else []
            yield " ".join(place.value for place in places) or "yes"
