"""``covid-d dataset build`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from collection_factory import make_cohen, make_kermany, make_manifest, make_siim
from covid_d.cli.main import cli
from covid_d.cli.speech import speaking
from covid_d.errors import DatasetError


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shelf")
    make_cohen(root / "cohen")
    make_kermany(root / "kermany")
    make_manifest(root / "adult")
    return root


def run(*arguments: object) -> Result:
    words = ["dataset", "build", *(str(argument) for argument in arguments)]
    return CliRunner().invoke(cli, words, catch_exceptions=True)


def inputs(shelf: Path) -> list[object]:
    return [
        *("--cohen", shelf / "cohen", "--kermany", shelf / "kermany"),
        *("--manifest", shelf / "adult" / "manifest.csv", "--jobs", 1, "--no-progress"),
    ]


def test_all_three_inputs(shelf: Path, tmp_path: Path) -> None:
    result = run(*inputs(shelf), "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "out/dataset.json").read_text(encoding="utf-8"))
    assert record["protocol"] == "grouped"
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["split", "covid", "nocovid", "films"]
    assert ["kermany", "12", "0", "0", "12"] in [line.split() for line in lines]
    assert ["child", "12"] in [line.split() for line in lines]
    assert lines[-1].endswith(record["sha256"])


def test_warnings_stand_in_a_box_on_standard_error(shelf: Path, tmp_path: Path) -> None:
    result = run(*inputs(shelf), "--out", tmp_path / "out")
    box = result.stderr.splitlines()
    assert {len(line) for line in box} == {78}
    assert box[0] == box[-1] == "+" + "-" * 76 + "+"
    assert "single class: clinic (6), nih (6)" in " ".join(line.strip("| ") for line in box)
    assert "single class" not in result.stdout


def test_json_is_the_record(shelf: Path, tmp_path: Path) -> None:
    result = run(*inputs(shelf), "--out", tmp_path / "out", "--json")
    record = json.loads(result.stdout)
    assert record == json.loads((tmp_path / "out/dataset.json").read_text(encoding="utf-8"))


def test_the_article_with_options(shelf: Path, tmp_path: Path) -> None:
    result = run(
        *inputs(shelf), "--out", tmp_path / "out",
        *("--protocol", "article", "--children", "3/2/1", "--splits", "60/20/20", "--seed", 3),
        *("--licenses", "permissive"),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    options = json.loads((tmp_path / "out/dataset.json").read_text(encoding="utf-8"))["options"]
    assert options["children"] == [3, 2, 1]
    assert options["splits"] == [60, 20, 20]
    assert (options["seed"], options["licenses"]) == (3, "permissive")
    assert options["adults_only"] is False


def test_all_ages(shelf: Path, tmp_path: Path) -> None:
    result = run(*inputs(shelf), "--out", tmp_path / "out", "--all-ages", "--json")
    record = json.loads(result.stdout)
    assert record["collections"]["kermany"]["used"] == 12
    assert record["options"]["adults_only"] is False


def test_a_collection_of_any_kind(shelf: Path, tmp_path: Path) -> None:
    result = run(
        "--collection", f"manifest={shelf / 'adult'}", "--out", tmp_path / "out", "--jobs", 1
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "Reading" in result.stderr  # the progress bars


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Name at least one collection"),
        (["--cohen", "/nowhere"], "does not exist"),
        (["--collection", "manifest"], "'manifest' is not KIND=PATH"),
        (["--cohen", ".", "--splits", "70/30"], "is not three numbers"),
        (["--cohen", ".", "--protocol", "random"], "is not one of"),
        (["--cohen", ".", "--max-side", "100"], "is not in the range"),
        (["--cohen", ".", "--seed", "-1"], "is not in the range"),
    ],
)
def test_wrong_usage_is_told(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = run(*arguments, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_out_is_required() -> None:
    assert "Missing option '--out'" in run("--cohen", ".").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cohen", "."], "metadata.csv"),
        (["--kermany", "."], "not the chest X-ray pneumonia set"),
        (["--collection", "padchest=."], "Unknown collection kind 'padchest'"),
        (["--cohen", ".", "--splits", "70/20/20"], "not three shares of 100"),
        (["--cohen", ".", "--protocol", "article", "--adults-only"], "children's films"),
    ],
)
def test_expected_errors_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments, "--out", tmp_path / "out", "--jobs", 1)
    assert isinstance(result.exception, DatasetError)
    assert message in result.exception.message
    assert result.exception.next_step
    assert list(tmp_path.iterdir()) == []


def test_graded_films_have_columns_of_their_own_and_a_table_says_how_it_was_read(
    shelf: Path, tmp_path: Path
) -> None:
    siim = make_siim(tmp_path / "siim", each=8)
    result = run("--siim", siim, "--out", tmp_path / "out", "--jobs", 1, "--no-progress")
    assert result.exit_code == 0, result.output
    header = result.stdout.splitlines()[0].split()
    assert header == ["split", "negative", "atypical", "indeterminate", "typical", "films"]
    both = run(
        *("--siim", siim, "--manifest", shelf / "adult" / "manifest.csv"),
        *("--hold-out", "clinic", "--hold-out", "nih", "--out", tmp_path / "both"),
        *("--jobs", 1, "--no-progress"),
    )
    assert both.stdout.splitlines()[0].split()[1:4] == ["covid", "nocovid", "negative"]
    assert "read manifest.csv: UTF-8, commas" in both.stdout


def test_it_speaks_spanish(shelf: Path, tmp_path: Path) -> None:
    with speaking("es"):
        result = run(*inputs(shelf), "--out", tmp_path / "out")
        wrong = run(*inputs(shelf), "--out", "x", "--splits", "70/30")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["partición", "covid", "nocovid", "radiografías"]
    assert ["colección", "filas", "usadas", "apartadas", "excluidas"] in lines
    assert ["excluidas", "por", "radiografías"] in lines
    assert any(line[:2] == ["se", "leyó"] for line in lines)
    assert "no son tres números, como 70/15/15" in wrong.output
