"""Scoring the films of a data set: one row a film, the table that every judgement reads."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm.auto import tqdm

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import SET_ASIDE, Label, Split
from covid_d.detector.assessment import Assessment, BundleId
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.detector import Detector
from covid_d.errors import EvaluationError
from covid_d.evaluation.figures.conformal import SET_SEPARATOR
from covid_d.language import N_, Message
from covid_d.radiograph import Radiograph

ALL: Final = "all"

# What is kept of the manifest; the answer's columns follow.
FACTS: Final = (
    "path",
    "label",
    "split",
    "group",
    "patient",
    "source",
    "subsource",
    "projection",
    "sex",
    "age",
    "original_sha256",
    "sha256",
)
ANSWER: Final = ("seen", "logit", "probability", "outcome", "conformal_set")


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The scored films of one data set.

    Parameters
    ----------
    films
        One row a film that was answered: the columns ``FACTS`` and ``ANSWER``. ``group`` is never
        empty; ``conformal_set`` joins the classes not ruled out with ``|``.
    refused
        One row a film that was refused: ``FACTS``, ``code``, ``reason_es``, ``reason_en``.
    bundle
        Which bundle answered.
    dataset_sha256
        Of the data set.
    split
        What was scored; ``all`` is every radiograph.
    seen_allowed
        Whether films that the bundle was made from were let in.
    held_out
        Sources and publishers that the data set kept out of training.
    seen_known
        Whether the model tells which films it was made from; a table of scores does not.
    features
        float32, NxC: the network's pooled features, in the order of ``films``; empty where
        none were asked for.
    """

    films: pd.DataFrame
    refused: pd.DataFrame
    bundle: BundleId
    dataset_sha256: str
    split: str
    seen_allowed: bool
    held_out: tuple[str, ...] = ()
    seen_known: bool = True
    features: npt.NDArray[np.float32] = field(
        default_factory=lambda: np.empty((0, 0), dtype=np.float32)
    )

    @property
    def seen(self) -> int:
        """How many of the films the bundle was made from."""
        return int(self.films["seen"].sum())


def chosen_films(dataset: Dataset, split: str) -> pd.DataFrame:
    """Return the manifest's rows of a split, or of every radiograph for ``all``.

    Raises
    ------
    EvaluationError
        If there are none, or one of the two classes is missing.
    DatasetError
        If there is no such split.
    """
    rows = (
        dataset.manifest[~dataset.manifest["split"].isin(SET_ASIDE)]
        if split == ALL
        else dataset.films(split)
    )
    rows = rows[rows["label"].ne("")]  # films graded by appearance may carry no label
    require_films(rows, dataset, split)
    for label in Label:
        if not rows["label"].eq(label.value).any():
            raise EvaluationError(
                N_(
                    "All %(films)s films in split %(split)r are of one class; none is %(label)r.",
                    films=len(rows),
                    split=split,
                    label=label.value,
                ),
                N_("Evaluate on films of both classes."),
            )
    return rows


def seen_films(bundle: Bundle, rows: pd.DataFrame) -> pd.Series:
    """Return, for each row of a manifest, whether the bundle was made from that film.

    A film is known by the hash of its bytes, in the collection or as the data set wrote it.
    """
    table = pd.read_csv(io.StringIO(bundle.training_films), dtype=str, keep_default_na=False)
    used = {
        digest
        for column in ("original_sha256", "sha256")
        if column in table.columns
        for digest in table[column]
        if digest
    }
    return rows["original_sha256"].isin(used) | rows["sha256"].isin(used)


def require_films(rows: pd.DataFrame, dataset: Dataset, split: str) -> None:
    """Raise EvaluationError where a split holds no films to evaluate on."""
    if rows.empty:
        raise EvaluationError(
            N_(
                "The data set %(folder)s has no films in split %(split)r.",
                folder=dataset.folder,
                split=split,
            ),
            N_("Choose another split with --split, or build the data set again."),
        )


def require_unseen(rows: pd.DataFrame, seen: pd.Series, split: str, bundle: BundleId) -> None:
    """Raise EvaluationError where a bundle was made from some of the films, and name the first."""
    if seen.any():
        raise EvaluationError(
            N_(
                "%(seen)s of %(films)s films in split %(split)r were used to make the "
                "bundle %(bundle)s (first: %(first)s).",
                seen=int(seen.sum()),
                films=len(rows),
                split=split,
                bundle=bundle.name,
                first=rows.loc[seen, "path"].iloc[0],
            ),
            N_("Evaluate on films it never saw, or say --allow-seen; the report will say so too."),
        )


def score(
    detector: Detector,
    dataset: Dataset,
    split: str = Split.TEST.value,
    *,
    allow_seen: bool = False,
    progress: bool = True,
) -> Scores:
    """Answer every film of a split with a bundle.

    Parameters
    ----------
    detector
        The bundle, loaded.
    dataset
        A built data set.
    split
        ``test``, ``validation``, ``train`` or ``all``.
    allow_seen
        Let in films that the bundle was made from.
    progress
        Show a bar (only in terminals).

    Raises
    ------
    EvaluationError
        If the bundle answers in appearances, a film was used to make it and ``allow_seen`` is
        false, the split has no films or one class, or every film of a class was refused.
    """
    if detector.bundle.spec.has_appearance:
        raise EvaluationError(
            N_(
                "Bundle %(bundle)s answers in appearances, not in COVID-19 or not.",
                bundle=detector.bundle.id.name,
            ),
            N_("Judge it with covid-d evaluate, which reads either kind."),
        )
    rows = chosen_films(dataset, split).reset_index(drop=True)
    seen = seen_films(detector.bundle, rows)
    if not allow_seen:
        require_unseen(rows, seen, split, detector.bundle.id)
    table = with_groups(rows[list(FACTS)]).assign(seen=seen.to_numpy(dtype=bool))
    answers = answer(detector, [dataset.folder / path for path in rows["path"]], progress=progress)
    table = pd.concat([table, answers], axis=1)
    refused = table["code"].ne("")
    films = table.loc[~refused, [*FACTS, *ANSWER]].reset_index(drop=True)
    for label in Label:
        if not films["label"].eq(label.value).any():
            raise EvaluationError(
                N_(
                    "The bundle refused every %(label)r film of split %(split)r (first "
                    "reason: %(reason)s)",
                    label=label.value,
                    split=split,
                    reason=Message(*table.loc[refused].iloc[0][["reason_es", "reason_en"]]),
                ),
                N_("Run covid-d predict on the films to see each reason."),
            )
    features = [vector for vector in table["features"] if vector is not None]
    return Scores(
        films=films,
        features=np.stack(features).astype(np.float32),
        refused=table.loc[refused, [*FACTS, "code", "reason_es", "reason_en"]].reset_index(
            drop=True
        ),
        bundle=detector.bundle.id,
        dataset_sha256=dataset.sha256,
        split=split,
        seen_allowed=allow_seen,
        held_out=held_out_of(dataset),
    )


def held_out_of(dataset: Dataset) -> tuple[str, ...]:
    """Return the sources and publishers that a data set kept out of training."""
    return tuple(dataset.record.get("options", {}).get("hold_out", ()))


def with_groups(facts: pd.DataFrame) -> pd.DataFrame:
    """Return rows of a manifest in which no group is empty."""
    facts = facts.copy()
    # A film without a group stands alone; blank groups must not become one big patient.
    alone = facts["group"].eq("")
    facts["group"] = facts["group"].where(~alone, "film:" + facts["original_sha256"])
    return facts


def answer(detector: Detector, paths: Sequence[Path], *, progress: bool = True) -> pd.DataFrame:
    """Return one row a film, in order: the columns of an answer, ``features`` and the refusal.

    ``logit`` and ``probability`` are NaN, ``features`` is ``None`` and ``code`` is not empty
    exactly where the film was refused.
    """
    found: dict[Path, tuple[float, npt.NDArray[np.float32]]] = {}

    def keep(path: Path, film: Radiograph | None, assessment: Assessment) -> None:
        # The assessment itself comes from the one path every face uses; this second pass only
        # adds what it does not carry.
        if film is not None and assessment.refusal is None:
            prepared = detector.frame.of(film).prepared
            outputs = detector.network.run(prepared[None], ("logit", "features"))
            found[path] = float(outputs["logit"][0]), outputs["features"][0]

    rows = []
    answers = detector.assess_many(paths, after_each=keep)
    bar = tqdm(
        answers,
        total=len(paths),
        desc="score films",
        unit="film",
        disable=None if progress else True,
    )
    for path, assessment in zip(paths, bar, strict=True):
        logit, features = found.get(path, (float("nan"), None))
        refusal = assessment.refusal
        rows.append(
            {
                "logit": logit,
                "probability": assessment.probability,
                "outcome": assessment.outcome.value,
                "conformal_set": SET_SEPARATOR.join(assessment.conformal_set),
                "features": features,
                "code": refusal.code.value if refusal else "",
                "reason_es": refusal.text.es if refusal else "",
                "reason_en": refusal.text.en if refusal else "",
            }
        )
    table = pd.DataFrame(rows)
    table["probability"] = table["probability"].astype("float64")
    return table
