"""Takes the user manual's pictures: a real clinic, a real browser, drawn phantoms, no patient.

    python docs/screenshots.py [--browser /usr/bin/chromium] [--out docs]

Serves an empty installation, walks a doctor's way through it in each language, at the width of a
desk and of a phone, and writes ``OUT/<language>/clinic/pictures/*.png``. Needs the extra ``dev``
and a Chromium.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser, Page, sync_playwright
from pydicom import Dataset, FileMetaDataset
from pydicom.uid import UID, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian
from sqlalchemy import select

from covid_d.clinic.arrivals import node_queue
from covid_d.clinic.arrivals.desk import ClinicWard
from covid_d.clinic.clock import Clock
from covid_d.clinic.database.cases import StoredAssessment
from covid_d.clinic.installation import Installation
from covid_d.clinic.settings import ClinicSettings
from covid_d.detector import seal
from covid_d.detector.bundle.bundle import built_in_path
from covid_d.detector.bundle.signature import make_key, sign
from covid_d.detector.cautions import OUTSIDE_LUNGS
from covid_d.language import Language, translations
from covid_d.pacs.queue import Queue
from covid_d.pacs.results.header import header_of
from covid_d.pacs.results.identity import fingerprint
from covid_d.pacs.ward import ArrivedFilm
from covid_d.radiograph.phantom import draw_phantom
from covid_d.settings import settings

PASSWORD = "una frase larga de ejemplo"
DESK, PHONE = (1180, 860), (390, 844)
CASES = 24
FIRST = 7  # of the drawn phantoms, one in which the lung model finds two whole lungs
COLOURS = 128  # of a picture's palette: a page needs few, and the repository stays small


def _today() -> date:
    """Return the present day of the clinic that is shown: one whose zone nobody changed."""
    return Clock(ZoneInfo(ClinicSettings.model_fields["time_zone"].default)).today()


def phantom(seed: int, side: int = 640) -> bytes:
    """Return a phantom film as PNG; the word PHANTOM stands in it."""
    picture = draw_phantom(seed, opacities=bool(seed % 2), size=side).to_image()
    pen = ImageDraw.Draw(picture)
    pen.text((side / 2, side - 6), "PHANTOM", 255, ImageFont.load_default(26), "mb")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def without_gate(folder: Path) -> tuple[Path, Path]:
    """Write the built-in bundle without its input gate, which rightly refuses phantoms.

    It is signed by a key that this clinic alone trusts: pages look as with the bundle itself.
    """
    bundle = shutil.copytree(built_in_path(), folder / "bundle")
    spec = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    (bundle / spec["gate"]["file"]).unlink()
    (bundle / "bundle.json").write_text(json.dumps(spec | {"gate": None}), encoding="utf-8")
    seal(bundle)
    public = make_key(folder / "key")
    sign(bundle, folder / "key")
    return bundle, public


@contextmanager
def clinic() -> Iterator[tuple[str, str, Path]]:
    """Serve an empty installation; yield its address, the first link and its folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    plain = {name: text for name, text in os.environ.items() if not name.startswith("COVID_D_")}
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as beside:
        bundle, public = without_gate(Path(beside))
        chosen = {"COVID_D_BUNDLE": str(bundle), "COVID_D_TRUSTED_KEY": str(public)}
        plain |= chosen
        os.environ |= chosen  # films from the PACS are read in this very process
        settings.cache_clear()
        server = subprocess.Popen(
            [sys.executable, "-u", "-m", "covid_d", "serve", "--port", str(port), "--data", folder],
            stdout=subprocess.PIPE,
            text=True,
            env={**plain, "COVID_D_RATE_LIMIT_FACTOR": "0"},
        )
        assert server.stdout is not None
        links = (re.search(r"http://\S+/first-start/\S+", line) for line in server.stdout)
        try:
            link = next(link[0] for link in links if link)
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/healthz")  # the link is printed before the door is open
            yield address, link, Path(folder)
        finally:
            server.terminate()
            server.wait()


def wait_for(address: str, seconds: float = 60) -> None:
    """Wait until a server answers."""
    end = time.monotonic() + seconds
    while True:
        try:
            httpx.get(address).raise_for_status()
            return
        except httpx.HTTPError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


@dataclass(frozen=True)
class Walk:
    """One way through the clinic, in one language."""

    page: Page
    address: str
    language: Language
    out: Path

    def say(self, msgid: str) -> str:
        """Return a text of the clinic in the walk's language."""
        return str(translations(self.language).gettext(msgid))

    def go(self, path: str) -> None:
        """Open a page and wait until it is quiet."""
        self.page.goto(path if path.startswith("http") else self.address + path)
        self.page.wait_for_load_state("networkidle")

    def fill(self, **fields: str) -> None:
        """Type into fields by their ids."""
        for name, text in fields.items():
            self.page.fill(f"#{name}", text)

    def press(self, msgid: str) -> None:
        """Press the button with this text."""
        self.page.get_by_role("button", name=self.say(msgid), exact=True).click()

    def look(self, name: str, *, whole: bool = False) -> None:
        """Take a picture of what is seen, or of the whole page."""
        self.page.wait_for_load_state("networkidle")
        content = self.page.screenshot(full_page=whole, animations="disabled")
        picture = Image.open(io.BytesIO(content)).convert("RGB").quantize(COLOURS)
        picture.save(self.out / f"{name}.png", optimize=True)

    def sign_in(self, username: str) -> None:
        """Sign in with the password of the examples."""
        self.go("/sign-in")
        self.fill(username=username, password=PASSWORD)
        self.press("Sign in")


def walk(browser: Browser, language: Language, out: Path) -> None:
    """Take every picture in a language."""
    out.mkdir(parents=True, exist_ok=True)
    with clinic() as (address, link, folder):
        context = browser.new_context(
            viewport={"width": DESK[0], "height": DESK[1]},
            locale={"es": "es-EC", "en": "en-US"}[language],
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        here = Walk(page, address, language, out)
        here.go(link)
        if language == "en":
            page.get_by_role("button", name="English").click()
            here.go(link)
        first_start(here)
        here.sign_in("ana")
        token = new_token(here)
        new_case(here)
        as_of_films(folder)
        here.go("/cases/1")
        result(here)
        fill_worklist(address, token)
        as_of_films(folder)
        daily_pages(here)
        film_from_the_pacs(folder)
        arrivals(here)
        second_factor(here)
        upkeep(here)
        here.sign_in("ana")
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        here.go("/cases/1")
        here.look("phone")
        context.close()


def first_start(here: Walk) -> None:
    """Create the administrator, a unit and a doctor."""
    here.look("first-start")
    here.fill(full_name="Eva Ruiz", username="eva", password=PASSWORD)
    here.press("Create the administrator")
    here.look("first-steps")
    here.go("/units/new")
    here.fill(name="Hospital General", prevalence="10")
    here.page.select_option("#province", label="Guayas")
    here.press("Save")
    here.go("/users/new")
    here.fill(full_name="Dra. Ana Paz", username="ana")
    here.page.select_option("#role", "doctor")
    here.page.select_option("#unit_id", label="Hospital General")
    here.press("Create and show the link")
    link = here.page.get_by_label(here.say("Link"), exact=True).input_value()
    here.go("/bundles")
    here.look("bundles")
    here.press("Sign out")
    here.go(link)
    here.fill(password=PASSWORD)
    here.press("Set the password")


def new_token(here: Walk) -> str:
    """Create an API token, for the cases that fill the worklist."""
    here.go("/account")
    here.page.fill("form[action='/account/tokens'] input[name=name]", "example")
    here.page.locator("form[action='/account/tokens'] button").click()
    return str(here.page.get_by_label(here.say("Token"), exact=True).input_value())


def new_case(here: Walk) -> None:
    """Enter a case with a phantom."""
    here.go("/cases/new")
    film = {"name": "phantom.png", "mimeType": "image/png", "buffer": phantom(FIRST)}
    here.page.set_input_files("#films", [film])  # type: ignore[list-item]
    here.page.wait_for_selector("#film-list li[data-token] select")
    here.page.locator("#film-list select").select_option("PA")
    here.fill(patient_code="HC-1001", age_years="61", spo2="91", vaccine_doses="2")
    here.fill(symptom_onset=str(_today() - timedelta(days=6)))
    here.page.select_option("#sex", "M")
    here.page.select_option("#province", label="Guayas")
    here.page.check("[name=symptoms][value=cough]")
    here.page.check("#research_consent")
    here.look("new-case", whole=True)
    here.press("Save the case")
    here.page.wait_for_url("**/cases/1*")


def as_of_films(folder: Path) -> None:
    """Take one caution off the answers: drawn lungs hardly hold what the model goes by.

    Else nearly every page would say to disregard the answer, as one in seven does of patients'
    films (``benchmarks/outside_lungs.py``).
    """
    place = Installation.open(ClinicSettings(data=folder))
    try:
        with place.writing() as session:
            for stored in session.scalars(select(StoredAssessment)):
                told = stored.answer["warnings"]
                kept = [one for one in told if one["code"] != OUTSIDE_LUNGS.code]
                stored.answer = {**stored.answer, "warnings": kept}
    finally:
        place.close()


def result(here: Walk) -> None:
    """Read the answer, its map and the report."""
    here.look("result")
    cover = here.page.locator("#viewer-cover")
    cover.fill("60")
    cover.dispatch_event("input")
    here.page.wait_for_timeout(500)
    here.page.locator("[data-stage]").scroll_into_view_if_needed()
    here.look("evidence")
    here.go("/cases/1/report")
    here.look("report", whole=True)


def fill_worklist(address: str, token: str) -> None:
    """Send cases and laboratory results through the API, as another program would."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{address}/api/v1", headers=headers, timeout=60) as api:
        for number in range(2, CASES + 2):
            fields = {
                "patient_code": f"HC-{1000 + number}", "province": "Guayas", "projection": "PA",
                "age_years": str(25 + 2 * number), "sex": "FM"[number % 2],
                "research_consent": "true",
            }  # fmt: skip
            film = {"films": ("phantom.png", phantom(number, 256), "image/png")}
            api.post("/cases", data=fields, files=film).raise_for_status()
            if number % 4:
                value = ("negative", "positive")[number % 2]
                entry = {"kind": "rt_pcr", "value": value, "day": str(_today())}
                api.post(f"/cases/{number}/follow-up", json=entry).raise_for_status()


def daily_pages(here: Walk) -> None:
    """Look at follow-up, worklist and dashboard."""
    here.go("/cases/1/follow-up")
    here.page.select_option("#kind", "rt_pcr")
    here.page.select_option("#value", "positive")
    here.fill(day=str(_today()))
    here.look("follow-up")
    here.press("Save")
    here.page.wait_for_url(re.compile("notice="))  # it is sent without leaving the page
    here.go("/cases")
    here.look("worklist")
    here.page.set_viewport_size({"width": DESK[0], "height": 2 * DESK[1]})
    here.go("/dashboard")
    here.page.wait_for_timeout(1500)  # charts draw themselves
    here.look("dashboard")


def film_from_the_pacs(folder: Path) -> None:
    """Have a phantom with a made-up patient come as a node would bring it."""
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.SOPClassUID = film.file_meta.MediaStorageSOPClassUID = (
        DigitalXRayImageStorageForPresentation
    )
    film.StudyInstanceUID, film.SeriesInstanceUID = UID("2.25.1"), UID("2.25.2")
    film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = UID("2.25.3")
    film.PatientID, film.PatientName, film.PatientSex = "HC-2044", "Quishpe^Rosa", "F"
    film.PatientBirthDate, film.StudyDate = "19610203", _today().strftime("%Y%m%d")
    film.StudyDescription, film.AccessionNumber = "TORAX PA", "ACC-91"
    film.Modality, film.BodyPartExamined, film.ViewPosition = "DX", "CHEST", "PA"
    with Image.open(io.BytesIO(phantom(FIRST + 2))) as picture:
        grey = np.asarray(picture.convert("L"))
    film.Rows, film.Columns = grey.shape
    film.BitsAllocated = film.BitsStored = 8
    film.HighBit, film.PixelRepresentation, film.SamplesPerPixel = 7, 0, 1
    film.PhotometricInterpretation, film.PixelData = "MONOCHROME2", grey.tobytes()
    buffer = io.BytesIO()
    film.save_as(buffer, enforce_file_format=True)
    place = Installation.open(ClinicSettings(data=folder))
    try:
        # The menu has its entry where a node keeps a queue.
        Queue.open(node_queue.node_folder(place), node_queue.queue_url(place))
        ward = ClinicWard(place, {"": 1}, quiet=timedelta(0))
        found, read = ward.detector().examine_keeping_film(buffer.getvalue(), activation=True)
        came = datetime.now(UTC)
        arrived = (fingerprint(film), buffer.getvalue(), header_of(film), "XRAY1", came)
        ward.arrive(ArrivedFilm(*arrived, found, read, 12.5))
        ward.settle()
    finally:
        place.close()


def arrivals(here: Walk) -> None:
    """Look at what came from the PACS."""
    here.go("/arrivals/1")
    here.look("arrival", whole=True)


def second_factor(here: Walk) -> None:
    """Begin to set up a second factor, and leave it."""
    here.go("/account/second-factor")
    here.fill(password=PASSWORD)
    here.press("Set up")
    here.look("second-factor", whole=True)
    here.press("Sign out")


def upkeep(here: Walk) -> None:
    """Look at what an administrator looks after."""
    here.sign_in("eva")
    here.go("/upkeep")
    here.press("Check now")
    while here.page.get_by_text(here.say("None was made yet.")).count():
        here.page.wait_for_timeout(500)
        here.go("/upkeep")
    assert here.page.locator("#check .success").count(), "a clinic that nobody touched"
    here.look("upkeep", whole=True)
    here.go("/audit-trail")
    here.look("audit-trail")
    here.press("Sign out")


def main() -> None:
    """Read the options and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.browser, args=["--no-sandbox"])
        for language in ("es", "en"):
            walk(browser, language, options.out / language / "clinic" / "pictures")
        browser.close()


if __name__ == "__main__":
    main()
