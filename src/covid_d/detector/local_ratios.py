"""A clinic's own table: how often each appearance is seen here with COVID-19 and without it.

Who fits it, and shows that it helps, is the clinic (``clinic/calibration``); this is what answers.
"""

from __future__ import annotations

import random
from functools import cached_property
from typing import Final

import numpy as np

from covid_d.detector.appearance import CATEGORIES
from covid_d.detector.likelihood import DRAWS, Draws, LikelihoodTable, Vector

_SEED: Final = 2020


class LocalRatios(LikelihoodTable):
    """Frequencies as Dirichlet distributions, and ratios that rise with how typical a film looks.

    Parameters
    ----------
    name
        By which every answer names it.
    covid, other
        Parameters of the Dirichlet distribution of the categories with COVID-19 and without it, in
        the order of ``CATEGORIES``: films, and the prior's half film a category.

    Raises
    ------
    ValueError
        If there are not four, or one is not positive.
    """

    def __init__(self, name: str, covid: Vector, other: Vector) -> None:
        super().__init__(name)
        if {len(covid), len(other)} != {len(CATEGORIES)} or min(*covid, *other) <= 0:
            raise ValueError(f"four positive numbers a group, got {covid} and {other}")
        self.covid_films, self.other_films = tuple(covid), tuple(other)

    @cached_property
    def pooled(self) -> tuple[Vector, Vector]:
        """The frequencies' middle."""
        covid, other = (np.array([group]) for group in (self.covid_films, self.other_films))
        found = self._ordered(covid / covid.sum(), other / other.sum())
        return tuple(found[0][0].tolist()), tuple(found[1][0].tolist())

    @cached_property
    def draws(self) -> tuple[Draws, Draws]:
        """Draws of both frequencies: float64, ``DRAWS`` x 4 each."""
        # Python's own generator: numpy's may change what a seed gives from version to version.
        chance = random.Random(_SEED)  # noqa: S311 - no secret
        groups = (self.covid_films, self.other_films)
        drawn = np.array(
            [[[chance.gammavariate(n, 1.0) for n in group] for group in groups]
             for _ in range(DRAWS)]
        )  # fmt: skip
        drawn /= drawn.sum(axis=2, keepdims=True)
        return self._ordered(drawn[:, 0], drawn[:, 1])

    def _ordered(self, covid: Draws, other: Draws) -> tuple[Draws, Draws]:
        return in_order(covid, other, (sum(self.covid_films), sum(self.other_films)))


def in_order(covid: Draws, other: Draws, films: tuple[float, float]) -> tuple[Draws, Draws]:
    """Return frequencies whose ratio never falls from negative to typical.

    Neighbours that are out of order share one ratio, as the likeliest frequencies under such an
    order do; how common each category is in both groups together does not change.

    Parameters
    ----------
    covid, other
        N x 4: frequencies with COVID-19 and without it, each row summing to 1.
    films
        How many films each group has.

    References
    ----------
    Dykstra, Kochar and Robertson (1995), *Inference for likelihood ratio ordering in the
    two-sample problem*, J Am Stat Assoc 90:1034. Isotonic regression by its max-min formula:
    Barlow et al. (1972), *Statistical Inference under Order Restrictions*.
    """
    positive, negative = covid * films[0], other * films[1]
    together = positive + negative
    n = together.shape[1]
    share = np.full_like(together, -np.inf)
    for place in range(n):
        for first in range(place + 1):
            least = np.min(
                [
                    positive[:, first : last + 1].sum(axis=1)
                    / together[:, first : last + 1].sum(axis=1)
                    for last in range(place, n)
                ],
                axis=0,
            )
            share[:, place] = np.maximum(share[:, place], least)
    return share * together / films[0], (1.0 - share) * together / films[1]
