"""What the columns mean: findings, gradings, and the scores that rank films."""

from __future__ import annotations

import numpy as np
import pytest

from appearance_factory import graded_table, outside_table
from covid_d.evaluation.appearance.table import (
    Finding,
    finding_of,
    graded,
    numbers,
    probabilities,
    truth,
    typical_score,
    ungraded,
)


@pytest.mark.parametrize(
    ("label", "finding", "expected"),
    [
        ("covid", "COVID-19", Finding.COVID),
        ("covid", "", Finding.COVID),
        ("nocovid", "No Finding", Finding.NORMAL),
        ("nocovid", "Normal", Finding.NORMAL),
        ("nocovid", "RSNA Normal; NIH text label: Infiltration", Finding.NORMAL),
        ("nocovid", "RSNA Normal; NIH text label: Pneumonia", Finding.NORMAL),
        ("nocovid", "Infiltration|Pneumonia", Finding.OTHER),
        ("nocovid", "Streptococcus", Finding.OTHER),
        ("nocovid", "", None),
        ("", "Normal", None),
    ],
)
def test_what_a_row_says(label: str, finding: str, expected: Finding | None) -> None:
    assert finding_of(label, finding) is expected


def test_graded_and_ungraded_films_are_parted() -> None:
    import pandas as pd

    films = pd.concat(
        [
            graded_table(3),
            outside_table("rsna", "Normal", 0, 4),
            outside_table("rsna", "", 0, 2),
        ],
        ignore_index=True,
    )
    assert len(graded(films)) == 12
    assert ungraded(films)["kind"].tolist() == ["normal"] * 4
    assert truth(graded(films)).tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3


def test_typical_against_negative_leaves_the_middle_out() -> None:
    films = graded_table(1)
    films[["negative", "atypical", "indeterminate", "typical"]] = [
        [0.3, 0.3, 0.3, 0.1],
        [0.0, 0.5, 0.5, 0.0],
        [0.1, 0.0, 0.0, 0.9],
        [0.0, 0.9, 0.0, 0.1],
    ]
    assert typical_score(films) == pytest.approx([0.25, 0.5, 0.9, 1.0])


def test_missing_numbers_are_said_to_be_missing() -> None:
    films = graded_table(2)
    assert numbers(films, "opacity") == pytest.approx(1 - films["negative"])
    films.loc[3, "atypical"] = np.nan
    assert probabilities(films) is None
    assert numbers(films, "atypical") is None
    films["negative"] = np.nan
    assert typical_score(films) == pytest.approx(films["typical"])
    films["typical"] = np.nan
    assert typical_score(films) is None
