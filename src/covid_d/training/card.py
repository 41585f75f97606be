"""The model card (Mitchell et al. 2019) written at export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn import metrics as skm

from covid_d.detector.bundle.spec import NEGATIVE, POSITIVE, BundleSpec
from covid_d.language import INTENDED_USE
from covid_d.training.recipes import Recipe

if TYPE_CHECKING:
    from covid_d.dataset.dataset import Dataset
    from covid_d.training.export import Validation

MARKERS = {
    "evaluation": ("<!-- evaluation:begin -->", "<!-- evaluation:end -->"),
    "audit": ("<!-- audit:begin -->", "<!-- audit:end -->"),
}

_SOURCE_WARNING = (
    "**Figures over all films together are inflated by the source.** In public collections the "
    "source of a film (hospital, publisher, scanner, children or adults) nearly tells its label, "
    "and a network that recognises the source scores high without looking at the lungs. Only "
    "figures within one source that has both classes, or from a hospital whose films were never "
    "seen, say anything about the disease."
)


def model_card(
    spec: BundleSpec,
    recipe: Recipe,
    validation: Validation,
    films: pd.DataFrame,
    dataset: Dataset,
    origin: str,
    command: str,
) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    spec
        The bundle's.
    recipe, origin, command
        How it was trained, from which weights, by which command.
    validation
        The exported network's answers on the validation films.
    films
        Rows of the manifest that were trained and validated on.
    dataset
        The data set they are from.
    """
    parts = [
        f"# {spec.name} {spec.version}: model card",
        _summary_es(spec),
        _intended_use(),
        _data(films, dataset),
        _training(spec, recipe, origin, command),
        _validation(validation, spec),
        _calibration(spec),
        _gate(spec),
        _placeholder("evaluation", "Evaluation", "`covid-d evaluate`"),
        _placeholder("audit", "Shortcut audit", "`covid-d audit`"),
        _limits(),
    ]
    return "\n\n".join(parts) + "\n"


def _table(header: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _summary_es(spec: BundleSpec) -> str:
    films = spec.training.films
    return "\n".join(
        [
            "## Resumen",
            "",
            f"{INTENDED_USE.es} La red se entrenó con {films['train']} radiografías públicas y se "
            f"ajustó con {films['validation']}; no ha pasado por ningún estudio clínico. Las "
            "cifras calculadas sobre todas las radiografías juntas son demasiado buenas: en las "
            "colecciones públicas, el origen de la imagen casi delata la clase. En un hospital "
            "cuyas radiografías la red nunca vio, no se conoce su rendimiento. Mientras el "
            "veredicto sea `demonstration`, úsela solo como demostración.",
        ]
    )


def _intended_use() -> str:
    return "\n".join(
        [
            "## Intended use",
            "",
            INTENDED_USE.en,
            "",
            "Users: physicians and researchers who read the film themselves.",
            "",
            "Must not be used",
            "",
            "- alone, to decide on a patient, or to rule out COVID-19;",
            "- on children, lateral films, computed tomography, photographs of a screen or "
            "other parts of the body;",
            "- to screen people without symptoms;",
            "- for triage or payment, or wherever no physician looks at the film.",
        ]
    )


def _data(films: pd.DataFrame, dataset: Dataset) -> str:
    counts = films.groupby(["source", "split", "label"]).size()
    rows = [
        [source, split, *(int(counts.get((source, split, label), 0)) for label in _LABELS)]
        for source, split in sorted({(s, p) for s, p, _ in counts.index}, key=str)
    ]
    total = films["label"].value_counts()
    rows.append(["all", "", *(int(total.get(label, 0)) for label in _LABELS)])
    licences = films["license"].replace("", "not stated").fillna("not stated").value_counts()
    return "\n".join(
        [
            "## Data",
            "",
            f"Data set `{dataset.sha256}`. The test split was not looked at. Films are listed by "
            "hash in `training_films.csv`; none is part of this bundle.",
            "",
            _table(["source", "split", *_LABELS], rows),
            "",
            _single_class_note(films),
            "",
            "Licences of the films, as their collections word them:",
            "",
            _table(["licence", "films"], [[cell(name), int(n)] for name, n in licences.items()]),
        ]
    )


_LABELS = (POSITIVE, NEGATIVE)


def cell(text: object) -> str:
    """Return text that cannot break a Markdown table."""
    return str(text).replace("|", "\\|").replace("\n", " ")


def _single_class_note(films: pd.DataFrame) -> str:
    classes = films.groupby("source")["label"].nunique()
    single = sorted(classes[classes == 1].index)
    both = sorted(classes[classes > 1].index)
    text = f"Sources with both classes: {', '.join(both) or 'none'}."
    if single:
        text += f" With one class only, so that source predicts label: {', '.join(single)}."
    return text


def _stages(recipe: Recipe) -> str:
    start = "The last layer starts from a regression on frozen features. " if recipe.probe else ""
    if not recipe.epochs:
        return f"{start}The body stays as pretrained; {recipe.frozen_epochs} epoch(s) of the head."
    return f"{start}Two stages, each one cycle: body frozen, then all layers."


def _training(spec: BundleSpec, recipe: Recipe, origin: str, command: str) -> str:
    options = [[f"`{name}`", f"`{value}`"] for name, value in recipe.model_dump().items()]
    lines = [
        "## Training",
        "",
        f"Written by COVID-D {spec.covid_d} on {spec.created:%Y-%m-%d}. First weights: {origin}. "
        + _stages(recipe),
    ]
    if command:
        lines += ["", "```", command, "```"]
    return "\n".join([*lines, "", _table(["option", "value"], options)])


def _validation(validation: Validation, spec: BundleSpec) -> str:
    rows = [_figures("all", validation, np.ones(len(validation.rows), dtype=bool))]
    sources = validation.rows["source"].to_numpy()
    rows += [
        _figures(str(source), validation, sources == source) for source in sorted(set(sources))
    ]
    header = ["source", "covid", "nocovid", "error", "sensitivity", "specificity", "AUROC"]
    return "\n".join(
        [
            "## Validation films, at export",
            "",
            "At logit 0, before calibration. These films chose the epoch and the calibration, so "
            "the figures are optimistic; they are given to show that the export is sound.",
            "",
            _table(header, rows),
            "",
            _SOURCE_WARNING,
        ]
    )


def _figures(name: str, validation: Validation, chosen: np.ndarray) -> list[object]:
    positive, logits = validation.positive[chosen], validation.logits[chosen]
    answers = logits > 0
    covid, other = int(positive.sum()), int((~positive).sum())
    auroc = f"{skm.roc_auc_score(positive, logits):.3f}" if covid and other else "n/a"
    return [
        name,
        covid,
        other,
        f"{float((answers != positive).mean()):.1%}",
        f"{float(answers[positive].mean()):.1%}" if covid else "n/a",
        f"{float((~answers[~positive]).mean()):.1%}" if other else "n/a",
        auroc,
    ]


def _calibration(spec: BundleSpec) -> str:
    calibration, conformal = spec.calibration, spec.conformal
    lines = [
        "## Calibration and inconclusive answers",
        "",
        f"Platt scaling on {calibration.films} validation films (share of COVID-19 "
        f"{calibration.prevalence:.1%}): slope {calibration.slope:.3f}, intercept "
        f"{calibration.intercept:.3f}. The probability holds at that share, not at the prevalence "
        "of a ward.",
    ]
    if conformal is not None:
        lines += [
            "",
            f"Class-conditional split conformal thresholds at an error rate of "
            f"{conformal.error_rate:.0%} a class, on {conformal.positives} covid and "
            f"{conformal.negatives} nocovid validation films of other patients than the scaling: "
            f"COVID-19 stays possible while 1 - p <= {conformal.positive_quantile:.4f}, its "
            f"absence while p <= {conformal.negative_quantile:.4f}. The error rate is guaranteed "
            "only for films from where these came from, not for a new hospital.",
        ]
    return "\n".join(lines)


def _gate(spec: BundleSpec) -> str:
    gate = spec.gate
    if gate is None:
        return (
            "## Input gate\n\nNone: only what a film's file states is checked. Pictures that are "
            "no frontal chest films get an answer too."
        )
    kinds = [[f"`{kind}`", gate.films[kind]] for kind in gate.kinds]
    sources = [[cell(name), left.films, left.refused] for name, left in gate.left_out.items()]
    return "\n".join(
        [
            "## Input gate",
            "",
            "A picture is refused where it looks like no frontal, upright, whole chest film: a "
            "regression over the kinds below gives `frontal` a probability under "
            f"{gate.threshold:.3f}, or what it judges (the network's features and a picture of "
            f"{gate.grid} by {gate.grid} cells) lies farther than {gate.distance:.2f} from "
            "those of the films trained on. It does not tell children from adults, and knows other "
            "parts of the body only by their distance.",
            "",
            _table(["kind", "pictures fitted on"], kinds),
            "",
            "Frontal films refused wrongly, by heads fitted without their source. The two limits "
            "were chosen by these films, so the figures are optimistic:",
            "",
            _table(["source", "films", "refused"], sources),
        ]
    )


def _placeholder(section: str, heading: str, command: str) -> str:
    begin, end = MARKERS[section]
    return f"## {heading}\n\n{begin}\nNot done yet: {command} fills this in.\n{end}"


def _limits() -> str:
    return "\n".join(
        [
            "## Limits",
            "",
            "- Trained on public films of 2020 and earlier, few of them from South America, by "
            "labels of which many were read from publications, not from tests of the patient.",
            "- COVID-19 pneumonia looks like other viral pneumonia; a normal film does not "
            "exclude infection.",
            "- Later variants and vaccinated patients are not in the data.",
            "- The activation map shows where the score comes from, not where disease is.",
        ]
    )
