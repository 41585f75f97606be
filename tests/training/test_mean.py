"""The mean of the weights of several runs, by numpy's mean of the files that the runs wrote."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from covid_d.dataset.dataset import Dataset
from covid_d.detector import Detector
from covid_d.errors import TrainingError
from covid_d.training.machine import Machine
from covid_d.training.mean import FinishedRun, take_mean
from covid_d.training.recipes import Recipe
from covid_d.training.records import read_record
from covid_d.training.run import train

SAME = Machine("cpu", threads=1)


@pytest.fixture(scope="module")
def other_run(phantoms: Dataset, tiny: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run like ``finished_run`` but for how its films were changed and for its rates."""
    run = tmp_path_factory.mktemp("other") / "run"
    recipe = tiny.changed(lr_finder=True, gamma=0.5, lr_max=2e-3)
    train(phantoms, run, recipe, machine=SAME, gate=False)
    return run


@pytest.fixture
def own_run(finished_run: Path, tmp_path: Path) -> Path:
    """A copy of ``finished_run`` that a test may change."""
    return Path(shutil.copytree(finished_run, tmp_path / "own"))


def resume(run: Path, phantoms: Dataset, *others: Path, **options: Any) -> Path:
    recipe = Recipe.model_validate(read_record(run)["recipe"])
    chosen: dict[str, Any] = {"machine": SAME, "gate": False, "resume": True, **options}
    return train(phantoms, run, recipe, average_with=others, **chosen)


def weights_of(run: Path) -> dict[str, np.ndarray]:
    loaded = torch.load(run / "stage-2.pth", weights_only=True)
    return {name: value.numpy() for name, value in loaded.items()}


def constants_of(bundle: Path) -> dict[str, np.ndarray]:
    network = onnx.load(bundle / "model.onnx")
    return {one.name: numpy_helper.to_array(one) for one in network.graph.initializer}


class Weights:
    """Weights by their names, as a network gives and takes them."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.held = {name: torch.as_tensor(value).clone() for name, value in weights.items()}

    def state_dict(self) -> dict[str, torch.Tensor]:
        return self.held

    def load_state_dict(self, weights: dict[str, torch.Tensor]) -> None:
        assert weights.keys() == self.held.keys()
        for name, value in weights.items():
            self.held[name].copy_(value)


def edited(run: Path, **changes: Any) -> Path:
    record = read_record(run)
    (run / "run.json").write_text(json.dumps(record | changes))
    return run


@pytest.mark.train
class TestAveraged:
    def test_every_weight_is_the_mean_and_counters_stay(
        self, finished_run: Path, other_run: Path, tmp_path: Path
    ) -> None:
        third = Path(shutil.copytree(other_run, tmp_path / "third"))
        shifted = {name: value + value.dtype.type(1) for name, value in weights_of(third).items()}
        torch.save({k: torch.as_tensor(v) for k, v in shifted.items()}, third / "stage-2.pth")
        record = read_record(finished_run)
        learn = SimpleNamespace(model=Weights(weights_of(finished_run)))
        others = [FinishedRun.alike(folder, record) for folder in (other_run, third)]
        take_mean(learn, others)
        each = [weights_of(run) for run in (finished_run, other_run, third)]
        found = {name: value.numpy() for name, value in learn.model.state_dict().items()}
        for name, value in found.items():
            all_three = np.array([weights[name] for weights in each])
            counts = value.dtype.kind == "i"
            wanted = all_three[0] if counts else all_three.astype(np.float64).mean(axis=0)
            assert value.dtype == each[0][name].dtype
            assert np.allclose(value, wanted, rtol=1e-6), name
        assert any(value.dtype.kind == "i" for value in found.values())
        assert learn.averaged == [run.recipe for run in others]

    def test_the_bundle_has_the_mean_and_the_run_its_own(
        self, phantoms: Dataset, own_run: Path, other_run: Path
    ) -> None:
        before = weights_of(own_run)
        alone = constants_of(resume(own_run, phantoms))
        both = constants_of(resume(own_run, phantoms, other_run))
        moved = [name for name in alone if not np.allclose(alone[name], both[name], atol=1e-5)]
        assert len(moved) > len(alone) / 3
        after = weights_of(own_run)
        assert all(np.array_equal(after[name], before[name]) for name in before)

    def test_of_one_run_and_its_like_is_that_run(
        self, phantoms: Dataset, own_run: Path, finished_run: Path
    ) -> None:
        alone = constants_of(resume(own_run, phantoms))
        both = constants_of(resume(own_run, phantoms, finished_run, finished_run))
        assert alone.keys() == both.keys()
        for name, value in alone.items():
            assert np.allclose(value, both[name], atol=1e-6), name

    def test_it_is_on_record_in_report_and_card(
        self, phantoms: Dataset, own_run: Path, other_run: Path
    ) -> None:
        last = "covid-d train ... --resume --average-with other"
        bundle = resume(own_run, phantoms, other_run, command=last)
        assert read_record(own_run)["command"] == f"covid-d train ...\n{last}"
        (told,) = read_record(own_run)["averaged_with"]
        assert (told["gamma"], told["lr_max"]) == (0.5, 2e-3)
        assert "mean of the weights of" in (own_run / "report.html").read_text()
        card = (bundle / "MODEL_CARD.md").read_text()
        assert "mean of those of 2 runs" in card
        assert "the others differ from it in: `lr_max` 0.002, `gamma` 0.5." in card
        assert f"```\ncovid-d train ...\n{last}\n```" in card
        resume(own_run, phantoms)
        assert read_record(own_run)["command"] == f"covid-d train ...\n{last}"  # none was given
        assert read_record(own_run)["averaged_with"] == []
        assert "mean of the weights of" not in (own_run / "report.html").read_text()
        assert "mean of those" not in (bundle / "MODEL_CARD.md").read_text()

    def test_the_bundle_is_calibrated_and_answers(
        self, phantoms: Dataset, own_run: Path, other_run: Path
    ) -> None:
        detector = Detector.load(resume(own_run, phantoms, other_run))
        film = phantoms.path(phantoms.manifest.iloc[-1])
        assert detector.assess(film).outcome is not None
        assert detector.bundle.spec.calibration.films > 0


@pytest.mark.train
class TestRefused:
    def refused(self, phantoms: Dataset, run: Path, other: Path, said: str) -> None:
        before = (run / "run.json").read_bytes()
        with pytest.raises(TrainingError, match=said) as caught:
            resume(run, phantoms, other)
        assert caught.value.next_step
        assert (run / "run.json").read_bytes() == before  # before any work

    def test_no_run(self, phantoms: Dataset, own_run: Path, tmp_path: Path) -> None:
        self.refused(phantoms, own_run, tmp_path / "gone", "no run")

    def test_one_that_is_not_finished(
        self, phantoms: Dataset, own_run: Path, other_run: Path, tmp_path: Path
    ) -> None:
        broken_off = Path(shutil.copytree(other_run, tmp_path / "broken"))
        (broken_off / "stage-2.pth").unlink()
        self.refused(phantoms, own_run, broken_off, "not finished")

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"dataset": {"folder": "elsewhere", "sha256": "0" * 64}}, "data set"),
            ({"limit": 24}, "number of films"),
            ({"lungs": "0" * 64}, "lung model"),
            ({"preprocessing": {"size": 96}}, "preparation of films"),
            ({"weights": "file: own.pth"}, "first weights"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_one_of_other_films(
        self,
        phantoms: Dataset,
        own_run: Path,
        other_run: Path,
        tmp_path: Path,
        changes: dict[str, Any],
        said: str,
    ) -> None:
        other = edited(Path(shutil.copytree(other_run, tmp_path / "other")), **changes)
        self.refused(phantoms, own_run, other, f"differs from this one in: {said}")

    def test_another_network(
        self, phantoms: Dataset, own_run: Path, other_run: Path, tmp_path: Path
    ) -> None:
        recipe = read_record(other_run)["recipe"] | {"backbone": "resnet18"}
        other = edited(Path(shutil.copytree(other_run, tmp_path / "other")), recipe=recipe)
        self.refused(phantoms, own_run, other, "in: network")

    def test_other_random_weights(
        self, phantoms: Dataset, own_run: Path, other_run: Path, tmp_path: Path
    ) -> None:
        recipe = read_record(other_run)["recipe"] | {"seed": 8}
        other = edited(Path(shutil.copytree(other_run, tmp_path / "other")), recipe=recipe)
        self.refused(phantoms, own_run, other, "in: first weights")

    def test_weights_of_another_network(
        self, phantoms: Dataset, own_run: Path, other_run: Path, tmp_path: Path
    ) -> None:
        other = Path(shutil.copytree(other_run, tmp_path / "other"))
        torch.save({"0.weight": torch.zeros(3)}, other / "stage-2.pth")
        with pytest.raises(TrainingError, match="in: network"):
            resume(own_run, phantoms, other)

    def test_damaged_weights(
        self, phantoms: Dataset, own_run: Path, other_run: Path, tmp_path: Path
    ) -> None:
        other = Path(shutil.copytree(other_run, tmp_path / "other"))
        (other / "stage-2.pth").write_bytes(b"no weights")
        with pytest.raises(TrainingError, match="cannot be read"):
            resume(own_run, phantoms, other)


@pytest.mark.train
def test_a_data_set_that_lies_elsewhere_is_the_same(
    finished_run: Path, other_run: Path, tmp_path: Path
) -> None:
    moved = Path(shutil.copytree(other_run, tmp_path / "other"))
    films = read_record(moved)["dataset"] | {"folder": "elsewhere"}
    run = FinishedRun.alike(edited(moved, dataset=films), read_record(finished_run))
    assert run.recipe.gamma == 0.5
