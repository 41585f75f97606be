from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundle_factory import gate_files, gate_spec, make_bundle
from covid_d.detector import Detector, Outcome
from covid_d.detector.bundle.contents import update
from covid_d.detector.gate import ARRAYS, Gate, Heads, PictureKind, look
from covid_d.errors import BundleError
from covid_d.radiograph import Radiograph, RefusalCode
from covid_d.radiograph.refusal import Refusal

KINDS = (PictureKind.FRONTAL, PictureKind.LATERAL, PictureKind.INVERTED)
FILM = np.zeros((3, 32, 32), dtype=np.float32)


def heads(**changes: Any) -> Heads:
    """Two channels: the first says frontal against lateral, the second inverted."""
    arrays = {
        "weights": np.array([[4.0, 0.0], [-4.0, 0.0], [0.0, 8.0]]),
        "bias": np.zeros(3),
        "centre": np.array([1.0, 0.0]),
        "scale": np.array([1.0, 0.5]),
        "components": np.array([[1.0, 0.0]]),
    }
    return Heads(**(arrays | changes))


def gate(threshold: float = 0.3, distance: float = 2.0) -> Gate:
    return Gate(heads(), KINDS, threshold, distance)


class TestHeads:
    def test_probabilities_are_the_softmax_of_the_scores(self) -> None:
        found = heads().probabilities(np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32))
        weight = np.exp([4.0, -4.0, 0.0])
        assert found[0] == pytest.approx(weight / weight.sum())
        assert found.sum(axis=1) == pytest.approx(1.0)

    def test_huge_scores_do_not_overflow(self) -> None:
        assert np.isfinite(heads().probabilities(np.array([[1e6, -1e6]]))).all()

    def test_distance_counts_only_what_lies_outside_the_components(self) -> None:
        # The first channel is a component; the second lies 3 standard deviations off.
        found = heads().distance(np.array([[50.0, 0.0], [1.0, 1.5]]))
        assert found == pytest.approx([0.0, 9.0 / 2])

    def test_bytes_give_the_same_heads_back(self) -> None:
        again = Heads.from_bytes(heads().to_bytes())
        for name in ARRAYS:
            assert getattr(again, name) == pytest.approx(getattr(heads(), name))
        assert heads().to_bytes() == heads().to_bytes()

    @pytest.mark.parametrize(
        "change",
        [
            {"bias": np.zeros(2)},
            {"centre": np.zeros(3)},
            {"components": np.ones((1, 3))},
            {"scale": np.array([1.0, np.nan])},
        ],
    )
    def test_wrong_arrays_are_refused(self, change: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"shapes|not a number"):
            heads(**change)

    @pytest.mark.parametrize("content", [b"", b"not a zip", heads().to_bytes()[:-40]])
    def test_a_damaged_file_is_refused(self, content: bytes) -> None:
        with pytest.raises(ValueError, match=r"not a gate.s file|magic|pickle"):
            Heads.from_bytes(content)


class TestLook:
    def test_the_coarse_picture_follows_the_features_row_by_row(self) -> None:
        film = np.zeros((3, 32, 32), dtype=np.float32)
        film[:, :16, 16:] = 1.0  # above, right
        film[2, 16:, :16] = 0.6  # below, left, in one channel of three
        assert look(film, np.array([7.0, 8.0]), 2) == pytest.approx([7, 8, 0.0, 1.0, 0.2, 0.0])

    def test_cells_are_means_whatever_the_size(self) -> None:
        film = np.random.default_rng(3).random((3, 50, 50), dtype=np.float32)
        seen = look(film, np.zeros(0), 16)
        assert seen.shape == (256,)
        assert seen.mean() == pytest.approx(film.mean(), abs=1e-3)

    def test_without_a_grid_it_is_the_features(self) -> None:
        features = np.array([7.0, 8.0])
        assert look(FILM, features, 0) is features


class TestGate:
    @pytest.mark.parametrize(
        ("features", "kind"),
        [
            ([1.0, 0.0], None),
            ([-1.0, 0.0], PictureKind.LATERAL),
            ([0.0, 1.0], PictureKind.INVERTED),
            ([8.0, 3.0], PictureKind.FRONTAL),  # frontal by the heads, but far from all films
            ([np.nan, 0.0], PictureKind.LATERAL),
        ],
    )
    def test_lets_only_near_frontal_films_through(
        self, features: list[float], kind: PictureKind | None
    ) -> None:
        assert gate().judge(np.array([features])) == [kind]
        refusal = gate().refuse(FILM, np.array(features))
        assert refusal == (None if kind is None else Refusal.of(kind.code))

    def test_features_of_another_network_are_an_error(self) -> None:
        with pytest.raises(ValueError, match=r"\(2,\)"):
            gate().refuse(FILM, np.zeros(3))

    def test_it_sees_what_the_features_do_not(self) -> None:
        """Features alike; the coarse picture alone tells an inverted film."""
        rows = {
            "weights": np.array([[0.0, -4.0], [0.0, 0.0], [0.0, 4.0]]),
            "centre": np.array([0.0, 0.5]),
            "scale": np.ones(2),
        }
        seeing = Gate(heads(**rows), KINDS, 0.3, 2.0, grid=1)
        features = np.zeros(1)
        assert seeing.refuse(FILM, features) is None
        assert seeing.refuse(FILM + 1, features) == Refusal.of(RefusalCode.INVERTED)

    def test_every_kind_says_what_to_do_in_both_languages(self) -> None:
        for kind in PictureKind:
            refusal = Refusal.of(kind.code)
            for text in (refusal.message, refusal.next_step):
                assert text.es.endswith(".")
                assert text.en.endswith(".")
                assert text.es != text.en

    def test_only_a_picture_and_a_distant_film_share_a_code(self) -> None:
        codes = [kind.code for kind in PictureKind]
        assert codes.count(RefusalCode.UNLIKE_CHEST) == 2
        assert len(set(codes)) == len(codes) - 1


class TestInABundle:
    """The factory's network has the mean of each channel for features; its gate wants them dark."""

    @pytest.fixture
    def gated(self, tmp_path: Path) -> Detector:
        return Detector.load(make_bundle(tmp_path / "gated", gate=gate_spec(), more=gate_files()))

    def test_a_film_that_passes_gets_its_number(
        self, gated: Detector, film_of: Callable[..., Radiograph]
    ) -> None:
        answer = gated.assess(film_of(0.3), activation=True)
        assert answer.outcome is not Outcome.REFUSED
        assert answer.activation is not None
        assert "no_input_gate" not in [warning.code for warning in answer.warnings]

    @pytest.mark.parametrize("activation", [False, True])
    def test_a_refused_film_gets_no_number_anywhere(
        self, gated: Detector, film_of: Callable[..., Radiograph], activation: bool
    ) -> None:
        answer = gated.assess(film_of(0.7), prevalence=0.1, activation=activation)
        assert answer.outcome is Outcome.REFUSED
        assert answer.refusal == Refusal.of(RefusalCode.LOOKS_LATERAL)
        told = answer.to_dict()
        assert told["probability"] is None
        assert told["covid"] is None
        assert told["appearance"] is None
        assert told["conformal_set"] == []
        assert answer.activation is None

    def test_without_a_gate_every_answer_says_so(
        self, detector: Detector, film_of: Callable[..., Radiograph]
    ) -> None:
        assert Gate.load(detector.bundle) is None
        codes = [warning.code for warning in detector.assess(film_of(0.7)).warnings]
        assert "no_input_gate" in codes

    def test_a_missing_file_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(BundleError, match=r"does not hold: 'gate.npz'"):
            Detector.load(make_bundle(tmp_path / "b", gate=gate_spec()))

    @pytest.mark.parametrize(
        "kinds",
        [
            ["lateral", "frontal"],
            ["frontal", "lateral", "ct"],
            ["frontal", "cat"],
        ],
    )
    def test_kinds_that_contradict_the_file_are_an_error(
        self, tmp_path: Path, kinds: list[str]
    ) -> None:
        folder = make_bundle(tmp_path / "b", gate=gate_spec(kinds=kinds), more=gate_files())
        with pytest.raises(BundleError, match=r"input gate .gate\.npz. cannot be used"):
            Detector.load(folder)

    def test_a_damaged_file_is_an_error(self, tmp_path: Path) -> None:
        folder = make_bundle(tmp_path / "b", gate=gate_spec(), more=gate_files())
        update(folder, {"gate.npz": b"PK nothing"})
        with pytest.raises(BundleError, match="cannot be used"):
            Detector.load(folder)

    def test_a_gate_of_another_network_fails_closed(
        self, tmp_path: Path, film_of: Callable[..., Radiograph]
    ) -> None:
        more = {"gate.npz": heads(weights=np.zeros((2, 2)), bias=np.zeros(2)).to_bytes()}
        detector = Detector.load(make_bundle(tmp_path / "b", gate=gate_spec(), more=more))
        answer = detector.assess(film_of(0.3))
        assert answer.refusal is not None
        assert answer.refusal.code is RefusalCode.INTERNAL
