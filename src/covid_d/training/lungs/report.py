"""What ``covid-d train-lungs`` writes: the model, its spec, its scores and one page."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from covid_d.detector.lungs import LUNGS_SPEC
from covid_d.html_report import Page, Picture, Section, Table, png_of
from covid_d.training.lungs.data import LungFilms
from covid_d.training.lungs.train import LungRun, LungScores

_SHOWN = 8  # films with the lowest Dice


def write_lung_run(run: LungRun, films: LungFilms, folder: Path) -> None:
    """Write everything about a trained lung model into ``folder``.

    ``lungs.onnx`` and ``lungs.json`` are what a bundle takes; ``scores.csv`` has one row a
    validation or test film, ``history.csv`` one an epoch; ``report.html`` shows them.
    """
    (folder / run.spec.file).write_bytes(run.onnx)
    (folder / LUNGS_SPEC).write_text(run.spec.model_dump_json(indent=2) + "\n", encoding="utf-8")
    _scores(run).to_csv(folder / "scores.csv", index=False)
    pd.DataFrame(run.history).to_csv(folder / "history.csv", index=False)
    (folder / "report.html").write_text(lung_page(run, films).to_html(), encoding="utf-8")


def lung_page(run: LungRun, films: LungFilms) -> Page:
    """Return the report of a trained lung model."""
    rows = [
        [name, len(scores.names), len(set(scores.patients)), *_figures(scores)]
        for name, scores in run.scores.items()
    ]
    header = ["Split", "Films", "Patients", "Dice (95 % interval)", "IoU (95 % interval)", "Lowest"]
    reasons = Counter(films.excluded.values())
    left_out = Table(["Left out", "Films"], [[why, n] for why, n in reasons.most_common()])
    return Page(
        title="Lung segmentation model",
        sections=[
            Section(
                "Overlap with the masks",
                [
                    "Means over films of patients that were kept out of training; intervals by a "
                    "bootstrap that draws whole patients. The epoch was chosen on validation."
                ],
                [Table(header, rows)],
                [Picture(_history_figure(run), "Training loss and validation Dice by epoch.")],
            ),
            Section(
                "Worst test films",
                ["Outlines: mask (green) and model (orange)."],
                pictures=[Picture(_worst_figure(run, films), "Test films with the lowest Dice.")],
            ),
            Section(
                "Data",
                [
                    f"{len(films)} films of {len(set(films.patients))} patients; masks under "
                    f"{run.spec.license}. SHA-256 over films and masks: {films.sha256}.",
                    f"Options: {run.options}.",
                ],
                [left_out],
            ),
        ],
    )


def _figures(scores: LungScores) -> list[str]:
    return [
        _with_interval(scores.dice, scores.dice_interval),
        _with_interval(scores.iou, scores.iou_interval),
        f"{scores.dice.min():.3f}",
    ]


def _with_interval(values: np.ndarray, interval: tuple[float, float]) -> str:
    return f"{values.mean():.3f} ({interval[0]:.3f}–{interval[1]:.3f})"


def _scores(run: LungRun) -> pd.DataFrame:
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "split": split,
                    "film": scores.names,
                    "patient": scores.patients,
                    "dice": scores.dice,
                    "iou": scores.iou,
                }
            )
            for split, scores in run.scores.items()
        ]
    )


def _history_figure(run: LungRun) -> bytes:
    figure = Figure(figsize=(6.5, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = [row["epoch"] for row in run.history]
    left.plot(epochs, [row["loss"] for row in run.history], color="#D55E00")
    left.set(xlabel="epoch", ylabel="training loss")
    right.plot(epochs, [row["validation_dice"] for row in run.history], color="#0072B2")
    right.set(xlabel="epoch", ylabel="validation Dice")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return png_of(figure)


def _worst_figure(run: LungRun, films: LungFilms) -> bytes:
    scores = run.scores["test"]
    order = np.argsort(scores.dice)[:_SHOWN]
    columns = min(4, len(order))
    rows = -(-len(order) // columns)
    figure = Figure(figsize=(2.4 * columns, 2.6 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, place in zip(grid.flat, order, strict=False):
        index = run.test[place]
        axes.imshow(films.films[index], cmap="gray", vmin=0, vmax=255)
        axes.contour(films.masks[index], levels=[0.5], colors="#009E73", linewidths=1.0)
        if run.masks[place].any():
            axes.contour(run.masks[place], levels=[0.5], colors="#E69F00", linewidths=1.0)
        axes.set_title(f"Dice {scores.dice[place]:.3f}", fontsize=9)
    return png_of(figure)
