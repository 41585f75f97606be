"""What the audit trail's actions mean, in words; the trail itself keeps their codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from covid_d.language import N_, Language, Text

ACTIONS: Final[Mapping[str, Text]] = {
    "arrival.ask": N_("Asked whose radiograph from the PACS it is"),
    "arrival.enter": N_("Radiograph from the PACS entered in a case"),
    "arrival.list": N_("Radiographs from the PACS seen as a list"),
    "arrival.receive": N_("Radiograph came from the PACS"),
    "arrival.set_aside": N_("Radiograph from the PACS set aside"),
    "arrival.view": N_("Radiograph from the PACS seen"),
    "audit_trail.download": N_("Audit trail downloaded"),
    "backup.create": N_("Backup made"),
    "bundle.install": N_("Model installed"),
    "bundle.switch": N_("Model switched on"),
    "calibration.check": N_("Own calibration tried again"),
    "calibration.off": N_("Own calibration taken back"),
    "calibration.on": N_("Own calibration switched on"),
    "case.create": N_("Case entered"),
    "case.erase": N_("Patient erased"),
    "case.list": N_("List of cases seen"),
    "case.mark": N_("Case marked"),
    "case.report": N_("Report made"),
    "case.unmark": N_("Mark taken off a case"),
    "case.view": N_("Case seen"),
    "dashboard.download": N_("Table of the dashboard downloaded"),
    "export.download": N_("Collection exported"),
    "export.recall": N_("Export marked: consent withdrawn"),
    "export.recall_lifted": N_("Export's mark taken back: consent given again"),
    "export.recall_list": N_("List of what must be destroyed taken"),
    "federation.download": N_("Table of the country downloaded"),
    "federation.export": N_("Figures made for the ministry"),
    "federation.keep": N_("Figures of clinics brought in"),
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
    "import.begin": N_("Import begun"),
    "import.cases": N_("Cases imported from a table"),
    "import.end": N_("Import ended"),
    "import.laboratory": N_("Laboratory results imported from a table"),
    "import.table": N_("Table of an import replaced"),
    "notification.download": N_("Epidemiological notification made"),
    "key.rotate": N_("Secret key changed"),
    "password.change": N_("Own password changed"),
    "password.set": N_("Password set by a link"),
    "reading.queued": N_("Reading handed to the PACS node"),
    "reading.send": N_("Reading sent to the PACS"),
    "reading.create": N_("Reading recorded"),
    "queue.retry": N_("PACS queue tried again"),
    "reading.download": N_("Table of readings downloaded"),
    "second_factor.codes": N_("New recovery codes made"),
    "second_factor.off": N_("Own second factor switched off"),
    "second_factor.on": N_("Own second factor switched on"),
    "session.end": N_("Session ended from elsewhere"),
    "sign_in": N_("Signed in"),
    "sign_in.failed": N_("Sign-in failed"),
    "sign_in.password": N_("Password given, code asked for"),
    "sign_in.resting": N_("Sign-in tried while it rested"),
    "study.close": N_("Study ended"),
    "study.create": N_("Study created"),
    "study.download": N_("Results of a study downloaded"),
    "study.rate": N_("Film of a study rated"),
    "study.view": N_("Film of a study seen"),
    "token.create": N_("API token created"),
    "token.revoke": N_("API token revoked"),
    "unit.create": N_("Health unit created"),
    "unit.edit": N_("Health unit changed"),
    "user.create": N_("Account created"),
    "user.edit": N_("Account changed"),
    "user.off": N_("Account switched off"),
    "user.on": N_("Account switched on"),
    "user.reset_password": N_("Link to set a password made"),
    "user.reset_second_factor": N_("Second factor taken off an account"),
    "user.unlock": N_("Account unlocked"),
    "view.remove": N_("View of the dashboard removed"),
    "view.save": N_("View of the dashboard saved"),
}


def in_words(action: str, language: Language) -> str:
    """Return an action in words; its code where another version recorded it."""
    known = ACTIONS.get(action)
    return known.in_language(language) if known else action


def offered(actions: Iterable[str], language: Language) -> list[tuple[str, str]]:
    """Return codes and words to choose from, in the order of the words."""
    named = ((action, in_words(action, language)) for action in actions)
    return sorted(named, key=lambda pair: pair[1].lower())
