"""Filling the table of appearance: by a model at work, or from a file of scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import SET_ASIDE, Split
from covid_d.detector.bundle.bundle import Bundle
from covid_d.errors import EvaluationError
from covid_d.evaluation.appearance.table import (
    APPEARANCE,
    NUMBERS,
    OPACITY,
    PROBABILITIES,
    graded,
    ungraded,
)
from covid_d.evaluation.figures.conformal import SET_SEPARATOR
from covid_d.evaluation.score_file import ScoreFile, refused_rows
from covid_d.evaluation.scorer import Scored, Scorer
from covid_d.evaluation.scores import (
    ALL,
    FACTS,
    Scores,
    held_out_of,
    require_films,
    require_unseen,
    seen_films,
    with_groups,
)
from covid_d.language import N_, Message
from covid_d.radiograph import RadiographError, check, read

FACTS_OF_APPEARANCE: Final = (*FACTS, "finding", APPEARANCE)
ANSWER: Final = ("seen", *NUMBERS, "outcome", "conformal_set")
REFUSAL: Final = ("code", "reason_es", "reason_en")
_SUM = 1e-3  # how far four probabilities of a model may be from summing to 1


def films_to_score(dataset: Dataset, split: str) -> pd.DataFrame:
    """Return the manifest's rows of a split that appearance can be measured on.

    Raises
    ------
    EvaluationError
        If there are none: no radiologist graded any, and nothing else is known of them.
    DatasetError
        If there is no such split.
    """
    rows = (
        dataset.manifest[~dataset.manifest["split"].isin(SET_ASIDE)]
        if split == ALL
        else dataset.films(split)
    ).reset_index(drop=True)
    if APPEARANCE not in rows.columns:
        rows = rows.assign(**{APPEARANCE: ""})
    require_films(rows, dataset, split)
    if graded(rows).empty and ungraded(rows).empty:
        raise EvaluationError(
            N_(
                "Of none of the %(films)s films in split %(split)r is an appearance or a "
                "finding known.",
                films=len(rows),
                split=split,
            ),
            N_("Build the data set with --siim, or with a manifest that has a column appearance."),
        )
    return rows


def score_appearance(
    scorer: Scorer,
    dataset: Dataset,
    split: str = Split.TEST.value,
    *,
    bundle: Bundle | None = None,
    allow_seen: bool = False,
    threads: int = 1,
    progress: bool = True,
) -> Scores:
    """Answer every film of a split with a model.

    Parameters
    ----------
    scorer
        The model.
    dataset
        A built data set.
    split
        ``test``, ``validation``, ``train`` or ``all``.
    bundle
        What tells which films the model was made from; ``None`` when nothing does.
    allow_seen
        Let in films that the bundle was made from.
    threads
        Films answered at once.
    progress
        Show a bar (only in terminals).

    Raises
    ------
    EvaluationError
        If a film was used to make the bundle and ``allow_seen`` is false, if there are no films
        to measure on, or if every film was refused.
    """
    rows = films_to_score(dataset, split)
    none = pd.Series(False, index=rows.index)
    seen = none if bundle is None else seen_films(bundle, rows)
    if not allow_seen:
        require_unseen(rows, seen, split, scorer.id)
    answers = _answers(scorer, [dataset.folder / path for path in rows["path"]], threads)
    bar = tqdm(answers, total=len(rows), desc="score films", unit="film",
               disable=None if progress else True)  # fmt: skip
    table = pd.DataFrame([_row(scored, scorer.classes) for scored in bar])
    table = pd.concat([_facts(rows).assign(seen=seen.to_numpy(dtype=bool)), table], axis=1)
    refused = table["code"].ne("")
    films = table.loc[~refused, [*FACTS_OF_APPEARANCE, *ANSWER]].reset_index(drop=True)
    if films.empty:
        raise EvaluationError(
            N_(
                "%(bundle)s refused every film of split %(split)r (first reason: %(reason)s)",
                bundle=scorer.id.name,
                split=split,
                reason=Message(*table.iloc[0][["reason_es", "reason_en"]]),
            ),
            N_("Run covid-d predict on the films to see each reason."),
        )
    return Scores(
        films=films,
        refused=table.loc[refused, [*FACTS_OF_APPEARANCE, *REFUSAL]].reset_index(drop=True),
        bundle=scorer.id,
        dataset_sha256=dataset.sha256,
        split=split,
        seen_allowed=allow_seen,
        held_out=held_out_of(dataset),
        seen_known=bundle is not None,
    )


def scores_from_file(file: ScoreFile, dataset: Dataset, split: str) -> Scores:
    """Return what a file of scores says of a split's films.

    Films that it leaves out count as refused: a model may not pick its films.

    Raises
    ------
    EvaluationError
        If there are no films to measure on, or the file names none of them.
    DatasetError
        If there is no such split.
    """
    rows = films_to_score(dataset, split)
    found = file.of(rows)
    facts = _facts(rows)
    table = facts.assign(
        seen=False,
        **{name: found.get(name, np.nan) for name in NUMBERS},
        outcome=found["outcome"],
        conformal_set=found["conformal_set"],
    )
    if OPACITY not in found and PROBABILITIES[0] in found:
        table[OPACITY] = 1.0 - found[PROBABILITIES[0]]
    named = found["named"].to_numpy(dtype=bool)
    return Scores(
        films=table.loc[named, [*FACTS_OF_APPEARANCE, *ANSWER]].reset_index(drop=True),
        refused=refused_rows(facts[~named]),
        bundle=file.id,
        dataset_sha256=dataset.sha256,
        split=split,
        seen_allowed=False,
        held_out=held_out_of(dataset),
        seen_known=False,
    )


def _facts(rows: pd.DataFrame) -> pd.DataFrame:
    return with_groups(rows[list(FACTS_OF_APPEARANCE)])


def _answers(scorer: Scorer, paths: Sequence[Path], threads: int) -> Iterator[Scored]:
    def answer(path: Path) -> Scored:
        try:
            film = read(path)
            refusal = check(film)
        except RadiographError as error:
            refusal = error.refusal
        return Scored((), refusal=refusal) if refusal else scorer.score(film)

    with ThreadPoolExecutor(max(1, threads), thread_name_prefix="score") as pool:
        try:
            yield from pool.map(answer, paths)
        finally:  # also on Ctrl-C: do not finish what nobody waits for
            pool.shutdown(cancel_futures=True)


def _row(scored: Scored, classes: tuple[str, ...]) -> dict[str, object]:
    values = dict(zip(classes, scored.values, strict=True)) if scored.refusal is None else {}
    if scored.refusal is None and set(PROBABILITIES) <= values.keys():
        total = sum(values[name] for name in PROBABILITIES)
        if not abs(total - 1.0) <= _SUM:
            raise EvaluationError(
                N_("The four probabilities of a film sum to %(total).4f, not to 1.", total=total),
                N_("Give probabilities, or scores under the names opacity and typical alone."),
            )
        values[OPACITY] = 1.0 - values[PROBABILITIES[0]]
    refusal = scored.refusal
    return {
        **{name: values.get(name, np.nan) for name in NUMBERS},
        "outcome": scored.outcome.value if scored.outcome else None,
        "conformal_set": None
        if scored.conformal_set is None
        else SET_SEPARATOR.join(scored.conformal_set),
        "code": refusal.code.value if refusal else "",
        "reason_es": refusal.text.es if refusal else "",
        "reason_en": refusal.text.en if refusal else "",
    }
