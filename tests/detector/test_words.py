from __future__ import annotations

from typing import get_args

import pytest

from covid_d.detector.bundle.spec import Verdict
from covid_d.detector.words import VERDICTS, percent


@pytest.mark.parametrize(
    ("probability", "said"),
    [(0.0, "< 1 %"), (0.0099, "< 1 %"), (0.01, "1 %"), (0.314, "31 %"), (0.99, "99 %"),
     (0.9901, "> 99 %"), (1.0, "> 99 %")],
)  # fmt: skip
def test_no_percentage_is_a_false_certainty(probability: float, said: str) -> None:
    assert percent(probability) == said


def test_every_verdict_has_words() -> None:
    assert set(VERDICTS) == set(get_args(Verdict.model_fields["status"].annotation))
