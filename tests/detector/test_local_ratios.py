"""A clinic's own table: frequencies in order, sure in proportion to its films, named in answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from covid_d.detector import CATEGORIES, Appearance
from covid_d.detector.assessment import PUBLISHED_TABLE, CovidRange
from covid_d.detector.likelihood import DRAWS, PUBLISHED
from covid_d.detector.local_ratios import LocalRatios, in_order
from covid_d.detector.words import covid_in_words

EVEN = (0.25, 0.25, 0.25, 0.25)
FEW = LocalRatios("few", (4.0, 3.0, 6.0, 7.0), (12.0, 4.0, 3.0, 1.0))
MANY = LocalRatios("many", (400.0, 300.0, 600.0, 700.0), (1200.0, 400.0, 300.0, 100.0))


def sure(category: Appearance) -> dict[Appearance, float]:
    return {other: float(other is category) for other in CATEGORIES}


def test_the_middle_is_the_counts_share_where_they_are_in_order() -> None:
    covid, other = FEW.pooled
    assert covid == pytest.approx([0.2, 0.15, 0.3, 0.35])
    assert other == pytest.approx([0.6, 0.2, 0.15, 0.05])


@pytest.mark.parametrize(
    ("category", "ratio"),
    [
        (Appearance.NEGATIVE, 0.2 / 0.6),
        (Appearance.ATYPICAL, 0.15 / 0.2),
        (Appearance.INDETERMINATE, 2.0),
        (Appearance.TYPICAL, 7.0),
    ],
)
def test_a_sure_film_is_worth_its_categorys_ratio(category: Appearance, ratio: float) -> None:
    covid = FEW.covid(sure(category), EVEN, 0.2)
    odds = 0.25 * ratio
    assert covid.value == pytest.approx(odds / (1 + odds))
    assert covid.low < covid.value < covid.high
    assert covid.table == "few"
    row = np.array([[float(c is category) for c in CATEGORIES]])
    assert FEW.ratios(row, EVEN) == pytest.approx([ratio])


def test_shares_of_the_calibration_films_do_not_speak() -> None:
    row = np.array([[0.4, 0.3, 0.2, 0.1]])
    shares = (0.4, 0.3, 0.2, 0.1)
    # Divided by their shares the four are alike, so the film says nothing.
    assert FEW.ratios(row, shares) == pytest.approx([1.0])


def test_more_films_make_it_surer() -> None:
    for category in CATEGORIES:
        few, many = (table.covid(sure(category), EVEN, 0.3) for table in (FEW, MANY))
        assert many.value == pytest.approx(few.value)
        # A hundred times the films: about a tenth of the width.
        assert 0.04 < (many.high - many.low) / (few.high - few.low) < 0.25


def test_draws_are_frequencies_and_the_same_every_time() -> None:
    again = LocalRatios("few", FEW.covid_films, FEW.other_films)
    for mine, theirs in zip(FEW.draws, again.draws, strict=True):
        assert mine.shape == (DRAWS, 4)
        np.testing.assert_array_equal(mine, theirs)
        np.testing.assert_allclose(mine.sum(axis=1), 1.0)


def test_draws_spread_as_the_dirichlet_distribution_does() -> None:
    drawn = LocalRatios("wide", (5.0, 5.0, 20.0, 70.0), (70.0, 20.0, 5.0, 5.0)).draws[0]
    share = 70 / 100
    assert drawn[:, 3].mean() == pytest.approx(share, abs=0.005)
    assert drawn[:, 3].std() == pytest.approx((share * (1 - share) / 101) ** 0.5, rel=0.08)


def test_ratios_never_fall_from_negative_to_typical() -> None:
    table = LocalRatios("odd", (30.0, 2.0, 20.0, 10.0), (20.0, 30.0, 5.0, 10.0))
    for covid, other in (table.pooled, table.draws):
        ratio = np.atleast_2d(covid) / np.atleast_2d(other)
        assert (np.diff(ratio, axis=1) > -1e-9).all()


counts = st.lists(st.floats(0.5, 500), min_size=4, max_size=4)


@given(counts, counts)
def test_order_is_the_isotonic_regression_of_scikit_learn(
    covid: list[float], other: list[float]
) -> None:
    a, b = np.array(covid), np.array(other)
    found = in_order(a[None] / a.sum(), b[None] / b.sum(), (a.sum(), b.sum()))
    share = IsotonicRegression().fit_transform(np.arange(4), a / (a + b), sample_weight=a + b)
    np.testing.assert_allclose(found[0][0], share * (a + b) / a.sum(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[1][0], (1 - share) * (a + b) / b.sum(), rtol=1e-9, atol=1e-12)
    assert found[0].sum() == pytest.approx(1)
    assert found[1].sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("covid", "other"),
    [
        ((1.0, 1.0, 1.0), (1.0, 1.0, 1.0)),
        ((1.0, 1.0, 1.0, 0.0), (1.0, 1.0, 1.0, 1.0)),
        ((1.0, 1.0, 1.0, 1.0), (1.0, -1.0, 1.0, 1.0)),
    ],
)
def test_what_is_no_table_is_refused(covid: tuple[float, ...], other: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="four positive"):
        LocalRatios("wrong", covid, other)


def test_answers_name_their_table() -> None:
    published = PUBLISHED.covid(sure(Appearance.TYPICAL), EVEN, 0.1)
    assert published.table == PUBLISHED_TABLE
    assert published.is_published
    assert "published studies" in covid_in_words(published).en
    own = FEW.covid(sure(Appearance.TYPICAL), EVEN, 0.1)
    assert not own.is_published
    assert 'the table "few"' in covid_in_words(own).en
    assert "la tabla «few»" in covid_in_words(own).es
    assert CovidRange.from_dict(own.to_dict()) == own


def test_answers_of_before_rest_on_the_studies() -> None:
    kept = {"low": 0.1, "value": 0.2, "high": 0.3, "prevalence": 0.1}
    assert CovidRange.from_dict(kept).is_published
