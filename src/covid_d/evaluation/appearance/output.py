"""What an evaluation of appearance leaves behind: report, metrics, scores and plots."""

from __future__ import annotations

import json
from pathlib import Path

from covid_d.evaluation.appearance.evaluation import AppearanceEvaluation
from covid_d.evaluation.appearance.page import AppearanceReport
from covid_d.evaluation.appearance.plots import draw_plots
from covid_d.evaluation.report.output import METRICS, REFUSED, REPORT, SCORES
from covid_d.files import atomic_folder, write_atomically
from covid_d.language import Language


def write_appearance(
    evaluation: AppearanceEvaluation,
    folder: Path | None,
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
    folder
        The data set's, for pictures of the worst errors; ``None`` draws none.
    out
        Where it goes.
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
        pictures = draw_plots(evaluation, folder, language)
        page = AppearanceReport(evaluation, pictures, language).page()
        write_atomically(work / REPORT, page.to_html())
        write_atomically(work / METRICS, to_json(evaluation))
        write_atomically(work / SCORES, evaluation.scores.films.to_csv(index=False))
        write_atomically(work / REFUSED, evaluation.scores.refused.to_csv(index=False))
        for name, png in pictures.items():
            write_atomically(work / "plots" / f"{name}.png", png)


def to_json(evaluation: AppearanceEvaluation) -> str:
    """Return ``metrics.json``; numbers that are not finite are ``null``."""
    return json.dumps(evaluation.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
