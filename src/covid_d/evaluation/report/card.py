"""The model card's evaluation section: what was measured, by source, with the exact command."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.bundle.contents import CARD, update
from covid_d.evaluation.evaluation import Evaluation
from covid_d.evaluation.figures.metrics import Stratum
from covid_d.evaluation.figures.subgroups import notable_publishers
from covid_d.evaluation.report import texts
from covid_d.evaluation.report.card_markers import with_part
from covid_d.evaluation.report.page import stamps
from covid_d.evaluation.report.texts import percent, shown
from covid_d.language import N_, Language

BEGIN = "<!-- evaluation:begin -->"
END = "<!-- evaluation:end -->"
_LANGUAGE: Language = "en"  # the card is one document, in English


def card_section(evaluation: Evaluation, command: Sequence[str]) -> str:
    """Return the section as Markdown, without its markers.

    Parameters
    ----------
    evaluation
        What was measured.
    command
        The command that made it, as typed: ``["covid-d", "evaluate", ...]``.
    """
    scores, worst = evaluation.scores, evaluation.headline
    lines = [f"> {stamp.in_language(_LANGUAGE)}\n" for stamp in stamps(evaluation)]
    if worst is None:
        lines.append(f"{texts.NO_HEADLINE.in_language(_LANGUAGE)}\n")
    else:
        lines.append(
            f"**Headline: the worst source with both classes, {worst.name}: AUROC "
            f"{shown('auroc', worst.figures['auroc'], _LANGUAGE)}** "
            f"({worst.positives} films with COVID-19, {worst.negatives} without, "
            f"{worst.patients} patients).\n"
        )
    lines += [_table(evaluation), f"\n{texts.POOL_TEXT.in_language(_LANGUAGE)}\n"]
    lines += [f"- {line}" for line in _three_way(evaluation)]
    lines += [
        "",
        f"Split `{scores.split}`, {len(scores.films)} films answered, {len(scores.refused)} "
        "refused. Threshold: probability 0.5. Intervals are 95%, by patient.",
        f"Data set SHA-256 `{scores.dataset_sha256}`. Command:",
        "",
        "```",
        shlex.join(command),
        "```",
    ]
    return "\n".join(lines)


def _table(evaluation: Evaluation) -> str:
    names = ("auroc", "sensitivity", "specificity", "calibration_error")
    header = [
        "Films",
        "with",
        "without",
        "patients",
        *(texts.FIGURES[name].in_language(_LANGUAGE) for name in names),
    ]
    rows = [header, ["---"] * len(header)]
    strata = [
        *evaluation.subgroups["source"].values(),
        *notable_publishers(evaluation.subgroups),
    ]
    rows += [_row(stratum.name, stratum, names) for stratum in strata]
    rows.append(_row("all together (inflated by source)", evaluation.pool, names))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _row(name: str, stratum: Stratum, names: Sequence[str]) -> list[str]:
    cells = [
        shown(key, stratum.figures[key], _LANGUAGE) if key in stratum.figures else "not reported"
        for key in names
    ]
    counts = [stratum.positives, stratum.negatives, stratum.patients]
    return [name, *map(str, counts), *cells]


def _three_way(evaluation: Evaluation) -> list[str]:
    figures = evaluation.pool.figures
    lines = [
        f"{texts.FIGURES[key].in_language(_LANGUAGE)}: {shown(key, figures[key], _LANGUAGE)}, "
        f"n={figures[key].n}"
        for key in ("inconclusive", "conclusive_sensitivity", "conclusive_specificity")
        if key in figures
    ]
    parts = {"all": evaluation.coverage, **evaluation.coverage_apart}
    return lines + [
        f"Conformal coverage. {texts.COVERAGE_SCOPES[scope].in_language(_LANGUAGE)}, "
        f"{item.label.value}: "
        f"{shown('coverage', item.observed, _LANGUAGE)} of {item.observed.n}, promised "
        f"{percent(item.target, _LANGUAGE)}: {'kept' if item.holds else 'NOT kept'}"
        for scope, coverage in parts.items()
        for item in coverage
    ]


def with_section(card: str, section: str) -> str:
    """Return a model card with the text between the evaluation markers replaced.

    Raises
    ------
    EvaluationError
        If the card lacks the markers, in order and once.
    """
    next_step = N_(
        "Put both on lines of their own where the figures belong, and seal the bundle again."
    )
    return with_part(card, BEGIN, END, section, next_step)


def write_card(bundle: Bundle, evaluation: Evaluation, command: Sequence[str]) -> None:
    """Write the section into the bundle's card and seal the bundle again.

    The bundle's hash changes and a signature is dropped: the card is part of what is signed.

    Raises
    ------
    EvaluationError
        If the card lacks the markers.
    BundleError
        If the bundle is not sound.
    """
    write_section(bundle, card_section(evaluation, command))


def write_section(bundle: Bundle, section: str) -> None:
    """Write a section made before into the bundle's card; see :func:`write_card`."""
    update(bundle.path, {CARD: with_section(bundle.card, section)})
