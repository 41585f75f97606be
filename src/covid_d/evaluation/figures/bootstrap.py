"""The patient-clustered bootstrap: whole patients are drawn with replacement."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from covid_d.evaluation.figures.estimate import CONFIDENCE, FloatArray

RESAMPLES = 2000
SEED = 7

# Resamples x films held at once; about 64 MB a float64 array.
_CELLS = 8_000_000


def resample_weights(
    groups: npt.ArrayLike, *, resamples: int = RESAMPLES, seed: int = SEED
) -> Iterator[FloatArray]:
    """Yield blocks of weights: how often each film occurs in each resample.

    Films of one group (patient or near-duplicates) always occur equally often.

    Parameters
    ----------
    groups
        N group names.

    Yields
    ------
    float64 array, BxN, the B of all blocks adding up to ``resamples``.
    """
    _, index = np.unique(np.asarray(groups), return_inverse=True)
    clusters = int(index.max()) + 1
    rng = np.random.default_rng(seed)
    block = max(1, min(resamples, _CELLS // max(1, len(index))))
    for start in range(0, resamples, block):
        draws = rng.integers(0, clusters, size=(min(block, resamples - start), clusters))
        # One bincount for the whole block: each row's draws are shifted to bins of their own.
        shifted = draws + np.arange(len(draws))[:, None] * clusters
        counts = np.bincount(shifted.ravel(), minlength=len(draws) * clusters)
        yield counts.reshape(len(draws), clusters)[:, index].astype(np.float64)


def bootstrap(
    statistics: Callable[[FloatArray], dict[str, FloatArray]],
    groups: npt.ArrayLike,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> dict[str, tuple[float, float]]:
    """Return the percentile interval of each statistic over resampled patients.

    Resamples in which a statistic is not defined (a class is missing) do not count for it; when
    fewer than half are left the interval is NaN.

    Parameters
    ----------
    statistics
        Takes weights BxN and returns, by name, B values.
    groups
        N group names.
    """
    parts: dict[str, list[FloatArray]] = {}
    for weights in resample_weights(groups, resamples=resamples, seed=seed):
        for name, values in statistics(weights).items():
            parts.setdefault(name, []).append(values)
    return {name: percentile_interval(np.concatenate(values)) for name, values in parts.items()}


def percentile_interval(values: FloatArray) -> tuple[float, float]:
    """Return the middle 95 % of resampled values; NaN when fewer than half are defined."""
    defined = values[~np.isnan(values)]
    if len(defined) < len(values) / 2:
        return float("nan"), float("nan")
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)
