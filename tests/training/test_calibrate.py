from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta, kstest

from covid_d.appearance import CATEGORIES
from covid_d.detector.calibrate import (
    appearance_probabilities,
    appearance_set,
    calibrated_probability,
    conformal_set,
)
from covid_d.errors import TrainingError
from covid_d.training.calibrate import (
    Flags,
    Floats,
    Indices,
    calibrate,
    calibrate_appearance,
    conformal,
    halves,
    platt,
    vector_scaling,
)


def _labelled(
    n: int, seed: int, slope: float = 2.0, intercept: float = -1.0
) -> tuple[Floats, Flags]:
    """Logits whose labels truly follow ``sigmoid(slope * logit + intercept)``."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0.5, 1.5, n)
    return logits, rng.random(n) < 1 / (1 + np.exp(-(slope * logits + intercept)))


class TestPlatt:
    def test_finds_the_true_line(self) -> None:
        logits, positive = _labelled(40_000, 1)
        found = platt(logits, positive)
        assert found.slope == pytest.approx(2.0, rel=0.05)
        assert found.intercept == pytest.approx(-1.0, rel=0.05)
        assert found.films == 40_000
        assert found.prevalence == pytest.approx(positive.mean())

    def test_mean_probability_is_the_prevalence(self) -> None:
        # A property of the maximum-likelihood fit, up to Platt's slight shift of the targets.
        logits, positive = _labelled(2_000, 2)
        found = platt(logits, positive)
        mean = np.mean([calibrated_probability(x, found) for x in logits])
        assert mean == pytest.approx(positive.mean(), abs=2e-3)

    def test_separable_films_give_platt_s_targets_not_certainty(self) -> None:
        # 3 films a class at logits +1 and -1: the fit goes exactly through Platt's targets,
        # (3 + 1) / (3 + 2) = 0.8 and 1 / (3 + 2) = 0.2.
        found = platt(np.array([1.0, 1, 1, -1, -1, -1]), np.array([True] * 3 + [False] * 3))
        assert calibrated_probability(1.0, found) == pytest.approx(0.8, abs=1e-4)
        assert calibrated_probability(-1.0, found) == pytest.approx(0.2, abs=1e-4)

    def test_a_network_worse_than_chance_is_refused(self) -> None:
        logits, positive = _labelled(500, 3)
        with pytest.raises(TrainingError, match="slope -"):
            platt(-logits, positive)


class TestConformal:
    def test_rank_by_hand(self) -> None:
        # 19 films: rank ceil(20 * 0.9) = 18 of the scores 0.01 .. 0.19.
        scores = np.arange(1, 20) / 100
        probabilities = np.concatenate([1 - scores, scores / 2])
        positive = np.array([True] * 19 + [False] * 19)
        found = conformal(probabilities, positive)
        assert found.positive_quantile == pytest.approx(0.18)
        assert found.negative_quantile == pytest.approx(0.09)
        assert (found.positives, found.negatives) == (19, 19)

    def test_rank_is_not_spoiled_by_rounding(self) -> None:
        # (9 + 1) * (1 - 0.1) is 9 exactly, hence the largest of nine scores, not "never".
        scores = np.arange(1, 10) / 100
        probabilities = np.concatenate([1 - scores, scores])
        found = conformal(probabilities, np.array([True] * 9 + [False] * 9))
        assert found.negative_quantile == pytest.approx(0.09)

    def test_too_few_films_never_rule_a_class_out(self) -> None:
        probabilities = np.array([0.9] * 8 + [0.1] * 20)
        found = conformal(probabilities, np.array([True] * 8 + [False] * 20))
        assert found.positive_quantile == 1.0
        assert found.negative_quantile == pytest.approx(0.1)
        assert conformal_set(0.0, found) == ("covid", "nocovid")

    @pytest.mark.parametrize(("films", "slack"), [(22, 0.1), (102, 0.05)])
    def test_coverage_of_angelopoulos_and_bates(self, films: int, slack: float) -> None:
        # Their table of section 3.2: so many calibration films keep the coverage within the slack
        # of 0.9 in 90 % of calibrations. Scores are uniform, so a threshold is its coverage.
        rng, positive = np.random.default_rng(films), np.array([True, *[False] * films])
        coverage = [
            conformal(np.array([0.5, *rng.random(films)]), positive).negative_quantile
            for _ in range(2000)
        ]
        within = [0.9 - slack <= share <= 0.9 + slack for share in coverage]
        assert np.mean(within) >= 0.9
        # ... and the whole law is the one they give.
        spare = int((films + 1) * 0.1)
        assert kstest(coverage, beta(films + 1 - spare, spare).cdf).pvalue > 0.01

    def test_coverage_on_new_films_is_as_promised(self) -> None:
        # Vovk 2012: at least 1 - error rate a class, on average over calibration sets.
        covered: dict[bool, list[bool]] = {True: [], False: []}
        for seed in range(60):
            logits, positive = _labelled(400, 100 + seed)
            probabilities = 1 / (1 + np.exp(-logits))
            found = conformal(probabilities[:200], positive[:200])
            for p, truth in zip(probabilities[200:], positive[200:], strict=True):
                covered[truth].append(("covid" if truth else "nocovid") in conformal_set(p, found))
        for flags in covered.values():
            assert np.mean(flags) == pytest.approx(0.905, abs=0.02)


class TestHalves:
    def test_groups_stay_whole_and_classes_are_shared(self) -> None:
        groups = [f"g{i // 3}" for i in range(120)]
        positive = np.array([(i // 3) % 4 == 0 for i in range(120)])
        first, second = halves(positive, groups, seed=7)
        assert sorted([*first, *second]) == list(range(120))
        assert not {groups[i] for i in first} & {groups[i] for i in second}
        assert positive[first].mean() == pytest.approx(0.25, abs=0.05)

    def test_seed_fixes_them(self) -> None:
        groups, positive = [f"g{i}" for i in range(40)], np.arange(40) % 2 == 0
        assert np.array_equal(halves(positive, groups, 1)[0], halves(positive, groups, 1)[0])
        assert not np.array_equal(halves(positive, groups, 1)[0], halves(positive, groups, 2)[0])

    @pytest.mark.filterwarnings("ignore:The least populated class")
    def test_one_group_or_a_class_in_one_group_is_refused(self) -> None:
        with pytest.raises(TrainingError, match="1 group"):
            halves(np.array([True, False]), ["a", "a"], 7)
        with pytest.raises(TrainingError, match="would lack a class"):
            halves(np.array([True, True, False, False]), ["a", "a", "b", "c"], 7)


def test_calibrate_uses_one_half_each() -> None:
    logits, positive = _labelled(300, 9)
    calibration, thresholds = calibrate(logits, positive, [str(i) for i in range(300)], seed=7)
    assert calibration.films + thresholds.positives + thresholds.negatives == 300
    assert thresholds.error_rate == 0.10
    assert 0 < thresholds.positive_quantile <= 1


SLOPE, BIAS = 1.6, np.array([0.5, -1.0, -0.2, 0.7])


def _graded(n: int, seed: int) -> tuple[Floats, Indices]:
    """Logits whose categories truly follow ``softmax(SLOPE * logits + BIAS)``."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0.0, 1.5, (n, 4))
    noise = rng.gumbel(size=(n, 4))  # the largest score plus Gumbel noise is a draw of softmax
    return logits, (SLOPE * logits + BIAS + noise).argmax(axis=1)


class TestAppearance:
    def test_finds_the_true_scale_and_bias(self) -> None:
        logits, classes = _graded(40_000, 1)
        found = vector_scaling(logits, classes)
        assert 1 / found.temperature == pytest.approx(SLOPE, rel=0.03)
        assert np.array(found.bias) == pytest.approx(BIAS - BIAS.mean(), abs=0.06)
        assert found.films == 40_000
        assert found.shares == pytest.approx(np.bincount(classes) / 40_000)

    def test_mean_probabilities_are_the_shares(self) -> None:
        # A property of the maximum-likelihood fit of a bias for each category.
        logits, classes = _graded(2_000, 2)
        found = vector_scaling(logits, classes)
        shares = [list(appearance_probabilities(film.tolist(), found).values()) for film in logits]
        assert np.mean(shares, axis=0) == pytest.approx(found.shares, abs=1e-3)

    def test_a_network_worse_than_chance_is_refused(self) -> None:
        logits, classes = _graded(2_000, 3)
        with pytest.raises(TrainingError, match="does not tell the categories apart"):
            vector_scaling(-logits, classes)

    def test_every_category_keeps_its_coverage_on_new_films(self) -> None:
        logits, classes = _graded(8_000, 4)
        groups = [str(film // 2) for film in range(8_000)]
        calibration, thresholds = calibrate_appearance(logits, classes, groups, 7)
        assert sum(thresholds.films) + calibration.films == 8_000
        fresh, truth = _graded(8_000, 5)
        kept = [
            CATEGORIES[category]
            in appearance_set(appearance_probabilities(film.tolist(), calibration), thresholds)
            for film, category in zip(fresh, truth, strict=True)
        ]
        for category in range(4):
            # Thresholds of hundreds of films: a few per cent either way.
            coverage = np.mean(np.array(kept)[truth == category])
            assert coverage == pytest.approx(0.9, abs=0.04)

    def test_a_category_of_few_films_is_never_ruled_out(self) -> None:
        logits, classes = _graded(400, 6)
        rare = np.flatnonzero(classes == 1)[8:]
        kept = np.setdiff1d(np.arange(400), rare)  # eight, so four in a half: too few for a rank
        groups = [str(film) for film in kept]
        _, thresholds = calibrate_appearance(logits[kept], classes[kept], groups, 7)
        assert thresholds.quantiles[1] == 1.0
        assert max(thresholds.quantiles[0], thresholds.quantiles[3]) < 1.0

    def test_a_missing_category_is_refused(self) -> None:
        logits, classes = _graded(200, 7)
        few = np.concatenate([np.flatnonzero(classes != 1), np.flatnonzero(classes == 1)[:1]])
        with pytest.raises(TrainingError, match="would lack a class"):
            calibrate_appearance(logits[few], classes[few], [str(film) for film in few], 7)
