"""Every option of a recipe: the ends of what it takes, and the sentence for what lies beyond."""

from __future__ import annotations

import re
from typing import Any

import pytest

from covid_d.errors import TrainingError
from covid_d.training.recipes import APPEARANCE, ARTICLE, DEFAULT, RECIPES, Recipe

# option: what it takes at its ends, and what lies just beyond them.
ENDS: dict[str, tuple[list[Any], list[Any]]] = {
    "size": ([32, 1024], [31, 1025, "big"]),
    "crop_border": ([0, 0.25], [-0.01, 0.26]),
    "surround": ([0, 0.5], [-0.01, 0.51]),
    "jitter": ([0, 0.3], [-0.01, 0.31]),
    "batch_size": ([2, 4096], [1, 4097, 2.5]),
    "seed": ([0, 2**31 - 1], [-1, 2**31]),
    "frozen_epochs": ([0, 1000], [-1, 1001]),
    "epochs": ([0, 1000], [-1, 1001]),
    "frozen_lr": ([1e-12, 10], [0, 10.1]),
    "lr_min": ([1e-12, 1e-4], [0, 10.1]),
    "lr_max": ([1e-6, 10], [0, 10.1]),
    "weight_decay": ([0, 1], [-0.1, 1.1]),
    "rotate": ([0, 180], [-1, 181]),
    "zoom": ([1, 2], [0.9, 2.1]),
    "warp": ([0, 0.49], [-0.1, 0.5]),
    "stretch": ([0, 0.49], [-0.1, 0.5]),
    "lighting": ([0, 0.99], [-0.1, 1]),
    "gamma": ([0, 2], [-0.1, 2.1]),
    "blur": ([0, 5], [-0.1, 5.1]),
    "erase": ([0, 0.4], [-0.1, 0.41]),
    "ramp": ([0, 0.5], [-0.1, 0.51]),
    "noise": ([0, 0.2], [-0.1, 0.21]),
    "dropout": ([0, 0.99], [-0.1, 1]),
    "label_smoothing": ([0, 0.49], [-0.1, 0.5]),
    "average": ([0, 0.999], [-0.1, 1]),
    "target": (["covid"], ["covid19"]),
    "fit": (["squash", "pad", "crop"], ["stretch", ""]),
    "intensity": (["full", "percentile"], ["minmax"]),
    "frame": (["film"], ["chest"]),
    "head": (["concat", "linear"], ["mlp"]),
    "batchnorm": (["train", "keep"], ["freeze"]),
    "sampling": (["uniform", "balanced"], ["random"]),
    "keep": (["last", "best"], ["first"]),
    "precision": (["float32", "bfloat16"], ["float16"]),
    "name": (["a", "0", "a.b-c_d"], ["", "A", "-a", "a b", "../a"]),
    "flip": ([True, False], ["perhaps"]),
}
TAKEN = [(option, value) for option, (taken, _) in ENDS.items() for value in taken]
REFUSED = [(option, value) for option, (_, refused) in ENDS.items() for value in refused]


@pytest.mark.parametrize(("option", "value"), TAKEN)
def test_the_ends_are_taken(option: str, value: Any) -> None:
    assert getattr(ARTICLE.changed(**{option: value}), option) == value


@pytest.mark.parametrize(("option", "value"), REFUSED)
def test_beyond_them_the_option_and_the_value_are_named(option: str, value: Any) -> None:
    with pytest.raises(TrainingError) as caught:
        ARTICLE.changed(**{option: value})
    assert f"Recipe option {option!r}" in str(caught.value)
    assert repr(value) in str(caught.value)
    assert "covid-d train --help" in str(caught.value.next_step)


# What each option is for is held by the rooms that use it; these belong together.
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"frozen_epochs": 0, "epochs": 0}, "nothing would be trained"),
        ({"lr_min": 1e-3, "lr_max": 1e-4}, r"lr_min 0\.001 exceeds lr_max 0\.0001"),
        ({"probe": 0.1}, "probe needs head linear"),
        ({"probe": 0.1, "head": "linear", "target": "appearance"}, "probe needs target covid"),
        ({"frame": "lungs"}, "frame lungs needs fit squash"),
        ({"frame": "lungs", "fit": "squash", "crop_border": 0.1}, "no crop_border"),
        ({"smoothing": "ordinal"}, "smoothing ordinal needs target appearance"),
        ({"average": 0.9, "keep": "best"}, "average needs keep last"),
    ],
)
def test_options_that_contradict_each_other(options: dict[str, Any], said: str) -> None:
    with pytest.raises(TrainingError, match=said) as caught:
        ARTICLE.changed(**options)
    assert not re.search(r"option ''|Value error, Value error", str(caught.value))


@pytest.mark.parametrize(
    "options",
    [
        {"frozen_epochs": 0, "epochs": 1},
        {"frozen_epochs": 1, "epochs": 0},
        {"lr_min": 1e-4, "lr_max": 1e-4},
        {"probe": 0.1, "head": "linear"},
        {"frame": "lungs", "fit": "squash"},
        {"smoothing": "ordinal", "target": "appearance"},
        {"average": 0.9, "keep": "last"},
        {"average": 0.0, "keep": "best"},
    ],
)
def test_and_what_goes_together(options: dict[str, Any]) -> None:
    changed = ARTICLE.changed(**options)
    assert {name: getattr(changed, name) for name in options} == options


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_changed_by_its_own_values_is_itself(name: str) -> None:
    recipe = RECIPES[name]
    assert recipe.name == name
    assert recipe.changed(**recipe.model_dump()) == recipe
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


def test_the_appearance_recipe_is_what_its_experiment_says() -> None:
    # docs/en/experiments.md: five epochs of every layer, the lungs with a border of 15 %, labels
    # smoothed to their neighbours, the running average of weights kept.
    assert (APPEARANCE.target, APPEARANCE.frame, APPEARANCE.surround) == (
        "appearance",
        "lungs",
        0.15,
    )
    assert (APPEARANCE.frozen_epochs, APPEARANCE.epochs) == (0, 5)
    assert (APPEARANCE.smoothing, APPEARANCE.average, APPEARANCE.keep) == ("ordinal", 0.99, "last")
    assert APPEARANCE.head == "linear", "the map is exact for a linear head alone"


def test_the_default_recipe_trains_the_head_alone() -> None:
    assert (DEFAULT.frozen_epochs, DEFAULT.epochs) == (1, 0)
    assert DEFAULT.batchnorm == "keep"
    assert DEFAULT.probe > 0
    assert DEFAULT.sampling == "balanced"


def test_every_option_is_told_of() -> None:
    told = set(re.findall(r"^    ([a-z_, ]+)$", Recipe.__doc__ or "", re.MULTILINE))
    named = {name.strip() for line in told for name in line.split(",")}
    assert set(Recipe.model_fields) <= named
