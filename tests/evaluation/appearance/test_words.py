"""The sentences that page, card and command line share: each says what the figures say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appearance_factory import graded_table, scores_of
from covid_d.detector.appearance import CATEGORIES
from covid_d.evaluation.appearance import words
from covid_d.evaluation.appearance.evaluation import AppearanceEvaluation, evaluate_appearance
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.language import Language

HALF = Estimate(0.5, 0.25, 0.75, 40, "wilson")


def test_every_figure_has_a_name_of_its_own_in_each_language() -> None:
    named = words.named_figures()
    assert list(named)[-4:] == [f"auroc_{category.value}_rest" for category in CATEGORIES]
    for language in ("es", "en"):
        said = [name.in_language(language) for name in named.values()]
        assert len(set(said)) == len(said)
        assert not any("{" in name for name in said)


def test_every_figure_of_an_evaluation_that_is_shown_is_named(
    drawn_appearance: AppearanceEvaluation,
) -> None:
    assert drawn_appearance.pool is not None
    shown = {name for name in drawn_appearance.pool.figures if name.startswith(("auroc", "kappa"))}
    assert shown <= set(words.named_figures())
    assert set(words.SUBGROUP_FIGURES) <= set(drawn_appearance.pool.figures)


@pytest.mark.parametrize(
    ("key", "es", "en"),
    [
        ("auroc_typical", "0,50 (0,25–0,75)", "0.50 (0.25–0.75)"),
        ("kappa", "0,50 (0,25–0,75)", "0.50 (0.25–0.75)"),
        ("calibration_error_typical", "0,500 (0,250–0,750)", "0.500 (0.250–0.750)"),
        ("positive_negative", "50 % (25–75)", "50% (25–75)"),
        ("inconclusive_typical", "50 % (25–75)", "50% (25–75)"),
        ("negative_typical", "50 % (25–75)", "50% (25–75)"),
        ("set_of_1", "50 % (25–75)", "50% (25–75)"),
        ("accuracy", "50 % (25–75)", "50% (25–75)"),
    ],
)
def test_shares_are_per_cent_and_areas_are_not(key: str, es: str, en: str) -> None:
    assert words.figure_shown(key, HALF, "es") == es
    assert words.figure_shown(key, HALF, "en") == en
    assert words.figure_shown(key, None, "en") == "n<10, not reported"


def test_the_figure_that_counts_is_the_worst_sources(
    drawn_appearance: AppearanceEvaluation,
) -> None:
    worst = drawn_appearance.headline
    assert worst is not None
    area = worst.figures["auroc_typical"]
    said = words.headline(drawn_appearance, "en")
    assert worst.name in said
    assert f"{area.value:.2f} ({area.low:.2f}–{area.high:.2f})" in said
    assert str(worst.all.films) in said
    assert str(worst.all.patients) in said
    assert f"{area.value:.2f}".replace(".", ",") in words.headline(drawn_appearance, "es")


def test_without_a_source_that_can_be_judged_no_figure_counts() -> None:
    few = evaluate_appearance(
        scores_of(graded_table(5)), error_rate=0.1, verdict="demonstration", resamples=50
    )
    assert few.headline is None
    said: dict[Language, str] = {"es": words.headline(few, "es"), "en": words.headline(few, "en")}
    assert said["es"] != said["en"]
    assert not any(character.isdigit() for character in said["en"].replace("10", ""))


def test_what_was_measured_counts_films_and_patients(
    drawn_appearance: AppearanceEvaluation,
) -> None:
    films, *rest = words.measured(drawn_appearance)
    table = drawn_appearance.scores.films
    for number in (len(table), table["group"].nunique()):
        assert str(number) in films.en
        assert str(number) in films.es
    assert [role.message for role in drawn_appearance.roles] == rest[1:]
    # Two looks at the test films are on record: the figures may be optimistic.
    assert "2 times" in rest[0].en or "twice" in rest[0].en
    assert "2 veces" in rest[0].es


def test_no_record_of_looks_is_said_and_is_no_first_look(
    drawn_appearance: AppearanceEvaluation,
) -> None:
    _, looked, *_ = words.measured(replace(drawn_appearance, looks=None))
    _, first, *_ = words.measured(replace(drawn_appearance, looks=()))
    assert looked != first


@pytest.mark.parametrize(
    ("known", "allowed", "verdict", "stamps"),
    [
        (True, False, "audit-passed", 0),
        (True, False, "demonstration", 1),
        (False, False, "audit-passed", 1),
        (False, False, "demonstration", 2),
        (True, True, "demonstration", 2),
        (False, True, "demonstration", 3),
    ],
)
def test_what_must_stand_at_the_top_of_every_page(
    drawn_appearance: AppearanceEvaluation, known: bool, allowed: bool, verdict: str, stamps: int
) -> None:
    scores = replace(drawn_appearance.scores, seen_known=known, seen_allowed=allowed)
    found = words.stamps(replace(drawn_appearance, scores=scores, verdict=verdict))
    assert len(found) == stamps
    assert len({stamp.en for stamp in found}) == stamps


@pytest.mark.parametrize("language", ["es", "en"])
def test_outside_films_row_by_row(
    drawn_appearance: AppearanceEvaluation, language: Language
) -> None:
    rows = words.outside_rows(drawn_appearance.outside, language)
    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("nih", 30, 30),
        ("nih", 30, 30),
        ("rsna", 60, 60),
        ("cohen", 25, 25),
    ] or {row[0] for row in rows} == {"nih", "rsna", "cohen"}
    for row in rows:
        assert len(row) == 7
        percent = " %" if language == "es" else "%"
        assert all(percent in str(cell) for cell in row[4:])
    assert words.outside_rows((), language) == []
