"""The light fit on frozen features: rows, groups, class balance and its threshold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from covid_d.evaluation.left_out.frozen import FrozenFit
from covid_d.evaluation.left_out.leave_one_out import SPECIFICITY, positive_films

COLUMNS = 6


def _films(n: int = 60, *, per_patient: int = 1, covid_each: int = 2) -> pd.DataFrame:
    """Return a manifest with odd row labels: every ``covid_each``-th patient has COVID-19."""
    patients = [k // per_patient for k in range(n)]
    return pd.DataFrame(
        {
            "label": ["covid" if p % covid_each == 0 else "nocovid" for p in patients],
            "group": [f"g{p}" for p in patients],
            "original_sha256": [f"{k:064d}" for k in range(n)],
        },
        index=pd.Index([7 * k + 3 for k in range(n)]),
    )


def _features(films: pd.DataFrame, *, sign: float = 1.0, seed: int = 1) -> np.ndarray:
    """Return noise, with ``sign`` added to the first column of films with COVID-19."""
    drawn = np.random.default_rng(seed).normal(size=(len(films), COLUMNS)).astype(np.float32)
    drawn[:, 0] += np.float32(sign) * positive_films(films)
    return drawn


def _fit(films: pd.DataFrame, features: np.ndarray, seed: int = 7) -> FrozenFit:
    return FrozenFit(features, films.index, seed)


def test_features_follow_row_labels_whatever_the_order() -> None:
    films = _films()
    features = _features(films)
    shuffled = films.sample(frac=1.0, random_state=3)
    found = _fit(films, features).of(shuffled)
    for row, label in zip(found, shuffled.index, strict=True):
        np.testing.assert_array_equal(row, features[(label - 3) // 7])


def test_scores_do_not_depend_on_the_order_they_are_asked_in() -> None:
    films = _films()
    fitted = _fit(films, _features(films))(films)
    forward = fitted.score(films)
    np.testing.assert_allclose(fitted.score(films.iloc[::-1])[::-1], forward, atol=1e-5)


def test_a_sign_of_disease_raises_the_score() -> None:
    films = _films(120)
    fitted = _fit(films, _features(films, sign=4.0))(films)
    scores, positive = fitted.score(films), positive_films(films)
    assert scores[positive].min() > scores[~positive].mean()


def test_the_threshold_keeps_nine_in_ten_negatives_below_it_out_of_fold() -> None:
    films = _films(100)
    fit = _fit(films, _features(films))
    negatives = fit.cross_validated(films)[~positive_films(films)]
    assert len(negatives) == 50
    threshold = fit(films).threshold
    assert (negatives < threshold).sum() == round(50 * SPECIFICITY)
    # The lowest such: one step lower and the next negative would be called positive.
    assert (negatives < np.nextafter(np.float32(threshold), np.float32(-1))).sum() == 44


def test_noise_is_no_better_than_chance_out_of_fold_though_it_fits_in_sample() -> None:
    films = _films(60)
    noise = np.random.default_rng(0).normal(size=(60, 200)).astype(np.float32)
    fit = _fit(films, noise)
    positive = positive_films(films)
    assert roc_auc_score(positive, fit(films).score(films)) > 0.95
    assert 0.25 < roc_auc_score(positive, fit.cross_validated(films)) < 0.75


def test_a_patients_own_mark_does_not_help_out_of_fold() -> None:
    # Every film of a patient carries the patient's own column: enough to know its twin by, and no
    # sign of disease. Kept together, it tells nothing; parted, it would tell all.
    films = _films(80, per_patient=4)
    own = np.eye(20, dtype=np.float32)[[k // 4 for k in range(80)]] * 10
    grouped = _fit(films, own).cross_validated(films)
    parted = _fit(films, own).cross_validated(films.assign(group=""))
    positive = positive_films(films)
    assert roc_auc_score(positive, parted) > 0.95
    assert roc_auc_score(positive, grouped) < 0.7


def test_films_without_a_group_are_told_apart_by_their_hash() -> None:
    films = _films(40).assign(group="")
    copies = films.assign(original_sha256=[f"{k // 4:064d}" for k in range(40)])
    # As many hashes as films: five folds can be made. With ten hashes of mixed class they can
    # still be made, and copies stay together.
    fit = _fit(films, _features(films))
    assert np.isfinite(fit.cross_validated(films)).all()
    assert np.isfinite(fit.cross_validated(copies)).all()
    assert not np.array_equal(fit.cross_validated(films), fit.cross_validated(copies))


def test_scale_and_offset_of_a_feature_make_no_difference() -> None:
    films = _films()
    features = _features(films)
    stretched = features * np.float32(1000) + np.float32(50)
    one, other = _fit(films, features)(films), _fit(films, stretched)(films)
    np.testing.assert_allclose(one.score(films), other.score(films), atol=1e-3)
    assert one.threshold == pytest.approx(other.threshold, abs=1e-3)


def test_few_positives_weigh_as_much_as_many_negatives() -> None:
    # Balanced classes: a film that tells nothing scores about 0, not the log-odds of 1 in 5.
    films = _films(200, covid_each=5)
    features = _features(films, sign=3.0)
    scores = _fit(films, features)(films).score(films)
    positive = positive_films(films)
    assert scores[positive].mean() == pytest.approx(-scores[~positive].mean(), rel=0.35)
    assert abs(np.log(0.2 / 0.8)) > abs(scores[positive].mean() + scores[~positive].mean())


def test_a_seed_fixes_the_folds() -> None:
    films = _films()
    features = _features(films)
    first = _fit(films, features).cross_validated(films)
    np.testing.assert_array_equal(first, _fit(films, features).cross_validated(films))
    assert not np.array_equal(first, _fit(films, features, seed=8).cross_validated(films))


def test_the_name_of_a_run_is_of_no_consequence() -> None:
    films = _films()
    fit = _fit(films, _features(films))
    assert fit(films, "cohen").threshold == fit(films, "kermany").threshold
