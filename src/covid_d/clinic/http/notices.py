"""What a page says after a form succeeded: named in the address, so that it survives nothing."""

from __future__ import annotations

from typing import Final

from covid_d.language import N_, Text

NOTICES: Final[dict[str, Text]] = {
    "welcome": N_("Welcome. Create a health unit and the first doctor."),
    "signed_out": N_("You are signed out."),
    "saved": N_("Saved."),
    "bundle_installed": N_("The model was installed. It answers no film until you switch it on."),
    "bundle_switched": N_("This model answers films from now on."),
    "calibration_on": N_("Answers rest on this clinic's own table from now on."),
    "calibration_off": N_("Answers rest on the published studies again."),
    "calibration_checked": N_("The table was tried again."),
    "calibration_unchecked": N_("There are too few later cases to try the table again."),
    "import_ended": N_("The import was ended; what it brought in stays."),
    "imported": N_("Everything that was ready has come in."),
    "federation_kept": N_("The clinics' figures were checked and merged."),
    "arrival_set_aside": N_("The radiographs were set aside; they become no case."),
    "queue_retried": N_("What failed or waited is tried again now."),
    "reading_sent": N_("Your reading goes to the PACS as a verified report."),
    "case_saved": N_("The case was saved."),
    "reading_saved": N_("Your reading was saved."),
    "consensus_saved": N_("The disagreement is settled: your reading is the case's consensus."),
    "marks_saved": N_("The marks were changed."),
    "study_created": N_("The study was created; its readers find it under Reading studies."),
    "study_closed": N_("The study has ended; its results can be downloaded."),
    "rating_saved": N_("Your rating was saved."),
    "follow_up_saved": N_("The follow-up was saved; what was there before is kept."),
    "password_set": N_("Your password is set. Sign in with it."),
    "password_changed": N_("Your password was changed and other sessions were ended."),
    "second_factor_off": N_("The second factor is off: your password alone lets you in."),
    "recovery_used": N_("You came in by a recovery code; it works no more. See Your account."),
    "user_second_factor_off": N_("The account has no second factor any more."),
    "session_ended_there": N_("That session was ended."),
    "token_revoked": N_("The token was revoked: it no longer works."),
    "checking": N_("The check runs; load this page again in a while."),
    "user_on": N_("The account was switched on."),
    "user_off": N_("The account was switched off and its sessions were ended."),
    "user_unlocked": N_("The account may try to sign in again."),
}
