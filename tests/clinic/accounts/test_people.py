"""The one rule of who may do what, for pages and programs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from covid_d.clinic.accounts.people import PasswordChangeError, Person, check_allowed
from covid_d.clinic.errors import ForbiddenError
from covid_d.clinic.roles import Permission, Role

# As the guide promises it: columns doctor, radiologist, researcher, administrator.
TABLE = """
use_own_account   yes yes yes yes
create_case       yes yes no  no
read_case         yes yes no  no
add_follow_up     yes yes no  no
read_as_second    no  yes no  no
see_dashboard     yes yes yes yes
export_collection no  no  yes no
use_api           yes yes yes no
manage_users      no  no  no  yes
manage_units      no  no  no  yes
manage_bundles    no  no  no  yes
import            no  no  no  yes
see_studies       yes yes yes no
create_study      no  no  yes no
look_after        no  no  no  yes
read_audit_trail  no  no  no  yes
look_after        no  no  no  yes
"""
ROWS = {line.split()[0]: line.split()[1:] for line in TABLE.strip().splitlines()}
PROMISED = [
    (Role(role), Permission(name), cell == "yes")
    for name, cells in ROWS.items()
    for role, cell in zip(
        ("doctor", "radiologist", "researcher", "administrator"), cells, strict=True
    )
]


def _person(role: Role, **more: object) -> Person:
    return replace(Person(1, "ana", "Ana Vera", role), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("role", "permission", "granted"), PROMISED)
def test_who_may_do_what(role: Role, permission: Permission, granted: bool) -> None:
    if granted:
        check_allowed(_person(role), permission)
        return
    with pytest.raises(ForbiddenError) as caught:
        check_allowed(_person(role), permission)
    assert (caught.value.status, caught.value.code) == (403, "forbidden")
    assert not isinstance(caught.value, PasswordChangeError)


def test_the_table_is_whole() -> None:
    assert {(role, permission) for role, permission, _ in PROMISED} == {
        (role, permission) for role in Role for permission in Permission
    }


@pytest.mark.parametrize(("role", "permission", "granted"), PROMISED)
def test_before_ones_own_password_there_is_the_account_page_alone(
    role: Role, permission: Permission, granted: bool
) -> None:
    new = _person(role, must_change_password=True)
    if permission is Permission.USE_OWN_ACCOUNT:
        check_allowed(new, permission)
        return
    with pytest.raises(ForbiddenError) as caught:
        check_allowed(new, permission)
    # What the role never may is not explained by the password.
    assert isinstance(caught.value, PasswordChangeError) is granted
    assert caught.value.code == ("must_change_password" if granted else "forbidden")


def test_nobody_sees_patients_and_runs_the_installation() -> None:
    runs = {Permission.MANAGE_USERS, Permission.READ_AUDIT_TRAIL}
    for role in Role:
        assert not (Permission.READ_CASE in role.permissions and runs & role.permissions)
        assert not (Permission.READ_CASE in role.permissions) & (
            Permission.EXPORT_COLLECTION in role.permissions
        )


@pytest.mark.parametrize(
    ("role", "es", "en"),
    [
        (Role.DOCTOR, "Médico", "Doctor"),
        (Role.RADIOLOGIST, "Radiólogo", "Radiologist"),
        (Role.RESEARCHER, "Investigador", "Researcher"),
        (Role.ADMINISTRATOR, "Administrador", "Administrator"),
    ],
)
def test_roles_have_names_in_both_languages(role: Role, es: str, en: str) -> None:
    assert (role.text.in_language("es"), role.text.in_language("en")) == (es, en)
