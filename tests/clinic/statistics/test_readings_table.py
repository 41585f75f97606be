"""All readings as a table: one row each, in codes, without what one may not know yet."""

from __future__ import annotations

import csv
import io

import pytest

from clinic_clock import today
from clinic_factory import add_case, add_unit, add_user, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import readings
from covid_d.clinic.cases.film_terms import BodySide, Height
from covid_d.clinic.cases.load_case import whole_case
from covid_d.clinic.cases.structured import SeenSign, Structured
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.statistics.readings_table import readings_table
from covid_d.clinic.statistics.table import to_csv
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import Appearance
from covid_d.language import Language

SEEN = Structured(
    Appearance.ATYPICAL,
    (
        SeenSign("consolidation", BodySide.RIGHT, (Height.MIDDLE, Height.LOWER)),
        SeenSign("effusion", BodySide.BOTH),
        SeenSign("device"),
    ),
    (0, 1, 2, 0, 0, 3),
)


def _read(
    place: Installation, person: Person, case_id: int, finding: str, seen: Structured | None = None
) -> None:
    with place.act(Actor(person.id)) as act:
        case = whole_case(act.session, person, case_id)
        readings.record_reading(
            act, case, person, finding=finding, notes="a nombre de Juan Pérez", seen=seen
        )


def _rows(place: Installation, person: Person, language: Language = "es") -> list[dict[str, str]]:
    with place.reading() as session:
        table = readings_table(session, person, place.clock)
    return list(csv.DictReader(io.StringIO(to_csv(table, language))))


def test_one_row_a_reading(installation: Installation, people: dict[Role, Person]) -> None:
    doctor, radiologist = people[Role.DOCTOR], people[Role.RADIOLOGIST]
    case_id = add_case(installation, doctor)
    _read(installation, doctor, case_id, "inconclusive", SEEN)
    _read(installation, radiologist, case_id, "negative")
    first, second = _rows(installation, doctor)
    expected = {
        "case": str(case_id),
        "entered_on": today().isoformat(),
        "reader": "Doctor",
        "kind": "blind",
        "finding": "inconclusive",
        "appearance": "atypical",
        "brixia": "6",
        "brixia_right_upper": "0",
        "brixia_right_middle": "1",
        "brixia_right_lower": "2",
        "brixia_left_lower": "3",
        "sign_consolidation": "right middle lower",
        "sign_effusion": "both",
        "sign_device": "yes",
        "sign_ground_glass": "",
    }
    assert {name: first[name] for name in expected} == expected
    assert first["read_at"].startswith(today().isoformat())
    assert first["read_at"].endswith("-05:00"), "in the installation's zone"
    assert (second["reader"], second["kind"], second["finding"]) == (
        "Radiologist", "second", "negative",
    )  # fmt: skip
    empty = {name for name, text in second.items() if not text}
    assert {"appearance", "brixia", "brixia_left_upper", "sign_consolidation"} <= empty
    assert _rows(installation, doctor, "en") == [first, second], "codes, whatever the language"


@pytest.mark.postgres
def test_no_free_text_leaves(installation: Installation, people: dict[Role, Person]) -> None:
    case_id = add_case(installation, people[Role.DOCTOR], patient_code="HC-0077")
    _read(installation, people[Role.DOCTOR], case_id, "negative")
    text = str(_rows(installation, people[Role.DOCTOR]))
    assert "Juan" not in text
    assert "HC-0077" not in text


@pytest.mark.parametrize("role", [Role.DOCTOR, Role.RADIOLOGIST])
def test_blind_readers_get_no_reading_of_a_case_that_they_have_not_read(
    installation: Installation, people: dict[Role, Person], role: Role
) -> None:
    read_blind(installation)
    doctor, radiologist = people[Role.DOCTOR], people[Role.RADIOLOGIST]
    case_id = add_case(installation, doctor)
    other = doctor if role is Role.RADIOLOGIST else radiologist
    _read(installation, other, case_id, "positive")
    assert _rows(installation, people[role]) == []
    assert len(_rows(installation, other)) == 1
    _read(installation, people[role], case_id, "negative")
    assert [row["finding"] for row in _rows(installation, people[role])] == [
        "positive",
        "negative",
    ]


def test_other_units_and_samples_are_not_in_it(
    installation: Installation, people: dict[Role, Person]
) -> None:
    add_unit(installation, "Centro Dos")
    stranger = add_user(installation, "ajena", Role.RADIOLOGIST, unit="Centro Dos")
    doctor = people[Role.DOCTOR]
    case_id = add_case(installation, doctor)
    sample = add_case(installation, doctor, seed=2, sample=True, research_consent=False)
    _read(installation, doctor, case_id, "negative")
    _read(installation, doctor, sample, "positive")
    assert [row["case"] for row in _rows(installation, doctor)] == [str(case_id)]
    assert _rows(installation, stranger) == []
