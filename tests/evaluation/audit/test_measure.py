"""Model and probes on the films of a source: who is measured on what, reckoned by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from covid_d.detector.assessment import Outcome
from covid_d.evaluation.audit import probes
from covid_d.evaluation.audit.measure import Measurement, groups_of, probe_features
from covid_d.evaluation.audit.probes import Probe
from covid_d.evaluation.audit.questions import COVID, OPACITY, TYPICAL, Question
from covid_d.evaluation.audit.scan import Answer, SeenFilm, Values
from covid_d.evaluation.audit.thresholds import Thresholds
from covid_d.evaluation.scorer import APPEARANCE_CLASSES, COVID_CLASSES

FEW = Thresholds(films_per_class=5)


@pytest.fixture(autouse=True)
def _no_forests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which classifier wins is another file's question; forests take most of the time."""
    monkeypatch.delitem(probes._CLASSIFIERS, "random forest")


OUTCOMES = {True: Outcome.POSITIVE, False: Outcome.NEGATIVE}


def _film(
    path: str,
    values: Values,
    *,
    seen: Sequence[float] = (0.0, 0.0),
    erased: Values = (),
    alone: Values = (),
    unmarked: Values = (),
    marked: bool = False,
) -> SeenFilm:
    features = np.array(seen, dtype=np.float32)
    return SeenFilm(
        path,
        probes={Probe.THUMBNAIL: features, Probe.METADATA: features * 0},
        answer=Answer(OUTCOMES[values[0] > 0.5], values) if values else None,
        lungs_erased=erased,
        only_lungs=alone,
        marks_erased=unmarked,
        marked=marked,
    )


def _p(probability: float) -> Values:
    return (probability, 1 - probability)


def _table(source: str, *, subsource: str = "", n: int = 12, first: int = 0) -> pd.DataFrame:
    """Return films in turn positive and negative; the model gives each its class's own side."""
    rng = np.random.default_rng(first)
    rows = []
    for k in range(first, first + n):
        covid = k % 2 == 0
        rows.append(
            {
                "path": f"{source}-{k}.png",
                "label": "covid" if covid else "nocovid",
                "appearance": "typical" if covid else "negative",
                "source": source,
                "subsource": subsource,
                "group": f"{source}-g{k}",
                "film": _film(
                    f"{source}-{k}.png",
                    _p(0.9 if covid else 0.2),
                    seen=rng.normal(size=2).tolist(),
                    erased=_p(0.5),
                    alone=_p(0.8 if covid else 0.3),
                    unmarked=_p(0.9 if covid else 0.2),
                    marked=covid and k < first + 6,
                ),
            }
        )
    return pd.DataFrame(rows)


def _with_films(table: pd.DataFrame, films: Sequence[SeenFilm]) -> pd.DataFrame:
    return table.assign(film=pd.Series(list(films), index=table.index, dtype=object))


def _with_film(table: pd.DataFrame, place: int, film: SeenFilm) -> pd.DataFrame:
    films = table["film"].tolist()
    films[place] = film
    return _with_films(table, films)


def _measure(
    test: pd.DataFrame,
    train: pd.DataFrame | None = None,
    *,
    question: Question = COVID,
    classes: Sequence[str] = COVID_CLASSES,
) -> Measurement:
    learnt = pd.concat([_table("north", n=20), _table("south", n=20)]) if train is None else train
    return Measurement(learnt, test, question, classes, FEW, seed=7)


def test_every_figure_is_of_the_same_films() -> None:
    found = _measure(_table("north", first=100)).pool()
    assert (found.films, found.positives, found.negatives, found.patients) == (12, 6, 6, 12)
    figures = [found.model, found.lungs_erased, found.only_lungs, found.marks_erased]
    figures += [probe.auroc for probe in found.probes.values()]
    assert [figure.n for figure in figures if figure] == [12] * 6


def test_a_model_that_tells_all_and_one_without_lungs_that_tells_none() -> None:
    found = _measure(_table("north", first=100)).pool()
    assert found.model is not None
    assert found.model.value == 1.0
    # All scores tie: chance, whatever the ranks.
    assert found.lungs_erased is not None
    assert found.lungs_erased.value == 0.5
    assert found.above_lungs_erased is not None
    assert found.above_lungs_erased.value == 0.5
    assert found.only_lungs is not None
    assert found.only_lungs.value == 1.0
    assert found.above_marks_erased is not None
    assert found.above_marks_erased.value == 0.0


def test_films_with_marks_are_counted_by_class() -> None:
    # Films 100, 102 and 104 carry marks; all three are positive.
    found = _measure(_table("north", first=100)).pool()
    assert (found.marked_positives, found.marked_negatives) == (3, 0)


def test_patients_are_counted_not_films() -> None:
    test = _table("north", first=100).assign(group=[f"g{k // 3}" for k in range(12)])
    assert _measure(test).pool().patients == 4


def test_too_few_films_of_a_class_give_counts_alone() -> None:
    test = _table("north", first=100)
    found = _measure(test[test["label"].eq("covid") | (test.index < 8)]).pool()
    assert (found.positives, found.negatives) == (6, 4)
    assert found.model is None
    assert found.probes == {}


def test_exactly_enough_films_are_enough() -> None:
    found = _measure(_table("north", first=100, n=10)).pool()
    assert (found.positives, found.negatives) == (5, 5)
    assert found.model is not None


def test_a_film_without_an_answer_leaves_no_figure() -> None:
    test = _table("north", first=100)
    test = _with_film(test, 3, _film("north-103.png", ()))
    assert _measure(test).pool().model is None


@pytest.mark.parametrize("missing", ["lungs_erased", "only_lungs", "marks_erased"])
def test_one_film_that_was_not_changed_leaves_that_figure_out(missing: str) -> None:
    test = _table("north", first=100)
    film: SeenFilm = test["film"].tolist()[4]
    parts = {"lungs_erased": "erased", "only_lungs": "alone", "marks_erased": "unmarked"}
    given = {words: getattr(film, name) for name, words in parts.items() if name != missing}
    assert film.answer is not None
    test = _with_film(test, 4, _film(film.path, film.answer.values, **given))
    found = _measure(test).pool()
    assert getattr(found, missing) is None
    assert found.model is not None
    others = [getattr(found, name) for name in parts if name != missing]
    assert None not in others
    if missing != "only_lungs":
        assert getattr(found, f"above_{missing}") is None


def test_sources_come_in_order_and_publishers_after_their_source() -> None:
    test = pd.concat(
        [
            _table("south", first=300),
            _table("north", first=100, subsource="b.org"),
            _table("north", first=200, subsource="a.org"),
        ],
        ignore_index=True,
    )
    names = [found.name for found in _measure(test).sources()]
    assert names == ["north", "north/a.org", "north/b.org", "south"]


def test_a_publisher_that_is_the_whole_source_is_not_told_twice() -> None:
    test = _table("north", first=100, subsource="a.org")
    assert [found.name for found in _measure(test).sources()] == ["north"]


def test_a_publisher_with_too_few_films_is_left_out_but_a_source_is_told() -> None:
    test = pd.concat(
        [
            _table("north", first=100, subsource="a.org"),
            _table("north", first=200, subsource="tiny.org", n=4),
            _table("south", first=300, n=4),
        ],
        ignore_index=True,
    )
    found = {one.name: one.model is not None for one in _measure(test).sources()}
    assert found == {"north": True, "north/a.org": True, "south": False}


def test_one_publisher_in_two_sources_is_two_publishers() -> None:
    parts = [
        _table(source, first=first, subsource=host)
        for source, first, host in (
            ("north", 100, "a.org"), ("north", 200, "b.org"),
            ("south", 300, "a.org"), ("south", 400, "b.org"),
        )
    ]  # fmt: skip
    found = _measure(pd.concat(parts, ignore_index=True)).sources()
    assert [one.name for one in found if one.name.endswith("a.org")] == [
        "north/a.org",
        "south/a.org",
    ]
    assert {one.films for one in found if "/" in one.name} == {12}


def test_a_probe_that_nobody_saw_is_not_fitted() -> None:
    # Without a lung model there is no film with its lungs erased.
    assert set(_measure(_table("north", first=100)).pool().probes) == {
        Probe.THUMBNAIL,
        Probe.METADATA,
    }


def test_a_probe_that_sees_nothing_reaches_chance() -> None:
    blind = _measure(_table("north", first=100)).pool().probes[Probe.METADATA]
    assert blind.auroc.value == 0.5
    assert blind.difference is not None
    assert blind.difference.value == 0.5


def test_a_probe_that_sees_the_class_reaches_all_and_the_model_is_not_above_it() -> None:
    def marked(films: pd.DataFrame) -> pd.DataFrame:
        told = [
            _film(film.path, film.answer.values, seen=(2.0 * (label == "covid"), 0.0))
            for film, label in zip(films["film"], films["label"], strict=True)
        ]
        return _with_films(films, told)

    train = pd.concat([marked(_table("north", n=20)), marked(_table("south", n=20))])
    found = _measure(marked(_table("north", first=100)), train).pool().probes[Probe.THUMBNAIL]
    assert found.auroc.value == 1.0
    assert found.difference is not None
    assert (found.difference.low, found.difference.high) == (0.0, 0.0)


def test_the_pool_s_probes_are_trained_on_all_films() -> None:
    test = pd.concat([_table("north", first=100), _table("south", first=200)], ignore_index=True)
    assert {probe.trained_on for probe in _measure(test).pool().probes.values()} == {"all"}


def test_calibration_of_the_pool_is_reckoned_by_hand() -> None:
    # Six at 0.9, all positive: off by 0.1; six at 0.2, all negative: off by 0.2.
    found = _measure(_table("north", first=100)).calibration_error()
    assert found is not None
    assert found.value == pytest.approx(0.5 * 0.1 + 0.5 * 0.2)
    assert (found.n, found.method) == (12, "bootstrap")
    # Every resample of these films errs between the two bins' errors.
    assert 0.1 <= found.low <= found.value <= found.high <= 0.2


def _graded(n: int = 24) -> pd.DataFrame:
    """Return films of the four categories, each given 0.7 for its own."""
    films = _table("siim", n=n, first=0)
    own = [APPEARANCE_CLASSES[k % 4] for k in range(n)]
    values = [tuple(0.7 if name == one else 0.1 for name in APPEARANCE_CLASSES) for one in own]
    seen = [
        _film(path, value, seen=np.random.default_rng(k).normal(size=2).tolist())
        for k, (path, value) in enumerate(zip(films["path"], values, strict=True))
    ]
    return _with_films(films.assign(label="", appearance=own), seen)


def test_typical_v_negative_leaves_the_others_out_and_tells_no_calibration() -> None:
    films = _graded()
    asked = _measure(films, films, question=TYPICAL, classes=APPEARANCE_CLASSES)
    found = asked.pool()
    assert (found.films, found.positives, found.negatives) == (12, 6, 6)
    assert found.question == "typical"
    assert found.calibration_error is None
    assert asked.calibration_error() is None


def test_opacity_asks_every_film_and_tells_the_worst_category_s_calibration() -> None:
    films = _graded()
    found = _measure(films, films, question=OPACITY, classes=APPEARANCE_CLASSES).pool()
    assert (found.films, found.positives, found.negatives) == (24, 18, 6)
    assert found.model is not None
    assert found.model.value == 1.0
    # In each category a quarter stands at 0.7 and all of it is so: off by 0.3; the rest stands at
    # 0.1 and none is: off by 0.1. No bin is mixed, so that chance adds nothing to take off.
    assert found.calibration_error == pytest.approx((0.25 * 0.3**2 + 0.75 * 0.1**2) ** 0.5)


def test_groups_are_text_and_features_one_row_a_film() -> None:
    films = _table("north", n=3)
    assert groups_of(films).tolist() == ["north-g0", "north-g1", "north-g2"]
    stacked = probe_features(films, Probe.THUMBNAIL)
    assert stacked.shape == (3, 2)
    np.testing.assert_array_equal(stacked[1], films["film"].iloc[1].probes[Probe.THUMBNAIL])
