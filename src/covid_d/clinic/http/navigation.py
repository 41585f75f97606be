"""The menu: what a visitor may open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from covid_d.clinic.http.visitor import Visitor
from covid_d.clinic.roles import Permission
from covid_d.language import N_, Text


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One entry of the menu.

    Parameters
    ----------
    path, text, permission
        Where it leads, its name, and who has it.
    seldom
        Whether it stands under "More" in a menu that is too long for one line.
    network
        Whether it is about a PACS that sends films.
    """

    path: str
    text: Text
    permission: Permission
    seldom: bool = False
    network: bool = False


@dataclass(frozen=True, slots=True)
class Menu:
    """A visitor's menu: what stands open, and what stands under "More"."""

    daily: list[MenuItem]
    seldom: list[MenuItem]

    def __bool__(self) -> bool:
        return bool(self.daily)


_SHORT: Final = 5
_MENU: Final = (
    MenuItem("/cases/new", N_("New case"), Permission.CREATE_CASE),
    MenuItem("/arrivals", N_("From the PACS"), Permission.CREATE_CASE, network=True),
    MenuItem("/cases", N_("Cases"), Permission.READ_CASE),
    MenuItem("/reading-list", N_("Reading list"), Permission.READ_CASE),
    MenuItem("/studies", N_("Reading studies"), Permission.SEE_STUDIES, seldom=True),
    MenuItem("/dashboard", N_("Dashboard"), Permission.SEE_DASHBOARD),
    MenuItem("/federation", N_("Country"), Permission.SEE_DASHBOARD, seldom=True),
    MenuItem("/collection", N_("Collection"), Permission.EXPORT_COLLECTION),
    MenuItem("/notification", N_("Notification"), Permission.READ_CASE, seldom=True),
    MenuItem("/offline", N_("Without network"), Permission.CREATE_CASE, seldom=True),
    MenuItem("/imports", N_("Import"), Permission.IMPORT),
    MenuItem("/users", N_("Users"), Permission.MANAGE_USERS),
    MenuItem("/units", N_("Health units"), Permission.MANAGE_UNITS),
    MenuItem("/bundles", N_("Models"), Permission.MANAGE_BUNDLES),
    MenuItem("/audit-trail", N_("Audit trail"), Permission.READ_AUDIT_TRAIL, seldom=True),
    MenuItem("/pacs-queue", N_("PACS queue"), Permission.LOOK_AFTER, seldom=True, network=True),
    MenuItem("/upkeep", N_("Upkeep"), Permission.LOOK_AFTER, seldom=True),
)


def entries_for(visitor: Visitor | None, *, network: bool = False) -> list[MenuItem]:
    """Return what a visitor may open, in order; nothing for nobody.

    Parameters
    ----------
    visitor
        Whose.
    network
        Whether a PACS sends films to this clinic.
    """
    if visitor is None:
        return []
    return [
        entry for entry in _MENU if visitor.may(entry.permission) and (network or not entry.network)
    ]


def menu_of(visitor: Visitor | None, *, network: bool = False) -> Menu:
    """Return the menu as it is shown: on one line at a desk, in either language.

    Parameters
    ----------
    visitor, network
        As of :func:`entries_for`.
    """
    entries = entries_for(visitor, network=network)
    if len(entries) <= _SHORT:
        return Menu(entries, [])
    daily = [entry for entry in entries if not entry.seldom]
    return Menu(daily, [entry for entry in entries if entry.seldom])
