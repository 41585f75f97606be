from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import covid_d.training
from covid_d import __version__
from covid_d.dataset.dataset import Dataset
from covid_d.errors import TrainingError
from covid_d.provenance import source_sha256, this_code
from covid_d.training.machine import Machine
from covid_d.training.recipes import Recipe
from covid_d.training.records import other_code, read_record
from covid_d.training.run import train

SAME = Machine("cpu", threads=1)


def test_public_names_read_well_in_a_notebook() -> None:
    for name in covid_d.training.__all__:
        assert callable(getattr(covid_d.training, name)), name
    with pytest.raises(AttributeError, match="nothing"):
        _ = covid_d.training.nothing


class TestRecord:
    def test_no_run(self, tmp_path: Path) -> None:
        with pytest.raises(TrainingError, match="There is no run in"):
            read_record(tmp_path)

    @pytest.mark.parametrize("content", ["", "{", "{}", '{"recipe": {"name": "x", "fit": "?"}}'])
    def test_damaged(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "run.json").write_text(content)
        with pytest.raises(TrainingError, match="cannot be read"):
            read_record(tmp_path)


def test_a_bad_name_is_refused_before_any_work(
    phantoms: Dataset, tiny: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="'Ours!'"):
        train(phantoms, tmp_path / "run", tiny, machine=SAME, name="Ours!")
    assert not (tmp_path / "run").exists()


def test_weights_are_looked_for_before_films_are_decoded(
    phantoms: Dataset, tiny: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="does not exist"):
        train(phantoms, tmp_path / "run", tiny, machine=SAME, weights=tmp_path / "gone.pth")
    assert not (tmp_path / "run").exists()


@pytest.mark.train
class TestFinished:
    def test_everything_is_there(self, finished_run: Path) -> None:
        assert {path.name for path in finished_run.iterdir()} == {
            "bundle", "cache", "checkpoint.pth", "history.csv", "lr-finder.csv", "lr-finder.png",
            "report.html", "run.json", "stage-1", "stage-1.pth", "stage-2", "stage-2.pth",
        }  # fmt: skip

    def test_run_json(self, finished_run: Path, phantoms: Dataset) -> None:
        record = read_record(finished_run)
        assert record["command"] == "covid-d train ..."
        assert record["dataset"]["sha256"] == phantoms.sha256
        assert record["films"]["train"] == {"covid": 12, "nocovid": 12}
        assert record["weights"] == "random"
        assert record["recipe"]["seed"] == 7
        assert record["device"] == "cpu"
        assert record["processes"] == 1
        assert {"python", "torch", "fastai", "timm", "onnxruntime"} <= set(record["versions"])
        assert record["times"]["started"] <= record["times"]["finished"]
        assert record["times"]["training_seconds"] > 0

    def test_a_folder_with_a_run_is_not_overwritten(
        self, finished_run: Path, phantoms: Dataset, tiny: Recipe
    ) -> None:
        with pytest.raises(TrainingError, match="already holds a run") as caught:
            train(phantoms, finished_run, tiny, machine=SAME)
        assert "--resume" in caught.value.next_step

    @pytest.mark.parametrize(
        ("change", "said"),
        [({"seed": 8}, "recipe"), ({"epochs": 9}, "recipe"), (None, "limit")],
    )
    def test_another_run_is_not_resumed(
        self,
        finished_run: Path,
        phantoms: Dataset,
        change: dict[str, object] | None,
        said: str,
    ) -> None:
        recipe = Recipe.model_validate(read_record(finished_run)["recipe"])
        limit = None if change else 24
        with pytest.raises(TrainingError, match=f"another {said}"):
            train(
                phantoms,
                finished_run,
                recipe.changed(**(change or {})),
                limit=limit,
                machine=SAME,
                resume=True,
            )

    def test_another_data_set_is_not_resumed(self, finished_run: Path, phantoms: Dataset) -> None:
        other = Dataset(phantoms.folder, phantoms.manifest, phantoms.record | {"sha256": "0" * 64})
        recipe = Recipe.model_validate(read_record(finished_run)["recipe"])
        with pytest.raises(TrainingError, match="another sha256"):
            train(other, finished_run, recipe, machine=SAME, resume=True)


@pytest.mark.train
def test_a_run_of_before_an_option_existed_can_be_resumed(
    phantoms: Dataset, finished_run: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(finished_run, tmp_path / "run"))
    record = read_record(run)
    recipe = Recipe.model_validate(record["recipe"])
    defaults = Recipe(name="x").model_dump(mode="json")
    kept = {k: v for k, v in record["recipe"].items() if k == "name" or v != defaults[k]}
    assert len(kept) < len(defaults)
    (run / "run.json").write_text(json.dumps(record | {"recipe": kept}))
    train(phantoms, run, recipe, machine=SAME, resume=True)
    assert read_record(run)["recipe"] == recipe.model_dump(mode="json")


@pytest.mark.train
def test_resuming_before_the_first_checkpoint_wants_the_same_weights(
    phantoms: Dataset, finished_run: Path, tiny: Recipe, tmp_path: Path
) -> None:
    record = read_record(finished_run) | {"weights": "file: own.pth"}
    recipe = Recipe.model_validate(record["recipe"])
    (tmp_path / "run.json").write_text(json.dumps(record))
    with pytest.raises(TrainingError, match=r"started from file: own\.pth, not from random"):
        train(phantoms, tmp_path, recipe, machine=SAME, resume=True)


@pytest.mark.train
class TestOtherCode:
    """A run that one code started and another continues."""

    @pytest.fixture
    def run_of_then(self, finished_run: Path, tmp_path: Path) -> Path:
        run = Path(shutil.copytree(finished_run, tmp_path / "run"))
        record = read_record(run) | {"covid_d": "0.3.1", "source_sha256": "ab" * 32}
        (run / "run.json").write_text(json.dumps(record))
        return run

    def test_the_record_names_the_code(self, finished_run: Path) -> None:
        record = read_record(finished_run)
        assert record["covid_d"] == __version__
        assert record["source_sha256"] == source_sha256()
        assert other_code(record) is None
        spec = json.loads((finished_run / "bundle" / "bundle.json").read_text())
        assert (spec["covid_d"], spec["source_sha256"]) == (__version__, source_sha256())

    def test_both_are_named_on_record_and_in_the_report(
        self, phantoms: Dataset, run_of_then: Path
    ) -> None:
        recipe = Recipe.model_validate(read_record(run_of_then)["recipe"])
        for _ in range(2):
            train(phantoms, run_of_then, recipe, machine=SAME, resume=True)
        record = read_record(run_of_then)
        assert (record["covid_d"], record["source_sha256"]) == ("0.3.1", "ab" * 32)
        (said,) = record["continued_by"]
        assert "started by COVID-D 0.3.1 (source abababababab)" in said
        assert f"continued by {this_code()}" in said
        assert "continued by" in (run_of_then / "report.html").read_text()

    def test_a_run_of_before_sources_were_recorded(self, finished_run: Path) -> None:
        record = {"covid_d": "0.1.0"}
        assert "COVID-D 0.1.0 (source not recorded)" in (other_code(record) or "")
