"""What tells a class besides the lungs: edges of each fact, and the sentences of the report."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covid_d.dataset.describe.shortcuts import (
    COVID,
    LOUD_AUROC,
    OPACITY,
    FilmFacts,
    Shortcut,
    ShortcutReport,
    find_shortcuts,
)


def _film(
    label: str,
    group: int,
    *,
    source: str = "north",
    projection: str = "PA",
    age: float | None = 50.0,
    child: bool = False,
) -> FilmFacts:
    return FilmFacts(label, group, source, projection, age, child)


@pytest.mark.parametrize(
    ("age", "child", "band"),
    [
        (None, False, "unknown"),
        (None, True, "child"),
        (70.0, True, "child"),
        (18.0, False, "10s"),
        (19.99, False, "10s"),
        (20.0, False, "20s"),
        (99.0, False, "90s"),
        (100.0, False, "100s"),
    ],
)
def test_an_age_is_told_by_its_decade(age: float | None, child: bool, band: str) -> None:
    assert _film("covid", 0, age=age, child=child).age_band == band


@pytest.mark.parametrize(
    ("auroc", "loud"),
    [(None, False), (0.0, False), (0.6999, False), (LOUD_AUROC, True), (1.0, True)],
)
def test_how_loud_is_loud(auroc: float | None, loud: bool) -> None:
    assert Shortcut("source", auroc, 100).loud is loud


def test_no_films_have_no_share_and_no_warning() -> None:
    report = find_shortcuts([])
    assert report.single_class_share == 0.0
    assert report.warnings() == []
    assert [(one.name, one.auroc, one.films) for one in report.shortcuts] == [
        ("source", None, 0),
        ("age", None, 0),
        ("projection", None, 0),
    ]


def test_four_groups_of_a_class_are_too_few_and_five_are_enough() -> None:
    def films(groups: int) -> list[FilmFacts]:
        return [
            _film(label, 100 * k + group, source=label)
            for k, label in enumerate(("covid", "nocovid"))
            for group in range(groups)
            for _ in range(3)
        ]

    assert find_shortcuts(films(4)).shortcuts[0].auroc is None
    assert find_shortcuts(films(5)).shortcuts[0].auroc == 1.0


def test_a_fact_is_measured_where_it_is_known_and_nowhere_else() -> None:
    films = [
        _film(
            "covid" if k % 2 else "nocovid",
            k,
            age=None if k < 10 else 20.0 + 30.0 * (k % 2),
            projection="" if k < 20 else "PA",
        )
        for k in range(40)
    ]
    source, age, projection = find_shortcuts(films).shortcuts
    assert (source.films, age.films, projection.films) == (40, 30, 20)
    assert age.auroc == 1.0  # all of the 20s are without, all of the 50s with
    assert projection.auroc == source.auroc == 0.5  # one value for all


def test_any_category_but_negative_is_an_opacity() -> None:
    looks = ["negative", "typical", "negative", "atypical", "negative", "indeterminate"]
    films = [
        _film(looks[k % 6], k, source="a" if looks[k % 6] == "negative" else "b") for k in range(60)
    ]
    report = find_shortcuts(films, OPACITY)
    assert report.shortcuts[0].auroc == 1.0
    assert report.question is OPACITY
    assert report.warnings()[0].startswith("The source of a film alone predicts a lung opacity")


def test_sources_of_one_class_are_told_with_their_share() -> None:
    films = [_film("covid", k, source="b") for k in range(3)]
    films += [_film("nocovid", 10 + k, source="a") for k in range(2)]
    films += [_film("covid", 20), *(_film("nocovid", 21 + k) for k in range(4))]
    report = find_shortcuts(films)
    assert report.single_class_sources == {"a": 2, "b": 3}
    assert report.single_class_share == 0.5
    (warning,) = report.warnings()
    assert warning.startswith(
        "50% of the films come from sources with a single class: a (2), b (3)"
    )


def test_the_report_is_json_with_four_digits() -> None:
    report = ShortcutReport(
        (Shortcut("source", 0.7123, 30), Shortcut("age", None, 0)), 30, {"a": 10}, COVID
    )
    assert json.loads(json.dumps(report.to_dict())) == {
        "auroc": {
            "source": {"auroc": 0.7123, "films": 30},
            "age": {"auroc": None, "films": 0},
        },
        "single_class_sources": {"a": 10},
        "single_class_share": 0.3333,
    }


def test_only_what_is_loud_is_warned_of() -> None:
    report = ShortcutReport((Shortcut("source", 0.69, 30), Shortcut("age", 0.93, 20)), 30, {})
    (warning,) = report.warnings()
    assert "The age of a film alone predicts COVID-19 with AUROC 0.93 (20 films" in warning


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12))
def test_a_source_is_of_one_class_exactly_where_all_its_films_are(
    films: list[tuple[str, bool]],
) -> None:
    report = find_shortcuts(
        [
            _film("covid" if covid else "nocovid", k, source=source)
            for k, (source, covid) in enumerate(films)
        ]
    )
    for source in {name for name, _ in films}:
        labels = [covid for name, covid in films if name == source]
        alone = len(set(labels)) == 1
        assert report.single_class_sources.get(source) == (len(labels) if alone else None)
