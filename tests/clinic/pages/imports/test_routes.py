"""The imports' pages: preview, films, results, conflicts, and what is refused."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from case_rows import add_row
from clinic_clock import today
from clinic_factory import add_user, csrf_of, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import Case, FollowUp
from covid_d.clinic.database.operations import StagedFilm, WaitingImport
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from episode_factory import add, follow_up

SignIn = Callable[[Role], TestClient]
FILMS = "Archivo;HC;Edad\r\nfilm1.png;HC-1;50\r\nfilm2.png;HC-2;sesenta\r\n"


@pytest.fixture
def browser(signed_in: SignIn) -> TestClient:
    return signed_in(Role.ADMINISTRATOR)


class Site:
    """An administrator's browser, with the token in every form."""

    def __init__(self, installation: Installation, browser: TestClient) -> None:
        self._browser, self._token = browser, csrf_of(installation, browser)

    def get(self, path: str) -> Any:
        return self._browser.get(path, headers={"cookie": "covid_d_language=en"} | self._cookie())

    def _cookie(self) -> dict[str, str]:
        session = self._browser.cookies["covid_d_session"]
        return {"cookie": f"covid_d_session={session}; covid_d_language=en"}

    def post(self, path: str, files: Any = None, **form: Any) -> Any:
        return self._browser.post(
            path, data={"csrf_token": self._token, **form}, files=files, headers=self._cookie()
        )

    def film(self, path: str, name: str, content: bytes) -> Any:
        headers = {
            "x-csrf-token": self._token, "x-requested-with": "fetch", "x-film-name": name,
            "content-type": "application/octet-stream", **self._cookie(),
        }  # fmt: skip
        return self._browser.post(path, content=content, headers=headers)

    def run(self, path: str, **form: Any) -> Any:
        headers = {"x-requested-with": "fetch", **self._cookie()}
        return self._browser.post(path, data={"csrf_token": self._token, **form}, headers=headers)

    def begin(self, table: str, kind: str = "cases", **form: Any) -> str:
        sent = {"table": ("tabla.csv", table.encode("cp1252"))}
        answer = self.post("/imports", sent, kind=kind, unit_id="1", **form)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])


@pytest.fixture
def site(installation: Installation, browser: TestClient) -> Site:
    return Site(installation, browser)


def _count(installation: Installation, table: type) -> int:
    with installation.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _state(page: Any, state: str) -> int:
    found = re.search(rf'data-state="{state}"><strong>(\d+)', page.text)
    return int(found[1]) if found else 0


def test_films_come_in(installation: Installation, site: Site) -> None:
    place = site.begin(FILMS, consent="not_given")
    page = site.get(place)
    assert (_state(page, "missing"), _state(page, "faulty")) == (1, 1)
    assert "This is no age that can be read." in page.text
    assert "Windows-1252" in page.text or "UTF-8" in page.text
    assert site.film(f"{place}/film", "dir/film1.png", phantom_png(1)).json() == {"kept": 1}
    assert site.film(f"{place}/film", "film9.png", phantom_png(9)).json() == {"kept": 0}
    assert site.get(f"{place}/names").json() == ["dir/film1.png"]
    assert _state(site.get(place), "ready") == 1
    told = site.run(f"{place}/run")
    assert told.json() == {"done": 1, "failed": 0, "ready": 0}
    assert site.run(f"{place}/run").json() == {"done": 0, "failed": 0, "ready": 0}
    page = site.get(place)
    assert (_state(page, "done"), _state(page, "faulty")) == (1, 1)
    assert _count(installation, Case) == 1


def test_a_corrected_table_finishes_it(installation: Installation, site: Site) -> None:
    place = site.begin(FILMS)
    for seed in (1, 2):
        site.film(f"{place}/film", f"film{seed}.png", phantom_png(seed))
    site.run(f"{place}/run")
    mended = {"table": ("tabla.csv", FILMS.replace("sesenta", "60").encode())}
    assert site.post(f"{place}/table", mended).status_code == 303
    assert _state(site.get(place), "ready") == 1
    assert site.post(f"{place}/run").headers["location"] == f"{place}?notice=imported"
    assert _count(installation, Case) == 2
    assert site.post(f"{place}/end").headers["location"] == "/imports?notice=import_ended"
    assert site.get(place).status_code == 404
    assert _count(installation, WaitingImport) == 0


def test_a_zip_of_films_and_a_form_without_script(installation: Installation, site: Site) -> None:
    place = site.begin(FILMS.replace("sesenta", "60"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for seed in (1, 2, 3):
            archive.writestr(f"x/film{seed}.png", phantom_png(seed))
    sent = [("films", ("films.zip", buffer.getvalue()))]
    assert site.post(f"{place}/films", sent).status_code == 303
    assert _count(installation, StagedFilm) == 2
    assert _state(site.get(place), "ready") == 2


def test_a_damaged_zip_is_said(site: Site) -> None:
    place = site.begin(FILMS)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("film1.png", phantom_png(1))
    data = bytearray(buffer.getvalue())
    data[60:90] = bytes(30)
    answer = site.film(f"{place}/film", "films.zip", bytes(data))
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    ("table", "kind", "said"),
    [
        ("a;b\n1;2\n", "cases", "lacks the columns film"),
        ("a;b\n1;2\n", "laboratory", "lacks the columns result, day"),
        ("", "cases", "Choose a table"),
    ],
)
def test_a_table_that_is_none_is_said_at_its_field(
    table: str, kind: str, said: str, site: Site
) -> None:
    sent = {"table": ("t.csv", table.encode())} if table else None
    answer = site.post("/imports", sent, kind=kind, unit_id="1")
    assert answer.status_code == 422
    assert f'id="{kind}-table-error"' in answer.text
    assert said in answer.text


@pytest.mark.parametrize("unit", ["", "99", "x"])
def test_a_unit_must_be_chosen(unit: str, site: Site) -> None:
    sent = {"table": ("t.csv", FILMS.encode())}
    assert site.post("/imports", sent, kind="cases", unit_id=unit).status_code == 422


def test_results_come_in_and_conflicts_wait_for_a_choice(
    installation: Installation, people: dict[Role, Person], site: Site
) -> None:
    doctor = people[Role.DOCTOR]
    first, second = (add_row(installation, doctor, patient_code=f"P{n}") for n in range(2))
    yesterday = today() - timedelta(days=1)
    add(installation, FollowUp, follow_up(first, "rt_pcr", "negative", doctor.id, yesterday))
    rows = "".join(f"{case};positivo;{yesterday:%d/%m/%Y}\r\n" for case in (first, second))
    place = site.begin("caso;resultado;fecha\r\n" + rows, "laboratory", test="rt_pcr")
    page = site.get(place)
    assert (_state(page, "ready"), _state(page, "conflict")) == (1, 1)
    assert site.run(f"{place}/run").json() == {"done": 1, "failed": 0, "ready": 0}
    assert _count(installation, FollowUp) == 2
    box = re.search(r'name="replace" value="([0-9-]+)"', site.get(place).text)
    assert box
    refused = site.post(f"{place}/run", replace=box[1], reason=" ")
    assert refused.status_code == 422
    assert 'id="reason-error"' in refused.text
    chosen = site.post(f"{place}/run", replace=box[1], reason="informe corregido")
    assert chosen.status_code == 303
    assert _state(site.get(place), "done") == 2
    with installation.reading() as session:
        latest = session.scalars(select(FollowUp).order_by(FollowUp.id.desc())).first()
    assert latest is not None
    assert (latest.value, latest.reason) == ("positive", "informe corregido")


def test_a_choice_made_before_somebody_corrected_does_not_count(
    installation: Installation, people: dict[Role, Person], site: Site
) -> None:
    doctor = people[Role.DOCTOR]
    case = add_row(installation, doctor)
    yesterday = today() - timedelta(days=1)
    add(installation, FollowUp, follow_up(case, "rt_pcr", "negative", doctor.id, yesterday))
    table = f"caso;resultado;fecha\r\n{case};positivo;{yesterday:%d/%m/%Y}\r\n"
    place = site.begin(table, "laboratory", test="rt_pcr")
    site.post(f"{place}/run", replace="2-999", reason="x")
    assert _count(installation, FollowUp) == 1


def test_another_administrator_sees_nothing_of_it(
    installation: Installation, people: dict[Role, Person], site: Site, client: TestClient
) -> None:
    place = site.begin(FILMS)
    add_user(installation, "another", Role.ADMINISTRATOR)
    from clinic_factory import PASSWORD

    client.post("/sign-in", data={"username": "another", "password": PASSWORD})
    for path in (place, f"{place}/names"):
        assert client.get(path).status_code == 404
    assert "tabla.csv" not in client.get("/imports").text


@pytest.mark.parametrize("role", [Role.DOCTOR, Role.RADIOLOGIST, Role.RESEARCHER])
def test_others_have_no_such_page(role: Role, signed_in: SignIn) -> None:
    other = signed_in(role)
    assert other.get("/imports").status_code == 403
    assert "/imports" not in other.get("/dashboard").text


def test_an_empty_film_is_said(site: Site) -> None:
    place = site.begin(FILMS)
    assert site.film(f"{place}/film", "film1.png", b"").status_code == 422
    assert site.film(f"{place}/film", "", phantom_png(1)).status_code == 422
