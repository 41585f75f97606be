"""The notification: every column by hand, who may, what is left out, how it is written."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from clinic_clock import today
from clinic_factory import add_case, add_unit, add_user, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.accounts import Unit
from covid_d.clinic.database.cases import FollowUp
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.errors import ForbiddenError, InvalidInputError
from covid_d.clinic.installation import Installation
from covid_d.clinic.notification import export
from covid_d.clinic.notification.export import Notified, Which, notify
from covid_d.clinic.notification.facts import FIELDS
from covid_d.clinic.notification.form import NotificationForm, read_form
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.errors import CovidDError
from episode_factory import add, follow_up

CEDULA = "0912345675"
Follow = Callable[..., None]


@pytest.fixture
def doctor(people: dict[Role, Person]) -> Person:
    return people[Role.DOCTOR]


@pytest.fixture
def follow(installation: Installation, doctor: Person) -> Follow:
    """Enter what was learnt of a case later."""

    def enter(case: int, kind: str, value: str, before: int = 1) -> None:
        day = today() - timedelta(days=before)
        add(installation, FollowUp, follow_up(case, kind, value, doctor.id, day))

    return enter


def _notify(installation: Installation, person: Person, *days: int, **more: Any) -> Notified:
    first, last = days or (0, 0)
    since, until = today() - timedelta(days=first), today() - timedelta(days=last)
    return notify(installation, person, Actor(person.id, "127.0.0.1"), since, until, **more)


def _rows(made: Notified) -> list[dict[str, str]]:
    text = made.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def _day(before: int = 0) -> str:
    return (today() - timedelta(days=before)).strftime("%d/%m/%Y")


def test_every_column_of_the_form_that_comes_with_the_program(
    installation: Installation, doctor: Person, follow: Follow
) -> None:
    case = add_case(
        installation, doctor, national_id=CEDULA, patient_code="HC-1", age_years=54, sex="F",
        symptoms=("cough", "fever"), comorbidities=("diabetes",), spo2=93, vaccine_doses=2,
    )  # fmt: skip
    follow(case, "antigen", "negative", 2)
    follow(case, "rt_pcr", "positive", 1)
    follow(case, "diagnosis", "U07.1")
    follow(case, "outcome", "icu", 1)
    follow(case, "outcome", "died", 0)
    (row,) = _rows(_notify(installation, doctor))
    assert row == {
        "EVENTO": "COVID-19", "FECHA_NOTIFICACION": _day(), "UNIDAD_NOTIFICADORA": "Hospital Uno",
        "PROVINCIA_UNIDAD": "Guayas", "NUMERO_IDENTIFICACION": CEDULA, "HISTORIA_CLINICA": "HC-1",
        "NUMERO_CASO": str(case), "SEXO": "MUJER", "EDAD_ANIOS": "54",
        "PROVINCIA_RESIDENCIA": "Guayas", "FECHA_ATENCION": _day(),
        "FECHA_INICIO_SINTOMAS": _day(5), "FIEBRE": "SI", "TOS": "SI", "DISNEA": "NO",
        "ODINOFAGIA": "NO", "ANOSMIA_AGEUSIA": "NO", "DIARREA": "NO", "HIPERTENSION": "NO",
        "DIABETES": "SI", "ENFERMEDAD_CARDIACA": "NO", "ENFERMEDAD_PULMONAR": "NO",
        "INMUNOSUPRESION": "NO", "EMBARAZO": "NO", "DOSIS_VACUNA": "2", "SATURACION_O2": "93",
        "TIPO_PRUEBA": "RT-PCR", "FECHA_TOMA_MUESTRA": _day(1), "RESULTADO": "POSITIVO",
        "CLASIFICACION_CASO": "CONFIRMADO", "DIAGNOSTICO_CIE10": "U07.1", "HOSPITALIZADO": "SI",
        "UCI": "SI", "FALLECIDO": "SI", "FECHA_DEFUNCION": _day(),
    }  # fmt: skip


def test_what_is_not_known_is_empty_and_what_is_denied_is_no(
    installation: Installation, doctor: Person
) -> None:
    add_case(
        installation, doctor, age_years=None, sex=None, symptom_onset=None, symptoms=(),
        comorbidities=("none",), spo2=None, vaccine_doses=None,
    )  # fmt: skip
    (row,) = _rows(_notify(installation, doctor))
    empty = {
        "NUMERO_IDENTIFICACION", "SEXO", "EDAD_ANIOS", "FECHA_INICIO_SINTOMAS", "FIEBRE", "TOS",
        "DOSIS_VACUNA", "SATURACION_O2", "TIPO_PRUEBA", "RESULTADO", "HOSPITALIZADO", "FALLECIDO",
    }  # fmt: skip
    assert {name for name in empty if row[name]} == set()
    assert row["DIABETES"] == "NO"
    assert row["CLASIFICACION_CASO"] == "SOSPECHOSO"


@pytest.mark.parametrize(
    ("tests", "shown", "classed"),
    [
        ([("rt_pcr", "negative")], "NEGATIVO", "DESCARTADO"),
        ([("antigen", "positive"), ("rt_pcr", "negative")], "POSITIVO", "CONFIRMADO"),
        ([("rt_pcr", "indeterminate")], "INDETERMINADO", "SOSPECHOSO"),
    ],
)
def test_how_a_case_is_classed(
    tests: list[tuple[str, str]],
    shown: str,
    classed: str,
    installation: Installation,
    doctor: Person,
    follow: Follow,
) -> None:
    case = add_case(installation, doctor)
    for number, (kind, value) in enumerate(tests):
        follow(case, kind, value, number)
    (row,) = _rows(_notify(installation, doctor))
    assert (row["RESULTADO"], row["CLASIFICACION_CASO"]) == (shown, classed)


def test_confirmed_cases_alone(installation: Installation, doctor: Person, follow: Follow) -> None:
    positive, negative = (add_case(installation, doctor, seed=seed) for seed in (1, 2))
    follow(positive, "rt_pcr", "positive")
    follow(negative, "rt_pcr", "negative")
    rows = _rows(_notify(installation, doctor, which=Which.CONFIRMED))
    assert [row["NUMERO_CASO"] for row in rows] == [str(positive)]


def test_only_cases_of_these_days_and_of_the_unit_and_no_sample(
    installation: Installation, doctor: Person
) -> None:
    add_unit(installation, "Hospital Dos")
    elsewhere = add_user(installation, "other", Role.DOCTOR, unit="Hospital Dos")
    add_case(installation, elsewhere)
    add_case(installation, doctor, seed=2, sample=True)
    own = add_case(installation, doctor, seed=3)
    assert [row["NUMERO_CASO"] for row in _rows(_notify(installation, doctor))] == [str(own)]
    assert _rows(_notify(installation, doctor, 9, 1)) == []


def test_the_trail_names_the_cases_and_no_patient(
    installation: Installation, doctor: Person
) -> None:
    case = add_case(installation, doctor, national_id=CEDULA, patient_code="SECRETO")
    _notify(installation, doctor)
    with installation.reading() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "notification.download")
        ).one()
    assert entry.detail["cases"] == [case]
    assert CEDULA not in str(entry.detail)
    assert "SECRETO" not in str(entry.detail)


def test_cases_to_be_read_blind_are_left_out_and_counted(
    installation: Installation, people: dict[Role, Person], doctor: Person, follow: Follow
) -> None:
    read_blind(installation)
    case = add_case(installation, doctor)
    follow(case, "rt_pcr", "positive")
    made = _notify(installation, people[Role.RADIOLOGIST])
    assert (made.cases, made.to_read) == (0, 1)
    assert _rows(made) == []


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.ADMINISTRATOR])
def test_who_sees_no_patient_notifies_none(
    role: Role, installation: Installation, people: dict[Role, Person]
) -> None:
    with pytest.raises(ForbiddenError):
        _notify(installation, people[role])


def test_days_that_cannot_be(
    installation: Installation, doctor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInputError) as raised:
        _notify(installation, doctor, 0, 3)
    assert set(raised.value.fields) == {"until"}
    for seed in (1, 2):
        add_case(installation, doctor, seed=seed)
    monkeypatch.setattr(export, "MOST", 1)
    with pytest.raises(InvalidInputError) as raised:
        _notify(installation, doctor)
    assert set(raised.value.fields) == {"since"}


def _with_form(installation: Installation, path: Path, text: str) -> Installation:
    path.write_text(text, encoding="utf-8")
    settings = installation.settings.model_copy(update={"notification": path})
    return replace(installation, settings=settings)


def test_a_form_of_ones_own(installation: Installation, doctor: Person, tmp_path: Path) -> None:
    text = """
    separator = ","
    encoding = "cp1252"
    day = "%Y-%m-%d"
    yes = "1"
    no = "2"
    unknown = "9"
    column = [
        { heading = "Día", field = "entered_on" },
        { heading = "Provincia", field = "province" },
        { heading = "Tos", field = "symptom.cough" },
        { heading = "Cédula", field = "national_id" },
        { heading = "Sexo", field = "sex", values = { F = "2", M = "1" } },
        { heading = "País", value = "Ecuador" },
    ]
    """
    own = _with_form(installation, tmp_path / "form.toml", text)
    add_case(installation, doctor, province="Cañar")
    content = _notify(own, doctor).content.decode("cp1252")
    head, row = content.splitlines()
    assert head == "Día,Provincia,Tos,Cédula,Sexo,País"
    assert row == f"{today().isoformat()},Cañar,1,9,2,Ecuador"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("column = []", "column"),
        ('column = [{ heading = "X" }]', "either field or value"),
        ('column = [{ heading = "X", field = "shoe_size" }]', "no field 'shoe_size'"),
        ('column = [{ heading = "X", field = "sex", colour = "red" }]', "colour"),
        ('separator = "x"\ncolumn = [{ heading = "X", field = "sex" }]', "separator"),
        ("not toml", "form"),
    ],
)
def test_a_form_that_cannot_be_used_is_said(
    text: str, said: str, installation: Installation, doctor: Person, tmp_path: Path
) -> None:
    own = _with_form(installation, tmp_path / "form.toml", text)
    with pytest.raises(CovidDError) as raised:
        _notify(own, doctor)
    assert said in str(raised.value)
    assert "symptom_onset" in raised.value.next_step


def test_a_form_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CovidDError, match="Cannot read"):
        read_form(tmp_path / "none.toml")


def test_every_field_has_a_value(
    installation: Installation, doctor: Person, tmp_path: Path
) -> None:
    columns = ",".join(f'{{ heading = "{name}", field = "{name}" }}' for name in FIELDS)
    own = _with_form(installation, tmp_path / "form.toml", f"column = [{columns}]")
    add_case(installation, doctor)
    (row,) = _rows(_notify(own, doctor))
    assert set(row) == set(FIELDS)
    assert row["days_ill"] == "5"
    assert row["adult"] == "SI"


@pytest.mark.postgres
def test_no_cell_is_a_formula(installation: Installation, doctor: Person) -> None:
    with installation.writing() as session:
        session.execute(update(Unit).values(name="=HYPERLINK(1)"))
    case = add_case(installation, doctor, patient_code="@evil")
    made = _notify(installation, doctor)
    text = made.content.decode("utf-8-sig")
    assert made.content.startswith(b"\xef\xbb\xbf")
    assert "\r\n" in text
    (row,) = _rows(made)
    assert row["HISTORIA_CLINICA"] == "'@evil"
    assert row["NUMERO_CASO"] == str(case)
    assert not any(cell.startswith(("=", "@", "+", "-")) for cell in row.values())


def test_the_form_that_comes_with_the_program_is_one() -> None:
    form = read_form(None)
    assert isinstance(form, NotificationForm)
    headings = [column.heading for column in form.column]
    assert len(headings) == len(set(headings)) == 35
