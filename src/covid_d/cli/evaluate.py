"""``covid-d evaluate``: what a bundle's answers are worth, honestly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from covid_d.cli.evaluate_table import show
from covid_d.cli.options import (
    echo_json,
    echo_table,
    json_option,
    language_option,
    progress_option,
)
from covid_d.cli.speech import say
from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import SET_ASIDE, Split
from covid_d.detector.bundle.bundle import Bundle
from covid_d.evaluation.figures.bootstrap import RESAMPLES, SEED
from covid_d.evaluation.judged import judged_bundle, judged_file
from covid_d.evaluation.left_out.leave_one_out import HeldOutKind, leave_out, plan
from covid_d.evaluation.left_out.report import HeldOutReport, write_held_out
from covid_d.evaluation.report.output import REPORT
from covid_d.evaluation.scores import ALL
from covid_d.language import N_, Language

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


@click.command()
@click.argument("arguments", nargs=-1, metavar="[BUNDLE] DATASET", type=click.Path())
@click.option(
    "--scores",
    "scores_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge a CSV file of scores in place of a BUNDLE: sha256 or path, and negative, atypical, "
    "indeterminate, typical; or opacity, typical; or probability.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for report.html, metrics.json, scores.csv and plots; all of it or nothing.",
)
@click.option(
    "--split",
    type=click.Choice([*(s.value for s in Split if s not in SET_ASIDE), ALL]),
    default=Split.TEST.value,
    show_default=True,
    help="Films to evaluate on; all is right where every film is new to the bundle.",
)
@click.option(
    "--allow-seen",
    is_flag=True,
    help="Let in films the bundle was made from; stamped on every page.",
)
@click.option(
    "--write-card",
    is_flag=True,
    help="Write the figures into the bundle's model card (seals it anew, drops a signature).",
)
@click.option(
    "--leave-one-source-out",
    "leave_out_sources",
    is_flag=True,
    help="Train without each source of DATASET in turn and measure on it; takes no BUNDLE.",
)
@click.option(
    "--mode",
    type=click.Choice(["light", "full"]),
    default="light",
    show_default=True,
    help="Of --leave-one-source-out: light fits on frozen ImageNet features (minutes); full "
    "trains the recipe for each source (hours).",
)
@click.option(
    "--recipe",
    default="default",
    show_default=True,
    help="Of --mode full: the training recipe.",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    help="Of --leave-one-source-out: folder for decoded films, features and runs, for a later "
    "run to continue from. Default: OUT with -cache at its end.",
)
@click.option(
    "--resamples",
    type=click.IntRange(100, 100_000),
    default=RESAMPLES,
    show_default=True,
    help="Bootstrap resamples.",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing OUT folder.")
@language_option
@json_option
@progress_option
def evaluate(
    arguments: tuple[str, ...],
    scores_file: Path | None,
    out: Path,
    split: str,
    allow_seen: bool,
    write_card: bool,
    leave_out_sources: bool,
    mode: str,
    recipe: str,
    cache: Path | None,
    resamples: int,
    overwrite: bool,
    language: Language,
    as_json: bool,
    progress: bool,
) -> None:
    """Measure a bundle on labelled films it never trained on.

    BUNDLE is a folder, a zip or "builtin"; DATASET a folder made by covid-d dataset build. The
    headline is the worst source that has both classes, not the pool. A BUNDLE that answers with
    appearance is measured against radiologists' categories, and at its own thresholds on films of
    other sources.
    """
    if out.exists() and not overwrite and (not out.is_dir() or any(out.iterdir())):
        # Now, not after minutes of scoring.
        raise click.UsageError(
            say(N_("%(out)s already exists. Choose another folder or say --overwrite.", out=out))
        )
    if leave_out_sources:
        if len(arguments) != 1 or allow_seen or write_card or scores_file:
            raise click.UsageError(
                say(N_("--leave-one-source-out takes DATASET alone, and no BUNDLE."))
            )
        report = _leave_out(
            Dataset.open(arguments[0]), mode, recipe, cache or _beside(out), resamples, progress
        )
        write_held_out(report, out, language=language, overwrite=overwrite)
        if as_json:
            echo_json(report.to_dict())
        else:
            _print_held_out(report, language, out)
        return
    command = _command(arguments, out, split, allow_seen, resamples)
    if scores_file is not None:
        if len(arguments) != 1 or allow_seen or write_card:
            raise click.UsageError(say(N_("--scores takes DATASET alone, and no BUNDLE.")))
        judged = judged_file(scores_file, Dataset.open(arguments[0]), split, resamples=resamples)
    elif len(arguments) != 2:
        raise click.UsageError(say(N_("Name BUNDLE and DATASET, in this order.")))
    else:
        judged = judged_bundle(
            Bundle.load(arguments[0]),
            Dataset.open(arguments[1]),
            split,
            allow_seen=allow_seen,
            resamples=resamples,
            progress=progress,
        )
    judged.write(out, language=language, overwrite=overwrite)
    if write_card:
        judged.write_card(command)
        click.echo(f"Model card of {arguments[0]} updated and sealed again.", err=True)
    if as_json:
        echo_json(judged.evaluation.to_dict())
    else:
        show(judged.evaluation, language, out)


def _beside(out: Path) -> Path:
    return out.with_name(f"{out.name}-cache")


def _command(
    arguments: Sequence[str], out: Path, split: str, allow_seen: bool, resamples: int
) -> list[str]:
    command = ["covid-d", "evaluate", *arguments, "--out", str(out), "--split", split]
    if allow_seen:
        command.append("--allow-seen")
    if resamples != RESAMPLES:
        command += ["--resamples", str(resamples)]
    return command


def _leave_out(
    dataset: Dataset, mode: str, recipe: str, cache: Path, resamples: int, progress: bool
) -> HeldOutReport:
    films = dataset.manifest[~dataset.manifest["split"].isin(SET_ASIDE)]
    experiments = plan(films)
    seen: pd.Series | None = None
    # Imported here: measuring a bundle needs no torch.
    from covid_d.cli import held_out
    from covid_d.training.features import BACKBONE, imagenet_features

    if mode == "light":
        import pandas as pd

        from covid_d.evaluation.left_out.frozen import FrozenFit

        features = imagenet_features(dataset, films, cache, progress=progress)
        light = FrozenFit(features, films.index)
        seen = pd.Series(light.cross_validated(films), index=films.index)
        results = leave_out(experiments, light, source_seen=seen, resamples=resamples)
        network = f"{BACKBONE} (ImageNet)"
    else:
        chosen = held_out.recipe_named(recipe)
        full = held_out.RecipeFit(dataset, chosen, cache)
        results = leave_out(experiments, full, resamples=resamples)
        network = f"{chosen.name} ({chosen.backbone})"
    from tqdm.auto import tqdm

    bar = tqdm(results, total=len(experiments), desc="left out", disable=None if progress else True)
    return HeldOutReport(list(bar), mode, network, dataset.sha256, resamples, SEED)


def _print_held_out(report: HeldOutReport, language: Language, out: Path) -> None:
    for kind in (HeldOutKind.PUBLISHER, HeldOutKind.SOURCE, HeldOutKind.PAIR):
        table = report.table(kind, language)
        if table.rows:
            echo_table(table.header, table.rows)
    click.echo(str(out / REPORT))
