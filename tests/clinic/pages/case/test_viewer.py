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
from sqlalchemy import select

from browsing import settle, signed_in, until
from case_rows import AUDITED_TYPICAL, set_answer
from clinic_factory import add_case, read_blind
from covid_d.clinic.accounts.people import Person
from covid_d.clinic.database.cases import StoredAssessment
from covid_d.clinic.installation import Installation
from covid_d.clinic.roles import Role
from films import dicom, grey16

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


def _audited(place: Installation, doctor: Person, seed: int = 1) -> int:
    """A case whose answer is no demonstration's, which alone has a map to show."""
    case_id = add_case(place, doctor, seed=seed)
    with place.writing() as session:
        set_answer(session.scalars(select(StoredAssessment)).one(), **AUDITED_TYPICAL)
    return case_id


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
    for name in ("Invertir", "Arrastre: ventana"):
        tool = page.get_by_role("button", name=name)
        for pressed in ("true", "false"):
            tool.click()
            assert tool.get_attribute("aria-pressed") == pressed


def test_the_keyboard_alone_does_everything(
    installation: Installation, people: People, page: Page
) -> None:
    _open(page, _audited(installation, people[Role.DOCTOR], seed=2))
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
    _open(page, _audited(installation, people[Role.DOCTOR]))
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
    _open(page, _audited(installation, people[Role.DOCTOR]))
    expect(page.locator("input[name=cover]")).to_have_count(0)
    start = _seen(page)
    page.locator("[data-stage]").focus()
    page.keyboard.press("e")
    np.testing.assert_array_equal(_seen(page), start)
    page.get_by_label("No compatible con COVID-19").check()
    page.get_by_role("button", name="Guardar y ver la respuesta").click()
    expect(page.locator(".outcome")).to_be_visible()
    expect(page.locator("input[name=cover]")).to_have_count(1)


def test_of_a_demonstration_no_key_calls_the_map(
    installation: Installation, people: People, page: Page
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    _open(page, add_case(installation, people[Role.DOCTOR]))
    expect(page.locator("input[name=cover]")).to_have_count(0)
    start = _seen(page)
    page.locator("[data-stage]").focus()
    page.keyboard.press("e")
    np.testing.assert_array_equal(_seen(page), start)
    assert not [url for url in asked if "evidence" in url]


def test_a_phone_zooms_with_two_fingers_and_scrolls_with_one(
    chromium: Browser, address: str, installation: Installation, people: People
) -> None:
    phone: dict[str, Any] = {
        "viewport": {"width": 390, "height": 800},
        "has_touch": True,
        "is_mobile": True,
    }
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
        for path in (installation.folder / "films").rglob("*"):
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


def _drag(page: Page, across: float, at: int = 0) -> None:
    """Drag over the middle of a film, by a share of the stage's width."""
    box = page.locator("[data-stage]").nth(at).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - across * box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(x + across * box["width"] / 2, y, steps=5)
    page.mouse.up()


def _said(page: Page) -> Any:
    return expect(page.locator("[data-status]"))


@pytest.mark.parametrize(("spacing", "length"), [([0.5, 0.5], "100,0 mm"), (None, "200 px")])
def test_lengths_are_in_millimetres_where_the_file_says_how_large_a_pixel_is(
    installation: Installation,
    people: People,
    page: Page,
    spacing: list[float] | None,
    length: str,
) -> None:
    """Half of a film of 400 pixels: 200 of them, of half a millimetre each."""
    elements: dict[str, Any] = {"ImagerPixelSpacing": spacing} if spacing else {}
    film = dicom(grey16(2, bits=12, size=400), **elements)
    _open(page, add_case(installation, people[Role.DOCTOR], films=[film]))
    plain = _seen(page)
    page.keyboard.press("m")
    expect(page.locator("[data-do=measure]")).to_have_attribute("aria-pressed", "true")
    _drag(page, 0.5)
    _said(page).to_contain_text(f"Longitud {length}")
    marked = _seen(page)
    yellow = (marked[..., 0] - marked[..., 2]) > 120
    assert 50 < yellow.sum() < 0.05 * yellow.size, "a line and its number"
    page.keyboard.press("+")
    page.keyboard.press("Delete")
    page.keyboard.press("f")
    page.keyboard.press("m")
    np.testing.assert_array_equal(_seen(page), plain)


def test_a_click_measures_nothing(installation: Installation, people: People, page: Page) -> None:
    _open(page, add_case(installation, people[Role.DOCTOR]))
    plain = _seen(page)
    page.keyboard.press("m")
    page.locator("[data-stage]").click()
    np.testing.assert_array_equal(_seen(page), plain)


def test_four_quarter_turns_are_none_and_a_drag_follows_the_pointer(
    installation: Installation, people: People, page: Page
) -> None:
    _open(page, add_case(installation, people[Role.DOCTOR], seed=2))
    start = _seen(page)
    page.keyboard.press("o")
    once = _seen(page)
    side = min(start.shape[:2])
    # The film is square, and so is what it fills of the stage: a turn is a turn of that square.
    middle = [(length - side) // 2 for length in start.shape[:2]]
    square = np.s_[middle[0] : middle[0] + side, middle[1] : middle[1] + side]
    assert abs(np.rot90(start[square], -1) - once[square]).mean() < 2
    page.keyboard.press("+")
    page.keyboard.press("+")
    zoomed = _seen(page)
    box = page.locator("[data-stage]").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 50, y + 30, steps=4)
    page.mouse.up()
    shifted = np.roll(zoomed, (30, 50), axis=(0, 1))
    inner = np.s_[60:-60, 100:-100]
    assert abs(_seen(page)[inner] - shifted[inner]).mean() < 3
    page.keyboard.press("f")
    for _ in range(3):
        page.keyboard.press("o")
    np.testing.assert_array_equal(_seen(page), start)


def test_one_to_one_shows_the_films_own_pixels(
    installation: Installation, people: People, page: Page
) -> None:
    film = np.tile(np.array([[40, 210], [90, 160]], dtype=np.uint8), (300, 300))
    film[:, :4], film[:4] = 255, 255
    film[:, -4:], film[-4:] = 255, 255
    buffer = io.BytesIO()
    Image.fromarray(film).save(buffer, "PNG")
    _open(page, add_case(installation, people[Role.DOCTOR], films=[buffer.getvalue()]))
    page.keyboard.press("1")
    shown = _seen(page)[..., 0]
    middle = shown[shown.shape[0] // 2 :, shown.shape[1] // 2 :][:40, :40]
    assert set(np.unique(middle)) <= {40, 90, 160, 210}, "no pixel is a mean of two"
    assert len(np.unique(middle)) == 4


def test_the_window_is_told_and_set_in_the_films_own_greys(
    installation: Installation, people: People, page: Page
) -> None:
    values = grey16(2, bits=12, size=300)
    _open(page, add_case(installation, people[Role.DOCTOR], films=[dicom(values)]))
    width = page.locator("input[data-stored=width]")
    level = page.locator("input[data-stored=level]")
    expect(width).to_have_value("4095")
    expect(level).to_have_value("2048")
    width.fill("1000")
    width.press("Enter")
    level.fill("1500")
    level.press("Tab")
    assert _value(page, "width") == round(100 * 1000 / 4095)
    assert _value(page, "level") == round(100 * 1500 / 4095)
    width.fill("999999")
    width.press("Enter")
    expect(width).to_have_value("4095")
    page.locator("h1").click()
    page.keyboard.press("l")
    settle(page)
    lungs = int(level.input_value())
    page.keyboard.press("d")
    settle(page)
    assert int(level.input_value()) > lungs, "bone is brighter than lung"
    page.locator("[data-presets]").select_option("whole")
    expect(width).to_have_value("4095")


def test_keys_need_no_click_and_leave_fields_alone(
    installation: Installation, people: People, page: Page
) -> None:
    _open(page, add_case(installation, people[Role.DOCTOR]))
    page.locator("h1").click()
    page.keyboard.press("i")
    expect(page.locator("[data-do=invert]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("+")
    page.locator("input[name=level]").focus()
    zoomed = _seen(page)
    page.keyboard.press("i")
    expect(page.locator("[data-do=invert]")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("ArrowRight")
    assert _value(page, "level") == 51, "a slider's arrows are its own"
    assert abs(_seen(page) - zoomed).mean() > 1
    page.keyboard.press("f")
    page.locator("input[data-stored=width]").focus()
    page.keyboard.press("1")
    assert page.evaluate("document.querySelector('.zoomed')") is None


def test_the_question_mark_lists_the_keys(
    installation: Installation, people: People, page: Page
) -> None:
    _open(page, add_case(installation, people[Role.DOCTOR]))
    start = _seen(page)
    page.keyboard.press("?")
    dialog = page.locator("[data-keys]")
    expect(dialog).to_be_visible()
    for words in ("medir", "girar", "pantalla completa", "Ratón"):
        expect(dialog).to_contain_text(words)
    page.keyboard.press("i")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    np.testing.assert_array_equal(_seen(page), start)


def test_the_whole_screen_and_back(installation: Installation, people: People, page: Page) -> None:
    _open(page, add_case(installation, people[Role.DOCTOR]))
    before = page.locator("[data-stage]").bounding_box()
    page.keyboard.press("p")
    expect(page.locator(".viewer.filling")).to_have_count(1)
    until(page, "document.querySelector('[data-stage]').clientHeight > window.innerHeight * 0.8")
    expect(page.locator(".viewer-tools")).to_be_visible()
    page.keyboard.press("p")
    expect(page.locator(".viewer.filling")).to_have_count(0)
    until(page, "document.fullscreenElement === null")
    settle(page)
    assert page.locator("[data-stage]").bounding_box() == before
