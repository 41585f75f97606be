"""Who may do what: roles are sets of permissions, and what is not granted is denied."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from covid_d.language import N_, Text


class Permission(StrEnum):
    """One thing that a person may do."""

    USE_OWN_ACCOUNT = "use_own_account"
    CREATE_CASE = "create_case"
    READ_CASE = "read_case"
    """See the cases of one's unit, identities included."""
    ADD_FOLLOW_UP = "add_follow_up"
    READ_AS_SECOND = "read_as_second"
    """Record a second reader's reading."""
    SEE_DASHBOARD = "see_dashboard"
    EXPORT_COLLECTION = "export_collection"
    USE_API = "use_api"
    MANAGE_USERS = "manage_users"
    MANAGE_UNITS = "manage_units"
    MANAGE_BUNDLES = "manage_bundles"
    IMPORT = "import"
    """Enter cases and laboratory results of any unit from tables."""
    READ_AUDIT_TRAIL = "read_audit_trail"
    SEE_STUDIES = "see_studies"
    """See the reading studies of one's unit: to read in them, or as who creates them."""
    CREATE_STUDY = "create_study"
    """Set up a reading study, end it, get its results. Who may do that reads in none."""
    LOOK_AFTER = "look_after"
    """See what is wrong with the installation, and erase a patient."""


class Role(StrEnum):
    """What a person is in the clinic."""

    DOCTOR = "doctor"
    RADIOLOGIST = "radiologist"
    RESEARCHER = "researcher"
    ADMINISTRATOR = "administrator"

    @property
    def text(self) -> Text:
        """The role's name."""
        return _NAMES[self]

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the role may do."""
        return _GRANTS[self]


_NAMES: Final = {
    Role.DOCTOR: N_("Doctor"),
    Role.RADIOLOGIST: N_("Radiologist"),
    Role.RESEARCHER: N_("Researcher"),
    Role.ADMINISTRATOR: N_("Administrator"),
}
_CLINICAL: Final = frozenset(
    {
        Permission.USE_OWN_ACCOUNT,
        Permission.CREATE_CASE,
        Permission.READ_CASE,
        Permission.ADD_FOLLOW_UP,
        Permission.SEE_DASHBOARD,
        Permission.USE_API,
        Permission.SEE_STUDIES,
    }
)
# Administrators run the installation and see no patient but those of a table that they import;
# researchers see no identity.
_GRANTS: Final = {
    Role.DOCTOR: _CLINICAL,
    Role.RADIOLOGIST: _CLINICAL | {Permission.READ_AS_SECOND},
    Role.RESEARCHER: frozenset(
        {
            Permission.USE_OWN_ACCOUNT,
            Permission.SEE_DASHBOARD,
            Permission.EXPORT_COLLECTION,
            Permission.SEE_STUDIES,
            Permission.CREATE_STUDY,
            Permission.USE_API,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            Permission.USE_OWN_ACCOUNT,
            Permission.SEE_DASHBOARD,
            Permission.MANAGE_USERS,
            Permission.MANAGE_UNITS,
            Permission.MANAGE_BUNDLES,
            Permission.IMPORT,
            Permission.READ_AUDIT_TRAIL,
            Permission.LOOK_AFTER,
        }
    ),
}
