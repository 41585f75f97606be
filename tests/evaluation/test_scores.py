"""The score table: every film accounted for, equal to what the detector says, nothing seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bundle_factory import SIZE, brightness_network, make_bundle
from covid_d.dataset.dataset import Dataset
from covid_d.detector.bundle.contents import update
from covid_d.detector.detector import Detector
from covid_d.errors import DatasetError, EvaluationError
from covid_d.evaluation.scores import ANSWER, FACTS, Scores, answer, chosen_films, score
from covid_d.radiograph import read
from lung_factory import TWO, box_network, lungs_spec


def test_every_film_is_scored_or_refused(phantom_scores: Scores, phantom_dataset: Dataset) -> None:
    films, refused = phantom_scores.films, phantom_scores.refused
    assert list(films.columns) == [*FACTS, *ANSWER]
    assert len(films) + len(refused) == len(phantom_dataset.films("test"))
    assert set(films["path"]) | set(refused["path"]) == set(phantom_dataset.manifest["path"])
    assert refused["path"].tolist() == ["test/blank.png"]
    assert refused["code"].tolist() == ["blank"]
    assert refused["reason_es"].str.len().min() > 10


def test_answers_are_the_detectors_own(
    phantom_scores: Scores, phantom_detector: Detector, phantom_dataset: Dataset
) -> None:
    for _, film in phantom_scores.films.sample(5, random_state=1).iterrows():
        own = phantom_detector.assess(phantom_dataset.path(film))
        assert film["probability"] == own.probability
        assert film["outcome"] == own.outcome.value
        assert film["conformal_set"] == "|".join(own.conformal_set)
        # The phantom bundle's calibration is the identity on the logit.
        assert 1 / (1 + np.exp(-film["logit"])) == pytest.approx(own.probability, abs=1e-6)


def test_features_are_in_the_films_order(phantom_scores: Scores) -> None:
    features = phantom_scores.features
    assert features.shape == (len(phantom_scores.films), 3)
    assert features.dtype == np.float32
    # The phantom network's logit is 20 times its mean feature less 8.
    expected = 20 * features.mean(axis=1) - 8
    assert np.allclose(expected, phantom_scores.films["logit"], atol=1e-4)


def test_provenance_is_kept(phantom_scores: Scores, phantom_detector: Detector) -> None:
    assert phantom_scores.bundle == phantom_detector.bundle.id
    assert phantom_scores.dataset_sha256 == "a" * 64
    assert (phantom_scores.split, phantom_scores.seen, phantom_scores.seen_allowed) == (
        "test",
        0,
        False,
    )


def test_films_without_a_group_stand_alone(phantom_scores: Scores) -> None:
    south = phantom_scores.films[phantom_scores.films["source"].eq("south")]
    assert south["group"].nunique() == len(south) == 12
    assert south["group"].str.startswith("film:").all()


@pytest.mark.parametrize("column", ["sha256", "original_sha256"])
def test_films_the_bundle_was_made_from_are_refused(
    column: str, phantom_dataset: Dataset, tmp_path: Path
) -> None:
    folder = make_bundle(tmp_path / "bundle")
    seen = phantom_dataset.manifest[column].iloc[:3]
    update(folder, {"training_films.csv": pd.DataFrame({"split": "train", column: seen}).to_csv()})
    detector = Detector.load(folder)
    with pytest.raises(EvaluationError, match="3 of 65 films") as error:
        score(detector, phantom_dataset, progress=False)
    assert "--allow-seen" in error.value.next_step
    allowed = score(detector, phantom_dataset, allow_seen=True, progress=False)
    assert allowed.seen == 3
    assert allowed.seen_allowed
    assert set(allowed.films.loc[allowed.films["seen"], column]) == set(seen)


def test_all_takes_every_radiograph_and_no_ct(phantom_dataset: Dataset) -> None:
    manifest = phantom_dataset.manifest.copy()
    manifest.loc[manifest.index[:5], "split"] = "CT"
    manifest.loc[manifest.index[5:9], "split"] = "train"
    dataset = Dataset(phantom_dataset.folder, manifest, phantom_dataset.record)
    assert len(chosen_films(dataset, "all")) == 60
    assert len(chosen_films(dataset, "test")) == 56


def test_no_films_in_the_split_is_an_error(phantom_dataset: Dataset) -> None:
    with pytest.raises(EvaluationError, match="no films in split 'validation'"):
        chosen_films(phantom_dataset, "validation")


def test_unknown_split_is_an_error(phantom_dataset: Dataset) -> None:
    with pytest.raises(DatasetError, match="'holdout'"):
        chosen_films(phantom_dataset, "holdout")


@pytest.mark.parametrize("label", ["covid", "nocovid"])
def test_one_class_is_an_error(label: str, phantom_dataset: Dataset) -> None:
    manifest = phantom_dataset.manifest
    dataset = Dataset(
        phantom_dataset.folder, manifest[manifest["label"].ne(label)], phantom_dataset.record
    )
    with pytest.raises(EvaluationError, match=f"none is '{label}'"):
        chosen_films(dataset, "test")


def test_a_class_that_is_refused_altogether_is_an_error(
    phantom_dataset: Dataset, phantom_detector: Detector
) -> None:
    manifest = phantom_dataset.manifest
    kept = manifest["label"].eq("covid") | manifest["path"].eq("test/blank.png")
    dataset = Dataset(phantom_dataset.folder, manifest[kept], phantom_dataset.record)
    with pytest.raises(EvaluationError, match="refused every 'nocovid' film"):
        score(phantom_detector, dataset, progress=False)


def test_answer_keeps_the_order_and_marks_refusals(
    phantom_dataset: Dataset, phantom_detector: Detector
) -> None:
    paths = [phantom_dataset.folder / p for p in phantom_dataset.manifest["path"].iloc[[3, -1, 0]]]
    found = answer(phantom_detector, paths, progress=False)
    assert found["code"].tolist() == ["", "blank", ""]
    assert found["probability"].isna().tolist() == [False, True, False]
    assert found["features"].isna().tolist() == [False, True, False]


def test_a_bundle_that_cuts_films_to_the_lungs_is_shown_the_lungs(
    phantom_dataset: Dataset, tmp_path: Path
) -> None:
    bundle = make_bundle(
        tmp_path / "bundle",
        model=brightness_network(),
        more={"lungs.onnx": box_network(parts=TWO)},
        lungs=lungs_spec().model_dump(mode="json"),
        preprocessing={
            "size": SIZE, "fit": "squash", "intensity": "full", "frame": "lungs", "surround": 0.0,
            "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0],
        },
    )  # fmt: skip
    detector = Detector.load(bundle)
    path = phantom_dataset.folder / phantom_dataset.manifest["path"].iloc[0]
    (found,) = answer(detector, [path], progress=False).to_dict("records")
    film = read(path).pixels
    # The lungs' box lies from 1/8 to 7/8 of each side; the features are the mean of what is seen.
    rows, columns = (slice(round(n / 8), round(7 * n / 8)) for n in film.shape)
    assert found["features"] == pytest.approx(np.full(3, film[rows, columns].mean()), abs=0.01)
    assert found["features"] != pytest.approx(np.full(3, film.mean()), abs=0.01)
    assert found["probability"] == detector.assess(path).probability
