"""What tables are worth on cases, reckoned again by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from covid_d.clinic.calibration.compare import FIGURES, Comparison, compare, posterior
from covid_d.clinic.calibration.laboratory_cases import LaboratoryCases
from covid_d.detector import CATEGORIES
from covid_d.detector.likelihood import PUBLISHED
from covid_d.detector.local_ratios import LocalRatios
from simulated_cases import EVEN, TRUE_COVID, TRUE_OTHER, simulated

TRUTH = LocalRatios(
    "truth", tuple(1000 * a for a in TRUE_COVID), tuple(1000 * b for b in TRUE_OTHER)
)
NOTHING = LocalRatios("nothing", (10.0,) * 4, (10.0,) * 4)


def _cases(count: int, seed: int = 4) -> LaboratoryCases:
    looks, positive = simulated(np.random.default_rng(seed), count)
    return LaboratoryCases(looks, positive, np.arange(count) + 739_000)


def test_probabilities_are_those_of_the_answer_itself() -> None:
    cases = _cases(20)
    for table in (TRUTH, PUBLISHED):
        found = posterior(table, cases, EVEN, 0.2)
        for row, probability in zip(cases.appearance, found, strict=True):
            answer = table.covid(dict(zip(CATEGORIES, row, strict=True)), EVEN, 0.2)
            assert probability == pytest.approx(answer.value)


def test_figures_by_hand() -> None:
    cases = LaboratoryCases(
        np.array([[0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]] * 2),
        np.array([True, False, False, False]),
        np.arange(4),
    )
    found = compare(NOTHING, TRUTH, cases, EVEN, 0.5)
    # Typical: 0.6 to 0.1, so 6/7; negative: 0.1 to 0.4, so 1/5.
    logs = [math.log(6 / 7), math.log(4 / 5), math.log(1 / 7), math.log(4 / 5)]
    assert found.after["log_likelihood"].value == pytest.approx(np.mean(logs))
    assert found.before["log_likelihood"].value == pytest.approx(math.log(0.5))
    gains = np.array(logs) - math.log(0.5)
    half = 1.96 * gains.std(ddof=1) / 2
    assert found.gain.value == pytest.approx(gains.mean())
    assert (found.gain.low, found.gain.high) == pytest.approx(
        (gains.mean() - half, gains.mean() + half), rel=1e-4
    )
    squares = [(1 / 7) ** 2, 0.2**2, (6 / 7) ** 2, 0.2**2]
    assert found.after["brier"].value == pytest.approx(np.mean(squares))
    assert (found.positives, found.negatives) == (1, 3)


def test_the_true_table_helps_and_is_calibrated() -> None:
    found = compare(PUBLISHED, TRUTH, _cases(3000), EVEN, 0.5)
    assert found.helps
    assert not found.is_worse
    assert found.after["calibration_slope"].low < 1 < found.after["calibration_slope"].high
    assert found.after["calibration_intercept"].low < 0 < found.after["calibration_intercept"].high
    assert found.after["brier"].value < found.before["brier"].value
    assert set(found.before) == set(found.after) == set(FIGURES)


def test_a_false_table_does_not_help_and_is_worse() -> None:
    turned = LocalRatios("turned", (1.0, 1.0, 1.0, 97.0), (97.0, 1.0, 1.0, 1.0))
    found = compare(PUBLISHED, turned, _cases(400), EVEN, 0.5)
    assert not found.helps
    assert found.is_worse


def test_the_same_table_gains_nothing() -> None:
    found = compare(TRUTH, TRUTH, _cases(50), EVEN, 0.3)
    assert found.gain.value == 0
    assert not found.helps
    assert not found.is_worse


def test_it_is_kept_and_read_back() -> None:
    found = compare(PUBLISHED, TRUTH, _cases(80), EVEN, 0.3)
    again = Comparison.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again == found
