"""Three clinics' files in a real browser: what the ministry's page says is their cases pooled."""

from __future__ import annotations

import json
import math
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from scipy.optimize import minimize_scalar

from browsing import leading_on
from browsing import signed_in as signed_in_browser
from clinic_clock import today
from clinic_factory import add_unit, add_user
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.federation.export import export
from covid_d.clinic.federation.signing import public_key
from covid_d.clinic.http.render import LANGUAGE_COOKIE
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from covid_d.clinic.settings import ClinicSettings
from covid_d.clinic.trail.audit_trail import Actor
from episode_factory import Told, write

LAST_MONTH = today().replace(day=1) - timedelta(days=1)
# Answers to cases with COVID-19 and to cases without it: positive, negative, inconclusive.
CLINICS = {
    "Cuenca": ((34, 9, 6), (7, 41, 5)),
    "Loja": ((15, 12, 5), (5, 19, 8)),
    "Quito": ((48, 6, 11), (13, 52, 7)),
}
SCORES = (0.9, 0.1, 0.5)
WIDTHS = (1280, 375)
# What the pages say: who has no vouched key, the button, the name of the sums.
WORDS = {
    "es": ("Nadie respondió por las claves de: Cuenca, Loja, Quito.", "Comprobar y reunir"),
    "en": ("Nobody vouched for the keys of: Cuenca, Loja, Quito.", "Check and merge"),
}


@pytest.fixture
def files(clinic_settings: ClinicSettings, tmp_path: Path) -> list[Path]:
    """What three clinics sent, each from a folder and a database of its own."""
    written = []
    for number, (name, answers) in enumerate(CLINICS.items()):
        chosen = clinic_settings.model_copy(update={"data": tmp_path / f"clinic{number}"})
        place = Installation.open(chosen)
        add_unit(place, f"Hospital {name}")
        user = add_user(place, "sender", Role.DOCTOR, unit=f"Hospital {name}")
        told = [
            Told(day=LAST_MONTH, answers=(score,), rt_pcr=truth)
            for truth, counts in zip(("positive", "negative"), answers, strict=True)
            for score, count in zip(SCORES, counts, strict=True)
            for _ in range(count)
        ]
        write(place, told, user_id=user.id)
        written.append(tmp_path / f"{name}.json")
        written[-1].write_text(json.dumps(export(place, Actor(user.id), name)), "utf-8")
        place.close()
    return written


def _wilson(hits: int, total: int) -> tuple[float, float]:
    """Return the interval as Wilson's paper has it: where the score test just rejects."""
    z2, share = 1.959964**2, hits / total
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = math.sqrt(z2 * (share * (1 - share) + z2 / (4 * total)) / total) / (1 + z2 / total)
    return middle - half, middle + half


def _middle(hits: list[int], totals: list[int]) -> float:
    """Return the random-effects middle, its variance where the restricted likelihood is highest."""
    yes, no = np.array(hits), np.array(totals) - np.array(hits)
    logit, within = np.log(yes / no), 1 / yes + 1 / no

    def middle(tau2: float) -> float:
        weights = 1 / (within + tau2)
        return float(weights @ logit / weights.sum())

    def loss(tau2: float) -> float:
        spread = within + tau2
        away = (logit - middle(tau2)) ** 2 / spread
        return float(np.log(spread).sum() + np.log((1 / spread).sum()) + away.sum())

    best = minimize_scalar(loss, bounds=(0, 10), method="bounded", options={"xatol": 1e-10}).x
    best = 0.0 if loss(0.0) <= loss(best) else best
    return 1 / (1 + math.exp(-middle(best)))


def _row(page: Page, table: str, head: str | int) -> list[list[float]]:
    """Return the numbers of each cell of one row; shares as on the page, in per cent."""
    rows = page.locator(f"section:has(#{table}-title) tbody tr")
    row = rows.nth(head) if isinstance(head, int) else rows.filter(has_text=head)
    cells = row.locator("td").all_inner_texts()
    return [[float(number) for number in re.findall(r"\d+", cell)] for cell in cells]


def _share(hits: int, total: int) -> list[float]:
    """Return a share, its interval and its number as a page shows them."""
    return [*(round(100 * x) for x in (hits / total, *_wilson(hits, total))), total]


def _check_figures(page: Page) -> None:
    """Hold what the page says against the cases of all clinics, counted one by one."""
    sick, well = (np.array([one[place] for one in CLINICS.values()]) for place in (0, 1))
    for place, name in enumerate(CLINICS):
        found = _row(page, "clinics", name)
        assert [cell[0] for cell in found[:4]] == [
            sick[place].sum(), well[place].sum(), 0, sick[place][2] + well[place][2],
        ]  # fmt: skip
        assert found[4] == _share(int(sick[place][0]), int(sick[place][:2].sum()))
        assert found[5] == _share(int(well[place][1]), int(well[place][:2].sum()))
        assert found[6] == [0], "nothing is hidden, so nothing is left out"
    pooled = (
        (sick[:, 0], sick[:, :2].sum(axis=1)),
        (well[:, 1], well[:, :2].sum(axis=1)),
        (sick[:, 0], sick.sum(axis=1)),
        (well[:, 1], well.sum(axis=1)),
    )
    for number, (hits, totals) in enumerate(pooled):
        found = _row(page, "pooled", number)
        assert found[0] == _share(int(hits.sum()), int(totals.sum()))
        assert found[1][0] == round(100 * _middle(hits.tolist(), totals.tolist()))
        assert found[-1] == [len(CLINICS)]


@pytest.mark.only_on("sqlite")
def test_three_clinics_files_are_their_cases_pooled(
    chromium: Browser,
    address: str,
    installation: Installation,
    people: dict[Role, Person],
    files: list[Path],
) -> None:
    faults: list[str] = []
    size: ViewportSize = {"width": WIDTHS[0], "height": 800}
    ministry = people[Role.ADMINISTRATOR].username
    with signed_in_browser(chromium, address, username=ministry, viewport=size) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        for language, (unknown, merge) in WORDS.items():
            cookie: Any = {"name": LANGUAGE_COOKIE, "value": language, "url": address}
            context.add_cookies([cookie])
            page.goto("/federation")
            page.locator("input[type=file]").set_input_files([str(file) for file in files])
            with leading_on(page):
                page.get_by_role("button", name=merge).click()
            expect(page.get_by_text(unknown)).to_be_visible()
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                page.reload()
                _check_figures(page)
                _check_layout(page, installation, width)
                folder = os.environ.get("COVID_D_PICTURES")
                if folder:
                    name = f"{folder}/federation-{language}-{width}.png"
                    page.screenshot(path=name, full_page=True)
            page.set_viewport_size(size)
    assert faults == []


def _check_layout(page: Page, installation: Installation, width: int) -> None:
    """The forest is drawn; the key (one long word) and the field for files stay on the screen."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.locator("svg[role=img]")).to_have_count(2)
    box = page.locator("svg[role=img] polygon").first.bounding_box()
    assert box is not None
    assert box["width"] > 5
    spaces = page.locator("td.number").evaluate_all(
        "all => [...new Set(all.map(one => getComputedStyle(one).whiteSpace))]"
    )
    assert spaces == ["nowrap"], "a number is not parted from its sign"
    expect(page.locator(".help code")).to_have_text(public_key(installation.keys))
    for place in ("input[type=file]", ".help code"):
        box = page.locator(place).bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width, place
