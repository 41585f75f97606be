"""Films that must stay together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covid_d.dataset.build.group import case_page, group_films


def test_a_film_without_ties_is_on_its_own() -> None:
    assert group_films([[], [], []]) == [0, 1, 2]


def test_no_films() -> None:
    assert group_films([]) == []


def test_a_patient_is_one_group() -> None:
    assert group_films([["p"], ["q"], ["p"], []]) == [0, 1, 0, 2]


def test_near_duplicates_tie_patients() -> None:
    # The second film of p looks like the first of q: all four films belong together.
    assert group_films([["p"], ["p"], ["q"], ["q"], ["r"]], [(1, 2)]) == [0, 0, 0, 0, 1]


def test_ties_reach_through_chains() -> None:
    assert group_films([["p"], ["p", "case"], ["case"], []], [(2, 3)]) == [0, 0, 0, 0]


def test_an_alias_ties_two_patients() -> None:
    assert group_films([["285"], ["339"], ["285", "339"]]) == [0, 0, 0]


@given(
    st.lists(st.lists(st.integers(0, 5), max_size=2), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=6),
)
def test_groups_are_the_finest_that_keep_every_tie(
    ties: list[list[int]], pairs: list[tuple[int, int]]
) -> None:
    pairs = [(a, b) for a, b in pairs if a < len(ties) and b < len(ties)]
    groups = group_films(ties, pairs)
    linked = {
        (a, b) for a in range(len(ties)) for b in range(len(ties)) if set(ties[a]) & set(ties[b])
    }
    linked |= set(pairs) | {(b, a) for a, b in pairs}
    # Reference: spread each film's name until nothing changes.
    names = list(range(len(ties)))
    for _ in ties:
        for a, b in linked:
            names[a] = names[b] = min(names[a], names[b])
    for a in range(len(ties)):
        for b in range(len(ties)):
            assert (groups[a] == groups[b]) == (names[a] == names[b])
    assert list(dict.fromkeys(groups)) == list(range(len(set(groups))))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "https://radiopaedia.org/cases/covid-19-pneumonia-92?lang=us",
            "http://www.radiopaedia.org/cases/covid-19-pneumonia-92",
        ),
        ("https://www.eurorad.org/case/16745", "https://eurorad.org/case/16745/"),
        (
            "https://www.sirm.org/2020/05/20/covid-19-caso-86/",
            "https://www.sirm.org/2020/05/20/covid-19-caso-86",
        ),
        ("https://doi.org/10.1148/cases.20201965", "https://doi.org/10.1148/cases.20201965"),
    ],
)
def test_one_case_has_one_page(one: str, other: str) -> None:
    assert case_page(one) == case_page(other) != ""


def test_two_cases_have_two_pages() -> None:
    pages = {
        case_page(f"https://radiopaedia.org/cases/covid-19-pneumonia-{n}")
        for n in ("1", "10", "1-b")
    }
    assert len(pages) == 3


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://github.com/ml-workgroup/covid-19-image-repository",
        "https://twitter.com/ChestImaging/status/1243928581983670272",
        "https://nihcc.app.box.com/v/ChestXray-NIHCC",
        "https://www.nejm.org/doi/full/10.1056/NEJMc2001272",
        "https://radiopaedia.org/articles/covid-19",
    ],
)
def test_pages_of_many_patients_tie_nobody(url: str) -> None:
    assert case_page(url) == ""
