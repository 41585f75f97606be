"""``covid-d train``: a data set in, a bundle out."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from covid_d.cli.speech import say
from covid_d.detector.gate import PictureKind
from covid_d.errors import TrainingError
from covid_d.language import N_
from covid_d.training.recipes import DEFAULT, RECIPES, Recipe

# Recipe field -> (flag, help). Types and limits come from the recipe itself.
_OPTIONS: dict[str, tuple[str, str]] = {
    "backbone": (
        "--backbone",
        "resnet18/34/50, densenet121, vgg16, alexnet or any timm name with a feature map.",
    ),
    "pretrained": ("--pretrained/--no-pretrained", "Start from ImageNet weights."),
    "size": ("--size", "Side of the square input, pixels."),
    "fit": ("--fit", "How a film becomes square: squash, pad or crop."),
    "intensity": ("--intensity", "Grey scale: full, or percentile (stretched)."),
    "crop_border": ("--crop-border", "Share of each side cut off first."),
    "target": ("--target", "What is learnt: covid, or appearance."),
    "frame": ("--frame", "What the network sees: film, or lungs (the box around both)."),
    "surround": ("--surround", "What is added to the lungs' box, share of its side."),
    "jitter": ("--jitter", "How far the sides of the lungs' box move in training, share."),
    "batch_size": ("--batch", "Films a step."),
    "seed": ("--seed", "Seed of everything random."),
    "frozen_epochs": ("--frozen-epochs", "Epochs of stage 1, body frozen."),
    "epochs": ("--epochs", "Epochs of stage 2, all layers."),
    "frozen_lr": ("--frozen-lr", "Highest learning rate of stage 1."),
    "lr_min": ("--lr-min", "Highest learning rate of the first layers in stage 2."),
    "lr_max": ("--lr-max", "Highest learning rate of the last layers in stage 2."),
    "weight_decay": ("--weight-decay", "Decoupled weight decay."),
    "flip": ("--flip/--no-flip", "Flip films horizontally at random."),
    "rotate": ("--rotate", "Largest rotation, degrees."),
    "zoom": ("--zoom", "Largest zoom factor."),
    "warp": ("--warp", "Largest perspective warp."),
    "stretch": ("--stretch", "Largest change of the aspect ratio."),
    "lighting": ("--lighting", "Largest change of brightness and contrast."),
    "gamma": ("--gamma", "Largest change of the exposure curve (log-gamma)."),
    "blur": ("--blur", "Largest blur, pixels."),
    "ramp": ("--ramp", "Largest gradient of grey from edge to edge."),
    "noise": ("--noise", "Largest standard deviation of grain."),
    "shutter": ("--shutter", "Share of films whose corners are covered, as by a round shutter."),
    "erase": ("--erase", "Largest depth of erased borders, share of the side."),
    "head": ("--head", "concat (fastai's) or linear (average pool, one layer)."),
    "probe": ("--probe", "Start the linear head from a regression of this C; 0: at random."),
    "batchnorm": ("--batchnorm", "train, or keep the body's batch normalisations as pretrained."),
    "dropout": ("--dropout", "Before the last layer."),
    "label_smoothing": ("--label-smoothing", "Share of a label spread over all classes."),
    "smoothing": ("--smoothing", "uniform, or ordinal (more to classes nearby)."),
    "sampling": ("--sampling", "uniform, or balanced by class and source."),
    "keep": ("--keep", "Weights a stage ends with: last, or best validation loss."),
    "average": ("--average", "Share of the running average of weights kept a step; 0: none."),
    "precision": ("--precision", "float32, or bfloat16 (faster on newer CPUs)."),
    "channels_last": ("--channels-last/--no-channels-last", "Memory format."),
    "lr_finder": ("--lr-finder/--no-lr-finder", "Run the learning-rate finder before stage 2."),
}


def _recipe_options(command: Any) -> Any:
    for field, (flag, text) in reversed(_OPTIONS.items()):
        values = " / ".join(_shown(getattr(recipe, field)) for recipe in RECIPES.values())
        command = click.option(
            flag, field, default=None, help=f"{text} [{values}]", **_type(field)
        )(command)
    return command


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _type(field: str) -> dict[str, Any]:
    value = getattr(DEFAULT, field)
    if isinstance(value, bool):
        return {}
    return {"type": type(value)}


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the run; the bundle is OUT/bundle.",
)
@click.option(
    "--recipe",
    "recipe_name",
    type=click.Choice(list(RECIPES)),
    help="appearance: what radiologists see (the built-in bundle); default: COVID-19 or not, our "
    "way; article: the 2020 article to the letter.  [default: default]",
)
@click.option("--resume", is_flag=True, help="Continue the run in OUT after Ctrl-C or a kill.")
@click.option(
    "--weights",
    type=click.Path(path_type=Path, dir_okay=False),
    help="First weights of the body: a state dict (.safetensors or .pth).",
)
@click.option(
    "--limit",
    type=click.IntRange(min=12),
    help="Rehearse on about so many films, the same share of each class and split.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to compute; auto takes a CUDA device if there is one.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="CPU threads; 0 lets torch choose.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Processes that collate batches; films are decoded once, so 0 is rarely slower.",
)
@click.option(
    "--distributed",
    is_flag=True,
    help="Train in several processes, which share the films of each step: those of accelerate "
    "launch or torchrun, else --processes of this machine.",
)
@click.option(
    "--processes",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Processes of --distributed; 0 means one a CUDA device.",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for decoded films, which runs may share.  [default: OUT/cache]",
)
@click.option(
    "--gate-films",
    multiple=True,
    metavar="KIND=FOLDER",
    help="Further films that the input gate learns: frontal, lateral, ct, child or picture, "
    "and the folder that they lie in. May be given more than once.",
)
@click.option(
    "--lungs",
    type=click.Path(path_type=Path, exists=True),
    help="Lung model where the recipe cuts films to the lungs: a bundle, or the folder of "
    "covid-d train-lungs.  [default: the built-in bundle's]",
)
@click.option(
    "--average-with",
    multiple=True,
    metavar="RUN",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Finished run of the same films and network: the bundle gets the mean of its weights and "
    "this run's. May be given more than once; with --resume a finished run is averaged too.",
)
@click.option("--name", help="Name of the bundle.  [default: recipe-backbone]")
@click.option("--bundle-version", default="1.0.0", show_default=True, help="Version of the bundle.")
@_recipe_options
def train(
    dataset: Path,
    out: Path,
    recipe_name: str | None,
    resume: bool,
    weights: Path | None,
    limit: int | None,
    device: str,
    threads: int,
    workers: int,
    distributed: bool,
    processes: int,
    cache: Path | None,
    gate_films: tuple[str, ...],
    lungs: Path | None,
    average_with: tuple[Path, ...],
    name: str | None,
    bundle_version: str,
    **options: Any,
) -> None:
    """Train a detector on DATASET, fit its input gate and export its bundle.

    Stage 1 trains the head, stage 2 all layers; a stage of 0 epochs is left out.

    Values in brackets are those of the recipes default / article / appearance. A run writes
    report.html, history.csv, run.json, a folder a stage and the bundle; every epoch ends in a
    checkpoint, and --resume continues from it.
    """
    if processes and not distributed:
        raise click.UsageError(say(N_("--processes says something only with --distributed.")))
    # Imported here: torch and fastai take seconds, and --help needs neither.
    from covid_d.dataset.dataset import Dataset
    from covid_d.training.group import is_first
    from covid_d.training.machine import Machine
    from covid_d.training.records import other_code, read_record
    from covid_d.training.run import train as run_training

    given = {field: value for field, value in options.items() if value is not None}
    opened = Dataset.open(dataset)
    if resume:
        record = read_record(out)
        recipe = _resumed(record, recipe_name, given)
        limit = record["limit"] if limit is None else limit
        if (said := other_code(record)) and is_first():
            click.echo(said, err=True)
    else:
        recipe = RECIPES[recipe_name or DEFAULT.name].changed(**given)
    try:
        bundle = run_training(
            opened,
            out,
            recipe,
            weights=weights,
            cache=cache,
            limit=limit,
            machine=Machine(device, threads, workers, distributed, processes),
            resume=resume,
            name=name,
            bundle_version=bundle_version,
            command=_command(),
            gate_films=[_gate_folder(text) for text in gate_films],
            lungs=lungs,
            average_with=average_with,
        )
    except KeyboardInterrupt:
        click.echo(
            f"Stopped. Continue: covid-d train {_quoted(dataset)} --out {_quoted(out)} --resume",
            err=True,
        )
        raise
    if not is_first():
        return
    click.echo(f"Report: {out / 'report.html'}")
    click.echo(f"Bundle: {bundle} (verdict: demonstration, until covid-d audit says otherwise)")


def _gate_folder(text: str) -> tuple[PictureKind, Path]:
    """Return the kind and the folder that ``KIND=FOLDER`` names."""
    kind, separator, folder = text.partition("=")
    if not separator or kind not in _GATE_KINDS:
        raise click.BadParameter(
            f"{text!r} is not KIND=FOLDER with a kind of {', '.join(_GATE_KINDS)}.",
            param_hint="--gate-films",
        )
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise click.BadParameter(f"Folder {folder!r} does not exist.", param_hint="--gate-films")
    return PictureKind(kind), path


def _resumed(record: dict[str, Any], recipe_name: str | None, given: dict[str, Any]) -> Recipe:
    """Return the recipe of the run to resume; options that contradict it are an error."""
    recipe = Recipe.model_validate(record["recipe"])
    if recipe_name is not None:
        given = {"name": recipe_name, **given}
    for field, value in given.items():
        kept = getattr(recipe, field)
        if value != kept:
            raise TrainingError(
                N_(
                    "The run to resume has %(field)s %(kept)r, not %(value)r.",
                    field=field,
                    kept=kept,
                    value=value,
                ),
                N_("Resume without that option, or start a new run in another folder."),
            )
    return recipe


def _command() -> str:
    """Return the command as typed, without the folders of this machine."""
    context = click.get_current_context()
    words = [context.command_path, "DATASET", "--out", "RUN"]
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        source = context.get_parameter_source(parameter.name or "")
        if source is not click.core.ParameterSource.COMMANDLINE or parameter.name in _PLACES:
            continue
        if isinstance(value, bool):
            words.append(parameter.opts[0] if value else parameter.secondary_opts[0])
        else:
            for each in value if isinstance(value, tuple) else (value,):
                words += [parameter.opts[0], shlex.quote(_without_folders(each))]
    return " ".join(words)


def _without_folders(value: Any) -> str:
    """Return an option's value as shown: of a path its last part alone, of KIND=FOLDER too."""
    if isinstance(value, Path):
        return value.name
    kind, separator, folder = str(value).partition("=")
    return f"{kind}={Path(folder).name}" if separator else kind


_GATE_KINDS = (
    PictureKind.FRONTAL,
    PictureKind.LATERAL,
    PictureKind.CT,
    PictureKind.CHILD,
    PictureKind.PICTURE,
)
_PLACES = {"dataset", "out", "cache"}


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
