"""Coverage by film and by patient, against hand counts."""

from __future__ import annotations

from statistics import mean

import numpy as np
import pytest

from appearance_factory import CATEGORIES, QUANTILES, graded_table
from covid_d.evaluation.appearance.coverage import coverage_by_category, covered


def test_covered_is_the_true_category_in_the_set() -> None:
    films = graded_table(1)
    films["conformal_set"] = ["negative", "typical", "indeterminate|typical", ""]
    assert covered(films).tolist() == [True, False, True, False]


def test_every_category_and_all_together() -> None:
    films = graded_table(40, seed=2)
    found = {item.name: item for item in coverage_by_category(films, 0.1)}
    assert list(found) == [*CATEGORIES, "all"]
    for k, name in enumerate(CATEGORIES):
        own = films[films["appearance"] == name]
        expected = (1 - own[name] <= QUANTILES[k]).mean()
        assert found[name].by_film.value == pytest.approx(expected)
        assert found[name].by_patient.value == pytest.approx(expected)  # one film a patient
        assert found[name].target == pytest.approx(0.9)
    assert (found["all"].count.films, found["all"].count.patients) == (160, 160)


def test_a_patient_counts_once() -> None:
    films = graded_table(20)
    films["conformal_set"] = films["appearance"]
    # Ten negative films of one patient, all missed; the ten others are of ten patients.
    films.loc[:9, "group"] = "one"
    films.loc[:9, "conformal_set"] = "typical"
    found = {item.name: item for item in coverage_by_category(films, 0.1)}
    assert found["negative"].by_film.value == pytest.approx(0.5)
    assert found["negative"].by_patient.value == pytest.approx(mean([0] + [1] * 10))
    assert found["negative"].count.patients == 11
    assert found["negative"].holds
    assert found["typical"].by_patient.value == 1.0


def test_a_broken_promise_is_said() -> None:
    films = graded_table(60)
    films["conformal_set"] = np.where(films.index % 2 == 0, films["appearance"], "")
    for item in coverage_by_category(films, 0.1):
        assert not item.holds
        assert item.to_dict()["holds"] is False


def test_few_films_give_no_row() -> None:
    assert [item.name for item in coverage_by_category(graded_table(9), 0.1)] == ["all"]
