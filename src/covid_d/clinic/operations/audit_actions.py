"""What the audit trail's actions mean, in words; the trail itself keeps their codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from covid_d.language import N_, Language, Text

ACTIONS: Final[Mapping[str, Text]] = {
    "audit_trail.download": N_("Audit trail downloaded"),
    "backup.create": N_("Backup made"),
    "bundle.install": N_("Model installed"),
    "bundle.switch": N_("Model switched on"),
    "case.create": N_("Case entered"),
    "case.list": N_("List of cases seen"),
    "case.report": N_("Report made"),
    "case.view": N_("Case seen"),
    "dashboard.download": N_("Table of the dashboard downloaded"),
    "export.download": N_("Collection exported"),
    "film.assess": N_("Radiograph answered without a case"),
    "film.review": N_("Radiograph reviewed for the collection"),
    "film.stage": N_("Radiograph sent ahead of its case"),
    "film.strip": N_("Radiograph stripped of its patient"),
    "film.sweep": N_("Radiographs without a case removed"),
    "film.view": N_("Radiograph seen"),
    "first_start.administrator": N_("First administrator created"),
    "first_start.link": N_("Link for the first administrator made"),
    "follow_up.add": N_("Follow-up entered"),
    "follow_up.correct": N_("Follow-up corrected"),
    "password.change": N_("Own password changed"),
    "password.set": N_("Password set by a link"),
    "reading.create": N_("Reading recorded"),
    "session.end": N_("Session ended from elsewhere"),
    "sign_in": N_("Signed in"),
    "sign_in.failed": N_("Sign-in failed"),
    "sign_in.resting": N_("Sign-in tried while it rested"),
    "token.create": N_("API token created"),
    "token.revoke": N_("API token revoked"),
    "unit.create": N_("Health unit created"),
    "unit.edit": N_("Health unit changed"),
    "user.create": N_("Account created"),
    "user.edit": N_("Account changed"),
    "user.off": N_("Account switched off"),
    "user.on": N_("Account switched on"),
    "user.reset_password": N_("Link to set a password made"),
    "user.unlock": N_("Account unlocked"),
}


def in_words(action: str, language: Language) -> str:
    """Return an action in words; its code where another version recorded it."""
    known = ACTIONS.get(action)
    return known.in_language(language) if known else action


def offered(actions: Iterable[str], language: Language) -> list[tuple[str, str]]:
    """Return codes and words to choose from, in the order of the words."""
    named = ((action, in_words(action, language)) for action in actions)
    return sorted(named, key=lambda pair: pair[1].lower())
