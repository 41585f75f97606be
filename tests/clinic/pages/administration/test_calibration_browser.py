"""The clinic's own table in a real browser: its figures reckoned again, on, off, and refused."""

from __future__ import annotations

import math
import os
import re
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from scipy.optimize import minimize
from sqlalchemy import select

from browsing import leading_on
from browsing import signed_in as signed_in_browser
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.calibration.record import CalibrationRecord
from covid_d.clinic.database.figures import LocalCalibration
from covid_d.clinic.http.render import LANGUAGE_COOKIE
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from simulated_cases import EVEN, TRUE_COVID, TRUE_OTHER, simulated, use_audited, write_simulated

CASES, DAYS, TURNED = 900, 200, 300
# What the pages say: the way there, that it helps, on, off, published studies, and the refusal.
WORDS = {
    "es": (
        "Ver si ayuda", "Ayuda: el intervalo de la ganancia", "Activarla", "Retirarla",
        "Estudios publicados", "el intervalo de la ganancia llega a cero",
    ),
    "en": (
        "See whether it helps", "It helps: the interval of the gain", "Switch it on",
        "Take it back", "Published studies", "the interval of the gain reaches zero",
    ),
}  # fmt: skip
# Typical, and the rest in order: films of Hare 2020 and Smith 2020, and one of the prior each.
PUBLISHED_COVID = np.array([*(np.array([9, 8, 14]) / 31 * (198 / 252)), 54 / 252])
PUBLISHED_OTHER = np.array([*(np.array([29, 11, 13]) / 53 * (221 / 228)), 7 / 228])


@pytest.fixture
def bundle(installation: Installation, people: dict[Role, Person], tmp_path: Path) -> str:
    return use_audited(installation, tmp_path, people[Role.ADMINISTRATOR].id)


def _likeliest(films: np.ndarray) -> np.ndarray:
    """Return a group's frequencies by a general optimiser, with half a film of each category."""

    def loss(free: np.ndarray) -> float:
        share = np.exp(np.append(free, 0.0))
        share /= share.sum()
        return float(-np.log(films @ share).sum() - 0.5 * np.log(share).sum())

    share = np.exp(np.append(minimize(loss, np.zeros(3), tol=1e-12).x, 0.0))
    found: np.ndarray = share / share.sum()
    return found


def _reckoned(looks: np.ndarray, positive: np.ndarray, day: np.ndarray) -> tuple[Any, ...]:
    """Return what each table is worth on the later third: two means, the gain and its interval."""
    early = day <= np.sort(day)[math.ceil(len(day) * 2 / 3) - 1]
    films = looks / np.array(EVEN)
    own = [_likeliest(films[early & group]) for group in (positive, ~positive)]
    prevalence = (positive[early].sum() + 0.5) / (early.sum() + 1)
    logs = []
    for covid, other in ((PUBLISHED_COVID, PUBLISHED_OTHER), own):
        ratio = (films[~early] @ covid) / (films[~early] @ other)
        probability = prevalence * ratio / (prevalence * ratio + 1 - prevalence)
        sick = positive[~early]
        logs.append(np.log(np.where(sick, probability, 1 - probability)))
    gains = logs[1] - logs[0]
    half = 1.96 * gains.std(ddof=1) / math.sqrt(len(gains))
    return (*(one.mean() for one in logs), gains.mean(), gains.mean() - half, gains.mean() + half)


def _numbers(cell: Locator) -> list[float]:
    """Return a cell's numbers, however the language writes them."""
    text = cell.inner_text().replace(",", ".").replace("\N{MINUS SIGN}", "-")
    return [float(number) for number in re.findall(r"-?\d+\.\d+", text)]


def _shown(page: Page) -> list[float]:
    """Return what the page says of both tables: two means, the gain and its interval."""
    rows = page.locator("section:has(#offered) .worth tbody tr")
    means = [_numbers(rows.first.locator("td").nth(place))[0] for place in (0, 1)]
    return [*means, *_numbers(rows.last.locator("td").last)]


def _go(page: Page, address: str, language: str) -> None:
    """Turn the page's language, and go to the table from the models."""
    cookie: Any = {"name": LANGUAGE_COOKIE, "value": language, "url": address}
    page.context.add_cookies([cookie])
    page.goto("/bundles")
    with page.expect_navigation() as led:
        page.get_by_role("link", name=WORDS[language][0]).click()
    assert led.value.status == 200, led.value.text()


def _in_use(installation: Installation) -> str | None:
    """Return the name of the table that answers, without fitting one anew."""
    with installation.reading() as session:
        rows = list(session.scalars(select(LocalCalibration)))
    on = [CalibrationRecord.from_dict(row.record).name for row in rows if row.ended_at is None]
    assert len(on) <= 1
    return on[0] if on else None


def _look(page: Page, name: str) -> None:
    """Nothing runs out of either screen; both tables' figures are seen without scrolling one."""
    for width in (375, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        for table in page.locator(".worth").all():
            assert table.evaluate("one => one.scrollWidth <= one.clientWidth"), name
        folder = os.environ.get("COVID_D_PICTURES")
        if folder:
            page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)


def test_it_raises_the_likelihood_of_later_cases_and_is_refused_where_it_would_not(
    chromium: Browser,
    address: str,
    installation: Installation,
    bundle: str,
    people: dict[Role, Person],
) -> None:
    doctor = people[Role.DOCTOR].id
    write_simulated(installation, bundle, CASES, user_id=doctor, days=DAYS)
    looks, positive = simulated(np.random.default_rng(1), CASES)
    day = np.arange(CASES) * DAYS // CASES
    before, after, gain, low, high = _reckoned(looks, positive, day)
    assert after > before
    assert low > 0, "the simulated disease is unlike that of the studies"
    faults: list[str] = []
    administrator = people[Role.ADMINISTRATOR].username
    with signed_in_browser(chromium, address, username=administrator) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        for language, (_, helps, on, off, published, _) in WORDS.items():
            _go(page, address, language)
            assert _shown(page) == pytest.approx([before, after, gain, low, high], abs=6e-4)
            expect(page.get_by_text(helps)).to_be_visible()
            _look(page, f"calibration-{language}")
            with leading_on(page):
                page.get_by_role("button", name=on).click()
            table = _in_use(installation)
            assert table is not None
            expect(page.locator("section:has(#in-use) code")).to_have_text(table)
            _look(page, f"calibration-{language}-on")
            with leading_on(page):
                page.get_by_role("button", name=off).click()
            expect(page.locator("section:has(#in-use) strong")).to_have_text(published)
            assert _in_use(installation) is None

        # The button is on the screen; then films of a few days say the reverse.
        turned = {"with_covid": TRUE_OTHER, "without": TRUE_COVID}
        write_simulated(
            installation, bundle, TURNED, user_id=doctor, seed=6, days=4, like=turned,
            last=date(2026, 11, 28),
        )  # fmt: skip
        later, sick = simulated(np.random.default_rng(6), TURNED, **turned)  # type: ignore[arg-type]
        worse = _reckoned(
            np.concatenate([looks, later]),
            np.concatenate([positive, sick]),
            np.concatenate([day, DAYS + np.arange(TURNED) * 4 // TURNED]),
        )
        assert worse[1] < worse[0]
        with leading_on(page):
            page.get_by_role("button", name=WORDS["en"][2]).click()
        expect(page.get_by_role("alert")).to_contain_text(WORDS["en"][5])
        assert _in_use(installation) is None
        for language, (_, helps, on, _, published, refusal) in WORDS.items():
            _go(page, address, language)
            assert _shown(page) == pytest.approx(list(worse), abs=6e-4)
            expect(page.locator("#refusal")).to_contain_text(refusal)
            expect(page.get_by_text(helps)).to_have_count(0)
            expect(page.get_by_role("button", name=on)).to_have_count(0)
            expect(page.locator("section:has(#in-use) strong")).to_have_text(published)
            _look(page, f"calibration-refused-{language}")
    assert faults == []
