"""The model card by itself: what each section says of each kind of bundle, without training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bundle_factory import appearance_fields, gate_spec, spec_dict
from covid_d.dataset.dataset import Dataset
from covid_d.detector.appearance import CATEGORIES
from covid_d.detector.bundle.spec import BundleSpec
from covid_d.training.card import MARKERS, How, cell, model_card
from covid_d.training.export import Validation
from covid_d.training.recipes import DEFAULT, Recipe


def _films(**columns: Any) -> pd.DataFrame:
    """Return eight films of six patients: two sources, two splits."""
    films = pd.DataFrame(
        {
            "source": ["north"] * 4 + ["south"] * 4,
            "split": ["train", "train", "train", "validation"] * 2,
            "label": ["covid", "nocovid", "covid", "nocovid", *["covid"] * 4],
            "appearance": [*CATEGORIES, *CATEGORIES],
            "group": ["a", "a", "b", "c", "", "", "d", None],
            "license": ["CC0", "CC0", "", "CC | BY", "CC0", None, "CC0", "CC0"],
        }
    )
    return films.assign(**columns)


def _spec(**changes: Any) -> BundleSpec:
    training = spec_dict()["training"] | {"films": {"train": 6, "validation": 2}}
    return BundleSpec(**(spec_dict(training=training) | changes))


def _card(
    spec: BundleSpec | None = None,
    *,
    films: pd.DataFrame | None = None,
    recipe: Recipe = DEFAULT,
    logits: np.ndarray | None = None,
    folder: Path = Path("nowhere"),
    command: str = "covid-d train set --out run",
    averaged: Sequence[Recipe] = (),
) -> str:
    spec = _spec() if spec is None else spec
    films = _films() if films is None else films
    shown = films[films["split"].eq("validation")].reset_index(drop=True)
    if logits is None:
        size = (len(shown), 4) if spec.has_appearance else len(shown)
        logits = np.zeros(size, dtype=np.float32)
    dataset = Dataset(folder, films, {"sha256": "9" * 64, "protocol": "grouped", "counts": {}})
    made = How(recipe, "random", command, averaged)
    return model_card(spec, made, Validation(shown, logits), films, dataset)


def _appearance(**changes: Any) -> BundleSpec:
    return _spec(**(appearance_fields() | changes))


def test_films_without_a_group_are_a_patient_each() -> None:
    # Groups a, b, c and d, and three films that stand alone.
    assert "8 films of 7 patients" in _card()


def test_counts_are_by_source_split_and_class() -> None:
    card = _card()
    assert "| source | split | films | patients | covid | nocovid |" in card
    assert "| north | train | 3 | 2 | 2 | 1 |" in card
    assert "| north | validation | 1 | 1 | 0 | 1 |" in card
    assert "| south | train | 3 | 3 | 3 | 0 |" in card
    assert "| all |  | 8 | 7 | 6 | 2 |" in card


def test_sources_of_one_class_are_named() -> None:
    card = _card()
    assert "Sources with both classes: north." in card
    assert "With one class only, so that source predicts label: south." in card
    both = _card(films=_films(label=["covid", "nocovid"] * 4))
    assert "Sources with both classes: north, south." in both
    assert "With one class only" not in both
    one = _card(films=_films(label="covid"))
    assert "Sources with both classes: none." in one


def test_licences_are_listed_most_frequent_first_and_the_unstated_too() -> None:
    card = _card()
    assert "| CC0 | 5 |" in card
    assert "| not stated | 2 |" in card
    assert "| CC \\| BY | 1 | 1 |" in card
    assert card.index("| CC0 |") < card.index("| not stated |") < card.index("| CC \\| BY |")


def test_a_class_without_films_has_no_figure_rather_than_zero() -> None:
    rows = _card(logits=np.array([-2.0, 3.0], dtype=np.float32)).splitlines()
    # North has one film without COVID-19, called so; south one with it, called so.
    assert "| north | 0 | 1 | 1 | 0.0% | n/a | 100.0% | n/a |" in rows
    assert "| south | 1 | 0 | 1 | 0.0% | 100.0% | n/a | n/a |" in rows
    assert "| all | 1 | 1 | 2 | 0.0% | 100.0% | 100.0% | 1.000 |" in rows


def test_a_logit_of_zero_is_no_positive() -> None:
    assert "| all | 1 | 1 | 2 | 50.0% | 0.0% | 100.0% | 0.500 |" in _card()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"epochs": 3, "frozen_epochs": 0}, "One stage of 3 epoch(s), one cycle, all layers."),
        (
            {"epochs": 0, "frozen_epochs": 2, "probe": 0.0},
            "random. The body stays as pretrained; 2 epoch(s) of the head.",
        ),
        (
            {"epochs": 0, "frozen_epochs": 2, "probe": 1.0},
            "regression on frozen features. The body stays as pretrained; 2 epoch(s) of the head.",
        ),
        (
            {"epochs": 5, "frozen_epochs": 2, "probe": 0.0},
            "random. Two stages, each one cycle: body frozen, then all layers.",
        ),
    ],
)
def test_the_stages_are_told_as_they_were(changes: dict[str, Any], said: str) -> None:
    card = _card(recipe=DEFAULT.changed(name="mine", **changes))
    assert said in card
    for name, value in changes.items():
        assert f"| `{name}` | `{value}` |" in card


def test_the_command_is_told_where_there_is_one() -> None:
    assert "```\ncovid-d train set --out run\n```" in _card()
    assert "```" not in _card(command="")


def test_thresholds_are_told_or_left_out() -> None:
    told, silent = _card(), _card(_spec(conformal=None))
    assert "COVID-19 stays possible while 1 - p <= 0.6000" in told
    assert "error rate of 10% a class, on 20 covid and 20 nocovid" in told
    assert "conformal" not in silent
    assert "slope 1.000, intercept 0.000" in silent


def test_a_bundle_of_appearance_says_what_it_answers_and_what_it_does_not() -> None:
    card = _card(_appearance())
    assert "## What it answers" in card
    assert "a negative film does not rule COVID-19 out" in card
    assert "una radiografía sin signos no la descarta" in card
    assert "Sources with several categories: north, south." in card
    assert "not under the licence of COVID-D's code" in card
    assert "inflated by the source" not in card
    assert "weighted kappa" in card


def test_appearance_is_calibrated_category_by_category() -> None:
    card = _card(_appearance())
    assert "| category | share | bias | films | stays while 1 - p is at most |" in card
    for category in CATEGORIES:
        assert f"| `{category.value}` | 25.0% | +0.000 | 20 | 0.6000 |" in card
    silent = _card(_appearance(conformal=None))
    assert "| category | share | bias |\n" in silent
    assert "of 80 other patients" in card
    assert "of 80 other patients" not in silent


def test_the_frame_of_the_lungs_is_told_where_it_is_one() -> None:
    framed = spec_dict()["preprocessing"] | {
        "frame": "lungs", "surround": 0.1, "fit": "squash",
    }  # fmt: skip
    assert "10% of its side around it, resampled to 32 pixels" in _card(
        _appearance(preprocessing=framed)
    )
    assert "box around both lungs" not in _card(_appearance())


def test_without_a_gate_it_says_that_all_is_answered() -> None:
    assert "## Input gate\n\nNone: only what a film's file states is checked." in _card()


@pytest.mark.parametrize(
    ("changes", "said", "unsaid"),
    [
        ({}, "does not tell children from adults", "among all but `annotated`"),
        (
            {"kinds": ["frontal", "child"], "films": {"frontal": 9, "child": 4}},
            "only such children as it was shown",
            "does not tell children",
        ),
        ({"marks": 0.25}, "`annotated` one over 0.250 against `frontal`", "under 0.500, or"),
    ],
)
def test_the_gate_is_told_as_it_was_fitted(changes: dict[str, Any], said: str, unsaid: str) -> None:
    card = _card(_spec(gate=gate_spec(**changes)))
    assert said in card
    assert unsaid not in card
    assert "| phantom | 20 | 0 |" in card


@pytest.mark.parametrize("spec", [_spec(), _appearance()], ids=["covid", "appearance"])
def test_every_card_has_its_places_once_and_never_says_validated(spec: BundleSpec) -> None:
    card = _card(spec)
    for begin, end in MARKERS.values():
        assert card.count(begin) == card.count(end) == 1
        assert card.index(begin) < card.index(end)
    assert "validated clinically" not in card.lower()
    assert card.endswith("not where disease is.\n")


def test_no_name_breaks_a_table() -> None:
    assert cell("a|b\nc") == "a\\|b c"
    assert cell(3) == "3"
    card = _card(_spec(gate=gate_spec(left_out={"x|y": {"films": 3, "refused": 1}})))
    assert "| x\\|y | 3 | 1 |" in card
