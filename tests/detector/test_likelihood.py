"""How probable COVID-19 is, given how a film looks: the table, and Bayes' rule by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covid_d.detector import CATEGORIES, Appearance
from covid_d.detector.likelihood import HARE, PUBLISHED, SMITH, Counts, Ratios, Study

EVEN = (0.25, 0.25, 0.25, 0.25)
# 97 films and 3 of each prior: round shares.
ROUND = Study(
    "round",
    "made up",
    covid=Counts(typical=59, rest=(12, 7, 18)),  # 60 of 98; rest 13, 8, 19 of 40
    other=Counts(typical=9, rest=(49, 19, 19)),  # 10 of 98; rest 50, 20, 20 of 90
)
OWN = Ratios((ROUND,))


def sure(category: Appearance) -> dict[Appearance, float]:
    return {other: float(other is category) for other in CATEGORIES}


@pytest.fixture(scope="module", autouse=True)
def _drawn_before() -> None:
    """The first range draws; no single example is to take its time."""
    assert [table.draws for table in (OWN, PUBLISHED)]


def mixtures() -> st.SearchStrategy[dict[Appearance, float]]:
    weights = st.lists(st.floats(0.01, 1.0), min_size=4, max_size=4)
    return weights.map(
        lambda found: dict(zip(CATEGORIES, (w / sum(found) for w in found), strict=True))
    )


class TestTable:
    def test_counts_are_those_of_the_studies(self) -> None:
        """Written again from the percentages in the abstracts, not copied from the code."""
        assert [HARE.covid.typical, *HARE.covid.parts] == [
            round(50 * share) for share in (0.44, 1 - 0.44 - 0.26 - 0.14, 0.14, 0.26)
        ]
        assert [HARE.other.typical, *HARE.other.parts] == [
            round(50 * share) for share in (0.0, 1 - 0.24 - 0.20, 0.20, 0.24)
        ]
        assert (SMITH.covid.typical, sum(SMITH.covid.parts)) == (31, 200 - 31)
        assert (SMITH.other.typical, sum(SMITH.other.parts)) == (6, 176 - 6)

    def test_every_study_can_be_found(self) -> None:
        for study in PUBLISHED.studies:
            assert "doi:10." in study.reference

    def test_pooled_adds_the_films_up(self) -> None:
        covid, other = PUBLISHED.pooled
        # One film of prior a cell: typical 22 + 31 + 1 of 50 + 200 + 2; of the rest 8, 7, 13.
        assert covid[3] == pytest.approx(54 / 252)
        assert covid[:3] == pytest.approx([198 / 252 * n / 31 for n in (9, 8, 14)])
        assert other[3] == pytest.approx(7 / 228)
        assert other[:3] == pytest.approx([221 / 228 * n / 53 for n in (29, 11, 13)])

    def test_frequencies_are_frequencies(self) -> None:
        for vectors in (PUBLISHED.pooled, *PUBLISHED.draws):
            np.testing.assert_allclose(np.sum(vectors, axis=-1), 1.0)
            assert np.min(vectors) > 0

    def test_draws_are_the_same_every_time(self) -> None:
        for again, drawn in zip(Ratios((HARE, SMITH)).draws, PUBLISHED.draws, strict=True):
            np.testing.assert_array_equal(again, drawn)

    def test_draws_differ_as_much_as_the_studies_do(self) -> None:
        """44 % of one study's patients and 16 % of the other's looked typical."""
        shares = sorted(PUBLISHED.draws[0][:, 3])
        assert shares[round(0.1 * len(shares))] < 0.17
        assert shares[round(0.9 * len(shares))] > 0.45

    def test_a_table_without_every_category_is_none(self) -> None:
        with pytest.raises(ValueError, match="every category"):
            Ratios((SMITH,))

    def test_a_negative_count_is_none(self) -> None:
        with pytest.raises(ValueError, match="negative"):
            Counts(typical=3, rest=(1, -1, 2))


class TestBayes:
    @pytest.mark.parametrize(
        ("category", "ratio"),
        [
            (Appearance.TYPICAL, (60 / 98) / (10 / 98)),
            (Appearance.NEGATIVE, (38 / 98 * 13 / 40) / (88 / 98 * 50 / 90)),
            (Appearance.ATYPICAL, (38 / 98 * 8 / 40) / (88 / 98 * 20 / 90)),
            (Appearance.INDETERMINATE, (38 / 98 * 19 / 40) / (88 / 98 * 20 / 90)),
        ],
    )
    def test_a_clinic_s_own_table_by_hand(self, category: Appearance, ratio: float) -> None:
        found = OWN.covid(sure(category), EVEN, 0.2)
        odds = ratio * 0.2 / 0.8
        assert found.value == pytest.approx(odds / (1 + odds))

    def test_a_mixture_weighs_by_the_shares(self) -> None:
        """Half typical, half negative; typical was thrice as common where it was calibrated."""
        shares = (0.2, 0.1, 0.1, 0.6)
        appearance = dict(zip(CATEGORIES, (0.5, 0.0, 0.0, 0.5), strict=True))
        covid, other = PUBLISHED.pooled
        # p / share: 2.5 and 0.8333.
        ratio = (2.5 * covid[0] + 0.5 / 0.6 * covid[3]) / (2.5 * other[0] + 0.5 / 0.6 * other[3])
        odds = ratio * 0.1 / 0.9
        found = PUBLISHED.covid(appearance, shares, 0.1)
        assert found.value == pytest.approx(odds / (1 + odds))

    @given(st.floats(0.01, 0.99))
    def test_what_the_films_were_says_nothing_new(self, prevalence: float) -> None:
        """A film as likely of each category as any film is leaves little but the prevalence."""
        found = OWN.covid(dict.fromkeys(CATEGORIES, 0.25), EVEN, prevalence)
        assert found.value == pytest.approx(prevalence)

    @given(mixtures(), st.floats(0.001, 0.99))
    def test_the_range_is_in_order(self, appearance: dict[Appearance, float], p: float) -> None:
        found = PUBLISHED.covid(appearance, EVEN, p)
        assert 0 < found.low <= found.value <= found.high < 1
        assert found.prevalence == p

    @given(mixtures(), st.floats(0.001, 0.98), st.floats(0.001, 0.01))
    def test_more_common_is_more_probable(
        self, appearance: dict[Appearance, float], p: float, more: float
    ) -> None:
        less = PUBLISHED.covid(appearance, EVEN, p)
        found = PUBLISHED.covid(appearance, EVEN, p + more)
        assert (less.low, less.value, less.high) < (found.low, found.value, found.high)

    def test_a_normal_film_never_rules_covid_out(self) -> None:
        found = PUBLISHED.covid(sure(Appearance.NEGATIVE), EVEN, 0.2)
        assert found.low > 0.02
        assert found.value < 0.2

    def test_the_middle_categories_say_almost_nothing(self) -> None:
        for category in (Appearance.ATYPICAL, Appearance.INDETERMINATE):
            found = PUBLISHED.covid(sure(category), EVEN, 0.2)
            assert found.low < 0.2 < found.high

    @pytest.mark.parametrize("prevalence", [0.0, 1.0, -1.0, math.nan])
    def test_impossible_prevalence(self, prevalence: float) -> None:
        with pytest.raises(ValueError, match="between 0 and 1"):
            PUBLISHED.covid(sure(Appearance.TYPICAL), EVEN, prevalence)

    def test_a_category_that_was_never_there_cannot_be_weighed(self) -> None:
        with pytest.raises(ValueError, match="needs a share"):
            PUBLISHED.covid(sure(Appearance.TYPICAL), (0.5, 0.0, 0.2, 0.3), 0.1)
