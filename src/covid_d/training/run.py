"""A whole run: data set to bundle, with everything on record, and to be continued after a kill."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from fastai.data.core import DataLoaders
from fastai.learner import Learner

from covid_d import __version__
from covid_d.detector.bundle.bundle import BUILT_IN_NAME, Bundle
from covid_d.detector.gate import PictureKind
from covid_d.detector.lungs import LUNGS_SPEC, LungModel
from covid_d.errors import TrainingError
from covid_d.files import write_atomically
from covid_d.language import N_
from covid_d.provenance import source_sha256
from covid_d.training.backbones import Weights, find_weights
from covid_d.training.build import learner
from covid_d.training.checkpoint import RunProgress
from covid_d.training.data import class_column, classes_of, dataloaders
from covid_d.training.export import bundle_name, export_bundle
from covid_d.training.group import by_first, first_before_others, group_size, leave_group
from covid_d.training.machine import Machine
from covid_d.training.mean import FinishedRun, take_mean
from covid_d.training.recipes import Recipe
from covid_d.training.records import RECORD, origin_of, read_record
from covid_d.training.report import write_report
from covid_d.training.stages import fit

if TYPE_CHECKING:
    from covid_d.dataset.dataset import Dataset

_PACKAGES = (
    "torch", "torchvision", "fastai", "timm", "numpy", "pandas", "scikit-learn", "onnx",
    "onnxruntime",
)  # fmt: skip


def train(
    dataset: Dataset,
    out: Path | str,
    recipe: Recipe,
    *,
    weights: Path | None = None,
    cache: Path | str | None = None,
    limit: int | None = None,
    machine: Machine | None = None,
    resume: bool = False,
    name: str | None = None,
    bundle_version: str = "1.0.0",
    command: str = "",
    gate: bool = True,
    gate_films: Sequence[tuple[PictureKind, Path]] = (),
    lungs: Path | None = None,
    average_with: Sequence[Path] = (),
) -> Path:
    """Train by ``recipe`` and export a bundle; return the bundle's folder, ``out/bundle``.

    The folder also gets ``run.json``, ``history.csv``, ``stage-1/``, ``stage-2/``,
    ``lr-finder.csv`` and ``.png``, ``report.html`` and, unless ``cache`` names another place,
    ``cache/``.

    Parameters
    ----------
    dataset, recipe
        What to train on, and how.
    out
        The run's folder.
    weights
        File with the body's first weights.
    cache
        Folder for decoded films.
    limit
        Rehearse on about so many films; see :func:`covid_d.training.data.chosen_films`.
    machine
        Device, threads, workers; whether several processes train together. Of these the first
        writes, and all read the data set, the weights and the run's folder.
    resume
        Continue the run in ``out``. The recipe and films must be the same.
    name, bundle_version
        Of the bundle.
    command
        As typed; kept on record.
    gate
        Fit an input gate too.
    gate_films
        Further films for it: a kind and the folder that they lie in.
    lungs
        Where the recipe cuts films to the lungs: a bundle with a lung model, or the folder that
        ``covid-d train-lungs`` wrote; the built-in bundle when left out.
    average_with
        Folders of finished runs of the same films and network: the bundle gets the mean of all
        weights; see :mod:`covid_d.training.mean`.

    Raises
    ------
    TrainingError
        If ``out`` holds another run, a run to average with is of other films or not finished,
        weights cannot be had, training diverges, or the export fails its checks.
    """
    machine = machine or Machine()
    options: dict[str, Any] = {
        "weights": weights,
        "cache": cache,
        "limit": limit,
        "machine": machine,
        "resume": resume,
        "name": bundle_name(recipe, name),
        "bundle_version": bundle_version,
        "command": command,
        "gate": gate,
        "gate_films": gate_films,
        "lungs": lungs,
        "average_with": average_with,
    }
    processes = machine.to_start()
    if processes:
        from covid_d.training.launch import together

        return together(processes, _train, dataset, Path(out), recipe, **options)
    try:
        return _train(dataset, Path(out), recipe, **options)
    finally:
        leave_group()


def _train(
    dataset: Dataset,
    run: Path,
    recipe: Recipe,
    *,
    weights: Path | None,
    cache: Path | str | None,
    limit: int | None,
    machine: Machine,
    resume: bool,
    name: str,
    bundle_version: str,
    command: str,
    gate: bool,
    gate_films: Sequence[tuple[PictureKind, Path]],
    lungs: Path | None,
    average_with: Sequence[Path],
) -> Path:
    """Train in this process, by itself or with those of its group; see :func:`train`."""
    device = machine.prepare()
    earlier = _claim(run, recipe, dataset, limit, resume=resume)
    # Weights first: their absence must not show only after minutes of decoding. A run that has a
    # checkpoint needs none.
    started = resume and (run / "checkpoint.pth").is_file()
    with first_before_others():
        first = (
            Weights(earlier["weights"])
            if started and earlier is not None
            else find_weights(recipe.backbone, pretrained=recipe.pretrained, file=weights)
        )
    if earlier is not None and first.origin != earlier["weights"]:
        raise TrainingError(
            N_(
                "The run to resume started from %(earlier)s, not from %(origin)s.",
                earlier=earlier["weights"],
                origin=first.origin,
            ),
            N_("Give the same --weights as then."),
        )
    with first_before_others():
        loaders = dataloaders(
            dataset,
            recipe,
            cache=cache or run / "cache",
            limit=limit,
            lungs=open_lungs(lungs) if recipe.frame == "lungs" else None,
            device=device,
            workers=machine.workers,
        )
    record = _record(recipe, dataset, loaders, first, device, limit, command)
    if earlier is not None:
        if earlier.get("lungs") != record["lungs"]:
            raise TrainingError(
                N_("The run to resume cut its films by another lung model."),
                N_("Give the same --lungs as then, or start a new run in another folder."),
            )
        record["times"] = {**earlier["times"], "resumed": _now()}
        record["command"] = _with_the_last(earlier["command"], command)
        record |= origin_of(earlier)
    others = [FinishedRun.alike(folder, record) for folder in average_with]
    record["averaged_with"] = [other.recipe.model_dump(mode="json") for other in others]
    by_first(partial(_write, run, record))
    learn = learner(loaders, recipe, weights=first, path=run.resolve())
    progress = fit(learn, recipe, run, resume=resume)
    leave_group()
    if others:
        by_first(partial(take_mean, learn, others))
    finish = partial(
        _finish,
        learn,
        recipe,
        dataset,
        run,
        record,
        progress,
        name=name,
        version=bundle_version,
        gate=gate,
        gate_films=gate_films,
    )
    return by_first(finish) or run / "bundle"


def _with_the_last(earlier: str, command: str) -> str:
    """Return the commands of a run, a line each: what ended it may have options of its own."""
    return "\n".join(dict.fromkeys(line for line in (*earlier.splitlines(), command) if line))


def _finish(
    learn: Learner,
    recipe: Recipe,
    dataset: Dataset,
    run: Path,
    record: dict[str, Any],
    progress: RunProgress,
    *,
    name: str,
    version: str,
    gate: bool,
    gate_films: Sequence[tuple[PictureKind, Path]],
) -> Path:
    """Write report and bundle of what was trained; return the bundle's folder."""
    # Before the export too: where that is refused, the report shows why.
    write_report(run, record)
    bundle = export_bundle(
        learn,
        recipe,
        dataset,
        run / "bundle",
        name=name,
        version=version,
        command=record["command"],
        gate=gate,
        gate_films=gate_films,
    )
    record["times"]["finished"] = _now()
    record["times"]["training_seconds"] = round(sum(e["seconds"] for e in progress.epochs), 1)
    _write(run, record)
    write_report(run, record)
    return bundle


def open_lungs(where: Path | None) -> LungModel:
    """Return the lung model of a bundle or of a folder of ``covid-d train-lungs``.

    Parameters
    ----------
    where
        ``None`` takes the built-in bundle's.

    Raises
    ------
    BundleError
        If there is none, or it cannot be used.
    """
    if where is not None and (where / LUNGS_SPEC).is_file():
        return LungModel.open(where)
    return LungModel.load(Bundle.load(BUILT_IN_NAME if where is None else where))


def _claim(
    run: Path, recipe: Recipe, dataset: Dataset, limit: int | None, *, resume: bool
) -> dict[str, Any] | None:
    """Check that the folder is free, or holds the very run to resume; return its record."""
    if not resume:
        if (run / RECORD).exists():
            raise TrainingError(
                N_("%(run)s already holds a run.", run=run),
                N_("Continue it with --resume, or choose another folder with --out."),
            )
        return None
    record = read_record(run)
    wanted = {"recipe": recipe, "sha256": dataset.sha256, "limit": limit}
    found = {
        "recipe": Recipe.model_validate(record["recipe"]),
        "sha256": record["dataset"]["sha256"],
        "limit": record["limit"],
    }
    for key, value in wanted.items():
        if found[key] != value:
            raise TrainingError(
                N_("The run in %(run)s was started with another %(key)s.", run=run, key=key),
                N_("Give the same data set and options, or start a new run in another folder."),
            )
    return record


def _record(
    recipe: Recipe,
    dataset: Dataset,
    loaders: DataLoaders,
    weights: Weights,
    device: torch.device,
    limit: int | None,
    command: str,
) -> dict[str, Any]:
    counts = loaders.films.groupby(["split", class_column(recipe)]).size()
    device_name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    return {
        "covid_d": __version__,
        "source_sha256": source_sha256(),
        "command": command,
        "recipe": recipe.model_dump(mode="json"),
        "preprocessing": loaders.preprocessing.model_dump(mode="json"),
        "dataset": {"folder": str(dataset.folder), "sha256": dataset.sha256},
        "limit": limit,
        "films": {
            split: {name: int(counts.get((split, name), 0)) for name in classes_of(recipe)}
            for split in ("train", "validation")
        },
        "refused": loaders.refused,
        "lungs": loaders.lungs.sha256 if loaders.lungs is not None else None,
        "weights": weights.origin,
        "device": device_name,
        "threads": torch.get_num_threads(),
        "processes": group_size(),
        "versions": {
            "python": platform.python_version(),
            **{package: version_of(package) for package in _PACKAGES},
        },
        "times": {"started": _now()},
    }


def _write(run: Path, record: dict[str, Any]) -> None:
    write_atomically(run / RECORD, json.dumps(record, indent=2) + "\n")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
