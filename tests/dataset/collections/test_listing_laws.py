"""Laws of rows that list one film several times: what holds in whatever order they stand."""

from __future__ import annotations

from itertools import combinations, permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covid_d.appearance import CATEGORIES, Appearance
from covid_d.dataset.collections.base import FilmRow, Reason
from covid_d.dataset.collections.listing import settle_listings
from covid_d.dataset.manifest import Label

FILE = Path("film.png")
LABELLED = FilmRow(source="s", original="a", file=FILE, label=Label.COVID)
TYPICAL = FilmRow(source="s", original="a", file=FILE, appearance=Appearance.TYPICAL)
NEGATIVE = FilmRow(source="s", original="a", file=FILE, appearance=Appearance.NEGATIVE)


def _rows() -> st.SearchStrategy[list[FilmRow]]:
    classed = st.tuples(
        st.sampled_from([None, *Label]), st.sampled_from([None, *CATEGORIES])
    ).filter(any)
    return st.lists(
        st.builds(
            lambda name, found: FilmRow(
                source="s", original=name, file=FILE, label=found[0], appearance=found[1]
            ),
            st.sampled_from(["a", "b"]),
            classed,
        ),
        max_size=6,
    )


def _contradict(one: FilmRow, other: FilmRow) -> bool:
    return any(
        first is not None and second is not None and first is not second
        for first, second in (
            (one.label, other.label),
            (one.appearance, other.appearance),
        )
    )


@pytest.mark.parametrize("rows", list(permutations([LABELLED, TYPICAL, NEGATIVE])))
def test_a_row_that_agrees_with_both_hides_no_contradiction_between_them(
    rows: tuple[FilmRow, ...],
) -> None:
    found = list(settle_listings(rows))
    assert [row.exclusion and row.exclusion.reason for row in found] == [Reason.CONTRADICTORY] * 3


def test_each_names_one_that_it_contradicts() -> None:
    _, typical, negative = settle_listings([LABELLED, TYPICAL, NEGATIVE])
    assert typical.exclusion is not None
    assert negative.exclusion is not None
    assert typical.exclusion.detail == "a: row 2 says typical, but row 3 says negative"
    assert negative.exclusion.detail == "a: row 3 says negative, but row 2 says typical"


@given(_rows())
def test_of_each_film_one_row_stays_or_none_where_any_two_contradict(rows: list[FilmRow]) -> None:
    found = list(settle_listings(rows))
    for name in {row.original for row in rows}:
        listed = [row for row in rows if row.original == name]
        kept = [row for row in found if row.original == name and row.exclusion is None]
        if any(_contradict(one, other) for one, other in combinations(listed, 2)):
            assert kept == []
        else:
            assert kept == listed[:1]


@given(_rows())
def test_no_row_is_lost_and_settling_again_changes_nothing(rows: list[FilmRow]) -> None:
    found = list(settle_listings(rows))
    assert [(row.original, row.label, row.appearance) for row in found] == [
        (row.original, row.label, row.appearance) for row in rows
    ]
    assert list(settle_listings(found)) == found
