"""Two processes train one network: what each gets, and that the result is that of one process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from covid_d.dataset.dataset import Dataset
from covid_d.detector import Detector
from covid_d.errors import TrainingError
from covid_d.training.launch import together
from covid_d.training.machine import Machine
from covid_d.training.recipes import Recipe
from covid_d.training.records import read_record
from covid_d.training.run import train
from covid_d.training.shared import check_shares
from training_members import facts_of_a_group

FILMS, BATCH = 27, 8
LONGEST = 400.0
# Nothing is drawn at random but the order of films; epochs enough for a kill to fall within them.
STILL = {
    "batchnorm": "keep", "dropout": 0.0, "flip": False, "rotate": 0.0, "zoom": 1.0, "warp": 0.0,
    "stretch": 0.0, "lighting": 0.0, "gamma": 0.0, "blur": 0.0, "ramp": 0.0, "noise": 0.0,
    "erase": 0.0, "average": 0.5, "keep": "last", "epochs": 6,
}  # fmt: skip


def test_steps_that_cannot_be_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    check_shares(9)
    with pytest.raises(TrainingError, match="8 films a step cannot be shared by 3") as caught:
        check_shares(8)
    assert "--batch" in caught.value.next_step


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return together(2, facts_of_a_group, tmp_path_factory.mktemp("group"), FILMS, BATCH)


@pytest.mark.train
@pytest.mark.slow
class TestGroup:
    def test_who_is_who(self, facts: list[dict[str, Any]]) -> None:
        assert [each["first"] for each in facts] == [True, False]
        assert [each["size"] for each in facts] == [2, 2]
        assert all(each["bare"] and each["after"] for each in facts)

    def test_the_first_goes_first_and_works_by_itself(self, facts: list[dict[str, Any]]) -> None:
        assert [each["found"] for each in facts] == [False, True]
        assert [each["alone"] for each in facts] == [(1, True, False), None]

    def test_each_step_has_the_films_of_the_whole_step(self, facts: list[dict[str, Any]]) -> None:
        """The order is the one that the first process drew by itself."""
        import random

        from fastai.data.core import TfmdDL

        whole = TfmdDL(list(range(FILMS)), bs=BATCH, shuffle=True, drop_last=True)
        whole.rng = random.Random(0)
        expected = [part.tolist() for part in whole]
        first, second = (each["training"] for each in facts)
        assert [a + b for a, b in zip(first, second, strict=True)] == expected
        assert {len(part) for part in first + second} == {BATCH // 2}
        assert [each["lengths"][0] for each in facts] == [FILMS // BATCH] * 2

    def test_every_film_is_validated(self, facts: list[dict[str, Any]]) -> None:
        seen = [index for each in facts for part in each["validation"] for index in part]
        assert set(seen) == set(range(FILMS))
        assert len(seen) == FILMS + 1  # 27 cannot be halved: one comes twice
        for each in facts:
            assert len(each["validation"]) == each["lengths"][1]

    def test_the_loader_is_whole_again(self, facts: list[dict[str, Any]]) -> None:
        assert [each["whole"] for each in facts] == [(BATCH, FILMS // BATCH)] * 2


@pytest.mark.train
@pytest.mark.slow
@pytest.mark.kill
@pytest.mark.skipif(sys.platform != "linux", reason="finds its processes in /proc")
def test_killed_and_resumed_two_processes_learn_what_one_does(
    phantoms: Dataset, tiny: Recipe, tmp_path: Path
) -> None:
    recipe = tiny.changed(**STILL)
    train(phantoms, tmp_path / "one", recipe, machine=Machine("cpu", threads=1), gate=False)

    run = tmp_path / "two"
    process = subprocess.Popen(_command(phantoms, recipe, run), stderr=subprocess.PIPE, text=True)
    _until(process, (run / "checkpoint.pth").is_file)
    os.kill(_members(process.pid)[-1], signal.SIGKILL)
    _, said = process.communicate(timeout=LONGEST)
    assert process.returncode == 1, said
    assert "died (SIGKILL)" in said
    assert "Traceback" not in said
    assert not (run / "stage-2.pth").exists()

    done = subprocess.run(
        [*_command(phantoms, recipe, run), "--resume"],
        capture_output=True, text=True, timeout=LONGEST,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Report: ") == 1
    assert read_record(run)["processes"] == 2
    _check_same(tmp_path / "one", run)
    assert Detector.load(run / "bundle").bundle.id.name == "two"
    assert not list(run.rglob("*partial*"))


def _command(dataset: Dataset, recipe: Recipe, run: Path) -> list[str]:
    code = (
        "import json, sys\nfrom covid_d.cli.main import main\n"
        "from covid_d.training.recipes import RECIPES, Recipe\n"
        "if __name__ == '__main__':\n"
        "    RECIPES['default'] = Recipe.model_validate(json.loads(sys.argv.pop(1)))\n"
        "    main()\n"
    )
    script = run.parent / "command.py"
    script.write_text(code)
    words = [
        sys.executable, script, recipe.model_dump_json(), "--lang", "en", "train", dataset.folder,
        "--out", run, "--name", "two", "--device", "cpu", "--distributed", "--processes", "2",
    ]  # fmt: skip
    return [str(word) for word in words]


def _members(launcher: int) -> list[int]:
    """Return the processes of a group: children that were started to train."""
    text = Path(f"/proc/{launcher}/task/{launcher}/children").read_text(encoding="ascii")
    found = []
    for pid in map(int, text.split()):
        environment = Path(f"/proc/{pid}/cmdline").read_bytes()
        if b"spawn_main" in environment:
            found.append(pid)
    assert len(found) == 2
    return found


def _until(process: subprocess.Popen[str], met: Any) -> None:
    began = time.monotonic()
    while not met():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() - began < LONGEST
        time.sleep(0.01)


def _check_same(one: Path, two: Path) -> None:
    """Hold weights and history of two runs to be the same but for rounding."""
    for name in ("stage-1.pth", "stage-2.pth"):
        expected, found = torch.load(one / name), torch.load(two / name)
        assert expected.keys() == found.keys()
        for key, value in expected.items():
            torch.testing.assert_close(found[key], value, rtol=0, atol=5e-4)
    start, end = torch.load(one / "stage-1.pth"), torch.load(one / "stage-2.pth")
    moved = max(float((end[key].float() - start[key].float()).abs().max()) for key in end)
    assert moved > 1e-2  # so that what is the same was learnt
    expected, found = (pd.read_csv(run / "history.csv") for run in (one, two))
    assert list(found["epoch"]) == list(expected["epoch"])
    for column in ("train_loss", "valid_loss", "auroc"):
        assert list(found[column]) == pytest.approx(list(expected[column]), abs=2e-3)
    kept = [json.loads((run / "stage-2" / "stage.json").read_text())["kept"] for run in (one, two)]
    assert kept[0]["epoch"] == kept[1]["epoch"] == STILL["epochs"]
