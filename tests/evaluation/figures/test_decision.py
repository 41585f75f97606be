"""Net benefit against Vickers and Elkin's worked example, and at the curve's known ends."""

from __future__ import annotations

import numpy as np
import pytest

from covid_d.evaluation.figures.decision import THRESHOLDS, net_benefit, net_benefit_of_treating_all


def test_worked_example_of_vickers_and_elkin() -> None:
    # Seminal vesicle invasion in 902 men; at a threshold of 10 % the model finds 65 true and
    # 225 false positives: net benefit 65/902 - 225/902 * (0.1/0.9) = 0.0443.
    p = np.repeat([0.5, 0.5, 0.01, 0.01], [65, 225, 22, 590])
    positive = np.repeat([True, False, True, False], [65, 225, 22, 590])
    found = net_benefit(p, positive, np.array([0.10]), np.ones((1, 902)))
    assert found[0, 0] == pytest.approx(0.0443, abs=5e-5)


def test_acting_on_everyone_equals_its_formula() -> None:
    positive = np.arange(50) < 10
    found = net_benefit(np.ones(50), positive, THRESHOLDS, np.ones((1, 50)))
    assert found[0] == pytest.approx(net_benefit_of_treating_all(0.2, THRESHOLDS))
    # Treating all breaks even where the threshold equals the prevalence.
    assert found[0][THRESHOLDS == 0.2] == pytest.approx(0.0, abs=1e-12)


def test_acting_on_no_one_is_worth_nothing() -> None:
    found = net_benefit(np.zeros(20), np.arange(20) < 5, THRESHOLDS, np.ones((3, 20)))
    assert (found == 0).all()


def test_a_perfect_model_is_worth_the_prevalence() -> None:
    positive = np.arange(20) < 5
    found = net_benefit(positive.astype(float), positive, THRESHOLDS, np.ones((1, 20)))
    assert found[0] == pytest.approx(np.full(len(THRESHOLDS), 0.25))


def test_weights_are_films_seen_so_often() -> None:
    p, positive = np.array([0.9, 0.8, 0.1]), np.array([True, False, True])
    weighted = net_benefit(p, positive, np.array([0.3]), np.array([[2.0, 1.0, 3.0]]))
    repeated = net_benefit(
        np.repeat(p, [2, 1, 3]), np.repeat(positive, [2, 1, 3]), np.array([0.3]), np.ones((1, 6))
    )
    assert weighted == pytest.approx(repeated)
