"""What an evaluation leaves behind: report.html, metrics.json, scores.csv and the plots."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from covid_d.dataset.dataset import Dataset
from covid_d.dataset.describe.describe import UNKNOWN
from covid_d.detector.detector import Detector
from covid_d.evaluation.evaluation import Evaluation
from covid_d.evaluation.figures.metrics import Stratum
from covid_d.evaluation.figures.subgroups import members
from covid_d.evaluation.report import losses, plots, texts
from covid_d.evaluation.report.page import EvaluationReport
from covid_d.evaluation.report.texts import shown
from covid_d.evaluation.scores import Scores
from covid_d.files import atomic_folder, write_atomically
from covid_d.html_report import Page, png_of
from covid_d.language import Language

REPORT = "report.html"
METRICS = "metrics.json"
SCORES = "scores.csv"
REFUSED = "refused.csv"

_CURVES = 5  # more lines than this cannot be told apart


def draw_plots(
    evaluation: Evaluation, detector: Detector | None, dataset: Dataset, language: Language
) -> dict[str, bytes]:
    """Return every plot as PNG, by the name the report knows it by."""
    films = evaluation.scores.films
    figures = {
        "scores_by_source": plots.score_histograms(films, language),
        "confusion": plots.confusion(films, language),
        "reliability": plots.reliability_diagram(films, language),
        "decision_curve": plots.decision_curve(films, language, seed=evaluation.seed),
    }
    strata = _curves(evaluation)
    for name, draw, figure in (
        ("roc", plots.roc, "auroc"),
        ("precision_recall", plots.precision_recall, "average_precision"),
    ):
        named = {
            f"{_title(stratum, language)}: {shown(figure, stratum.figures[figure], language)}": (
                films if stratum is evaluation.pool else films[_belongs(evaluation, stratum)]
            )
            for stratum in strata
        }
        if named:
            figures[name] = draw(named, language)
    if detector is not None:
        errors = losses.draw(detector, dataset.folder, losses.worst(films), language)
        if errors is not None:
            figures["worst_errors"] = errors
    return {name: png_of(figure) for name, figure in figures.items()}


def _curves(evaluation: Evaluation) -> list[Stratum]:
    # The headline first and the pool second, whatever else there is.
    sources = [
        stratum
        for dimension in ("source", "subsource")
        for stratum in evaluation.subgroups[dimension].values()
        if stratum.has_both_classes and stratum is not evaluation.headline
    ]
    first = [evaluation.headline] if evaluation.headline else []
    pool = [evaluation.pool] if evaluation.pool.has_both_classes else []
    return [*first, *pool, *sources][:_CURVES]


def _belongs(evaluation: Evaluation, stratum: Stratum) -> list[bool]:
    films = evaluation.scores.films
    sources = members(films, "source")
    publishers = members(films, "subsource")
    if stratum.name in evaluation.subgroups["source"]:
        return [bool(x) for x in sources.eq(stratum.name)]
    return [bool(x) for x in (sources + "/" + publishers).eq(stratum.name)]


def _title(stratum: Stratum, language: Language) -> str:
    if stratum.name == "pool":
        return texts.POOL.in_language(language)
    name = texts.UNKNOWN.in_language(language) if stratum.name == UNKNOWN else stratum.name
    return f"{name} ({stratum.positives}+{stratum.negatives})"


def write_evaluation(
    evaluation: Evaluation,
    detector: Detector | None,
    dataset: Dataset,
    out: Path,
    *,
    language: Language = "es",
    overwrite: bool = False,
) -> None:
    """Write the whole evaluation into a folder, or nothing.

    Parameters
    ----------
    evaluation
        What was measured.
    detector, dataset
        What was measured with and on; the worst errors are drawn from them. Without a detector,
        as for a file of scores, none are.
    out
        The folder.
    language
        Of the report and the plots.
    overwrite
        Replace an existing folder.

    Raises
    ------
    CovidDError
        If the folder exists and may not be replaced, or cannot be written.
    """
    with atomic_folder(out, overwrite=overwrite) as work:
        pictures = draw_plots(evaluation, detector, dataset, language)
        page = EvaluationReport(evaluation, pictures, language).page()
        fill(work, page, evaluation.to_dict(), evaluation.scores, pictures)


def fill(
    work: Path,
    page: Page,
    record: Mapping[str, Any],
    scores: Scores,
    pictures: Mapping[str, bytes],
) -> None:
    """Write report, metrics, scores and plots of an evaluation of either kind into a folder."""
    write_atomically(work / REPORT, page.to_html())
    write_atomically(work / METRICS, to_json(record))
    write_atomically(work / SCORES, scores.films.to_csv(index=False))
    write_atomically(work / REFUSED, scores.refused.to_csv(index=False))
    for name, png in pictures.items():
        write_atomically(work / "plots" / f"{name}.png", png)


def to_json(record: Mapping[str, Any]) -> str:
    """Return an evaluation's record as ``metrics.json`` holds it: ``null`` is not finite."""
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
