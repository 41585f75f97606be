"""The model card (Mitchell et al. 2019) written at export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn import metrics as skm

from covid_d.appearance import CATEGORIES
from covid_d.dataset.looks import looks_at, told
from covid_d.detector.bundle.spec import (
    AppearanceCalibration,
    AppearanceConformal,
    BundleSpec,
    Conformal,
)
from covid_d.detector.bundle.summary import verdict_in_summary
from covid_d.detector.gate import PictureKind
from covid_d.language import INTENDED_USE
from covid_d.training.metrics import kappa, opacity_auroc, typical_auroc
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


@dataclass(frozen=True, slots=True)
class How:
    """How a bundle's network was made.

    Parameters
    ----------
    recipe
        It was trained by.
    origin
        Of its first weights.
    command
        That made it; empty where it was made in a notebook.
    averaged
        Recipes of other runs whose weights it holds the mean of, besides its own.
    """

    recipe: Recipe
    origin: str
    command: str = ""
    averaged: Sequence[Recipe] = ()


def model_card(
    spec: BundleSpec,
    made: How,
    validation: Validation,
    films: pd.DataFrame,
    dataset: Dataset,
) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    spec
        The bundle's.
    made
        How its network was made.
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
        *([_appearance(spec)] if spec.has_appearance else []),
        _intended_use(),
        _data(films, dataset, spec),
        _training(spec, made),
        _validation(validation, spec),
        _calibration(spec),
        _gate(spec),
        _placeholder("evaluation", "Evaluation", "`covid-d evaluate`"),
        _placeholder("audit", "Shortcut audit", "`covid-d audit`"),
        _limits(spec),
    ]
    return "\n\n".join(parts) + "\n"


def _table(header: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _summary_es(spec: BundleSpec) -> str:
    films = spec.training.films
    if spec.has_appearance:
        return "\n".join(
            [
                "## Resumen",
                "",
                f"{INTENDED_USE.es} La red dice qué aspecto tiene la radiografía, como lo "
                "clasifican los radiólogos: sin signos de neumonía, atípico, indeterminado o "
                "típico de COVID-19. No dice si el paciente tiene COVID-19: una radiografía sin "
                "signos no la descarta. La red se entrenó con "
                f"{films['train']} radiografías públicas y se ajustó con {films['validation']}; "
                f"no ha pasado por ningún estudio clínico. {verdict_in_summary(spec.verdict)}",
            ]
        )
    return "\n".join(
        [
            "## Resumen",
            "",
            f"{INTENDED_USE.es} La red se entrenó con {films['train']} radiografías públicas y se "
            f"ajustó con {films['validation']}; no ha pasado por ningún estudio clínico. Las "
            "cifras calculadas sobre todas las radiografías juntas son demasiado buenas: en las "
            "colecciones públicas, el origen de la imagen casi delata la clase. En un hospital "
            "cuyas radiografías la red nunca vio, no se conoce su rendimiento. "
            + verdict_in_summary(spec.verdict),
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


def _appearance(spec: BundleSpec) -> str:
    lines = [
        "## What it answers",
        "",
        "How the film looks, in the four categories of Litmanovich et al. (2020): "
        + ", ".join(f"`{category.value}` ({category.message.en})" for category in CATEGORIES)
        + ". Radiologists graded the films it learnt from; nearly all of these patients had "
        "COVID-19, those whose film is negative too. So an appearance is not a diagnosis, and a "
        "negative film does not rule COVID-19 out.",
    ]
    preprocessing = spec.preprocessing
    if preprocessing.frame == "lungs":
        lines += [
            "",
            "The network sees the box around both lungs and "
            f"{preprocessing.surround:.0%} of its side around it, resampled to "
            f"{preprocessing.size} pixels a side; what lies farther out cannot speak. A film in "
            "which no two lungs are found whole is refused.",
        ]
    return "\n".join(lines)


def _data(films: pd.DataFrame, dataset: Dataset, spec: BundleSpec) -> str:
    column, classes = ("appearance" if spec.has_appearance else "label"), spec.classes
    counts = films.groupby(["source", "split", column]).size()
    rows = [
        [
            source,
            split,
            *_count(films[films["source"].eq(source) & films["split"].eq(split)]),
            *(int(counts.get((source, split, name), 0)) for name in classes),
        ]
        for source, split in sorted({(s, p) for s, p, _ in counts.index}, key=str)
    ]
    total = films[column].value_counts()
    rows.append(["all", "", *_count(films), *(int(total.get(name, 0)) for name in classes)])
    stated = films["license"].replace("", "not stated").fillna("not stated")
    licences = [
        [cell(name), *_count(films[stated.eq(name)])] for name in stated.value_counts().index
    ]
    patients = _count(films)[1]
    return "\n".join(
        [
            "## Data",
            "",
            f"Data set `{dataset.sha256}`: {len(films)} films of {patients} patients (a study "
            "stands for one where the collection names no patients; those whose films are copies "
            "of each other count as one). Training read no film of the "
            f"test split. {told(looks_at(dataset.folder)).en} Films are listed by hash in "
            "`training_films.csv`; none is part of this bundle.",
            "",
            _table(["source", "split", "films", "patients", *classes], rows),
            "",
            _single_class_note(films, column),
            "",
            "Licences of the films, as their collections word them:",
            "",
            _table(["licence", "films", "patients"], licences),
            *(["", _WEIGHTS] if spec.has_appearance else []),
        ]
    )


def _count(films: pd.DataFrame) -> tuple[int, int]:
    """Return how many films and how many patients: groups, as splits and evaluation count them."""
    alone = films["group"].isna() | films["group"].eq("")
    return len(films), int(films.loc[~alone, "group"].nunique() + alone.sum())


_WEIGHTS = (
    "**These weights are not under the licence of COVID-D's code.** They were learnt from films "
    "that their owners give out for academic, non-commercial use; use the weights for nothing else."
)


def cell(text: object) -> str:
    """Return text that cannot break a Markdown table."""
    return str(text).replace("|", "\\|").replace("\n", " ")


def _single_class_note(films: pd.DataFrame, column: str) -> str:
    classes = films.groupby("source")[column].nunique()
    single = sorted(classes[classes == 1].index)
    several = sorted(classes[classes > 1].index)
    words = "both classes" if column == "label" else "several categories"
    text = f"Sources with {words}: {', '.join(several) or 'none'}."
    if single:
        text += f" With one class only, so that source predicts label: {', '.join(single)}."
    return text


def _stages(recipe: Recipe) -> str:
    if recipe.epochs and not recipe.frozen_epochs:
        return f"One stage of {recipe.epochs} epoch(s), one cycle, all layers."
    start = "The last layer starts from a regression on frozen features. " if recipe.probe else ""
    if not recipe.epochs:
        return f"{start}The body stays as pretrained; {recipe.frozen_epochs} epoch(s) of the head."
    return f"{start}Two stages, each one cycle: body frozen, then all layers."


def _training(spec: BundleSpec, made: How) -> str:
    options = [[f"`{name}`", f"`{value}`"] for name, value in made.recipe.model_dump().items()]
    lines = [
        "## Training",
        "",
        f"Written by COVID-D {spec.covid_d} on {spec.created:%Y-%m-%d}. First weights: "
        f"{made.origin}. {_stages(made.recipe)}",
    ]
    if made.averaged:
        lines += ["", _averaged(made)]
    if made.command:
        lines += ["", "```", made.command, "```"]
    return "\n".join([*lines, "", _table(["option", "value"], options)])


def _averaged(made: How) -> str:
    """Say which other runs the weights are the mean of, by what they were trained with."""
    own = made.recipe.model_dump()
    others = [
        ", ".join(f"`{name}` {value}" for name, value in recipe.model_dump().items()
                  if value != own[name]) or "nothing"
        for recipe in made.averaged
    ]  # fmt: skip
    return (
        f"The weights are the mean of those of {len(others) + 1} runs from the same first weights "
        "(Wortsman et al. 2022). One had the options below; the others differ from it in: "
        + "; ".join(others)
        + "."
    )


def _validation(validation: Validation, spec: BundleSpec) -> str:
    sources = validation.rows["source"].to_numpy()
    chosen = [("all", np.ones(len(sources), dtype=bool))]
    chosen += [(str(source), sources == source) for source in sorted(set(sources))]
    if spec.has_appearance:
        rows = [_appearance_figures(name, validation, of) for name, of in chosen]
        header = [
            "source", "films", "patients", "AUROC typical v negative", "AUROC opacity v negative",
            "weighted kappa",
        ]  # fmt: skip
        before = "Before calibration."
    else:
        rows = [_figures(name, validation, of) for name, of in chosen]
        header = [
            "source",
            "covid",
            "nocovid",
            "patients",
            "error",
            "sensitivity",
            "specificity",
            "AUROC",
        ]
        before = "At logit 0, before calibration."
    return "\n".join(
        [
            "## Validation films, at export",
            "",
            f"{before} These films chose the recipe and the calibration, so the figures are "
            "optimistic; they are given to show that the export is sound.",
            "",
            _table(header, rows),
            *([] if spec.has_appearance else ["", _SOURCE_WARNING]),
        ]
    )


def _appearance_figures(name: str, validation: Validation, chosen: np.ndarray) -> list[object]:
    reading = validation.reading()
    truth, shares = reading.truth[chosen], reading.probabilities[chosen]
    patients = _count(validation.rows.loc[chosen])[1]
    figures = (typical_auroc, opacity_auroc)
    areas = [figure(truth, np.log(shares)) for figure in figures]
    agreement = kappa(truth, shares.argmax(axis=1).astype(np.int64))
    return [
        name, len(truth), patients, *(f"{value:.3f}" for value in areas), f"{agreement:.3f}"
    ]  # fmt: skip


def _figures(name: str, validation: Validation, chosen: np.ndarray) -> list[object]:
    positive, logits = validation.positive[chosen], validation.logits[chosen]
    answers = logits > 0
    covid, other = int(positive.sum()), int((~positive).sum())
    auroc = f"{skm.roc_auc_score(positive, logits):.3f}" if covid and other else "n/a"
    return [
        name,
        covid,
        other,
        _count(validation.rows.loc[chosen])[1],
        f"{float((answers != positive).mean()):.1%}",
        f"{float(answers[positive].mean()):.1%}" if covid else "n/a",
        f"{float((~answers[~positive]).mean()):.1%}" if other else "n/a",
        auroc,
    ]


def _calibration(spec: BundleSpec) -> str:
    calibration, conformal = spec.calibration, spec.conformal
    if isinstance(calibration, AppearanceCalibration):
        return _appearance_calibration(calibration, conformal)
    lines = [
        "## Calibration and inconclusive answers",
        "",
        f"Platt scaling on {calibration.films} validation films (share of COVID-19 "
        f"{calibration.prevalence:.1%}): slope {calibration.slope:.3f}, intercept "
        f"{calibration.intercept:.3f}. The probability holds at that share, not at the prevalence "
        "of a ward.",
    ]
    if isinstance(conformal, Conformal):
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


def _appearance_calibration(
    calibration: AppearanceCalibration, conformal: Conformal | AppearanceConformal | None
) -> str:
    rows: list[list[object]] = [
        [f"`{category.value}`", f"{share:.1%}", f"{bias:+.3f}"]
        for category, share, bias in zip(
            CATEGORIES, calibration.shares, calibration.bias, strict=True
        )
    ]
    header, told = ["category", "share", "bias"], ""
    if isinstance(conformal, AppearanceConformal):
        header += ["films", "stays while 1 - p is at most"]
        for row, count, quantile in zip(rows, conformal.films, conformal.quantiles, strict=True):
            row += [count, f"{quantile:.4f}"]
        told = (
            f" Class-conditional split conformal thresholds at an error rate of "
            f"{conformal.error_rate:.0%} a category, on the films counted below, of "
            f"{conformal.studies} other patients. The error rate is guaranteed only for films "
            "from where these came from, not for a new hospital."
        )
    return "\n".join(
        [
            "## Calibration and inconclusive answers",
            "",
            f"Vector scaling on {calibration.films} validation films: logits divided by "
            f"{calibration.temperature:.3f}, plus a bias. The probabilities hold at the shares "
            f"below, not in a ward with another mix of patients.{told}",
            "",
            _table(header, rows),
        ]
    )


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
            f"{gate.threshold:.3f}"
            + (
                ""
                if gate.marks is None
                else " among all but `annotated`, or `annotated` one over "
                f"{gate.marks:.3f} against `frontal`"
            )
            + ", or what it judges (the network's features and a picture of "
            f"{gate.grid} by {gate.grid} cells) lies farther than {gate.distance:.2f} from "
            "those of the films trained on. "
            + (
                "It learnt only such children as it was shown, "
                if PictureKind.CHILD.value in gate.kinds
                else "It does not tell children from adults, "
            )
            + "and knows other parts of the body only by their distance.",
            "",
            _table(["kind", "pictures fitted on"], kinds),
            "",
            "Frontal films refused wrongly, by heads fitted without their source. The limits "
            "were chosen by these films, so the figures are optimistic:",
            "",
            _table(["source", "films", "refused"], sources),
        ]
    )


def _placeholder(section: str, heading: str, command: str) -> str:
    begin, end = MARKERS[section]
    return f"## {heading}\n\n{begin}\nNot done yet: {command} fills this in.\n{end}"


def _limits(spec: BundleSpec) -> str:
    labels = (
        "- Trained on what radiologists saw, not on tests of the patients; radiologists disagree "
        "on these categories too."
        if spec.has_appearance
        else "- Trained on films whose labels may have been read from publications, not from "
        "tests of the patients."
    )
    return "\n".join(
        [
            "## Limits",
            "",
            labels,
            "- Another hospital's films, devices and patients differ from those listed above: "
            "measure there first.",
            "- COVID-19 pneumonia looks like other viral pneumonia; a normal film does not "
            "exclude infection.",
            "- The activation map shows where the score comes from, not where disease is.",
        ]
    )
