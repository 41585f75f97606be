"""One pass over the films: what each probe sees, and what the bundle answers, changed or not."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import Split
from covid_d.detector.assessment import Outcome
from covid_d.detector.calibrate import calibrated_probability, conformal_set, outcome_of
from covid_d.detector.detector import Detector
from covid_d.evaluation.audit.erase import (
    LungFinder,
    Mask,
    lungs_found,
    only_lungs,
    without_lungs,
)
from covid_d.evaluation.audit.perturb import PERTURBATIONS
from covid_d.evaluation.audit.probes import Probe, features
from covid_d.radiograph import Radiograph, RadiographError, Refusal, check, prepare, read
from covid_d.radiograph.film import FloatImage

_Result = TypeVar("_Result")


class Answer(NamedTuple):
    """What the bundle makes of a film: outcome, calibrated probability, logit.

    A refused film has no numbers (NaN).
    """

    outcome: Outcome
    probability: float = math.nan
    logit: float = math.nan


@dataclass(frozen=True, slots=True, eq=False)
class SeenFilm:
    """What a film gives the audit.

    Parameters
    ----------
    path
        As in the manifest.
    probes
        Each probe's features; empty when the film was left out.
    left_out
        Why the film takes no part (its refusal's code), or an empty string.
    answer
        The bundle's, on the film as it is.
    features
        Penultimate features, C.
    lungs
        Whether lungs were found; ``None`` without a lung model.
    lungs_erased, only_lungs
        Logits of the changed films; of the film itself when no lungs were found.
    perturbed
        The bundle's answers to perturbed films, by name.
    """

    path: str
    probes: dict[Probe, npt.NDArray[np.float32]] = field(default_factory=dict)
    left_out: str = ""
    answer: Answer | None = None
    features: npt.NDArray[np.float32] | None = None
    lungs: bool | None = None
    lungs_erased: float = math.nan
    only_lungs: float = math.nan
    perturbed: dict[str, Answer] = field(default_factory=dict)


class Scanner:
    """Reads a data set's films for the audit.

    Parameters
    ----------
    detector
        The bundle at work.
    dataset
        Where the films lie.
    lungs
        Says where the lungs are.
    """

    def __init__(self, detector: Detector, dataset: Dataset, lungs: LungFinder | None) -> None:
        self._detector = detector
        self._dataset = dataset
        self._lungs = lungs

    def scan_train(self) -> list[SeenFilm]:
        """Return what the probes see of the training films."""
        return self._each(self._look, Split.TRAIN)

    def scan_test(self, perturbed: Collection[str]) -> list[SeenFilm]:
        """Return everything about the test films.

        Parameters
        ----------
        perturbed
            Paths of the films to perturb as well.
        """
        return self._each(
            lambda row: self._ask(row, perturb=str(row.path) in perturbed), Split.TEST
        )

    def _each(self, work: Callable[[Any], _Result], split: Split) -> list[_Result]:
        rows = list(self._dataset.films(split).itertuples(index=False))
        with ThreadPoolExecutor(self._detector.threads, thread_name_prefix="audit") as pool:
            try:
                results = pool.map(work, rows)
                return list(
                    tqdm(results, total=len(rows), desc=f"{split.value} films", unit="film")
                )
            except BaseException:  # Ctrl-C included: do not finish what nobody waits for
                pool.shutdown(cancel_futures=True)
                raise

    def _look(self, row: Any) -> SeenFilm:
        film = self._read(row)
        if isinstance(film, SeenFilm):
            return film
        probes = features(film, width=row.width, height=row.height)
        if self._lungs is not None:
            erased = _changed(without_lungs, film, self._lungs.mask(film))
            _, probes[Probe.NETWORK_LUNGS_ERASED] = self._answer(self._prepare(erased))
        return SeenFilm(row.path, probes)

    def _ask(self, row: Any, *, perturb: bool) -> SeenFilm:
        film = self._read(row)
        if isinstance(film, SeenFilm):
            return film
        prepared = self._prepare(film)
        answer, penultimate = self._answer(prepared)
        refusal = self._gate(prepared, penultimate)
        if refusal is not None:
            return SeenFilm(row.path, left_out=refusal.code.value)
        seen = SeenFilm(
            path=row.path,
            probes=features(film, width=row.width, height=row.height),
            answer=answer,
            features=penultimate,
            perturbed={change.name: self._try(change(film)) for change in PERTURBATIONS}
            if perturb
            else {},
        )
        return seen if self._lungs is None else self._with_lungs(seen, film, self._lungs.mask(film))

    def _read(self, row: Any) -> Radiograph | SeenFilm:
        """Return the film, or why the bundle would not answer it."""
        try:
            film = read(self._dataset.path(row))
            refusal = check(film)
        except RadiographError as error:
            refusal = error.refusal
        return SeenFilm(row.path, left_out=refusal.code.value) if refusal else film

    def _with_lungs(self, seen: SeenFilm, film: Radiograph, mask: Mask) -> SeenFilm:
        """Return what was seen with what the bundle makes of the film without lungs, and alone."""
        erased, extracted = self._answer(self._prepare(_changed(without_lungs, film, mask)))
        alone, _ = self._answer(self._prepare(_changed(only_lungs, film, mask)))
        return replace(
            seen,
            probes={**seen.probes, Probe.NETWORK_LUNGS_ERASED: extracted},
            lungs=lungs_found(mask),
            lungs_erased=erased.logit,
            only_lungs=alone.logit,
        )

    def _try(self, film: Radiograph) -> Answer:
        if check(film):
            return Answer(Outcome.REFUSED)
        prepared = self._prepare(film)
        answer, penultimate = self._answer(prepared)
        return answer if self._gate(prepared, penultimate) is None else Answer(Outcome.REFUSED)

    def _prepare(self, film: Radiograph) -> FloatImage:
        return prepare(film, self._detector.bundle.spec.preprocessing)

    def _gate(self, prepared: FloatImage, penultimate: npt.NDArray[np.float32]) -> Refusal | None:
        # Not asked about films without lungs: what the audit wants is their number.
        gate = self._detector.gate
        return None if gate is None else gate.refuse(prepared, penultimate)

    def _answer(self, prepared: FloatImage) -> tuple[Answer, npt.NDArray[np.float32]]:
        spec = self._detector.bundle.spec
        values = self._detector.network.run(prepared[None], ("logit", "features"))
        logit = float(values["logit"][0])
        probability = calibrated_probability(logit, spec.calibration)
        outcome = outcome_of(conformal_set(probability, spec.conformal))
        return Answer(outcome, probability, logit), values["features"][0]


def _changed(
    change: Callable[[Radiograph, Mask], Radiograph], film: Radiograph, mask: Mask
) -> Radiograph:
    # Nothing erased, nothing lost: a film without lungs found can only speak against the bundle.
    return change(film, mask) if lungs_found(mask) else film
