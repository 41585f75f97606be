"""One film in, one assessment out: fail closed, in order, from any number of threads."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, load_from_string

from bundle_factory import BIAS, GAIN, brightness_network, gate_files, gate_spec, make_bundle
from covid_d.detector import Appearance, Assessment, Bundle, CovidRange, Detector, Outcome
from covid_d.radiograph import (
    Facts,
    Projection,
    Radiograph,
    RadiographError,
    Refusal,
    RefusalCode,
    read,
)
from covid_d.radiograph.prepare import prepare
from covid_d.settings import settings

KEYS = {
    "path",
    "outcome",
    "appearance",
    "most_likely",
    "opacity",
    "probability",
    "conformal_set",
    "covid",
    "refusal",
    "warnings",
    "bundle",
    "verdict",
}

EVEN = dict.fromkeys(Appearance, 0.25)


def constant_network(value: float) -> bytes:
    """A network of the contract whose logit is always ``value``."""
    return brightness_network(gain=0.0, bias=value)


class TestAnswer:
    @pytest.mark.parametrize(
        ("brightness", "outcome", "remaining"),
        [
            (0.6, Outcome.POSITIVE, ("covid",)),
            (0.2, Outcome.NEGATIVE, ("nocovid",)),
            (0.4, Outcome.INCONCLUSIVE, ("covid", "nocovid")),
        ],
    )
    def test_follows_the_film(
        self,
        detector: Detector,
        film_of: Callable[..., Radiograph],
        brightness: float,
        outcome: Outcome,
        remaining: tuple[str, ...],
    ) -> None:
        answer = detector.assess(film_of(brightness))
        assert answer.outcome is outcome
        assert answer.conformal_set == remaining
        assert answer.refusal is None

    def test_probability_is_the_network_s_through_platt(
        self, tmp_path: Path, film_of: Callable[..., Radiograph]
    ) -> None:
        fitted = {"slope": 0.5, "intercept": -1.0, "prevalence": 0.3, "films": 9}
        detector = Detector.load(make_bundle(tmp_path / "b", calibration=fitted))
        film = film_of(0.5)
        mean = float(prepare(film, detector.bundle.spec.preprocessing).mean())
        expected = 1 / (1 + math.exp(-(0.5 * (GAIN * mean + BIAS) - 1.0)))
        assert detector.assess(film).probability == pytest.approx(expected, abs=1e-5)

    def test_same_from_radiograph_path_text_and_bytes(
        self, detector: Detector, png_of: Callable[..., Path]
    ) -> None:
        path = png_of("film.png", 0.45)
        answers = [
            detector.assess(source) for source in (read(path), path, str(path), path.read_bytes())
        ]
        assert len({answer.probability for answer in answers}) == 1
        assert [answer.path for answer in answers] == [str(path)] * 3 + [""]

    def test_name_is_the_caller_s(self, detector: Detector, png_of: Callable[..., Path]) -> None:
        path = png_of("film.png")
        assert detector.assess(path, name="case 7").path == "case 7"
        assert detector.assess(path.read_bytes(), name="upload").path == "upload"

    def test_without_thresholds_is_inconclusive_and_says_so(
        self, tmp_path: Path, film_of: Callable[..., Radiograph]
    ) -> None:
        detector = Detector.load(make_bundle(tmp_path / "b", conformal=None))
        answer = detector.assess(film_of(0.75))
        assert answer.probability > 0.99
        assert answer.outcome is Outcome.INCONCLUSIVE
        assert "no_thresholds" in [warning.code for warning in answer.warnings]

    @pytest.mark.parametrize("status", ["demonstration", "audit-passed"])
    def test_the_old_kind_says_nothing_of_covid_at_a_prevalence(
        self, tmp_path: Path, film_of: Callable[..., Radiograph], status: str
    ) -> None:
        """Its probability is of the films it was calibrated on, and supports no more."""
        detector = Detector.load(
            make_bundle(tmp_path / "b", verdict={"status": status, "reasons": []})
        )
        answer = detector.assess(film_of(0.6), prevalence=0.05)
        assert answer.probability is not None
        assert (answer.covid, answer.appearance, answer.opacity) == (None, None, None)

    @pytest.mark.parametrize("prevalence", [0, 1, -1, 2, math.nan])
    def test_impossible_prevalence_is_the_caller_s_error(
        self, detector: Detector, film_of: Callable[..., Radiograph], prevalence: float
    ) -> None:
        with pytest.raises(ValueError, match="between 0 and 1"):
            detector.assess(film_of(), prevalence=prevalence)
        with pytest.raises(ValueError, match="between 0 and 1"):
            detector.assess_many([], prevalence=prevalence)

    def test_json_shape(self, detector: Detector, film_of: Callable[..., Radiograph]) -> None:
        fields = json.loads(json.dumps(detector.assess(film_of(0.6), prevalence=0.1).to_dict()))
        assert set(fields) == KEYS
        assert fields["bundle"] == detector.bundle.id.to_dict()
        assert fields["outcome"] == "positive"


class TestActivation:
    def test_only_when_asked(self, detector: Detector, film_of: Callable[..., Radiograph]) -> None:
        assert detector.assess(film_of()).activation is None
        assert detector.assess(film_of(), activation=True).activation is not None

    def test_does_not_change_the_answer(
        self, detector: Detector, film_of: Callable[..., Radiograph]
    ) -> None:
        plain = detector.assess(film_of()).to_dict()
        assert detector.assess(film_of(), activation=True).to_dict() == plain

    def test_points_at_the_bright_side_on_a_scale_of_one(
        self, detector: Detector, film_of: Callable[..., Radiograph]
    ) -> None:
        grid = detector.assess(film_of(), activation=True).activation
        assert grid.dtype == np.float32
        assert grid.shape == (4, 4)
        assert grid.max() == 1.0
        assert grid.min() >= 0.0
        assert (np.diff(grid.mean(axis=0)) > 0).all()  # film_of rises from left to right

    def test_without_evidence_there_is_no_false_peak(
        self, tmp_path: Path, film_of: Callable[..., Radiograph]
    ) -> None:
        folder = make_bundle(tmp_path / "b", model=brightness_network(gain=-GAIN))
        grid = Detector.load(folder).assess(film_of(), activation=True).activation
        assert (grid == 0).all()

    def test_all_zero_stays_zero(self, tmp_path: Path, film_of: Callable[..., Radiograph]) -> None:
        folder = make_bundle(tmp_path / "b", model=constant_network(1.0))
        assert (Detector.load(folder).assess(film_of(), activation=True).activation == 0).all()


class TestRefusal:
    def test_missing_file(self, detector: Detector, tmp_path: Path) -> None:
        answer = detector.assess(tmp_path / "none.png")
        assert answer.refusal.code is RefusalCode.NOT_FOUND
        assert answer.path == str(tmp_path / "none.png")

    def test_empty_bytes(self, detector: Detector) -> None:
        assert detector.assess(b"").refusal.code is RefusalCode.EMPTY

    def test_what_check_refuses_gets_no_number(
        self, detector: Detector, film_of: Callable[..., Radiograph]
    ) -> None:
        answer = detector.assess(
            film_of(0.6, projection=Projection.LATERAL), prevalence=0.1, activation=True
        )
        assert answer.outcome is Outcome.REFUSED
        assert answer.refusal.code is RefusalCode.NOT_FRONTAL
        assert answer.probability is None
        assert answer.covid is None
        assert answer.activation is None
        assert answer.conformal_set == ()

    def test_a_child_is_refused(
        self, detector: Detector, film_of: Callable[..., Radiograph]
    ) -> None:
        assert detector.assess(film_of(age_years=4.0)).refusal.code is RefusalCode.CHILD

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    @pytest.mark.parametrize("activation", [False, True])
    def test_a_network_without_a_number(
        self, tmp_path: Path, film_of: Callable[..., Radiograph], value: float, activation: bool
    ) -> None:
        detector = Detector.load(make_bundle(tmp_path / "b", model=constant_network(value)))
        answer = detector.assess(film_of(), activation=activation)
        assert answer.outcome is Outcome.REFUSED
        assert answer.refusal.code is RefusalCode.NO_NUMBER
        assert answer.probability is None

    def test_overflow_inside_the_network(
        self, tmp_path: Path, film_of: Callable[..., Radiograph]
    ) -> None:
        folder = make_bundle(tmp_path / "b", model=brightness_network(gain=3e38, bias=3e38))
        assert Detector.load(folder).assess(film_of(0.7)).refusal.code is RefusalCode.NO_NUMBER

    def test_preprocessing_that_gives_no_number(
        self, tmp_path: Path, film_of: Callable[..., Radiograph]
    ) -> None:
        spoiled = {"size": 32, "fit": "pad", "intensity": "full", "crop_border": 0.0}
        spoiled |= {"mean": [0.0, 0.0, 0.0], "std": [1e-45, 1.0, 1.0]}
        detector = Detector.load(make_bundle(tmp_path / "b", preprocessing=spoiled))
        with np.errstate(all="ignore"):
            answer = detector.assess(film_of())
        assert answer.outcome is Outcome.REFUSED

    def test_anything_unforeseen_is_a_refusal_too(
        self, detector: Detector, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Spoiled(Radiograph):
            @property
            def width(self) -> int:
                raise ZeroDivisionError("unforeseen")

        film = Spoiled(
            np.linspace(0, 1, 256 * 256, dtype=np.float32).reshape(256, 256),
            read_facts(),
            "spoiled.png",
        )
        answer = detector.assess(film)
        assert answer.refusal.code is RefusalCode.INTERNAL
        assert "ZeroDivisionError" in answer.refusal.message.en
        assert "spoiled.png" in caplog.text

    def test_error_of_the_reader_carries_its_refusal(
        self, detector: Detector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def read_encrypted(source: object) -> Radiograph:
            raise RadiographError(Refusal.of(RefusalCode.ENCRYPTED))

        monkeypatch.setattr("covid_d.detector.examine.read", read_encrypted)
        assert detector.assess(b"x").refusal.code is RefusalCode.ENCRYPTED


def read_facts() -> Facts:
    return Facts(format="PNG", sha256="0" * 64, bits=8)


class TestWarnings:
    def codes(self, answer: Assessment) -> list[str]:
        return [warning.code for warning in answer.warnings]

    def test_demonstration_is_said_beside_every_answer(
        self, detector: Detector, film_of: Callable[..., Radiograph]
    ) -> None:
        assert "demonstration_model" in self.codes(detector.assess(film_of()))
        assert self.codes(detector.assess(b"")) == ["demonstration_model", "no_input_gate"]

    def test_an_audited_bundle_does_not_say_it(
        self, tmp_path: Path, film_of: Callable[..., Radiograph]
    ) -> None:
        folder = make_bundle(
            tmp_path / "b",
            verdict={"status": "audit-passed", "reasons": []},
            gate=gate_spec(),
            more=gate_files(),
        )
        known = film_of(projection=Projection.PA, age_years=50.0)
        assert self.codes(Detector.load(folder).assess(known)) == []

    def test_what_the_film_does_not_say(
        self, detector: Detector, film_of: Callable[..., Radiograph]
    ) -> None:
        answer = detector.assess(film_of())
        assert self.codes(answer)[2:] == ["projection_unknown", "age_unknown"]

    def test_supine(self, detector: Detector, film_of: Callable[..., Radiograph]) -> None:
        answer = detector.assess(film_of(projection=Projection.AP_SUPINE, age_years=70.0))
        assert self.codes(answer)[2:] == ["supine"]

    def test_each_has_both_languages(
        self, detector: Detector, film_of: Callable[..., Radiograph]
    ) -> None:
        for warning in detector.assess(film_of()).to_dict()["warnings"]:
            assert set(warning) == {"code", "message"}
            assert set(warning["message"]) == {"es", "en"}
            assert all(text.endswith(".") for text in warning["message"].values())


class TestMany:
    def test_answers_come_in_order_and_equal_one_by_one(
        self, detector: Detector, png_of: Callable[..., Path]
    ) -> None:
        films = [png_of(f"{number}.png", 0.2 + 0.02 * number) for number in range(25)]
        together = [answer.to_dict() for answer in detector.assess_many(films)]
        assert together == [detector.assess(film).to_dict() for film in films]
        assert len({answer["probability"] for answer in together}) == 25

    def test_a_bad_film_does_not_stop_the_rest(
        self, detector: Detector, png_of: Callable[..., Path], tmp_path: Path
    ) -> None:
        good = png_of("good.png")
        torn = tmp_path / "torn.png"
        torn.write_bytes(good.read_bytes()[:-200])
        answers = list(detector.assess_many([good, torn, tmp_path / "none.dcm", tmp_path, good]))
        refused = [answer.outcome is Outcome.REFUSED for answer in answers]
        assert refused == [False, True, True, True, False]

    def test_no_film_no_answer(self, detector: Detector) -> None:
        assert list(detector.assess_many([])) == []

    def test_takes_films_only_as_they_are_needed(
        self, shared_bundle: Path, png_of: Callable[..., Path]
    ) -> None:
        film = png_of("film.png")
        taken = 0

        def films() -> Iterator[Path]:
            nonlocal taken
            for _ in range(100):
                taken += 1
                yield film

        answers = Detector.load(shared_bundle, threads=2).assess_many(films())
        assert isinstance(answers, Generator)
        next(answers)
        next(answers)
        assert taken <= 2 * 2 + 2
        answers.close()
        assert taken <= 2 * 2 + 2

    def test_stopping_early_leaves_no_thread(
        self, detector: Detector, png_of: Callable[..., Path]
    ) -> None:
        answers = detector.assess_many([png_of("film.png")] * 50)
        assert isinstance(answers, Generator)
        next(answers)
        answers.close()
        assert not [t for t in threading.enumerate() if t.name.startswith("covid-d")]

    def test_after_each_sees_film_and_answer(
        self, detector: Detector, png_of: Callable[..., Path], tmp_path: Path
    ) -> None:
        seen = {}
        film, missing = png_of("film.png", 0.5), tmp_path / "none.png"

        def note(path: Path, radiograph: Radiograph | None, assessment: Assessment) -> None:
            seen[path] = (radiograph, assessment)

        answers = list(
            detector.assess_many([film, missing], activation=True, after_each=note, prevalence=0.1)
        )
        assert [seen[film][1], seen[missing][1]] == answers
        assert seen[film][0].name == str(film)
        assert seen[missing][0] is None
        assert answers[0].activation is not None

    def test_error_of_after_each_reaches_the_caller(
        self, detector: Detector, png_of: Callable[..., Path]
    ) -> None:
        def fail(*_: object) -> None:
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            list(detector.assess_many([png_of("film.png")], after_each=fail))

    def test_one_detector_serves_many_threads(
        self, detector: Detector, film_of: Callable[..., Radiograph]
    ) -> None:
        films = [film_of(0.2 + 0.01 * number) for number in range(40)]
        alone = [detector.assess(film).probability for film in films]
        with ThreadPoolExecutor(8) as pool:
            for _ in range(5):
                together = pool.map(detector.assess, films)
                assert [answer.probability for answer in together] == alone


class TestAssessment:
    """An assessment that contradicts itself cannot be made."""

    @pytest.mark.parametrize(
        "wrong",
        [
            {"outcome": Outcome.POSITIVE},
            {"outcome": Outcome.REFUSED, "probability": 0.5},
            {"outcome": Outcome.REFUSED},
            {"outcome": Outcome.POSITIVE, "probability": 1.5},
            {"outcome": Outcome.POSITIVE, "probability": math.nan},
            {
                "outcome": Outcome.REFUSED,
                "refusal": Refusal.of(RefusalCode.BLANK),
                "covid": CovidRange(0.1, 0.2, 0.3, 0.1),
            },
            {
                "outcome": Outcome.NEGATIVE,
                "probability": 0.1,
                "refusal": Refusal.of(RefusalCode.BLANK),
            },
            {"outcome": Outcome.POSITIVE, "probability": 0.5, "appearance": EVEN},
            {"outcome": Outcome.POSITIVE, "appearance": EVEN | {Appearance.TYPICAL: 0.5}},
            {"outcome": Outcome.POSITIVE, "appearance": {Appearance.TYPICAL: 1.0}},
            {
                "outcome": Outcome.POSITIVE,
                "appearance": EVEN,
                "covid": CovidRange(0.1, 0.2, 0.3, 0.1),
            },
            {
                "outcome": Outcome.POSITIVE,
                "probability": 0.5,
                "verdict": "audit-passed",
                "covid": CovidRange(0.1, 0.2, 0.3, 0.1),
            },
        ],
    )
    def test_is_refused(self, detector: Detector, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"refus|probabilit|appearance"):
            Assessment("film.png", bundle=detector.bundle.id, **wrong)


class TestLoad:
    def test_takes_folder_text_and_bundle(self, shared_bundle: Path) -> None:
        loaded = Bundle.load(shared_bundle)
        ids = {
            Detector.load(named).bundle.id.sha256
            for named in (shared_bundle, str(shared_bundle), loaded)
        }
        assert ids == {loaded.id.sha256}

    def test_threads_from_argument_setting_or_machine(
        self, shared_bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert Detector.load(shared_bundle, threads=3).threads == 3
        assert Detector.load(shared_bundle).threads >= 1
        monkeypatch.setenv("COVID_D_THREADS", "5")
        settings.cache_clear()
        assert Detector.load(shared_bundle).threads == 5
        assert Detector.load(shared_bundle, threads=0).threads >= 1


def test_the_phantom_network_is_what_it_says() -> None:
    """The tests above rest on it: its inputs and types are those of the contract."""
    model = load_from_string(brightness_network())
    assert [entry.name for entry in model.graph.input] == ["film"]
    assert model.graph.input[0].type.tensor_type.elem_type == TensorProto.FLOAT
