"""One pass over the films: what each probe sees, and what the model answers, changed or not.

Films are changed as they were read, before a model frames them; where a part was erased the model
frames the changed film as the one it was made from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import Split
from covid_d.detector.assessment import Outcome
from covid_d.evaluation.audit.erase import (
    LungFinder,
    Mask,
    lungs_found,
    only_lungs,
    without_lungs,
)
from covid_d.evaluation.audit.marks import mark_features, marks_on, without_marks
from covid_d.evaluation.audit.perturb import PERTURBATIONS
from covid_d.evaluation.audit.probes import Probe, features
from covid_d.evaluation.audit.traces import metadata_features, quality_features
from covid_d.evaluation.scorer import Scored, Scorer
from covid_d.radiograph import Radiograph, RadiographError, check, read

_Result = TypeVar("_Result")
Values = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model makes of a film: outcome (if it says one) and values, none when refused."""

    outcome: Outcome | None
    values: Values = ()

    @property
    def refused(self) -> bool:
        """Whether there are no values."""
        return not self.values

    def distance(self, other: Answer) -> float:
        """Return how far the values moved: half the sum of changes; NaN when either was refused.

        For probabilities this is the total variation: for two classes, the change of either.
        """
        if self.refused or other.refused:
            return math.nan
        pairs = zip(self.values, other.values, strict=True)
        return sum(abs(a - b) for a, b in pairs) / 2


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
        The model's, on the film as it is.
    features
        Penultimate features, C; ``None`` for a model that gives none.
    lungs
        Whether lungs were found; ``None`` without a lung model.
    marked
        Whether something that is no lung lies on the lungs.
    lungs_erased, only_lungs, marks_erased
        The model's values on the changed films; on the film itself when there was nothing to
        erase.
    perturbed
        The model's answers to perturbed films, by name.
    """

    path: str
    probes: dict[Probe, npt.NDArray[np.float32]] = field(default_factory=dict)
    left_out: str = ""
    answer: Answer | None = None
    features: npt.NDArray[np.float32] | None = None
    lungs: bool | None = None
    marked: bool = False
    lungs_erased: Values = ()
    only_lungs: Values = ()
    marks_erased: Values = ()
    perturbed: dict[str, Answer] = field(default_factory=dict)


class Scanner:
    """Reads a data set's films for the audit.

    Parameters
    ----------
    scorer
        The model.
    dataset
        Where the films lie.
    lungs
        Says where the lungs are.
    threads
        Films read at once.
    """

    def __init__(
        self, scorer: Scorer, dataset: Dataset, lungs: LungFinder | None, *, threads: int = 1
    ) -> None:
        self._scorer = scorer
        self._dataset = dataset
        self._lungs = lungs
        self._threads = threads

    def scan_train(self, paths: Collection[str]) -> list[SeenFilm]:
        """Return what the probes see of the training films of these paths."""
        return self._each(self._look, Split.TRAIN, paths)

    def scan_test(self, paths: Collection[str], perturbed: Collection[str]) -> list[SeenFilm]:
        """Return everything about the test films of these paths.

        Parameters
        ----------
        paths
            Of the films.
        perturbed
            Paths of the films to perturb as well.
        """
        return self._each(
            lambda row: self._ask(row, perturb=str(row.path) in perturbed), Split.TEST, paths
        )

    def _each(
        self, work: Callable[[Any], _Result], split: Split, paths: Collection[str]
    ) -> list[_Result]:
        films = self._dataset.films(split)
        rows = list(films[films["path"].isin(list(paths))].itertuples(index=False))
        with ThreadPoolExecutor(self._threads, thread_name_prefix="audit") as pool:
            try:
                results = pool.map(work, rows)
                return list(
                    tqdm(results, total=len(rows), desc=f"{split.value} films", unit="film",
                         disable=None)
                )  # fmt: skip
            except BaseException:  # Ctrl-C included: do not finish what nobody waits for
                pool.shutdown(cancel_futures=True)
                raise

    def _look(self, row: Any) -> SeenFilm:
        film = self._read(row)
        if isinstance(film, SeenFilm):
            return film
        mask = self._mask(film)
        probes, _ = self._seen_by_probes(film, row, mask)
        if mask is not None:
            # A film without lungs found is left as it is: that can only speak against the model.
            changed = without_lungs(film, mask) if lungs_found(mask) else film
            found = self._scorer.score(changed, changed_from=film)
            if found.refusal is not None:  # the model finds no lungs to frame in the film itself
                return SeenFilm(row.path, left_out=found.refusal.code.value)
            probes[Probe.NETWORK_LUNGS_ERASED] = _extracted(found)
        return SeenFilm(row.path, probes)

    def _ask(self, row: Any, *, perturb: bool) -> SeenFilm:
        film = self._read(row)
        if isinstance(film, SeenFilm):
            return film
        found = self._scorer.score(film)
        if found.refusal is not None:
            return SeenFilm(row.path, left_out=found.refusal.code.value)
        mask = self._mask(film)
        probes, marks = self._seen_by_probes(film, row, mask)
        seen = SeenFilm(
            path=row.path,
            probes=probes,
            answer=_answer(found),
            features=found.features,
            marked=bool(marks.any()),
            marks_erased=self._scorer.score(without_marks(film, marks), changed_from=film).values
            if marks.any()
            else found.values,
            perturbed={change.name: self._try(change, film) for change in PERTURBATIONS}
            if perturb
            else {},
        )
        return seen if mask is None else self._with_lungs(seen, film, mask)

    def _seen_by_probes(
        self, film: Radiograph, row: Any, mask: Mask | None
    ) -> tuple[dict[Probe, npt.NDArray[np.float32]], Mask]:
        marks = marks_on(film, mask)
        found = features(film, width=row.width, height=row.height)
        found[Probe.QUALITY] = quality_features(film.pixels)
        found[Probe.METADATA] = metadata_features(row)
        found[Probe.MARKS] = mark_features(film, marks, mask)
        return found, marks

    def _mask(self, film: Radiograph) -> Mask | None:
        return None if self._lungs is None else self._lungs.mask(film)

    def _read(self, row: Any) -> Radiograph | SeenFilm:
        """Return the film, or why the model would not answer it."""
        try:
            film = read(self._dataset.path(row))
            refusal = check(film)
        except RadiographError as error:
            refusal = error.refusal
        return SeenFilm(row.path, left_out=refusal.code.value) if refusal else film

    def _with_lungs(self, seen: SeenFilm, film: Radiograph, mask: Mask) -> SeenFilm:
        """Return what was seen with what the model makes of the film without lungs, and alone."""
        known = lungs_found(mask)
        erased = self._scorer.score(without_lungs(film, mask) if known else film, changed_from=film)
        alone = self._scorer.score(only_lungs(film, mask) if known else film, changed_from=film)
        return replace(
            seen,
            probes={**seen.probes, Probe.NETWORK_LUNGS_ERASED: _extracted(erased)},
            lungs=known,
            lungs_erased=erased.values,
            only_lungs=alone.values,
        )

    def _try(self, change: Callable[[Radiograph], Radiograph], film: Radiograph) -> Answer:
        try:
            changed = change(film)
        except RadiographError:
            return Answer(Outcome.REFUSED)
        return _answer(self._scorer.score(changed))


def _answer(found: Scored) -> Answer:
    return Answer(found.outcome, found.values)


def _extracted(found: Scored) -> npt.NDArray[np.float32]:
    """Return what a model extracts from a film; its very answer where it shows nothing else."""
    if found.features is not None:
        return found.features
    return np.asarray(found.values, dtype=np.float32)
