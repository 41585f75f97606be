"""The shortcut audit: whether a model looks at lungs, and by how much."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.looks import Look, looks_at, write_down
from covid_d.dataset.manifest import Split
from covid_d.detector.assessment import Outcome
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.detector import Detector
from covid_d.detector.lungs import LungModel
from covid_d.errors import EvaluationError
from covid_d.evaluation.audit.erase import LungFinder
from covid_d.evaluation.audit.evidence import (
    AuditResult,
    Evidence,
    LungEvidence,
    Sensitivity,
    SourceEvidence,
)
from covid_d.evaluation.audit.measure import Measurement, groups_of
from covid_d.evaluation.audit.perturb import PERTURBATIONS
from covid_d.evaluation.audit.questions import Question, questions_of
from covid_d.evaluation.audit.scan import Answer, Scanner, SeenFilm
from covid_d.evaluation.audit.sources import SourcePredictability, source_predictability
from covid_d.evaluation.audit.thresholds import THRESHOLDS, Thresholds
from covid_d.evaluation.audit.verdict import judge, verdict_of
from covid_d.evaluation.scorer import BundleScorer, Scorer
from covid_d.evaluation.scores import seen_films
from covid_d.language import N_

_PERTURBED_FILMS = 200
_OPPOSITE = {Outcome.POSITIVE, Outcome.NEGATIVE}


def audit(
    model: Bundle | Scorer,
    dataset: Dataset,
    *,
    lungs: LungFinder | None = None,
    thresholds: Thresholds = THRESHOLDS,
    seed: int = 7,
    perturbed_films: int = _PERTURBED_FILMS,
    threads: int = 0,
) -> AuditResult:
    """Audit a model on a data set: probes learn from its train split, all is told of its test.

    The audit is a look at the test split and is written into the data set's record.

    Parameters
    ----------
    model
        To be judged: a bundle, or any other model as a
        :class:`covid_d.evaluation.scorer.Scorer`.
    dataset
        Built by the grouped protocol; the model must not have learned from its test split.
    lungs
        Says where the lungs are: a :class:`LungModel`, or anything else with its ``mask`` whose
        masks the caller vouches for. ``None`` takes the bundle's own model; without one the
        verdict is ``demonstration``.
    thresholds
        What must be reached.
    seed
        Fixes folds, forests, the choice of perturbed films and the bootstrap.
    perturbed_films
        How many test films are perturbed.
    threads
        Films read at once; 0 means one a core.

    Raises
    ------
    EvaluationError
        If a test film was used to make the bundle, or the training or test split has too few
        usable films of a class.
    BundleError
        If a model in the bundle cannot be used.
    DatasetError
        If the look cannot be written down.
    """
    bundle = model if isinstance(model, Bundle) else None
    if lungs is None and bundle is not None and bundle.spec.lungs is not None:
        lungs, origin = LungModel.load(bundle), "bundle"
    else:
        origin = "given"
    attempts = looks_at(dataset.folder)
    scorer = (
        BundleScorer(Detector.load(model, threads=threads), features=True)
        if isinstance(model, Bundle)
        else model
    )
    questions = questions_of(scorer.classes)
    if bundle is not None:
        _demand_unseen(bundle, dataset.films(Split.TEST))
    asked = {split: _asked(dataset, split, questions) for split in (Split.TRAIN, Split.TEST)}
    workers = threads or (scorer.detector.threads if isinstance(scorer, BundleScorer) else 1)
    scanner = Scanner(scorer, dataset, lungs, threads=workers)
    chosen = _choose(asked[Split.TEST], questions, perturbed_films, seed)
    seen_train = scanner.scan_train(asked[Split.TRAIN]["path"].tolist())
    seen_test = scanner.scan_test(asked[Split.TEST]["path"].tolist(), chosen)
    left_out = Counter(film.left_out for film in seen_train + seen_test if film.left_out)
    train, test = _usable(dataset, seen_train), _usable(dataset, seen_test)
    measures = []
    for question in questions:
        for films, split in ((train, Split.TRAIN), (test, Split.TEST)):
            _demand_classes(films, split, question)
        measures.append(Measurement(train, test, question, scorer.classes, thresholds, seed))
    sources: list[SourceEvidence] = [found for one in measures for found in one.sources()]
    evidence = Evidence(
        pool=measures[0].pool(),
        sources=tuple(sources),
        calibration_error=measures[0].calibration_error(),
        lungs=_lung_evidence(lungs, origin, test),
        predictability=tuple(_predictability(test, questions[0], thresholds, seed)),
        sensitivities=tuple(_sensitivities(test)),
        train_films=len(train),
        test_films=len(test),
        shared_groups=len(np.intersect1d(groups_of(train), groups_of(test))),
        left_out=dict(left_out),
    )
    checks = judge(evidence, thresholds)
    now = datetime.now(UTC).replace(microsecond=0)
    result = AuditResult(
        bundle=scorer.id,
        dataset_sha256=dataset.sha256,
        created=now,
        seed=seed,
        thresholds=thresholds,
        evidence=evidence,
        checks=checks,
        verdict=verdict_of(checks, now),
        attempts=attempts,
    )
    digest = hashlib.sha256(bundle.model_bytes).hexdigest() if bundle else scorer.id.sha256
    write_down(
        dataset.folder,
        Look.now(
            "audit",
            model=digest,
            name=scorer.id.name,
            dataset=dataset.sha256,
            outcome=result.verdict.status,
        ),
    )
    return result


def _asked(dataset: Dataset, split: Split, questions: Sequence[Question]) -> pd.DataFrame:
    """Return the manifest's rows of a split that any question is about."""
    films = dataset.films(split)
    if films.empty:
        raise EvaluationError(
            N_(
                "The data set %(folder)s has no films in split %(split)r.",
                folder=dataset.folder,
                split=split.value,
            ),
            N_("Build the data set again with --protocol grouped."),
        )
    for question in questions:
        truth = question.truth(films[question.asked(films)])
        if truth.all() or not truth.any():
            raise EvaluationError(
                N_(
                    "The films of split %(split)r are of one class for the question"
                    " “%(question)s”.",
                    split=split.value,
                    question=question.message,
                ),
                N_("Audit on a data set whose train and test splits hold both classes."),
            )
    taking_part = np.any([question.asked(films) for question in questions], axis=0)
    return films[taking_part]


def _choose(
    films: pd.DataFrame, questions: Sequence[Question], count: int, seed: int
) -> frozenset[str]:
    """Return the paths of ``count`` test films, as many of each class as there are."""
    shuffled = films.sample(frac=1.0, random_state=seed)
    by_class = shuffled.groupby(questions[0].column)["path"]
    share = -(-count // by_class.ngroups)
    return frozenset(path for _, paths in by_class for path in paths.head(share).tolist())


def _usable(dataset: Dataset, seen: Sequence[SeenFilm]) -> pd.DataFrame:
    """Return the manifest's rows of the films that take part, joined with what they gave."""
    table = dataset.manifest.set_index("path", drop=False)
    taking_part = [film for film in seen if not film.left_out]
    rows = table.loc[[film.path for film in taking_part]].reset_index(drop=True)
    # A film without a group stands alone; blank groups must not become one big patient.
    alone = "film:" + rows["original_sha256"]
    rows["group"] = rows["group"].where(rows["group"] != "", alone)
    return rows.assign(film=pd.Series(taking_part, dtype=object))


def _demand_unseen(bundle: Bundle, test: pd.DataFrame) -> None:
    seen = int(seen_films(bundle, test).sum())
    if seen:
        raise EvaluationError(
            N_(
                "%(seen)s of %(films)s test films were used to make the bundle %(bundle)s.",
                seen=seen,
                films=len(test),
                bundle=bundle.id.name,
            ),
            N_(
                "Audit on the data set that the bundle was trained on; its test split was"
                " kept apart."
            ),
        )


def _demand_classes(films: pd.DataFrame, split: Split, question: Question) -> None:
    truth = question.truth(films[question.asked(films)])
    counts = {"positive": int(truth.sum()), "negative": int((~truth).sum())}
    if min(counts.values()) < 2:
        raise EvaluationError(
            N_(
                "The %(split)s split has too few usable films of a class for an audit: "
                "%(counts)s (%(question)s).",
                split=split.value,
                counts=counts,
                question=question.message,
            ),
            N_("Audit on a data set whose train and test splits hold both classes."),
        )


def _lung_evidence(
    lungs: LungFinder | None, origin: str, test: pd.DataFrame
) -> LungEvidence | None:
    if lungs is None:
        return None
    found = float(np.mean([bool(film.lungs) for film in test["film"]]))
    spec = lungs.spec if isinstance(lungs, LungModel) else None
    return LungEvidence(origin, spec, found)


def _predictability(
    test: pd.DataFrame, question: Question, thresholds: Thresholds, seed: int
) -> list[SourcePredictability]:
    if any(film.features is None for film in test["film"]):
        return []
    found = []
    by_class = [(str(name), part) for name, part in test.groupby(question.column) if name]
    for name, part in [("all", test), *by_class]:
        result = source_predictability(
            np.stack([film.features for film in part["film"]]),
            part["source"].to_numpy(dtype=str),
            groups_of(part),
            films=name,
            least=thresholds.films_per_class,
            seed=seed,
        )
        if result is not None:
            found.append(result)
    return found


def _sensitivities(test: pd.DataFrame) -> list[Sensitivity]:
    films: list[SeenFilm] = [film for film in test["film"] if film.perturbed]
    result = []
    for change in PERTURBATIONS if films else ():
        pairs = [(film.answer, film.perturbed[change.name]) for film in films if film.answer]
        known = [move for before, after in pairs if not math.isnan(move := before.distance(after))]
        result.append(
            Sensitivity(
                name=change.name,
                message=change.message,
                films=len(pairs),
                refused=sum(after.refused for _, after in pairs),
                score_change=float(np.mean(known)) if known else math.nan,
                flips=_share([_turned(*pair) for pair in pairs]),
                opposite=_share([_turned(*pair, opposite=True) for pair in pairs]),
                on_lungs=change.on_lungs,
            )
        )
    return result


def _turned(before: Answer, after: Answer, *, opposite: bool = False) -> bool | None:
    """Return whether the outcome changed; ``None`` when the model says none."""
    if before.outcome is None:
        return None
    if opposite:
        return {before.outcome, after.outcome} == _OPPOSITE
    return before.outcome != after.outcome


def _share(turned: Sequence[bool | None]) -> float:
    known = [value for value in turned if value is not None]
    return float(np.mean(known)) if known else math.nan
