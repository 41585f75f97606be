"""The map of tiles: every province once, its number in it, shades by count."""

from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree

import pytest

from covid_d.clinic.cases.value_sets import PROVINCES
from covid_d.clinic.pages.dashboard.province_map import TILES, province_map
from covid_d.clinic.statistics.table import HIDDEN, Column, FigureTable
from covid_d.language import N_

SVG = "{http://www.w3.org/2000/svg}"
TABLE = FigureTable(
    "provinces",
    N_("Cases by province"),
    (Column("province", N_("Province")), Column("cases", N_("Cases"), "count")),
    [("Guayas", 200), ("Pichincha", 100), ("Loja", HIDDEN), ("Azuay", 0)],
)


@pytest.fixture(scope="module")
def drawn() -> dict[str, tuple[str, float]]:
    """What is written in each tile, and its shade."""
    root = ElementTree.fromstring(province_map(TABLE, "en"))
    assert root.get("aria-label") == "Cases by province"
    found = {}
    for tile in root.iter(f"{SVG}g"):
        name, _, said = (tile.findtext(f"{SVG}title") or "").partition(": ")
        rect = tile.find(f"{SVG}rect")
        assert rect is not None
        assert tile.findall(f"{SVG}text")[1].text == said
        found[name] = (said, float(rect.get("fill-opacity", -1)))
    return found


def test_every_province_has_one_tile() -> None:
    assert set(TILES) == set(PROVINCES)
    places = [(column, row) for column, row, _ in TILES.values()]
    assert len(set(places)) == len(places) == 24
    assert len({short for *_, short in TILES.values()}) == 24


def test_neighbours_lie_beside_each_other() -> None:
    """Pairs that share a border, of all corners of the country."""
    for a, b in [
        ("Guayas", "Santa Elena"),
        ("Pichincha", "Imbabura"),
        ("Imbabura", "Carchi"),
        ("Cañar", "Azuay"),
        ("Loja", "Zamora Chinchipe"),
        ("Loja", "El Oro"),
        ("Pichincha", "Santo Domingo de los Tsáchilas"),
        ("Napo", "Orellana"),
        ("Guayas", "Bolívar"),
        ("Chimborazo", "Tungurahua"),
    ]:
        (x1, y1, _), (x2, y2, _) = TILES[a], TILES[b]
        assert max(abs(x1 - x2), abs(y1 - y2)) == 1, (a, b)


def test_tiles_hold_their_numbers(drawn: dict[str, tuple[str, float]]) -> None:
    assert {name: said for name, (said, _) in drawn.items() if said != "0"} == {
        "Guayas": "200",
        "Pichincha": "100",
        "Loja": "*",
    }


def test_more_cases_are_darker_and_none_is_blank(drawn: dict[str, tuple[str, float]]) -> None:
    shade = {name: found[1] for name, found in drawn.items()}
    assert shade["Guayas"] == pytest.approx(0.55)
    assert shade["Pichincha"] == pytest.approx(0.1 + 0.45 / 2, abs=0.01)
    assert shade["Loja"] == shade["Azuay"] == shade["Napo"] == 0, "a hidden count has no shade"


def test_nothing_lies_on_something_else() -> None:
    root = ElementTree.fromstring(province_map(TABLE, "es"))
    boxes = [
        tuple(float(rect.get(name, 0)) for name in ("x", "y", "width", "height"))
        for rect in root.iter(f"{SVG}rect")
    ]
    for (x1, y1, w1, h1), (x2, y2, w2, h2) in combinations(boxes, 2):
        assert x1 + w1 <= x2 or x2 + w2 <= x1 or y1 + h1 <= y2 or y2 + h2 <= y1
    _, _, width, height = map(float, root.get("viewBox", "").split())
    assert all(x + w <= width and y + h <= height for x, y, w, h in boxes)


def test_an_empty_table_is_an_empty_map() -> None:
    empty = FigureTable("provinces", TABLE.title, TABLE.columns, [])
    assert province_map(empty, "en").count("<g>") == 24
