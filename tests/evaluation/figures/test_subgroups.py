"""Who gets figures, and that the headline is the worst source with both classes, not the pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from covid_d.dataset.describe.describe import UNKNOWN
from covid_d.evaluation.figures.subgroups import (
    DIMENSIONS,
    measure_subgroups,
    members,
    notable_publishers,
    worst_source,
)

Draw = Callable[..., pd.DataFrame]
QUICK: dict[str, Any] = {"resamples": 50, "seed": 1}


@pytest.fixture
def pooled(draw_scores: Draw) -> pd.DataFrame:
    """Two easy one-class sources, and one source with a hard and an easy publisher."""
    return pd.concat(
        [
            draw_scores(60, 0, source="cxnet", separation=4),
            draw_scores(0, 90, source="rsna", separation=4, seed=1),
            draw_scores(
                20, 20, source="cohen", subsource="radiopaedia.org", separation=0.3, seed=2
            ),
            draw_scores(20, 20, source="cohen", subsource="sirm.org", separation=3, seed=3),
            draw_scores(12, 3, source="cohen", subsource="tiny.org", separation=3, seed=4),
        ],
        ignore_index=True,
    )


def test_ages_in_a_score_table_may_be_blank() -> None:
    films = pd.DataFrame({"age": [0, 17.9, 18, 80, np.nan, ""]})
    assert members(films, "age").tolist() == ["0-17", "0-17", "18-39", "80+", *[UNKNOWN] * 2]


def test_blank_and_missing_names_are_unknown() -> None:
    films = pd.DataFrame({"sex": ["F", "", None, " ", np.nan]})
    assert members(films, "sex").tolist() == ["F", *[UNKNOWN] * 4]


def test_every_film_is_in_one_subgroup_of_each_dimension_but_publishers(
    pooled: pd.DataFrame,
) -> None:
    found = measure_subgroups(pooled, **QUICK)
    assert set(found) == set(DIMENSIONS)
    for dimension in ("source", "projection", "sex", "age"):
        assert sum(s.films for s in found[dimension].values()) == len(pooled), dimension
    # cxnet and rsna have no known publisher: they stand under source only.
    assert set(found["subsource"]) == {
        "cohen/radiopaedia.org",
        "cohen/sirm.org",
        "cohen/tiny.org",
    }


def test_largest_subgroup_comes_first(pooled: pd.DataFrame) -> None:
    assert next(iter(measure_subgroups(pooled, **QUICK)["source"])) == "cohen"


def test_ages_come_in_order_and_the_unknown_last(pooled: pd.DataFrame) -> None:
    found = list(measure_subgroups(pooled, **QUICK)["age"])
    assert found == ["18-39", "40-59", "60-79", "80+", UNKNOWN]


def test_headline_is_the_worst_source_with_both_classes(pooled: pd.DataFrame) -> None:
    found = measure_subgroups(pooled, **QUICK)
    worst = worst_source(found)
    assert worst is not None
    assert worst.name == "cohen/radiopaedia.org"
    assert worst.figures["auroc"].value < found["source"]["cohen"].figures["auroc"].value


def test_sources_of_one_class_give_sensitivity_or_specificity_alone(pooled: pd.DataFrame) -> None:
    sources = measure_subgroups(pooled, **QUICK)["source"]
    assert "sensitivity" in sources["cxnet"].figures
    assert "auroc" not in sources["cxnet"].figures
    assert "specificity" in sources["rsna"].figures


def test_too_small_publisher_has_no_figures_of_the_small_class(pooled: pd.DataFrame) -> None:
    tiny = measure_subgroups(pooled, **QUICK)["subsource"]["cohen/tiny.org"]
    assert "sensitivity" in tiny.figures
    assert "specificity" not in tiny.figures


def test_without_a_source_of_both_classes_there_is_no_headline(draw_scores: Draw) -> None:
    films = pd.concat([draw_scores(30, 0, source="a"), draw_scores(0, 30, source="b")])
    assert worst_source(measure_subgroups(films, **QUICK)) is None


def test_notable_publishers_have_figures_and_are_not_a_whole_source(draw_scores: Draw) -> None:
    films = pd.concat(
        [
            draw_scores(20, 20, source="cohen", subsource="radiopaedia.org"),
            draw_scores(3, 3, source="cohen", subsource="tiny.org", seed=1),
            draw_scores(0, 30, source="rsna", subsource="kaggle.com", seed=2),
        ],
        ignore_index=True,
    )
    found = notable_publishers(measure_subgroups(films, **QUICK))
    assert [stratum.name for stratum in found] == ["cohen/radiopaedia.org"]
