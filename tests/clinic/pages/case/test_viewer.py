"""The film viewer in a real browser: what people do changes the very pixels they see."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from browsing import settle, signed_in, until
from clinic_factory import add_case, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role

People = dict[Role, Person]


@pytest.fixture
def page(chromium: Browser, address: str, people: People) -> Iterator[Page]:
    """A doctor's page that fails the test on any script error."""
    errors: list[str] = []
    with signed_in(chromium, address, viewport={"width": 1000, "height": 1500}) as context:
        opened = context.new_page()
        opened.on("pageerror", lambda error: errors.append(str(error)))
        opened.on("console", lambda line: errors.extend([line.text] * (line.type == "error")))
        yield opened
    assert errors == []


def _open(page: Page, case_id: int) -> None:
    page.goto(f"/cases/{case_id}")
    page.wait_for_selector("[data-viewer][data-ready]")
    settle(page)


def _seen(page: Page) -> np.ndarray:
    """The canvas's pixels, rows x columns x RGB."""
    settle(page)
    address = page.evaluate("document.querySelector('[data-stage] canvas').toDataURL()")
    with Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.int16)


def _value(page: Page, name: str) -> int:
    """What a slider says once the viewer has drawn."""
    settle(page)
    return int(page.locator(f"input[name={name}]").input_value())


def _deep_film() -> bytes:
    """16 bits; its halves differ by less than a step of 8 bits."""
    values = np.full((400, 400), 20000, dtype=np.uint16)
    values[:, 200:] = 20100
    values[0, 0], values[0, 1] = 0, 65535
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_window_reaches_below_eight_bits(
    installation: Installation, people: People, page: Page
) -> None:
    _open(page, add_case(installation, people[Role.DOCTOR], films=[_deep_film()]))
    whole = _seen(page)
    rows, columns = whole.shape[:2]
    middle, left, right = rows // 2, columns // 4, 3 * columns // 4
    assert abs(whole[middle, left] - whole[middle, right]).max() <= 1
    page.locator("input[name=width]").fill("1")
    page.locator("input[name=level]").fill("31")
    narrow = _seen(page)
    assert (narrow[middle, right] - narrow[middle, left]).min() >= 30


def test_inverting_turns_every_grey_round_and_back(
    installation: Installation, people: People, page: Page
) -> None:
    _open(page, add_case(installation, people[Role.DOCTOR]))
    before = _seen(page)
    button = page.get_by_role("button", name="Invertir")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    inverted = _seen(page)
    middle = np.s_[100:-100, 100:-100]
    assert abs(before[middle] + inverted[middle] - 255).max() <= 2
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    np.testing.assert_array_equal(_seen(page), before)


def test_a_tool_says_at_once_that_it_is_pressed(
    installation: Installation, people: People, page: Page
) -> None:
    """Whoever hears the page is told with the press, however long the film takes to draw."""
    _open(page, add_case(installation, people[Role.DOCTOR]))
    page.evaluate("window.requestAnimationFrame = () => 1")
    for name in ("Invertir", "Arrastrar cambia la ventana"):
        tool = page.get_by_role("button", name=name)
        for pressed in ("true", "false"):
            tool.click()
            assert tool.get_attribute("aria-pressed") == pressed


def test_the_keyboard_alone_does_everything(
    installation: Installation, people: People, page: Page
) -> None:
    _open(page, add_case(installation, people[Role.DOCTOR], seed=2))
    stage = page.locator("[data-stage]")
    # Reached by Tab like any control, backwards from the first tool after it.
    page.locator("[data-do=in]").focus()
    page.keyboard.press("Shift+Tab")
    assert stage.evaluate("stage => stage === document.activeElement")
    start = _seen(page)
    page.keyboard.press("i")
    assert abs(_seen(page) - start).mean() > 5
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowUp")
    assert (_value(page, "width"), _value(page, "level")) == (98, 52)
    page.keyboard.press("a")
    assert _value(page, "width") < 98
    page.keyboard.press("+")
    page.keyboard.press("+")
    zoomed = _seen(page)
    page.keyboard.press("ArrowRight")
    assert abs(_seen(page) - zoomed).mean() > 0.5
    page.keyboard.press("e")
    until(page, "document.querySelector('output[data-of=cover]').value === '50 %'")
    page.keyboard.press("r")
    np.testing.assert_array_equal(_seen(page), start)
    assert _value(page, "cover") == 0


def test_keys_belong_to_the_page_outside_the_viewer(
    installation: Installation, people: People, page: Page
) -> None:
    _open(page, add_case(installation, people[Role.DOCTOR]))
    before = _seen(page)
    page.locator("#notes").press_sequentially("infiltrado +")
    np.testing.assert_array_equal(_seen(page), before)
    expect(page.locator("#notes")).to_have_value("infiltrado +")


def test_wheel_and_drag(installation: Installation, people: People, page: Page) -> None:
    _open(page, add_case(installation, people[Role.DOCTOR]))
    box = page.locator("[data-stage]").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    start = _seen(page)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -300)
    until(page, "document.querySelector('[data-stage]').classList.contains('zoomed')")
    zoomed = _seen(page)
    assert abs(zoomed - start).mean() > 1
    page.mouse.down()
    page.mouse.move(x + 80, y + 40, steps=4)
    page.mouse.up()
    moved = _seen(page)
    shifted = np.roll(zoomed, (40, 80), axis=(0, 1))
    inner = np.s_[60:-60, 100:-100]
    assert abs(moved[inner] - shifted[inner]).mean() < 3, "the film follows the pointer"
    page.mouse.move(x, y)
    page.mouse.down(button="right")
    page.mouse.move(x - 60, y, steps=3)
    page.mouse.up(button="right")
    assert _value(page, "width") < 100
    page.get_by_role("button", name="Restablecer").click()
    np.testing.assert_array_equal(_seen(page), start)


def test_the_evidence_is_off_at_first_and_fetched_when_wanted(
    installation: Installation, people: People, page: Page
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    _open(page, add_case(installation, people[Role.DOCTOR]))
    plain = _seen(page)
    assert (plain[..., 0] == plain[..., 2]).all(), "grey only"
    assert not [url for url in asked if "evidence" in url]
    with page.expect_response("**/evidence.png"):
        page.locator("input[name=cover]").fill("70")
    until(
        page,
        """(() => { const c = document.querySelector('[data-stage] canvas');
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        return d.some((v, at) => at % 4 === 0 && v !== d[at + 2]); })()""",
    )
    page.locator("input[name=cover]").fill("0")
    np.testing.assert_array_equal(_seen(page), plain)


def test_before_the_own_reading_there_is_no_evidence_to_show(
    installation: Installation, people: People, page: Page
) -> None:
    read_blind(installation)
    _open(page, add_case(installation, people[Role.DOCTOR]))
    expect(page.locator("input[name=cover]")).to_have_count(0)
    start = _seen(page)
    page.locator("[data-stage]").focus()
    page.keyboard.press("e")
    np.testing.assert_array_equal(_seen(page), start)
    page.get_by_label("No compatible con COVID-19").check()
    page.get_by_role("button", name="Guardar y ver la respuesta").click()
    expect(page.locator(".outcome")).to_be_visible()
    expect(page.locator("input[name=cover]")).to_have_count(1)


def test_a_phone_zooms_with_two_fingers_and_scrolls_with_one(
    chromium: Browser, address: str, installation: Installation, people: People
) -> None:
    phone = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
    case_id = add_case(installation, people[Role.DOCTOR])
    with signed_in(chromium, address, **phone) as context:
        page = context.new_page()
        _open(page, case_id)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        stage = page.locator("[data-stage]")
        stage.scroll_into_view_if_needed()
        expect(stage).to_have_css("touch-action", "pan-y")
        before = _seen(page)
        _spread_two_fingers(page)
        until(page, "document.querySelector('[data-stage]').classList.contains('zoomed')")
        assert abs(_seen(page) - before).mean() > 1
        expect(stage).to_have_css("touch-action", "none")


def _spread_two_fingers(page: Page) -> None:
    box = page.locator("[data-stage]").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, spread: float) -> None:
        points = [{"x": x + side * spread, "y": y, "id": at} for at, side in enumerate((-1, 1))]
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [] if kind == "touchEnd" else points},
        )

    fingers("touchStart", 30)
    for spread in (40, 60, 80):
        fingers("touchMove", spread)
    fingers("touchEnd", 0)


def test_without_scripts_the_film_is_a_plain_picture(
    chromium: Browser, address: str, installation: Installation, people: People
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])
    with signed_in(chromium, address, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"/cases/{case_id}")
        picture = page.locator("[data-stage] img")
        expect(picture).to_be_visible()
        box = picture.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 200
        expect(page.get_by_role("button", name="Invertir")).to_be_hidden()
        page.get_by_label("No compatible con COVID-19").check()
        page.get_by_role("button", name="Guardar la lectura").click()
        expect(page.get_by_text("Su lectura se guardó.")).to_be_visible()


def test_a_film_that_goes_missing_under_the_page_is_said(
    chromium: Browser, address: str, installation: Installation, people: People
) -> None:
    case_id = add_case(installation, people[Role.DOCTOR])

    def remove(route: Any) -> None:
        for path in installation.films.folder.rglob("*"):
            if path.is_file():
                path.unlink()
        route.continue_()

    with signed_in(chromium, address) as context:
        page = context.new_page()
        page.route("**/values", remove)
        page.goto(f"/cases/{case_id}")
        missing = "La radiografía ya no está en la carpeta del servidor."
        expect(page.locator("[data-message]")).to_be_visible()
        expect(page.locator("[data-message]")).to_contain_text(missing)
        expect(page.locator(".outcome")).to_be_visible()
