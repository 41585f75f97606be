"""A file of scores: any model, in any framework, judged by the same tables.

A CSV file with one row a film. A film is named by ``sha256`` (of its bytes, in the collection or in
the data set) or by ``path`` (as in the manifest). Its numbers are one of

- ``negative``, ``atypical``, ``indeterminate``, ``typical``: probabilities that sum to 1;
- ``opacity``, ``typical`` or both: numbers that only rank films, higher for more;
- ``probability``: of COVID-19, for the figures by label.

``outcome`` (``positive``, ``negative``, ``inconclusive``) and ``conformal_set`` (joined by ``|``)
may stand beside them. Other columns are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import logit

from covid_d.dataset.dataset import Dataset
from covid_d.detector.assessment import BundleId, Outcome
from covid_d.errors import EvaluationError
from covid_d.evaluation.figures.conformal import SET_SEPARATOR
from covid_d.evaluation.scorer import APPEARANCE_CLASSES, COVID_CLASSES
from covid_d.evaluation.scores import FACTS, Scores, chosen_films, held_out_of, with_groups
from covid_d.files import sha256_of
from covid_d.language import N_, Message

PROBABILITY: Final = "probability"
RANKS: Final = ("opacity", "typical")
_SUM = 1e-3
_FORMAT = N_("See the columns of covid-d evaluate --scores in the documentation.")
NOT_SCORED: Final = "not_scored"
NO_ROW: Final = Message(
    "El archivo de puntuaciones no tiene una fila para esta radiografía.",
    "The file of scores has no row for this film.",
)
_ANSWERED = tuple(outcome.value for outcome in Outcome if outcome is not Outcome.REFUSED)


@dataclass(frozen=True, slots=True, eq=False)
class ScoreFile:
    """A checked file of scores.

    Parameters
    ----------
    path
        Where it lies.
    id
        Its name and hash: what stands for the model in reports.
    numbers
        Which columns of numbers it has.
    table
        Its rows, as text but for the numbers.
    """

    path: Path
    id: BundleId
    numbers: tuple[str, ...]
    table: pd.DataFrame

    @property
    def has_appearance(self) -> bool:
        """Whether it speaks of appearance, not of COVID-19."""
        return self.numbers != (PROBABILITY,)

    @classmethod
    def read(cls, path: Path) -> ScoreFile:
        """Read and check a file.

        Raises
        ------
        EvaluationError
            If it cannot be read, lacks columns, or a value is wrong; the message names it.
        """
        try:
            table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            raise EvaluationError(
                N_("%(path)s cannot be read: %(error)s.", path=path, error=error),
                _FORMAT,
            ) from error
        keys = [name for name in ("sha256", "path") if name in table.columns]
        if not keys:
            raise EvaluationError(
                N_("%(path)s has neither a column sha256 nor path.", path=path),
                _FORMAT,
            )
        numbers = _numbers_in(path, table)
        for name in numbers:
            table[name] = _numeric(path, table, name)
        if set(APPEARANCE_CLASSES) <= set(numbers):
            _demand_sum(path, table)
        if "outcome" in table:
            _demand_outcome(path, table)
        if table.duplicated(keys).any():
            first = table.loc[table.duplicated(keys), keys[0]].iloc[0]
            raise EvaluationError(
                N_("%(path)s names a film twice: %(first)s.", path=path, first=first),
                _FORMAT,
            )
        return cls(path, BundleId(path.stem, "scores", sha256_of(path)), numbers, table)

    def of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return this file's rows in the order of a manifest's; blank where it has none.

        Parameters
        ----------
        rows
            Of a manifest.

        Returns
        -------
        The columns of numbers (NaN where the film is not named), ``outcome`` and
        ``conformal_set`` (``None`` where not given) and ``named``.

        Raises
        ------
        EvaluationError
            If it names none of the films.
        """
        at = self._places(rows)
        named = at >= 0
        if not named.any():
            raise EvaluationError(
                N_(
                    "%(path)s names none of the %(films)s films to be judged.",
                    path=self.path,
                    films=len(rows),
                ),
                N_("Name them by sha256, or by path as manifest.csv does."),
            )
        found = self.table.iloc[np.where(named, at, 0)].reset_index(drop=True)
        columns = {
            name: found[name].where(named) if name in self.numbers else np.nan
            for name in self.numbers
        }
        for name in ("outcome", "conformal_set"):
            text = found[name] if name in found else pd.Series([None] * len(rows), dtype=object)
            columns[name] = text.astype(object).where(named, None)
        return pd.DataFrame({**columns, "named": named})

    def covid_scores(self, dataset: Dataset, split: str) -> Scores:
        """Return the probabilities of COVID-19 as the table that figures by label read.

        Where the file tells no outcome every film is inconclusive, as for a bundle without
        thresholds.

        Raises
        ------
        EvaluationError
            If the split has no films or one class, or the file names none of them.
        DatasetError
            If there is no such split.
        """
        rows = chosen_films(dataset, split).reset_index(drop=True)
        found = self.of(rows)
        probability = found[PROBABILITY].astype("float64")
        facts = with_groups(rows[list(FACTS)])
        films = facts.assign(
            seen=False,
            logit=logit(probability),
            probability=probability,
            outcome=found["outcome"].fillna(Outcome.INCONCLUSIVE.value),
            conformal_set=found["conformal_set"].fillna(SET_SEPARATOR.join(COVID_CLASSES)),
        )
        named = found["named"].to_numpy(dtype=bool)
        return Scores(
            films=films[named].reset_index(drop=True),
            refused=refused_rows(facts[~named]),
            bundle=self.id,
            dataset_sha256=dataset.sha256,
            split=split,
            seen_allowed=False,
            held_out=held_out_of(dataset),
            seen_known=False,
        )

    def _places(self, rows: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        at = np.full(len(rows), -1, dtype=np.int64)
        if "path" in self.table:
            at = _found(self.table["path"], rows["path"], at)
        for column in ("original_sha256", "sha256") if "sha256" in self.table else ():
            at = _found(self.table["sha256"].str.lower(), rows[column], at)
        return at


def refused_rows(facts: pd.DataFrame) -> pd.DataFrame:
    """Return the films that a file leaves out, as films without an answer: they are counted."""
    return facts.assign(code=NOT_SCORED, reason_es=NO_ROW.es, reason_en=NO_ROW.en).reset_index(
        drop=True
    )


def _found(
    keys: pd.Series[str], wanted: pd.Series[str], at: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    places = {key: place for place, key in enumerate(keys) if key}
    new = np.array([places.get(key, -1) for key in wanted], dtype=np.int64)
    return np.where(new >= 0, new, at)


def _numbers_in(path: Path, table: pd.DataFrame) -> tuple[str, ...]:
    if set(APPEARANCE_CLASSES) <= set(table.columns):
        return APPEARANCE_CLASSES
    ranks = tuple(name for name in RANKS if name in table.columns)
    if ranks:
        return ranks
    if PROBABILITY in table.columns:
        return (PROBABILITY,)
    raise EvaluationError(
        N_(
            "%(path)s has no scores: columns %(columns)s.",
            path=path,
            columns=", ".join(map(str, table.columns)),
        ),
        _FORMAT,
    )


def _numeric(path: Path, table: pd.DataFrame, name: str) -> pd.Series[float]:
    values = pd.to_numeric(table[name], errors="coerce").astype("float64")
    probability = name not in RANKS or set(APPEARANCE_CLASSES) <= set(table.columns)
    good = np.isfinite(values) & (~np.array(probability) | values.between(0.0, 1.0))
    if not good.all():
        line = int(np.flatnonzero(~good)[0]) + 2  # the header is line 1
        wanted = N_("a probability") if probability else N_("a number")
        raise EvaluationError(
            N_(
                "%(path)s, line %(line)s: %(value)r in column %(name)s is not %(wanted)s.",
                path=path,
                line=line,
                value=table[name].iloc[line - 2],
                name=name,
                wanted=wanted,
            ),
            _FORMAT,
        )
    return values


def _demand_sum(path: Path, table: pd.DataFrame) -> None:
    total = table[list(APPEARANCE_CLASSES)].sum(axis=1)
    wrong = np.flatnonzero((total - 1.0).abs() > _SUM)
    if len(wrong):
        raise EvaluationError(
            N_(
                "%(path)s, line %(line)s: the four probabilities sum to %(total).4f, not to 1.",
                path=path,
                line=wrong[0] + 2,
                total=total.iloc[wrong[0]],
            ),
            _FORMAT,
        )


def _demand_outcome(path: Path, table: pd.DataFrame) -> None:
    wrong = np.flatnonzero(~table["outcome"].isin(_ANSWERED))
    if len(wrong):
        raise EvaluationError(
            N_(
                "%(path)s, line %(line)s: outcome %(outcome)r is none of %(outcomes)s.",
                path=path,
                line=wrong[0] + 2,
                outcome=table["outcome"].iloc[wrong[0]],
                outcomes=", ".join(_ANSWERED),
            ),
            _FORMAT,
        )
