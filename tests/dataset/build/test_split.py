"""Dividing films: whole groups, in the shares asked for; or film by film, as the article did."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covid_d.dataset.build.options import LEARNING_SPLITS
from covid_d.dataset.build.split import draw_children, split_groups, split_images
from covid_d.dataset.manifest import Split
from covid_d.errors import DatasetError

SHARES = (70, 15, 15)


def test_every_stratum_is_divided_by_the_shares() -> None:
    strata = ["a"] * 400 + ["b"] * 100 + ["c"] * 40
    splits = split_groups(range(540), strata, SHARES, seed=7)
    for stratum, films in Counter(strata).items():
        got = Counter(s for s, name in zip(splits, strata, strict=True) if name == stratum)
        for split, share in zip(LEARNING_SPLITS, SHARES, strict=True):
            assert got[split] == pytest.approx(films * share / 100, abs=1)


def test_groups_of_many_sizes_stay_whole_and_balanced() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(300), rng.integers(1, 9, 300)).tolist()
    strata = [("covid" if group % 3 else "nocovid", group % 2) for group in groups]
    splits = split_groups(groups, strata, SHARES, seed=7)
    where: dict[int, set[Split]] = {}
    for group, split in zip(groups, splits, strict=True):
        where.setdefault(group, set()).add(split)
    assert all(len(found) == 1 for found in where.values())
    for stratum in set(strata):
        got = Counter(s for s, name in zip(splits, strata, strict=True) if name == stratum)
        assert got[Split.TRAIN] / got.total() == pytest.approx(0.70, abs=0.02)
        assert got[Split.TEST] / got.total() == pytest.approx(0.15, abs=0.02)


def test_a_group_of_two_strata_is_not_torn() -> None:
    groups = ["x", "x", *range(98)]
    strata = ["a", "b", *(["a", "b"] * 49)]
    splits = split_groups(groups, strata, SHARES, seed=7)
    assert splits[0] == splits[1]


def test_one_seed_gives_one_division() -> None:
    strata = ["a", "b"] * 50
    one, same, other = (split_groups(range(100), strata, SHARES, seed) for seed in (7, 7, 8))
    assert one == same
    assert one != other


def test_no_films() -> None:
    assert split_groups([], [], SHARES, seed=7) == []
    assert split_images(0, SHARES, seed=7) == []


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from("abc")), min_size=1, max_size=60),
    st.integers(0, 100),
)
def test_no_group_ever_straddles(films: list[tuple[int, str]], seed: int) -> None:
    groups = [group for group, _ in films]
    splits = split_groups(groups, [stratum for _, stratum in films], SHARES, seed)
    assert len(splits) == len(films)
    assert len(set(zip(groups, splits, strict=True))) == len(set(groups))


@pytest.mark.parametrize(("films", "expected"), [(377, (264, 57, 56)), (100, (70, 15, 15))])
def test_images_are_divided_by_the_shares(films: int, expected: tuple[int, int, int]) -> None:
    splits = Counter(split_images(films, SHARES, seed=7))
    assert tuple(splits[split] for split in LEARNING_SPLITS) == expected


def test_images_are_divided_at_random() -> None:
    one, same, other = (split_images(50, SHARES, seed) for seed in (7, 7, 8))
    assert one == same
    assert one != other
    assert one != sorted(one, key=LEARNING_SPLITS.index)


def test_children_are_drawn_as_in_the_article() -> None:
    kinds = ["healthy"] * 240 + ["pneumonia"] * 360
    drawn = draw_children(kinds, (40, 40, 20), seed=7)
    numbers = Counter(zip(kinds, drawn, strict=True))
    for kind, films in (("healthy", 240), ("pneumonia", 360)):
        assert numbers[kind, Split.TRAIN] == 40
        assert numbers[kind, Split.VALIDATION] == 40
        assert numbers[kind, Split.TEST] == 20
        assert numbers[kind, None] == films - 100


def test_too_few_children_are_refused() -> None:
    with pytest.raises(DatasetError, match=r"draws 100 films of healthy children; .* has 99"):
        draw_children(["healthy"] * 99 + ["pneumonia"] * 100, (40, 40, 20), seed=7)


def test_no_children_are_drawn_where_there_are_none() -> None:
    assert draw_children([], (40, 40, 20), seed=7) == []
