"""What a film's appearance says about COVID-19: a table of published studies, and Bayes' rule.

Every figure below was compared with the study's published abstract. Studies that do not tell how
many films of each category had COVID-19, and how many had not, cannot give a ratio and stay out;
``docs/en/likelihood.md`` names them. A clinic that has counted its own films may put its table in
the place of :data:`PUBLISHED`.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.detector.assessment import CovidRange
from covid_d.detector.calibrate import check_prevalence

Draws = npt.NDArray[np.float64]
Vector = tuple[float, ...]
"""One number a category, in the order of ``CATEGORIES``."""

REST: Final = tuple(category for category in CATEGORIES if category is not Appearance.TYPICAL)
DRAWS: Final = 4000
_SEED: Final = 2020
_PRIOR: Final = 1.0
"""Films added to every count: none of 50 is not never."""
_INTERVAL: Final = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many films of one group of patients fell into each category.

    Parameters
    ----------
    typical
        Films of typical appearance.
    rest
        The others: negative, atypical and indeterminate; or, where the study does not tell them
        apart, their sum alone.
    """

    typical: int
    rest: tuple[int, int, int] | int

    def __post_init__(self) -> None:
        if min(self.typical, *self.parts) < 0:
            raise ValueError(f"a count is negative: {self}")

    @property
    def parts(self) -> tuple[int, ...]:
        """The other categories, or their sum."""
        return (self.rest,) if isinstance(self.rest, int) else self.rest


@dataclass(frozen=True, slots=True)
class Study:
    """One study of readers with a reference standard.

    Parameters
    ----------
    name, reference
        Short, and whole.
    covid, other
        Films of patients with COVID-19, and of patients without it.
    """

    name: str
    reference: str
    covid: Counts
    other: Counts

    @property
    def tells_rest_apart(self) -> bool:
        """Whether it counts negative, atypical and indeterminate films apart."""
        return not isinstance(self.covid.rest, int) and not isinstance(self.other.rest, int)


HARE: Final = Study(
    "Hare 2020",
    "Hare SS et al. Validation of the British Society of Thoracic Imaging guidelines for COVID-19 "
    "chest radiograph reporting. Clin Radiol 2020;75:710.e9-710.e14. "
    "doi:10.1016/j.crad.2020.06.005",
    # Classic 44 %, indeterminate 26 %, non-COVID 14 %, hence normal 16 %, of 50; of 50 earlier
    # controls with like symptoms 0, 24, 20 and 56 %.
    covid=Counts(typical=22, rest=(8, 7, 13)),
    other=Counts(typical=0, rest=(28, 10, 12)),
)
SMITH: Final = Study(
    "Smith 2020",
    "Smith DL et al. A characteristic chest radiographic pattern in the setting of the COVID-19 "
    "pandemic. Radiol Cardiothorac Imaging 2020;2(5):e200280. doi:10.1148/ryct.2020200280",
    # Characteristic 31 of 200 and 6 of 176; the abstract does not split the others by RT-PCR.
    covid=Counts(typical=31, rest=169),
    other=Counts(typical=6, rest=170),
)


class LikelihoodTable(ABC):
    """How often each category is seen with COVID-19 and without it, and how sure that is.

    Parameters
    ----------
    name
        By which every answer names it.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    @abstractmethod
    def pooled(self) -> tuple[Vector, Vector]:
        """P(category | COVID-19) and P(category | no COVID-19)."""

    @property
    @abstractmethod
    def draws(self) -> tuple[Draws, Draws]:
        """Draws of both frequencies: float64, ``DRAWS`` x 4 each, the same every time."""

    def ratios(self, appearance: Draws, shares: Sequence[float]) -> Draws:
        """Return the likelihood ratio of COVID-19 of many films: float64, N.

        Parameters
        ----------
        appearance
            N x 4: calibrated probability of each category.
        shares
            As in :meth:`covid`.
        """
        covid, other = (np.array(frequencies) for frequencies in self.pooled)
        weights = appearance / np.asarray(shares)
        found: Draws = (weights @ covid) / (weights @ other)
        return found

    def covid(
        self, appearance: Mapping[Appearance, float], shares: Sequence[float], prevalence: float
    ) -> CovidRange:
        """Return how probable COVID-19 is, given how a film looks.

        The ratio is ``sum(p_c / share_c * a_c) / sum(p_c / share_c * b_c)``: the network's
        probabilities freed of the mix of films it was calibrated on, times how often each category
        is seen with COVID-19 (a) and without it (b).

        Parameters
        ----------
        appearance
            Calibrated probability of each category.
        shares
            The categories' shares among the films that the probabilities were calibrated on.
        prevalence
            Share of COVID-19 among the patients at hand, in (0, 1).

        Raises
        ------
        ValueError
            If ``prevalence`` does not lie in (0, 1) or a share is not positive.
        """
        check_prevalence(prevalence)
        if min(shares) <= 0:
            raise ValueError(f"every category needs a share among the films, got {shares}")
        weights = [appearance[c] / share for c, share in zip(CATEGORIES, shares, strict=True)]
        covid, other = (np.array([frequencies]) for frequencies in self.pooled)
        (middle,) = _posterior(weights, covid, other, prevalence)
        drawn = np.sort(_posterior(weights, self.draws[0], self.draws[1], prevalence))
        value = float(middle)
        low, high = (float(drawn[round(share * (DRAWS - 1))]) for share in _INTERVAL)
        return CovidRange(min(low, value), value, max(high, value), prevalence, table=self.name)


class Ratios(LikelihoodTable):
    """What published studies, or other counts of films, say of the categories.

    The split into typical or not rests on every study; that of the rest on those that tell it
    apart. The middle adds the studies' films up. The interval is drawn: each draw takes one study
    at random for each split (a clinic is like one of them, nobody knows which, which is the spread
    between studies) and frequencies from the Dirichlet posterior of its counts (its own chance).
    Draws are the same every time.

    Parameters
    ----------
    studies
        At least one, at least one of them with every category.
    name
        By which every answer names the table; by default the studies' names.

    Raises
    ------
    ValueError
        If no study tells the categories apart.
    """

    def __init__(self, studies: Sequence[Study], *, name: str = "") -> None:
        super().__init__(name or " + ".join(study.name for study in studies))
        self.studies = tuple(studies)
        self._apart = tuple(study for study in self.studies if study.tells_rest_apart)
        if not self._apart:
            raise ValueError("no study counts every category apart")

    @cached_property
    def pooled(self) -> tuple[Vector, Vector]:
        """P(category | COVID-19) and P(category | no COVID-19), by adding the studies up."""
        return self._pooled("covid"), self._pooled("other")

    def _pooled(self, group: str) -> Vector:
        counts: list[Counts] = [getattr(study, group) for study in self.studies]
        apart: list[Counts] = [getattr(study, group) for study in self._apart]
        typical = [sum(found.typical for found in counts), sum(sum(f.parts) for f in counts)]
        rest = [sum(column) for column in zip(*(found.parts for found in apart), strict=True)]
        share = _shares([count + _PRIOR for count in typical])
        return _joined(share[0], _shares([count + _PRIOR for count in rest]))

    @cached_property
    def draws(self) -> tuple[Draws, Draws]:
        """Draws of both frequencies: float64, ``DRAWS`` x 4 each."""
        # Python's own generator: numpy's may change what a seed gives from version to version.
        chance = random.Random(_SEED)  # noqa: S311 - no secret
        drawn = [self._draw(chance) for _ in range(DRAWS)]
        return np.array([covid for covid, _ in drawn]), np.array([other for _, other in drawn])

    def _draw(self, chance: random.Random) -> tuple[Vector, Vector]:
        first, second = chance.choice(self.studies), chance.choice(self._apart)
        found = []
        for group in ("covid", "other"):
            whole: Counts = getattr(first, group)
            typical, _ = _dirichlet(chance, (whole.typical, sum(whole.parts)))
            rest = _dirichlet(chance, getattr(second, group).parts)
            found.append(_joined(typical, rest))
        return found[0], found[1]


PUBLISHED: Final = Ratios((HARE, SMITH))
"""The table in use unless a clinic has its own."""


def _posterior(weights: Sequence[float], a: Draws, b: Draws, prevalence: float) -> Draws:
    with_covid = prevalence * (a @ np.array(weights))
    without = (1.0 - prevalence) * (b @ np.array(weights))
    posterior: Draws = with_covid / (with_covid + without)
    return posterior


def _dirichlet(chance: random.Random, counts: Sequence[int]) -> Vector:
    return _shares([chance.gammavariate(count + _PRIOR, 1.0) for count in counts])


def _shares(numbers: Sequence[float]) -> Vector:
    total = sum(numbers)
    return tuple(number / total for number in numbers)


def _joined(typical: float, rest: Sequence[float]) -> Vector:
    within = dict(zip(REST, rest, strict=True))
    return tuple(
        typical if category is Appearance.TYPICAL else (1.0 - typical) * within[category]
        for category in CATEGORIES
    )
