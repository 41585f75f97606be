from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from covid_d.errors import TrainingError
from covid_d.training.recipes import ARTICLE, DEFAULT, RECIPES, Recipe


def test_article_recipe_is_the_article() -> None:
    # The figures the article states, one by one.
    assert ARTICLE.backbone == "resnet34"
    assert ARTICLE.pretrained
    assert (ARTICLE.size, ARTICLE.batch_size, ARTICLE.seed) == (224, 16, 7)
    assert (ARTICLE.flip, ARTICLE.rotate) == (True, 25.0)
    assert (ARTICLE.frozen_epochs, ARTICLE.epochs) == (4, 10)
    assert (ARTICLE.lr_min, ARTICLE.lr_max) == (1e-6, 1e-4)
    assert ARTICLE.lr_finder


def test_article_recipe_adds_nothing_of_ours() -> None:
    assert (ARTICLE.fit, ARTICLE.intensity, ARTICLE.crop_border) == ("crop", "full", 0.0)
    assert (ARTICLE.stretch, ARTICLE.gamma, ARTICLE.blur, ARTICLE.erase) == (0, 0, 0, 0)
    assert (ARTICLE.label_smoothing, ARTICLE.sampling, ARTICLE.keep) == (0.0, "uniform", "last")
    assert ARTICLE.head == "concat"


def test_a_recipe_without_options_is_the_article_s() -> None:
    assert Recipe(name="article") == ARTICLE


def test_default_recipe_has_an_exact_activation_and_packaged_weights() -> None:
    assert DEFAULT.head == "linear"
    assert DEFAULT.backbone == "tf_efficientnet_lite0"
    assert list(RECIPES) == ["default", "article", "appearance"]


def test_changed_replaces_and_leaves_the_original() -> None:
    changed = ARTICLE.changed(epochs=1, backbone="resnet18")
    assert (changed.epochs, changed.backbone, changed.seed) == (1, "resnet18", 7)
    assert ARTICLE.epochs == 10


def test_recipes_are_frozen() -> None:
    with pytest.raises(ValidationError):
        ARTICLE.epochs = 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochz": 1}, "'epochz'"),
        ({"fit": "stretch"}, "'stretch'"),
        ({"batch_size": 1}, "'batch_size'"),
        ({"rotate": -1}, "'rotate'"),
        ({"lr_max": 0}, "'lr_max'"),
        ({"epochs": 0, "frozen_epochs": 0}, "nothing would be trained"),
        ({"lr_min": 1e-2}, "exceeds"),
    ],
)
def test_impossible_options_are_named(options: dict[str, object], said: str) -> None:
    with pytest.raises(TrainingError, match=said) as caught:
        ARTICLE.changed(**options)
    assert caught.value.next_step


def test_a_recipe_survives_json() -> None:
    assert Recipe.model_validate_json(DEFAULT.model_dump_json()) == DEFAULT


def test_recipes_import_without_torch() -> None:
    code = "import sys, covid_d.training.recipes; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
