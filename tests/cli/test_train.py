from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from covid_d.cli.train import _without_folders, train
from covid_d.dataset.manifest import COLUMNS
from covid_d.errors import CovidDError
from covid_d.radiograph.phantom import draw_phantom
from covid_d.training.recipes import APPEARANCE, DEFAULT, Recipe

QUICK = (
    "--backbone", "test_resnet", "--no-pretrained", "--size", "64", "--batch", "8",
    "--frozen-epochs", "1", "--epochs", "3", "--lr-min", "0.001", "--lr-max", "0.003",
    "--no-lr-finder", "--device", "cpu", "--threads", "1",
)  # fmt: skip


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(train, [str(a) for a in arguments], catch_exceptions=True)


def _error(result: Result) -> CovidDError:
    assert isinstance(result.exception, CovidDError), result.output
    return result.exception


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    rows = []
    for number in range(48):
        split, label = ("train", "validation")[number % 2], ("covid", "nocovid")[number // 2 % 2]
        path = folder / split / label / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_phantom(number, opacities=label == "covid", size=128).to_image().save(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        known = {
            "path": path.relative_to(folder).as_posix(), "label": label, "split": split,
            "source": "drawn", "group": f"g{number}", "width": 128, "height": 128,
            "sha256": digest, "original_sha256": digest,
        }  # fmt: skip
        rows.append({column: known.get(column, "") for column in COLUMNS})
    pd.DataFrame(rows).to_csv(folder / "manifest.csv", index=False)
    record = {"sha256": "1" * 64, "protocol": "grouped", "counts": {}}
    (folder / "dataset.json").write_text(json.dumps(record))
    return folder


class TestHelp:
    def test_every_recipe_value_is_an_option(self) -> None:
        names = {parameter.name for parameter in train.params}
        assert set(Recipe.model_fields) - {"name"} <= names

    def test_values_of_every_recipe_are_shown(self) -> None:
        text = " ".join(_run("--help").output.split())
        assert f"[{DEFAULT.backbone} / resnet34 / {APPEARANCE.backbone}]" in text
        assert f"[{DEFAULT.rotate:g} / 25 / {APPEARANCE.rotate:g}]" in text
        assert f"[{DEFAULT.lr_min:g} / 1e-06 / {APPEARANCE.lr_min:g}]" in text

    def test_help_needs_no_torch(self) -> None:
        code = (
            "import sys\nfrom covid_d.cli.train import train\n"
            "train(['--help'], standalone_mode=False)\nsys.exit('torch' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


class TestRefusals:
    def test_no_data_set(self, tmp_path: Path) -> None:
        error = _error(_run(tmp_path / "gone", "--out", tmp_path / "run"))
        assert "no dataset folder" in error.message

    @pytest.mark.parametrize(
        ("option", "value", "said"),
        [
            ("--fit", "bend", "'bend'"),
            ("--size", 7, "'size'"),
            ("--backbone", "resnet35", "'resnet35'"),
            ("--batch", 0, "'batch_size'"),
            ("--name", "No Good", "'No Good'"),
        ],
    )
    def test_bad_values_are_quoted_before_anything_is_written(
        self, dataset: Path, tmp_path: Path, option: str, value: object, said: str
    ) -> None:
        error = _error(_run(dataset, "--out", tmp_path / "run", option, value))
        assert said in error.message
        assert error.next_step
        assert not (tmp_path / "run").exists()

    def test_nothing_to_resume(self, dataset: Path, tmp_path: Path) -> None:
        error = _error(_run(dataset, "--out", tmp_path / "run", "--resume"))
        assert "There is no run in" in error.message

    def test_unknown_recipe_is_a_usage_error(self, dataset: Path, tmp_path: Path) -> None:
        result = _run(dataset, "--out", tmp_path, "--recipe", "best")
        assert result.exit_code == 2
        assert "default" in result.output
        assert "article" in result.output


@pytest.mark.train
def test_train_then_resume(dataset: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    result = _run(dataset, "--out", run, "--name", "mine", *QUICK)
    assert result.exception is None, result.output
    assert "stage 2 epoch 3/3" in result.output
    assert f"Bundle: {run / 'bundle'}" in result.output
    assert "demonstration" in result.output
    record = json.loads((run / "run.json").read_text())
    assert record["recipe"]["name"] == "default"
    assert "--backbone test_resnet --no-pretrained --size 64" in record["command"]
    assert str(tmp_path) not in record["command"]
    assert str(dataset) not in record["command"]

    error = _error(_run(dataset, "--out", run, *QUICK))
    assert "already holds a run" in error.message

    error = _error(_run(dataset, "--out", run, "--resume", "--epochs", 4))
    assert error.message == "The run to resume has epochs 3, not 4."
    error = _error(_run(dataset, "--out", run, "--resume", "--recipe", "article"))
    assert "'default', not 'article'" in error.message

    spec = json.loads((run / "bundle" / "bundle.json").read_text())
    sums = (run / "bundle" / "SHA256SUMS").read_text().splitlines()
    network = next(line for line in sums if line.endswith("model.onnx"))
    result = _run(dataset, "--out", run, "--resume", "--device", "cpu", "--name", "mine")
    assert result.exception is None, result.output
    assert "epoch" not in result.output  # nothing was trained again
    again = json.loads((run / "bundle" / "bundle.json").read_text())
    assert again["calibration"] == spec["calibration"]
    assert network in (run / "bundle" / "SHA256SUMS").read_text()
    first, last = json.loads((run / "run.json").read_text())["command"].splitlines()
    assert first == record["command"]
    assert last == "train DATASET --out RUN --resume --device cpu --name mine"


@pytest.mark.train
def test_a_rehearsal_of_the_article(dataset: Path, tmp_path: Path) -> None:
    result = _run(
        dataset, "--out", tmp_path / "run", "--recipe", "article", "--limit", 40, *QUICK[:-4],
        "--lr-finder", "--device", "cpu", "--threads", "1", "--frozen-lr", "0.01",
    )  # fmt: skip
    assert result.exception is None, result.output
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["recipe"]["head"] == "concat"
    assert record["recipe"]["rotate"] == 25.0
    assert record["limit"] == 40
    assert "Rehearsal" in (tmp_path / "run" / "report.html").read_text()
    assert (tmp_path / "run" / "lr-finder.png").is_file()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Path("/srv/films/lungs"), "lungs"),
        ("child=/srv/films/chest_xray/train", "child=train"),
        ("lateral=aside", "lateral=aside"),
        (0.3, "0.3"),
        ("tf_efficientnet_lite0", "tf_efficientnet_lite0"),
    ],
)
def test_no_folder_of_a_machine_gets_into_the_record(value: object, shown: str) -> None:
    assert _without_folders(value) == shown
