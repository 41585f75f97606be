"""Options of a build: what contradicts itself is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from covid_d.dataset.build.options import BuildOptions, Protocol
from covid_d.errors import DatasetError


def test_the_defaults_are_the_grouped_protocol_for_adults() -> None:
    options = BuildOptions()
    assert options.grouped
    assert options.leaves_out_children
    assert options.splits == (70, 15, 15)
    assert options.seed == 7


def test_the_article_takes_children() -> None:
    assert not BuildOptions(protocol=Protocol.ARTICLE).leaves_out_children


def test_all_ages_may_be_asked_for() -> None:
    assert not BuildOptions(adults_only=False).leaves_out_children


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"splits": (70, 20, 20)}, "70/20/20 are not three shares of 100"),
        ({"splits": (100, 0, 0)}, "100/0/0"),
        ({"splits": (80, 20)}, "80/20"),
        ({"children": (40, -1, 20)}, "40/-1/20"),
        ({"seed": -1}, "Seed -1 is negative"),
        ({"max_side": 223}, "223 pixels is too small"),
        ({"protocol": Protocol.ARTICLE, "adults_only": True}, "made with children's films"),
        ({"protocol": Protocol.ARTICLE, "hold_out": ("cohen",)}, "holds no source out"),
    ],
)
def test_what_makes_no_sense_is_refused(choices: dict[str, Any], message: str) -> None:
    with pytest.raises(DatasetError, match=message) as error:
        BuildOptions(**choices)
    assert error.value.next_step


def test_the_record_states_every_default() -> None:
    record = json.loads(json.dumps(BuildOptions().to_dict()))
    assert record == {
        "protocol": "grouped",
        "splits": [70, 15, 15],
        "seed": 7,
        "adults_only": True,
        "known_projection_only": False,
        "licenses": "any",
        "max_side": None,
        "hold_out": [],
        "children": [40, 40, 20],
    }
