"""Model and probes on the test films of any source, one question at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm import tqdm

from covid_d.evaluation.audit.difference import auroc_difference
from covid_d.evaluation.audit.evidence import POOL, ProbeResult, SourceEvidence
from covid_d.evaluation.audit.probes import FittedProbe, Probe, ProbeData, ProbeScores
from covid_d.evaluation.audit.questions import Question
from covid_d.evaluation.audit.scan import SeenFilm, Values
from covid_d.evaluation.audit.thresholds import Thresholds
from covid_d.evaluation.figures.bootstrap import bootstrap
from covid_d.evaluation.figures.calibration import BinnedFilms
from covid_d.evaluation.figures.estimate import BoolArray, Estimate, FloatArray
from covid_d.evaluation.figures.intervals import auroc
from covid_d.evaluation.scorer import APPEARANCE_CLASSES, COVID_CLASSES


class Measurement:
    """Measures model and probes on one question.

    Parameters
    ----------
    train, test
        The manifest's rows of films that take part, with a column ``film`` of what each gave.
    question
        What is asked; films of neither side are left out.
    classes
        The model's.
    thresholds
        How many films of a class a source needs.
    seed
        Fixes folds, forests and the bootstrap.
    """

    def __init__(
        self,
        train: pd.DataFrame,
        test: pd.DataFrame,
        question: Question,
        classes: Sequence[str],
        thresholds: Thresholds,
        seed: int,
    ) -> None:
        self._train = train[question.asked(train)].reset_index(drop=True)
        self._test = test[question.asked(test)].reset_index(drop=True)
        self._question, self._classes = question, tuple(classes)
        self._least = thresholds.films_per_class
        self._seed = seed
        # Without a lung model no film was seen with its lungs erased.
        seen = [probe for probe in Probe if probe in self._train["film"].iloc[0].probes]
        self._fitted = {
            probe: FittedProbe(
                ProbeData(
                    probe_features(self._train, probe),
                    question.truth(self._train),
                    groups_of(self._train),
                ),
                seed=seed,
            )
            for probe in tqdm(seen, desc=f"probes, {question.name}", unit="probe", disable=None)
        }

    def pool(self) -> SourceEvidence:
        """Return the evidence of all sources together."""
        everything = pd.Series(data=True, index=self._test.index)
        return self.source(POOL, pd.Series(data=True, index=self._train.index), everything)

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
        truth, groups = self._question.truth(test), groups_of(test)
        positives = int(truth.sum())
        counts = (len(test), positives, len(test) - positives, len(np.unique(groups)))
        asked = self._question.name
        if min(counts[1:3]) < self._least:
            return SourceEvidence(name, *counts, question=asked)
        films: list[SeenFilm] = test["film"].tolist()
        model = self._scores([film.answer.values if film.answer else () for film in films])
        if np.isnan(model).any():
            return SourceEvidence(name, *counts, question=asked)
        members = None if name == POOL else in_train.to_numpy(dtype=np.bool_)
        erased = self._scores([film.lungs_erased for film in films])
        unmarked = self._scores([film.marks_erased for film in films])
        marked = np.array([film.marked for film in films], dtype=np.bool_)
        return SourceEvidence(
            name,
            *counts,
            model=auroc(model, truth, groups),
            probes={
                probe: self._probe(probe, fitted, test, members, model)
                for probe, fitted in self._fitted.items()
            },
            lungs_erased=_auroc_if_any(erased, truth, groups),
            only_lungs=_auroc_if_any(
                self._scores([film.only_lungs for film in films]), truth, groups
            ),
            above_lungs_erased=self._above(model, erased, truth, groups),
            marks_erased=_auroc_if_any(unmarked, truth, groups),
            above_marks_erased=self._above(model, unmarked, truth, groups),
            marked_positives=int(marked[truth].sum()),
            marked_negatives=int(marked[~truth].sum()),
            calibration_error=self._calibration(test),
            question=asked,
        )

    def _probe(
        self,
        probe: Probe,
        fitted: FittedProbe,
        test: pd.DataFrame,
        members: BoolArray | None,
        model: FloatArray,
    ) -> ProbeResult:
        truth, groups, seen = (
            self._question.truth(test),
            groups_of(test),
            probe_features(test, probe),
        )
        found: list[ProbeScores] = [fitted.score(seen, members)]
        # Where there is one source alone, "all" and "the source" are the same films.
        if members is not None and not members.all():
            within = fitted.score_within(seen, members)
            found += [within] if within else []
        areas = [auroc(scored.scores, truth, groups) for scored in found]
        # The better on the test films: in doubt for the probe, against the model.
        best = int(np.argmax([area.value for area in areas]))
        return ProbeResult(
            areas[best],
            found[best].classifier,
            found[best].trained_on,
            found[best].inner_auroc,
            self._above(model, found[best].scores, truth, groups),
        )

    def _above(
        self,
        model: FloatArray,
        other: FloatArray,
        truth: BoolArray,
        groups: npt.NDArray[np.str_],
    ) -> Estimate | None:
        if np.isnan(other).any():
            return None
        return auroc_difference(model, other, truth, groups, seed=self._seed)

    def _scores(self, values: Sequence[Values]) -> FloatArray:
        return np.array(
            [self._question.score(self._classes, of_film) for of_film in values], dtype=np.float64
        )

    def _calibration(self, test: pd.DataFrame) -> float | None:
        """Return the corrected calibration error; of the worst category for appearance."""
        films: list[SeenFilm] = test["film"].tolist()
        values = np.array([film.answer.values if film.answer else () for film in films])
        if self._classes == COVID_CLASSES:
            return BinnedFilms(values[:, 0], self._question.truth(test)).corrected()
        # Typical v negative leaves categories out, so that shares would not be those stated.
        if self._classes != APPEARANCE_CLASSES or self._question.name != "opacity":
            return None
        return max(
            BinnedFilms(values[:, k], test["appearance"].eq(name).to_numpy(dtype=bool)).corrected()
            for k, name in enumerate(APPEARANCE_CLASSES)
        )

    def calibration_error(self) -> Estimate | None:
        """Return the plain calibration error over all test films, clustered by patient."""
        if self._classes != COVID_CLASSES:
            return None
        values = [film.answer.values[0] for film in self._test["film"]]
        films = BinnedFilms(np.array(values), self._question.truth(self._test))
        value = float(films.error(np.ones((1, len(values))))[0])
        low, high = bootstrap(
            lambda weights: {"error": films.error(weights)}, groups_of(self._test), seed=self._seed
        )["error"]
        return Estimate(value, low, high, len(values), "bootstrap")


def groups_of(films: pd.DataFrame) -> npt.NDArray[np.str_]:
    """Return the patient of each film."""
    groups: npt.NDArray[np.str_] = films["group"].to_numpy(dtype=str)
    return groups


def probe_features(films: pd.DataFrame, probe: Probe) -> npt.NDArray[np.float32]:
    """Return what a probe sees of each film, NxF."""
    return np.stack([film.probes[probe] for film in films["film"]])


def _auroc_if_any(
    scores: FloatArray, truth: BoolArray, groups: npt.NDArray[np.str_]
) -> Estimate | None:
    return None if np.isnan(scores).any() else auroc(scores, truth, groups)
