"""``covid-d evaluate`` from the command line: what it prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from appearance_factory import bundle_of_appearance, draw_graded
from covid_d.cli.main import cli
from covid_d.dataset.dataset import Dataset
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.bundle.contents import update
from covid_d.errors import CovidDError, EvaluationError
from score_factory import bundle_with_card, make_dataset

_SCHEMAS = Path(__file__).parents[2] / "docs/schema"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("phantoms") / "dataset")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return bundle_with_card(tmp_path / "bundle")


def _run(*arguments: object) -> Result:
    command = ["evaluate", *(str(a) for a in arguments), "--no-progress"]
    return CliRunner().invoke(cli, command)


def _quick(bundle: Path, dataset: Dataset, out: Path, *more: object) -> Result:
    return _run(bundle, dataset.folder, "--out", out, "--resamples", 100, *more)


def test_prints_sources_before_the_pool_and_writes_everything(
    bundle: Path, dataset: Dataset, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = _quick(bundle, dataset, out, "--lang", "es")
    assert result.exit_code == 0, result.output
    assert "En north, la fuente donde peor rinde" in result.stdout
    assert result.stdout.index("north") < result.stdout.index("Todas las fuentes juntas")
    assert "Modelo de demostración" in result.stderr
    assert '<html lang="es"' in (out / "report.html").read_text(encoding="utf-8")
    for name in ("report.html", "metrics.json", "scores.csv", "refused.csv"):
        assert (out / name).is_file()
    assert "nothing yet" in Bundle.load(bundle).card  # the card is left alone unless asked


def test_json_is_the_metrics_file_and_nothing_else(
    bundle: Path, dataset: Dataset, tmp_path: Path
) -> None:
    result = _quick(bundle, dataset, tmp_path / "out", "--json", "--lang", "en")
    assert '<html lang="en"' in (tmp_path / "out/report.html").read_text(encoding="utf-8")
    printed = json.loads(result.stdout)
    written = json.loads((tmp_path / "out/metrics.json").read_text(encoding="utf-8"))
    assert printed == written
    schema = json.loads((_SCHEMAS / "metrics.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(printed)


def test_write_card_fills_the_card_with_the_exact_command(
    bundle: Path, dataset: Dataset, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "old.txt").write_text("x", encoding="utf-8")
    result = _quick(bundle, dataset, out, "--write-card", "--overwrite")
    assert result.exit_code == 0, result.output
    assert not (out / "old.txt").exists()
    card = Bundle.load(bundle).card
    assert "nothing yet" not in card
    assert f"covid-d evaluate {bundle} {dataset.folder} --out {out} --split test" in card
    assert card.startswith("# Phantom\n\nBefore.")
    assert card.endswith("After.\n")


def test_seen_films_stop_it_unless_allowed(bundle: Path, dataset: Dataset, tmp_path: Path) -> None:
    seen = dataset.manifest["original_sha256"].iloc[:2]
    update(bundle, {"training_films.csv": pd.DataFrame({"original_sha256": seen}).to_csv()})
    refused = _quick(bundle, dataset, tmp_path / "out")
    assert isinstance(refused.exception, EvaluationError)
    assert "2 of 65 films" in refused.exception.message
    assert not (tmp_path / "out").exists()
    allowed = _quick(bundle, dataset, tmp_path / "out", "--allow-seen", "--lang", "en")
    assert allowed.exit_code == 0, allowed.output
    assert "2 of the 64 films were used to train" in allowed.stderr
    html = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "2 of the 64 films were used to train" in html


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("bundle",), "Name BUNDLE and DATASET"),
        (("a", "b", "c"), "Name BUNDLE and DATASET"),
        (("--leave-one-source-out", "a", "b"), "DATASET alone"),
        (("--leave-one-source-out", "--write-card", "a"), "DATASET alone"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    result = _run(*arguments, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert message in result.stderr


def test_an_existing_folder_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x", encoding="utf-8")
    result = _run("no-bundle", "no-dataset", "--out", tmp_path)
    assert result.exit_code == 2
    assert "already exists" in result.stderr


@pytest.mark.parametrize("split", ["train", "validation"])
def test_an_empty_split_says_so(split: str, bundle: Path, dataset: Dataset, tmp_path: Path) -> None:
    result = _quick(bundle, dataset, tmp_path / "out", "--split", split)
    assert isinstance(result.exception, CovidDError)
    assert f"no films in split '{split}'" in str(result.exception)


@pytest.mark.train
def test_an_unknown_recipe_says_which_there_are(dataset: Dataset, tmp_path: Path) -> None:
    arguments = ("--leave-one-source-out", dataset.folder, "--out", tmp_path / "out")
    result = _run(*arguments, "--mode", "full", "--recipe", "nope")
    assert isinstance(result.exception, EvaluationError)
    assert "'nope'" in result.exception.message
    assert "article" in result.exception.next_step
    assert not (tmp_path / "out").exists()


@pytest.mark.train
def test_leave_one_source_out_on_frozen_features(dataset: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ("--leave-one-source-out", dataset.folder, "--out", out, "--resamples", 100)
    result = _run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    schema = json.loads((_SCHEMAS / "leave-one-out.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(found)
    by_name = {item["name"]: item for item in found["results"]}
    assert set(by_name) == {"north", "south", "east", "south + east"}
    assert {"auroc", "auroc_source_seen"} < set(by_name["north"]["figures"])
    cached = sorted(p.name.split("-")[0] for p in (tmp_path / "out-cache").iterdir())
    assert cached == ["features", "films"]
    # A second run reads the features and finds the same.
    again = _run(*arguments, "--json", "--overwrite")
    assert json.loads(again.stdout) == found


@pytest.mark.train
def test_leave_one_source_out_by_the_whole_recipe(tmp_path: Path) -> None:
    drawn = make_dataset(tmp_path / "dataset", splits=("train", "validation"))
    whole = drawn.manifest.assign(group=drawn.manifest["patient"])
    dataset = Dataset(drawn.folder, whole, drawn.record)
    from covid_d.cli.held_out import RecipeFit
    from covid_d.evaluation.left_out.leave_one_out import leave_out, plan
    from covid_d.training.recipes import DEFAULT

    tiny = DEFAULT.changed(
        size=96, frozen_epochs=4, frozen_lr=1e-2, epochs=0, batch_size=8, lr_finder=False, erase=0
    )
    fit = RecipeFit(dataset, tiny, tmp_path / "runs")
    films = dataset.manifest[dataset.manifest["path"].ne("test/blank.png")]
    north = next(e for e in plan(films) if e.name == "north")
    (first,) = leave_out([north], fit, resamples=100)
    assert first.trained_positives == 12
    assert 0 <= first.figures["auroc"].value <= 1
    used = pd.read_csv(tmp_path / "runs/north/bundle/training_films.csv")
    held_out = set(north.held_out["sha256"])
    assert not held_out & set(used["sha256"])
    # Finished runs are not repeated, and give the same answer.
    (second,) = leave_out([north], fit, resamples=100)
    assert second == first
    with pytest.raises(EvaluationError, match="run on other films"):
        RecipeFit(dataset, tiny, tmp_path / "runs")(north.training.iloc[2:], "north")


def test_a_bundle_of_appearance_prints_what_counts(tmp_path: Path) -> None:
    drawn = draw_graded(tmp_path / "dataset", per_kind=11)
    bundle = bundle_of_appearance(tmp_path / "bundle")
    result = _quick(bundle, drawn, tmp_path / "out", "--lang", "en", "--write-card")
    assert result.exit_code == 0, result.output
    assert "typical v negative" in result.stdout
    assert "rsna" in result.stdout
    assert "had not been looked at before" in result.stdout
    assert "Demonstration model" in result.stderr
    assert "AUROC, typical v negative" in Bundle.load(bundle).card
    schema = json.loads((_SCHEMAS / "appearance.schema.json").read_text(encoding="utf-8"))
    metrics = json.loads((tmp_path / "out/metrics.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(metrics)


def test_a_file_that_only_ranks_films_has_no_answers_to_count(tmp_path: Path) -> None:
    drawn = draw_graded(tmp_path / "dataset", per_kind=11)
    table = pd.DataFrame({"path": drawn.manifest["path"], "opacity": range(67)})
    table.to_csv(tmp_path / "other.csv", index=False)
    result = _run(
        "--scores", tmp_path / "other.csv", drawn.folder, "--out", tmp_path / "out", "--lang", "en"
    )
    assert result.exit_code == 0, result.output
    assert "The model gives no three-way answer: scores alone." in result.stdout
    assert "n<10" not in result.stdout


def test_what_a_bundle_answered_is_worth_the_same_as_a_file_of_scores(tmp_path: Path) -> None:
    drawn = draw_graded(tmp_path / "dataset", per_kind=11)
    bundle = bundle_of_appearance(tmp_path / "bundle")
    options = (drawn.folder, "--split", "all", "--json", "--resamples", "100")
    own = json.loads(_run(bundle, *options, "--out", tmp_path / "own").stdout)
    kept = tmp_path / "own" / "scores.csv"
    again = json.loads(_run("--scores", kept, *options, "--out", tmp_path / "again").stdout)
    assert own["pool"]["figures"]
    assert again["pool"] == own["pool"]
    assert again["outside"] == own["outside"]
    assert again["coverage"] != [] or own["coverage"] == []


def test_a_file_of_scores_takes_the_place_of_a_bundle(dataset: Dataset, tmp_path: Path) -> None:
    drawn = draw_graded(tmp_path / "dataset", per_kind=11)
    table = pd.DataFrame({"path": drawn.manifest["path"], "opacity": range(67)})
    table.to_csv(tmp_path / "other.csv", index=False)
    out = tmp_path / "out"
    result = _run("--scores", tmp_path / "other.csv", drawn.folder, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["bundle"]["name"] == "other"
    assert found["seen"]["known"] is False
    for extra in (("bundle",), ("--write-card",), ("--allow-seen",)):
        wrong = _run(
            "--scores", tmp_path / "other.csv", drawn.folder, *extra, "--out", tmp_path / "o"
        )
        assert wrong.exit_code == 2
        assert "--scores takes DATASET alone" in wrong.stderr
