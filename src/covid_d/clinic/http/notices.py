"""What a page says after a form succeeded: named in the address, so that it survives nothing."""

from __future__ import annotations

from typing import Final

from covid_d.language import N_, Text

NOTICES: Final[dict[str, Text]] = {
    "welcome": N_("Welcome. Create a health unit and the first doctor."),
    "signed_out": N_("You are signed out."),
    "session_ended": N_("Your session ended. Sign in again; what you typed was not lost."),
    "saved": N_("Saved."),
    "bundle_installed": N_("The model was installed. It answers no film until you switch it on."),
    "bundle_switched": N_("This model answers films from now on."),
    "case_saved": N_("The case was saved."),
    "reading_saved": N_("Your reading was saved."),
    "follow_up_saved": N_("The follow-up was saved; what was there before is kept."),
    "password_set": N_("Your password is set. Sign in with it."),
    "password_changed": N_("Your password was changed and other sessions were ended."),
    "session_ended_there": N_("That session was ended."),
    "token_revoked": N_("The token was revoked: it no longer works."),
    "user_on": N_("The account was switched on."),
    "user_off": N_("The account was switched off and its sessions were ended."),
    "user_unlocked": N_("The account may try to sign in again."),
}
