"""What tells the class of a film without looking at it, measured and told."""

from __future__ import annotations

import numpy as np
import pytest

from covid_d.dataset.describe.shortcuts import (
    OPACITY,
    FilmFacts,
    ShortcutReport,
    find_shortcuts,
)
from covid_d.dataset.manifest import Label


def film(number: int, *, covid: bool, source: str = "a", age: float | None = 50.0) -> FilmFacts:
    return FilmFacts(
        label=Label.COVID if covid else Label.NOCOVID,
        group=number,
        source=source,
        projection="PA",
        age=age,
        child=age is not None and age < 18,
    )


def auroc(report: ShortcutReport, name: str) -> float | None:
    return next(s.auroc for s in report.shortcuts if s.name == name)


def test_a_source_of_one_class_is_told() -> None:
    films = [film(n, covid=n < 40, source="cxnet" if n < 40 else "nih") for n in range(100)]
    report = find_shortcuts(films)
    assert auroc(report, "source") == 1.0
    assert report.single_class_sources == {"cxnet": 40, "nih": 60}
    assert report.single_class_share == 1.0
    told = " ".join(report.warnings())
    assert "source of a film alone predicts COVID-19 with AUROC 1.00 (100 films" in told
    assert "100% of the films come from sources with a single class: cxnet (40), nih (60)" in told


def test_the_source_of_opacities_is_told_too() -> None:
    looks = ("negative", "typical", "atypical", "negative")
    films = [
        FilmFacts(looks[n % 4], n, "b" if looks[n % 4] == "negative" else "a", "", None, False)
        for n in range(80)
    ]
    report = find_shortcuts(films, OPACITY)
    assert auroc(report, "source") == 1.0
    assert report.single_class_sources == {"b": 40}
    told = " ".join(report.warnings())
    assert "source of a film alone predicts a lung opacity with AUROC 1.00 (80 films" in told


def test_the_age_of_children_tells_the_class() -> None:
    films = [film(n, covid=n < 50, age=60.0 if n < 50 else 3.0) for n in range(100)]
    report = find_shortcuts(films)
    assert auroc(report, "age") == 1.0
    assert report.single_class_sources == {}
    (warning,) = report.warnings()
    assert warning.startswith("The age of a film alone predicts COVID-19 with AUROC 1.00")


def test_where_nothing_tells_the_class_nothing_is_told() -> None:
    rng = np.random.default_rng(0)
    films = [
        film(
            n, covid=bool(n % 2), source=str(rng.choice(["a", "b"])), age=float(rng.uniform(20, 90))
        )
        for n in range(400)
    ]
    report = find_shortcuts(films)
    assert report.warnings() == []
    assert 0.35 < (auroc(report, "source") or 0) < 0.65
    assert 0.35 < (auroc(report, "age") or 0) < 0.65


def test_half_told_is_measured_between() -> None:
    # Of source a three in four are positive, of b one in four: the exact AUROC is 0.75.
    films = [film(n, covid=n % 4 != 0, source="a") for n in range(200)]
    films += [film(200 + n, covid=n % 4 == 0, source="b") for n in range(200)]
    assert auroc(find_shortcuts(films), "source") == pytest.approx(0.75, abs=0.02)


def test_films_of_one_group_do_not_vouch_for_each_other() -> None:
    # Ages so odd that each names its patient: across patients they tell nothing.
    rng = np.random.default_rng(1)
    films = []
    for patient in range(60):
        decade = float(rng.integers(2, 9) * 10)
        one = film(patient, covid=bool(rng.integers(2)), age=decade)
        films += [one] * 10
    assert (auroc(find_shortcuts(films), "age") or 0) < 0.7


def test_unknown_values_are_left_aside() -> None:
    films = [film(n, covid=bool(n % 2), age=None if n < 60 else 40.0) for n in range(100)]
    report = find_shortcuts(films)
    (age,) = (s for s in report.shortcuts if s.name == "age")
    assert age.films == 40


def test_too_few_films_give_no_figure() -> None:
    films = [film(n, covid=n < 3, source="a" if n < 3 else "b") for n in range(30)]
    report = find_shortcuts(films)
    assert auroc(report, "source") is None
    assert report.to_dict()["auroc"]["source"] == {"auroc": None, "films": 30}
    assert find_shortcuts([]).warnings() == []


def test_the_record_is_plain() -> None:
    films = [film(n, covid=n < 40, source="x" if n < 40 else "y") for n in range(100)]
    record = find_shortcuts(films).to_dict()
    assert record["single_class_sources"] == {"x": 40, "y": 60}
    assert record["auroc"]["source"] == {"auroc": 1.0, "films": 100}
