"""``report.html``: a run on one page, from what lies in the run's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from covid_d.files import write_atomically
from covid_d.html_report import Page, Picture, Section, Table, png_of
from covid_d.training import figures
from covid_d.training.metrics import metric_names
from covid_d.training.recipes import Recipe

_POOLED = (
    "All figures are on the pooled validation films. In public collections the source of a film "
    "nearly tells its label, so they are inflated: judge the bundle with covid-d evaluate and "
    "covid-d audit, not by this page."
)

_HEADINGS = {
    "auroc": "AUROC",
    "f1": "F1",
    "typical_auroc": "AUROC typical v negative",
    "opacity_auroc": "AUROC opacity v negative",
}


def write_report(run: Path, record: dict[str, Any]) -> Path:
    """Write ``report.html`` (and ``lr-finder.png``) from the run's stage folders.

    Parameters
    ----------
    run
        The run's folder; stages that are not done yet are left out.
    record
        What ``run.json`` says.

    Returns
    -------
    The report's path.
    """
    recipe = Recipe.model_validate(record["recipe"])
    sections = [_overview(record)]
    if (run / "stage-1" / "stage.json").is_file():
        sections.append(_stage(run, recipe, 1, "Stage 1: body frozen"))
    if (run / "lr-finder.csv").is_file():
        sections.append(_finder(run, recipe))
    if (run / "stage-2" / "stage.json").is_file():
        sections.append(_stage(run, recipe, 2, "Stage 2: all layers"))
    sections.append(_recipe(recipe))
    notices = [_POOLED]
    notices += record.get("continued_by", [])
    if record["limit"] is not None:
        notices.insert(0, f"Rehearsal on about {record['limit']} films: not a trained detector.")
    page = Page(f"Training: {recipe.name}, {recipe.backbone}", sections, notices)
    write_atomically(run / "report.html", page.to_html())
    return run / "report.html"


def _overview(record: dict[str, Any]) -> Section:
    films = record["films"]
    classes = list(films["train"])
    rows = [[split, *(counts[name] for name in classes)] for split, counts in films.items()]
    facts = [
        ["data set", record["dataset"]["sha256"]],
        ["first weights", record["weights"]],
        ["device", record["device"]],
        # Runs of before 0.4.0 do not say.
        ["processes", record.get("processes", 1)],
        ["started", record["times"]["started"]],
    ]
    if record.get("averaged_with"):
        facts.append(["bundle: mean of the weights of", f"{len(record['averaged_with']) + 1} runs"])
    if record["times"].get("finished"):
        facts.append(["finished", record["times"]["finished"]])
    return Section(
        "Run",
        tables=[
            Table(["what", "value"], facts),
            Table(["split", *classes], rows, caption="Films"),
        ],
    )


def _stage(run: Path, recipe: Recipe, number: int, heading: str) -> Section:
    folder = run / f"stage-{number}"
    kept = json.loads((folder / "stage.json").read_text(encoding="utf-8"))["kept"]
    history = pd.read_csv(run / "history.csv")
    history = history[history["stage"] == number]
    names = metric_names(recipe)
    percents = {"error_rate", "accuracy", "sensitivity", "specificity"}
    rows = [
        [
            int(epoch["epoch"]),
            f"{epoch['train_loss']:.4f}",
            f"{epoch['valid_loss']:.4f}",
            *(f"{epoch[name]:.1%}" if name in percents else f"{epoch[name]:.3f}" for name in names),
            f"{epoch['seconds']:.0f} s",
        ]
        for _, epoch in history.iterrows()
    ]
    headings = [_HEADINGS.get(name, name.replace("_", " ")) for name in names]
    header = ["epoch", "train loss", "validation loss", *headings, "time"]
    worst = pd.read_csv(folder / "top-losses.csv")
    worst_rows = [
        [w.path, w.source, w.prediction, w.actual, f"{w.loss:.3f}", f"{w.probability:.3f}"]
        for w in worst.itertuples()
    ]
    return Section(
        heading,
        [f"Kept: epoch {kept['epoch']}, error {kept['error_rate']:.1%} on the validation films."],
        [
            Table(header, rows, caption="Epochs"),
            Table(
                ["film", "source", "prediction", "actual", "loss", "probability of actual"],
                worst_rows,
                caption="Top losses",
            ),
        ],
        [
            _picture(folder / "confusion.png", "Confusion matrix on the validation films"),
            _picture(folder / "curves.png", "Loss and learning rate at each step"),
            _picture(folder / "top-losses.png", "The nine validation films answered worst"),
        ],
    )


def _finder(run: Path, recipe: Recipe) -> Section:
    table = pd.read_csv(run / "lr-finder.csv")
    png = png_of(figures.learning_rate_finder(table, recipe.lr_min, recipe.lr_max))
    write_atomically(run / "lr-finder.png", png)
    return Section(
        "Learning-rate finder, before stage 2",
        [
            "The rate rises from step to step; the largest usable rate lies before the loss rises. "
            "The shaded range is what the recipe uses, first layers to last."
        ],
        pictures=[Picture(png, "Loss against learning rate")],
    )


def _recipe(recipe: Recipe) -> Section:
    # As text: numbers and words in one column are not aligned like numbers.
    rows = [[name, str(value)] for name, value in recipe.model_dump().items()]
    return Section("Recipe", tables=[Table(["option", "value"], rows)])


def _picture(path: Path, caption: str) -> Picture:
    return Picture(path.read_bytes(), caption)
