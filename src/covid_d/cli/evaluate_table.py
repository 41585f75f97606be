"""What ``covid-d evaluate`` prints: the figures that count, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from covid_d.cli.options import echo_table
from covid_d.detector.appearance import CATEGORIES
from covid_d.evaluation.appearance import texts as appearance_texts
from covid_d.evaluation.appearance import words
from covid_d.evaluation.appearance.evaluation import AppearanceEvaluation
from covid_d.evaluation.appearance.figures import OUTCOMES
from covid_d.evaluation.evaluation import Evaluation
from covid_d.evaluation.figures.metrics import Stratum
from covid_d.evaluation.report import texts
from covid_d.evaluation.report.output import METRICS, REPORT, SCORES
from covid_d.evaluation.report.page import stamps
from covid_d.evaluation.report.texts import shown
from covid_d.language import Language


def show(evaluation: Evaluation | AppearanceEvaluation, language: Language, out: Path) -> None:
    """Print an evaluation, and where it was written."""
    if isinstance(evaluation, AppearanceEvaluation):
        _show_appearance(evaluation, language)
    else:
        _show_labels(evaluation, language)
    click.echo(", ".join(str(out / name) for name in (REPORT, METRICS, SCORES)))


def _show_appearance(evaluation: AppearanceEvaluation, language: Language) -> None:
    for stamp in words.stamps(evaluation):
        click.echo(stamp.in_language(language), err=True)
    for message in words.measured(evaluation):
        click.echo(message.in_language(language))
    click.echo()
    pool, called = evaluation.pool, words.tells_outcomes(evaluation)
    outcomes = (
        appearance_texts.POSITIVE,
        appearance_texts.INCONCLUSIVE,
        appearance_texts.NEGATIVE,
    )
    header = [
        message.in_language(language)
        for message in (
            appearance_texts.CATEGORY,
            appearance_texts.FILMS,
            appearance_texts.PATIENTS,
            *outcomes,
        )
    ]
    if pool is not None:
        figures = [
            [name.in_language(language), words.figure_shown(key, pool.figures[key], language)]
            for key, name in words.named_figures().items()
            if key in pool.figures
        ]
        echo_table(["", ""], figures)
        rows = [
            [
                category.message.in_language(language),
                pool.categories[category].films,
                pool.categories[category].patients,
                *(
                    words.figure_shown(
                        outcome, pool.figures.get(f"{outcome}_{category.value}"), language
                    )
                    for outcome in OUTCOMES
                ),
            ]
            for category in CATEGORIES
        ]
        if called:
            echo_table(header, rows)
    if not called:
        click.echo(appearance_texts.NO_OUTCOME.in_language(language))
    outside = words.outside_rows(evaluation.outside, language, called=called)
    if outside:
        named = (appearance_texts.SOURCE, appearance_texts.FINDING)
        echo_table([*(name.in_language(language) for name in named), *header[1:]], outside)
    click.echo(words.headline(evaluation, language))


def _show_labels(evaluation: Evaluation, language: Language) -> None:
    for stamp in stamps(evaluation):
        click.echo(stamp.in_language(language), err=True)
    names = ("auroc", "sensitivity", "specificity")
    header = ["", "COVID", "no COVID", *(texts.FIGURES[n].in_language(language) for n in names)]
    strata = [
        *evaluation.subgroups["source"].values(),
        *(s for s in evaluation.subgroups["subsource"].values() if s.has_both_classes),
    ]
    rows = [_row(stratum.name, stratum, names, language) for stratum in strata]
    pool = texts.POOL_HEADING.in_language(language)
    rows.append(_row(pool, evaluation.pool, names, language))
    echo_table(header, rows)
    worst = evaluation.headline
    if worst is None:
        click.echo(texts.NO_HEADLINE.in_language(language))
    else:
        click.echo(
            texts.HEADLINE.format(
                name=worst.name,
                auroc=shown("auroc", worst.figures["auroc"], language),
                positives=worst.positives,
                negatives=worst.negatives,
                patients=worst.patients,
            ).in_language(language)
        )


def _row(name: str, stratum: Stratum, figures: Sequence[str], language: Language) -> list[object]:
    cells = [
        shown(key, stratum.figures[key], language) if key in stratum.figures else "–"
        for key in figures
    ]
    return [name, stratum.positives, stratum.negatives, *cells]
