"""Whether the source can be read from features: chance, certainty, and too little data."""

from __future__ import annotations

import numpy as np
import pytest

from covid_d.evaluation.audit.sources import source_predictability


def drawn(
    counts: dict[str, int], gap: float, *, films_a_patient: int = 1, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    sources = np.repeat(list(counts), list(counts.values()))
    place = np.unique(sources, return_inverse=True)[1]
    features = rng.normal(size=(len(sources), 20)).astype(np.float32)
    features[:, 0] += gap * place
    groups = np.array([f"{s}-{k // films_a_patient}" for k, s in enumerate(sources)])
    return features, sources, groups


def test_clear_sources_are_found() -> None:
    found = source_predictability(*drawn({"a": 60, "b": 60, "c": 60}, 8.0))
    assert found is not None
    assert found.balanced_accuracy > 0.95
    assert found.chance == pytest.approx(1 / 3)
    assert found.sources == {"a": 60, "b": 60, "c": 60}
    assert found.films == "all"


def test_no_difference_is_chance() -> None:
    found = source_predictability(*drawn({"a": 150, "b": 150}, 0.0))
    assert found is not None
    assert abs(found.balanced_accuracy - 0.5) < 0.12


def test_accuracy_is_balanced() -> None:
    # Guessing the large source would be right 95 times in 100; balanced, that is one half.
    found = source_predictability(*drawn({"large": 380, "small": 20}, 0.0))
    assert found is not None
    assert found.balanced_accuracy < 0.7


def test_patients_are_not_parted() -> None:
    # Every patient has his own features, four films each, and sources say nothing: only a leak
    # between films of one patient could predict.
    rng = np.random.default_rng(1)
    base = rng.normal(size=(40, 200))
    features = (np.repeat(base, 4, axis=0) + rng.normal(0, 0.01, (160, 200))).astype(np.float32)
    sources = np.repeat(np.where(np.arange(40) % 2, "a", "b"), 4)
    groups = np.repeat([f"p{k}" for k in range(40)], 4)
    apart = source_predictability(features, sources, groups)
    leaking = source_predictability(features, sources, np.array([f"f{k}" for k in range(160)]))
    assert apart is not None
    assert leaking is not None
    assert apart.balanced_accuracy < 0.7 < 0.95 < leaking.balanced_accuracy


def test_small_sources_are_left_out() -> None:
    found = source_predictability(*drawn({"a": 40, "b": 40, "tiny": 9}, 5.0))
    assert found is not None
    assert set(found.sources) == {"a", "b"}


@pytest.mark.parametrize(
    "counts", [{"a": 100}, {"a": 100, "b": 9}, {"a": 9, "b": 9}], ids=["one", "tiny", "both tiny"]
)
def test_fewer_than_two_sources_give_nothing(counts: dict[str, int]) -> None:
    assert source_predictability(*drawn(counts, 5.0)) is None


def test_patients_count_not_films() -> None:
    films = drawn({"a": 60, "b": 60}, 5.0, films_a_patient=10)  # six patients a source
    assert source_predictability(*films) is None
    assert source_predictability(*films, least=6) is not None


def test_same_seed_same_figure() -> None:
    films = drawn({"a": 50, "b": 50}, 0.7)
    assert source_predictability(*films, seed=2) == source_predictability(*films, seed=2)


def test_json() -> None:
    found = source_predictability(*drawn({"a": 30, "b": 30}, 5.0), films="covid")
    assert found is not None
    assert found.to_dict() == {
        "films": "covid",
        "sources": {"a": 30, "b": 30},
        "balanced_accuracy": found.balanced_accuracy,
        "chance": 0.5,
    }
