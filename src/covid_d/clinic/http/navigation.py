"""The menu: what a visitor may open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from covid_d.clinic.http.visitor import Visitor
from covid_d.clinic.roles import Permission
from covid_d.language import N_, Text


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One entry of the menu."""

    path: str
    text: Text
    permission: Permission


_MENU: Final = (
    MenuItem("/cases/new", N_("New case"), Permission.CREATE_CASE),
    MenuItem("/cases", N_("Cases"), Permission.READ_CASE),
    MenuItem("/dashboard", N_("Dashboard"), Permission.SEE_DASHBOARD),
    MenuItem("/collection", N_("Collection"), Permission.EXPORT_COLLECTION),
    MenuItem("/users", N_("Users"), Permission.MANAGE_USERS),
    MenuItem("/units", N_("Health units"), Permission.MANAGE_UNITS),
    MenuItem("/bundles", N_("Models"), Permission.MANAGE_BUNDLES),
    MenuItem("/audit-trail", N_("Audit trail"), Permission.READ_AUDIT_TRAIL),
)


def entries_for(visitor: Visitor | None) -> list[MenuItem]:
    """Return the menu of a visitor, empty for nobody."""
    return [] if visitor is None else [entry for entry in _MENU if visitor.may(entry.permission)]
