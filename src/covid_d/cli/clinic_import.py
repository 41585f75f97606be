"""``covid-d clinic import`` and ``import-laboratory``: what comes in by the hundred."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from covid_d.cli.clinic import data_option, existing_clinic
from covid_d.cli.options import echo_table, progress_option
from covid_d.cli.speech import say
from covid_d.errors import CovidDError
from covid_d.language import N_, Text

if TYPE_CHECKING:
    from covid_d.clinic.imports.case_rows import RowFault
    from covid_d.clinic.imports.films import Films
    from covid_d.tables import ReadTable

_SHOWN = 30  # lines of what needs attention; all of them with --all


def _common(command: Any) -> Any:
    for option in (
        click.option("--unit", required=True, metavar="NAME", help="Health unit that it is for."),
        click.option(
            "--user", required=True, metavar="NAME", help="In whose name; an administrator."
        ),
        data_option,
        click.option("--preview", is_flag=True, help="Say what would happen and change nothing."),
        click.option("--all", "everything", is_flag=True, help="List every row that needs a hand."),
        progress_option,
    ):
        command = option(command)
    return command


@click.command("import", short_help="Enter a folder of films with its table.")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--csv",
    "table_path",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The table: one row a film, with at least the film's name and the patient's code.",
)
@click.option(
    "--consent",
    type=click.Choice(["column", "not_given", "given"]),
    default="column",
    show_default=True,
    help="Research consent: as the column says, of no patient, or of every patient.",
)
@_common
@click.pass_context
def import_films(
    context: click.Context,
    folder: Path,
    table_path: Path,
    consent: str,
    unit: str,
    user: str,
    data: str | None,
    preview: bool,
    everything: bool,
    progress: bool,
) -> None:
    """Enter the films of FOLDER (or a zip) as cases of a unit, by a table.

    Each case is checked, answered and traced as one entered by hand. Stopped in the middle, run it
    again: what was entered stays, and nothing is entered twice. Ends with 1 where a row was left.
    """
    from covid_d.clinic.imports.case_plan import CaseState, fingerprint, plan_cases
    from covid_d.clinic.imports.case_rows import Consent, cases_in, read_film_table
    from covid_d.clinic.imports.case_run import TableSource, enter_cases
    from covid_d.clinic.imports.importer import named_importer, province_of
    from covid_d.clinic.trail.audit_trail import Actor

    content = _read(table_path)
    table = read_film_table(table_path.name, content)
    with existing_clinic(data) as place, _films(folder, place.settings.max_upload_mb) as films:
        person = named_importer(place, user, unit)
        assert person.unit_id is not None  # noqa: S101 - an importer is of a unit
        stated = cases_in(
            table,
            unit_id=person.unit_id,
            province=province_of(place, person),
            consent=Consent(consent),
        )
        plan = plan_cases(place, person, table, stated, films)
        settled = {id(one.stated): one for one in plan.cases}
        if not preview:
            running = enter_cases(
                place,
                person,
                Actor(person.id, "command line"),
                plan,
                films,
                TableSource(table_path.name, fingerprint(content)),
            )
            total = len(plan.of(CaseState.READY))
            for done in _bar(running, total, "case", progress):
                settled[id(done.stated)] = done
    _understood(table)
    left = []
    for one in settled.values():
        if one.state not in (CaseState.READY, CaseState.DONE):
            left += _lines(one.stated.rows[0], one.state.text, one.faults, one.cases)
    _show(_counted(one.state.text for one in settled.values()), left, everything)
    if plan.unnamed:
        said = N_("%(n)d films that no row names.", n=len(plan.unnamed))
        click.echo(say(said))
    if preview:
        click.echo(say(N_("Preview: nothing was changed.")))
    context.exit(1 if left else 0)


@click.command("import-laboratory", short_help="Record a table of laboratory results.")
@click.argument("table_path", metavar="TABLE", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--test",
    type=click.Choice(["rt_pcr", "antigen"]),
    help="What test a row is of that does not say so.",
)
@click.option(
    "--conflicts",
    type=click.Choice(["keep", "replace"]),
    default="keep",
    show_default=True,
    help="Where another value is recorded: keep it and list the row, or correct it.",
)
@click.option("--reason", default="", help="Why recorded values are corrected; needed to replace.")
@_common
@click.pass_context
def import_laboratory(
    context: click.Context,
    table_path: Path,
    test: str | None,
    conflicts: str,
    reason: str,
    unit: str,
    user: str,
    data: str | None,
    preview: bool,
    everything: bool,
    progress: bool,
) -> None:
    """Record the results of TABLE, matched by case number, or by patient and day of the sample.

    Nothing recorded is overwritten: where another value is recorded the row is listed, and
    replaced only if asked for, as a correction that keeps both. Run again, nothing is twice.
    """
    from covid_d.clinic.follow_up.terms import EntryKind
    from covid_d.clinic.imports.case_plan import fingerprint
    from covid_d.clinic.imports.case_run import TableSource
    from covid_d.clinic.imports.importer import named_importer
    from covid_d.clinic.imports.laboratory_plan import ResultState, plan_results
    from covid_d.clinic.imports.laboratory_rows import read_laboratory_table, results_in
    from covid_d.clinic.imports.laboratory_run import record_results
    from covid_d.clinic.trail.audit_trail import Actor

    content = _read(table_path)
    table = read_laboratory_table(table_path.name, content)
    stated = results_in(table, test=EntryKind(test) if test else None)
    with existing_clinic(data) as place:
        person = named_importer(place, user, unit)
        plan = plan_results(place, person, table, stated)
        settled = {one.stated.row: one for one in plan.results}
        in_conflict = {one.stated.row for one in plan.of(ResultState.CONFLICT)}
        replacing = in_conflict if conflicts == "replace" else set[int]()
        if not preview:
            running = record_results(
                place,
                person,
                Actor(person.id, "command line"),
                plan,
                TableSource(table_path.name, fingerprint(content)),
                replacing=replacing,
                reason=reason,
            )
            total = len(plan.of(ResultState.READY)) + len(replacing)
            for done in _bar(running, total, "result", progress):
                settled[done.stated.row] = done
    _understood(table)
    left = []
    for one in settled.values():
        if one.state not in (ResultState.READY, ResultState.DONE):
            cases = () if one.case_id is None else (one.case_id,)
            left += _lines(one.stated.row, one.state.text, one.faults, cases)
    _show(_counted(one.state.text for one in settled.values()), left, everything)
    if preview:
        click.echo(say(N_("Preview: nothing was changed.")))
    context.exit(1 if left else 0)


@contextmanager
def _films(source: Path, megabytes: int) -> Iterator[Films]:
    """Open a folder or a zip of films."""
    from covid_d.clinic.imports.films import FolderFilms, ZipFilms

    if source.is_dir():
        yield FolderFilms(source)
        return
    try:
        archive = zipfile.ZipFile(source)
    except (OSError, zipfile.BadZipFile) as error:
        raise CovidDError(
            N_("%(path)s is neither a folder nor a zip that can be read.", path=source),
            N_("Name the folder with the films, or a zip of it."),
        ) from error
    with archive:
        yield ZipFilms(archive, largest=megabytes * 1024 * 1024)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CovidDError(
            N_("Cannot read %(path)s: %(reason)s.", path=path, reason=error.strerror or error)
        ) from error


def _bar(running: Iterable[Any], total: int, unit: str, shown: bool) -> Iterable[Any]:
    return tqdm(running, total=total, unit=f" {unit}", disable=None if shown else True)


def _understood(table: ReadTable) -> None:
    click.echo(table.understood)


def _counted(states: Iterable[Text]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for state in states:
        counts[say(state)] = counts.get(say(state), 0) + 1
    return list(counts.items())


def _lines(
    row: int, state: Text, faults: Iterable[RowFault], cases: Iterable[int]
) -> list[tuple[int, str, str, str]]:
    """Return a line for each thing that needs a hand: row, column, words, cases."""
    numbers = ", ".join(map(str, cases))
    found = [(fault.row, fault.heading, say(fault.text), numbers) for fault in faults]
    return found or [(row, "", say(state), numbers)]


def _show(
    counts: list[tuple[str, int]], left: list[tuple[int, str, str, str]], everything: bool
) -> None:
    echo_table([say(N_("rows")), "n"], counts)
    shown = left if everything else left[:_SHOWN]
    for row, heading, words, cases in shown:
        line = N_(
            "row %(row)d: %(what)s", row=row, what=f"{heading}: {words}" if heading else words
        )
        click.echo(say(line) + (f" [{cases}]" if cases else ""))
    if len(left) > len(shown):
        click.echo(say(N_("%(n)d more: say --all", n=len(left) - len(shown))))
