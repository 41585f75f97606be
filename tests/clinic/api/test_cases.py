"""The API's cases: the same rules as on the pages, blind mode and units included."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

import films
from bundle_factory import AUDITED, make_appearance_bundle
from clinic_clock import today
from clinic_factory import add_case, add_unit, add_user, phantom_png, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import readings
from covid_d.clinic.cases.access import case_of
from covid_d.clinic.database.cases import AnswerShown, Case, Film
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.follow_up.entry import Entry, add
from covid_d.clinic.follow_up.terms import EntryKind
from covid_d.clinic.installation import Installation
from covid_d.clinic.operations import bundles
from covid_d.clinic.roles import Role
from covid_d.clinic.trail import audit_trail
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import pack

Program = Callable[[Person], TestClient]
FORM: dict[str, Any] = {
    "patient_code": "HC-77",
    "province": "Guayas",
    "age_years": "61",
    "sex": "M",
    "symptom_onset": "2026-01-02",
    "symptoms": ["cough", "fever"],
    "comorbidities": ["diabetes"],
    "spo2": "91",
    "on_oxygen": "true",
    "vaccine_doses": "3",
    "research_consent": "true",
    "notes": "tos seca",
    "projection": "PA",
}


def _films(*seeds: int) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("films", (f"{seed}.png", phantom_png(seed), "image/png")) for seed in seeds]


def _submit(client: TestClient, *seeds: int, **changes: Any) -> Any:
    return client.post("/api/v1/cases", data=FORM | changes, files=_films(*(seeds or (1,))))


@pytest.fixture
def blind_unit(installation: Installation, people: dict[Role, Person]) -> None:
    """Hospital Uno reads blind."""
    assert people
    read_blind(installation)


def test_a_case_is_stored_whole_and_answered(
    doctor: TestClient, installation: Installation
) -> None:
    answer = _submit(doctor, 1, 2)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert answer.headers["location"] == f"/api/v1/cases/{found['id']}"
    for name in ("patient_code", "province", "sex", "symptoms", "notes", "symptom_onset"):
        assert found[name] == FORM[name]
    assert (found["age_years"], found["spo2"], found["vaccine_doses"]) == (61, 91, 3)
    assert found["on_oxygen"] is True
    assert found["follow_up"]["research_consent"] is True
    assert [film["projection"] for film in found["films"]] == ["PA", "PA"]
    assert [said["film_id"] for said in found["assessments"]] == [
        film["id"] for film in found["films"]
    ]
    said = found["assessments"][0]
    assert said["bundle"]["sha256"] == installation.active_detector.detector.bundle.id.sha256
    assert (said["probability"] is None) == (said["outcome"] == "refused")
    assert "confirme con RT-PCR" in said["note"]["es"]
    assert doctor.get(answer.headers["location"]).json() == found


def test_the_answer_is_the_pages_answer(
    doctor: TestClient, installation: Installation, people: dict[Role, Person]
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR], seed=3)
    sent = doctor.get(f"/api/v1/cases/{case_id}/assessments").json()
    with installation.reading() as session:
        film = session.scalars(select(Film).where(Film.case_id == case_id)).one()
        (stored,) = film.assessments
    assert [said["probability"] for said in sent] == [stored.probability]
    assert sent[0]["covid"] is None, "a demonstration has no predictive value"
    told = stored.assessment.to_dict()
    shared = set(told) & set(sent[0]) - {"bundle"}
    assert shared >= {"appearance", "opacity", "conformal_set", "warnings", "refusal"}
    assert {name: sent[0][name] for name in shared} == {name: told[name] for name in shared}


def test_a_request_sent_twice_makes_one_case(doctor: TestClient) -> None:
    first = _submit(doctor, submission="lote-7/1").json()
    assert _submit(doctor, submission="lote-7/1").json()["id"] == first["id"]
    other = _submit(doctor, submission="lote-7/1", patient_code="HC-78")
    assert (other.status_code, other.json()["error"]["code"]) == (409, "submission_reused")
    assert doctor.get("/api/v1/cases").json()["total"] == 1


def test_a_film_of_somebody_else_is_said_beside_its_answer(doctor: TestClient) -> None:
    film = films.dicom(PatientAge="034Y", PatientSex="F", ViewPosition="PA")
    sent = [("films", ("a.dcm", film, "application/dicom"))]
    found = doctor.post("/api/v1/cases", data=FORM, files=sent).json()
    codes = [warning["code"] for warning in found["assessments"][0]["warnings"]]
    assert codes[:2] == ["age_differs", "sex_differs"]


def test_a_film_alone_of_somebody_else_is_said_beside_its_answer(doctor: TestClient) -> None:
    film = films.dicom(PatientAge="034Y", PatientSex="F", ViewPosition="PA")

    def warned(**stated: str) -> set[str]:
        answer = doctor.post("/api/v1/assessments", data=stated, files={"film": film})
        return {warning["code"] for warning in answer.json()["warnings"]}

    differs = {"age_differs", "sex_differs"}
    assert warned(sex="M", age_years="54") >= differs
    assert warned(sex="M") & differs == {"sex_differs"}
    for stated in ({}, {"sex": "F"}, {"sex": "O"}):
        assert not warned(**stated) & differs


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"province": "Lima"}, "province"),
        ({"spo2": "200"}, "spo2"),
        ({"spo2": "mucho"}, "spo2"),
        ({"symptom_onset": "ayer"}, "symptom_onset"),
        ({"symptom_onset": "2999-01-01"}, "symptom_onset"),
        ({"symptoms": ["dolor raro"]}, "symptoms"),
        ({"national_id": "1710034066"}, "national_id"),
        ({"patient_code": ""}, "patient_code"),
        ({"notes": "a\x00b"}, "notes"),
        ({"projection": "XX"}, "projection"),
        ({"submission": "x" * 65}, "submission"),
    ],
)
def test_a_field_that_cannot_be_accepted_is_named_and_nothing_is_stored(
    doctor: TestClient, installation: Installation, changes: dict[str, Any], field: str
) -> None:
    answer = _submit(doctor, **changes)
    assert answer.status_code == 422
    assert set(answer.json()["error"]["fields"]) == {field}
    with installation.reading() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 0


def test_a_file_that_is_no_film_is_stored_and_refused_with_its_reason(doctor: TestClient) -> None:
    files = [("films", ("x.png", b"<svg onload='alert(1)'/>", "image/png"))]
    found = doctor.post("/api/v1/cases", data=FORM, files=files).json()
    (said,) = found["assessments"]
    assert (said["outcome"], said["probability"]) == ("refused", None)
    assert said["refusal"]["message"]["es"]


def test_a_cedula_finds_nothing_in_any_answer(doctor: TestClient) -> None:
    made = _submit(doctor, national_id="1710034065")
    assert made.status_code == 201, made.text
    assert "1710034065" not in made.text + doctor.get("/api/v1/cases").text


def test_lists_are_paged_filtered_and_sorted(
    doctor: TestClient, installation: Installation, people: dict[Role, Person]
) -> None:
    for seed in (1, 2, 3):
        add_case(installation, people[Role.RADIOLOGIST], seed=seed)
    own = add_case(installation, people[Role.DOCTOR], seed=4, sex="M", province="Azuay")
    whole = doctor.get("/api/v1/cases", params={"size": 3}).json()
    assert (whole["total"], whole["page"], whole["pages"]) == (4, 1, 2)
    assert [row["id"] for row in whole["cases"]] == [4, 3, 2]
    second = doctor.get("/api/v1/cases", params={"size": 3, "page": 2, "sort": "newest"}).json()
    assert [row["id"] for row in second["cases"]] == [1]
    for params in ({"own": "true"}, {"province": "Azuay"}, {"sex": "M"}, {"text": "0004"}):
        found = doctor.get("/api/v1/cases", params=params).json()["cases"]
        assert [row["id"] for row in found] == [own], params


@pytest.mark.parametrize(
    "params",
    [
        {"page": "0"},
        {"size": "101"},
        {"sort": "random"},
        {"since": "2026-13-01"},
        {"since": "2026-02-01", "until": "2026-01-01"},
        {"until": "9999-12-31"},
        {"text": "a\x00"},
        {"province": "\x00"},
    ],
)
def test_a_query_that_cannot_be_read_is_refused(doctor: TestClient, params: dict[str, str]) -> None:
    answer = doctor.get("/api/v1/cases", params=params)
    assert answer.status_code == 422
    assert answer.json()["error"]["fields"]


def test_another_units_case_does_not_exist(
    installation: Installation, people: dict[Role, Person], program: Program
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    add_unit(installation, "Hospital Dos")
    stranger = program(add_user(installation, "stranger", Role.DOCTOR, unit="Hospital Dos"))
    assert stranger.get("/api/v1/cases").json()["total"] == 0
    for path in ("", "/assessments", "/follow-up"):
        assert stranger.get(f"/api/v1/cases/{case_id}{path}").status_code == 404
    entry = {"kind": "consent", "value": "withdrawn"}
    assert stranger.post(f"/api/v1/cases/{case_id}/follow-up", json=entry).status_code == 404


@pytest.mark.usefixtures("blind_unit")
def test_a_blind_answer_is_told_only_after_ones_own_reading(
    doctor: TestClient, installation: Installation, people: dict[Role, Person], program: Program
) -> None:
    made = _submit(doctor)
    case_id = made.json()["id"]
    radiologist = program(people[Role.RADIOLOGIST])

    def told(client: TestClient) -> tuple[bool, int, int]:
        whole = client.get(f"/api/v1/cases/{case_id}").json()
        (row,) = client.get("/api/v1/cases").json()["cases"]
        assert (row["outcome"] is None) == row["withheld"] == whole["withheld"]
        assert bool(whole["assessments"]) != whole["withheld"]
        outcomes = ("positive", "negative", "inconclusive", "refused")
        matches = sum(
            client.get("/api/v1/cases", params={"outcome": outcome}).json()["total"]
            for outcome in outcomes
        )
        status = client.get(f"/api/v1/cases/{case_id}/assessments").status_code
        assert (row["laboratory"] is None) == (whole["follow_up"]["laboratory"] is None)
        assert (whole["follow_up"]["laboratory"] is None) == whole["withheld"]
        assert bool(whole["follow_up"]["history"]) != whole["withheld"]
        positives = client.get("/api/v1/cases", params={"laboratory": "positive"}).json()["total"]
        assert positives == (0 if whole["withheld"] else 1)
        alone = client.get(f"/api/v1/cases/{case_id}/follow-up").json()
        assert alone == whole["follow_up"]
        return whole["withheld"], matches, status

    assert made.json()["withheld"]
    assert '"probability"' not in made.text
    colleague = add_user(installation, "colega", Role.DOCTOR, unit="Hospital Uno")
    result = Entry(EntryKind.RT_PCR, "positive", today())
    add(installation, colleague, audit_trail.Actor(colleague.id), case_id, result)
    assert told(doctor) == told(radiologist) == (True, 0, 409)
    person = people[Role.DOCTOR]
    with installation.reading() as session:
        assert session.scalars(select(AnswerShown)).all() == []
    with installation.act(audit_trail.Actor(person.id)) as act:
        case = case_of(act.session, person, case_id)
        readings.record_reading(act, case, person, finding="negative")
    assert told(doctor) == (False, 1, 200)
    assert told(radiologist) == (True, 0, 409)
    with installation.reading() as session:
        assert [row.user_id for row in session.scalars(select(AnswerShown))] == [person.id]


@pytest.mark.usefixtures("blind_unit")
def test_in_a_blind_unit_no_film_is_answered_without_a_case(doctor: TestClient) -> None:
    answer = doctor.post("/api/v1/assessments", files={"film": phantom_png(1)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "blind_mode")


def test_a_film_alone_is_answered_and_not_kept(
    doctor: TestClient, installation: Installation
) -> None:
    def ask(**data: str) -> Any:
        answer = doctor.post("/api/v1/assessments", data=data, files={"film": phantom_png(1)})
        return answer.json()

    said = ask(projection="PA", age_years="50")
    assert said["outcome"] in {"positive", "negative", "inconclusive"}
    asked = ask(projection="PA", age_years="50", prevalence="0.5")
    assert said["covid"] is asked["covid"] is None, "a demonstration has no predictive value"
    assert ask(projection="L")["outcome"] == "refused"
    assert ask(projection="PA", age_years="3")["outcome"] == "refused"
    assert ask(sex="X")["error"]["fields"].keys() == {"sex"}
    for wrong in ({"prevalence": "1"}, {"prevalence": "nan"}, {"age_years": "-1"}):
        assert set(ask(**wrong)["error"]["fields"]) == set(wrong)
    with installation.reading() as session:
        assert session.scalar(select(func.count()).select_from(Film)) == 0
    assert not list((installation.folder / "films").rglob("*"))


def test_an_audited_bundle_of_appearance_says_how_probable_covid_is(
    doctor: TestClient, installation: Installation, people: dict[Role, Person], tmp_path: Path
) -> None:
    folder = make_appearance_bundle(tmp_path / "seen", verdict=AUDITED)
    pack(folder, tmp_path / "seen.zip")
    actor = Actor(people[Role.ADMINISTRATOR].id)
    sha256 = bundles.install(installation, actor, (tmp_path / "seen.zip").read_bytes())
    bundles.switch(installation, actor, sha256)

    def ask(**data: str) -> Any:
        known = {"projection": "PA", "age_years": "50", **data}
        return doctor.post("/api/v1/assessments", data=known, files={"film": phantom_png(1)}).json()

    said = ask()
    assert set(said["appearance"]) == {"negative", "atypical", "indeterminate", "typical"}
    assert sum(said["appearance"].values()) == pytest.approx(1.0)
    assert said["opacity"] == pytest.approx(1 - said["appearance"]["negative"])
    assert said["probability"] is None
    assert said["covid"]["prevalence"] == 0.1, "the unit's"
    assert said["covid"]["low"] <= said["covid"]["value"] <= said["covid"]["high"]
    other = ask(prevalence="0.5")["covid"]
    assert other["prevalence"] == 0.5
    assert other["value"] > said["covid"]["value"]
    case = _submit(doctor, 1, age_years="50").json()["assessments"][0]
    assert case["covid"] == said["covid"]
    assert case["bundle"] == said["bundle"]
    assert said["bundle"]["verdict"] == "audit-passed"


def test_the_same_film_gets_the_same_answer_with_and_without_a_case(doctor: TestClient) -> None:
    case = _submit(doctor, 5).json()["assessments"][0]
    data = {"projection": "PA", "age_years": "61"}
    alone = doctor.post("/api/v1/assessments", data=data, files={"film": phantom_png(5)}).json()
    assert {name: case[name] for name in alone} == alone


def test_every_view_is_in_the_audit_trail(doctor: TestClient, installation: Installation) -> None:
    case_id = _submit(doctor).json()["id"]
    doctor.get("/api/v1/cases")
    doctor.get(f"/api/v1/cases/{case_id}")
    doctor.get(f"/api/v1/cases/{case_id}/assessments")
    doctor.get(f"/api/v1/cases/{case_id}/follow-up")
    doctor.post("/api/v1/assessments", files={"film": phantom_png(1)})
    with installation.reading() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.sequence)).all()
        assert audit_trail.verify(session, installation.keys).broken is None
    assert list(actions) == [
        "token.create",
        "case.create",
        "case.view",
        "case.list",
        "case.view",
        "case.view",
        "case.view",
        "film.assess",
    ]


def test_the_day_of_a_film_is_said_and_told(doctor: TestClient) -> None:
    day, later = today() - timedelta(days=6), today() + timedelta(days=1)
    sent = {"province": "Guayas", "patient_code": "HC-1", "taken_on": day.isoformat()}
    dated = films.dicom(AcquisitionDate=today().strftime("%Y%m%d"))
    parts = [("films", ("a.png", phantom_png(1))), ("films", ("b.dcm", dated))]
    answer = doctor.post("/api/v1/cases", data=sent, files=parts)
    assert answer.status_code == 201, answer.text
    told = [film["taken_on"] for film in answer.json()["films"]]
    assert told == [day.isoformat(), today().isoformat()], "a file's own day comes first"
    assert [film["was_straightened"] for film in answer.json()["films"]] == [False, False]
    late = doctor.post("/api/v1/cases", data=sent | {"taken_on": later.isoformat()}, files=parts)
    assert late.status_code == 422
    assert "taken_on" in late.text
