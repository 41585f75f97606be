"""The menu: what a visitor may open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from covid_d.clinic.http.visitor import Visitor
from covid_d.clinic.roles import Permission
from covid_d.language import N_, Text


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the menu."""

    path: str
    text: Text
    permission: Permission


_MENU: Final = (
    Entry("/cases/new", N_("New case"), Permission.CREATE_CASE),
    Entry("/cases", N_("Cases"), Permission.READ_CASE),
    Entry("/dashboard", N_("Dashboard"), Permission.SEE_DASHBOARD),
    Entry("/collection", N_("Collection"), Permission.EXPORT_COLLECTION),
    Entry("/users", N_("Users"), Permission.MANAGE_USERS),
    Entry("/units", N_("Health units"), Permission.MANAGE_UNITS),
    Entry("/bundles", N_("Models"), Permission.MANAGE_BUNDLES),
    Entry("/audit-trail", N_("Audit trail"), Permission.READ_AUDIT_TRAIL),
)


def entries_for(visitor: Visitor | None) -> list[Entry]:
    """Return the menu of a visitor, empty for nobody."""
    return [] if visitor is None else [entry for entry in _MENU if visitor.may(entry.permission)]
