"""One judgement from beginning to end: score, measure, write; for bundles of both kinds and files.

Every judgement on a test split is written into the data set's record of looks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.looks import Look, looks_at, write_down
from covid_d.dataset.manifest import Split
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.detector import Detector
from covid_d.errors import EvaluationError
from covid_d.evaluation.appearance.card import appearance_section
from covid_d.evaluation.appearance.evaluation import AppearanceEvaluation, evaluate_appearance
from covid_d.evaluation.appearance.output import write_appearance
from covid_d.evaluation.appearance.roles import roles
from covid_d.evaluation.appearance.scoring import score_appearance, scores_from_file
from covid_d.evaluation.evaluation import Evaluation, evaluate, evaluate_scores
from covid_d.evaluation.figures.bootstrap import RESAMPLES
from covid_d.evaluation.report.card import card_section, write_section
from covid_d.evaluation.report.output import write_evaluation
from covid_d.evaluation.score_file import ScoreFile
from covid_d.evaluation.scorer import BundleScorer
from covid_d.evaluation.scores import score
from covid_d.language import N_, Language
from covid_d.settings import settings


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A judgement, ready to be written.

    Parameters
    ----------
    evaluation
        Every figure, by label or by appearance.
    dataset
        The films.
    detector
        The bundle at work; ``None`` for a file of scores.
    """

    evaluation: Evaluation | AppearanceEvaluation
    dataset: Dataset
    detector: Detector | None

    def write(self, out: Path, *, language: Language, overwrite: bool = False) -> None:
        """Write report, metrics, scores and plots into a folder, or nothing.

        Raises
        ------
        CovidDError
            If the folder exists and may not be replaced, or cannot be written.
        """
        if isinstance(self.evaluation, AppearanceEvaluation):
            write_appearance(
                self.evaluation, self.dataset.folder, out, language=language, overwrite=overwrite
            )
        else:
            write_evaluation(
                self.evaluation, self.detector, self.dataset, out, language=language,
                overwrite=overwrite,
            )  # fmt: skip

    def write_card(self, command: Sequence[str]) -> None:
        """Write the figures into the bundle's card and seal the bundle again.

        Raises
        ------
        EvaluationError
            If there is no bundle, or its card lacks the markers.
        BundleError
            If the bundle is not sound.
        """
        if self.detector is None:
            raise EvaluationError(
                N_("A file of scores has no model card."), N_("Leave out --write-card.")
            )
        if isinstance(self.evaluation, AppearanceEvaluation):
            section = appearance_section(self.evaluation, command)
        else:
            section = card_section(self.evaluation, command)
        write_section(self.detector.bundle, section)


def judged_bundle(
    bundle: Bundle,
    dataset: Dataset,
    split: str = Split.TEST.value,
    *,
    allow_seen: bool = False,
    resamples: int = RESAMPLES,
    progress: bool = True,
) -> Judged:
    """Judge a bundle on a split: by appearance if it answers so, else by label.

    Raises
    ------
    EvaluationError
        If films were used to make the bundle, or there are none to judge on.
    DatasetError
        If the look at the test split cannot be written down.
    """
    detector = Detector(bundle, threads=settings().threads)
    before = _looks(dataset, split)
    if not bundle.spec.has_appearance:
        scores = score(detector, dataset, split, allow_seen=allow_seen, progress=progress)
        evaluation: Evaluation | AppearanceEvaluation
        evaluation = evaluate(scores, bundle, resamples=resamples)
    else:
        scores = score_appearance(
            BundleScorer(detector),
            dataset,
            split,
            bundle=bundle,
            allow_seen=allow_seen,
            threads=detector.threads,
            progress=progress,
        )
        conformal = bundle.spec.conformal
        evaluation = evaluate_appearance(
            scores,
            error_rate=None if conformal is None else conformal.error_rate,
            verdict=bundle.spec.verdict.status,
            roles=roles(bundle, dataset.manifest),
            looks=before,
            resamples=resamples,
        )
    _write_down(dataset, split, hashlib.sha256(bundle.model_bytes).hexdigest(), bundle.id.name)
    return Judged(evaluation, dataset, detector)


def judged_file(
    path: Path, dataset: Dataset, split: str = Split.TEST.value, resamples: int = RESAMPLES
) -> Judged:
    """Judge a file of scores on a split.

    Raises
    ------
    EvaluationError
        If the file is not valid, or there is nothing to judge.
    DatasetError
        If the look at the test split cannot be written down.
    """
    file = ScoreFile.read(path)
    before = _looks(dataset, split)
    evaluation: Evaluation | AppearanceEvaluation
    if file.has_appearance:
        scores = scores_from_file(file, dataset, split)
        evaluation = evaluate_appearance(scores, error_rate=None, looks=before, resamples=resamples)
    else:
        scores = file.covid_scores(dataset, split)
        evaluation = evaluate_scores(scores, None, "demonstration", resamples=resamples)
    _write_down(dataset, split, file.id.sha256, file.id.name)
    return Judged(evaluation, dataset, None)


def _looks(dataset: Dataset, split: str) -> tuple[Look, ...] | None:
    return looks_at(dataset.folder) if _is_test(split) else None


def _write_down(dataset: Dataset, split: str, model: str, name: str) -> None:
    if _is_test(split):
        look = Look.now("evaluate", model=model, name=name, dataset=dataset.sha256)
        write_down(dataset.folder, look)


def _is_test(split: str) -> bool:
    return split not in (Split.TRAIN.value, Split.VALIDATION.value)
