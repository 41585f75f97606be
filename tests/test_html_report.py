from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import pytest
from matplotlib.figure import Figure

from covid_d.html_report import Drawing, Page, Picture, Section, Table, png_of
from covid_d.language import INTENDED_USE

PNG = png_of(Figure(figsize=(1, 1)), dpi=20)


class _Reader(HTMLParser):
    """Collects what a browser would load, the headings, and checks that tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.open: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.loads += [value for name in ("src", "href") if (value := found.get(name))]
        if tag == "img":
            self.images.append(found)
        if tag not in {"meta", "img", "br", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _read(page: Page) -> tuple[_Reader, str]:
    html = page.to_html()
    reader = _Reader()
    reader.feed(html)
    assert reader.open == []
    return reader, html


def _page(**changes: object) -> Page:
    values = {
        "title": "Report",
        "sections": [
            Section(
                "Films",
                paragraphs=["One paragraph."],
                tables=[Table(("Source", "n"), [("cohen", 12)], caption="By source")],
                pictures=[Picture(PNG, "A plot")],
            )
        ],
        **changes,
    }
    return Page(**values)  # type: ignore[arg-type]


def test_page_is_one_document_that_loads_nothing() -> None:
    reader, html = _read(_page())
    assert html.startswith("<!doctype html>")
    assert all(address.startswith("data:image/png;base64,") for address in reader.loads)
    assert len(reader.loads) == 1
    assert not re.search(r"https?://|@import|url\(|<script|<link", html)


def test_page_shows_everything_it_was_given() -> None:
    reader, _ = _read(_page(notices=["Demonstration only."]))
    text = " ".join(part.strip() for part in reader.text if part.strip())
    for part in ("Report", "Films", "One paragraph.", "By source", "cohen", "12", "A plot"):
        assert part in text
    assert text.index("Demonstration only.") < text.index("Films")


def test_pictures_have_their_caption_as_alternative_text() -> None:
    reader, _ = _read(_page())
    assert reader.images[0]["alt"] == "A plot"
    source = reader.images[0]["src"]
    assert source is not None
    assert base64.b64decode(source.partition(",")[2]) == PNG


def test_text_is_never_taken_for_markup() -> None:
    evil = "<script>alert('x')</script>"
    reader, html = _read(
        _page(
            title=evil,
            notices=[evil],
            sections=[
                Section(evil, [evil], [Table((evil,), [(evil,)], evil)], [Picture(PNG, evil + '"')])
            ],
        )
    )
    assert "<script" not in html
    assert "".join(reader.text).count("alert('x')") >= 7


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_page_states_the_intended_use_in_its_language(language: str) -> None:
    _, html = _read(_page(language=language))
    assert f'<html lang="{language}">' in html
    assert INTENDED_USE.in_language(language) in html  # type: ignore[arg-type]


def test_numbers_stand_to_the_right_and_words_to_the_left() -> None:
    rows = [("cohen", 12, 0.5, "50 %", "-3", "0.91 (0.88 to 0.94)", True)]
    header = ("Source", "n", "x", "share", "change", "AUROC", "flag")
    html = _page(sections=[Section("S", tables=[Table(header, rows)])]).to_html()
    cells = re.findall(r"<td( class=\"number\")?>([^<]*)</td>", html)
    assert [value for number, value in cells if number] == ["12", "0.5", "50 %", "-3"]
    assert next(value for number, value in cells if not number) == "cohen"


def test_tables_can_be_reached_and_scrolled_by_keyboard() -> None:
    html = _page().to_html()
    assert 'tabindex="0" role="region" aria-label="By source"' in html
    assert '<th scope="col"' in html
    assert 'name="viewport"' in html


def test_png_of_is_repeatable() -> None:
    def draw() -> bytes:
        figure = Figure()
        figure.subplots().plot([1, 2, 3])
        return png_of(figure)

    assert draw() == draw()
    assert draw().startswith(b"\x89PNG")
    assert b"matplotlib" not in draw().lower()


def test_a_drawing_is_part_of_the_page() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" role="img"><text>A &amp; B</text></svg>'
    reader, html = _read(_page(sections=[Section("Bars", drawings=[Drawing(svg)])]))
    assert svg in html
    assert "A & B" in reader.text
    assert reader.loads == []


def test_a_number_with_parted_thousands_stands_to_the_right() -> None:
    table = Table(("Source", "n"), [("cohen", "12\u202f345")])
    _, html = _read(_page(sections=[Section("Films", tables=[table])]))
    assert '<td class="number">12\u202f345</td>' in html


def test_a_column_of_words_and_numbers_stands_to_the_left() -> None:
    table = Table(["item", "value"], [("folder", "films"), ("films", "92"), ("share", "0.1")])
    assert table.numbers == (False, False)
    assert 'class="number"' not in Page("t", [Section("s", tables=[table])]).to_html()


def test_a_dash_stands_among_its_numbers() -> None:
    table = Table(["group", "distance"], [("north", "–"), ("south", "0.12")])
    assert table.numbers == (False, True)
    html = Page("t", [Section("s", tables=[table])]).to_html()
    assert '<td class="number">–</td>' in html
    assert '<th scope="col" class="number">distance</th>' in html
    assert Table(["a", "b"], [("x", "–"), ("y", "–")]).numbers == (False, False)
    assert Table(["a", "b"], []).numbers == (False, False)
