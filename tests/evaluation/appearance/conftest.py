"""One evaluation of drawn tables, for the tests of what is made of it."""

from __future__ import annotations

import pytest

from appearance_factory import graded_table, outside_table, scores_of
from covid_d.dataset.looks import Look
from covid_d.evaluation.appearance.evaluation import AppearanceEvaluation, evaluate_appearance
from covid_d.evaluation.appearance.figures import Count
from covid_d.evaluation.appearance.roles import SourceRole

ROLES = (
    SourceRole("siim", Count(400, 380), Count(100, 95), 500),
    SourceRole("rsna", Count(0, 0), Count(0, 0), 0),
)
LOOKS = (
    Look("2026-01-02T03:04:05+00:00", "evaluate", "6" * 64, "first", "a" * 64),
    Look("2026-01-03T03:04:05+00:00", "audit", "7" * 64, "second", "a" * 64, "demonstration"),
)


@pytest.fixture(scope="session")
def drawn_appearance() -> AppearanceEvaluation:
    """Graded films of two hospitals and three outside sources."""
    scores = scores_of(
        graded_table(40, seed=1, films_per_patient=2, projection="AP"),
        graded_table(30, seed=2, source="second", sharpness=0.8, projection="PA"),
        outside_table("rsna", "Normal", 0, 60, seed=3, projection="PA"),
        outside_table("nih", "No Finding", 0, 30, seed=4),
        outside_table("nih", "Pneumonia", 2, 30, seed=5),
        outside_table("cohen", "COVID-19", 3, 25, seed=6, projection="AP"),
    )
    return evaluate_appearance(
        scores,
        error_rate=0.1,
        verdict="demonstration",
        roles=ROLES,
        looks=LOOKS,
        resamples=200,
    )
