"""Any model through the door of :class:`Scorer`, and files of scores, on a drawn data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from appearance_factory import draw_graded
from covid_d.dataset.dataset import Dataset
from covid_d.detector.assessment import BundleId, Outcome
from covid_d.errors import EvaluationError
from covid_d.evaluation.appearance.scoring import score_appearance, scores_from_file
from covid_d.evaluation.score_file import ScoreFile
from covid_d.evaluation.scorer import APPEARANCE_CLASSES, Scored
from covid_d.radiograph import Radiograph, Refusal, RefusalCode


class ByBrightness:
    """Another framework's model, in four lines."""

    id = BundleId("brightness", "1", "c" * 64)
    classes = APPEARANCE_CLASSES

    def score(self, film: Radiograph, *, changed_from: Radiograph | None = None) -> Scored:
        """Return probabilities that follow the film's brightness."""
        level = float(film.pixels.mean())
        if level > 0.9:
            return Scored((), refusal=Refusal.of(RefusalCode.BLANK))
        raised = np.exp(-((level * 10 - np.array([2.0, 3.0, 4.0, 5.0])) ** 2))
        values = tuple(float(x) for x in raised / raised.sum())
        return Scored(values, Outcome.INCONCLUSIVE, ("typical", "negative"))


class Unsummed(ByBrightness):
    """Scores that look like probabilities and are none."""

    def score(self, film: Radiograph, *, changed_from: Radiograph | None = None) -> Scored:
        """Return numbers that sum to 2."""
        return Scored((0.5, 0.5, 0.5, 0.5))


class OnlyOpacity(ByBrightness):
    """A model that knows opacities alone."""

    classes = ("opacity",)

    def score(self, film: Radiograph, *, changed_from: Radiograph | None = None) -> Scored:
        """Return a number that ranks films."""
        return Scored((float(film.pixels.mean()) * 9,))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return draw_graded(tmp_path_factory.mktemp("graded"))


def test_a_model_through_the_door(dataset: Dataset) -> None:
    scores = score_appearance(ByBrightness(), dataset, progress=False, threads=2)
    films = scores.films
    assert len(films) == 72
    assert scores.refused["code"].tolist() == ["empty_file"]
    assert films[list(APPEARANCE_CLASSES)].sum(axis=1).to_numpy() == pytest.approx(1)
    assert films["opacity"].to_numpy() == pytest.approx(1 - films["negative"])
    assert films["conformal_set"].eq("typical|negative").all()
    assert films["path"].tolist() == dataset.manifest["path"].tolist()[:-1]  # in order
    assert not scores.seen_known
    # Films without a group stand alone.
    assert films["group"].ne("").all()
    assert films["group"].nunique() == 6 * 7


def test_a_model_that_only_ranks(dataset: Dataset) -> None:
    films = score_appearance(OnlyOpacity(), dataset, progress=False).films
    assert films["opacity"].gt(1).any()
    assert films["negative"].isna().all()
    assert films["outcome"].isna().all()


def test_numbers_that_pose_as_probabilities_are_refused(dataset: Dataset) -> None:
    with pytest.raises(EvaluationError, match=r"sum to 2\.0000"):
        score_appearance(Unsummed(), dataset, progress=False)


def test_films_of_which_nothing_is_known(tmp_path: Path) -> None:
    own = draw_graded(tmp_path, per_kind=1)
    bare = own.manifest.assign(appearance="", finding="", label="nocovid")
    with pytest.raises(EvaluationError, match="Of none of the 7 films"):
        score_appearance(ByBrightness(), Dataset(own.folder, bare, own.record), progress=False)
    with pytest.raises(EvaluationError, match="no films in split 'train'"):
        score_appearance(ByBrightness(), own, "train", progress=False)


def test_a_file_is_the_same_as_the_model_it_came_from(dataset: Dataset, tmp_path: Path) -> None:
    direct = score_appearance(ByBrightness(), dataset, progress=False).films
    columns = ["sha256", *APPEARANCE_CLASSES, "outcome", "conformal_set"]
    direct[columns].to_csv(tmp_path / "brightness.csv", index=False)
    found = scores_from_file(ScoreFile.read(tmp_path / "brightness.csv"), dataset, "test")
    pd.testing.assert_frame_equal(found.films, direct, check_dtype=False)
    # The empty film has no row: it counts as without an answer, it does not vanish.
    assert found.refused["code"].tolist() == ["not_scored"]


def test_a_file_that_leaves_films_out_is_found_out(dataset: Dataset, tmp_path: Path) -> None:
    direct = score_appearance(ByBrightness(), dataset, progress=False).films
    kept = direct.iloc[:-7]
    kept[["path", "opacity"]].to_csv(tmp_path / "picky.csv", index=False)
    found = scores_from_file(ScoreFile.read(tmp_path / "picky.csv"), dataset, "test")
    assert len(found.refused) == 8
    assert found.films["opacity"].to_numpy() == pytest.approx(kept["opacity"].to_numpy())
