"""The new-case page in a real browser: dropped films, a second click, a lost server, no script."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select, update

import films
from browsing import held_back, signed_in, until
from clinic_clock import today
from clinic_factory import PASSWORD, add_case, phantom_png
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases.intake import MAX_FILMS
from covid_d.clinic.clock import now
from covid_d.clinic.database.accounts import SignInSession
from covid_d.clinic.database.cases import Case, Film
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

_DAY = timedelta(days=1)
_CASE = re.compile(r"/cases/[0-9]+\?notice=case_saved$")
_SCREENS = {"desktop": (1280, 900), "phone": (360, 740)}


@pytest.fixture
def page(chromium: Browser, address: str, people: dict[Role, Person]) -> Iterator[Page]:
    """The form before a doctor; any script error or dialogue fails the test."""
    faults: list[str] = []
    with signed_in(chromium, address) as context:
        opened = context.new_page()
        opened.on("pageerror", lambda error: faults.append(str(error)))
        opened.on("dialog", lambda dialog: faults.append(dialog.message))
        opened.goto("/cases/new")
        yield opened
    assert faults == []


def _file(name: str, content: bytes) -> Any:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def _count(installation: Installation, table: type) -> int:
    with installation.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _mirrored(seed: int) -> bytes:
    stream = io.BytesIO()
    with Image.open(io.BytesIO(phantom_png(seed))) as film:
        ImageOps.mirror(film).save(stream, "JPEG", quality=85)
    return stream.getvalue()


def _cards(page: Page) -> Any:
    return page.locator("#film-list [data-token]")


def test_films_chosen_and_dropped_become_one_case(installation: Installation, page: Page) -> None:
    page.set_input_files("#films", [_file("a.dcm", films.dicom(PatientAge="061Y", PatientSex="M"))])
    expect(_cards(page)).to_have_count(1)
    expect(page.locator("#age_years")).to_have_value("61")
    expect(page.locator("#sex")).to_have_value("M")
    expect(page.locator("#film-status")).to_contain_text("Datos tomados del archivo")
    drop = page.evaluate_handle(
        """(bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "b.png"));
            return data;
        }""",
        list(phantom_png(2)),
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": drop})
    expect(_cards(page)).to_have_count(2)
    page.select_option("#film-list li:last-child select", "AP")
    page.fill("#patient_code", "HC-5")
    page.fill("#symptom_onset", today().isoformat())
    page.check("#symptoms-none")
    page.check("#symptoms-cough")
    expect(page.locator("#symptoms-none")).not_to_be_checked()
    page.click("#save")
    page.wait_for_url(_CASE)
    with installation.reading() as session:
        (case,) = session.scalars(select(Case))
        assert (case.patient_code, case.age_years, case.symptoms) == ("HC-5", 61, ["cough"])
        assert [film.projection for film in case.films][1] == "AP"


def test_of_too_many_films_the_first_are_sent_and_the_rest_is_said(
    installation: Installation, page: Page
) -> None:
    chosen = [_file(f"{seed}.png", phantom_png(seed)) for seed in range(1, MAX_FILMS + 3)]
    page.set_input_files("#films", chosen)
    expect(_cards(page)).to_have_count(MAX_FILMS)
    said = page.locator("#film-status")
    expect(said).to_contain_text(f"Agregue como máximo {MAX_FILMS} radiografías")
    page.locator("#film-list button[name=remove]").first.click()
    expect(_cards(page)).to_have_count(MAX_FILMS - 1)
    expect(said).not_to_contain_text("como máximo")
    page.fill("#patient_code", "HC-7")
    page.click("#save")
    page.wait_for_url(_CASE)
    assert _count(installation, Film) == MAX_FILMS - 1


def test_what_was_entered_stays_and_can_be_mended(installation: Installation, page: Page) -> None:
    page.set_input_files("#films", [_file("a.png", phantom_png(1))])
    expect(_cards(page)).to_have_count(1)
    before = page.locator("#film-list img").get_attribute("src")
    assert before
    page.fill("#spo2", "300")
    page.fill("#notes", "</textarea><script>alert(1)</script>")
    page.click("#save")
    expect(page.locator("#patient_code-error")).to_be_visible()
    expect(page.locator("#spo2-error")).to_be_visible()
    expect(page.locator("#failure [role=alert]")).to_be_focused()
    expect(page.locator("#film-list img")).to_have_attribute("src", before)
    expect(page.locator("#notes")).to_have_value("</textarea><script>alert(1)</script>")
    page.fill("#spo2", "93")
    page.fill("#patient_code", "HC-6")
    page.click("#save")
    page.wait_for_url(_CASE)
    assert (_count(installation, Case), _count(installation, Film)) == (1, 1)


def test_a_refused_film_says_why_and_can_be_removed(page: Page) -> None:
    name = "<img src=x onerror=alert(1)>.png"
    page.set_input_files("#films", [_file(name, b"<script>alert(1)</script>")])
    card = page.locator("#film-list .refused")
    expect(card).to_contain_text("no es una imagen")
    with page.expect_response(re.compile(r"/remove$")) as answered:
        card.get_by_role("button").click()
    assert answered.value.status == 204
    expect(page.locator("#film-list .film")).to_have_count(0)
    expect(page.locator("#films")).to_be_focused()


def test_a_film_of_somebody_else_is_said_as_soon_as_both_are_known(page: Page) -> None:
    page.fill("#age_years", "34")
    film = films.dicom(PatientAge="061Y", PatientSex="M", ViewPosition="PA")
    page.set_input_files("#films", [_file("a.dcm", film)])
    expect(_cards(page)).to_have_count(1)
    age, sex = page.locator("[data-field=age_years]"), page.locator("[data-field=sex]")
    expect(age).to_have_text(
        "La radiografía dice 61 años; la ficha dice 34: compruebe que sea la de este paciente."
    )
    expect(sex).to_be_hidden()  # filled in from the film
    page.select_option("#sex", "F")
    expect(sex).to_contain_text("La radiografía dice sexo masculino; la ficha dice femenino")
    page.select_option("#sex", "O")
    expect(sex).to_be_hidden()
    page.fill("#age_years", "59")
    page.press("#age_years", "Tab")
    expect(age).to_be_hidden()
    page.fill("#age_years", "58")
    page.press("#age_years", "Tab")
    expect(age).to_contain_text("la ficha dice 58")


def test_two_clicks_make_one_case(installation: Installation, page: Page) -> None:
    page.fill("#patient_code", "HC-7")
    page.set_input_files("#films", [_file("a.png", phantom_png(1))])
    page.dblclick("#save")  # while the film is still on its way
    page.wait_for_url(_CASE)
    assert (_count(installation, Case), _count(installation, Film)) == (1, 1)


def test_a_server_out_of_reach_loses_nothing(installation: Installation, page: Page) -> None:
    page.fill("#patient_code", "HC-8")
    page.set_input_files("#films", [_file("a.png", phantom_png(1))])
    expect(_cards(page)).to_have_count(1)
    page.route("**/*", lambda route: route.abort())
    page.set_input_files("#films", [_file("b.png", phantom_png(2))])
    again = page.locator("#film-list").get_by_role("button", name="Reintentar")
    expect(again).to_be_visible()
    page.click("#save")
    expect(page.locator("#failure")).to_contain_text("No hay conexión")
    expect(page.locator("#patient_code")).to_have_value("HC-8")
    page.unroute("**/*")
    again.click()
    expect(_cards(page)).to_have_count(2)
    page.click("#save")
    page.wait_for_url(_CASE)
    assert _count(installation, Film) == 2


def test_films_chosen_before_the_script_came_are_taken(page: Page) -> None:
    with held_back(page, "**/intake.js"):
        page.goto("/cases/new", wait_until="commit")
        page.set_input_files("#films", [_file("a.dcm", films.dicom(PatientAge="061Y"))])
    expect(_cards(page)).to_have_count(1)
    expect(page.locator("#age_years")).to_have_value("61")
    expect(page.locator("#films")).to_have_value("")


def test_nothing_can_be_entered_that_is_not_saved(page: Page) -> None:
    """What comes back as refused is what was sent: meanwhile nothing more is taken."""
    page.set_input_files("#films", [_file("a.png", phantom_png(1))])
    expect(_cards(page)).to_have_count(1)
    page.fill("#notes", "tos")
    with held_back(page, "**/cases/new"):
        page.click("#save")
        expect(page.locator("#save-status")).to_have_text("Guardando…")
        page.locator("#notes").focus()
        page.keyboard.type(" y fiebre")
        expect(page.locator("#notes")).to_have_value("tos")
    expect(page.locator("#patient_code-error")).to_be_visible()
    expect(page.locator("#notes")).to_have_value("tos")
    page.locator("#notes").focus()
    page.keyboard.press("End")
    page.keyboard.type(" y fiebre")
    expect(page.locator("#notes")).to_have_value("tos y fiebre")


def test_an_ended_session_loses_nothing(installation: Installation, page: Page) -> None:
    page.fill("#patient_code", "HC-9")
    page.set_input_files("#films", [_file("a.png", phantom_png(1))])
    expect(_cards(page)).to_have_count(1)
    with installation.writing() as session:
        session.execute(update(SignInSession).values(last_seen_at=now() - _DAY))
    page.click("#save")
    expect(page.locator("#failure a")).to_have_attribute("href", "/sign-in")
    sent: dict[str, Any] = {
        "username": "doctor",
        "password": PASSWORD,
    }  # in another tab of the same browser
    assert page.context.request.post("/sign-in", form=sent, max_redirects=0).status == 303
    page.click("#save")
    page.wait_for_url(_CASE)
    assert _count(installation, Case) == 1


def test_it_works_without_a_script(
    installation: Installation,
    chromium: Browser,
    address: str,
    people: dict[Role, Person],
    tmp_path: Path,
) -> None:
    film = tmp_path / "film.dcm"
    film.write_bytes(films.dicom(PatientAge="061Y", PatientSex="F"))
    with signed_in(chromium, address, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/cases/new")
        page.set_input_files("#films", film)
        page.get_by_role("button", name="Enviar las radiografías y verlas").click()
        expect(_cards(page)).to_have_count(1)
        expect(page.locator("#age_years")).to_have_value("61")
        page.fill("#patient_code", "HC-10")
        page.press("#patient_code", "Enter")
        page.wait_for_url(_CASE)
    assert (_count(installation, Case), _count(installation, Film)) == (1, 1)


@pytest.mark.parametrize("screen", list(_SCREENS))
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_and_fits(
    chromium: Browser, address: str, people: dict[Role, Person], screen: str, scheme: Any
) -> None:
    width, height = _SCREENS[screen]
    with signed_in(
        chromium,
        address,
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        bypass_csp=True,  # axe is put into the page
    ) as context:
        page = context.new_page()
        page.goto("/cases/new?sample=1")
        page.set_input_files("#films", [_file("a.png", phantom_png(1)), _file("b.png", b"no film")])
        expect(_cards(page)).to_have_count(2)
        page.fill("#spo2", "300")
        page.click("#save")
        expect(page.locator("#spo2-error")).to_be_visible()
        found = Axe().run(page)
        serious = [
            f"{fault['id']}: {fault['nodes'][0]['html']}"
            for fault in found.response["violations"]
            if fault["impact"] in {"serious", "critical"}
        ]
        assert serious == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("screen", _SCREENS)
def test_the_same_film_for_another_patient_is_stopped_and_asked(
    chromium: Browser,
    address: str,
    installation: Installation,
    people: dict[Role, Person],
    language: str,
    screen: str,
) -> None:
    first = add_case(installation, people[Role.DOCTOR], films=[phantom_png(5)], patient_code="A-1")
    width, height = _SCREENS[screen]
    with signed_in(chromium, address, viewport={"width": width, "height": height}) as context:
        context.add_cookies([{"name": "covid_d_language", "value": language, "url": address}])
        page = context.new_page()
        page.goto("/cases/new")
        # A phone's is a copy by its looks alone: mirrored, and written anew.
        copy = _mirrored(5) if screen == "phone" else phantom_png(5)
        page.set_input_files("#films", [_file("otra.png", copy)])
        expect(_cards(page)).to_have_count(1)
        page.fill("#patient_code", "B-2")
        page.select_option("#adult", "yes")
        page.click("#save")
        reason = page.locator("#same_film_reason")
        expect(reason).to_be_visible()
        expect(page.locator(f".same-film a[href='/cases/{first}']")).to_be_visible()
        pictures = page.locator(".same-film img")
        expect(pictures).to_have_count(2)
        for number in range(2):
            pictures.nth(number).scroll_into_view_if_needed()
            until(page, f"document.querySelectorAll('.same-film img')[{number}].naturalWidth > 99")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        alike = {"es": "parece la misma", "en": "looks the same"}[language]
        said = expect(page.locator(".same-film .error"))
        said.to_contain_text(alike) if screen == "phone" else said.not_to_contain_text(alike)
        expect(page.locator("#patient_code")).to_have_value("B-2")
        expect(page.locator("#adult")).to_have_value("yes")
        assert _count(installation, Case) == 1
        reason.fill("El código anterior estaba mal escrito.")
        page.click("#save")
        page.wait_for_url(_CASE)
    assert _count(installation, Case) == 2
