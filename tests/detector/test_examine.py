"""A film is examined once, and the examination comes back from JSON as it went."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from bundle_factory import (
    APPEARANCE_BIASES,
    APPEARANCE_GAINS,
    appearance_network,
    make_appearance_bundle,
)
from covid_d.detector import Detector, Examination
from covid_d.detector.examine import _evidence, _placed
from covid_d.detector.frame import Framed
from covid_d.radiograph import Projection, Radiograph, Refusal, RefusalCode, Sex, prepare
from covid_d.radiograph.prepare import Window

Film = Callable[..., Radiograph]


@pytest.fixture(scope="module")
def appearance(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    return Detector.load(make_appearance_bundle(tmp_path_factory.mktemp("a") / "bundle"))


def test_it_holds_the_networks_numbers(appearance: Detector, film_of: Film) -> None:
    film = film_of(0.5)
    mean = float(prepare(film, appearance.bundle.spec.preprocessing).mean())
    found = appearance.examine(film)
    expected = [
        gain * mean + bias for gain, bias in zip(APPEARANCE_GAINS, APPEARANCE_BIASES, strict=True)
    ]
    assert found.logits == pytest.approx(expected, abs=1e-3)
    assert (found.width, found.height, found.bundle) == (256, 256, appearance.bundle.id)
    assert (found.activation, found.inside, found.box, found.refusal) == (None,) * 4


def test_the_old_kind_gives_one_number(detector: Detector, film_of: Film) -> None:
    assert len(detector.examine(film_of(0.5)).logits) == 1


def test_what_is_stated_by_the_file_is_kept(detector: Detector, film_of: Film) -> None:
    film = film_of(projection=Projection.AP, age_years=61.5, sex=Sex.MALE, spacing_mm=(0.1, 0.2))
    assert detector.examine(film).facts == film.facts


@pytest.mark.parametrize("activation", [False, True])
@pytest.mark.parametrize("kind", ["old", "appearance"])
def test_json_and_back_is_judged_alike(
    kind: str, activation: bool, detector: Detector, appearance: Detector, film_of: Film
) -> None:
    answering = detector if kind == "old" else appearance
    film = film_of(
        0.55,
        projection=Projection.PA,
        sex=Sex.FEMALE,
        spacing_mm=(0.1, 0.2),
        taken_on=date(2021, 2, 3),
    )
    found = answering.examine(film, name="case 7", activation=activation)
    back = Examination.from_dict(json.loads(json.dumps(found.to_dict())))
    assert back.to_dict() == found.to_dict()
    assert back.facts == found.facts
    once, again = answering.judge(found), answering.judge(back)
    assert again.to_dict(activation=True) == once.to_dict(activation=True)


def test_one_kept_before_films_had_a_day(detector: Detector, film_of: Film) -> None:
    kept = detector.examine(film_of(0.5)).to_dict()
    del kept["facts"]["taken_on"]
    assert Examination.from_dict(kept).facts is not None


def test_a_refusal_comes_back(detector: Detector, tmp_path: Path) -> None:
    found = detector.examine(tmp_path / "none.png")
    back = Examination.from_dict(json.loads(json.dumps(found.to_dict())))
    assert back.refusal == Refusal.of(RefusalCode.NOT_FOUND)
    assert (back.facts, back.logits, back.width) == (None, (), None)


def test_a_film_of_a_child_is_refused_before_the_network(detector: Detector, film_of: Film) -> None:
    found = detector.examine(film_of(age_years=9.0))
    assert found.refusal is not None
    assert found.refusal.code is RefusalCode.CHILD
    assert found.logits == ()


def test_neither_or_both_is_no_examination(detector: Detector) -> None:
    with pytest.raises(ValueError, match="either"):
        Examination("film", detector.bundle.id)
    with pytest.raises(ValueError, match="either"):
        Examination(
            "film", detector.bundle.id, logits=(1.0,), refusal=Refusal.of(RefusalCode.BLANK)
        )


def test_an_appearance_that_is_no_number(tmp_path: Path, film_of: Film) -> None:
    spoiled = appearance_network(biases=(0.0, 0.0, float("nan"), 0.0))
    detector = Detector.load(make_appearance_bundle(tmp_path / "b", model=spoiled))
    found = detector.examine(film_of())
    assert found.refusal is not None
    assert found.refusal.code is RefusalCode.NO_NUMBER


class TestEvidence:
    def test_of_covid_is_its_positive_part_on_the_strongest_scale(self) -> None:
        signed = np.array([[2.0, -4.0], [0.0, 1.0]], dtype=np.float32)
        np.testing.assert_allclose(_evidence(signed), [[[0.5, 0.0], [0.0, 0.25]]])

    def test_of_a_category_is_what_it_gains_over_their_mean(self) -> None:
        maps = np.zeros((4, 1, 2), dtype=np.float32)
        maps[:, 0, 0] = [5.0, 5.0, 5.0, 5.0]  # all alike: it decides nothing
        maps[:, 0, 1] = [0.0, 0.0, 0.0, 8.0]  # mean 2: six above, two below
        found = _evidence(maps)
        np.testing.assert_allclose(found[3], [[0.0, 1.0]])
        np.testing.assert_allclose(found[:3], 0.0)

    def test_outside_the_lungs_is_measured_and_not_shown(self) -> None:
        lungs = np.zeros((8, 8), dtype=bool)
        lungs[:, :4] = True  # the left half of the part that the network sees
        framed = Framed(np.zeros((3, 32, 32), np.float32), Window(0.1, 0.2, 0.9, 0.8), lungs)
        evidence = np.array([[[0.25, 0.75]], [[1.0, 0.0]], [[0.0, 0.0]]], dtype=np.float32)
        found = _placed(evidence, framed, kept=True)
        assert found["inside"] == pytest.approx((0.25, 1.0, 1.0))  # without evidence: none outside
        shown = found["activation"]
        assert shown.dtype == np.float32
        assert (shown[:, :, 16:] == 0).all(), "half of 32 cells: the lungs end there"
        # Between two cells' middles the evidence falls off evenly, as a picture's grey does.
        assert shown[:, 0, 0] == pytest.approx([0.25, 1.0, 0.0])
        assert shown[1, :, 15] == pytest.approx(1 - (15.5 - 8.0) / 16, abs=1e-6)
        assert found["box"] == (0.1, 0.2, 0.9, 0.8)
        assert _placed(evidence, framed, kept=False)["activation"] is None

    def test_a_cell_that_the_lungs_reach_is_not_outside(self) -> None:
        """Of four cells one is all lung, one a quarter, one a fifth, one none."""
        lungs = np.zeros((20, 80), dtype=bool)
        lungs[:, :20] = True
        lungs[:5, 20:40] = True
        lungs[:4, 40:60] = True
        framed = Framed(np.zeros((3, 32, 32), np.float32), Window(0.0, 0.0, 1.0, 1.0), lungs)
        evidence = np.array([[[0.1, 0.2, 0.3, 0.4]], [[0.0, 0.7, 0.7, 0.0]]], dtype=np.float32)
        assert _placed(evidence, framed, kept=False)["inside"] == pytest.approx((0.3, 0.5))

    def test_a_cell_that_is_partly_lung_shows_nothing(self) -> None:
        lungs = np.zeros((64, 64), dtype=bool)
        lungs[1:33, 5:20] = True  # two cells of the mask are one of the map
        framed = Framed(np.zeros((3, 32, 32), np.float32), Window(0.0, 0.0, 1.0, 1.0), lungs)
        found = _placed(np.ones((2, 7, 7), np.float32), framed, kept=True)
        for shown in found["activation"]:
            rows, columns = np.nonzero(shown)
            assert (rows.min(), rows.max() + 1) == (1, 16)
            assert (columns.min(), columns.max() + 1) == (3, 10)

    def test_without_a_search_for_lungs_nothing_is_said_of_them(self) -> None:
        framed = Framed(np.zeros((3, 32, 32), np.float32))
        found = _placed(np.ones((1, 2, 2), np.float32), framed, kept=True)
        assert found["inside"] is None
        assert (found["activation"] == 1).all()
        with pytest.raises(ValueError, match="not looked for"):
            framed.lungs_on((2, 2))
