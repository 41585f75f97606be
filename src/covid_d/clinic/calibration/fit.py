"""From cases with a laboratory result to how often each appearance is seen here.

Nobody says how a film of the clinic truly looks; the model gives each film a probability of each
category. The frequencies of one group are the mixture that makes its films likeliest, found by EM:
each film counts for each category by how probable that category is, given the frequencies so far.
As judge and fit use the model's probabilities in the same way, the ratio that follows is the
likeliest one. What the model leaves open counts as fewer films.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from covid_d.detector.likelihood import Vector
from covid_d.detector.local_ratios import in_order

Floats = npt.NDArray[np.float64]

PRIOR: Final = 0.5
"""Films added to each category (Jeffreys): none of 50 is not never."""
_STEPS: Final = 5000
_CLOSE: Final = 1e-9


def fit(appearance: Floats, positive: npt.NDArray[np.bool_], shares: Vector) -> tuple[Vector, ...]:
    """Return the Dirichlet parameters with COVID-19 and without it, in order.

    Parameters
    ----------
    appearance
        N x 4: calibrated probability of each category.
    positive
        N: whether the laboratory says COVID-19.
    shares
        The categories' shares among the films that the probabilities were calibrated on.

    Returns
    -------
    Two vectors of the order of ``CATEGORIES``; each sums to how many films, looked at by somebody
    who is sure, the group's films are worth, and the prior.

    References
    ----------
    Saerens, Latinne and Decaestecker (2002), *Adjusting the outputs of a classifier to new a priori
    probabilities*, Neural Comput 14:21 (the EM steps). Louis (1982), J R Stat Soc B 44:226 (the
    information that is left).
    """
    weights = appearance / np.asarray(shares)
    groups = [weights[positive], weights[~positive]]
    found = [frequencies(group) for group in groups]
    covid, other = in_order(found[0][None], found[1][None], (len(groups[0]), len(groups[1])))
    worth = [worth_films(group, share) for group, share in zip(groups, found, strict=True)]
    return tuple(
        tuple(float(part) for part in share[0] * films)
        for share, films in zip((covid, other), worth, strict=True)
    )


def frequencies(weights: Floats) -> Floats:
    """Return the likeliest frequencies of the categories among films: float64, 4.

    Parameters
    ----------
    weights
        N x 4: how likely each film is, for each category, but for a factor a film.
    """
    films, categories = weights.shape
    share = np.full(categories, 1.0 / categories)
    for _ in range(_STEPS):
        parts = weights * share
        counts = (parts / parts.sum(axis=1, keepdims=True)).sum(axis=0) + PRIOR
        before, share = share, counts / (films + PRIOR * categories)
        if np.abs(share - before).max() < _CLOSE:
            break
    return share


def worth_films(weights: Floats, share: Floats) -> float:
    """Return how many films of known category would be as sure of the frequencies.

    The variances that the films leave, summed over the categories, against those of a Dirichlet
    distribution; never more than there are films and prior, never less than the prior.

    Parameters
    ----------
    weights, share
        As of :func:`frequencies`, and what it returned.
    """
    films, categories = weights.shape
    score = weights / (weights @ share)[:, None]
    information = score.T @ score + np.diag(PRIOR / share**2)
    # Frequencies sum to one: only differences between them vary.
    basis = np.linalg.qr(np.eye(categories) - 1.0 / categories)[0][:, : categories - 1]
    left = basis @ np.linalg.inv(basis.T @ information @ basis) @ basis.T
    least = PRIOR * categories
    worth = float((share * (1 - share)).sum() / np.trace(left)) - 1.0
    return float(min(max(worth, least), films + least))
