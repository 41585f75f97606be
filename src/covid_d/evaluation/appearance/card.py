"""The model card's evaluation section for a bundle that answers with appearance."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from covid_d.detector.appearance import CATEGORIES
from covid_d.evaluation.appearance import texts
from covid_d.evaluation.appearance.evaluation import AppearanceEvaluation
from covid_d.evaluation.appearance.words import (
    figure_shown,
    headline,
    measured,
    named_figures,
    outside_rows,
    stamps,
    tells_outcomes,
)
from covid_d.evaluation.report.texts import percent, shown
from covid_d.language import Language

_LANGUAGE: Language = "en"  # the card is one document, in English


def appearance_section(evaluation: AppearanceEvaluation, command: Sequence[str]) -> str:
    """Return the section as Markdown, without its markers.

    Parameters
    ----------
    evaluation
        What was measured.
    command
        The command that made it, as typed: ``["covid-d", "evaluate", ...]``.
    """
    scores = evaluation.scores
    lines = [f"> {stamp.in_language(_LANGUAGE)}\n" for stamp in stamps(evaluation)]
    lines += [f"**{headline(evaluation, _LANGUAGE)}**", ""]
    lines += [f"- {message.in_language(_LANGUAGE)}" for message in measured(evaluation)]
    for heading, table in (
        ("Against radiologists' categories", _figures(evaluation)),
        ("Called what, by category (shipped thresholds)", _answers(evaluation)),
        ("Other sources, at the shipped thresholds", _outside(evaluation)),
        ("Told apart within other sources", _apart(evaluation)),
        ("Coverage of the conformal sets", _coverage(evaluation)),
    ):
        if table:
            lines += ["", f"{heading}:", "", table]
    lines += [
        "",
        "Intervals are 95%, by patient.",
        f"Data set SHA-256 `{scores.dataset_sha256}`. Command:",
        "",
        "```",
        shlex.join(command),
        "```",
    ]
    return "\n".join(lines)


def _figures(evaluation: AppearanceEvaluation) -> str:
    pool = evaluation.pool
    if pool is None:
        return ""
    errors = {
        f"calibration_error_{category.value}": f"Calibration error, {texts.SHORT[category].en}"
        for category in CATEGORIES
    }
    names = {key: message.en for key, message in named_figures().items()} | errors
    rows = [
        [
            name,
            figure_shown(key, pool.figures[key], _LANGUAGE),
            pool.count_of(key).films,
            pool.count_of(key).patients,
        ]
        for key, name in names.items()
        if key in pool.figures
    ]
    return _table(["Figure", "Value (95% CI)", "Films", "Patients"], rows)


def _answers(evaluation: AppearanceEvaluation) -> str:
    pool = evaluation.pool
    if pool is None or "positive_all" not in pool.figures:
        return ""
    rows: list[list[object]] = []
    for category in CATEGORIES:
        count = pool.categories[category]
        shares = [
            figure_shown(f"{outcome}_{category.value}",
                         pool.figures.get(f"{outcome}_{category.value}"), _LANGUAGE)
            for outcome in ("positive", "inconclusive", "negative")
        ]  # fmt: skip
        rows.append([texts.SHORT[category].en, count.films, count.patients, *shares])
    header = ["Category", "Films", "Patients", "Positive", "Inconclusive", "Negative"]
    return _table(header, rows)


def _outside(evaluation: AppearanceEvaluation) -> str:
    rows = outside_rows(evaluation.outside, _LANGUAGE, called=tells_outcomes(evaluation))
    header = ["Source", "Known as", "Films", "Patients", "Positive", "Inconclusive", "Negative"]
    return _table(header, rows) if rows else ""


def _apart(evaluation: AppearanceEvaluation) -> str:
    rows: list[list[object]] = [
        [
            source.name,
            texts.OUTSIDE_AUROC[key].en,
            shown("auroc", figure, _LANGUAGE),
            source.counts[key].films,
            source.counts[key].patients,
        ]
        for source in evaluation.outside
        for key, figure in source.figures.items()
    ]
    header = ["Source", "Question", "AUROC", "Films", "Patients"]
    return _table(header, rows) if rows else ""


def _coverage(evaluation: AppearanceEvaluation) -> str:
    rows: list[list[object]] = [
        [
            item.name,
            item.count.films,
            item.count.patients,
            shown("coverage", item.by_patient, _LANGUAGE),
            percent(item.target, _LANGUAGE),
            "kept" if item.holds else "**NOT kept**",
        ]
        for item in evaluation.coverage
    ]
    header = ["Category", "Films", "Patients", "By patient", "Promised", ""]
    return _table(header, rows) if rows else ""


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
