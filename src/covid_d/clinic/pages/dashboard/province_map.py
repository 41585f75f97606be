"""The provinces of Ecuador as a map of tiles, one a province, in about their places; SVG.

A tile's shade is its count of cases; its number is written in it, so that nobody needs to tell
shades apart. Colours are those of the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from covid_d.clinic.statistics.table import Cell, FigureTable, Hidden
from covid_d.language import Language

_SIDE: Final = 62
_GAP: Final = 4
# Province: column, row, and what is written in the tile.
TILES: Final[Mapping[str, tuple[int, int, str]]] = {
    "Galápagos": (0, 0, "Gal"),
    "Esmeraldas": (2, 0, "Esm"),
    "Imbabura": (3, 0, "Imb"),
    "Carchi": (4, 0, "Car"),
    "Sucumbíos": (5, 0, "Suc"),
    "Manabí": (1, 1, "Man"),
    "Santo Domingo de los Tsáchilas": (2, 1, "S. Dgo"),
    "Pichincha": (3, 1, "Pic"),
    "Napo": (4, 1, "Nap"),
    "Orellana": (5, 1, "Ore"),
    "Los Ríos": (2, 2, "Ríos"),
    "Cotopaxi": (3, 2, "Cot"),
    "Tungurahua": (4, 2, "Tun"),
    "Pastaza": (5, 2, "Pas"),
    "Santa Elena": (0, 3, "S. Elena"),
    "Guayas": (1, 3, "Gua"),
    "Bolívar": (2, 3, "Bol"),
    "Chimborazo": (3, 3, "Chi"),
    "Morona Santiago": (4, 3, "Mor"),
    "Cañar": (2, 4, "Cañ"),
    "Azuay": (3, 4, "Azu"),
    "El Oro": (1, 5, "Oro"),
    "Loja": (2, 5, "Loj"),
    "Zamora Chinchipe": (3, 5, "Zam"),
}
_COLUMNS: Final = 1 + max(column for column, _, _ in TILES.values())
_ROWS: Final = 1 + max(row for _, row, _ in TILES.values())
_LIGHTEST: Final = 0.1
_DARKEST: Final = 0.55


def province_map(table: FigureTable, language: Language) -> str:
    """Return the map of a table of provinces.

    Parameters
    ----------
    table
        Whose first column is a province and whose second one its cases.
    language
        Of the title.
    """
    found: dict[str, Cell] = {str(row[0]): row[1] for row in table.rows}
    most = max((count for count in found.values() if isinstance(count, int)), default=0)
    width, height = _COLUMNS * (_SIDE + _GAP), _ROWS * (_SIDE + _GAP)
    title = table.title.in_language(language)
    tiles = "".join(_tile(name, *place, found.get(name, 0), most) for name, place in TILES.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'class="province-map" aria-label={quoteattr(title)} font-family="inherit">{tiles}</svg>'
    )


def _tile(name: str, column: int, row: int, short: str, count: Cell, most: int) -> str:
    x, y = column * (_SIDE + _GAP), row * (_SIDE + _GAP)
    number = count if isinstance(count, int) else 0
    shade = 0.0 if not number else _LIGHTEST + (_DARKEST - _LIGHTEST) * number / most
    said = count.value if isinstance(count, Hidden) else str(number)
    middle = x + _SIDE / 2
    return (
        f"<g><title>{escape(name)}: {said}</title>"
        f'<rect x="{x}" y="{y}" width="{_SIDE}" height="{_SIDE}" rx="6" class="tile" '
        f'fill-opacity="{shade:.2f}"/>'
        f'<text x="{middle}" y="{y + 25}" text-anchor="middle" font-size="14">{short}</text>'
        f'<text x="{middle}" y="{y + 46}" text-anchor="middle" font-size="16" '
        f'font-weight="bold">{said}</text></g>'
    )
