"""Views of the dashboard that people saved for themselves: a name, and an address's query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select

from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.figures import SavedView
from covid_d.clinic.errors import ConflictError, InvalidInputError, NotFoundError
from covid_d.clinic.installation import Installation
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.language import N_

MOST: Final = 20
LONGEST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class DashboardView:
    """A saved view: its number, its name and the query of its address."""

    id: int
    name: str
    query: str


def views_of(installation: Installation, person: Person) -> list[DashboardView]:
    """Return a person's views, by name."""
    with installation.reading() as session:
        rows = session.scalars(
            select(SavedView).where(SavedView.user_id == person.id).order_by(SavedView.name)
        )
        return [DashboardView(row.id, row.name, row.query) for row in rows]


def save_view(
    installation: Installation, person: Person, actor: Actor, name: str, query: str
) -> None:
    """Save a view; one of the same name is replaced.

    Raises
    ------
    InvalidInputError
        Under ``name``, if it has none.
    ConflictError
        If the person has as many as anybody may.
    """
    if not name:
        raise InvalidInputError({"name": N_("Give the view a name.")})
    with installation.act(actor) as act:
        own = SavedView.user_id == person.id
        row = act.session.scalar(select(SavedView).where(own, SavedView.name == name))
        if row is not None:
            row.query = query
        elif (act.session.scalar(select(func.count()).where(own)) or 0) >= MOST:
            raise ConflictError(
                N_("You have %(n)d saved views, as many as anybody may.", n=MOST),
                N_("Remove one of them first."),
                code="too_many_views",
            )
        else:
            act.session.add(
                SavedView(user_id=person.id, name=name, query=query, created_at=act.now)
            )
        act.record("view.save", "dashboard")


def remove_view(installation: Installation, person: Person, actor: Actor, number: int) -> None:
    """Remove a person's own view.

    Raises
    ------
    NotFoundError
        If they have no such view.
    """
    with installation.act(actor) as act:
        row = act.session.get(SavedView, number)
        if row is None or row.user_id != person.id:
            raise NotFoundError
        act.session.delete(row)
        act.record("view.remove", "dashboard")
