"""The sentences and figures that the page, the card and the command line share."""

from __future__ import annotations

from typing import Final

from covid_d.dataset.looks import told
from covid_d.detector.appearance import CATEGORIES, Appearance
from covid_d.evaluation.appearance import texts
from covid_d.evaluation.appearance.evaluation import AppearanceEvaluation
from covid_d.evaluation.appearance.figures import OUTCOMES
from covid_d.evaluation.appearance.outside import OutsideSource
from covid_d.evaluation.appearance.table import known
from covid_d.evaluation.figures.estimate import Estimate
from covid_d.evaluation.report import texts as shared
from covid_d.evaluation.report.texts import shown
from covid_d.language import Language, Message

SUBGROUP_FIGURES: Final = {
    "auroc_typical": texts.FIGURES["auroc_typical"],
    "auroc_opacity": texts.FIGURES["auroc_opacity"],
    "kappa": Message("Kappa ponderado", "Weighted kappa"),
    "negative_typical": Message("Típicas llamadas negativas", "Typical called negative"),
    "positive_negative": Message("Negativas llamadas positivas", "Negative called positive"),
}
_NOTHING: Final = "–"
_SHARES = (*OUTCOMES, "set_of", "accuracy")


def named_figures() -> dict[str, Message]:
    """Return every figure of graded films with its name, in the order of reports."""
    rest = {
        f"auroc_{category.value}_rest": Message(
            texts.AUROC_REST.es.format(category=texts.SHORT[category].es),
            texts.AUROC_REST.en.format(category=texts.SHORT[category].en),
        )
        for category in CATEGORIES
    }
    return {**texts.FIGURES, **rest}


def figure_shown(key: str, estimate: Estimate | None, language: Language) -> str:
    """Return a figure as reports show it: shares in per cent, the rest as numbers."""
    return shown("coverage" if key.startswith(_SHARES) else key, estimate, language)


def stamps(evaluation: AppearanceEvaluation) -> list[Message]:
    """Return what must stand at the top of every page about an evaluation."""
    scores = evaluation.scores
    found = []
    if not scores.seen_known:
        found.append(shared.SEEN_UNKNOWN)
    if scores.seen_allowed:
        stamp = shared.SEEN_STAMP if scores.seen else shared.SEEN_NONE_STAMP
        found.append(stamp.format(seen=scores.seen, films=len(scores.films)))
    if evaluation.verdict == "demonstration":
        found.append(shared.DEMONSTRATION_STAMP)
    return found


def headline(evaluation: AppearanceEvaluation, language: Language) -> str:
    """Return the figure that counts, in words."""
    worst = evaluation.headline
    if worst is None:
        return texts.NO_HEADLINE.in_language(language)
    return texts.HEADLINE.format(
        name=worst.name,
        typical=shown("auroc", worst.figures["auroc_typical"], language),
        opacity=shown("auroc", worst.figures.get("auroc_opacity"), language),
        films=worst.all.films,
        patients=worst.all.patients,
        typical_films=worst.categories[Appearance.TYPICAL].films,
        negative_films=worst.categories[Appearance.NEGATIVE].films,
    ).in_language(language)


def measured(evaluation: AppearanceEvaluation) -> list[Message]:
    """Return what was measured, who looked before, and what took part in choosing."""
    scores = evaluation.scores
    films = texts.MEASURED.format(
        split=scores.split,
        films=len(scores.films),
        patients=scores.films["group"].nunique(),
        refused=len(scores.refused),
        refused_patients=scores.refused["group"].nunique(),
    )
    looked = texts.OTHER_SPLIT if evaluation.looks is None else told(evaluation.looks)
    return [films, looked, *(role.message for role in evaluation.roles)]


def tells_outcomes(evaluation: AppearanceEvaluation) -> bool:
    """Return whether the model called films anything; a file of scores may not."""
    return known(evaluation.scores.films, "outcome")


def outside_rows(
    sources: tuple[OutsideSource, ...], language: Language, *, called: bool = True
) -> list[list[object]]:
    """Return one row a source and finding: films, patients, and how they were called.

    Parameters
    ----------
    sources
        What was measured.
    language
        Of the words.
    called
        Whether the model calls films anything; the last columns say nothing where it does not.
    """
    return [
        [
            source.name,
            row.finding.message.in_language(language),
            row.count.films,
            row.count.patients,
            *(
                shown("coverage", row.figures.get(outcome), language) if called else _NOTHING
                for outcome in OUTCOMES
            ),
        ]
        for source in sources
        for row in source.rows
    ]
