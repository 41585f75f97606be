"""Dividing films into training, validation and test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from covid_d.dataset.build.options import LEARNING_SPLITS
from covid_d.dataset.manifest import Split
from covid_d.errors import DatasetError
from covid_d.language import N_


def split_groups(
    groups: Sequence[Hashable],
    strata: Sequence[Hashable],
    shares: tuple[int, int, int],
    seed: int,
) -> list[Split]:
    """Divide whole groups so that every stratum is divided as nearly as possible by the shares.

    Groups are dealt largest first, in random order within a size, each to the split that its
    strata lack most, counted in shares of the stratum. The last small groups even out what the
    large ones left. Source: after Sechidis et al. (2011), *On the stratification of multi-label
    data*, with groups in place of samples.

    Parameters
    ----------
    groups, strata
        Of each film.
    shares
        Of training, validation and test; per cent.
    seed
        Of the order and of ties.

    Returns
    -------
    The split of each film.
    """
    if not groups:
        return []
    stratum_number = {name: at for at, name in enumerate(dict.fromkeys(strata))}
    members: dict[Hashable, npt.NDArray[np.float64]] = defaultdict(
        lambda: np.zeros(len(stratum_number))
    )
    for group, stratum in zip(groups, strata, strict=True):
        members[group][stratum_number[stratum]] += 1
    totals = sum(members.values(), start=np.zeros(len(stratum_number)))
    wanted = np.outer(np.array(shares) / 100.0, totals)
    rng = np.random.default_rng(seed)
    names = list(members)
    shuffled = [names[at] for at in rng.permutation(len(names))]
    dealt: dict[Hashable, Split] = {}
    for name in sorted(shuffled, key=lambda name: -members[name].sum()):  # stable
        lack = (wanted / totals) @ members[name]
        best = np.flatnonzero(np.isclose(lack, lack.max()))
        at = int(best[0]) if len(best) == 1 else int(best[rng.integers(len(best))])
        wanted[at] -= members[name]
        dealt[name] = LEARNING_SPLITS[at]
    return [dealt[group] for group in groups]


def split_images(films: int, shares: tuple[int, int, int], seed: int) -> list[Split]:
    """Divide films at random, one by one, as the article did; patients may straddle splits."""
    order = np.random.default_rng(seed).permutation(films)
    training = round(films * shares[0] / 100)
    validation = round(films * shares[1] / 100)
    splits = [Split.TEST] * films
    for at in order[:training]:
        splits[at] = Split.TRAIN
    for at in order[training : training + validation]:
        splits[at] = Split.VALIDATION
    return splits


def draw_children(
    kinds: Sequence[str], numbers: tuple[int, int, int], seed: int
) -> list[Split | None]:
    """Draw the article's children: so many of each kind for training, validation and test.

    Parameters
    ----------
    kinds
        Of each film: healthy or pneumonia.
    numbers
        Films of each kind for each split.
    seed
        Of the draw.

    Returns
    -------
    The split of each film, ``None`` for films not drawn.

    Raises
    ------
    DatasetError
        If there are too few films of a kind.
    """
    rng = np.random.default_rng(seed)
    drawn: list[Split | None] = [None] * len(kinds)
    for kind in sorted(set(kinds)):
        places = [at for at, name in enumerate(kinds) if name == kind]
        if len(places) < sum(numbers):
            raise DatasetError(
                N_(
                    "The article protocol draws %(numbers)s films of %(kind)s children; "
                    "the collection has %(places)s.",
                    numbers=sum(numbers),
                    kind=kind,
                    places=len(places),
                ),
                N_("Use the whole collection, or ask for fewer: --children TRAIN/VALIDATION/TEST."),
            )
        order = iter(rng.permutation(places))
        for split, number in zip(LEARNING_SPLITS, numbers, strict=True):
            for _ in range(number):
                drawn[int(next(order))] = split
    return drawn
