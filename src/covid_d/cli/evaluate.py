"""``covid-d evaluate``: what a bundle's answers are worth, honestly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from covid_d.cli.options import (
    echo_json,
    echo_table,
    json_option,
    language_option,
    progress_option,
)
from covid_d.dataset.dataset import Dataset
from covid_d.dataset.manifest import SET_ASIDE, Split
from covid_d.detector.bundle.bundle import Bundle
from covid_d.detector.detector import Detector
from covid_d.evaluation.evaluation import Evaluation
from covid_d.evaluation.evaluation import evaluate as measure
from covid_d.evaluation.figures.bootstrap import RESAMPLES, SEED
from covid_d.evaluation.figures.metrics import Stratum
from covid_d.evaluation.left_out.leave_one_out import Kind, leave_out, plan
from covid_d.evaluation.left_out.report import HeldOutReport, write_held_out
from covid_d.evaluation.report import texts
from covid_d.evaluation.report.card import write_card
from covid_d.evaluation.report.output import METRICS, REPORT, SCORES, write_evaluation
from covid_d.evaluation.report.page import stamps
from covid_d.evaluation.report.texts import shown
from covid_d.evaluation.scores import ALL, score
from covid_d.language import Language
from covid_d.settings import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


@click.command()
@click.argument("arguments", nargs=-1, metavar="[BUNDLE] DATASET", type=click.Path())
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
    headline is the worst source that has both classes, not the pool.
    """
    if out.exists() and not overwrite and (not out.is_dir() or any(out.iterdir())):
        # Now, not after minutes of scoring.
        raise click.UsageError(f"{out} already exists. Choose another folder or say --overwrite.")
    if leave_out_sources:
        if len(arguments) != 1 or allow_seen or write_card:
            raise click.UsageError("--leave-one-source-out takes DATASET alone, and no BUNDLE.")
        report = _leave_out(
            Dataset.open(arguments[0]), mode, recipe, cache or _beside(out), resamples, progress
        )
        write_held_out(report, out, language=language, overwrite=overwrite)
        if as_json:
            echo_json(report.to_dict())
        else:
            _print_held_out(report, language, out)
        return
    if len(arguments) != 2:
        raise click.UsageError("Name BUNDLE and DATASET, in this order.")
    command = _command(arguments, out, split, allow_seen, resamples)
    dataset = Dataset.open(arguments[1])
    detector = Detector(Bundle.load(arguments[0]), threads=settings().threads)
    scores = score(detector, dataset, split, allow_seen=allow_seen, progress=progress)
    evaluation = measure(scores, detector.bundle, resamples=resamples)
    write_evaluation(evaluation, detector, dataset, out, language=language, overwrite=overwrite)
    if write_card:
        _write_card(detector.bundle, evaluation, command)
    if as_json:
        echo_json(evaluation.to_dict())
    else:
        _print(evaluation, language, out)


def _write_card(bundle: Bundle, evaluation: Evaluation, command: Sequence[str]) -> None:
    write_card(bundle, evaluation, command)
    click.echo(f"Model card of {bundle.path} updated and sealed again.", err=True)


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


def _print(evaluation: Evaluation, language: Language, out: Path) -> None:
    for stamp in stamps(evaluation):
        click.echo(stamp.in_language(language), err=True)
    names = ("auroc", "sensitivity", "specificity")
    header = ["", "COVID", "no COVID", *(texts.FIGURES[n].in_language(language) for n in names)]
    strata = [
        *evaluation.subgroups["source"].values(),
        *(s for s in evaluation.subgroups["subsource"].values() if s.has_both_classes),
    ]
    rows = [_row(stratum.name, stratum, names, language) for stratum in strata]
    pool = texts.POOL_HEADING.in_language(language)
    rows.append(_row(pool, evaluation.pool, names, language))
    echo_table(header, rows)
    worst = evaluation.headline
    if worst is None:
        click.echo(texts.NO_HEADLINE.in_language(language))
    else:
        click.echo(
            texts.HEADLINE.format(
                name=worst.name,
                auroc=shown("auroc", worst.figures["auroc"], language),
                positives=worst.positives,
                negatives=worst.negatives,
                patients=worst.patients,
            ).in_language(language)
        )
    click.echo(", ".join(str(out / name) for name in (REPORT, METRICS, SCORES)))


def _row(name: str, stratum: Stratum, figures: Sequence[str], language: Language) -> list[object]:
    cells = [
        shown(key, stratum.figures[key], language) if key in stratum.figures else "–"
        for key in figures
    ]
    return [name, stratum.positives, stratum.negatives, *cells]


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
    for kind in (Kind.PUBLISHER, Kind.SOURCE, Kind.PAIR):
        table = report.table(kind, language)
        if table.rows:
            echo_table(table.header, table.rows)
    click.echo(str(out / REPORT))
