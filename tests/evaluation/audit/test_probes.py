"""What each probe sees, and that no choice looks at the test films."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from covid_d.evaluation.audit.probes import FittedProbe, Probe, ProbeData, features
from covid_d.radiograph import Facts, Radiograph
from covid_d.radiograph.phantom import draw_phantom

FACTS = Facts(format="PNG", sha256="0" * 64, bits=8)


def film(pixels: np.ndarray, facts: Facts = FACTS) -> Radiograph:
    return Radiograph(np.array(pixels, dtype=np.float32), facts)


def seen(radiograph: Radiograph, width: int = 128, height: int = 128) -> dict[Probe, np.ndarray]:
    return features(radiograph, width=width, height=height)


def changed(before: np.ndarray, after: np.ndarray) -> dict[Probe, bool]:
    one, other = seen(film(before)), seen(film(after))
    return {probe: not np.allclose(one[probe], other[probe], atol=1e-6) for probe in one}


@pytest.fixture
def pixels() -> np.ndarray:
    return draw_phantom(3, size=128).pixels.copy()


def test_shapes_and_kinds(pixels: np.ndarray) -> None:
    found = seen(film(pixels))
    # The others need more than the film: its row, the network, or where the lungs are.
    assert set(found) == set(Probe) - {
        Probe.QUALITY, Probe.METADATA, Probe.MARKS, Probe.NETWORK_LUNGS_ERASED,
    }  # fmt: skip
    assert found[Probe.THUMBNAIL].shape == (64,)
    # 32 x 32 less the inner 24 x 24: the outer 12 % is four cells a side.
    assert found[Probe.BORDER].shape == (32 * 32 - 24 * 24,)
    assert 0.3 < len(found[Probe.CENTRE_BLACK]) / 32**2 < 0.45
    for values in found.values():
        assert values.dtype == np.float32
        assert np.isfinite(values).all()


def test_thumbnail_is_the_mean_of_each_cell(pixels: np.ndarray) -> None:
    means = pixels.reshape(8, 16, 8, 16).mean(axis=(1, 3))
    assert np.allclose(seen(film(pixels))[Probe.THUMBNAIL], means.ravel(), atol=1e-5)


def test_corner_is_seen_by_border_and_centre_probe(pixels: np.ndarray) -> None:
    marked = pixels.copy()
    marked[2:12, 2:12] = 1.0
    found = changed(pixels, marked)
    assert found[Probe.BORDER]
    assert found[Probe.CENTRE_BLACK]
    assert found[Probe.THUMBNAIL]


def test_middle_is_hidden_from_border_and_centre_probe(pixels: np.ndarray) -> None:
    rows, columns = np.mgrid[0:128, 0:128] / 127 - 0.5
    middle = rows**2 + columns**2 < 0.38**2
    found = changed(pixels, np.where(middle, 1.0 - pixels, pixels))
    assert not found[Probe.BORDER]
    assert not found[Probe.CENTRE_BLACK]
    assert found[Probe.SIZE_BRIGHTNESS]


def test_fine_texture_is_hidden_from_every_picture_probe(pixels: np.ndarray) -> None:
    # A checkerboard of single pixels leaves the mean of every cell as it was.
    board = np.where(np.indices(pixels.shape).sum(axis=0) % 2, 0.03, -0.03)
    flat = np.clip(pixels, 0.05, 0.95)
    found = changed(flat, flat + board)
    for probe in (Probe.THUMBNAIL, Probe.BORDER, Probe.CENTRE_BLACK):
        assert not found[probe]


def test_size_and_format_are_seen(pixels: np.ndarray) -> None:
    base = seen(film(pixels))[Probe.SIZE_BRIGHTNESS]
    wider = seen(film(pixels), width=256)[Probe.SIZE_BRIGHTNESS]
    jpeg = seen(film(pixels, Facts(format="JPEG", sha256="", bits=8)))[Probe.SIZE_BRIGHTNESS]
    deeper = seen(film(pixels, Facts(format="PNG", sha256="", bits=16)))[Probe.SIZE_BRIGHTNESS]
    for other in (wider, jpeg, deeper):
        assert not np.allclose(base, other)


def drawn(
    count: int, gap: float, *, seed: int = 0, dimensions: int = 5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    positive = np.arange(count) % 2 == 0
    values = rng.normal(size=(count, dimensions))
    values[:, 0] += gap * positive
    groups = np.array([f"g{k}" for k in range(count)])
    return values.astype(np.float32), positive, groups


def test_fitted_probe_finds_a_signal() -> None:
    train = ProbeData(*drawn(80, 3.0))
    test, truth, _ = drawn(40, 3.0, seed=1)
    found = FittedProbe(train).score(test)
    assert found.scores.shape == (40,)
    assert found.scores[truth].mean() > found.scores[~truth].mean() + 0.3
    assert found.inner_auroc > 0.9
    assert found.trained_on == "all"


def test_without_signal_inner_auroc_is_near_chance() -> None:
    # Training scores would be perfect (a forest remembers); cross-validated ones must not be.
    found = FittedProbe(ProbeData(*drawn(200, 0.0))).score(drawn(10, 0.0)[0])
    assert found.inner_auroc < 0.65


def test_groups_are_not_parted_by_folds() -> None:
    # Twins: each film four times, label by group at random. Only a leak could learn it.
    rng = np.random.default_rng(5)
    base = rng.normal(size=(50, 6)).astype(np.float32)
    label = np.arange(50) % 2 == 0
    groups = np.repeat([f"g{k}" for k in range(50)], 4)
    data = ProbeData(np.repeat(base, 4, axis=0), np.repeat(label, 4), groups)
    assert FittedProbe(data).score(base).inner_auroc < 0.75
    alone = ProbeData(data.features, data.positive, np.array([f"f{k}" for k in range(200)]))
    assert FittedProbe(alone).score(base).inner_auroc > 0.95


def test_nonlinear_signal_takes_the_forest() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(160, 3)).astype(np.float32)
    positive = np.abs(values[:, 0]) > 0.67
    data = ProbeData(values, positive, np.array([f"g{k}" for k in range(160)]))
    assert FittedProbe(data).score(values).classifier == "random forest"


def test_source_trained_probe_wins_where_the_pool_misleads() -> None:
    # In one source the sign of the signal is the reverse of that in a three times larger one.
    large, positive_large, _ = drawn(180, 4.0, seed=3)
    small, positive_small, _ = drawn(60, -4.0, seed=4)
    data = ProbeData(
        np.concatenate([large, small]),
        np.concatenate([positive_large, positive_small]),
        np.array([f"g{k}" for k in range(240)]),
    )
    members = np.arange(240) >= 180
    fitted = FittedProbe(data)
    test, truth, _ = drawn(40, -4.0, seed=6)
    found = fitted.score_within(test, members)
    assert found is not None
    assert found.trained_on == "source"
    assert found.inner_auroc > 0.9
    assert found.scores[truth].mean() > found.scores[~truth].mean() + 0.3
    pool = fitted.score(test, members)
    assert pool.trained_on == "all"
    assert pool.inner_auroc < found.inner_auroc


@pytest.mark.parametrize("members", [slice(0, 18), slice(0, 0)], ids=["few films", "none"])
def test_source_with_few_training_films_has_no_probe_of_its_own(members: slice) -> None:
    data = ProbeData(*drawn(80, 2.0))
    inside = np.zeros(80, dtype=np.bool_)
    inside[members] = True
    fitted, test = FittedProbe(data), drawn(10, 2.0)[0]
    assert fitted.score_within(test, inside) is None
    assert np.isfinite(fitted.score(test, inside).scores).all()


@pytest.mark.parametrize("held_out", [True, False], ids=["no film", "one class"])
def test_source_without_both_classes_takes_the_pools_choice(held_out: bool) -> None:
    data = ProbeData(*drawn(80, 2.0))
    fitted, test = FittedProbe(data), drawn(10, 2.0)[0]
    members = np.zeros(80, dtype=np.bool_) if held_out else data.positive.copy()
    found, pool = fitted.score(test, members), fitted.score(test)
    assert np.array_equal(found.scores, pool.scores)
    assert (found.classifier, found.trained_on) == (pool.classifier, "all")
    assert found.inner_auroc == pool.inner_auroc


def test_same_seed_same_scores() -> None:
    data, test = ProbeData(*drawn(80, 1.0)), drawn(20, 1.0, seed=9)[0]
    members = np.arange(80) < 50
    first, again = FittedProbe(data, seed=3), FittedProbe(data, seed=3)
    assert np.array_equal(first.score(test).scores, again.score(test).scores)
    one, two = first.score_within(test, members), again.score_within(test, members)
    assert one is not None
    assert two is not None
    assert np.array_equal(one.scores, two.scores)


def test_the_stronger_ridge_is_taken_where_it_does_better() -> None:
    # Each feature tells a little, and there are many more of them than films.
    def films(seed: int) -> ProbeData:
        rng = np.random.default_rng(seed)
        positive = np.arange(60) % 2 == 0
        shared = rng.normal(size=(60, 1)) + 2.0 * positive[:, None]
        values = (shared + 4.0 * rng.normal(size=(60, 1280))).astype(np.float32)
        return ProbeData(values, positive, np.array([f"g{k}" for k in range(60)]))

    train, test = films(1), films(2)
    found = FittedProbe(train).score(test.features)
    assert found.classifier == "logistic regression, stronger ridge"
    assert roc_auc_score(test.positive, found.scores) > 0.8


def test_every_probe_has_its_sentence() -> None:
    for probe in Probe:
        assert probe.message.es != probe.message.en
