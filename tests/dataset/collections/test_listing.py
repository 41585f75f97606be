"""One film listed more than once in a table: one row counts, or none where they disagree."""

from __future__ import annotations

from pathlib import Path

import pytest

from covid_d.appearance import Appearance
from covid_d.dataset.collections.base import Exclusion, FilmRow, Reason
from covid_d.dataset.collections.listing import settle_listings
from covid_d.dataset.manifest import Label

FILE = Path("film.png")


def _row(original: str, finding: str = "", **more: object) -> FilmRow:
    file = None if "exclusion" in more else FILE
    return FilmRow(source="s", original=original, finding=finding, file=file, **more)  # type: ignore[arg-type]


def _reasons(*rows: FilmRow) -> list[str | None]:
    return [row.exclusion.reason if row.exclusion else None for row in settle_listings(rows)]


COVID = {"label": Label.COVID}
NORMAL = {"label": Label.NOCOVID}


def test_rows_of_different_films_stay() -> None:
    rows = [_row("a", "COVID-19", **COVID), _row("b", "normal", **NORMAL)]
    assert list(settle_listings(rows)) == rows


def test_the_first_of_rows_that_agree_counts() -> None:
    found = _reasons(_row("a", **COVID), _row("b", **COVID), _row("a", **COVID), _row("a", **COVID))
    assert found == [None, None, Reason.LISTED_TWICE, Reason.LISTED_TWICE]


def test_silence_contradicts_nobody() -> None:
    graded = {"appearance": Appearance.NEGATIVE}
    assert _reasons(_row("a", **COVID), _row("a", **graded)) == [None, Reason.LISTED_TWICE]
    assert _reasons(_row("a", **graded), _row("a", **COVID)) == [None, Reason.LISTED_TWICE]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (COVID, NORMAL),
        ({"appearance": Appearance.TYPICAL}, {"appearance": Appearance.NEGATIVE}),
        (COVID | {"appearance": Appearance.TYPICAL}, COVID | {"appearance": Appearance.ATYPICAL}),
    ],
)
def test_where_they_disagree_all_are_left_out(
    one: dict[str, object], other: dict[str, object]
) -> None:
    rows = _row("a", "x", **one), _row("a", "y", **other), _row("a", "x", **one)
    assert _reasons(*rows) == [Reason.CONTRADICTORY] * 3


def test_each_names_the_other() -> None:
    rows = [_row("b", **COVID), _row("a", "COVID-19", **COVID), _row("a", "normal", **NORMAL)]
    _, first, second = settle_listings(rows)
    assert first.exclusion is not None
    assert second.exclusion is not None
    assert first.exclusion.detail == "a: row 2 says COVID-19, but row 3 says normal"
    assert second.exclusion.detail == "a: row 3 says normal, but row 2 says COVID-19"


def test_what_is_left_out_gives_no_file_and_the_order_stays() -> None:
    rows = [_row("a", **COVID), _row("b", **COVID), _row("a", **NORMAL)]
    found = list(settle_listings(rows))
    assert [row.original for row in found] == ["a", "b", "a"]
    assert [row.file for row in found] == [None, FILE, None]


def test_rows_that_are_out_already_and_rows_without_a_film_are_not_asked() -> None:
    out = Exclusion(Reason.UNLABELLED, "")
    rows = [
        _row("a", exclusion=out, **NORMAL),
        _row("a", **COVID),
        _row("", **COVID),
        _row("", **NORMAL),
    ]
    assert _reasons(*rows) == [Reason.UNLABELLED, None, None, None]
