"""Imports in a real browser: 200 films with their table and 700 results, fewer on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from browsing import browsing, until
from case_rows import add_row
from clinic_clock import today
from clinic_factory import PASSWORD, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import Case, FollowUp
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

FILMS, RESULTS = {"es": 200, "en": 40}, {"es": 700, "en": 140}
SCREENS = {"es": (1280, 800), "en": (375, 740)}


@pytest.fixture(params=["es", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(
    language: str, chromium: Browser, address: str, people: dict[Role, Person]
) -> Iterator[Page]:
    """An administrator's page, on a desk in Spanish and on a phone in English."""
    faults: list[str] = []
    width, height = SCREENS[language]
    size = {"width": width, "height": height}
    with browsing(chromium, base_url=address, viewport=size) as context:
        sent: dict[str, str | float | bool] = {
            "username": people[Role.ADMINISTRATOR].username,
            "password": PASSWORD,
        }
        assert context.request.post("/sign-in", form=sent, max_redirects=0).status == 303
        cookie = {"name": "covid_d_language", "value": language, "url": address}
        context.add_cookies([cookie])  # type: ignore[list-item]
        opened = context.new_page()
        opened.on("pageerror", lambda error: faults.append(str(error)))
        yield opened
    assert faults == []


def _accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wider <= 0, "the page scrolls sideways"


def _count(installation: Installation, table: type) -> int:
    with installation.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _begin(page: Page, kind: str, table: Path) -> None:
    page.goto("/imports")
    _accessible(page)
    form = page.locator(f"form:has(input[value={kind}])")
    form.locator("input[type=file]").set_input_files(str(table))
    if kind == "laboratory":
        form.locator("select[name=test]").select_option("rt_pcr")
    with page.expect_navigation():
        form.locator("button.primary").click()


def _shown(page: Page, state: str) -> int:
    found = page.locator(f"#counts [data-state={state}] strong")
    return int(found.inner_text().replace(".", "").replace(",", "")) if found.count() else 0


@pytest.mark.slow
def test_many_films_with_their_table(
    page: Page, language: str, installation: Installation, tmp_path: Path
) -> None:
    films = FILMS[language]
    folder = tmp_path / "radiografías"
    folder.mkdir()
    lines = ["Archivo;Historia clínica;Edad;Sexo;Fecha de inicio de síntomas;Consentimiento"]
    onset = f"{today() - timedelta(days=4):%d/%m/%Y}"
    for seed in range(films):
        (folder / f"rx{seed:03}.png").write_bytes(phantom_png(seed))
        age = "muchos" if seed == 7 else str(20 + seed % 60)
        lines.append(f"rx{seed:03};HC-{seed:03};{age};{'FM'[seed % 2]};{onset};sí")
    table = folder / "pacientes.csv"
    table.write_bytes("\r\n".join(lines).encode("cp1252"))
    _begin(page, "cases", table)
    assert (_shown(page, "missing"), _shown(page, "faulty")) == (films - 1, 1)
    _accessible(page)
    with page.expect_navigation():
        page.locator("#folder").set_input_files(str(folder))
    assert (_shown(page, "ready"), _shown(page, "faulty")) == (films - 1, 1)
    with page.expect_navigation():
        page.locator("#run button").click()
    assert (_shown(page, "done"), _shown(page, "ready")) == (films - 1, 0)
    assert _count(installation, Case) == films - 1
    mended = tmp_path / "corregida.csv"
    mended.write_bytes(table.read_bytes().replace(b"muchos", b"27"))
    page.locator("#table").set_input_files(str(mended))
    with page.expect_navigation():
        page.locator("form[action$='/table'] button").click()
    assert (_shown(page, "done"), _shown(page, "ready")) == (films - 1, 1)
    with page.expect_navigation():
        page.locator("#run button").click()
    assert _shown(page, "done") == films
    assert _count(installation, Case) == films
    with installation.reading() as session:
        assert set(session.scalars(select(Case.research_consent))) == {True}
        assert session.scalar(select(func.count(func.distinct(Case.patient_code)))) == films
    _accessible(page)


@pytest.mark.slow
def test_many_laboratory_results(
    page: Page,
    language: str,
    installation: Installation,
    people: dict[Role, Person],
    tmp_path: Path,
) -> None:
    results = RESULTS[language]
    doctor = people[Role.DOCTOR]
    cases = [add_row(installation, doctor, patient_code=f"HC-{n}") for n in range(results)]
    day = f"{today():%d/%m/%Y}"
    table = tmp_path / "resultados.csv"

    def write(first: str) -> None:
        lines = ["Caso;Resultado;Fecha de toma", f"{cases[0]};{first};{day}"]
        lines += [f"{case};negativo;{day}" for case in cases[1:]]
        table.write_bytes("\r\n".join(lines).encode("utf-16"))

    write("negativo")
    _begin(page, "laboratory", table)
    assert _shown(page, "ready") == results
    with page.expect_navigation():
        page.locator("#run button").click()
    assert _shown(page, "done") == results
    assert _count(installation, FollowUp) == results
    write("positivo")
    _begin(page, "laboratory", table)
    assert (_shown(page, "done"), _shown(page, "conflict")) == (results - 1, 1)
    _accessible(page)
    page.locator("[name=replace]").check()
    page.locator("#reason").fill("informe corregido")
    with page.expect_navigation():
        page.locator("#run button").click()
    assert _shown(page, "done") == results
    with installation.reading() as session:
        latest = session.scalars(select(FollowUp).order_by(FollowUp.id.desc())).first()
    assert latest is not None
    assert (latest.value, latest.reason) == ("positive", "informe corregido")


def test_a_lost_server_says_so_and_nothing_is_lost(page: Page, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("archivo;hc\na.png;1\nb.png;2\n")
    _begin(page, "cases", table)
    page.route("**/film", lambda route: route.abort())
    file: Any = {"name": "a.png", "mimeType": "image/png", "buffer": phantom_png(1)}
    page.set_input_files("#films", [file])
    expect(page.locator("#send .status")).to_contain_text(
        page.locator("#send").get_attribute("data-text-unreachable") or "?"
    )
    page.unroute("**/film")
    with page.expect_navigation():
        page.set_input_files("#films", [file])
    until(page, "document.querySelector('#counts [data-state=ready]') !== null")
    assert (_shown(page, "ready"), _shown(page, "missing")) == (1, 1)
