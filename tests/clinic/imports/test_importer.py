"""Who may import, for which unit, and what is said where names do not lead to one."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from clinic_factory import add_unit, add_user
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.accounts import Unit, User
from covid_d.clinic.errors import ForbiddenError, InvalidInputError
from covid_d.clinic.imports.importer import importer, named_importer, province_of
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Permission, Role
from covid_d.errors import CovidDError

People = dict[Role, Person]


def _switch_off(installation: Installation, unit_id: int) -> None:
    with installation.writing() as session:
        session.execute(update(Unit).where(Unit.id == unit_id).values(active=False))


def test_who_imports_is_of_the_unit_that_the_import_is_for(
    installation: Installation, people: People
) -> None:
    unit = add_unit(installation, "Centro Dos", province="Loja")
    admin = people[Role.ADMINISTRATOR]
    found = importer(installation, admin, unit)
    assert (found.unit_id, found.unit_name) == (unit, "Centro Dos")
    assert (found.id, found.username, found.role) == (admin.id, admin.username, admin.role)
    assert admin.unit_name == "Hospital Uno", "the person is still of their own"
    assert province_of(installation, found) == "Loja"


def test_only_roles_that_may_import_do(installation: Installation, people: People) -> None:
    for role, person in people.items():
        assert person.unit_id is not None
        if Permission.IMPORT in role.permissions:
            assert importer(installation, person, person.unit_id).unit_id == person.unit_id
        else:
            with pytest.raises(ForbiddenError):
                importer(installation, person, person.unit_id)


def test_somebody_imports_and_somebody_does_not() -> None:
    allowed = {role for role in Role if Permission.IMPORT in role.permissions}
    assert Role.ADMINISTRATOR in allowed
    assert Role.RESEARCHER not in allowed


def test_a_unit_that_is_switched_off_or_none_is_not_imported_for(
    installation: Installation, people: People
) -> None:
    unit = add_unit(installation, "Centro Dos")
    _switch_off(installation, unit)
    for number in (unit, unit + 1, 0):
        with pytest.raises(InvalidInputError) as caught:
            importer(installation, people[Role.ADMINISTRATOR], number)
        assert caught.value.fields["unit_id"].in_language("en") == (
            "Choose a health unit that is switched on."
        )


def test_names_as_people_type_them(installation: Installation, people: People) -> None:
    admin = people[Role.ADMINISTRATOR]
    for name in ("Hospital Uno", "hospital uno", "  HOSPITAL \t UNO "):
        found = named_importer(installation, admin.username, name)
        assert (found.id, found.unit_name) == (admin.id, "Hospital Uno")


@pytest.mark.postgres
def test_an_unknown_unit_is_answered_with_those_there_are(
    installation: Installation, people: People
) -> None:
    add_unit(installation, "Centro Dos")
    with pytest.raises(CovidDError) as caught:
        named_importer(installation, people[Role.ADMINISTRATOR].username, "Hospital")
    wrong, remedy = (sentence.in_language("en") for sentence in caught.value.sentences)  # type: ignore[union-attr]
    assert wrong == "There is no health unit 'Hospital'."
    assert remedy == "There are: Centro Dos, Hospital Uno."


def test_an_unknown_or_switched_off_person_imports_nothing(
    installation: Installation, people: People
) -> None:
    gone = add_user(installation, "gone", Role.ADMINISTRATOR, unit="Hospital Uno")
    assert named_importer(installation, "gone", "Hospital Uno").id == gone.id
    with installation.writing() as session:
        session.execute(update(User).where(User.id == gone.id).values(active=False))
    for name in ("gone", "nobody", ""):
        with pytest.raises(CovidDError, match="Nobody with an active account"):
            named_importer(installation, name, "Hospital Uno")


def test_who_may_not_import_is_refused_by_name_too(
    installation: Installation, people: People
) -> None:
    with pytest.raises(ForbiddenError):
        named_importer(installation, people[Role.RESEARCHER].username, "Hospital Uno")


def test_a_unit_that_is_off_is_named_but_not_imported_for(
    installation: Installation, people: People
) -> None:
    _switch_off(installation, add_unit(installation, "Centro Dos"))
    with pytest.raises(InvalidInputError):
        named_importer(installation, people[Role.ADMINISTRATOR].username, "centro dos")
