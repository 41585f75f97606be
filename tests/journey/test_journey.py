"""From an empty machine to a data set: the whole way in a real browser, on a real film.

Administrator, unit, doctor; a case with a real DICOM film; result and report; laboratory result;
dashboard; export by a researcher; a data set built from the export. Each page is photographed,
checked with axe and for requests that would leave the machine.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browsing import browsing, leading_on
from clinic_clock import today
from covid_d.dataset import Dataset
from covid_d.language import Language, translations

from .conftest import Clinic, Eye

PASSWORD = "una frase larga para probar"
SCREENS = {"desktop": (1280, 900), "phone": (390, 844)}
"""Width and height in CSS pixels."""

pytestmark = pytest.mark.xdist_group("journey")


@dataclass(slots=True)
class Journey:
    """One traveller: a page in a language, and the words on it."""

    page: Page
    clinic: Clinic
    eye: Eye
    language: Language

    def say(self, msgid: str) -> str:
        """Return a text of the clinic in the traveller's language."""
        return translations(self.language).gettext(msgid)

    def go(self, path: str) -> None:
        self.page.goto(self.clinic.url + path)

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.fill(f"#{name}", value)

    def press(self, msgid: str) -> None:
        """Press a button that the page itself, or a download, answers."""
        self.page.get_by_role("button", name=self.say(msgid), exact=True).click()

    def send(self, msgid: str) -> None:
        """Press a button that leads to another page, and wait for that."""
        with leading_on(self.page):
            self.press(msgid)

    def look(self, what: str) -> None:
        self.eye.look(self.page, what)

    def sign_out(self) -> None:
        self.send("Sign out")

    def sign_in(self, username: str) -> None:
        self.go("/sign-in")
        self.fill(username=username, password=PASSWORD)
        self.send("Sign in")


@pytest.fixture(params=["es", "en"])
def language(request: pytest.FixtureRequest) -> Language:
    chosen: Language = request.param
    return chosen


@pytest.fixture(params=list(SCREENS))
def journey(
    request: pytest.FixtureRequest, chromium: Browser, clinic: Clinic, language: Language
) -> Iterator[Journey]:
    width, height = SCREENS[request.param]
    eye = Eye(f"{language}-{request.param}")
    with browsing(
        chromium,
        viewport={"width": width, "height": height},
        has_touch=request.param == "phone",
        accept_downloads=True,
    ) as context:
        page = context.new_page()
        eye.watch(page, clinic.url)
        yield Journey(page, clinic, eye, language)
    assert eye.faults == []


def test_the_whole_way(journey: Journey, tmp_path: Path) -> None:
    _first_start(journey)
    doctor = _create_user(journey, "Dra. Ana Paz", "ana", "doctor")
    researcher = _create_user(journey, "Luis Vera", "luis", "researcher", unit=False)
    journey.go("/users")
    journey.look("users")
    journey.sign_out()
    _set_password(journey, doctor)
    journey.sign_in("ana")
    _enter_case(journey)
    _read_result(journey)
    _follow_up(journey)
    _dashboard(journey)
    journey.sign_out()
    _set_password(journey, researcher)
    journey.sign_in("luis")
    _export_waits(journey)
    journey.sign_out()
    journey.sign_in("ana")
    _review(journey)
    journey.sign_out()
    journey.sign_in("luis")
    export = _export(journey, tmp_path)
    _build(export, tmp_path)


def _first_start(journey: Journey) -> None:
    journey.page.goto(journey.clinic.link)
    if journey.language == "en":
        with leading_on(journey.page):
            journey.page.get_by_role("button", name="English").click()
        journey.page.goto(journey.clinic.link)
    journey.look("first-start")
    journey.fill(full_name="Eva Ruiz", username="eva", password=PASSWORD)
    journey.send("Create the administrator")
    journey.look("first-steps")
    with leading_on(journey.page):
        journey.page.get_by_role("link", name=journey.say("Create a health unit")).click()
    journey.fill(name="Hospital General", prevalence="10")
    journey.page.select_option("#province", label="Guayas")
    journey.look("unit")
    journey.send("Save")


def _create_user(
    journey: Journey, full_name: str, username: str, role: str, *, unit: bool = True
) -> str:
    journey.go("/users/new")
    journey.fill(full_name=full_name, username=username)
    journey.page.select_option("#role", role)
    if unit:
        journey.page.select_option("#unit_id", label="Hospital General")
    journey.send("Create and show the link")
    journey.look(f"link-{username}")
    link = journey.page.get_by_label(journey.say("Link"), exact=True).input_value()
    assert link.startswith(journey.clinic.url)
    return link


def _set_password(journey: Journey, link: str) -> None:
    journey.page.goto(link)
    journey.fill(password=PASSWORD)
    journey.send("Set the password")


def _enter_case(journey: Journey) -> None:
    from pydicom.data import get_testdata_file

    page = journey.page
    journey.go("/cases")
    journey.look("no-case-yet")
    journey.go("/cases/new")
    journey.press("Save the case")
    expect(page.locator("#patient_code-error")).to_be_visible()
    journey.look("new-case-refused")
    page.set_input_files("#films", str(get_testdata_file("RG1_UNCI.dcm", download=False)))
    expect(page.locator("#film-list li[data-token]")).to_be_visible()
    journey.fill(patient_code="HC-1001", national_id="1710034065", age_years="61", spo2="91")
    journey.fill(symptom_onset=str(today() - timedelta(days=6)), vaccine_doses="2")
    page.select_option("#sex", "M")
    page.select_option("#province", label="Guayas")
    page.locator("[name=symptoms]").first.check()
    page.check("#research_consent")
    projection = page.locator("#film-list select")
    if projection.count():
        projection.select_option("PA")
    journey.look("new-case")
    journey.press("Save the case")
    page.wait_for_url("**/cases/1*")


def _read_result(journey: Journey) -> None:
    page = journey.page
    expect(page.get_by_role("heading", name="HC-1001")).to_be_visible()
    footer = {
        "es": "No descarta COVID-19; confirme con RT-PCR o antígeno.",
        "en": "It does not rule out COVID-19; confirm with RT-PCR or an antigen test.",
    }
    expect(page.get_by_text(footer[journey.language]).first).to_be_visible()
    # What the model is worth stands above the page.
    worth = journey.say("not tested on patients (no clinical study).")
    expect(page.get_by_text(worth).first).to_be_visible()
    expect(page.locator("[data-viewer][data-ready]")).to_be_visible()
    journey.look("result")
    assert "1710034065" not in page.content()
    journey.go("/cases/1/report")
    journey.look("report")
    paper = page.request.get(f"{journey.clinic.url}/cases/1/report.pdf")
    assert paper.body().startswith(b"%PDF-")
    journey.go("/cases")
    journey.look("worklist")


def _follow_up(journey: Journey) -> None:
    journey.go("/cases/1/follow-up")
    journey.page.select_option("#kind", "rt_pcr")
    journey.page.select_option("#value", "positive")
    journey.fill(day=str(today()))
    journey.send("Save")
    journey.look("follow-up")
    journey.go("/cases/1")
    journey.look("case-with-laboratory-result")


def _dashboard(journey: Journey) -> None:
    journey.go("/dashboard")
    expect(journey.page.locator("body[data-charts=drawn]")).to_be_visible()
    journey.look("dashboard")


def _export_waits(journey: Journey) -> None:
    """Try to export what nobody of the unit has looked at."""
    journey.go("/collection")
    journey.fill(attribution="Hospital General")
    journey.press("Download as zip")
    waits = journey.say("No film may be exported yet: %(pending)s.").partition("%")[0].strip()
    expect(journey.page.get_by_text(waits).first).to_be_visible()
    journey.look("nothing-reviewed-yet")


def _review(journey: Journey) -> None:
    """Look at the film and let it go."""
    journey.go("/dashboard")
    with leading_on(journey.page):
        journey.page.locator("a[href='/collection/review']").click()
    journey.look("review")
    journey.page.locator("input[name^=decision-][value=clear]").check()
    with leading_on(journey.page):
        journey.page.locator("main form button.primary").click()
    expect(journey.page.get_by_text(journey.say("No film waits."))).to_be_visible()


def _export(journey: Journey, folder: Path) -> Path:
    journey.go("/collection")
    journey.fill(attribution="Hospital General")
    journey.look("collection")
    with journey.page.expect_download() as waiting:
        journey.press("Download as zip")
    archive = folder / "export.zip"
    waiting.value.save_as(archive)
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            content = opened.read(name)
            assert b"1710034065" not in content
            assert b"HC-1001" not in content
        opened.extractall(folder / "export")
    (metadata,) = (folder / "export").rglob("metadata.csv")
    return metadata.parent


def _build(export: Path, folder: Path) -> None:
    out = folder / "dataset"
    words = ["dataset", "build", "--cohen", str(export), "--out", str(out), "--no-progress"]
    ran = subprocess.run(
        [sys.executable, "-m", "covid_d", *words], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    films = Dataset.open(out).manifest
    assert len(films) == 1
