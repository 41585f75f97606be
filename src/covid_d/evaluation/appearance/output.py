"""What an evaluation of appearance leaves behind: report, metrics, scores and plots."""

from __future__ import annotations

from pathlib import Path

from covid_d.evaluation.appearance.evaluation import AppearanceEvaluation
from covid_d.evaluation.appearance.page import AppearanceReport
from covid_d.evaluation.appearance.plots import draw_plots
from covid_d.evaluation.report.output import fill
from covid_d.files import atomic_folder
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
        fill(work, page, evaluation.to_dict(), evaluation.scores, pictures)
