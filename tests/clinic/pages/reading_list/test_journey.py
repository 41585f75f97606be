"""A case read twice, disputed, settled; then kappa: in Chromium, both languages, two widths."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sklearn.metrics import cohen_kappa_score

from browsing import leading_on, settle, signed_in
from case_rows import add_row
from clinic_factory import add_case, add_user, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.cases import readings
from covid_d.clinic.cases.load_case import whole_case
from covid_d.clinic.cases.structured import Structured
from covid_d.clinic.database.cases import Reading
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.trail.audit_trail import Actor
from covid_d.detector import CATEGORIES

People = dict[Role, Person]
DESK: Final = {"width": 1280, "height": 800}
PHONE: Final = {"width": 375, "height": 812}
WORDS: Final[dict[str, dict[str, str]]] = {
    "es": {
        "list": "Lista de lectura",
        "begin": "Empezar a leer",
        "positive": "Compatible con COVID-19",
        "typical": "Típico de COVID-19",
        "disagree": "Los lectores discrepan",
        "settle": "Resuelva el desacuerdo como tercer lector",
        "consensus": "Consenso",
        "sum": "Suma: 7 de 18",
        "brixia": "Brixia 7 de 18 (derecho 0-1-3; izquierdo 0-1-2)",
        "urgent": "Urgente",
        "two": "Dos lectores (Cohen)",
    },
    "en": {
        "list": "Reading list",
        "begin": "Begin reading",
        "positive": "Compatible with COVID-19",
        "typical": "Typical of COVID-19",
        "disagree": "Readers disagree",
        "settle": "Settle the disagreement as third reader",
        "consensus": "Consensus",
        "sum": "Sum: 7 of 18",
        "brixia": "Brixia 7 of 18 (right 0-1-3; left 0-1-2)",
        "urgent": "Urgent",
        "two": "Two readers (Cohen)",
    },
}
EVERYWHERE = pytest.mark.parametrize(
    ("language", "screen"), [("es", DESK), ("en", PHONE), ("es", PHONE), ("en", DESK)]
)


@pytest.fixture
def readers(installation: Installation, people: People) -> list[Person]:
    """A doctor, and two radiologists: ``radiologist`` and ``eva``."""
    eva = add_user(installation, "eva", Role.RADIOLOGIST, unit="Hospital Uno")
    return [people[Role.DOCTOR], people[Role.RADIOLOGIST], eva]


def _sound(page: Page) -> None:
    """No serious fault of accessibility, and nothing wider than the screen."""
    settle(page)
    found = Axe().run(page).response["violations"]
    serious = [
        (one["id"], [node["target"] for node in one["nodes"]])
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]
    assert not serious, serious
    width = page.viewport_size
    assert width is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= width["width"], page.url


def _as(chromium: Browser, address: str, name: str, language: str, screen: Any) -> Any:
    return signed_in(
        chromium,
        address,
        username=name,
        viewport=screen,
        storage_state={
            "cookies": [
                {
                    "name": "covid_d_language",
                    "value": language,
                    "domain": "127.0.0.1",
                    "path": "/",
                    "expires": -1,
                    "httpOnly": False,
                    "secure": False,
                    "sameSite": "Lax",
                }
            ],
            "origins": [],
        },
    )


@EVERYWHERE
def test_second_reading_disagreement_and_consensus(
    chromium: Browser,
    address: str,
    installation: Installation,
    readers: list[Person],
    language: str,
    screen: Any,
) -> None:
    words = WORDS[language]
    read_blind(installation)
    case_id = add_case(installation, readers[0], seed=1)
    later = add_case(installation, readers[0], seed=2)

    with _as(chromium, address, "doctor", language, screen) as context:
        page = context.new_page()
        page.goto("/cases")
        page.get_by_role("link", name=words["list"], exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(words["list"])
        page.locator(f'input[name=cases][value="{case_id}"]').check()
        page.locator("button[value=mark-urgent]").click()
        expect(page.locator(".badge.positive")).to_have_text(words["urgent"])
        _sound(page)
        page.get_by_role("link", name=words["begin"]).click()
        expect(page).to_have_url(re.compile(rf"/cases/{case_id}\?waiting=unread"))
        page.get_by_label(words["positive"], exact=True).check()
        page.get_by_label(words["typical"]).check()
        page.locator(".structured > summary").click()
        expect(page.locator("#sign_consolidation_lower")).to_be_hidden()
        page.locator("#sign_consolidation").select_option("right")
        page.locator("#sign_consolidation_lower").check()
        grades = {"right": "013", "left": "012"}
        for side, given in grades.items():
            for height, grade in zip(("upper", "middle", "lower"), given, strict=True):
                page.locator(f"label[for=zone_{side}_{height}-{grade}]").click()
        expect(page.locator("[data-sum]")).to_have_text(words["sum"])
        _sound(page)
        with leading_on(page):
            page.locator(".reading button.primary").click()
        expect(page.locator("#history")).to_contain_text(words["brixia"])
        expect(page.locator("[rel=next]")).to_have_attribute(
            "href", f"/cases/{later}?waiting=unread"
        )
        _sound(page)

    with _as(chromium, address, "radiologist", language, screen) as context:
        page = context.new_page()
        page.goto(f"/cases/{case_id}?waiting=second")
        expect(page.locator("#history")).not_to_contain_text("Brixia")
        page.locator("#finding-negative").check()
        page.locator("#appearance-negative").check()
        with leading_on(page):
            page.locator(".reading button.primary").click()
        expect(page.locator("#disputed")).to_be_visible()

    with _as(chromium, address, "eva", language, screen) as context:
        page = context.new_page()
        page.goto("/reading-list?waiting=disputed")
        expect(page.locator(".empty")).to_be_visible()  # Eva has yet to read it blind
        page.goto(f"/cases/{case_id}")
        expect(page.get_by_text(words["settle"])).to_have_count(0)
        page.locator("#finding-inconclusive").check()
        with leading_on(page):
            page.locator(".reading button.primary").click()
        page.goto("/reading-list?waiting=disputed")
        page.get_by_role("link", name=str(case_id), exact=True).click()
        expect(page.get_by_role("heading", name=words["settle"])).to_be_visible()
        page.locator("#finding-positive").check()
        page.locator("#appearance-typical").check()
        _sound(page)
        with leading_on(page):
            page.locator(".reading button.primary").click()
        expect(page.locator("#consensus")).to_contain_text(words["typical"])
        expect(page.locator("#consensus")).to_contain_text("Eva")
        page.goto("/reading-list?waiting=disputed")
        expect(page.locator(".empty")).to_be_visible()


@EVERYWHERE
def test_kappa_on_the_dashboard_is_that_of_scikit_learn(
    chromium: Browser,
    address: str,
    installation: Installation,
    readers: list[Person],
    language: str,
    screen: Any,
) -> None:
    grades = ([0, 1, 2, 3] * 6, [0, 1, 3, 3, 0, 2] * 4)
    findings = ("negative", "inconclusive", "inconclusive", "positive")
    for number, both in enumerate(zip(*grades, strict=True)):
        case_id = add_row(installation, readers[0], "positive", patient_code=f"P-{number}")
        for reader, grade in zip(readers, both, strict=False):
            with installation.act(Actor(reader.id)) as act:
                case = whole_case(act.session, reader, case_id)
                seen = Structured(CATEGORIES[grade])
                readings.record_reading(act, case, reader, finding=findings[grade], seen=seen)
    category = cohen_kappa_score(*grades, weights="quadratic")
    conclusion = cohen_kappa_score(*([findings[g] for g in one] for one in grades))
    with _as(chromium, address, "doctor", language, screen) as context:
        page = context.new_page()
        page.goto("/dashboard")
        row = page.locator("[aria-labelledby=agreement-title] tr", has_text=WORDS[language]["two"])
        for value in (conclusion, category):
            text = f"{value:.2f}".replace(".", "," if language == "es" else ".")
            expect(row.first).to_contain_text(text)
        _sound(page)


@pytest.mark.parametrize("screen", [DESK, PHONE])
def test_what_is_typed_into_the_new_fields_outlasts_a_lost_network(
    chromium: Browser,
    address: str,
    installation: Installation,
    readers: list[Person],
    screen: Any,
) -> None:
    case_id = add_case(installation, readers[1])
    with _as(chromium, address, "radiologist", "es", screen) as context:
        page = context.new_page()
        page.goto(f"/cases/{case_id}")
        page.locator("#finding-positive").check()
        page.locator("#sign_ground_glass").select_option("both")
        page.locator("#sign_ground_glass_upper").check()
        page.locator("label[for=zone_left_lower-2]").click()
        page.route("**/*", lambda route: route.abort())
        page.locator(".reading button.primary").click()
        expect(page.locator("[data-kept-failure]")).to_contain_text("No hay conexión")
        page.unroute("**/*")
        # Five zones are missing: the form comes back with all that was chosen.
        page.locator(".reading button.primary").click()
        expect(page.locator("#extent-error")).to_be_visible()
        expect(page.locator("#sign_ground_glass")).to_have_value("both")
        expect(page.locator("#sign_ground_glass_upper")).to_be_checked()
        expect(page.locator("#zone_left_lower-2")).to_be_checked()
        expect(page.locator("[data-sum]")).to_have_text("Suma: … de 18")
        page.locator("label[for=zone_left_lower-]").click()
        with leading_on(page):
            page.locator(".reading button.primary").click()
    with installation.reading() as session:
        (reading,) = session.query(Reading).all()
    assert reading.signs == [{"code": "ground_glass", "side": "both", "heights": ["upper"]}]
    assert reading.extent is None
