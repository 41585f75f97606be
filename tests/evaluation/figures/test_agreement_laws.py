"""Kappa of published tables, and what it must obey."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from covid_d.evaluation.figures.agreement import GradedFilms

Grades = npt.NDArray[np.int64]


def _films(table: list[list[int]]) -> GradedFilms:
    size = len(table)
    first = np.repeat(np.arange(size), [sum(row) for row in table])
    second = np.concatenate([np.repeat(np.arange(size), row) for row in table])
    return GradedFilms(first, second, size)


def _kappa(table: list[list[int]]) -> float:
    films = _films(table)
    return float(films.kappa(np.ones((1, sum(map(sum, table)))))[0])


def test_xeromammograms_read_by_two_radiologists() -> None:
    # Boyd et al. (1982), as in Stata's manual ([R] kappa, example 4): 85 films read as normal,
    # benign, suspicious or cancer; with quadratic weights (w2) kappa is 0.6714.
    table = [[21, 12, 0, 0], [4, 17, 1, 0], [3, 9, 15, 2], [0, 0, 0, 1]]
    assert _kappa(table) == pytest.approx(0.6714, abs=5e-5)


def test_cohens_own_table_of_two() -> None:
    # Of two grades every weighting is the unweighted kappa. Sim and Wright (2005), Phys Ther
    # 85:257, table 1: 22 and 11 agree of 39, 2 and 4 do not; kappa 0.67.
    assert _kappa([[22, 2], [4, 11]]) == pytest.approx(0.67, abs=5e-3)


def test_much_agreement_and_no_kappa() -> None:
    # Feinstein and Cicchetti (1990), J Clin Epidemiol 43:543: two tables with the same agreement,
    # 85 of 100; the paradox is that one has kappa 0.70 and the other 0.32.
    assert _kappa([[40, 9], [6, 45]]) == pytest.approx(0.70, abs=5e-3)
    assert _kappa([[80, 10], [5, 5]]) == pytest.approx(0.32, abs=5e-3)


@st.composite
def graded(draw: st.DrawFn) -> tuple[Grades, Grades, int]:
    grades = draw(st.integers(2, 5))
    n = draw(st.integers(3, 40))
    each = st.lists(st.integers(0, grades - 1), min_size=n, max_size=n)
    first, second = np.array(draw(each)), np.array(draw(each))
    assume(len(set(first.tolist())) > 1)
    assume(len(set(second.tolist())) > 1)
    return first, second, grades


def _of(first: Grades, second: Grades, grades: int) -> float:
    return float(GradedFilms(first, second, grades).kappa(np.ones((1, len(first))))[0])


@given(graded())
@settings(max_examples=40, deadline=None)
def test_neither_reader_is_the_first(drawn: tuple[Grades, Grades, int]) -> None:
    first, second, grades = drawn
    found = _of(first, second, grades)
    assert -1 - 1e-9 <= found <= 1 + 1e-9
    assert _of(second, first, grades) == pytest.approx(found)
    # A scale read from its other end is the same scale.
    assert _of(grades - 1 - first, grades - 1 - second, grades) == pytest.approx(found)


@given(graded())
@settings(max_examples=40, deadline=None)
def test_who_agrees_with_himself_agrees_wholly(drawn: tuple[Grades, Grades, int]) -> None:
    first, _, grades = drawn
    assert _of(first, first, grades) == pytest.approx(1)


@given(graded())
@settings(max_examples=40, deadline=None)
def test_quadratic_kappa_is_an_intraclass_correlation(drawn: tuple[Grades, Grades, int]) -> None:
    """Fleiss and Cohen (1973), Educ Psychol Meas 33:613: one less the mean square difference over
    what the two variances and the two means leave."""
    first, second, grades = drawn
    apart = ((first - second) ** 2).mean()
    by_chance = first.var() + second.var() + (first.mean() - second.mean()) ** 2
    assert _of(first, second, grades) == pytest.approx(1 - apart / by_chance)


@given(graded())
@settings(max_examples=40, deadline=None)
def test_a_grade_that_nobody_gives_changes_nothing(drawn: tuple[Grades, Grades, int]) -> None:
    first, second, grades = drawn
    assert _of(first, second, grades + 1) == pytest.approx(_of(first, second, grades))
