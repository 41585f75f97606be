"""Files of scores: every kind is read, every fault is named by its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from covid_d.dataset.dataset import Dataset
from covid_d.errors import EvaluationError
from covid_d.evaluation.evaluation import evaluate_scores
from covid_d.evaluation.score_file import ScoreFile
from covid_d.files import sha256_of

FOUR = "negative,atypical,indeterminate,typical"


def _file(folder: Path, text: str) -> Path:
    path = folder / "densenet.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_four_probabilities(tmp_path: Path) -> None:
    path = _file(tmp_path, f"sha256,{FOUR},note\n{'a' * 64},0.1,0.2,0.3,0.4,x\n")
    found = ScoreFile.read(path)
    assert found.numbers == ("negative", "atypical", "indeterminate", "typical")
    assert found.has_appearance
    assert found.table["typical"].tolist() == [0.4]
    assert (found.id.name, found.id.sha256) == ("densenet", sha256_of(path))


@pytest.mark.parametrize(
    ("header", "numbers"),
    [("opacity", ("opacity",)), ("typical", ("typical",)), ("typical,opacity", None)],
)
def test_numbers_that_only_rank(
    tmp_path: Path, header: str, numbers: tuple[str, ...] | None
) -> None:
    values = ",".join("7.5" for _ in header.split(","))  # no probability: any number ranks
    found = ScoreFile.read(_file(tmp_path, f"path,{header}\na.png,{values}\n"))
    assert found.numbers == (numbers or ("opacity", "typical"))
    assert found.has_appearance


def test_probabilities_of_covid(tmp_path: Path) -> None:
    assert not ScoreFile.read(_file(tmp_path, "path,probability\na.png,0.3\n")).has_appearance


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"name,{FOUR}\na,0.1,0.2,0.3,0.4\n", "neither a column sha256 nor path"),
        ("path,score\na,0.1\n", "has no scores: columns path, score"),
        (f"path,{FOUR}\na,0.1,0.2,0.3,0.4\nb,0.1,0.2,0.3,0.3\n", "line 3: .* sum to 0.9000"),
        (f"path,{FOUR}\na,0.1,0.2,0.3,high\n", "line 2: 'high' in column typical is not a prob"),
        (f"path,{FOUR}\na,-0.2,0.4,0.4,0.4\n", "line 2: '-0.2' in column negative"),
        ("path,probability\na,0.5\nb,1.2\n", "line 3: '1.2' in column probability"),
        ("path,opacity\na,\n", "line 2: '' in column opacity is not a number"),
        ("path,opacity\na,inf\n", "line 2: 'inf' in column opacity"),
        ("path,opacity\na,1\na,2\n", "names a film twice: a"),
        ("path,opacity,outcome\na,1,maybe\n", "line 2: outcome 'maybe' is none of"),
        ("", "cannot be read"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        ScoreFile.read(_file(tmp_path, text))


def test_films_are_found_by_either_hash_and_by_path(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "path": ["a.png", "b.png", "c.png", "d.png"],
            "sha256": ["1" * 64, "2" * 64, "3" * 64, "4" * 64],
            "original_sha256": ["5" * 64, "6" * 64, "7" * 64, "8" * 64],
        }
    )
    text = (
        "path,sha256,opacity\n"
        f"c.png,,0.3\n,{('5' * 64)},0.1\nelsewhere.png,{('2' * 64)},0.2\nz.png,,0.9\n"
    )
    found = ScoreFile.read(_file(tmp_path, text)).of(rows)
    assert found["named"].tolist() == [True, True, True, False]
    assert found["opacity"].tolist()[:3] == [0.1, 0.2, 0.3]
    assert np.isnan(found["opacity"].iloc[3])
    assert found["outcome"].isna().all()


def test_a_file_of_other_films_is_an_error(tmp_path: Path, phantom_dataset: Dataset) -> None:
    file = ScoreFile.read(_file(tmp_path, "path,probability\nz.png,0.5\n"))
    with pytest.raises(EvaluationError, match="names none of the 65 films"):
        file.covid_scores(phantom_dataset, "test")


def test_probabilities_of_covid_are_judged_by_label(
    tmp_path: Path, phantom_dataset: Dataset
) -> None:
    rows = phantom_dataset.films("test")
    rng = np.random.default_rng(0)
    p = np.where(rows["label"] == "covid", 0.7, 0.3) + rng.uniform(-0.2, 0.2, len(rows))
    table = pd.DataFrame({"path": rows["path"], "probability": p}).iloc[1:]  # one is left out
    table.to_csv(tmp_path / "covid.csv", index=False)
    scores = ScoreFile.read(tmp_path / "covid.csv").covid_scores(phantom_dataset, "test")
    assert len(scores.films) == 64
    assert scores.refused["code"].tolist() == ["not_scored"]  # and counted
    assert not scores.seen_known
    assert scores.films["group"].ne("").all()
    evaluation = evaluate_scores(scores, None, "demonstration", resamples=100)
    assert evaluation.pool.figures["auroc"].value > 0.9
    assert evaluation.coverage == ()
    assert evaluation.to_dict()["films"]["refused"] == 1
