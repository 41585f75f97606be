"""``covid-d backup`` and ``covid-d restore``: the whole clinic in one file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from covid_d.cli.clinic import clinic_settings, data_option, existing_clinic
from covid_d.cli.options import progress_option
from covid_d.cli.speech import say
from covid_d.errors import CovidDError
from covid_d.language import N_

if TYPE_CHECKING:
    from covid_d.clinic.keys import Keys
    from covid_d.clinic.operations.backup import Manifest, Progress


@click.command()
@click.argument("archive", required=False, type=click.Path(dir_okay=False, path_type=Path))
@data_option
@click.option(
    "--without-key",
    is_flag=True,
    help="Leave the secret key out; then keep FOLDER/secret.key elsewhere: without it encrypted "
    "entries cannot be read.",
)
@progress_option
@click.pass_context
def backup(
    context: click.Context,
    archive: Path | None,
    data: str | None,
    without_key: bool,
    progress: bool,
) -> None:
    """Write the whole clinic into ARCHIVE (default: covid-d-DATE.zip), also while it runs.

    Holds the database, films, installed bundles and the secret key: keep it as safe as the data
    folder itself. Films that are missing or altered are listed, all else is saved, and it exits 1.
    """
    from covid_d.clinic.operations.backup import back_up

    target = archive or Path(f"covid-d-{datetime.now().astimezone():%Y%m%d-%H%M%S}.zip")
    with existing_clinic(data) as installation, _bar("films", progress) as step:
        manifest = back_up(installation, target, with_key=not without_key, progress=step)
    click.echo(f"{target}: {target.stat().st_size / 1e6:.1f} MB")
    click.echo(f"SHA-256: {_sha256(target)}")
    _say(manifest)
    for sha256 in manifest.missing:
        click.echo(say(N_("film missing or altered: %(sha256)s", sha256=sha256)), err=True)
    context.exit(1 if manifest.missing else 0)


@click.command()
@click.argument("archive", type=click.Path(dir_okay=False, path_type=Path))
@data_option
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The clinic's secret.key, kept apart: for a backup without the key, and to refuse one "
    "made with another.",
)
@click.option(
    "--expect",
    metavar="SHA256",
    help="The SHA-256 that `covid-d backup` printed, noted elsewhere: any other file is refused.",
)
@click.option(
    "--trust-older",
    is_flag=True,
    help="Restore a backup of a version that did not authenticate it; only if you know that nobody "
    "changed it.",
)
@progress_option
def restore(
    archive: Path,
    data: str | None,
    key: Path | None,
    expect: str | None,
    trust_older: bool,
    progress: bool,
) -> None:
    """Restore ARCHIVE into an empty data folder and database.

    A backup that was altered, or whose audit trail is not whole, is refused and leaves nothing.
    """
    from covid_d.clinic.operations.restore import restore as bring_back

    if expect is not None and archive.is_file() and _sha256(archive) != expect.lower():
        raise CovidDError(
            N_("%(archive)s is not the file whose SHA-256 you noted.", archive=archive),
            N_("Use another backup, or copy this one again from where it is kept."),
        )
    with _bar("files", progress) as step:
        manifest = bring_back(
            archive,
            clinic_settings(data=data),
            keys=_keys(key) if key else None,
            trust_older=trust_older,
            progress=step,
        )
    _say(manifest)
    with existing_clinic(data) as installation:
        found = installation.verify_trail()
    whole = N_(
        "audit trail: %(entries)s entries, whole, head %(head)s",
        entries=found.entries,
        head=found.head,
    )
    click.echo(say(whole))


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _keys(path: Path) -> Keys:
    from covid_d.clinic.keys import Keys

    found = Keys.of_text(path.read_text(encoding="ascii", errors="replace"))
    if found is None:
        raise CovidDError(
            N_("%(path)s does not hold this installation's key.", path=path),
            N_("Name the secret.key of the clinic that made the backup."),
        )
    return found


def _say(manifest: Manifest) -> None:
    cases, users = manifest.rows.get("patient_case", 0), manifest.rows.get("user_account", 0)
    made = N_(
        "made %(created)s by COVID-D %(version)s: %(cases)s cases, %(films)s films, %(users)s "
        "users, %(key)s",
        created=manifest.created,
        version=manifest.covid_d,
        cases=cases,
        films=sum(name.startswith("films/") for name in manifest.files),
        users=users,
        key=N_("with the secret key") if manifest.with_key else N_("without the secret key"),
    )
    click.echo(say(made))


@contextmanager
def _bar(unit: str, shown: bool) -> Iterator[Progress]:
    with tqdm(unit=f" {unit}", disable=None if shown else True) as bar:

        def step(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield step
