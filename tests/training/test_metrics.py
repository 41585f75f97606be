from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from fastai.learner import mk_metric
from fastai.torch_core import to_detach

from covid_d.training.data import VOCABULARY
from covid_d.training.metrics import METRIC_NAMES, auroc, f1, metrics, sensitivity, specificity

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
    found = {}
    scores = torch.zeros(6, 2)
    scores[torch.arange(6), torch.from_numpy(ANSWER)] = torch.tensor([3.0, 2, 1, 1, 2, 1])
    truth = torch.from_numpy(TRUTH)
    for metric in map(mk_metric, metrics()):
        metric.reset()
        for part in (slice(0, 4), slice(4, 6)):  # two batches of unequal size
            metric.accumulate(
                SimpleNamespace(
                    pred=scores[part], y=truth[part], yb=(truth[part],), to_detach=to_detach
                )
            )
        found[metric.name] = float(metric.value)
    assert tuple(found) == METRIC_NAMES
    assert found["error_rate"] == pytest.approx(2 / 6)
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["sensitivity"] == 0.75
    assert found["specificity"] == 0.5
    # Margins for covid: 3 2 1 -1 against -2 1: of 8 pairs 6 in order, one tie.
    assert found["auroc"] == pytest.approx(6.5 / 8)
