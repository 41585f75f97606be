"""The dashboard's page, its data and its CSV, for each role; no identity anywhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from clinic_clock import today
from clinic_factory import add_unit, csrf_of
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.operations import AuditEntry
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from episode_factory import Told, random_cases, write

SignIn = Callable[[Role], TestClient]


@pytest.fixture
def cases(installation: Installation, people: dict[Role, Person]) -> None:
    """400 cases of two units in the last weeks, and one small unit."""
    other = add_unit(installation, "Centro Dos", province="Pichincha")
    small = add_unit(installation, "Centro Tres", province="Loja")
    told = random_cases(400, units=(1, other), last=today(), days=20)
    told += [Told(day=today(), unit_id=small, province="Loja", patient="SECRETO")] * 3
    write(installation, told, user_id=people[Role.DOCTOR].id)


@pytest.mark.usefixtures("cases")
@pytest.mark.parametrize("role", list(Role))
def test_the_page_opens_for_every_role(role: Role, signed_in: SignIn) -> None:
    answer = signed_in(role).get("/dashboard")
    assert answer.status_code == 200
    assert "No son un estudio clínico" in answer.text
    assert "SECRETO" not in answer.text
    clinical = role in {Role.DOCTOR, Role.RADIOLOGIST}
    assert ('name="units"' in answer.text) == clinical
    assert ("Centro Tres" in answer.text) == (not clinical)


@pytest.mark.usefixtures("people")
def test_an_empty_clinic(signed_in: SignIn) -> None:
    answer = signed_in(Role.DOCTOR).get("/dashboard")
    assert answer.status_code == 200
    assert "0 de los 300 casos" in answer.text
    assert signed_in(Role.DOCTOR).get("/dashboard/data").status_code == 200


@pytest.mark.usefixtures("cases")
def test_the_charts_have_the_tables_numbers(signed_in: SignIn) -> None:
    browser = signed_in(Role.DOCTOR)
    data = browser.get("/dashboard/data").json()
    assert set(data) == {
        "days", "units", "ages", "sexes", "course", "delay", "outcomes", "calibration", "drift",
        "words",
    }  # fmt: skip
    rows = _csv(browser, "days")
    assert [row["cases"] for row in data["days"]["rows"]] == [int(row["cases"]) for row in rows]
    assert sum(int(row["cases"]) for row in rows) > 100


@pytest.mark.usefixtures("cases")
@pytest.mark.parametrize(
    "name",
    [
        "headline", "ages", "sexes", "course", "delay", "days", "provinces", "units",
        "outcomes", "refusals", "flow", "accuracy", "calibration",
        "comparators", "drift",
    ],
)  # fmt: skip
def test_every_table_is_a_csv(name: str, signed_in: SignIn, installation: Installation) -> None:
    browser = signed_in(Role.DOCTOR)
    answer = browser.get(f"/dashboard/{name}.csv?units=all")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f"covid-d-{name}.csv" in answer.headers["content-disposition"]
    assert len(next(csv.reader(io.StringIO(answer.text)))) > 1
    with installation.reading() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "dashboard.download")
        ).one()
    assert entry.detail["table"] == name


@pytest.mark.usefixtures("cases")
def test_a_small_unit_is_hidden_from_who_sees_no_cases(signed_in: SignIn) -> None:
    rows = {row["unit"]: row["cases"] for row in _csv(signed_in(Role.RESEARCHER), "units")}
    assert rows["Centro Tres"] == "*"
    # One of the others is hidden too, so that the total does not tell.
    assert sorted(value == "*" for value in rows.values()) == [False, True, True]


@pytest.mark.usefixtures("cases")
def test_days_bound_the_cases(signed_in: SignIn) -> None:
    browser = signed_in(Role.DOCTOR)
    yesterday = today() - timedelta(days=1)
    rows = _csv(browser, f"days.csv?first={yesterday}&last={yesterday}", whole=True)
    assert [row["day"] for row in rows] == [yesterday.isoformat()]


@pytest.mark.usefixtures("cases")
def test_days_that_make_no_period_are_said_beside_the_field(signed_in: SignIn) -> None:
    browser = signed_in(Role.DOCTOR)
    answer = browser.get("/dashboard?first=2026-11-02&last=2026-11-01")
    assert answer.status_code == 422
    assert 'id="last-error"' in answer.text
    assert 'value="2026-11-02"' in answer.text
    assert browser.get("/dashboard/days.csv?first=x").status_code == 422


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("path", ["/dashboard/nothing.csv", "/dashboard/..%2Fdays.csv"])
def test_no_such_table(path: str, signed_in: SignIn) -> None:
    assert signed_in(Role.DOCTOR).get(path).status_code == 404


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/data", "/dashboard/days.csv"])
def test_nobody_else(path: str, client: TestClient) -> None:
    assert client.get(path).headers["location"].startswith("/sign-in")


def test_cases_to_be_read_blind_are_left_out_and_it_is_said(
    signed_in: SignIn, installation: Installation, people: dict[Role, Person]
) -> None:
    blind = Told(day=today(), rt_pcr="positive", columns={"blind": True})
    (case,) = write(installation, [blind], user_id=people[Role.RADIOLOGIST].id)
    browser = signed_in(Role.DOCTOR)
    assert "Queda fuera 1 caso: se lee a ciegas" in browser.get("/dashboard").text
    shown = browser.get("/dashboard/data").json()
    assert sum(row["cases"] for row in shown["days"]["rows"] + shown["outcomes"]["rows"]) == 0
    for name in ("days", "outcomes", "refusals", "accuracy", "drift"):
        answer = browser.get(f"/dashboard/{name}.csv")
        assert f"covid-d-{name}-incomplete.csv" in answer.headers["content-disposition"]
        assert "Queda fuera" not in answer.text, "rows of data only"
        answer = browser.get(f"/dashboard/{name}.json")
        assert answer.json()["left_out"].startswith("Queda fuera 1 caso: se lee a ciegas")
        assert f"covid-d-{name}-incomplete.json" in answer.headers["content-disposition"]
    form = {"csrf_token": csrf_of(installation, browser), "finding": "negative"}
    assert browser.post(f"/cases/{case}/readings", data=form).status_code == 303
    assert "se lee a ciegas" not in browser.get("/dashboard").text
    rows_now = _csv(browser, "days")
    assert [(row["cases"], row["positive"]) for row in rows_now][-1] == ("1", "1")


def _csv(browser: TestClient, name: str, *, whole: bool = False) -> list[dict[str, str]]:
    answer = browser.get(f"/dashboard/{name if whole else name + '.csv'}")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


@pytest.mark.usefixtures("cases")
@pytest.mark.parametrize("name", ["headline", "provinces", "ages", "course", "drift"])
def test_every_table_is_json_too(name: str, signed_in: SignIn) -> None:
    browser = signed_in(Role.DOCTOR)
    answer = browser.get(f"/dashboard/{name}.json?units=all")
    told = answer.json()
    assert f"covid-d-{name}.json" in answer.headers["content-disposition"]
    assert told["left_out"] is None
    header = next(csv.reader(io.StringIO(browser.get(f"/dashboard/{name}.csv").text[1:])))
    assert next(iter(told["headers"])) == header[0]
    assert browser.get("/dashboard/nothing.json").status_code == 404


@pytest.mark.usefixtures("cases")
def test_headline_figures_come_first(signed_in: SignIn) -> None:
    page = signed_in(Role.DOCTOR).get("/dashboard").text
    order = ("headline", "days", "units", "accuracy")
    places = [page.index(f'id="{name}-title"') for name in order]
    assert places == sorted(places)
    assert "province-map" in page


class TestViews:
    @pytest.fixture
    def doctor(self, signed_in: SignIn, cases: None) -> TestClient:
        return signed_in(Role.DOCTOR)

    def _save(
        self, installation: Installation, browser: TestClient, name: str, query: str
    ) -> tuple[int, str]:
        data = {"csrf_token": csrf_of(installation, browser), "name": name, "query": query}
        answer = browser.post("/dashboard/views", data=data)
        return answer.status_code, answer.headers.get("location", "")

    def test_saved_shown_and_removed(self, installation: Installation, doctor: TestClient) -> None:
        query = "units=all&reference=antigen"
        assert self._save(installation, doctor, "Todo el país", query) == (
            303,
            f"/dashboard?{query}&notice=saved",
        )
        page = doctor.get("/dashboard").text
        assert "Todo el país" in page
        assert "/dashboard?units=all&amp;reference=antigen" in page
        number = page.split("/dashboard/views/")[1].split("/")[0]
        data = {"csrf_token": csrf_of(installation, doctor)}
        assert doctor.post(f"/dashboard/views/{number}/remove", data=data).status_code == 303
        assert "Todo el país" not in doctor.get("/dashboard").text

    def test_only_what_the_dashboard_asks_for_is_kept(
        self, installation: Installation, doctor: TestClient
    ) -> None:
        query = "units=all&next=https://elsewhere.example&first=2026-01-01"
        _, location = self._save(installation, doctor, "x", query)
        assert location == "/dashboard?first=2026-01-01&units=all&notice=saved"

    def test_a_view_needs_a_name(self, installation: Installation, doctor: TestClient) -> None:
        assert self._save(installation, doctor, " ", "")[0] == 422
        assert self._save(installation, doctor, "x" * 61, "")[0] == 422

    def test_another_persons_view_is_not_found(
        self, installation: Installation, doctor: TestClient, signed_in: SignIn
    ) -> None:
        self._save(installation, doctor, "Mía", "units=all")
        other = signed_in(Role.RADIOLOGIST)
        assert "Mía" not in other.get("/dashboard").text
        data = {"csrf_token": csrf_of(installation, other)}
        assert other.post("/dashboard/views/1/remove", data=data).status_code == 404
