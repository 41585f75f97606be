"""The protocol: nothing held out is trained on, and a source shortcut is found out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from covid_d.errors import EvaluationError
from covid_d.evaluation.figures.estimate import FloatArray
from covid_d.evaluation.left_out.frozen import FrozenFit
from covid_d.evaluation.left_out.leave_one_out import (
    Experiment,
    HeldOutKind,
    leave_out,
    plan,
    positive_films,
    threshold_at,
)

QUICK: dict[str, Any] = {"resamples": 100, "seed": 1}


def _films(*parts: tuple[str, str, int, int]) -> pd.DataFrame:
    rows = [
        {"source": source, "subsource": publisher, "label": label}
        for source, publisher, positives, negatives in parts
        for label, count in (("covid", positives), ("nocovid", negatives))
        for _ in range(count)
    ]
    films = pd.DataFrame(rows)
    films["group"] = [f"g{k // 2}" for k in range(len(films))]
    films["original_sha256"] = [f"{k:064d}" for k in range(len(films))]
    films["split"] = "train"
    return films


POOL = (
    ("cohen", "radiopaedia.org", 30, 30),
    ("cohen", "sirm.org", 20, 4),
    ("cohen", "", 20, 10),
    ("cxnet", "", 60, 0),
    ("nih", "", 0, 60),
    ("rsna", "", 0, 60),
)


@dataclass(frozen=True)
class Remembered:
    """Scores by a column of the film itself; remembers what it was trained on."""

    column: str
    threshold: float = 0.0

    def score(self, films: pd.DataFrame) -> FloatArray:
        return films[self.column].to_numpy(dtype=np.float64)


def test_plan_holds_out_sources_publishers_and_pairs() -> None:
    found = {(e.kind.value, e.name) for e in plan(_films(*POOL))}
    assert found == {
        ("source", "cohen"),
        ("source", "cxnet"),
        ("source", "nih"),
        ("source", "rsna"),
        ("publisher", "cohen/radiopaedia.org"),  # sirm.org has only 4 negatives
        ("pair", "cxnet + nih"),
        ("pair", "cxnet + rsna"),
    }


def test_a_publisher_that_is_the_whole_source_is_held_out_once() -> None:
    films = _films(("a", "a.org", 20, 20), ("b", "", 20, 20))
    assert [e.kind for e in plan(films)] == [HeldOutKind.SOURCE, HeldOutKind.SOURCE]


def test_patients_of_the_held_out_source_are_not_trained_on() -> None:
    films = _films(*POOL)
    # One person in nih and rsna, one near-duplicate in cohen and cxnet.
    films.loc[films.index[films["source"].eq("nih")][:2], "group"] = "shared"
    films.loc[films.index[films["source"].eq("rsna")][:3], "group"] = "shared"
    for experiment in plan(films):
        assert not set(experiment.held_out["group"]) & set(experiment.training["group"])
        assert not set(experiment.held_out.index) & set(experiment.training.index)
    by_name = {e.name: e for e in plan(films)}
    assert len(by_name["rsna"].training) == len(films) - 60 - 2
    # Everything of the held-out source is kept for the test, shared or not.
    assert len(by_name["nih"].held_out) == 60


def test_radiopaedia_held_out_trains_on_the_rest_of_cohen() -> None:
    experiment = next(e for e in plan(_films(*POOL)) if e.kind is HeldOutKind.PUBLISHER)
    assert set(experiment.training["source"]) == {"cohen", "cxnet", "nih", "rsna"}
    assert "radiopaedia.org" not in set(experiment.training["subsource"])


def test_a_held_out_publishers_films_in_other_collections_are_not_trained_on() -> None:
    films = _films(*POOL, ("cxnet", "radiopaedia.org", 12, 0))
    by_name = {e.name: e for e in plan(films)}
    experiment = by_name["cohen/radiopaedia.org"]
    assert len(experiment.held_out) == 60  # Cohen's own, which have both classes
    assert set(experiment.held_out["source"]) == {"cohen"}
    assert "radiopaedia.org" not in set(experiment.training["subsource"])
    assert len(experiment.training) == len(films) - 60 - 12
    # A whole source held out says nothing about its publishers elsewhere.
    assert "radiopaedia.org" in set(by_name["cohen"].training["subsource"])


def test_films_without_a_group_stay_apart() -> None:
    films = _films(*POOL)
    films["group"] = ""
    experiment = next(e for e in plan(films) if e.name == "rsna")
    assert len(experiment.training) == len(films) - 60


def test_one_source_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="one source only"):
        plan(_films(("a", "", 20, 20)))


@pytest.mark.parametrize("specificity", [0.5, 0.9, 1.0])
def test_threshold_keeps_the_specificity(specificity: float) -> None:
    rng = np.random.default_rng(1)
    scores, positive = rng.normal(size=200), rng.random(200) < 0.4
    threshold = threshold_at(scores, positive, specificity)
    negatives = scores[~positive]
    assert (negatives < threshold).mean() >= specificity
    # And is the lowest that does: one negative lower would break it.
    lower = negatives[negatives < threshold].max()
    assert (negatives < lower).mean() < specificity


def test_threshold_with_ties_still_keeps_the_specificity() -> None:
    scores = np.array([0.0] * 8 + [1.0] * 2 + [1.0])
    positive = np.arange(11) == 10
    assert threshold_at(scores, positive, 0.9) > 1.0


def test_threshold_without_negatives_is_an_error() -> None:
    with pytest.raises(ValueError, match="negative"):
        threshold_at(np.ones(3), np.ones(3, dtype=bool), 0.9)


def test_results_by_kind() -> None:
    films = _films(*POOL)
    rng = np.random.default_rng(0)
    films["quality"] = rng.normal(positive_films(films) * 1.5 - 0.75, 1.0)
    trained: list[int] = []

    def fit(films: pd.DataFrame, name: str) -> Remembered:
        trained.append(len(films))
        return Remembered("quality")

    results = {r.name: r for r in leave_out(plan(films), fit, **QUICK)}
    assert len(trained) == len(results) == 7
    both = results["cohen/radiopaedia.org"]
    assert set(both.figures) == {"auroc", "auroc_bootstrap", "sensitivity", "specificity"}
    assert both.figures["auroc"].n == 60
    assert both.figures["auroc"].low < both.figures["auroc"].value < both.figures["auroc"].high
    assert set(results["cxnet"].figures) == {"sensitivity"}
    assert set(results["rsna"].figures) == {"specificity"}
    pair = results["cxnet + rsna"].to_dict()
    assert pair["source_confounded"] is True
    assert "auroc" in pair["figures"]
    assert both.to_dict()["source_confounded"] is False


def test_without_both_classes_to_train_on_nothing_is_measured() -> None:
    films = _films(("a", "", 20, 0), ("b", "", 0, 20))

    def fit(films: pd.DataFrame, name: str) -> Remembered:
        raise AssertionError("must not train")

    results = list(leave_out(plan(films), fit, **QUICK))
    assert all(result.figures == {} for result in results)
    assert {r.name for r in results} == {"a", "b", "a + b"}


def _features(films: pd.DataFrame, *, disease: float, source: float) -> np.ndarray:
    """Features that carry the disease, the source, and noise."""
    rng = np.random.default_rng(3)
    names = films["source"] + films["subsource"]
    directions = {name: rng.normal(size=16) for name in names.unique()}
    own = rng.normal(size=16)
    x = np.stack([directions[name] for name in names]) * source
    x += positive_films(films)[:, None] * own * disease
    return (x + rng.normal(size=x.shape)).astype(np.float32)


def _light(films: pd.DataFrame, **strength: float) -> dict[str, float]:
    light = FrozenFit(_features(films, **strength), films.index)
    seen = pd.Series(light.cross_validated(films), index=films.index)
    results = leave_out(plan(films), light, source_seen=seen, **QUICK)
    return {f"{r.name}:{k}": f.value for r in results for k, f in r.figures.items()}


def test_a_real_sign_of_disease_survives_leaving_the_source_out() -> None:
    found = _light(_films(*POOL), disease=1.5, source=0.0)
    assert found["cohen/radiopaedia.org:auroc"] > 0.9
    assert found["cxnet:sensitivity"] > 0.8
    assert found["rsna:specificity"] > 0.75


def test_a_source_shortcut_does_not() -> None:
    films = _films(*POOL)
    found = _light(films, disease=0.0, source=2.0)
    assert abs(found["cohen/radiopaedia.org:auroc"] - 0.5) < 0.2
    light = FrozenFit(_features(films, disease=0.0, source=2.0), films.index)
    from covid_d.evaluation.figures.intervals import auroc

    pooled = auroc(light.cross_validated(films), positive_films(films)).value
    assert pooled > 0.85  # the pool is fooled; the held-out publisher is not


def test_light_fit_repeats_and_keeps_patients_together() -> None:
    films = _films(*POOL)
    light = FrozenFit(_features(films, disease=1.0, source=1.0), films.index)
    assert np.array_equal(light.cross_validated(films), light.cross_validated(films))
    shuffled = films.sample(frac=1.0, random_state=1)
    assert np.array_equal(light.of(shuffled)[0], light.of(films.loc[[shuffled.index[0]]])[0])


def test_cross_validation_never_learns_a_film_from_its_twin() -> None:
    # Random labels, every film twice in one group: grouped folds must stay at chance, while folds
    # that split twins would reach nearly 1.
    rng = np.random.default_rng(2)
    films = _films(("a", "", 60, 60), ("b", "", 60, 60))
    films["group"] = [f"g{k}" for k in np.repeat(np.arange(120), 2)]
    x = np.repeat(rng.normal(size=(120, 40)), 2, axis=0).astype(np.float32)
    films["label"] = np.repeat(np.where(rng.random(120) < 0.5, "covid", "nocovid"), 2)
    light = FrozenFit(x, films.index)
    from covid_d.evaluation.figures.intervals import auroc

    assert abs(auroc(light.cross_validated(films), positive_films(films)).value - 0.5) < 0.15


def test_experiment_is_what_it_says() -> None:
    films = _films(*POOL)
    experiment = Experiment("x", HeldOutKind.SOURCE, films.head(5), films.tail(5))
    assert len(experiment.held_out) == len(experiment.training) == 5
