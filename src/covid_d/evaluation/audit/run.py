"""The shortcut audit: whether a bundle looks at lungs, and by how much."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm import tqdm

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import Label, Split
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.detector import Detector
from covid_d.detector.lungs import LungModel
from covid_d.errors import EvaluationError
from covid_d.evaluation.audit.erase import LungFinder
from covid_d.evaluation.audit.evidence import (
    POOL,
    AuditResult,
    Evidence,
    LungEvidence,
    ProbeResult,
    Sensitivity,
    SourceEvidence,
)
from covid_d.evaluation.audit.perturb import PERTURBATIONS
from covid_d.evaluation.audit.probes import FittedProbe, Probe, ProbeData
from covid_d.evaluation.audit.scan import Scanner, SeenFilm
from covid_d.evaluation.audit.sources import SourcePredictability, source_predictability
from covid_d.evaluation.audit.thresholds import THRESHOLDS, Thresholds
from covid_d.evaluation.audit.verdict import judge, verdict_of
from covid_d.evaluation.figures.bootstrap import bootstrap
from covid_d.evaluation.figures.calibration import CalibratedFilms
from covid_d.evaluation.figures.estimate import BoolArray, Estimate, FloatArray
from covid_d.evaluation.figures.intervals import auroc
from covid_d.evaluation.scores import chosen_films, seen_films

_PERTURBED_FILMS = 200


def audit(
    bundle: Bundle,
    dataset: Dataset,
    *,
    lungs: LungFinder | None = None,
    thresholds: Thresholds = THRESHOLDS,
    seed: int = 7,
    perturbed_films: int = _PERTURBED_FILMS,
    threads: int = 0,
) -> AuditResult:
    """Audit a bundle on a data set: probes learn from its train split, all is told of its test.

    Parameters
    ----------
    bundle
        To be judged.
    dataset
        Built by the grouped protocol; the bundle must not have learned from its test split.
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
    """
    if lungs is None and bundle.spec.lungs is not None:
        lungs, origin = LungModel.load(bundle), "bundle"
    else:
        origin = "given"
    chosen_films(dataset, Split.TRAIN.value)  # both splits hold both classes, or it says so
    _demand_unseen(bundle, chosen_films(dataset, Split.TEST.value))
    scanner = Scanner(Detector.load(bundle, threads=threads), dataset, lungs)
    chosen = _choose(dataset, perturbed_films, seed)
    seen_train, seen_test = scanner.scan_train(), scanner.scan_test(chosen)
    left_out = Counter(film.left_out for film in seen_train + seen_test if film.left_out)
    train, test = _usable(dataset, seen_train), _usable(dataset, seen_test)
    _demand_classes(train, Split.TRAIN)
    _demand_classes(test, Split.TEST)
    measure = _Measurement(train, test, thresholds, seed)
    evidence = Evidence(
        pool=measure.source(POOL, train["all"], test["all"]),
        sources=tuple(measure.sources()),
        calibration_error=measure.calibration_error(),
        lungs=_lung_evidence(lungs, origin, test),
        predictability=tuple(_predictability(test, thresholds, seed)),
        sensitivities=tuple(_sensitivities(test)),
        train_films=len(train),
        test_films=len(test),
        shared_groups=len(np.intersect1d(_groups(train), _groups(test))),
        left_out=dict(left_out),
    )
    checks = judge(evidence, thresholds)
    now = datetime.now(UTC).replace(microsecond=0)
    return AuditResult(
        bundle=bundle.id,
        dataset_sha256=dataset.sha256,
        created=now,
        seed=seed,
        thresholds=thresholds,
        evidence=evidence,
        checks=checks,
        verdict=verdict_of(checks, now),
    )


class _Measurement:
    """Measures model and probes on the test films of any source.

    Parameters
    ----------
    train, test
        From :func:`_usable`.
    """

    def __init__(
        self, train: pd.DataFrame, test: pd.DataFrame, thresholds: Thresholds, seed: int
    ) -> None:
        self._train, self._test = train, test
        self._least = thresholds.films_per_class
        self._seed = seed
        # Without a lung model no film was seen with its lungs erased.
        seen = [probe for probe in Probe if probe in train["film"].iloc[0].probes]
        self._fitted = {
            probe: FittedProbe(
                ProbeData(_features(train, probe), _truth(train), _groups(train)), seed=seed
            )
            for probe in tqdm(seen, desc="probes", unit="probe")
        }

    def sources(self) -> list[SourceEvidence]:
        """Return every source's evidence, then every subsource's that is a proper part of one."""
        train, test = self._train, self._test
        found = []
        for source in sorted(test["source"].unique()):
            inside = test["source"] == source
            found.append(self.source(source, train["source"] == source, inside))
            for subsource in sorted(test.loc[inside, "subsource"].unique()):
                part = inside & (test["subsource"] == subsource)
                if not subsource or part.sum() == inside.sum():
                    continue
                part_of_train = (train["source"] == source) & (train["subsource"] == subsource)
                evidence = self.source(f"{source}/{subsource}", part_of_train, part)
                if evidence.model is not None:  # a collection has dozens of tiny publishers
                    found.append(evidence)
        return found

    def source(
        self, name: str, in_train: pd.Series[bool], in_test: pd.Series[bool]
    ) -> SourceEvidence:
        """Return model and probes on the same test films."""
        test = self._test[in_test.to_numpy(dtype=np.bool_)]
        truth, groups = _truth(test), _groups(test)
        positives = int(truth.sum())
        counts = (len(test), positives, len(test) - positives, len(np.unique(groups)))
        if min(counts[1:3]) < self._least:
            return SourceEvidence(name, *counts)
        members = None if name == POOL else in_train.to_numpy(dtype=np.bool_)
        probes = {}
        for probe, fitted in self._fitted.items():
            seen = _features(test, probe)
            found = [fitted.score(seen, members)]
            if members is not None and (within := fitted.score_within(seen, members)):
                found.append(within)
            results = [
                ProbeResult(
                    auroc(scored.scores, truth, groups),
                    scored.classifier,
                    scored.trained_on,
                    scored.inner_auroc,
                )
                for scored in found
            ]
            # The better on the test films: in doubt for the probe, against the bundle.
            probes[probe] = max(results, key=lambda result: result.auroc.value)
        return SourceEvidence(
            name,
            *counts,
            model=auroc(_column(test, "logit"), truth, groups),
            probes=probes,
            lungs_erased=_auroc_if_any(_column(test, "lungs_erased"), truth, groups),
            only_lungs=_auroc_if_any(_column(test, "only_lungs"), truth, groups),
        )

    def calibration_error(self) -> Estimate:
        """Return the expected calibration error over all test films, clustered by patient."""
        films = CalibratedFilms(_column(self._test, "probability"), _truth(self._test))
        name = "calibration_error"
        value = float(films.statistics(np.ones((1, len(self._test))))[name][0])
        interval = bootstrap(
            lambda weights: {name: films.statistics(weights)[name]},
            _groups(self._test),
            seed=self._seed,
        )[name]
        return Estimate(value, *interval, len(self._test), "bootstrap")


def _choose(dataset: Dataset, count: int, seed: int) -> frozenset[str]:
    """Return the paths of ``count`` test films, as many of each class as there are."""
    films = dataset.films(Split.TEST).sample(frac=1.0, random_state=seed)
    by_class = films.groupby("label")["path"]
    share = dict.fromkeys(by_class.groups, -(-count // by_class.ngroups))
    return frozenset(
        path for label, paths in by_class for path in paths.head(share[label]).tolist()
    )


def _usable(dataset: Dataset, seen: Sequence[SeenFilm]) -> pd.DataFrame:
    """Return the manifest's rows of the films that take part, joined with what they gave."""
    table = dataset.manifest.set_index("path", drop=False)
    taking_part = [film for film in seen if not film.left_out]
    rows = table.loc[[film.path for film in taking_part]].reset_index(drop=True)
    # A film without a group stands alone; blank groups must not become one big patient.
    alone = "film:" + rows["original_sha256"]
    rows["group"] = rows["group"].where(rows["group"] != "", alone)
    answers = [film.answer for film in taking_part]
    return rows.assign(
        all=True,
        film=pd.Series(taking_part, dtype=object),
        logit=[answer.logit if answer else math.nan for answer in answers],
        probability=[answer.probability if answer else math.nan for answer in answers],
        lungs_erased=[film.lungs_erased for film in taking_part],
        only_lungs=[film.only_lungs for film in taking_part],
    )


def _demand_unseen(bundle: Bundle, test: pd.DataFrame) -> None:
    seen = int(seen_films(bundle, test).sum())
    if seen:
        raise EvaluationError(
            f"{seen} of {len(test)} test films were used to make the bundle {bundle.id.name}.",
            "Audit on the data set that the bundle was trained on; its test split was kept apart.",
        )


def _demand_classes(films: pd.DataFrame, split: Split) -> None:
    counts = films["label"].value_counts().to_dict()
    if any(counts.get(label.value, 0) < 2 for label in Label):
        raise EvaluationError(
            f"The {split.value} split has too few usable films of a class for an audit: {counts}.",
            "Audit on a data set whose train and test splits hold both classes.",
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
    test: pd.DataFrame, thresholds: Thresholds, seed: int
) -> list[SourcePredictability]:
    found = []
    for name, part in [("all", test), *((str(k), g) for k, g in test.groupby("label"))]:
        result = source_predictability(
            np.stack([film.features for film in part["film"]]),
            part["source"].to_numpy(dtype=str),
            _groups(part),
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
        pairs = [(film.answer, film.perturbed[change.name]) for film in films]
        moves = [abs(after.probability - before.probability) for before, after in pairs if before]
        known = [move for move in moves if not math.isnan(move)]
        flips = [before is None or before.outcome != after.outcome for before, after in pairs]
        result.append(
            Sensitivity(
                name=change.name,
                message=change.message,
                films=len(pairs),
                refused=len(moves) - len(known),
                score_change=float(np.mean(known)) if known else math.nan,
                flips=float(np.mean(flips)),
            )
        )
    return result


def _auroc_if_any(
    scores: FloatArray, truth: BoolArray, groups: npt.NDArray[np.str_]
) -> Estimate | None:
    return None if np.isnan(scores).any() else auroc(scores, truth, groups)


def _column(films: pd.DataFrame, name: str) -> FloatArray:
    values: FloatArray = films[name].to_numpy(dtype=np.float64)
    return values


def _truth(films: pd.DataFrame) -> BoolArray:
    truth: BoolArray = (films["label"] == Label.COVID.value).to_numpy(dtype=np.bool_)
    return truth


def _groups(films: pd.DataFrame) -> npt.NDArray[np.str_]:
    groups: npt.NDArray[np.str_] = films["group"].to_numpy(dtype=str)
    return groups


def _features(films: pd.DataFrame, probe: Probe) -> npt.NDArray[np.float32]:
    return np.stack([film.probes[probe] for film in films["film"]])
