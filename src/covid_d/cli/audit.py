"""``covid-d audit``: whether a bundle looks at lungs or at shortcuts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from covid_d.cli.options import dataset_argument, echo_json, language_option
from covid_d.cli.speech import say
from covid_d.language import N_, Language

if TYPE_CHECKING:
    from covid_d.evaluation.audit import AuditResult

FELL_SHORT = 3


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@dataset_argument
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for audit.json and audit.html.",
)
@click.option("--overwrite", is_flag=True, help="Replace the folder --out.")
@click.option("--json", "as_json", is_flag=True, help="Print audit.json and nothing else.")
@click.option(
    "--write",
    is_flag=True,
    help="Write the verdict and the model card's audit section into BUNDLE, and the lung model "
    "given with --lungs.",
)
@click.option(
    "--lungs",
    "lungs_folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Lung model from covid-d train-lungs; default: the bundle's own.",
)
@click.option("--seed", default=7, show_default=True, help="Of everything random.")
@language_option
@click.pass_context
def audit(
    context: click.Context,
    bundle: Path,
    dataset: Path,
    out: Path | None,
    overwrite: bool,
    as_json: bool,
    write: bool,
    lungs_folder: Path | None,
    seed: int,
    language: Language,
) -> None:
    """Ask whether BUNDLE looks at lungs, on a DATASET built by the grouped protocol.

    BUNDLE is a folder, a zip or "builtin". Probes that see no lung learn from the train split;
    probes and BUNDLE are compared on the test split, source by source, with lungs erased and with
    small changes. Exits 0 when the verdict is audit-passed, 3 when it is demonstration.
    """
    from covid_d.dataset.dataset import Dataset
    from covid_d.detector import Bundle
    from covid_d.detector.lungs import LungModel
    from covid_d.evaluation.audit import audit as run_audit
    from covid_d.evaluation.audit import audit_page, write_verdict
    from covid_d.evaluation.audit.card import with_audit_section
    from covid_d.files import atomic_folder

    loaded = Bundle.load(bundle)
    lungs = LungModel.open(lungs_folder) if lungs_folder else None
    if out is not None and out.exists() and not overwrite:
        raise click.UsageError(
            say(N_("%(out)s already exists; say --overwrite to replace it.", out=out))
        )
    if write:
        with_audit_section(loaded.card, "")  # no markers: say so before minutes of work
        if loaded.signer is not None:
            click.echo("Note: --write drops the bundle's signature; sign it again.", err=True)
    result = run_audit(loaded, Dataset.open(dataset), lungs=lungs, seed=seed)
    content = json.dumps(result.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    if out is not None:
        with atomic_folder(out, overwrite=overwrite) as folder:
            (folder / "audit.json").write_text(content + "\n", encoding="utf-8")
            (folder / "audit.html").write_text(
                audit_page(result, language).to_html(), encoding="utf-8"
            )
    if write:
        write_verdict(loaded, result, _command(context, bundle, dataset), lungs=lungs_folder)
        if result.passed:
            click.echo(say(_SIGN_IT), err=True)
    if as_json:
        echo_json(result.to_dict())
    else:
        _show(result, language)
    if not result.passed:
        context.exit(FELL_SHORT)


_SIGN_IT = N_(
    "Note: the verdict counts once a key that you trust signed the bundle: covid-d bundle sign "
    "BUNDLE --key KEY, then COVID_D_TRUSTED_KEY=KEY.pub."
)


def _command(context: click.Context, bundle: Path, dataset: Path) -> list[str]:
    """Return the command as a reader would type it, without what only says where to write."""
    words = ["covid-d", "audit", str(bundle), str(dataset)]
    if context.params["lungs_folder"]:
        words += ["--lungs", str(context.params["lungs_folder"])]
    if context.params["seed"] != 7:
        words += ["--seed", str(context.params["seed"])]
    return [*words, "--write"]


def _show(result: AuditResult, language: Language) -> None:
    from covid_d.evaluation.audit import texts

    verdict = texts.PASSED if result.passed else texts.DEMONSTRATION
    click.echo(verdict.in_language(language))
    for check in result.checks:
        holds = texts.YES if check.passed else texts.NO
        click.echo(f"  [{holds.in_language(language)}] {check.message.in_language(language)}")
