"""Real films: honest figures where the pool flatters, and the built-in bundle's promise."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from covid_d.cli.main import cli
from covid_d.dataset.dataset import Dataset
from covid_d.detector import Detector
from covid_d.errors import EvaluationError
from covid_d.evaluation.figures.intervals import auroc
from covid_d.evaluation.left_out.frozen import FrozenFit
from covid_d.evaluation.left_out.leave_one_out import HeldOutKind, leave_out, plan, positive_films
from covid_d.evaluation.scores import score

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module")
def dataset(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Cohen's films and every fifth adult: whole collections would take minutes."""
    adults = tmp_path_factory.mktemp("adult")
    table = pd.read_csv(real_data / "adult" / "manifest.csv", dtype=str, keep_default_na=False)
    table = table.sort_values("path").iloc[::5]
    for path in table["path"]:
        (adults / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(real_data / "adult" / path, adults / path)
    table.to_csv(adults / "manifest.csv", index=False)
    out = tmp_path_factory.mktemp("real") / "dataset"
    cohen = real_data / "covid-chestxray-dataset"
    arguments = ["--cohen", cohen, "--manifest", adults / "manifest.csv", "--out", out]
    command = ["dataset", "build", *(str(a) for a in arguments), "--no-progress"]
    result = CliRunner().invoke(cli, command)
    assert result.exit_code == 0, result.output
    return Dataset.open(out)


@pytest.fixture(scope="module")
def thumbnails(dataset: Dataset) -> FrozenFit:
    """A light fit on 8x8 thumbnails: no lung detail, plenty of source."""
    films = [
        np.asarray(Image.open(dataset.folder / path).convert("L").resize((8, 8))).ravel()
        for path in dataset.manifest["path"]
    ]
    features = np.stack(films).astype(np.float32)
    return FrozenFit(features, dataset.manifest.index)


def _films(dataset: Dataset) -> pd.DataFrame:
    return dataset.manifest[dataset.manifest["split"].ne("CT")]


def test_the_plan_holds_out_radiopaedia_and_every_source(dataset: Dataset) -> None:
    experiments = {e.name: e for e in plan(_films(dataset))}
    assert {"cohen", "cxnet", "nih", "rsna", "cxnet + nih", "cxnet + rsna"} < set(experiments)
    radiopaedia = experiments["cohen/radiopaedia.org"]
    assert radiopaedia.kind is HeldOutKind.PUBLISHER
    positive = positive_films(radiopaedia.held_out)
    assert min(positive.sum(), (~positive).sum()) >= 10
    for experiment in experiments.values():
        assert not set(experiment.held_out["group"]) & set(experiment.training["group"])


def test_what_no_lung_information_reaches_falls_apart_within_a_publisher(
    dataset: Dataset, thumbnails: FrozenFit
) -> None:
    films = _films(dataset)
    pooled = auroc(
        thumbnails.cross_validated(films), positive_films(films), films["group"].to_numpy()
    )
    experiments = [e for e in plan(films) if e.name == "cohen/radiopaedia.org"]
    (result,) = leave_out(experiments, thumbnails, resamples=300)
    held_out = result.figures["auroc"]
    # Thumbnails tell the sources apart, so the pool looks fine; within the publisher they do not.
    assert pooled.low > 0.75
    assert held_out.value < pooled.value - 0.1
    assert held_out.low < held_out.value < held_out.high


def test_other_hospitals_films_get_the_answers_that_the_card_claims(
    real_data: Path, tmp_path: Path
) -> None:
    """The built-in bundle on films of hospitals that its network never learnt from."""
    rows = pd.read_csv(real_data / "adult" / "manifest.csv", dtype=str, keep_default_na=False)
    chosen = rows.groupby(["source", "label"], sort=True).head(80)
    for path in chosen["path"]:
        (tmp_path / "films" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "films" / path).symlink_to(real_data / "adult" / path)
    chosen.to_csv(tmp_path / "films" / "manifest.csv", index=False)
    films, out = tmp_path / "data", tmp_path / "report"
    words = ["--manifest", str(tmp_path / "films" / "manifest.csv"), "--out", str(films)]
    built = CliRunner().invoke(cli, ["dataset", "build", *words, "--no-progress"])
    assert built.exit_code == 0, built.output
    judged = CliRunner().invoke(
        cli,
        ["evaluate", "builtin", str(films), "--split", "all", "--out", str(out), "--no-progress"],
    )
    assert judged.exit_code == 0, judged.output
    outside = json.loads((out / "metrics.json").read_text(encoding="utf-8"))["outside"]
    share = {
        (source, finding): told["figures"]
        for source, found in outside.items()
        for finding, told in found["findings"].items()
    }
    assert share["rsna", "normal"]["positive"]["value"] <= 0.05
    assert share["nih", "normal"]["positive"]["value"] <= 0.10
    assert share["cxnet", "covid"]["negative"]["value"] <= 0.12


def test_the_old_way_of_scoring_refuses_it(real_data: Path, tmp_path: Path) -> None:
    detector = Detector.load("builtin")
    with pytest.raises(EvaluationError, match="answers in appearances"):
        score(detector, Dataset(tmp_path, pd.DataFrame(), {}), progress=False)
