from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from fastai.learner import mk_metric
from fastai.torch_core import to_detach

from covid_d.training.data import VOCABULARY
from covid_d.training.metrics import (
    auroc,
    f1,
    kappa,
    metric_names,
    metrics,
    opacity_auroc,
    sensitivity,
    specificity,
    typical_auroc,
)
from covid_d.training.recipes import APPEARANCE, DEFAULT, Recipe

# 0 is covid. 3 of 4 covid found, 1 of 2 others found.
TRUTH = np.array([0, 0, 0, 0, 1, 1])
ANSWER = np.array([0, 0, 0, 1, 1, 0])


def test_covid_is_class_0() -> None:
    assert VOCABULARY == ("covid", "nocovid")


def test_by_hand() -> None:
    assert sensitivity(TRUTH, ANSWER) == 0.75
    assert specificity(TRUTH, ANSWER) == 0.5
    assert f1(TRUTH, ANSWER) == 0.75  # precision 3/4, sensitivity 3/4


def test_auroc_by_pairs() -> None:
    # Of the 2 x 2 pairs, three are in order.
    of_nocovid = np.array([0.1, 0.6, 0.5, 0.9], dtype=np.float32)
    assert auroc(np.array([0, 0, 1, 1]), of_nocovid) == 0.75


def test_no_film_called_covid_gives_zero_not_an_error() -> None:
    nothing = np.ones_like(TRUTH)
    assert sensitivity(TRUTH, nothing) == 0.0
    assert f1(TRUTH, nothing) == 0.0


def test_names_and_values_as_fastai_accumulates_them() -> None:
    scores = torch.zeros(6, 2)
    scores[torch.arange(6), torch.from_numpy(ANSWER)] = torch.tensor([3.0, 2, 1, 1, 2, 1])
    found = accumulated(DEFAULT, scores, torch.from_numpy(TRUTH))
    assert tuple(found) == metric_names(DEFAULT)
    assert found["error_rate"] == pytest.approx(2 / 6)
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["sensitivity"] == 0.75
    assert found["specificity"] == 0.5
    # Margins for covid: 3 2 1 -1 against -2 1: of 8 pairs 6 in order, one tie.
    assert found["auroc"] == pytest.approx(6.5 / 8)


# negative, atypical, indeterminate, typical; rows sum to 1.
SHARES = np.array(
    [
        [0.7, 0.1, 0.1, 0.1],
        [0.4, 0.1, 0.1, 0.4],
        [0.2, 0.5, 0.1, 0.2],
        [0.5, 0.1, 0.2, 0.2],
        [0.1, 0.1, 0.1, 0.7],
        [0.5, 0.1, 0.1, 0.3],
    ],
    dtype=np.float32,
)
GRADES = np.array([0, 0, 1, 2, 3, 3])


def test_appearance_by_pairs() -> None:
    # Typical less negative: 0.7/0.1 and 0.3/0.5 against 0.1/0.7 and 0.4/0.4: 3 of 4 in order.
    assert typical_auroc(GRADES, np.log(SHARES)) == 0.75
    # Not negative: .8 .5 .9 .5 against .3 .6: of 8 pairs 6 in order.
    assert opacity_auroc(GRADES, np.log(SHARES)) == 0.75


def test_kappa_by_hand() -> None:
    # Squared distances 0, 0, 1, 9 (sum 10); by chance: answers 0 x2, 1, 3 against 0 0 2 3 over 4.
    truth, answer = np.array([0, 0, 2, 3]), np.array([0, 0, 1, 0])
    chance = sum((t - a) ** 2 for t in truth for a in answer) / 4
    assert kappa(truth, answer) == pytest.approx(1 - 10 / chance)


def test_areas_without_films_of_a_kind_are_not_a_number() -> None:
    assert np.isnan(typical_auroc(np.array([1, 2]), SHARES[:2]))
    assert np.isnan(opacity_auroc(np.array([0, 0]), SHARES[:2]))


def test_appearance_as_fastai_accumulates_it() -> None:
    found = accumulated(APPEARANCE, torch.from_numpy(SHARES).log(), torch.from_numpy(GRADES))
    assert tuple(found) == metric_names(APPEARANCE)
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["typical_auroc"] == 0.75
    assert found["opacity_auroc"] == 0.75
    assert found["kappa"] == pytest.approx(kappa(GRADES, SHARES.argmax(axis=1)))


def accumulated(recipe: Recipe, scores: torch.Tensor, truth: torch.Tensor) -> dict[str, float]:
    """Return the metrics of six films that come in two batches of unequal size."""
    found = {}
    for metric in map(mk_metric, metrics(recipe)):
        metric.reset()
        for part in (slice(0, 4), slice(4, 6)):
            metric.accumulate(
                SimpleNamespace(
                    pred=scores[part], y=truth[part], yb=(truth[part],), to_detach=to_detach
                )
            )
        found[metric.name] = float(metric.value)
    return found
