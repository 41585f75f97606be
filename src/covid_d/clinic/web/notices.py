"""What a page says after a form succeeded: named in the address, so that it survives nothing."""

from __future__ import annotations

from typing import Final

from covid_d.clinic.texts import N_, Text

NOTICES: Final[dict[str, Text]] = {
    "welcome": N_("Welcome. Create a health unit and the first doctor."),
    "signed_out": N_("You are signed out."),
    "session_ended": N_("Your session ended. Sign in again; what you typed was not lost."),
    "saved": N_("Saved."),
    "case_saved": N_("The case was saved."),
    "reading_saved": N_("Your reading was saved."),
    "follow_up_saved": N_("The follow-up was saved; what was there before is kept."),
    "password_changed": N_("Your password was changed and other sessions were ended."),
}
